package ir

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapeinference"
	"github.com/gomlx/compute/shapes"
)

func inferUnary(op compute.OpType, _ any, in []shapes.Shape) ([]shapes.Shape, error) {
	return one(shapeinference.UnaryOp(op, in[0]))
}

// inferAbs gives the magnitude of a complex number, which is real.
func inferAbs(op compute.OpType, _ any, in []shapes.Shape) ([]shapes.Shape, error) {
	out, err := shapeinference.UnaryOp(op, in[0])
	if err == nil && out.DType.IsComplex() {
		out = out.Clone()
		out.DType = out.DType.RealDType()
	}
	return one(out, err)
}

// inferRealPart is Real and Imag, which take real numbers as well.
func inferRealPart(op compute.OpType, _ any, in []shapes.Shape) ([]shapes.Shape, error) {
	out := in[0].Clone()
	switch {
	case out.DType.IsComplex():
		out.DType = out.DType.RealDType()
	case !out.DType.IsFloat():
		return errOf("%v takes complex or float numbers", op)
	}
	return one(out, nil)
}

func inferIsNumber(op compute.OpType, _ any, in []shapes.Shape) ([]shapes.Shape, error) {
	out := in[0].Clone()
	if !out.DType.IsFloat() && !out.DType.IsComplex() {
		return errOf("%v takes float or complex numbers", op)
	}
	out.DType = dtypes.Bool
	return one(out, nil)
}

func inferBinary(op compute.OpType, _ any, in []shapes.Shape) ([]shapes.Shape, error) {
	if op == compute.OpTypeAtan2 && in[0].DType == in[1].DType && !in[0].DType.IsFloat() {
		return errOf("Atan2 takes float numbers")
	}
	out, err := shapeinference.BinaryOp(op, in[0], in[1])
	return one(zeroWins(out, in), err)
}

func inferComparison(op compute.OpType, _ any, in []shapes.Shape) ([]shapes.Shape, error) {
	if op == compute.OpTypeNotEqualTotalOrder {
		op = compute.OpTypeEqualTotalOrder // missing from the shape library's tables; same rule
	}
	out, err := shapeinference.ComparisonOp(op, in[0], in[1])
	return one(zeroWins(out, in), err)
}

// zeroWins corrects the broadcast of an axis of length 1 against one of length 0, which has length 0.
func zeroWins(out shapes.Shape, in []shapes.Shape) shapes.Shape {
	if in[0].Rank() != in[1].Rank() || !out.Ok() {
		return out
	}
	for axis := range out.Dimensions {
		if in[0].Dimensions[axis] == 0 || in[1].Dimensions[axis] == 0 {
			out.Dimensions[axis] = 0
		}
	}
	return out
}

func inferComplex(_ compute.OpType, _ any, in []shapes.Shape) ([]shapes.Shape, error) {
	if d := in[0].DType; d != dtypes.Float32 && d != dtypes.Float64 {
		return errOf("real and imaginary parts must be Float32 or Float64")
	}
	out, err := shapeinference.BinaryOp(compute.OpTypeAdd, in[0], in[1])
	if err != nil {
		return nil, err
	}
	out = zeroWins(out, in).Clone()
	if out.DType == dtypes.Float32 {
		out.DType = dtypes.Complex64
	} else {
		out.DType = dtypes.Complex128
	}
	return one(out, nil)
}

func inferWhere(_ compute.OpType, _ any, in []shapes.Shape) ([]shapes.Shape, error) {
	return one(shapeinference.Where(in[0], in[1], in[2]))
}

// inferClamp is Clamp(min, x, max): the bounds are scalars or have x's shape.
func inferClamp(_ compute.OpType, _ any, in []shapes.Shape) ([]shapes.Shape, error) {
	low, x, high := in[0], in[1], in[2]
	if low.DType != x.DType || high.DType != x.DType {
		return errOf("the bounds must have the type of x")
	}
	for _, bound := range []shapes.Shape{low, high} {
		if !bound.IsScalar() && !bound.EqualDimensions(x) {
			return errOf("the bounds must be scalars or have the shape of x")
		}
	}
	if x.DType == dtypes.Bool || x.DType.IsComplex() {
		return errOf("Clamp takes integers or floats")
	}
	return one(x, nil)
}

func inferIdentity(_ compute.OpType, _ any, in []shapes.Shape) ([]shapes.Shape, error) {
	return append([]shapes.Shape(nil), in...), nil
}

func inferSchedulingBarrier(_ compute.OpType, _ any, in []shapes.Shape) ([]shapes.Shape, error) {
	return one(in[0], nil)
}

func inferConvertDType(_ compute.OpType, attr any, in []shapes.Shape) ([]shapes.Shape, error) {
	out := in[0].Clone()
	out.DType = attr.(DTypeAttr).DType
	if out.DType == dtypes.InvalidDType {
		return errOf("the target type is not valid")
	}
	return one(out, nil)
}

func inferBitcast(_ compute.OpType, attr any, in []shapes.Shape) ([]shapes.Shape, error) {
	to := attr.(DTypeAttr).DType
	if to == dtypes.InvalidDType {
		return errOf("the target type is not valid")
	}
	if in[0].IsScalar() && to.Bits() > in[0].DType.Bits() {
		return errOf("a scalar has no axis to combine into a larger type")
	}
	return one(shapeinference.Bitcast(in[0], to))
}
