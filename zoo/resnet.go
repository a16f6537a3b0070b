package zoo

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// ResNet is stages of residual blocks (He et al., 2016). Every stage but the first halves the size. The zero value is
// ResNet-18's. Bottlenecks halve in their 3x3 convolution, as torchvision's and NVIDIA's (version 1.5).
type ResNet struct {
	// Widths are the channels of each stage's 3x3 convolutions; none means 64, 128, 256 and so on, as many as Depths, or four.
	Widths []int `json:"widths"`
	Depths []int `json:"depths"` // blocks of each stage; none means 2 each
	// Bottleneck makes the blocks [Bottleneck] instead of [BasicBlock]: stages hand over four times their width.
	Bottleneck bool `json:"bottleneck"`
	// ZeroLast starts the last norm of every block at 0, so that blocks begin as the identity (Goyal et al., 2017).
	ZeroLast bool `json:"zero_last"`
}

var _ Backbone = ResNet{}

// resNets are those with a number of layers for a name.
var resNets = []struct {
	name string
	ResNet
}{
	{"resnet18", ResNet{Widths: resNetWidths, Depths: []int{2, 2, 2, 2}}},
	{"resnet34", ResNet{Widths: resNetWidths, Depths: []int{3, 4, 6, 3}}},
	{"resnet50", ResNet{Widths: resNetWidths, Depths: []int{3, 4, 6, 3}, Bottleneck: true}},
	{"resnet101", ResNet{Widths: resNetWidths, Depths: []int{3, 4, 23, 3}, Bottleneck: true}},
	{"resnet152", ResNet{Widths: resNetWidths, Depths: []int{3, 8, 36, 3}, Bottleneck: true}},
}

var resNetWidths = []int{64, 128, 256, 512}

func (r ResNet) widths() []int {
	if len(r.Widths) > 0 {
		return r.Widths
	}
	widths := make([]int, cmp.Or(len(r.Depths), len(resNetWidths)))
	for i := range widths {
		widths[i] = resNetWidths[0] << i
	}
	return widths
}

func (r ResNet) depths() []int {
	if len(r.Depths) == 0 {
		return slices.Repeat([]int{2}, len(r.widths()))
	}
	return r.Depths
}

// zeroLast is behind the names of ResNets whose blocks begin as the identity.
const zeroLast = "-zero"

// Name is "resnet18" and so on, or for others the width and depth of each stage: "resnet-16x1-32x1-64x1", and
// "bottleneck-16x1-32x1" for bottlenecks; with ZeroLast there is "-zero" behind it.
func (r ResNet) Name() string {
	kind := "resnet"
	if r.Bottleneck {
		kind = "bottleneck"
	}
	name := staged(kind, r.widths(), r.depths())
	for _, known := range resNets {
		if r.Bottleneck == known.Bottleneck && slices.Equal(r.widths(), known.Widths) && slices.Equal(r.depths(), known.Depths) {
			name = known.name
		}
	}
	if r.ZeroLast {
		name += zeroLast
	}
	return name
}

// Usual are the 7x7 stem and the average.
func (ResNet) Usual() (Stem, Head) { return ResNetStem{}, PoolHead{} }

// expansion is how many times its width a stage hands over.
func (r ResNet) expansion() int {
	if r.Bottleneck {
		return 4
	}
	return 1
}

// staged is a name with the width and depth of each stage.
func staged(kind string, widths, depths []int) string {
	var b strings.Builder
	b.WriteString(kind)
	for i, w := range widths {
		depth := 0
		if i < len(depths) {
			depth = depths[i]
		}
		fmt.Fprintf(&b, "-%dx%d", w, depth)
	}
	return b.String()
}

// checkStages says what is wrong with widths and depths.
func checkStages(widths, depths []int) error {
	if len(widths) != len(depths) {
		return fmt.Errorf("%d Widths and %d Depths, want as many", len(widths), len(depths))
	}
	for i := range widths {
		if widths[i] < 1 || depths[i] < 1 {
			return fmt.Errorf("stage %d has width %d and depth %d, want 1 or more", i+1, widths[i], depths[i])
		}
	}
	return nil
}

// Width is the first stage's: its first block needs no projection then.
func (r ResNet) Width() int { return r.widths()[0] }

// Out is one shape for each stage.
func (r ResNet) Out(in Shape) ([]Shape, error) {
	if err := checkStages(r.widths(), r.depths()); err != nil {
		return nil, err
	}
	var out []Shape
	for i, width := range r.widths() {
		if i > 0 {
			in = in.halved()
		}
		in.C = width * r.expansion()
		out = append(out, in)
	}
	return out, nil
}

// Build makes "layer1" and so on, in each blocks "0", "1" and so on.
func (r ResNet) Build(scope *model.Scope, x *graph.Node) []Feature {
	var features []Feature
	depths := r.depths()
	for i, width := range r.widths() {
		name := fmt.Sprintf("layer%d", i+1)
		stage := scope.In("%s", name)
		for k := range depths[i] {
			stride := 1
			if i > 0 && k == 0 {
				stride = 2
			}
			if r.Bottleneck {
				x = Bottleneck{Channels: width, Stride: stride, ZeroLast: r.ZeroLast}.Layer(stage.In("%d", k), x)
			} else {
				x = BasicBlock{Channels: width, Stride: stride, ZeroLast: r.ZeroLast}.Layer(stage.In("%d", k), x)
			}
		}
		features = append(features, Feature{name, x})
	}
	return features
}

// Groups cuts the stages in half, as fastai does: "layer1" and "layer2", then "layer3" and "layer4". One stage is one
// group.
func (r ResNet) Groups() [][]string {
	return halves(numbered("/layer%d", len(r.widths())))
}

// numbered are paths with the numbers 1 to n.
func numbered(format string, n int) []string {
	var paths []string
	for i := range n {
		paths = append(paths, fmt.Sprintf(format, i+1))
	}
	return paths
}

// halves cuts the stages' paths into two layer groups, one of a single path.
func halves(paths []string) [][]string {
	if len(paths) == 1 {
		return [][]string{paths}
	}
	half := len(paths) / 2
	return [][]string{paths[:half:half], paths[half:]}
}
