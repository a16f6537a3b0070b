package zoo

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

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
func conv(scope *model.Scope, x *graph.Node, channels, kernel, stride int) *graph.Node {
	return nn.Conv2D{
		Channels: channels, Kernel: nn.Side(kernel), Stride: nn.Side(stride), Padding: nn.Border(kernel / 2),
		NoBias: true, Init: nn.InitHeOut,
	}.Layer(scope, x)
}

// convHe is conv with weights that suit the number of channels that they sum over, as torchvision's DenseNets.
func convHe(scope *model.Scope, x *graph.Node, channels, kernel, stride int) *graph.Node {
	return nn.Conv2D{
		Channels: channels, Kernel: nn.Side(kernel), Stride: nn.Side(stride), Padding: nn.Border(kernel / 2),
		NoBias: true, Init: nn.InitHeIn,
	}.Layer(scope, x)
}

// ConvNorm is a convolution without bias, batch norm and relu, the variables "conv" and "bn" of its scope: the unit of
// Inception networks. With the zero kernel it is 1x1.
type ConvNorm struct {
	Channels int
	Kernel   nn.Size // zero means 1
	Stride   nn.Size // zero means 1
	Valid    bool    // no padding; otherwise the size changes by the stride only, rounded up
	Eps      float64 // of the norm; zero means 1e-5
}

// Layer applies it to pictures x.
func (c ConvNorm) Layer(scope *model.Scope, x *graph.Node) *graph.Node {
	kernel := nn.Size{H: max(1, c.Kernel.H), W: max(1, c.Kernel.W)}
	padding := nn.Padding{Top: kernel.H / 2, Bottom: kernel.H / 2, Left: kernel.W / 2, Right: kernel.W / 2}
	if c.Valid {
		padding = nn.Padding{}
	}
	x = nn.Conv2D{Channels: c.Channels, Kernel: kernel, Stride: c.Stride, Padding: padding, NoBias: true, Init: nn.InitHeOut}.
		Layer(scope.In("conv"), x)
	return nn.ReLU(nn.BatchNorm{Eps: c.Eps}.Layer(scope.In("bn"), x))
}

// Factored is a Kernel by Kernel convolution as 1 by Kernel, norm, relu, and Kernel by 1, norm, relu (Szegedy et al.,
// 2016): of 7 by 7 it does 14 multiplications instead of 49. Kernel is odd.
type Factored struct {
	Channels int
	Kernel   int // zero means 7
	Stride   int // zero means 1
}

// Layer applies it with "0" and "1" of scope.
func (f Factored) Layer(scope *model.Scope, x *graph.Node) *graph.Node {
	kernel, stride := f.Kernel, max(1, f.Stride)
	if kernel == 0 {
		kernel = 7
	}
	x = ConvNorm{Channels: f.Channels, Kernel: nn.Size{H: 1, W: kernel}, Stride: nn.Size{H: 1, W: stride}}.Layer(scope.In("0"), x)
	return ConvNorm{Channels: f.Channels, Kernel: nn.Size{H: kernel, W: 1}, Stride: nn.Size{H: stride, W: 1}}.Layer(scope.In("1"), x)
}

// SqueezeExcite multiplies each channel by a number in 0 to 1 that follows from the means of all channels: a dense layer
// to few, relu, one back, sigmoid (Hu et al., 2018).
type SqueezeExcite struct {
	Reduction int // how many times fewer channels there are between; zero means 16
}

// Layer applies it to pictures x with "fc1" and "fc2" of scope.
func (s SqueezeExcite) Layer(scope *model.Scope, x *graph.Node) *graph.Node {
	channels, reduction := x.Shape().Dim(-1), s.Reduction
	if reduction == 0 {
		reduction = 16
	}
	h := flattened(nn.AdaptivePool{}.Mean(x))
	h = nn.ReLU(nn.Linear{Features: max(1, channels/reduction)}.Layer(scope.In("fc1"), h))
	h = graph.Sigmoid(nn.Linear{Features: channels}.Layer(scope.In("fc2"), h))
	return graph.Mul(x, graph.Reshape(h, x.Shape().Dim(0), 1, 1, channels))
}
