package zoo

import (
	"fmt"
	"slices"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/nn"
)

// PreActResNet is stages of residual blocks whose norms and relus come before the convolutions, with a last norm and relu
// behind them all (He et al., 2016b). Every stage but the first halves the size. The zero value has ResNet-18's stages.
type PreActResNet struct {
	Widths []int `json:"widths"` // channels of each stage; none means 64, 128, 256 and so on, as many as Depths, or four
	Depths []int `json:"depths"` // blocks of each stage; none means 2 each
	// Bottleneck makes the blocks [PreActBottleneck] instead of [PreActBlock]: stages hand over four times their width.
	Bottleneck bool `json:"bottleneck"`
}

var _ Backbone = PreActResNet{}

var preActs = []struct {
	name string
	PreActResNet
}{
	{"preact18", PreActResNet{Widths: resNetWidths, Depths: []int{2, 2, 2, 2}}},
	{"preact34", PreActResNet{Widths: resNetWidths, Depths: []int{3, 4, 6, 3}}},
	{"preact50", PreActResNet{Widths: resNetWidths, Depths: []int{3, 4, 6, 3}, Bottleneck: true}},
	{"preact101", PreActResNet{Widths: resNetWidths, Depths: []int{3, 4, 23, 3}, Bottleneck: true}},
	{"preact152", PreActResNet{Widths: resNetWidths, Depths: []int{3, 8, 36, 3}, Bottleneck: true}},
}

func (r PreActResNet) stages() preActStages {
	like := ResNet{Widths: r.Widths, Depths: r.Depths}
	return preActStages{widths: like.widths(), depths: like.depths(), block: PreActBlock{Scale: 1}, bottleneck: r.Bottleneck}
}

// Name is "preact18" to "preact152", or for others the width and depth of each stage: "preact-64x2-128x2-256x2-256x2", and
// "preact-bottleneck-64x2-128x2" for bottlenecks.
func (r PreActResNet) Name() string {
	s := r.stages()
	for _, known := range preActs {
		if r.Bottleneck == known.Bottleneck && slices.Equal(s.widths, known.Widths) && slices.Equal(s.depths, known.Depths) {
			return known.name
		}
	}
	if r.Bottleneck {
		return staged("preact-bottleneck", s.widths, s.depths)
	}
	return staged("preact", s.widths, s.depths)
}

// Width is the first stage's.
func (r PreActResNet) Width() int { return r.stages().widths[0] }

// Usual are a plain 3x3 convolution and the average, as for CIFAR.
func (PreActResNet) Usual() (Stem, Head) { return PlainStem{}, PoolHead{} }

// adapt lets the stem's convolution begin as the others do.
func (PreActResNet) adapt(stem Stem) Stem { return begun(stem, nn.InitTorch) }

// Out is one shape for each stage.
func (r PreActResNet) Out(in Shape) ([]Shape, error) { return r.stages().out(in) }

// Build makes "layer1" and so on, in each blocks "0", "1" and so on, and the last norm "bn".
func (r PreActResNet) Build(scope *model.Scope, x *graph.Node) []Feature {
	return r.stages().build(scope, x)
}

// Groups cuts the stages in half.
func (r PreActResNet) Groups() [][]string { return r.stages().groups() }

// WideResNet is three stages of Factor·16, Factor·32 and Factor·64 channels with Depth pre-activation blocks each
// (Zagoruyko and Komodakis, 2016), as fastai's entry to DAWNBench has them: the block's result is multiplied by 0.2, and
// what it is added to is always what comes out of the block's first norm and relu. The zero value is wrn_22.
type WideResNet struct {
	Factor int `json:"factor"` // zero means 6
	Depth  int `json:"depth"`  // blocks of each stage; zero means 3
}

var _ Backbone = WideResNet{}

func (r WideResNet) numbers() (factor, depth int) {
	factor, depth = r.Factor, r.Depth
	if factor == 0 {
		factor = 6
	}
	if depth == 0 {
		depth = 3
	}
	return factor, depth
}

func (r WideResNet) stages() preActStages {
	k, n := r.numbers()
	return preActStages{
		widths: []int{16 * k, 32 * k, 64 * k}, depths: []int{n, n, n},
		block: PreActBlock{Scale: 0.2, NormedShortcut: true},
	}
}

// Name is "wrn_22", or for others the layers as the paper counts them and the factor: "wrn-28-10".
func (r WideResNet) Name() string {
	k, n := r.numbers()
	if k == 6 && n == 3 {
		return "wrn_22"
	}
	return fmt.Sprintf("wrn-%d-%d", 6*n+4, k)
}

// Width is 16.
func (WideResNet) Width() int { return 16 }

// Usual are a plain 3x3 convolution and the average.
func (WideResNet) Usual() (Stem, Head) { return PlainStem{}, PoolHead{} }

// adapt lets the stem's convolution begin as the others do.
func (WideResNet) adapt(stem Stem) Stem { return begun(stem, nn.InitTorch) }

// Out is one shape for each stage.
func (r WideResNet) Out(in Shape) ([]Shape, error) { return r.stages().out(in) }

// Build makes "layer1" to "layer3", in each blocks "0", "1" and so on, and the last norm "bn".
func (r WideResNet) Build(scope *model.Scope, x *graph.Node) []Feature {
	return r.stages().build(scope, x)
}

// Groups is the first stage, and the two others.
func (r WideResNet) Groups() [][]string { return r.stages().groups() }

// preActStages is what both kinds share.
type preActStages struct {
	widths, depths []int
	block          PreActBlock
	bottleneck     bool // instead of block
}

func (s preActStages) out(in Shape) ([]Shape, error) {
	if err := checkStages(s.widths, s.depths); err != nil {
		return nil, err
	}
	var out []Shape
	for i, width := range s.widths {
		if i > 0 {
			in = in.halved()
		}
		in.C = width
		if s.bottleneck {
			in.C = 4 * width
		}
		out = append(out, in)
	}
	return out, nil
}

func (s preActStages) build(scope *model.Scope, x *graph.Node) []Feature {
	var features []Feature
	for i, width := range s.widths {
		name := fmt.Sprintf("layer%d", i+1)
		stage := scope.In("%s", name)
		for k := range s.depths[i] {
			stride := 1
			if i > 0 && k == 0 {
				stride = 2
			}
			x = s.layer(stage.In("%d", k), x, width, stride)
		}
		if i == len(s.widths)-1 {
			x = nn.ReLU(nn.BatchNorm{}.Layer(scope.In("bn"), x))
		}
		features = append(features, Feature{name, x})
	}
	return features
}

// layer is one block.
func (s preActStages) layer(scope *model.Scope, x *graph.Node, width, stride int) *graph.Node {
	if s.bottleneck {
		return PreActBottleneck{Channels: width, Stride: stride}.Layer(scope, x)
	}
	block := s.block
	block.Channels, block.Stride = width, stride
	return block.Layer(scope, x)
}

func (s preActStages) groups() [][]string {
	groups := halves(numbered("/layer%d", len(s.widths)))
	last := len(groups) - 1
	groups[last] = append(groups[last], "/bn")
	return groups
}
