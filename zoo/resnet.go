package zoo

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/nn"
)

// ResNet is stages of basic residual blocks (He et al., 2016). Every stage but the first halves the size. The zero value
// is ResNet-18's.
type ResNet struct {
	Widths []int `json:"widths"` // channels of each stage; none means 64, 128, 256, 512
	Depths []int `json:"depths"` // blocks of each stage; none means 2 each
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
}

var resNetWidths = []int{64, 128, 256, 512}

func (r ResNet) widths() []int {
	if len(r.Widths) == 0 {
		return resNetWidths
	}
	return r.Widths
}

func (r ResNet) depths() []int {
	if len(r.Depths) == 0 {
		return slices.Repeat([]int{2}, len(r.widths()))
	}
	return r.Depths
}

// Name is "resnet18", "resnet34", or for others the width and depth of each stage: "resnet-16x1-32x1-64x1".
func (r ResNet) Name() string {
	for _, known := range resNets {
		if slices.Equal(r.widths(), known.Widths) && slices.Equal(r.depths(), known.Depths) {
			return known.name
		}
	}
	var b strings.Builder
	b.WriteString("resnet")
	for i, w := range r.widths() {
		depth := 0
		if i < len(r.depths()) {
			depth = r.depths()[i]
		}
		fmt.Fprintf(&b, "-%dx%d", w, depth)
	}
	return b.String()
}

// Width is the first stage's: its first block needs no projection then.
func (r ResNet) Width() int { return r.widths()[0] }

// Out is one shape for each stage.
func (r ResNet) Out(in Shape) ([]Shape, error) {
	widths, depths := r.widths(), r.depths()
	if len(widths) != len(depths) {
		return nil, fmt.Errorf("%d Widths and %d Depths, want as many", len(widths), len(depths))
	}
	var out []Shape
	for i := range widths {
		if widths[i] < 1 || depths[i] < 1 {
			return nil, fmt.Errorf("stage %d has width %d and depth %d, want 1 or more", i+1, widths[i], depths[i])
		}
		if i > 0 {
			in = in.halved()
		}
		in.C = widths[i]
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
			block := BasicBlock{Channels: width, Stride: 1, ZeroLast: r.ZeroLast}
			if i > 0 && k == 0 {
				block.Stride = 2
			}
			x = block.Layer(stage.In("%d", k), x)
		}
		features = append(features, Feature{name, x})
	}
	return features
}

// Groups cuts the stages in half, as fastai does: "layer1" and "layer2", then "layer3" and "layer4". One stage is one
// group.
func (r ResNet) Groups() [][]string {
	var paths []string
	for i := range r.widths() {
		paths = append(paths, fmt.Sprintf("/layer%d", i+1))
	}
	if len(paths) == 1 {
		return [][]string{paths}
	}
	half := len(paths) / 2
	return [][]string{paths[:half], paths[half:]}
}

// BasicBlock is two 3x3 convolutions with batch norms, and the input added before the last relu. Where the shape changes
// the input goes through a 1x1 convolution and a norm first (option B of He et al., 2016).
type BasicBlock struct {
	Channels int
	Stride   int  // of the first convolution; zero means 1
	ZeroLast bool // see ResNet
}

// Layer applies the block with "conv1", "bn1", "conv2", "bn2", and "downsample" if there is one, of scope.
func (b BasicBlock) Layer(scope *model.Scope, x *graph.Node) *graph.Node {
	stride := max(1, b.Stride)
	h := conv(scope.In("conv1"), x, b.Channels, 3, stride)
	h = nn.ReLU(nn.BatchNorm{}.Layer(scope.In("bn1"), h))
	h = conv(scope.In("conv2"), h, b.Channels, 3, 1)
	h = nn.BatchNorm{ZeroWeight: b.ZeroLast}.Layer(scope.In("bn2"), h)
	if stride != 1 || x.Shape().Dim(-1) != b.Channels {
		down := scope.In("downsample")
		x = conv(down.In("0"), x, b.Channels, 1, stride)
		x = nn.BatchNorm{}.Layer(down.In("1"), x)
	}
	return nn.ReLU(graph.Add(h, x))
}
