package zoo

import (
	"cmp"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/nn"
)

// NoStem hands over the pictures as they are, for backbones that begin with a convolution of their own.
type NoStem struct{}

var _ Stem = NoStem{}

// Name is "none".
func (NoStem) Name() string { return "none" }

// Out is in.
func (NoStem) Out(in Shape, _ int) (Shape, error) { return in, nil }

// Build is x.
func (NoStem) Build(_ *model.Scope, x *graph.Node, _ int) *graph.Node { return x }

// Paths are none.
func (NoStem) Paths() []string { return nil }

// PlainStem is one 3x3 convolution at full size, for backbones that begin with a norm.
type PlainStem struct {
	Channels int `json:"channels"` // zero means what the backbone would like

	init *nn.Init // nil means nn.InitTorch; see Model.stem
}

var _ Stem = PlainStem{}

// Name is "plain", or "plain-16" with 16 channels of its own.
func (s PlainStem) Name() string { return sized("plain", s.Channels) }

// Out is in with other channels.
func (s PlainStem) Out(in Shape, width int) (Shape, error) {
	return in.with(cmp.Or(s.Channels, width)), checkChannels(s.Channels)
}

func (s PlainStem) begin(init nn.Init) Stem {
	s.init = &init
	return s
}

// Build makes "conv1".
func (s PlainStem) Build(scope *model.Scope, x *graph.Node, width int) *graph.Node {
	return conv(scope.In("conv1"), x, cmp.Or(s.Channels, width), 3, 1, initOr(s.init, nn.InitTorch))
}

// Paths is that of "conv1".
func (PlainStem) Paths() []string { return []string{"/conv1"} }

// FactoredStem is [ResNetStem] with the 7x7 convolution cut into 1x7 and 7x1.
type FactoredStem struct {
	Channels int `json:"channels"` // zero means what the backbone would like
}

var _ Stem = FactoredStem{}

// Name is "factored", or "factored-32" with 32 channels of its own.
func (s FactoredStem) Name() string { return sized("factored", s.Channels) }

// Out is a quarter of in, rounded up.
func (s FactoredStem) Out(in Shape, width int) (Shape, error) {
	return in.halved().halved().with(cmp.Or(s.Channels, width)), checkChannels(s.Channels)
}

// Build makes "stem/0" and "stem/1".
func (s FactoredStem) Build(scope *model.Scope, x *graph.Node, width int) *graph.Node {
	x = Factored{Channels: cmp.Or(s.Channels, width), Kernel: 7, Stride: 2, Init: nn.InitHeOut}.Layer(scope.In("stem"), x)
	return nn.Pool{Kernel: nn.Side(3), Stride: nn.Side(2), Padding: nn.Border(1)}.Max(x)
}

// Paths is that of "stem".
func (FactoredStem) Paths() []string { return []string{"/stem"} }

// ResNetDStem is [ResNetStem] with three 3x3 convolutions, each with norm and relu, the first two of half as many channels,
// in place of the 7x7 one (He et al., 2019, "ResNet-C", a part of "ResNet-D").
type ResNetDStem struct {
	Channels int `json:"channels"` // zero means what the backbone would like
}

var _ Stem = ResNetDStem{}

// Name is "resnet-d", or "resnet-d-32" with 32 channels of its own.
func (s ResNetDStem) Name() string { return sized("resnet-d", s.Channels) }

// Out is a quarter of in, rounded up.
func (s ResNetDStem) Out(in Shape, width int) (Shape, error) {
	return in.halved().halved().with(cmp.Or(s.Channels, width)), checkChannels(s.Channels)
}

// Build makes "stem/0" to "stem/2".
func (s ResNetDStem) Build(scope *model.Scope, x *graph.Node, width int) *graph.Node {
	channels := cmp.Or(s.Channels, width)
	half := max(1, channels/2)
	scope = scope.In("stem")
	for i, unit := range []ConvNorm{{Channels: half, Stride: nn.Side(2)}, {Channels: half}, {Channels: channels}} {
		unit.Kernel, unit.Init = nn.Side(3), nn.InitHeOut
		x = unit.Layer(scope.In("%d", i), x)
	}
	return nn.Pool{Kernel: nn.Side(3), Stride: nn.Side(2), Padding: nn.Border(1)}.Max(x)
}

// Paths is that of "stem".
func (ResNetDStem) Paths() []string { return []string{"/stem"} }

// PatchifyStem cuts pictures into 4x4 patches that do not overlap, with a 4x4 convolution that moves by 4, and a norm
// (Liu et al., 2022, with batch norm for layer norm). Pixels beyond the last whole patch are not seen.
type PatchifyStem struct {
	Channels int `json:"channels"` // zero means what the backbone would like
}

var _ Stem = PatchifyStem{}

// Name is "patchify", or "patchify-32" with 32 channels of its own.
func (s PatchifyStem) Name() string { return sized("patchify", s.Channels) }

// Out is a quarter of in, rounded down.
func (s PatchifyStem) Out(in Shape, width int) (Shape, error) {
	return in.slid(window{kernel: 4, stride: 4}).with(cmp.Or(s.Channels, width)), checkChannels(s.Channels)
}

// Build makes "conv1" and "bn1".
func (s PatchifyStem) Build(scope *model.Scope, x *graph.Node, width int) *graph.Node {
	x = nn.Conv2D{
		Channels: cmp.Or(s.Channels, width), Kernel: nn.Side(4), Stride: nn.Side(4), NoBias: true, Init: nn.InitHeIn,
	}.Layer(scope.In("conv1"), x)
	return nn.BatchNorm{}.Layer(scope.In("bn1"), x)
}

// Paths are those of "conv1" and "bn1".
func (PatchifyStem) Paths() []string { return []string{"/conv1", "/bn1"} }
