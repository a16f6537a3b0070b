package cpu

import "github.com/gomlx/compute"

// Elementwise operations of one operand.

func (f *function) Abs(x compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeAbs, nil, x)
}

func (f *function) BitCount(x compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeBitCount, nil, x)
}

func (f *function) BitwiseNot(x compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeBitwiseNot, nil, x)
}

func (f *function) Ceil(x compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeCeil, nil, x)
}

func (f *function) Clz(x compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeClz, nil, x)
}

func (f *function) Conj(x compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeConj, nil, x)
}

func (f *function) Cos(x compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeCos, nil, x)
}

func (f *function) Erf(x compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeErf, nil, x)
}

func (f *function) Exp(x compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeExp, nil, x)
}

func (f *function) Expm1(x compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeExpm1, nil, x)
}

func (f *function) Floor(x compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeFloor, nil, x)
}

func (f *function) Identity(x compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeIdentity, nil, x)
}

func (f *function) Imag(x compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeImag, nil, x)
}

func (f *function) IsFinite(x compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeIsFinite, nil, x)
}

func (f *function) IsNaN(x compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeIsNaN, nil, x)
}

func (f *function) Log(x compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeLog, nil, x)
}

func (f *function) Log1p(x compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeLog1p, nil, x)
}

func (f *function) LogicalNot(x compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeLogicalNot, nil, x)
}

func (f *function) Logistic(x compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeLogistic, nil, x)
}

func (f *function) Neg(x compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeNeg, nil, x)
}

func (f *function) Real(x compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeReal, nil, x)
}

func (f *function) Round(x compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeRound, nil, x)
}

func (f *function) Rsqrt(x compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeRsqrt, nil, x)
}

func (f *function) Sign(x compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeSign, nil, x)
}

func (f *function) Sin(x compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeSin, nil, x)
}

func (f *function) Sqrt(x compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeSqrt, nil, x)
}

func (f *function) Tanh(x compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeTanh, nil, x)
}
