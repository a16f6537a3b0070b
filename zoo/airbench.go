package zoo

import (
	"fmt"
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/nn"
)

// Airbench is the three stages of airbench94, 95 or 96 (Jordan, 2024): a 3x3 convolution, a 2x2 maximum, norm, GELU, a
// 3x3 convolution, norm, GELU; in 96 a third convolution and norm before the last GELU, to which what came into the second
// is added. Norms shift but do not scale; convolutions begin by handing on their first channels. It belongs behind
// [WhitenStem].
type Airbench struct {
	Version int `json:"version"` // 94: stages of 64, 256 and 256 channels; 95: of 128, 384 and 384; 96: of 128, 384 and 512; zero means 94
	Start   int `json:"start"`   // channels of the first stage, the others have multiples of it; zero means the version's
}

var _ Backbone = Airbench{}

// airbench is what versions differ in.
type airbench struct {
	start    int     // channels of the first stage
	times    [2]int  // how many times as many the others have
	residual bool    // three convolutions a stage
	momentum float64 // of the norms' statistics
}

var airbenches = map[int]airbench{
	94: {start: 64, times: [2]int{4, 4}, momentum: 0.4},
	95: {start: 128, times: [2]int{3, 3}, momentum: 0.4},
	96: {start: 128, times: [2]int{3, 4}, residual: true, momentum: 0.1},
}

func (a Airbench) version() airbench { return airbenches[own(a.Version, 94)] }

func (a Airbench) widths() []int {
	v := a.version()
	start := own(a.Start, v.start)
	return []int{start, v.times[0] * start, v.times[1] * start}
}

// Name is "airbench94", or with other channels "airbench94-32".
func (a Airbench) Name() string {
	name := fmt.Sprintf("airbench%d", own(a.Version, 94))
	if a.Start == a.version().start {
		return name
	}
	return sized(name, a.Start)
}

// Width is the 24 of the whitening stem for three channels.
func (Airbench) Width() int { return 24 }

// Usual are the whitening stem, and the maximum and a dense layer divided by 9.
func (Airbench) Usual() (Stem, Head) { return WhitenStem{}, ScaledHead{Divisor: 9} }

// Out is one shape for each stage.
func (a Airbench) Out(in Shape) ([]Shape, error) {
	if err := checkChannels(a.Start); err != nil {
		return nil, err
	}
	if _, ok := airbenches[own(a.Version, 94)]; !ok {
		return nil, fmt.Errorf("there is no airbench%d: 94, 95 and 96 are known", a.Version)
	}
	var out []Shape
	for _, width := range a.widths() {
		in = in.slid(window{kernel: 2, stride: 2}).with(width)
		out = append(out, in)
	}
	return out, nil
}

// Build makes "layer1" to "layer3", in each "conv1", "norm1", "conv2" and "norm2", and in airbench96 "conv3" and "norm3".
func (a Airbench) Build(scope *model.Scope, x *graph.Node) []Feature {
	var features []Feature
	norm := nn.BatchNorm{Eps: 1e-12, Momentum: a.version().momentum, NoWeight: true}
	for i, width := range a.widths() {
		name := fmt.Sprintf("layer%d", i+1)
		stage := scope.In("%s", name)
		x = nn.Pool{}.Max(convDirac(stage.In("conv1"), x, width))
		x = nn.GELU(norm.Layer(stage.In("norm1"), x))
		before := x
		x = norm.Layer(stage.In("norm2"), convDirac(stage.In("conv2"), x, width))
		if a.version().residual {
			x = norm.Layer(stage.In("norm3"), convDirac(stage.In("conv3"), nn.GELU(x), width))
			x = graph.Add(x, before)
		}
		x = nn.GELU(x)
		features = append(features, Feature{name, x})
	}
	return features
}

// Groups is the first stage, and the two others.
func (Airbench) Groups() [][]string { return halves(numbered("/layer%d", 3)) }

// convDirac is a 3x3 convolution without bias whose first filters, as many as there are channels before it, begin by
// handing these on; the others begin as PyTorch's.
func convDirac(scope *model.Scope, x *graph.Node, channels int) *graph.Node {
	in := x.Shape().Dim(-1)
	bound := 1 / math.Sqrt(float64(9*in))
	random := scope.WithInitializer(func(g *graph.Graph, shape shapes.Shape) *graph.Node {
		u := graph.AddScalar(graph.MulScalar(scope.Store().RandomUniform(g, shape), 2*bound), -bound)
		at := func(axis int) *graph.Node {
			return graph.Iota(g, shapes.Make(dtypes.Int32, shape.Dimensions...), axis)
		}
		centre := graph.LogicalAnd(graph.Equal(at(0), graph.OnesLike(at(0))), graph.Equal(at(1), graph.OnesLike(at(1))))
		identity := graph.LogicalAnd(centre, graph.Equal(at(2), at(3)))
		first := graph.LessThan(at(3), graph.Scalar(g, dtypes.Int32, in))
		return graph.Where(first, graph.ConvertDType(identity, shape.DType), u)
	})
	kernel := random.VariableWithShape("weight", shapes.Make(x.DType(), 3, 3, in, channels)).NodeValue(x)
	return nn.Conv2D{Padding: nn.Border(1)}.Apply(x, kernel, nil)
}
