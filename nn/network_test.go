package nn_test

import (
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/atelier-go/atelier/autodiff/gradtest"
	"github.com/atelier-go/atelier/nn"
)

// Layers that follow each other, to third order: what training with a gradient penalty and a meta-gradient would take.
func TestNetworksToThirdOrder(t *testing.T) {
	picture := func(n, h, w, c int) *tensors.Tensor { return gradtest.Normal(1, n, h, w, c) }
	for _, c := range []struct {
		name string
		f    gradtest.Func
		in   []*tensors.Tensor
	}{
		{"residual block", func(in []*Node) *Node {
			y := nn.Conv2D{Padding: nn.Same}.Apply(in[0], in[1], nil)
			y, _, _ = nn.BatchNorm{Eps: 0.1}.Train(y, in[2], in[3])
			return nn.ReLU(Add(in[0], y))
		}, []*tensors.Tensor{picture(2, 3, 3, 2), gradtest.Normal(2, 3, 3, 2, 2), gradtest.Normal(3, 2), gradtest.Normal(4, 2)}},
		{"critic", func(in []*Node) *Node {
			y := nn.Conv2D{Stride: nn.Side(2), Padding: nn.Border(1)}.Apply(in[0], in[1], in[2])
			y = nn.InstanceNorm{Eps: 0.1}.Apply(nn.LeakyReLU(y, 0.2))
			return MulScalar(Tanh(nn.Pool{}.Mean(y)), 0.5)
		}, []*tensors.Tensor{picture(1, 8, 8, 1), gradtest.Normal(2, 4, 4, 1, 2), gradtest.Normal(3, 2)}},
		{"generator", func(in []*Node) *Node {
			y := nn.UpsampleNearest(in[0], nn.Side(2))
			y = nn.Conv2D{Padding: nn.Border(1), Mode: nn.PadReflect, Groups: 2}.Apply(y, in[1], nil)
			y = nn.PixelNorm{Eps: 0.1}.Apply(y)
			return nn.ConvTranspose2D{Stride: nn.Side(2), Padding: nn.Border(1)}.Apply(y, in[2], nil)
		}, []*tensors.Tensor{picture(1, 2, 2, 2), gradtest.Normal(2, 3, 3, 1, 2), gradtest.Normal(3, 4, 4, 1, 2)}},
		{"style", func(in []*Node) *Node {
			y := nn.ReLU(nn.Conv2D{Padding: nn.Same, Mode: nn.PadReplicate}.Apply(in[0], in[1], nil))
			y = nn.Bilinear{Output: nn.Size{H: 3, W: 6}}.Apply(nn.Pool{Kernel: nn.Side(3), Stride: nn.Side(1)}.Max(y))
			return MulScalar(nn.Gram(y, nn.GramElements), 0.05)
		}, []*tensors.Tensor{picture(1, 5, 5, 2), gradtest.Normal(2, 3, 3, 2, 2)}},
		{"classifier", func(in []*Node) *Node {
			y := nn.AdaptivePool{}.Concat(nn.Conv2D{Dilation: nn.Side(2)}.Apply(in[0], in[1], nil))
			logits := Reshape(y, 2, -1)
			return nn.SoftmaxCrossEntropy{LabelSmoothing: 0.1}.Mean(logits, Const(y.Graph(), []int32{3, 0}))
		}, []*tensors.Tensor{picture(2, 6, 5, 1), gradtest.Normal(2, 3, 2, 1, 2)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			gradtest.Config{Backend: testBackend(t), Order: 3}.Check(t, c.f, c.in...)
		})
	}
}
