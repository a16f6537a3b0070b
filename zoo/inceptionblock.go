package zoo

import (
	"cmp"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/nn"
)

// InceptionA is Inception-ResNet-v2's block of 1x1 and 3x3 convolutions ("block35"): x + Scale·branches, and relu. The
// scale keeps networks of more than a thousand channels from dying early in training (Szegedy et al., 2017).
type InceptionA struct {
	Scale  float64 // zero means 0.17
	scaled func(channels int) int
}

// Layer applies the block with "branch0" to "branch2" and "conv2d" of scope.
func (b InceptionA) Layer(scope *model.Scope, x *graph.Node) *graph.Node {
	c := widths(b.scaled)
	return inceptionSum(scope, x, cmp.Or(b.Scale, 0.17), false,
		branch(scope.In("branch0"), x, inceptionConv(c(32), 1, 1)),
		branch(scope.In("branch1"), x, inceptionConv(c(32), 1, 1), inceptionConv(c(32), 3, 3)),
		branch(scope.In("branch2"), x, inceptionConv(c(32), 1, 1), inceptionConv(c(48), 3, 3), inceptionConv(c(64), 3, 3)))
}

// InceptionB is its block with a 7x7 convolution cut into 1x7 and 7x1 ("block17").
type InceptionB struct {
	Scale  float64 // zero means 0.1
	scaled func(channels int) int
}

// Layer applies the block with "branch0", "branch1" and "conv2d" of scope.
func (b InceptionB) Layer(scope *model.Scope, x *graph.Node) *graph.Node {
	c := widths(b.scaled)
	return inceptionSum(scope, x, cmp.Or(b.Scale, 0.1), false,
		branch(scope.In("branch0"), x, inceptionConv(c(192), 1, 1)),
		branch(scope.In("branch1"), x, inceptionConv(c(128), 1, 1), inceptionConv(c(160), 1, 7), inceptionConv(c(192), 7, 1)))
}

// InceptionC is its block with a 3x3 convolution cut into 1x3 and 3x1 ("block8").
type InceptionC struct {
	Scale  float64 // zero means 0.2
	NoReLU bool    // the last block's sum is handed on as it is
	scaled func(channels int) int
}

// Layer applies the block with "branch0", "branch1" and "conv2d" of scope.
func (b InceptionC) Layer(scope *model.Scope, x *graph.Node) *graph.Node {
	c := widths(b.scaled)
	return inceptionSum(scope, x, cmp.Or(b.Scale, 0.2), b.NoReLU,
		branch(scope.In("branch0"), x, inceptionConv(c(192), 1, 1)),
		branch(scope.In("branch1"), x, inceptionConv(c(192), 1, 1), inceptionConv(c(224), 1, 3), inceptionConv(c(256), 3, 1)))
}

// widths are the published channels, unless a network scales them.
func widths(scaled func(channels int) int) func(channels int) int {
	if scaled == nil {
		return func(channels int) int { return channels }
	}
	return scaled
}

// inceptionSum brings branches to x's channels with a 1x1 convolution with bias, and adds them.
func inceptionSum(scope *model.Scope, x *graph.Node, scale float64, noReLU bool, branches ...*graph.Node) *graph.Node {
	h := graph.Concatenate(branches, -1)
	h = nn.Conv2D{Channels: x.Shape().Dim(-1), Kernel: nn.Side(1)}.Layer(scope.In("conv2d"), h)
	if scale != 1 {
		h = graph.MulScalar(h, scale)
	}
	h = graph.Add(x, h)
	if noReLU {
		return h
	}
	return nn.ReLU(h)
}

// InceptionStem is Inception-ResNet-v2's as TensorFlow-Slim and timm ship it: an eighth of the size, and 192 channels.
type InceptionStem struct {
	// Small is for small pictures: every window is padded, and the last maximum is left out, for a quarter of the size.
	Small bool `json:"small"`
}

var _ Stem = InceptionStem{}

// Name is "inception", or "inception-valid" as published, without padding.
func (s InceptionStem) Name() string {
	if s.Small {
		return "inception"
	}
	return "inception-valid"
}

// Out is about an eighth of in, or exactly a quarter, rounded up.
func (s InceptionStem) Out(in Shape, _ int) (Shape, error) {
	plain := window{kernel: 3, stride: 1}
	if s.Small {
		plain.padding = 1
	}
	half := reducing(s.Small)
	in = in.slid(half).slid(plain).slid(half).slid(plain).with(192)
	if s.Small {
		return in, nil
	}
	return in.slid(half), nil
}

// Build makes "conv2d_1a" to "conv2d_4a".
func (s InceptionStem) Build(scope *model.Scope, x *graph.Node, _ int) *graph.Node {
	c := func(name string, channels, kernel, stride int, valid bool) {
		x = ConvNorm{
			Channels: channels, Kernel: nn.Side(kernel), Stride: nn.Side(stride), Valid: valid, Eps: 1e-3,
		}.Layer(scope.In("%s", name), x)
	}
	pool := reducingPool(s.Small)
	c("conv2d_1a", 32, 3, 2, !s.Small)
	c("conv2d_2a", 32, 3, 1, !s.Small)
	c("conv2d_2b", 64, 3, 1, false)
	x = pool.Max(x)
	c("conv2d_3b", 80, 1, 1, false)
	c("conv2d_4a", 192, 3, 1, !s.Small)
	if s.Small {
		return x
	}
	return pool.Max(x)
}

// Paths are those of "conv2d_1a" to "conv2d_4a".
func (InceptionStem) Paths() []string {
	return []string{"/conv2d_1a", "/conv2d_2a", "/conv2d_2b", "/conv2d_3b", "/conv2d_4a"}
}
