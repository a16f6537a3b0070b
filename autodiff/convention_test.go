package autodiff_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/atelier-go/atelier/autodiff"
	"github.com/atelier-go/atelier/autodiff/gradtest"
)

// The choices that the package documentation lists for points without a derivative.
func TestConventions(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name    string
		f       gradtest.Func
		x, want []float64
	}{
		{"relu", func(in []*Node) *Node { return MaxScalar(in[0], 0) }, []float64{-1, 0, 2, nan}, []float64{0, 0, 1, 0}},
		{"relu of zeros like x", func(in []*Node) *Node { return Max(in[0], ZerosLike(in[0])) }, []float64{-1, 0, 2}, []float64{0, 0, 1}},
		{"min with zero", func(in []*Node) *Node { return MinScalar(in[0], 0) }, []float64{-1, 0, 2}, []float64{1, 0, 0}},
		{"ties of max", func(in []*Node) *Node { return Max(in[0], Reverse(in[0], 0)) }, []float64{1, 3, 3, 1}, []float64{1, 1, 1, 1}},
		{"max with a constant", func(in []*Node) *Node { return MaxScalar(in[0], 1) }, []float64{0, 1, 2}, []float64{0, 0.5, 1}},
		{"ties of reduce max", func(in []*Node) *Node { return ReduceAllMax(in[0]) }, []float64{1, 3, 3, 2}, []float64{0, 0.5, 0.5, 0}},
		{"clamp", func(in []*Node) *Node {
			return Clamp(Const(in[0].Graph(), -1.0), in[0], Const(in[0].Graph(), 1.0))
		}, []float64{-2, -1, 0, 1, 2}, []float64{0, 1, 1, 1, 0}},
		{"abs", func(in []*Node) *Node { return Abs(in[0]) }, []float64{-2, 0, 3}, []float64{-1, 0, 1}},
		{"ties of max pooling", func(in []*Node) *Node {
			return MaxPool(Reshape(in[0], 1, 2, 3, 1)).WindowPerAxis(2, 3).Done()
		}, []float64{1, 4, 4, 4, 2, 0}, []float64{0, 1, 0, 0, 0, 0}},
		{"NaN in max pooling", func(in []*Node) *Node {
			return MaxPool(Reshape(in[0], 1, 2, 3, 1)).WindowPerAxis(2, 3).Done()
		}, []float64{1, nan, 4, 4, 2, 0}, []float64{0, 1, 0, 0, 0, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := call(t, func(in []*Node) []*Node { return Gradient(ReduceAllSum(c.f(in)), in[0]) },
				tensors.FromFlatDataAndDimensions(c.x, len(c.x)))
			if got := gradtest.Flat(out[0]); !slices.Equal(got, c.want) {
				t.Errorf("gradient at %v = %v, want %v", c.x, got, c.want)
			}
		})
	}
}

// Squares written as powers have their first three derivatives at 0 too.
func TestPowerAtZero(t *testing.T) {
	out := call(t, func(in []*Node) []*Node {
		x := in[0]
		d1 := Gradient(Pow(x, ConstAs(x, 2.0)), x)[0]
		d2 := Gradient(d1, x)[0]
		d3 := Gradient(d2, x)[0]
		return []*Node{d1, d2, d3}
	}, 0.0)
	for i, want := range []float64{0, 2, 0} {
		if got := out[i].Value(); got != want {
			t.Errorf("derivative %d of x² at 0 = %v, want %v", i+1, got, want)
		}
	}
}

// relu and its gradient are one operation and two: backends fuse what they recognise.
func TestReluGradientIsCompareAndSelect(t *testing.T) {
	onParameter(t, func(x *Node) {
		dx := Gradient(ReduceAllSum(Max(x, ZerosLike(x))), x)[0]
		condition := dx.Inputs()[0]
		if dx.Type() != NodeTypeWhere || condition.Type() != NodeTypeGreaterThan || condition.Inputs()[0] != x {
			t.Errorf("the gradient of relu is %s of %s, want Where of GreaterThan of x", dx, condition)
		}
	})
}

// Constants have gradients as everything else, even the zero of a relu and the fill value of a padding.
func TestGradientsOfConstants(t *testing.T) {
	for _, c := range []struct {
		name string
		f    func(x, k *Node) *Node
		k    float64
		want float64
	}{
		{"relu", Max, 0, 2},
		{"relu, swapped", func(x, k *Node) *Node { return Max(k, x) }, 0, 2},
		{"min with zero", Min, 0, 3},
		{"max", Max, 1, 2.5},
		{"clamp", func(x, k *Node) *Node { return Clamp(k, x, OnePlus(k)) }, -1, 3},
		{"where", func(x, k *Node) *Node { return Where(GreaterThan(x, k), k, x) }, 1, 1},
		{"pad", func(x, k *Node) *Node { return Pad(x, k, PadAxis{Start: 1, End: 3}) }, 0, 4},
	} {
		out := call(t, func(in []*Node) []*Node {
			k := Const(in[0].Graph(), c.k)
			return Gradient(ReduceAllSum(c.f(in[0], k)), k)
		}, []float64{-2, 0, 1, 4})
		if got := out[0].Value(); got != c.want {
			t.Errorf("%s: gradient of the constant = %v, want %v", c.name, got, c.want)
		}
	}
}

// onParameter builds a graph with one parameter.
func onParameter(t *testing.T, f func(x *Node)) {
	t.Helper()
	autodiff.Install()
	f(Parameter(NewGraph(testBackend(t), t.Name()), "x", gradtest.Normal(1, 4, 5).Shape()))
}

// A window that is -Inf throughout still hands its second derivative to an element and not to the padding.
func TestMaxPoolOfNegativeInfinity(t *testing.T) {
	inf := math.Inf(-1)
	out := call(t, func(in []*Node) []*Node {
		x, u := in[0], in[1]
		y := MaxPool(Reshape(x, 1, 2, 2, 1)).Window(2).Strides(2).PaddingPerDim([][2]int{{1, 1}, {1, 1}}).Done()
		dx := Gradient(ReduceAllSum(Mul(y, Reshape(u, 1, 2, 2, 1))), x)[0]
		return Gradient(ReduceAllSum(Mul(dx, dx)), u)
	}, tensors.FromValue([]float64{inf, 1, 2, 3}), tensors.FromValue([]float64{5, 6, 7, 8}))
	if got, want := gradtest.Flat(out[0]), []float64{10, 12, 14, 16}; !slices.Equal(got, want) {
		t.Errorf("second derivative = %v, want %v", got, want)
	}
}

func TestInstallIsIdempotent(t *testing.T) {
	autodiff.Install()
	autodiff.Install()
	x := gradtest.Normal(1, 3, 3)
	check(t, func(in []*Node) *Node { return MaxScalar(in[0], 0) }, x)
}

// The parameters of an empty batch have gradients, which are zero.
func TestGradientsOfEmptyBatches(t *testing.T) {
	for name, f := range map[string]func(a, b *Node) *Node{"Add": Add, "Sub": Sub, "Mul": Mul, "Div": Div, "Max": Max, "Pow": Pow,
		"convolution": func(x, b *Node) *Node {
			return Convolve(Reshape(x, 0, 1, 3), BroadcastToDims(Reshape(b, 1, 3, 1), 1, 3, 2)).Done()
		}} {
		out := call(t, func(in []*Node) []*Node {
			return Gradient(ReduceAllSum(f(in[0], in[1])), in...)
		}, gradtest.Normal(1, 0, 3), gradtest.Normal(2, 1, 3))
		if dx, db := out[0].Shape().Dimensions, gradtest.Flat(out[1]); dx[0] != 0 || !slices.Equal(db, []float64{0, 0, 0}) {
			t.Errorf("%s: gradients of shape %v and %v, want an empty one and zeros", name, dx, db)
		}
	}
}

// What has no gradient says so.
func TestErrors(t *testing.T) {
	autodiff.Install()
	axes := nhwc
	for _, c := range []struct {
		want string
		f    func(x *Node) *Node
	}{
		{"autodiff: ReduceWindow of (Float64)[1, 4, 4, 2] with Product has no gradient", func(x *Node) *Node {
			y := BackendReduceWindow(x, compute.ReduceOpProduct, []int{1, 2, 2, 1}, nil, nil, nil, nil)
			return Gradient(ReduceAllSum(y), x)[0]
		}},
		{"autodiff: transposed convolution of (Float64)[1, 4, 4, 2] with kernel (Float64)[3, 3, 1, 2]", func(x *Node) *Node {
			k := Ones(x.Graph(), gradtest.Normal(1, 3, 3, 1, 2).Shape())
			return autodiff.ConvTranspose(x, k, []int{9, 9}, axes, []int{3, 3}, make([][2]int, 2), []int{1, 1}, 1)
		}},
		{"autodiff: WithGradient of (Float64)[4, 2] with respect to (Float64)[1, 4, 4, 2]", func(x *Node) *Node {
			return autodiff.WithGradient(ReduceSum(x, 0, 1), x, func(v *Node) *Node { return v })
		}},
	} {
		_, err := CallOnce(testBackend(t), c.f, gradtest.Normal(1, 1, 4, 4, 2))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
}
