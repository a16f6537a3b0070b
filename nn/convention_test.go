package nn_test

import (
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/atelier-go/atelier/autodiff/gradtest"
	"github.com/atelier-go/atelier/nn"
)

// same compares with NaN equal to NaN.
func same(got, want []float64) bool {
	if len(got) != len(want) {
		return false
	}
	for i, g := range got {
		if !(g == want[i] || (g != g && want[i] != want[i])) {
			return false
		}
	}
	return true
}

// What happens at ties, corners, infinities and NaN: value and gradient of the sum for a picture of one row.
func TestConventions(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	pool := nn.Pool{Kernel: nn.Size{H: 1, W: 2}}
	for _, c := range []struct {
		name           string
		f              func(x *Node) *Node
		x, value, grad []float64
	}{
		{"relu", nn.ReLU, []float64{-1, 0, 2, nan, inf, -inf}, []float64{0, 0, 2, nan, inf, 0}, []float64{0, 0, 1, 0, 1, 0}},
		{"leaky relu", func(x *Node) *Node { return nn.LeakyReLU(x, 0.5) },
			[]float64{-2, 0, 2, nan, inf, -inf}, []float64{-1, 0, 2, nan, inf, -inf}, []float64{0.5, 0.5, 1, 0.5, 1, 0.5}},
		{"max pool takes the first maximum", pool.Max, []float64{3, 3, 1, 2, -inf, -inf}, []float64{3, 2, -inf}, []float64{1, 0, 0, 1, 1, 0}},
		{"max pool keeps NaN", pool.Max, []float64{nan, 3, 1, nan, 5, 6}, []float64{nan, nan, 6}, []float64{1, 0, 0, 1, 0, 1}},
		{"max pool prefers -Inf to padding", nn.Pool{Kernel: nn.Size{H: 1, W: 2}, Padding: nn.Padding{Left: 1, Right: 1}}.Max,
			[]float64{-inf, 1, -inf, -inf}, []float64{-inf, 1, -inf}, []float64{1, 1, 0, 1}},
		{"adaptive max pool takes the first maximum", nn.AdaptivePool{Output: nn.Size{H: 1, W: 2}}.Max,
			[]float64{1, 4, 4}, []float64{4, 4}, []float64{0, 2, 0}},
		{"L2 pool of zeros", pool.L2, []float64{0, 0, 0, 5}, []float64{0, 5}, []float64{0, 0, 0, 1}},
		{"L2 pool keeps NaN", func(x *Node) *Node { return pool.L2(x) }, []float64{nan, 1, 3, 4}, []float64{nan, 5}, nil},
		{"mean pool keeps infinities where they are", pool.Mean, []float64{inf, 1, 1, 2}, []float64{inf, 1.5}, []float64{0.5, 0.5, 0.5, 0.5}},
		{"bilinear doubling one way keeps infinities where they are",
			nn.Bilinear{Output: nn.Size{H: 1, W: 8}}.Apply, []float64{inf, 1, 1, 2},
			[]float64{inf, inf, inf, 1, 1, 1.25, 1.75, 2}, []float64{2, 2, 2, 2}},
		{"bilinear doubling both ways keeps infinities where they are", func(x *Node) *Node {
			return Slice(nn.Bilinear{Output: nn.Size{H: 2, W: 8}}.Apply(x), AxisRange(), AxisElem(1))
		}, []float64{inf, 1, 1, 2}, []float64{inf, inf, inf, 1, 1, 1.25, 1.75, 2}, []float64{2, 2, 2, 2}},
		{"bilinear by awkward sizes keeps infinities where they are",
			nn.Bilinear{Output: nn.Size{H: 1, W: 37}, AlignCorners: true}.Apply, append(make([]float64, 18), inf),
			append(make([]float64, 35), inf, inf), nil},
		{"reflection", func(x *Node) *Node { return nn.Pad2D(x, nn.Padding{Left: 2, Right: 1}, nn.PadReflect) },
			[]float64{1, 2, 3}, []float64{3, 2, 1, 2, 3, 2}, []float64{1, 3, 2}},
		{"replication", func(x *Node) *Node { return nn.Pad2D(x, nn.Padding{Left: 2, Right: 1}, nn.PadReplicate) },
			[]float64{1, nan, 3}, []float64{1, 1, 1, nan, 3, 3}, []float64{3, 1, 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := call(t, func(in []*Node) []*Node {
				y := c.f(Reshape(in[0], 1, 1, len(c.x), 1))
				return []*Node{y, Gradient(ReduceAllSum(y), in[0])[0]}
			}, tensors.FromFlatDataAndDimensions(c.x, len(c.x)))
			if got := gradtest.Flat(out[0]); !same(got, c.value) {
				t.Errorf("of %v = %v, want %v", c.x, got, c.value)
			}
			if got := gradtest.Flat(out[1]); c.grad != nil && !same(got, c.grad) {
				t.Errorf("gradient at %v = %v, want %v", c.x, got, c.grad)
			}
		})
	}
}

// A label that is no class gives NaN, not the loss of some class.
func TestCrossEntropyOfUnknownLabels(t *testing.T) {
	out := call(t, func(in []*Node) []*Node {
		each := nn.SoftmaxCrossEntropy{}.Each(in[0], Const(in[0].Graph(), []int64{1, 3, -1}))
		return []*Node{each, nn.SoftmaxCrossEntropy{}.Mean(in[0], Const(in[0].Graph(), []int64{0, 1, 3}))}
	}, [][]float64{{0, 0, 0}, {0, 0, 0}, {0, 0, 0}})
	if got, nan := gradtest.Flat(out[0]), math.NaN(); !near(got[0], math.Log(3), 1e-15) || !same(got[1:], []float64{nan, nan}) {
		t.Errorf("losses %v, want log 3, NaN, NaN", got)
	}
	if got := gradtest.Flat(out[1])[0]; got == got {
		t.Errorf("mean %v, want NaN", got)
	}
}

// Logits that are large or minus infinity (classes ruled out) do not overflow.
func TestCrossEntropyOfLargeLogits(t *testing.T) {
	inf := math.Inf(1)
	out := call(t, func(in []*Node) []*Node {
		loss := nn.SoftmaxCrossEntropy{}.Mean(in[0], Const(in[0].Graph(), []int32{0, 1}))
		return []*Node{loss, Gradient(loss, in[0])[0]}
	}, [][]float64{{1000, 1000, -1000}, {-inf, 2, 2}})
	if got := gradtest.Flat(out[0])[0]; !near(got, math.Ln2, 1e-15) {
		t.Errorf("loss %v, want log 2", got)
	}
	for i, want := range []float64{-0.25, 0.25, 0, 0, -0.25, 0.25} {
		if got := gradtest.Flat(out[1])[i]; !near(got, want, 1e-15) {
			t.Errorf("gradient %d = %v, want %v", i, got, want)
		}
	}
}
