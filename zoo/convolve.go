package zoo

import (
	"cmp"
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"

	"github.com/atelier-go/atelier/nn"
)

// sized is a part's name with its number of channels, if it has one.
func sized(name string, channels int) string {
	if channels == 0 {
		return name
	}
	return fmt.Sprintf("%s-%d", name, channels)
}

func checkChannels(n int) error {
	if n < 0 {
		return fmt.Errorf("it has %d channels, want 0 (what the backbone would like) or more", n)
	}
	return nil
}

// conv is a convolution without bias, for a batch norm to follow, padded by half of its odd kernel.
func conv(scope *model.Scope, x *graph.Node, channels, kernel, stride int, init nn.Init) *graph.Node {
	return nn.Conv2D{
		Channels: channels, Kernel: nn.Side(kernel), Stride: nn.Side(stride), Padding: nn.Border(kernel / 2),
		NoBias: true, Init: init,
	}.Layer(scope, x)
}

// ConvNorm is a convolution without bias, batch norm and relu, the variables "conv" and "bn" of its scope: the unit of
// Inception networks. With the zero kernel it is 1x1.
type ConvNorm struct {
	Channels int
	Kernel   nn.Size // odd, or with Valid any; zero means 1
	Stride   nn.Size // zero means 1
	Valid    bool    // no padding; otherwise the size changes by the stride only, rounded up
	Eps      float64 // of the norm; zero means 1e-5
	Init     nn.Init // of the convolution; zero means nn.InitTorch, as PyTorch does by itself
}

// Layer applies it to pictures x.
func (c ConvNorm) Layer(scope *model.Scope, x *graph.Node) *graph.Node {
	kernel := nn.Size{H: cmp.Or(c.Kernel.H, 1), W: cmp.Or(c.Kernel.W, 1)}
	padding := nn.Padding{Top: kernel.H / 2, Bottom: kernel.H / 2, Left: kernel.W / 2, Right: kernel.W / 2}
	switch {
	case min(kernel.H, kernel.W) < 1:
		exceptions.Panicf("zoo: convolution and norm of %s in %s: kernel %s, want positive numbers", x.Shape(), scope.Scope(), kernel)
	case c.Valid:
		padding = nn.Padding{}
	case kernel.H%2 == 0 || kernel.W%2 == 0:
		exceptions.Panicf("zoo: convolution and norm of %s in %s: kernel %s, want odd numbers, which padding can centre, or Valid",
			x.Shape(), scope.Scope(), kernel)
	}
	x = nn.Conv2D{Channels: c.Channels, Kernel: kernel, Stride: c.Stride, Padding: padding, NoBias: true, Init: c.Init}.
		Layer(scope.In("conv"), x)
	return nn.ReLU(nn.BatchNorm{Eps: c.Eps}.Layer(scope.In("bn"), x))
}

// Factored is a Kernel by Kernel convolution as 1 by Kernel, norm, relu, and Kernel by 1, norm, relu (Szegedy et al.,
// 2016): of 7 by 7 it does 14 multiplications instead of 49.
type Factored struct {
	Channels int
	Kernel   int     // odd; zero means 7
	Stride   int     // zero means 1
	Init     nn.Init // as in [ConvNorm]
}

// Layer applies it with "0" and "1" of scope.
func (f Factored) Layer(scope *model.Scope, x *graph.Node) *graph.Node {
	kernel, stride := cmp.Or(f.Kernel, 7), max(1, f.Stride)
	if kernel < 1 || kernel%2 == 0 {
		exceptions.Panicf("zoo: factored convolution of %s in %s: Kernel is %d, want 0 (7) or an odd number of 1 or more",
			x.Shape(), scope.Scope(), f.Kernel)
	}
	across, down := ConvNorm{Channels: f.Channels, Init: f.Init}, ConvNorm{Channels: f.Channels, Init: f.Init}
	across.Kernel, across.Stride = nn.Size{H: 1, W: kernel}, nn.Size{H: 1, W: stride}
	down.Kernel, down.Stride = nn.Size{H: kernel, W: 1}, nn.Size{H: stride, W: 1}
	return down.Layer(scope.In("1"), across.Layer(scope.In("0"), x))
}

// SqueezeExcite multiplies each channel by a number in 0 to 1 that follows from the means of all channels: a dense layer
// to few, relu, one back, sigmoid (Hu et al., 2018).
type SqueezeExcite struct {
	Reduction int // how many times fewer channels there are between; zero means 16
}

// Layer applies it to pictures x with "fc1" and "fc2" of scope.
func (s SqueezeExcite) Layer(scope *model.Scope, x *graph.Node) *graph.Node {
	if s.Reduction < 0 {
		exceptions.Panicf("zoo: squeeze and excitation of %s in %s: Reduction is %d, want 0 (16) or more",
			x.Shape(), scope.Scope(), s.Reduction)
	}
	channels, reduction := x.Shape().Dim(-1), cmp.Or(s.Reduction, 16)
	h := flattened(nn.AdaptivePool{}.Mean(x))
	h = nn.ReLU(nn.Linear{Features: max(1, channels/reduction)}.Layer(scope.In("fc1"), h))
	h = graph.Sigmoid(nn.Linear{Features: channels}.Layer(scope.In("fc2"), h))
	return graph.Mul(x, graph.Reshape(h, x.Shape().Dim(0), 1, 1, channels))
}
