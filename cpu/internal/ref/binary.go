package ref

import (
	"math"
	"math/cmplx"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
)

// chooseBinary covers the arithmetic, bitwise, logical and shift operations of two operands.
//
// Integers wrap. Division by zero gives all bits set, -1 or the largest unsigned value, and leaves the dividend as
// remainder; the smallest integer divided by -1 is itself, remainder 0. Rem has the sign of the dividend. Integer Pow
// with a negative exponent is 0, but for the bases 1 and -1. Shifts by a negative count or by as many bits as there
// are give 0, and the arithmetic right shift fills with the top bit, of unsigned types too. Max and Min return NaN if
// either operand is one, and order -0 below +0.
func chooseBinary(n *ir.Node) evalFunc {
	op := compute.OpType(n.Op)
	if !likeOutput(n) {
		return nil
	}
	switch n.Shapes[0].DType {
	case dtypes.Int8:
		return signedBinary[int8, uint8](op)
	case dtypes.Int16:
		return signedBinary[int16, uint16](op)
	case dtypes.Int32:
		return signedBinary[int32, uint32](op)
	case dtypes.Int64:
		return signedBinary[int64, uint64](op)
	case dtypes.Uint8:
		return unsignedBinary[uint8, int8](op)
	case dtypes.Uint16:
		return unsignedBinary[uint16, int16](op)
	case dtypes.Uint32:
		return unsignedBinary[uint32, int32](op)
	case dtypes.Uint64:
		return unsignedBinary[uint64, int64](op)
	case dtypes.Bool:
		return mapBinary(logicalLoop(op), boolView, boolSink)
	case dtypes.Float64:
		return mapBinary(floatLoop[float64](op), nativeView[float64], nativeSink[float64])
	case dtypes.Float32, dtypes.Float16, dtypes.BFloat16:
		return mapBinary(floatLoop[float32](op), singleView, singleSink)
	case dtypes.Complex64:
		return mapBinary(complexLoop[complex64](op), nativeView[complex64], nativeSink[complex64])
	case dtypes.Complex128:
		return mapBinary(complexLoop[complex128](op), nativeView[complex128], nativeSink[complex128])
	}
	return nil
}

func signedBinary[T, U integer](op compute.OpType) evalFunc {
	loop := integerLoop[T](op)
	if loop == nil {
		loop = shiftLoop[T, U, T](op)
	}
	return mapBinary(loop, nativeView[T], nativeSink[T])
}

func unsignedBinary[T, S integer](op compute.OpType) evalFunc {
	loop := integerLoop[T](op)
	if loop == nil {
		loop = shiftLoop[T, T, S](op)
	}
	return mapBinary(loop, nativeView[T], nativeSink[T])
}

func integerLoop[T integer](op compute.OpType) binaryLoop[T, T] {
	switch op {
	case compute.OpTypeAdd:
		return func(dst, a, b []T) { zip(dst, a, b, func(x, y T) T { return x + y }) }
	case compute.OpTypeSub:
		return func(dst, a, b []T) { zip(dst, a, b, func(x, y T) T { return x - y }) }
	case compute.OpTypeMul:
		return func(dst, a, b []T) { zip(dst, a, b, func(x, y T) T { return x * y }) }
	case compute.OpTypeDiv:
		return func(dst, a, b []T) { zip(dst, a, b, divInt[T]) }
	case compute.OpTypeRem:
		return func(dst, a, b []T) { zip(dst, a, b, remInt[T]) }
	case compute.OpTypePow:
		return func(dst, a, b []T) { zip(dst, a, b, powInt[T]) }
	case compute.OpTypeMax:
		return func(dst, a, b []T) { zip(dst, a, b, func(x, y T) T { return max(x, y) }) }
	case compute.OpTypeMin:
		return func(dst, a, b []T) { zip(dst, a, b, func(x, y T) T { return min(x, y) }) }
	case compute.OpTypeBitwiseAnd:
		return func(dst, a, b []T) { zip(dst, a, b, func(x, y T) T { return x & y }) }
	case compute.OpTypeBitwiseOr:
		return func(dst, a, b []T) { zip(dst, a, b, func(x, y T) T { return x | y }) }
	case compute.OpTypeBitwiseXor:
		return func(dst, a, b []T) { zip(dst, a, b, func(x, y T) T { return x ^ y }) }
	}
	return nil
}

// shiftLoop has T as an unsigned and as a signed type of the same size: U to shift in zeros, and S the top bit. A
// negative count is a huge unsigned one, and Go shifts by any count.
//
//go:noinline
func shiftLoop[T, U, S integer](op compute.OpType) binaryLoop[T, T] {
	switch op {
	case compute.OpTypeShiftLeft:
		return func(dst, a, b []T) { zip(dst, a, b, func(x, y T) T { return x << uint64(U(y)) }) }
	case compute.OpTypeShiftRightLogical:
		return func(dst, a, b []T) { zip(dst, a, b, func(x, y T) T { return T(U(x) >> uint64(U(y))) }) }
	case compute.OpTypeShiftRightArithmetic:
		return func(dst, a, b []T) { zip(dst, a, b, func(x, y T) T { return T(S(x) >> uint64(U(y))) }) }
	}
	return nil
}

//go:noinline
func logicalLoop(op compute.OpType) binaryLoop[uint8, uint8] {
	switch op {
	case compute.OpTypeLogicalAnd, compute.OpTypeMin:
		return func(dst, a, b []uint8) { zip(dst, a, b, func(x, y uint8) uint8 { return x & y }) }
	case compute.OpTypeLogicalOr, compute.OpTypeMax:
		return func(dst, a, b []uint8) { zip(dst, a, b, func(x, y uint8) uint8 { return x | y }) }
	case compute.OpTypeLogicalXor:
		return func(dst, a, b []uint8) { zip(dst, a, b, func(x, y uint8) uint8 { return x ^ y }) }
	}
	return nil
}

func floatLoop[T float](op compute.OpType) binaryLoop[T, T] {
	switch op {
	case compute.OpTypeAdd:
		return func(dst, a, b []T) { zip(dst, a, b, func(x, y T) T { return x + y }) }
	case compute.OpTypeSub:
		return func(dst, a, b []T) { zip(dst, a, b, func(x, y T) T { return x - y }) }
	case compute.OpTypeMul:
		return func(dst, a, b []T) { zip(dst, a, b, func(x, y T) T { return x * y }) }
	case compute.OpTypeDiv:
		return func(dst, a, b []T) { zip(dst, a, b, func(x, y T) T { return x / y }) }
	case compute.OpTypeRem:
		return func(dst, a, b []T) { zip(dst, a, b, func(x, y T) T { return T(math.Mod(float64(x), float64(y))) }) }
	case compute.OpTypePow:
		return func(dst, a, b []T) { zip(dst, a, b, func(x, y T) T { return T(math.Pow(float64(x), float64(y))) }) }
	case compute.OpTypeAtan2:
		return func(dst, a, b []T) { zip(dst, a, b, func(x, y T) T { return T(math.Atan2(float64(x), float64(y))) }) }
	case compute.OpTypeMax:
		return func(dst, a, b []T) { zip(dst, a, b, func(x, y T) T { return max(x, y) }) }
	case compute.OpTypeMin:
		return func(dst, a, b []T) { zip(dst, a, b, func(x, y T) T { return min(x, y) }) }
	}
	return nil
}

func complexLoop[T complex64 | complex128](op compute.OpType) binaryLoop[T, T] {
	switch op {
	case compute.OpTypeAdd:
		return func(dst, a, b []T) { zip(dst, a, b, func(x, y T) T { return x + y }) }
	case compute.OpTypeSub:
		return func(dst, a, b []T) { zip(dst, a, b, func(x, y T) T { return x - y }) }
	case compute.OpTypeMul:
		return func(dst, a, b []T) { zip(dst, a, b, func(x, y T) T { return x * y }) }
	case compute.OpTypeDiv:
		return func(dst, a, b []T) { zip(dst, a, b, func(x, y T) T { return x / y }) }
	case compute.OpTypePow:
		return func(dst, a, b []T) {
			zip(dst, a, b, func(x, y T) T { return T(cmplx.Pow(complex128(x), complex128(y))) })
		}
	}
	return nil
}

func divInt[T integer](x, y T) T {
	if y == 0 {
		return ^T(0)
	}
	return x / y
}

func remInt[T integer](x, y T) T {
	if y == 0 {
		return x
	}
	return x % y
}

func powInt[T integer](base, exponent T) T {
	if exponent < 0 {
		switch {
		case base == 1, base == ^T(0) && exponent&1 == 0:
			return 1
		case base == ^T(0): // -1: an unsigned exponent is never negative
			return base
		}
		return 0
	}
	power := T(1)
	for ; exponent > 0; exponent >>= 1 {
		if exponent&1 == 1 {
			power *= base
		}
		base *= base
	}
	return power
}
