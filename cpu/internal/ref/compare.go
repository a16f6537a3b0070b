package ref

import (
	"math"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
)

// relation names a comparison and whether it uses the total order, in which -NaN < -Inf < ... < -0 < +0 < ... < +NaN;
// otherwise NaN is unequal to everything and unordered.
type relation struct {
	op    compute.OpType
	total bool
}

func relationOf(op compute.OpType) relation {
	switch op {
	case compute.OpTypeEqualTotalOrder:
		return relation{compute.OpTypeEqual, true}
	case compute.OpTypeNotEqualTotalOrder:
		return relation{compute.OpTypeNotEqual, true}
	case compute.OpTypeLessThanTotalOrder:
		return relation{compute.OpTypeLessThan, true}
	case compute.OpTypeLessOrEqualTotalOrder:
		return relation{compute.OpTypeLessOrEqual, true}
	case compute.OpTypeGreaterThanTotalOrder:
		return relation{compute.OpTypeGreaterThan, true}
	case compute.OpTypeGreaterOrEqualTotalOrder:
		return relation{compute.OpTypeGreaterOrEqual, true}
	}
	return relation{op, false}
}

// chooseCompare covers comparisons, Bool counting as 0 and 1. Complex numbers are compared for equality only.
func chooseCompare(n *ir.Node) evalFunc {
	r := relationOf(compute.OpType(n.Op))
	dt := n.Inputs[0].Shape().DType
	if n.Inputs[1].Shape().DType != dt || n.Shapes[0].DType != dtypes.Bool {
		return nil
	}
	switch dt {
	case dtypes.Int8:
		return compareInts[int8](r)
	case dtypes.Int16:
		return compareInts[int16](r)
	case dtypes.Int32:
		return compareInts[int32](r)
	case dtypes.Int64:
		return compareInts[int64](r)
	case dtypes.Uint8, dtypes.Bool:
		return compareInts[uint8](r)
	case dtypes.Uint16:
		return compareInts[uint16](r)
	case dtypes.Uint32:
		return compareInts[uint32](r)
	case dtypes.Uint64:
		return compareInts[uint64](r)
	case dtypes.Float64:
		if r.total {
			return mapBinary(totalLoop(r.op, func(v float64) int64 {
				bits := int64(math.Float64bits(v))
				return bits ^ bits>>63&math.MaxInt64
			}), nativeView[float64], boolSink)
		}
		return mapBinary(orderedLoop[float64](r.op), nativeView[float64], boolSink)
	case dtypes.Float32, dtypes.Float16, dtypes.BFloat16:
		if r.total {
			return mapBinary(totalLoop(r.op, func(v float32) int32 {
				bits := int32(math.Float32bits(v))
				return bits ^ bits>>31&math.MaxInt32
			}), singleView, boolSink)
		}
		return mapBinary(orderedLoop[float32](r.op), singleView, boolSink)
	case dtypes.Complex64:
		return compareComplex[complex64](r)
	case dtypes.Complex128:
		return compareComplex[complex128](r)
	}
	return nil
}

func compareInts[T integer](r relation) evalFunc {
	return mapBinary(orderedLoop[T](r.op), nativeView[T], boolSink)
}

func compareComplex[T complex64 | complex128](r relation) evalFunc {
	if r.total {
		return nil
	}
	return mapBinary(equalLoop[T](r.op), nativeView[T], boolSink)
}

//go:noinline
func equalLoop[T comparable](op compute.OpType) binaryLoop[T, uint8] {
	switch op {
	case compute.OpTypeEqual:
		return func(dst []uint8, a, b []T) { zip(dst, a, b, func(x, y T) uint8 { return bit(x == y) }) }
	case compute.OpTypeNotEqual:
		return func(dst []uint8, a, b []T) { zip(dst, a, b, func(x, y T) uint8 { return bit(x != y) }) }
	}
	return nil
}

//go:noinline
func orderedLoop[T realNumber](op compute.OpType) binaryLoop[T, uint8] {
	switch op {
	case compute.OpTypeLessThan:
		return func(dst []uint8, a, b []T) { zip(dst, a, b, func(x, y T) uint8 { return bit(x < y) }) }
	case compute.OpTypeLessOrEqual:
		return func(dst []uint8, a, b []T) { zip(dst, a, b, func(x, y T) uint8 { return bit(x <= y) }) }
	case compute.OpTypeGreaterThan:
		return func(dst []uint8, a, b []T) { zip(dst, a, b, func(x, y T) uint8 { return bit(x > y) }) }
	case compute.OpTypeGreaterOrEqual:
		return func(dst []uint8, a, b []T) { zip(dst, a, b, func(x, y T) uint8 { return bit(x >= y) }) }
	}
	return equalLoop[T](op)
}

// totalLoop compares the integers that key maps floats to, in the same order as the floats' total order.
//
//go:noinline
func totalLoop[T float, K integer](op compute.OpType, key func(T) K) binaryLoop[T, uint8] {
	compare := orderedLoop[K](op)
	if compare == nil {
		return nil
	}
	return func(dst []uint8, a, b []T) {
		var keyA, keyB [blockLen]K
		apply(keyA[:len(dst)], a, key)
		apply(keyB[:len(dst)], b, key)
		compare(dst, keyA[:], keyB[:])
	}
}
