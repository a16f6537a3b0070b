package pass

import (
	"math"
	"slices"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
)

// decompose writes GoMLX's compound operations on float32 and float64 as elementwise operations, reductions and
// products, which fuse with what surrounds them.
func decompose(f *ir.Func) bool {
	return rewrite(f, func(e *editor, n *ir.Node) ([]ir.Value, bool) {
		if len(n.Inputs) == 0 || !isFloat(n.Inputs[0].Shape().DType) || n.Shapes[0].Size() == 0 {
			return nil, false
		}
		switch a := n.Attr.(type) {
		case ir.BatchNormAttr:
			switch n.Op {
			case op(compute.OpTypeBatchNormForTraining):
				return batchNormTraining(e, n, a), true
			case op(compute.OpTypeBatchNormForInference):
				in := n.Inputs
				return []ir.Value{batchNorm(e, a, in[0], in[1], in[2], in[3], in[4])}, true
			case op(compute.OpTypeBatchNormGradient):
				return batchNormGradient(e, n, a), true
			}
		case ir.SoftmaxAttr:
			return []ir.Value{softmax(e, n.Inputs[0], a.Axis)}, true
		case ir.GeluAttr:
			return []ir.Value{gelu(e, n.Inputs[0], a.Exact)}, true
		case ir.LayerNormAttr:
			return []ir.Value{layerNorm(e, n, a)}, true
		case ir.DenseAttr:
			return []ir.Value{dense(e, n, a)}, true
		}
		return nil, false
	})
}

// unary adds an elementwise operation of one operand.
func (e *editor) unary(o compute.OpType, x ir.Value) ir.Value { return e.add(o, nil, x.Shape(), x) }

// binary adds an elementwise operation of two operands, at least one of which has the shape of the result; the other
// may be a scalar or have axes of length 1.
func (e *editor) binary(o compute.OpType, a, b ir.Value) ir.Value {
	out := a.Shape()
	if b.Shape().Size() > out.Size() || out.IsScalar() {
		out = b.Shape()
	}
	return e.add(o, nil, out, a, b)
}

// binaryNumber adds an elementwise operation of x and a constant.
func (e *editor) binaryNumber(o compute.OpType, x ir.Value, c float64) ir.Value {
	return e.binary(o, x, e.scalar(x.Shape().DType, c))
}

// reduceKeep reduces axes and keeps them with length 1.
func (e *editor) reduceKeep(o compute.OpType, x ir.Value, axes ...int) ir.Value {
	var reduced, kept []int
	for a, d := range x.Shape().Dimensions {
		if slices.Contains(axes, a) {
			kept = append(kept, 1)
			continue
		}
		reduced, kept = append(reduced, d), append(kept, d)
	}
	axes = slices.Sorted(slices.Values(axes))
	return e.reshape(e.add(o, ir.ReduceAttr{Axes: axes}, shapes.Make(x.Shape().DType, reduced...), x), kept...)
}

// otherAxes are all axes of x but one.
func otherAxes(x ir.Value, axis int) []int {
	var axes []int
	for a := range x.Shape().Rank() {
		if a != axis {
			axes = append(axes, a)
		}
	}
	return axes
}

// along gives a value with one element per feature the rank of x, with its elements along axis.
func (e *editor) along(x, perFeature ir.Value, axis int) ir.Value {
	dims := slices.Repeat([]int{1}, x.Shape().Rank())
	dims[axis] = x.Shape().Dimensions[axis]
	return e.reshape(perFeature, dims...)
}

// rsqrtOf is 1/sqrt(variance + epsilon).
func (e *editor) rsqrtOf(variance ir.Value, epsilon float64) ir.Value {
	return e.unary(compute.OpTypeRsqrt, e.binaryNumber(compute.OpTypeAdd, variance, epsilon))
}

// batchNorm is (x - mean)·(scale·rsqrt(variance + ε)) + offset.
func batchNorm(e *editor, a ir.BatchNormAttr, x, scale, offset, mean, variance ir.Value) ir.Value {
	factor := e.binary(compute.OpTypeMul, scale, e.rsqrtOf(variance, float64(a.Epsilon)))
	centred := e.binary(compute.OpTypeSub, x, e.along(x, mean, a.Axis))
	scaled := e.binary(compute.OpTypeMul, centred, e.along(x, factor, a.Axis))
	return e.binary(compute.OpTypeAdd, scaled, e.along(x, offset, a.Axis))
}

// meanAndVariance over axes, kept with length 1. The variance is the mean of the squared differences from the mean.
func meanAndVariance(e *editor, x ir.Value, axes []int) (mean, variance ir.Value) {
	count := 1
	for _, a := range axes {
		count *= x.Shape().Dimensions[a]
	}
	average := func(v ir.Value) ir.Value {
		return e.binaryNumber(compute.OpTypeDiv, e.reduceKeep(compute.OpTypeReduceSum, v, axes...), float64(count))
	}
	mean = average(x)
	centred := e.binary(compute.OpTypeSub, x, mean)
	return mean, average(e.binary(compute.OpTypeMul, centred, centred))
}

func batchNormTraining(e *editor, n *ir.Node, a ir.BatchNormAttr) []ir.Value {
	x := n.Inputs[0]
	mean, variance := meanAndVariance(e, x, otherAxes(x, a.Axis))
	features := x.Shape().Dimensions[a.Axis]
	mean, variance = e.reshape(mean, features), e.reshape(variance, features)
	return []ir.Value{batchNorm(e, a, x, n.Inputs[1], n.Inputs[2], mean, variance), mean, variance}
}

// batchNormGradient, with x̂ = (x - mean)·r and r = rsqrt(variance + ε):
//
//	d offset = Σ dy    d scale = Σ dy·x̂    dx = scale·r·(dy - d offset/n - x̂·d scale/n)
func batchNormGradient(e *editor, n *ir.Node, a ir.BatchNormAttr) []ir.Value {
	x, scale, mean, variance, dy := n.Inputs[0], n.Inputs[1], n.Inputs[2], n.Inputs[3], n.Inputs[4]
	axes := otherAxes(x, a.Axis)
	features := x.Shape().Dimensions[a.Axis]
	count := float64(x.Shape().Size() / features)
	r := e.rsqrtOf(variance, float64(a.Epsilon))
	centred := e.binary(compute.OpTypeSub, x, e.along(x, mean, a.Axis))
	xhat := e.binary(compute.OpTypeMul, centred, e.along(x, r, a.Axis))
	dOffset := e.reduceKeep(compute.OpTypeReduceSum, dy, axes...)
	dScale := e.reduceKeep(compute.OpTypeReduceSum, e.binary(compute.OpTypeMul, dy, xhat), axes...)
	dx := e.binary(compute.OpTypeSub, dy, e.binaryNumber(compute.OpTypeDiv, dOffset, count))
	dx = e.binary(compute.OpTypeSub, dx, e.binary(compute.OpTypeMul, xhat, e.binaryNumber(compute.OpTypeDiv, dScale, count)))
	dx = e.binary(compute.OpTypeMul, dx, e.along(x, e.binary(compute.OpTypeMul, scale, r), a.Axis))
	return []ir.Value{dx, e.reshape(dScale, features), e.reshape(dOffset, features)}
}

// softmax is exp(x - max)/Σ exp(x - max) along axis.
func softmax(e *editor, x ir.Value, axis int) ir.Value {
	shifted := e.binary(compute.OpTypeSub, x, e.reduceKeep(compute.OpTypeReduceMax, x, axis))
	exp := e.unary(compute.OpTypeExp, shifted)
	return e.binary(compute.OpTypeDiv, exp, e.reduceKeep(compute.OpTypeReduceSum, exp, axis))
}

// gelu is x·Φ(x), with Φ the normal distribution function, or its approximation by tanh.
func gelu(e *editor, x ir.Value, exact bool) ir.Value {
	if exact {
		erf := e.unary(compute.OpTypeErf, e.binaryNumber(compute.OpTypeDiv, x, math.Sqrt2))
		return halfOnePlusTimes(e, x, erf)
	}
	cube := e.binary(compute.OpTypeMul, e.binary(compute.OpTypeMul, x, x), x)
	inner := e.binary(compute.OpTypeAdd, x, e.binaryNumber(compute.OpTypeMul, cube, 0.044715))
	tanh := e.unary(compute.OpTypeTanh, e.binaryNumber(compute.OpTypeMul, inner, math.Sqrt(2/math.Pi)))
	return halfOnePlusTimes(e, x, tanh)
}

// halfOnePlusTimes is x·(1 + t)/2.
func halfOnePlusTimes(e *editor, x, t ir.Value) ir.Value {
	half := e.binaryNumber(compute.OpTypeMul, e.binaryNumber(compute.OpTypeAdd, t, 1), 0.5)
	return e.binary(compute.OpTypeMul, x, half)
}

// layerNorm is (x - mean)·rsqrt(variance + ε)·gamma + beta over the given axes; gamma and beta, each of which may be
// missing, are aligned with the last axes of x.
func layerNorm(e *editor, n *ir.Node, a ir.LayerNormAttr) ir.Value {
	x, rest := n.Inputs[0], n.Inputs[1:]
	mean, variance := meanAndVariance(e, x, a.Axes)
	y := e.binary(compute.OpTypeMul, e.binary(compute.OpTypeSub, x, mean), e.rsqrtOf(variance, a.Epsilon))
	aligned := func(v ir.Value) ir.Value {
		ones := slices.Repeat([]int{1}, x.Shape().Rank()-v.Shape().Rank())
		return e.reshape(v, append(ones, v.Shape().Dimensions...)...)
	}
	if a.HasGamma {
		y = e.binary(compute.OpTypeMul, y, aligned(rest[0]))
		rest = rest[1:]
	}
	if a.HasBeta {
		y = e.binary(compute.OpTypeAdd, y, aligned(rest[0]))
	}
	return y
}

// dense is activation(x·W + bias).
func dense(e *editor, n *ir.Node, a ir.DenseAttr) ir.Value {
	x, w := n.Inputs[0], n.Inputs[1]
	attr := ir.DotAttr{LhsContracting: []int{x.Shape().Rank() - 1}, RhsContracting: []int{0}}
	if a.Config.WeightLayout == compute.DenseLayoutOutputsInput {
		attr.RhsContracting = []int{w.Shape().Rank() - 1}
	}
	y := e.add(compute.OpTypeDotGeneral, attr, n.Shapes[0], x, w)
	if a.HasBias {
		bias := n.Inputs[2]
		rank := n.Shapes[0].Rank()
		var axes []int
		for i := range bias.Shape().Rank() {
			axes = append(axes, rank-bias.Shape().Rank()+i)
		}
		y = e.binary(compute.OpTypeAdd, y, e.broadcast(bias, n.Shapes[0].Dimensions, axes))
	}
	switch a.Config.Activation {
	case compute.ActivationGelu:
		return gelu(e, y, true)
	case compute.ActivationRelu:
		return e.binaryNumber(compute.OpTypeMax, y, 0)
	case compute.ActivationSilu:
		return e.binary(compute.OpTypeMul, y, e.unary(compute.OpTypeLogistic, y))
	case compute.ActivationTanh:
		return e.unary(compute.OpTypeTanh, y)
	case compute.ActivationHardSwish:
		gate := e.binaryNumber(compute.OpTypeAdd, e.binaryNumber(compute.OpTypeMul, y, 1.0/6), 0.5)
		gate = e.binaryNumber(compute.OpTypeMin, e.binaryNumber(compute.OpTypeMax, gate, 0), 1)
		return e.binary(compute.OpTypeMul, y, gate)
	}
	return y
}
