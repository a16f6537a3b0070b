package zoo

import (
	"cmp"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/nn"
)

// SqueezeNet is eight fire modules with pooling between (Iandola et al., 2016). Its [SqueezeStem] and [ConvHead] make it
// torchvision's.
type SqueezeNet struct {
	Late bool `json:"late"` // pools later, as version 1.0; otherwise version 1.1
}

var _ Backbone = SqueezeNet{}

func (s SqueezeNet) net() squeezeNet {
	if s.Late {
		return squeezeNets[0]
	}
	return squeezeNets[1]
}

// Name is "squeezenet1_0" or "squeezenet1_1".
func (s SqueezeNet) Name() string { return s.net().name }

// chain is the modules behind the stem's three.
func (s SqueezeNet) chain() chain { return chained(3, s.net().modules()[3:], "fires%d") }

// Width is that of the published network's first convolution.
func (s SqueezeNet) Width() int { return s.net().width }

// Usual are the published network's stem and head.
func (s SqueezeNet) Usual() (Stem, Head) { return SqueezeStem{Kernel: s.net().kernel}, ConvHead{} }

// Out is one shape for each run of fire modules, behind its pooling.
func (s SqueezeNet) Out(in Shape) ([]Shape, error) { return s.chain().out(in), nil }

// Build makes "features/3" and so on, and features "fires1" to "fires3".
func (s SqueezeNet) Build(scope *model.Scope, x *graph.Node) []Feature {
	return s.chain().build(scope, x)
}

// Groups cuts behind the first pooling.
func (s SqueezeNet) Groups() [][]string {
	c := s.chain()
	return c.groups(c.half())
}

// SqueezeStem is SqueezeNet's: a convolution with bias that moves by 2, relu, and a 3x3 maximum that moves by 2 and may
// hang over the edge, all without padding.
type SqueezeStem struct {
	Kernel int `json:"kernel"` // 3 or 7; zero means 3

	sequential string // that the variables are in, empty for the published "features"; see Model.stem
}

var _ Stem = SqueezeStem{}

func (s SqueezeStem) chain(width int) chain {
	kernel := 3
	if s.Kernel == 7 {
		kernel = 7
	}
	c := chained(0, []module{
		{operation: convolution{in: 3, out: width, kernel: kernel, stride: 2, init: nn.InitHeUniform}}, {operation: relu{}},
		{operation: pool{kernel: 3, ceil: true}},
	}, "stem%d")
	c.sequential = cmp.Or(s.sequential, c.sequential)
	return c
}

func (s SqueezeStem) within(sequential string) Stem {
	s.sequential = sequential
	return s
}

// Name is "squeeze3" or "squeeze7".
func (s SqueezeStem) Name() string {
	if s.Kernel == 7 {
		return "squeeze7"
	}
	return "squeeze3"
}

// Out is about a quarter of in.
func (s SqueezeStem) Out(in Shape, width int) (Shape, error) {
	if s.Kernel != 0 && s.Kernel != 3 && s.Kernel != 7 {
		return in, unknownNumber("Kernel", s.Kernel, "3 or 7")
	}
	return s.chain(width).out(in)[0], nil
}

// Build makes "features/0", before a VGG "stem/0".
func (s SqueezeStem) Build(scope *model.Scope, x *graph.Node, width int) *graph.Node {
	return s.chain(width).build(scope, x)[0].X
}

// Paths is that of "features/0" or "stem/0".
func (s SqueezeStem) Paths() []string { return s.chain(1).groups(0)[0] }

// ConvHead is SqueezeNet's: dropout, a 1x1 convolution to the classes, relu, and the average.
type ConvHead struct {
	Dropout float64 `json:"dropout"` // in [0, 1) or [NoDropout]; zero means 0.5
}

var _ Head = ConvHead{}

// Name is "conv", or "conv-d20" with a dropout of 0.2.
func (h ConvHead) Name() string { return dropping("conv", h.Dropout) }

// Check knows which rates there are.
func (h ConvHead) Check(Shape) error { return checkRate(h.Dropout) }

// Build makes "classifier/1".
func (h ConvHead) Build(scope *model.Scope, x *graph.Node, classes int) *graph.Node {
	x = nn.Dropout{Rate: dropoutRate(h.Dropout)}.Layer(scope, x)
	x = nn.ReLU(nn.Conv2D{Channels: classes, Kernel: nn.Side(1), Init: nn.InitSmall}.Layer(scope.In("classifier").In("1"), x))
	return flattened(nn.AdaptivePool{}.Mean(x))
}

// Paths is that of "classifier".
func (ConvHead) Paths() []string { return []string{"/classifier"} }
