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

// ShallowConvNet is a few 3x3 convolutions that halve the size, each with norm and relu. The name is that of the 2018
// fast.ai course's last lessons, which show no definition that we know of: this is our reading, the plain stack of
// convolutions that the course builds in its seventh lesson.
type ShallowConvNet struct {
	Widths []int `json:"widths"` // channels of each stage; none means 20, 40, 80, 160
}

var _ Backbone = ShallowConvNet{}

var shallowWidths = []int{20, 40, 80, 160}

func (s ShallowConvNet) widths() []int {
	if len(s.Widths) == 0 {
		return shallowWidths
	}
	return s.Widths
}

// Name is "shallow", or with other widths these: "shallow-16-32".
func (s ShallowConvNet) Name() string {
	if slices.Equal(s.widths(), shallowWidths) {
		return "shallow"
	}
	var b strings.Builder
	b.WriteString("shallow")
	for _, w := range s.widths() {
		b.WriteString("-" + strconv.Itoa(w))
	}
	return b.String()
}

// Width is half of the first stage's.
func (s ShallowConvNet) Width() int { return max(1, s.widths()[0]/2) }

// Usual are one more convolution, at full size, and the average.
func (ShallowConvNet) Usual() (Stem, Head) { return CIFARStem{}, PoolHead{} }

// Out is one shape for each stage.
func (s ShallowConvNet) Out(in Shape) ([]Shape, error) {
	var out []Shape
	for i, width := range s.widths() {
		if width < 1 {
			return nil, fmt.Errorf("stage %d has width %d, want 1 or more", i+1, width)
		}
		in = in.halved().with(width)
		out = append(out, in)
	}
	return out, nil
}

// Build makes "layer1" and so on.
func (s ShallowConvNet) Build(scope *model.Scope, x *graph.Node) []Feature {
	var features []Feature
	for i, width := range s.widths() {
		name := fmt.Sprintf("layer%d", i+1)
		x = ConvNorm{Channels: width, Kernel: nn.Side(3), Stride: nn.Side(2)}.Layer(scope.In("%s", name), x)
		features = append(features, Feature{name, x})
	}
	return features
}

// Groups cuts the stages in half.
func (s ShallowConvNet) Groups() [][]string { return halves(numbered("/layer%d", len(s.widths()))) }
