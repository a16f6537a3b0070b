package cpu

import "github.com/gomlx/compute"

// Elementwise operations of two operands. Scalars are broadcast, and so are axes of length 1.

func (f *function) Add(lhs, rhs compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeAdd, nil, lhs, rhs)
}

func (f *function) Atan2(lhs, rhs compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeAtan2, nil, lhs, rhs)
}

func (f *function) BitwiseAnd(lhs, rhs compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeBitwiseAnd, nil, lhs, rhs)
}

func (f *function) BitwiseOr(lhs, rhs compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeBitwiseOr, nil, lhs, rhs)
}

func (f *function) BitwiseXor(lhs, rhs compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeBitwiseXor, nil, lhs, rhs)
}

func (f *function) Complex(lhs, rhs compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeComplex, nil, lhs, rhs)
}

func (f *function) Div(lhs, rhs compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeDiv, nil, lhs, rhs)
}

func (f *function) Equal(lhs, rhs compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeEqual, nil, lhs, rhs)
}

func (f *function) EqualTotalOrder(lhs, rhs compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeEqualTotalOrder, nil, lhs, rhs)
}

func (f *function) GreaterOrEqual(lhs, rhs compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeGreaterOrEqual, nil, lhs, rhs)
}

func (f *function) GreaterOrEqualTotalOrder(lhs, rhs compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeGreaterOrEqualTotalOrder, nil, lhs, rhs)
}

func (f *function) GreaterThan(lhs, rhs compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeGreaterThan, nil, lhs, rhs)
}

func (f *function) GreaterThanTotalOrder(lhs, rhs compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeGreaterThanTotalOrder, nil, lhs, rhs)
}

func (f *function) LessOrEqual(lhs, rhs compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeLessOrEqual, nil, lhs, rhs)
}

func (f *function) LessOrEqualTotalOrder(lhs, rhs compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeLessOrEqualTotalOrder, nil, lhs, rhs)
}

func (f *function) LessThan(lhs, rhs compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeLessThan, nil, lhs, rhs)
}

func (f *function) LessThanTotalOrder(lhs, rhs compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeLessThanTotalOrder, nil, lhs, rhs)
}

func (f *function) LogicalAnd(lhs, rhs compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeLogicalAnd, nil, lhs, rhs)
}

func (f *function) LogicalOr(lhs, rhs compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeLogicalOr, nil, lhs, rhs)
}

func (f *function) LogicalXor(lhs, rhs compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeLogicalXor, nil, lhs, rhs)
}

func (f *function) Max(lhs, rhs compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeMax, nil, lhs, rhs)
}

func (f *function) Min(lhs, rhs compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeMin, nil, lhs, rhs)
}

func (f *function) Mul(lhs, rhs compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeMul, nil, lhs, rhs)
}

func (f *function) NotEqual(lhs, rhs compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeNotEqual, nil, lhs, rhs)
}

func (f *function) NotEqualTotalOrder(lhs, rhs compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeNotEqualTotalOrder, nil, lhs, rhs)
}

func (f *function) Pow(lhs, rhs compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypePow, nil, lhs, rhs)
}

func (f *function) Rem(lhs, rhs compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeRem, nil, lhs, rhs)
}

func (f *function) ShiftLeft(lhs, rhs compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeShiftLeft, nil, lhs, rhs)
}

func (f *function) ShiftRightArithmetic(lhs, rhs compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeShiftRightArithmetic, nil, lhs, rhs)
}

func (f *function) ShiftRightLogical(lhs, rhs compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeShiftRightLogical, nil, lhs, rhs)
}

func (f *function) Sub(lhs, rhs compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeSub, nil, lhs, rhs)
}
