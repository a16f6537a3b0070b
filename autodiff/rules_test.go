package autodiff_test

import (
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/atelier-go/atelier/autodiff"
	"github.com/atelier-go/atelier/autodiff/gradtest"
)

func windowOf(op compute.ReduceOpType, size, strides, inDil, dil []int, pads [][2]int) gradtest.Func {
	return func(in []*Node) *Node { return BackendReduceWindow(in[0], op, size, strides, inDil, dil, pads) }
}

// ruleCases has at least one line for every rule but those of convolutions.
func ruleCases() map[string]struct {
	f  gradtest.Func
	in []*tensors.Tensor
} {
	x := gradtest.Normal(1, 2, 5, 4, 2)
	positive := gradtest.Normal(4, 6)
	none, one, sumOp, maxOp := [][2]int(nil), [2]int{1, 1}, compute.ReduceOpSum, compute.ReduceOpMax
	zero := [2]int{}
	cases := map[string]struct {
		f  gradtest.Func
		in []*tensors.Tensor
	}{}
	add := func(name string, f gradtest.Func, in ...*tensors.Tensor) {
		cases[name] = struct {
			f  gradtest.Func
			in []*tensors.Tensor
		}{f, in}
	}
	unary := func(name string, f func(*Node) *Node) {
		add(name, func(in []*Node) *Node { return f(in[0]) }, x)
	}
	binary := func(name string, f func(a, b *Node) *Node) {
		add(name, func(in []*Node) *Node { return f(in[0], in[1]) }, gradtest.Normal(1, 3, 4), gradtest.Normal(2, 3, 4))
		add(name+" broadcast", func(in []*Node) *Node { return f(in[0], in[1]) }, gradtest.Normal(1, 3, 4), gradtest.Normal(2, 3, 1))
		add(name+" scalar", func(in []*Node) *Node { return f(in[0], in[1]) }, gradtest.Normal(1), gradtest.Normal(2, 3, 4))
	}
	binary("Max", Max)
	binary("Min", Min)
	binary("Rem", func(a, b *Node) *Node { return Rem(a, AddScalar(Square(b), 0.3)) })
	binary("Atan2", Atan2)
	add("Pow", func(in []*Node) *Node { return Pow(Exp(in[0]), in[1]) }, gradtest.Normal(1, 3, 4), gradtest.Normal(2, 3, 4))
	add("Pow broadcast", func(in []*Node) *Node { return Pow(Exp(in[0]), in[1]) }, gradtest.Normal(1, 3, 1), gradtest.Normal(2, 3, 4))
	unary("Pow of negatives", func(x *Node) *Node { return Pow(x, Scalar(x.Graph(), x.DType(), 3)) })
	unary("relu", func(x *Node) *Node { return Max(x, ZerosLike(x)) })
	unary("relu of a scalar zero", func(x *Node) *Node { return Max(ScalarZero(x.Graph(), x.DType()), x) })
	unary("Min with zero", func(x *Node) *Node { return MinScalar(x, 0) })
	unary("Max with a constant", func(x *Node) *Node { return MaxScalar(x, 0.3) })
	unary("leaky relu", func(x *Node) *Node { return Max(x, MulScalar(x, 0.2)) })
	unary("Identity", Identity)
	unary("Abs", Abs)
	unary("Sign", func(x *Node) *Node { return Mul(x, Sign(x)) })
	unary("Floor", func(x *Node) *Node { return Mul(x, Floor(x)) })
	unary("comparison", func(x *Node) *Node {
		return Mul(x, ConvertDType(GreaterThan(x, Reverse(x, 0)), x.DType()))
	})
	unary("integers in between", func(x *Node) *Node {
		return Mul(x, ConvertDType(ConvertDType(MulScalar(x, 3), dtypes.Int32), x.DType()))
	})
	unary("Rsqrt", func(x *Node) *Node { return Rsqrt(AddScalar(Square(x), 1)) })
	unary("Expm1", Expm1)
	unary("Clamp", func(x *Node) *Node {
		return Clamp(Scalar(x.Graph(), x.DType(), -0.4), x, Scalar(x.Graph(), x.DType(), 0.6))
	})
	add("Clamp with bounds", func(in []*Node) *Node { return Clamp(in[0], in[1], in[2]) },
		gradtest.Normal(1, 4, 5), gradtest.Normal(2, 4, 5), gradtest.Normal(3, 4, 5))
	add("Clamp with scalar bounds", func(in []*Node) *Node { return Clamp(Neg(Exp(in[0])), in[1], Exp(in[2])) },
		gradtest.Normal(1), gradtest.Normal(2, 4, 5), gradtest.Normal(3))
	unary("Reverse", func(x *Node) *Node { return Reverse(x, 1, 3) })
	unary("Slice", func(x *Node) *Node { return Slice(x, AxisRange(), AxisRange(1, 5).Stride(3), AxisRange(0, 3)) })

	pad := func(name string, axes ...PadAxis) {
		add("Pad "+name, func(in []*Node) *Node { return Pad(in[0], in[1], axes...) }, x, gradtest.Normal(9))
	}
	pad("edges", PadAxis{}, PadAxis{Start: 1, End: 2}, PadAxis{End: 3})
	pad("interior", PadAxis{}, PadAxis{Interior: 2}, PadAxis{Start: 1, Interior: 1})
	pad("negative", PadAxis{Start: -1}, PadAxis{Start: -2, End: -1}, PadAxis{Start: 2, End: -1})
	pad("negative interior", PadAxis{}, PadAxis{Start: -3, End: -2, Interior: 1}, PadAxis{Start: -4, End: 1, Interior: 2})

	unary("ReduceMax", func(x *Node) *Node { return ReduceMax(x, 1, 3) })
	unary("ReduceMax of all", func(x *Node) *Node { return ReduceAllMax(x) })
	unary("ReduceMin", func(x *Node) *Node { return ReduceMin(x, 0, 2) })
	unary("ReduceMultiply", func(x *Node) *Node { return ReduceMultiply(x, 1, 2) })
	add("ReduceMultiply with a zero", func(in []*Node) *Node { return ReduceAllMultiply(in[0]) },
		tensors.FromValue([]float64{1.5, 0, -2, 0.7}))

	for name, op := range map[string]compute.ReduceOpType{"Sum": sumOp, "Max": maxOp, "Min": compute.ReduceOpMin} {
		window := func(name2 string, size, strides, inDil, dil []int, pads [][2]int) {
			add("ReduceWindow "+name+" "+name2, windowOf(op, size, strides, inDil, dil, pads), x)
		}
		window("tiles", []int{1, 2, 2, 1}, []int{1, 2, 2, 1}, nil, nil, none)
		window("tiles padded", []int{1, 3, 2, 1}, []int{1, 3, 2, 1}, nil, nil, [][2]int{zero, {1, 0}, {1, 1}, zero})
		window("default strides", []int{1, 2, 4, 1}, nil, nil, nil, none)
		window("overlapping", []int{1, 3, 3, 1}, []int{1, 1, 2, 1}, nil, nil, [][2]int{zero, one, one, zero})
		window("even", []int{1, 4, 2, 1}, []int{1, 1, 1, 1}, nil, nil, [][2]int{zero, {2, 1}, {0, 1}, zero})
		window("sparse", []int{1, 2, 1, 1}, []int{1, 3, 2, 1}, nil, nil, none)
		window("channels", []int{2, 1, 1, 2}, []int{1, 1, 1, 1}, nil, nil, none)
		window("window dilated", []int{1, 2, 2, 1}, []int{1, 1, 1, 1}, nil, []int{1, 2, 3, 1}, [][2]int{zero, one, zero, zero})
		window("input dilated", []int{1, 2, 3, 1}, []int{1, 1, 2, 1}, []int{1, 2, 2, 1}, nil, [][2]int{zero, zero, one, zero})
	}

	add("Gather", func(in []*Node) *Node {
		return Gather(in[0], Const(in[0].Graph(), [][]int32{{1, 2}, {0, 4}, {1, 2}}))
	}, x)
	add("GatherSlices", func(in []*Node) *Node {
		return GatherSlices(in[0], []int{1, 2}, Const(in[0].Graph(), [][]int32{{1, 2}, {0, 0}, {2, 1}}), []int{3, 2}, false)
	}, x)
	add("ScatterSum", func(in []*Node) *Node {
		return ScatterSum(in[0], Const(in[0].Graph(), [][]int32{{1}, {3}, {1}}), in[1], false, false)
	}, gradtest.Normal(1, 4, 3), gradtest.Normal(2, 3, 3))
	add("DynamicSlice", func(in []*Node) *Node {
		g := in[0].Graph()
		at := []*Node{Const(g, int32(0)), Const(g, int32(1)), Const(g, int32(2)), Const(g, int32(0))}
		return DynamicSlice(in[0], at, []int{2, 3, 2, 1})
	}, x)

	add("BatchNormForTraining", func(in []*Node) *Node {
		y, mean, variance := InternalBatchNormForTraining(in[0], in[1], in[2], 1e-3, 3)
		return Add(Add(y, Reshape(Square(mean), 1, 1, 1, 2)), Reshape(Sqrt(variance), 1, 1, 1, 2))
	}, x, gradtest.Normal(2, 2), gradtest.Normal(3, 2))
	add("BatchNormForTraining in the middle", func(in []*Node) *Node {
		y, _, _ := InternalBatchNormForTraining(in[0], in[1], in[2], 1e-3, 1)
		return y
	}, x, gradtest.Normal(2, 5), gradtest.Normal(3, 5))
	add("BatchNormGradient", func(in []*Node) *Node {
		dx, dScale, dOffset := InternalBatchNormGradient(in[0], in[1], in[2], Exp(in[3]), in[4], 1e-3, 3)
		return Mul(dx, Reshape(Add(dScale, dOffset), 1, 1, 1, 2))
	}, x, gradtest.Normal(2, 2), gradtest.Normal(3, 2), gradtest.Normal(5, 2), gradtest.Normal(6, 2, 5, 4, 2))
	add("BatchNormForInference", func(in []*Node) *Node {
		return InternalBatchNormForInference(in[0], in[1], in[2], in[3], Exp(in[4]), 1e-3, 3)
	}, x, gradtest.Normal(2, 2), gradtest.Normal(3, 2), gradtest.Normal(5, 2), gradtest.Normal(6, 2))

	add("WithGradient", func(in []*Node) *Node {
		x := in[0]
		y := Square(Square(x))
		return autodiff.WithGradient(y, x, func(v *Node) *Node { return Mul(v, MulScalar(Mul(x, Square(x)), 4)) })
	}, positive)
	where := func(in []*Node) *Node {
		return Where(GreaterThan(in[0], ScalarZero(in[0].Graph(), in[0].DType())), in[1], in[2])
	}
	add("Where", where, gradtest.Normal(1, 3, 4), gradtest.Normal(2, 3, 4), gradtest.Normal(3, 3, 4))
	add("Where of scalars", where, gradtest.Normal(1, 3, 4), gradtest.Normal(2), gradtest.Normal(3))
	add("Where of a scalar and a tensor", where, gradtest.Normal(1, 3, 4), gradtest.Normal(2), gradtest.Normal(3, 3, 4))
	return cases
}

func TestRules(t *testing.T) {
	for name, c := range ruleCases() {
		t.Run(name, func(t *testing.T) { check(t, c.f, c.in...) })
	}
}
