package zoo

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/nn"
)

// DenseNet is blocks of layers each of which sees what all layers before it in the block put out, and transitions that
// halve channels and size between blocks: DenseNet-BC (Huang et al., 2017). The zero value is DenseNet-121's.
type DenseNet struct {
	Growth int   `json:"growth"` // channels that each layer adds; zero means 32
	Blocks []int `json:"blocks"` // layers of each block; none means 6, 12, 24, 16
}

var _ Backbone = DenseNet{}

// denseNets are those with a name of their own. The last is the paper's of 100 layers for CIFAR.
var denseNets = []struct {
	name string
	DenseNet
}{
	{"densenet121", DenseNet{32, []int{6, 12, 24, 16}}},
	{"densenet161", DenseNet{48, []int{6, 12, 36, 24}}},
	{"densenet169", DenseNet{32, []int{6, 12, 32, 32}}},
	{"densenet201", DenseNet{32, []int{6, 12, 48, 32}}},
	{"densenet-cifar", DenseNet{12, []int{16, 16, 16}}},
}

func (d DenseNet) growth() int {
	if d.Growth == 0 {
		return 32
	}
	return d.Growth
}

func (d DenseNet) blocks() []int {
	if len(d.Blocks) == 0 {
		return denseNets[0].Blocks
	}
	return d.Blocks
}

// Name is "densenet121" and so on, or for others growth and layers: "densenet-12-6x6x6".
func (d DenseNet) Name() string {
	for _, known := range denseNets {
		if d.growth() == known.Growth && slices.Equal(d.blocks(), known.Blocks) {
			return known.name
		}
	}
	return fmt.Sprintf("densenet-%d-%s", d.growth(), times(d.blocks()))
}

// times writes numbers as "6x6x6".
func times(numbers []int) string {
	var words []string
	for _, n := range numbers {
		words = append(words, strconv.Itoa(n))
	}
	return strings.Join(words, "x")
}

// Width is twice the growth.
func (d DenseNet) Width() int { return 2 * d.growth() }

// Usual are the 7x7 stem, for the one of CIFAR a plain 3x3 convolution, and the average.
func (d DenseNet) Usual() (Stem, Head) {
	if d.Name() == "densenet-cifar" {
		return PlainStem{}, PoolHead{}
	}
	return ResNetStem{}, PoolHead{}
}

// adapt lets the stem's convolution begin as the others do.
func (DenseNet) adapt(stem Stem) Stem { return begun(stem, nn.InitHeIn) }

// tensorName is torchvision's.
func (DenseNet) tensorName(name string) string {
	for _, part := range [][2]string{{"conv1.", "features.conv0."}, {"bn1.", "features.norm0."}, {"fc.", "classifier."}} {
		if rest, ok := strings.CutPrefix(name, part[0]); ok {
			return part[1] + rest
		}
	}
	return name
}

// Out is one shape for each block.
func (d DenseNet) Out(in Shape) ([]Shape, error) {
	if d.growth() < 1 {
		return nil, fmt.Errorf("growth %d, want 1 or more", d.Growth)
	}
	var out []Shape
	for i, layers := range d.blocks() {
		if layers < 1 {
			return nil, fmt.Errorf("block %d has %d layers, want 1 or more", i+1, layers)
		}
		if i > 0 {
			if in.C < 2 {
				return nil, fmt.Errorf("block %d has %d channels before it, too few to halve", i+1, in.C)
			}
			in = in.slid(window{kernel: 2, stride: 2}).with(in.C / 2)
		}
		in.C += layers * d.growth()
		out = append(out, in)
	}
	return out, nil
}

// Build makes "features/denseblock1" and so on, the transitions between, and the last norm "features/norm5".
func (d DenseNet) Build(scope *model.Scope, x *graph.Node) []Feature {
	all := scope.In("features")
	var features []Feature
	for i, layers := range d.blocks() {
		if i > 0 {
			x = DenseTransition{}.Layer(all.In("transition%d", i), x)
		}
		name := fmt.Sprintf("denseblock%d", i+1)
		block := all.In("%s", name)
		for k := range layers {
			x = DenseLayer{Growth: d.growth()}.Layer(block.In("denselayer%d", k+1), x)
		}
		if i == len(d.blocks())-1 {
			x = nn.ReLU(nn.BatchNorm{}.Layer(all.In("norm5"), x))
		}
		features = append(features, Feature{name, x})
	}
	return features
}

// Groups cuts behind the first half of the blocks, before the transition, as fastai does.
func (d DenseNet) Groups() [][]string {
	n := len(d.blocks())
	groups := halves(numbered("/features/denseblock%d", n))
	for i := range n - 1 {
		g := min(len(groups)-1, (i+1)/max(1, n/2)) // that of the block behind it
		groups[g] = append(groups[g], fmt.Sprintf("/features/transition%d", i+1))
	}
	last := len(groups) - 1
	groups[last] = append(groups[last], "/features/norm5")
	return groups
}

// DenseLayer puts Growth new channels behind those that it gets: norm, relu, 1x1 convolution to four times as many, norm,
// relu, 3x3 convolution (Huang et al., 2017).
type DenseLayer struct {
	Growth int
}

// Layer applies the layer with "norm1", "conv1", "norm2", "conv2" of scope.
func (l DenseLayer) Layer(scope *model.Scope, x *graph.Node) *graph.Node {
	h := nn.ReLU(nn.BatchNorm{}.Layer(scope.In("norm1"), x))
	h = conv(scope.In("conv1"), h, 4*l.Growth, 1, 1, nn.InitHeIn)
	h = nn.ReLU(nn.BatchNorm{}.Layer(scope.In("norm2"), h))
	h = conv(scope.In("conv2"), h, l.Growth, 3, 1, nn.InitHeIn)
	return graph.Concatenate([]*graph.Node{x, h}, -1)
}

// DenseTransition halves channels and size: norm, relu, 1x1 convolution, mean of 2 by 2.
type DenseTransition struct {
	Channels int // zero means half of what it gets, rounded down
}

// Layer applies the transition with "norm" and "conv" of scope.
func (l DenseTransition) Layer(scope *model.Scope, x *graph.Node) *graph.Node {
	channels := l.Channels
	if channels == 0 {
		channels = x.Shape().Dim(-1) / 2
	}
	x = nn.ReLU(nn.BatchNorm{}.Layer(scope.In("norm"), x))
	x = conv(scope.In("conv"), x, channels, 1, 1, nn.InitHeIn)
	return nn.Pool{}.Mean(x)
}
