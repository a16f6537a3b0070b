package ref

import (
	"math"
	"math/bits"
	"math/cmplx"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
)

// chooseUnary covers operations of one operand whose result has the operand's dtype, or is its magnitude. Transcendental functions of
// 32-bit and narrower floats are computed in float64. Sign keeps the sign of a zero and returns NaN for NaN; Round
// rounds halves to even. The sign of a complex number is z/|z|.
func chooseUnary(n *ir.Node) evalFunc {
	op, dt := compute.OpType(n.Op), n.Inputs[0].Shape().DType
	if !likeOutput(n) && (op != compute.OpTypeAbs || !dt.IsComplex() || n.Shapes[0].DType != dt.RealDType()) {
		return nil
	}
	switch dt {
	case dtypes.Int8:
		return mapUnary(integerUnary[int8](op, 8), nativeView[int8], nativeSink[int8])
	case dtypes.Int16:
		return mapUnary(integerUnary[int16](op, 16), nativeView[int16], nativeSink[int16])
	case dtypes.Int32:
		return mapUnary(integerUnary[int32](op, 32), nativeView[int32], nativeSink[int32])
	case dtypes.Int64:
		return mapUnary(integerUnary[int64](op, 64), nativeView[int64], nativeSink[int64])
	case dtypes.Uint8:
		return mapUnary(integerUnary[uint8](op, 8), nativeView[uint8], nativeSink[uint8])
	case dtypes.Uint16:
		return mapUnary(integerUnary[uint16](op, 16), nativeView[uint16], nativeSink[uint16])
	case dtypes.Uint32:
		return mapUnary(integerUnary[uint32](op, 32), nativeView[uint32], nativeSink[uint32])
	case dtypes.Uint64:
		return mapUnary(integerUnary[uint64](op, 64), nativeView[uint64], nativeSink[uint64])
	case dtypes.Bool:
		if op != compute.OpTypeLogicalNot {
			return nil
		}
		return mapUnary(func(dst, a []uint8) { apply(dst, a, func(x uint8) uint8 { return x ^ 1 }) }, boolView, boolSink)
	case dtypes.Float64:
		return mapUnary(floatUnary[float64](op), nativeView[float64], nativeSink[float64])
	case dtypes.Float32, dtypes.Float16, dtypes.BFloat16:
		return mapUnary(floatUnary[float32](op), singleView, singleSink)
	case dtypes.Complex64, dtypes.Complex128:
		return mapUnary(complexUnary(op), complexView, complexSink)
	}
	return nil
}

func integerUnary[T integer](op compute.OpType, width int) unaryLoop[T, T] {
	mask := uint64(math.MaxUint64) >> (64 - width)
	switch op {
	case compute.OpTypeAbs:
		return func(dst, a []T) { apply(dst, a, absInt[T]) }
	case compute.OpTypeNeg:
		return func(dst, a []T) { apply(dst, a, func(x T) T { return -x }) }
	case compute.OpTypeSign:
		return func(dst, a []T) { apply(dst, a, func(x T) T { return T(bit(x > 0)) - T(bit(x < 0)) }) }
	case compute.OpTypeBitwiseNot:
		return func(dst, a []T) { apply(dst, a, func(x T) T { return ^x }) }
	case compute.OpTypeBitCount:
		return func(dst, a []T) { apply(dst, a, func(x T) T { return T(bits.OnesCount64(uint64(x) & mask)) }) }
	case compute.OpTypeClz:
		return func(dst, a []T) { apply(dst, a, func(x T) T { return T(width - bits.Len64(uint64(x)&mask)) }) }
	}
	return nil
}

// absInt leaves the smallest signed integer, which has no positive counterpart, as it is.
func absInt[T integer](x T) T {
	if x < 0 {
		return -x
	}
	return x
}

// floatFunctions are computed in float64 for every float dtype.
var floatFunctions = map[compute.OpType]func(float64) float64{
	compute.OpTypeExp:      math.Exp,
	compute.OpTypeExpm1:    math.Expm1,
	compute.OpTypeLog:      math.Log,
	compute.OpTypeLog1p:    math.Log1p,
	compute.OpTypeLogistic: logistic,
	compute.OpTypeCeil:     math.Ceil,
	compute.OpTypeFloor:    math.Floor,
	compute.OpTypeRound:    math.RoundToEven,
	compute.OpTypeRsqrt:    func(x float64) float64 { return 1 / math.Sqrt(x) },
	compute.OpTypeCos:      math.Cos,
	compute.OpTypeSin:      math.Sin,
	compute.OpTypeTanh:     math.Tanh,
	compute.OpTypeErf:      math.Erf,
	compute.OpTypeSign:     signFloat,
}

func floatUnary[T float](op compute.OpType) unaryLoop[T, T] {
	switch op {
	case compute.OpTypeAbs:
		return func(dst, a []T) { apply(dst, a, func(x T) T { return T(math.Abs(float64(x))) }) }
	case compute.OpTypeNeg:
		return func(dst, a []T) { apply(dst, a, func(x T) T { return -x }) }
	case compute.OpTypeSqrt:
		return func(dst, a []T) { apply(dst, a, func(x T) T { return T(math.Sqrt(float64(x))) }) }
	}
	f := floatFunctions[op]
	if f == nil {
		return nil
	}
	return func(dst, a []T) { apply(dst, a, func(x T) T { return T(f(float64(x))) }) }
}

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func signFloat(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x // zero of either sign, NaN
}

var complexFunctions = map[compute.OpType]func(complex128) complex128{
	compute.OpTypeAbs:   func(x complex128) complex128 { return complex(cmplx.Abs(x), 0) },
	compute.OpTypeNeg:   func(x complex128) complex128 { return -x },
	compute.OpTypeConj:  cmplx.Conj,
	compute.OpTypeExp:   cmplx.Exp,
	compute.OpTypeExpm1: expm1Complex,
	compute.OpTypeLog:   cmplx.Log,
	compute.OpTypeLog1p: func(x complex128) complex128 { return complex(log1pModulus(x), cmplx.Phase(1+x)) },
	compute.OpTypeSqrt:  cmplx.Sqrt,
	compute.OpTypeRsqrt: func(x complex128) complex128 { return 1 / cmplx.Sqrt(x) },
	compute.OpTypeSign: func(x complex128) complex128 {
		if x == 0 {
			return x
		}
		return x / complex(cmplx.Abs(x), 0)
	},
}

func complexUnary(op compute.OpType) unaryLoop[complex128, complex128] {
	f := complexFunctions[op]
	if f == nil {
		return nil
	}
	return func(dst, a []complex128) { apply(dst, a, f) }
}

// expm1Complex is e^z - 1 without cancellation near 0: Re = expm1(a)·cos b - 2·sin²(b/2), Im = e^a·sin b.
func expm1Complex(z complex128) complex128 {
	a, b := real(z), imag(z)
	half := math.Sin(b / 2)
	return complex(math.Expm1(a)*math.Cos(b)-2*half*half, math.Exp(a)*math.Sin(b))
}

// log1pModulus is log|1+z| without cancellation near 0: ½·log1p(2a + a² + b²).
func log1pModulus(z complex128) float64 {
	a, b := real(z), imag(z)
	if math.Abs(a) < 0.5 && math.Abs(b) < 0.5 {
		return math.Log1p(a*(2+a)+b*b) / 2
	}
	return math.Log(cmplx.Abs(1 + z))
}

// choosePart covers Real and Imag, of floats too: themselves and zero.
func choosePart(n *ir.Node) evalFunc {
	imaginary := compute.OpType(n.Op) == compute.OpTypeImag
	dt := n.Inputs[0].Shape().DType
	if !dt.IsComplex() && !dt.IsFloat() || !n.Shapes[0].DType.IsFloat() {
		return nil
	}
	return mapUnary(func(dst []float64, a []complex128) {
		apply(dst, a, func(x complex128) float64 {
			if imaginary {
				return imag(x)
			}
			return real(x)
		})
	}, complexView, floatSink)
}

// chooseConj adds floats, which are their own conjugates, to the complex numbers.
func chooseConj(n *ir.Node) evalFunc {
	if n.Shapes[0].DType.IsFloat() && likeOutput(n) {
		return copyInput
	}
	return chooseUnary(n)
}

// chooseComplex covers Complex(real, imaginary).
func chooseComplex(n *ir.Node) evalFunc {
	if !n.Inputs[0].Shape().DType.IsFloat() || !n.Inputs[1].Shape().DType.IsFloat() || !n.Shapes[0].DType.IsComplex() {
		return nil
	}
	return mapBinary(func(dst []complex128, a, b []float64) {
		zip(dst, a, b, func(x, y float64) complex128 { return complex(x, y) })
	}, floatView, complexSink)
}

// choosePredicate covers IsNaN and IsFinite; a complex number is NaN if one part is, and finite if both are. Integers
// are finite.
func choosePredicate(n *ir.Node) evalFunc {
	if n.Shapes[0].DType != dtypes.Bool {
		return nil
	}
	holds, both := math.IsNaN, false
	if compute.OpType(n.Op) == compute.OpTypeIsFinite {
		holds, both = isFinite, true
	}
	switch classOf(n.Inputs[0].Shape().DType) {
	case classFloat:
		return mapUnary(func(dst []uint8, a []float64) {
			apply(dst, a, func(x float64) uint8 { return bit(holds(x)) })
		}, floatView, boolSink)
	case classComplex:
		return mapUnary(func(dst []uint8, a []complex128) {
			apply(dst, a, func(x complex128) uint8 {
				re, im := holds(real(x)), holds(imag(x))
				return bit(re && im || !both && (re || im))
			})
		}, complexView, boolSink)
	case classInt, classUint:
		return func(_ *ir.Node, _, out []tensor.Tensor) error {
			fill(out[0].Data, bit(both))
			return nil
		}
	}
	return nil
}

func isFinite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
