package zoo

import (
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/nn"
)

// PreActBlock is norm, relu, 3x3 convolution, twice, added to the input. Where the shape changes the input is taken
// behind the first norm and relu, and through a 1x1 convolution (He et al., 2016b).
type PreActBlock struct {
	Channels int
	Stride   int     // of the first convolution; zero means 1
	Scale    float64 // factor of the result before it is added; zero means 1
	// NormedShortcut takes the input behind the first norm and relu where the shape stays, too.
	NormedShortcut bool
}

// Layer applies the block with "bn1", "conv1", "bn2", "conv2", and "shortcut" if there is one, of scope.
func (b PreActBlock) Layer(scope *model.Scope, x *graph.Node) *graph.Node {
	stride := max(1, b.Stride)
	a := nn.ReLU(nn.BatchNorm{}.Layer(scope.In("bn1"), x))
	h := conv(scope.In("conv1"), a, b.Channels, 3, stride, nn.InitTorch)
	h = nn.ReLU(nn.BatchNorm{}.Layer(scope.In("bn2"), h))
	h = conv(scope.In("conv2"), h, b.Channels, 3, 1, nn.InitTorch)
	if b.Scale != 0 && b.Scale != 1 {
		h = graph.MulScalar(h, b.Scale)
	}
	switch {
	case stride != 1 || x.Shape().Dim(-1) != b.Channels:
		x = conv(scope.In("shortcut").In("0"), a, b.Channels, 1, stride, nn.InitTorch)
	case b.NormedShortcut:
		x = a
	}
	return graph.Add(h, x)
}

// PreActBottleneck is norm, relu and a convolution, three times, 1x1 to Channels, 3x3, and 1x1 to four times as many, added
// to the input. Where the shape changes the input is taken behind the first norm and relu, and through a 1x1 convolution
// (He et al., 2016b).
type PreActBottleneck struct {
	Channels int
	Stride   int // of the 3x3 convolution; zero means 1
}

// Layer applies the block with "bn1", "conv1" to "bn3", "conv3", and "shortcut" if there is one, of scope.
func (b PreActBottleneck) Layer(scope *model.Scope, x *graph.Node) *graph.Node {
	stride, out := max(1, b.Stride), 4*b.Channels
	a := nn.ReLU(nn.BatchNorm{}.Layer(scope.In("bn1"), x))
	h := conv(scope.In("conv1"), a, b.Channels, 1, 1, nn.InitTorch)
	h = nn.ReLU(nn.BatchNorm{}.Layer(scope.In("bn2"), h))
	h = conv(scope.In("conv2"), h, b.Channels, 3, stride, nn.InitTorch)
	h = nn.ReLU(nn.BatchNorm{}.Layer(scope.In("bn3"), h))
	h = conv(scope.In("conv3"), h, out, 1, 1, nn.InitTorch)
	if stride != 1 || x.Shape().Dim(-1) != out {
		x = conv(scope.In("shortcut").In("0"), a, out, 1, stride, nn.InitTorch)
	}
	return graph.Add(h, x)
}
