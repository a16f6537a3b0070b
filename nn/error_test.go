package nn_test

import (
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/autodiff/gradtest"
	"github.com/atelier-go/atelier/nn"
)

// Bad input is refused while the graph is built, by a message that names the layer and the shapes.
func TestErrors(t *testing.T) {
	picture := gradtest.Normal(1, 1, 4, 5, 2)
	kernel := func(x *Node, dims ...int) *Node { return Ones(x.Graph(), gradtest.Normal(1, dims...).Shape()) }
	labels := func(x *Node, n int) *Node { return Const(x.Graph(), make([]int32, n)) }
	for _, c := range []struct {
		want string
		f    func(x *Node) *Node
	}{
		{"nn: convolution of (Float64)[4, 10]: rank 2, want 4 [N H W C]", func(x *Node) *Node {
			return nn.Conv2D{}.Apply(Reshape(x, 4, 10), kernel(x, 3, 3, 2, 1), nil)
		}},
		{"nn: convolution of (Float64)[1, 4, 5, 2] with kernel (Float64)[3, 3, 3, 1] in 1 groups", func(x *Node) *Node {
			return nn.Conv2D{}.Apply(x, kernel(x, 3, 3, 3, 1), nil)
		}},
		{"want as many input channels", func(x *Node) *Node {
			return nn.Conv2D{Groups: 2}.Apply(x, kernel(x, 3, 3, 1, 3), nil)
		}},
		{"larger than the picture", func(x *Node) *Node { return nn.Conv2D{}.Apply(x, kernel(x, 5, 3, 2, 1), nil) }},
		{"dilated 5x5, is larger", func(x *Node) *Node {
			return nn.Conv2D{Dilation: nn.Side(2)}.Apply(x, kernel(x, 3, 3, 2, 1), nil)
		}},
		{"want positive numbers", func(x *Node) *Node { return nn.Conv2D{Stride: nn.Side(-1)}.Apply(x, kernel(x, 3, 3, 2, 1), nil) }},
		{"with bias (Float64)[2]: want [3]", func(x *Node) *Node {
			return nn.Conv2D{}.Apply(x, kernel(x, 3, 3, 2, 3), kernel(x, 2))
		}},
		{"want a kernel [KH KW in/groups out] of the same type", func(x *Node) *Node {
			return nn.Conv2D{}.Apply(ConvertDType(x, 10), kernel(x, 3, 3, 2, 3), nil)
		}},
		{"nn: transposed convolution of (Float64)[1, 4, 5, 2]: output padding 2x0", func(x *Node) *Node {
			return nn.ConvTranspose2D{Stride: nn.Side(2), OutputPadding: nn.Size{H: 2}}.Apply(x, kernel(x, 3, 3, 1, 2), nil)
		}},
		{"leaves nothing", func(x *Node) *Node {
			return nn.ConvTranspose2D{Padding: nn.Border(4)}.Apply(x, kernel(x, 3, 3, 1, 2), nil)
		}},
		{"explicit padding", func(x *Node) *Node {
			return nn.ConvTranspose2D{Padding: nn.Same}.Apply(x, kernel(x, 3, 3, 1, 2), nil)
		}},
		{"want x's channels last", func(x *Node) *Node { return nn.ConvTranspose2D{}.Apply(x, kernel(x, 3, 3, 2, 1), nil) }},
		{"nn: reflect padding of (Float64)[1, 4, 5, 2] by 4,0,0,0: want less", func(x *Node) *Node {
			return nn.Pad2D(x, nn.Padding{Top: 4}, nn.PadReflect)
		}},
		{"nn: replicate padding of (Float64)[1, 4, 5, 2] by -1,0,0,0: negative", func(x *Node) *Node {
			return nn.Pad2D(x, nn.Padding{Top: -1}, nn.PadReplicate)
		}},
		{"nothing is left", func(x *Node) *Node { return nn.Pad2D(x, nn.Padding{Top: -2, Bottom: -2}, nn.PadZeros) }},
		{"Same needs a kernel", func(x *Node) *Node { return nn.Pad2D(x, nn.Same, nn.PadZeros) }},
		{"unknown mode PadMode(7)", func(x *Node) *Node { return nn.Pad2D(x, nn.Border(1), 7) }},
		{"nn: max pooling of (Float64)[1, 4, 5, 2]: kernel 6x2 is larger", func(x *Node) *Node {
			return nn.Pool{Kernel: nn.Size{H: 6}}.Max(x)
		}},
		{"nn: mean pooling of (Float64)[1, 4, 5, 2]: padding 2,2,2,2 of kernel 2x2", func(x *Node) *Node {
			return nn.Pool{Padding: nn.Border(2)}.Mean(x)
		}},
		{"nn: L2 pooling of (Float64)[4, 10]", func(x *Node) *Node { return nn.Pool{}.L2(Reshape(x, 4, 10)) }},
		{"want positive sizes", func(x *Node) *Node { return nn.AdaptivePool{Output: nn.Side(-1)}.Max(x) }},
		{"want positive factors", func(x *Node) *Node { return nn.UpsampleNearest(x, nn.Side(-2)) }},
		{"nn: bilinear resampling of (Float64)[1, 4, 5, 2] to 0x3", func(x *Node) *Node {
			return nn.Bilinear{Output: nn.Size{W: 3}}.Apply(x)
		}},
		{"more than one value per channel", func(x *Node) *Node {
			y, _, _ := nn.BatchNorm{}.Train(Reshape(x, 1, 40), kernel(x, 40), kernel(x, 40))
			return y
		}},
		{"want vectors [2]", func(x *Node) *Node {
			y, _, _ := nn.BatchNorm{}.Train(x, kernel(x, 3), kernel(x, 2))
			return y
		}},
		{"Momentum = 2, want 0 to 1", func(x *Node) *Node { return nn.BatchNorm{Momentum: 2}.Layer(model.NewStore().RootScope(), x) }},
		{"nn: dropout of (Float64)[1, 4, 5, 2]: Rate = 1, want 0 ≤ Rate < 1", func(x *Node) *Node {
			return nn.Dropout{Rate: 1}.Layer(model.NewStore().RootScope(), x)
		}},
		{"Eps = -1, want > 0", func(x *Node) *Node { return nn.InstanceNorm{Eps: -1}.Apply(x) }},
		{"more than one pixel", func(x *Node) *Node { return nn.InstanceNorm{}.Apply(Reshape(x, 1, 1, 1, 40)) }},
		{"nn: relu of (Int32)[3]: want floating-point", func(x *Node) *Node { return nn.ReLU(labels(x, 3)) }},
		{"nn: softmax cross-entropy of logits (Float64)[10, 4] with labels (Int32)[9]", func(x *Node) *Node {
			return nn.SoftmaxCrossEntropy{}.Mean(Reshape(x, 10, 4), labels(x, 9))
		}},
		{"LabelSmoothing = 1.5, want 0 to 1", func(x *Node) *Node {
			return nn.SoftmaxCrossEntropy{LabelSmoothing: 1.5}.Mean(Reshape(x, 10, 4), labels(x, 10))
		}},
		{"nn: linear layer of (Float64)[1, 4, 5, 2]: want [N in]", func(x *Node) *Node { return nn.Linear{}.Apply(x, kernel(x, 2, 3), nil) }},
		{"nn: linear layer of (Float64)[10, 4] with weight (Float64)[3, 4]: want [4 out]", func(x *Node) *Node {
			return nn.Linear{}.Apply(Reshape(x, 10, 4), kernel(x, 3, 4), nil)
		}},
		{"linear layer of (Float64)[10, 4] with bias (Float64)[4]: want [3]", func(x *Node) *Node {
			return nn.Linear{}.Apply(Reshape(x, 10, 4), kernel(x, 4, 3), kernel(x, 4))
		}},
		{"0 features, want a positive number", func(x *Node) *Node {
			return nn.Linear{}.Layer(model.NewStore().RootScope(), Reshape(x, 10, 4))
		}},
		{"unknown scale GramScale(9)", func(x *Node) *Node { return nn.Gram(x, 9) }},
		{"want positive numbers, and groups that divide", func(x *Node) *Node {
			return nn.Conv2D{}.Layer(model.NewStore().RootScope(), x)
		}},
		{"unknown initialization Init(5)", func(x *Node) *Node {
			return nn.Conv2D{Channels: 1, Init: 5}.Layer(model.NewStore().RootScope(), x)
		}},
	} {
		t.Run(c.want, func(t *testing.T) {
			_, err := CallOnce(testBackend(t), c.f, picture)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}
