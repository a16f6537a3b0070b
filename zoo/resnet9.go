package zoo

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/nn"
)

// ResNet9 is the network of Page's entries to DAWNBench (2018): three stages of a 3x3 convolution and a 2x2 maximum, the
// first and the last with two more convolutions, behind each of which there are norm and relu, added to their input.
type ResNet9 struct {
	Start int `json:"start"` // channels of the stem; stages have 2, 4 and 8 times as many; zero means 64
}

var _ Backbone = ResNet9{}

// Name is "resnet9", or with other channels "resnet9-32".
func (r ResNet9) Name() string {
	if r.Width() == 64 {
		return "resnet9"
	}
	return sized("resnet9", r.Start)
}

// Width is Start.
func (r ResNet9) Width() int { return own(r.Start, 64) }

// Usual are the 3x3 stem, and the maximum and a dense layer divided by 8.
func (ResNet9) Usual() (Stem, Head) { return CIFARStem{}, ScaledHead{} }

// adapt lets the stem's convolution begin as the others do.
func (ResNet9) adapt(stem Stem) Stem { return begun(stem, nn.InitTorch) }

// Out is one shape for each stage.
func (r ResNet9) Out(in Shape) ([]Shape, error) {
	if err := checkChannels(r.Start); err != nil {
		return nil, err
	}
	var out []Shape
	for i := range 3 {
		in = in.slid(window{kernel: 2, stride: 2}).with(r.Width() << (i + 1))
		out = append(out, in)
	}
	return out, nil
}

// Build makes "layer1" to "layer3", in each "conv" and "bn", and "res/0" and "res/1" in the first and the last.
func (r ResNet9) Build(scope *model.Scope, x *graph.Node) []Feature {
	var features []Feature
	for i := range 3 {
		name := fmt.Sprintf("layer%d", i+1)
		stage, unit := scope.In("%s", name), ConvNorm{Channels: r.Width() << (i + 1), Kernel: nn.Side(3)}
		x = nn.Pool{}.Max(unit.Layer(stage, x))
		if i != 1 {
			x = graph.Add(x, branch(stage.In("res"), x, unit, unit))
		}
		features = append(features, Feature{name, x})
	}
	return features
}

// Groups is the first stage, and the two others.
func (ResNet9) Groups() [][]string { return halves(numbered("/layer%d", 3)) }
