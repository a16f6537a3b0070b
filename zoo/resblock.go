package zoo

import (
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/nn"
)

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
	h := conv(scope.In("conv1"), x, b.Channels, 3, stride, nn.InitHeOut)
	h = nn.ReLU(nn.BatchNorm{}.Layer(scope.In("bn1"), h))
	h = conv(scope.In("conv2"), h, b.Channels, 3, 1, nn.InitHeOut)
	h = nn.BatchNorm{ZeroWeight: b.ZeroLast}.Layer(scope.In("bn2"), h)
	return nn.ReLU(graph.Add(h, projected(scope, x, b.Channels, stride)))
}

// Bottleneck is a residual block of a 1x1 convolution to Channels, a 3x3 one, and a 1x1 one to four times as many, each
// with a batch norm (He et al., 2016).
type Bottleneck struct {
	Channels int
	Stride   int  // of the 3x3 convolution; zero means 1
	ZeroLast bool // see ResNet
}

// Layer applies the block with "conv1" to "conv3", "bn1" to "bn3", and "downsample" if there is one, of scope.
func (b Bottleneck) Layer(scope *model.Scope, x *graph.Node) *graph.Node {
	stride := max(1, b.Stride)
	h := conv(scope.In("conv1"), x, b.Channels, 1, 1, nn.InitHeOut)
	h = nn.ReLU(nn.BatchNorm{}.Layer(scope.In("bn1"), h))
	h = conv(scope.In("conv2"), h, b.Channels, 3, stride, nn.InitHeOut)
	h = nn.ReLU(nn.BatchNorm{}.Layer(scope.In("bn2"), h))
	h = conv(scope.In("conv3"), h, 4*b.Channels, 1, 1, nn.InitHeOut)
	h = nn.BatchNorm{ZeroWeight: b.ZeroLast}.Layer(scope.In("bn3"), h)
	return nn.ReLU(graph.Add(h, projected(scope, x, 4*b.Channels, stride)))
}

// projected is x where a block keeps its shape, otherwise x through a 1x1 convolution and a norm.
func projected(scope *model.Scope, x *graph.Node, channels, stride int) *graph.Node {
	if stride == 1 && x.Shape().Dim(-1) == channels {
		return x
	}
	down := scope.In("downsample")
	x = conv(down.In("0"), x, channels, 1, stride, nn.InitHeOut)
	return nn.BatchNorm{}.Layer(down.In("1"), x)
}
