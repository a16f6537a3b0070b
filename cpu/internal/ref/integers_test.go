package ref

import (
	"math/big"
	"math/bits"
	"math/rand/v2"
	"testing"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// TestIntegers compares every integer operation of every integer type with arithmetic on big integers.
func TestIntegers(t *testing.T) {
	testIntegers[int8](t, dtypes.Int8)
	testIntegers[int16](t, dtypes.Int16)
	testIntegers[int32](t, dtypes.Int32)
	testIntegers[int64](t, dtypes.Int64)
	testIntegers[uint8](t, dtypes.Uint8)
	testIntegers[uint16](t, dtypes.Uint16)
	testIntegers[uint32](t, dtypes.Uint32)
	testIntegers[uint64](t, dtypes.Uint64)
}

// bigOf is the value of x; wrapped is the value of the type with the same lowest bits.
func bigOf[T integer](x T) *big.Int {
	if x < 0 {
		return big.NewInt(int64(x))
	}
	return new(big.Int).SetUint64(uint64(x))
}

func wrapped[T integer](v *big.Int) T {
	low := new(big.Int).And(v, new(big.Int).SetUint64(^uint64(0)))
	return T(low.Uint64())
}

func testIntegers[T integer](t *testing.T, dt dtypes.DType) {
	width := dt.Bits()
	shift := func(v, by *big.Int, left, arithmetic bool) *big.Int {
		n := uint(width)
		if by.Sign() >= 0 && by.Cmp(big.NewInt(int64(width))) < 0 {
			n = uint(by.Uint64())
		}
		switch {
		case left:
			return new(big.Int).Lsh(v, n)
		case arithmetic: // as if signed
			if v.Bit(width-1) == 1 && v.Sign() > 0 {
				v = new(big.Int).Sub(v, new(big.Int).Lsh(big.NewInt(1), uint(width)))
			}
			return new(big.Int).Rsh(v, n)
		}
		mask := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), uint(width)), big.NewInt(1))
		return new(big.Int).Rsh(new(big.Int).And(v, mask), n)
	}
	binary := map[compute.OpType]func(x, y *big.Int) *big.Int{
		compute.OpTypeAdd: func(x, y *big.Int) *big.Int { return new(big.Int).Add(x, y) },
		compute.OpTypeSub: func(x, y *big.Int) *big.Int { return new(big.Int).Sub(x, y) },
		compute.OpTypeMul: func(x, y *big.Int) *big.Int { return new(big.Int).Mul(x, y) },
		compute.OpTypeDiv: func(x, y *big.Int) *big.Int {
			if y.Sign() == 0 {
				return big.NewInt(-1)
			}
			return new(big.Int).Quo(x, y)
		},
		compute.OpTypeRem: func(x, y *big.Int) *big.Int {
			if y.Sign() == 0 {
				return x
			}
			return new(big.Int).Rem(x, y)
		},
		compute.OpTypeMax: func(x, y *big.Int) *big.Int {
			if x.Cmp(y) >= 0 {
				return x
			}
			return y
		},
		compute.OpTypeMin: func(x, y *big.Int) *big.Int {
			if x.Cmp(y) <= 0 {
				return x
			}
			return y
		},
		compute.OpTypeBitwiseAnd:           func(x, y *big.Int) *big.Int { return new(big.Int).And(x, y) },
		compute.OpTypeBitwiseOr:            func(x, y *big.Int) *big.Int { return new(big.Int).Or(x, y) },
		compute.OpTypeBitwiseXor:           func(x, y *big.Int) *big.Int { return new(big.Int).Xor(x, y) },
		compute.OpTypeShiftLeft:            func(x, y *big.Int) *big.Int { return shift(x, y, true, false) },
		compute.OpTypeShiftRightLogical:    func(x, y *big.Int) *big.Int { return shift(x, y, false, false) },
		compute.OpTypeShiftRightArithmetic: func(x, y *big.Int) *big.Int { return shift(x, y, false, true) },
	}
	compare := map[compute.OpType]func(order int) bool{
		compute.OpTypeEqual: func(o int) bool { return o == 0 }, compute.OpTypeNotEqual: func(o int) bool { return o != 0 },
		compute.OpTypeLessThan: func(o int) bool { return o < 0 }, compute.OpTypeLessOrEqual: func(o int) bool { return o <= 0 },
		compute.OpTypeGreaterThanTotalOrder: func(o int) bool { return o > 0 }, compute.OpTypeGreaterOrEqual: func(o int) bool { return o >= 0 },
	}
	const n = 400
	rng := rand.New(rand.NewPCG(6, 6))
	x, y := make([]T, n), make([]T, n)
	for i := range x {
		x[i], y[i] = T(rng.Uint64())>>rng.UintN(uint(width)), T(rng.Uint64())>>rng.UintN(uint(width))
		switch rng.IntN(8) {
		case 0:
			y[i] = 0
		case 1:
			y[i] = ^T(0)
		case 2:
			x[i] = T(1) << (width - 1)
		case 3:
			y[i] = T(rng.IntN(width + 2))
		}
	}
	a, b := as(dt, vec(n), x...), as(dt, vec(n), y...)
	for op, f := range binary {
		got := tensor.Of[T](eval1(t, op, nil, a.Shape, a, b))
		for i := range x {
			if want := wrapped[T](f(bigOf(x[i]), bigOf(y[i]))); got[i] != want {
				t.Errorf("%s %s(%d, %d) = %d, want %d", dt, op, x[i], y[i], got[i], want)
			}
		}
	}
	for op, f := range compare {
		got := eval1(t, op, nil, shapes.Make(dtypes.Bool, n), a, b).Data
		for i := range x {
			if got[i] != bit(f(bigOf(x[i]).Cmp(bigOf(y[i])))) {
				t.Errorf("%s %s(%d, %d) = %d", dt, op, x[i], y[i], got[i])
			}
		}
	}
	testIntegerUnary(t, dt, x)
}

func testIntegerUnary[T integer](t *testing.T, dt dtypes.DType, x []T) {
	a := as(dt, vec(len(x)), x...)
	for op, f := range map[compute.OpType]func(v T) T{
		compute.OpTypeAbs:        func(v T) T { return wrapped[T](new(big.Int).Abs(bigOf(v))) },
		compute.OpTypeNeg:        func(v T) T { return wrapped[T](new(big.Int).Neg(bigOf(v))) },
		compute.OpTypeSign:       func(v T) T { return T(bigOf(v).Sign()) },
		compute.OpTypeBitwiseNot: func(v T) T { return wrapped[T](new(big.Int).Not(bigOf(v))) },
		compute.OpTypeBitCount:   func(v T) T { return T(bits.OnesCount64(uint64(v) << (64 - dt.Bits()))) },
		compute.OpTypeClz:        func(v T) T { return T(min(dt.Bits(), bits.LeadingZeros64(uint64(v)<<(64-dt.Bits())))) },
	} {
		got := tensor.Of[T](eval1(t, op, nil, a.Shape, a))
		for i, v := range x {
			if got[i] != f(v) {
				t.Errorf("%s %s(%d) = %d, want %d", dt, op, v, got[i], f(v))
			}
		}
	}
	for _, to := range []dtypes.DType{dtypes.Int8, dtypes.Uint16, dtypes.Int32, dtypes.Uint64, dtypes.Float32, dtypes.Float64, dtypes.Bool} {
		got := eval1(t, compute.OpTypeConvertDType, nil, shapes.Make(to, len(x)), a)
		for i, v := range x {
			ok := true
			switch to {
			case dtypes.Int8:
				ok = tensor.Of[int8](got)[i] == int8(v)
			case dtypes.Uint16:
				ok = tensor.Of[uint16](got)[i] == uint16(v)
			case dtypes.Int32:
				ok = tensor.Of[int32](got)[i] == int32(v)
			case dtypes.Uint64:
				ok = tensor.Of[uint64](got)[i] == uint64(v)
			case dtypes.Float32:
				ok = tensor.Of[float32](got)[i] == float32(v)
			case dtypes.Float64:
				ok = tensor.Of[float64](got)[i] == float64(v)
			case dtypes.Bool:
				ok = got.Data[i] == bit(v != 0)
			}
			if !ok {
				t.Errorf("%s %d to %s: got %v", dt, v, to, got.Flat())
				return
			}
		}
	}
}

func TestBool(t *testing.T) {
	a, b := as(dtypes.Bool, vec(4), byte(0), 0, 1, 1), as(dtypes.Bool, vec(4), byte(0), 1, 0, 1)
	for op, want := range map[compute.OpType][]byte{
		compute.OpTypeLogicalAnd: {0, 0, 0, 1}, compute.OpTypeLogicalOr: {0, 1, 1, 1}, compute.OpTypeLogicalXor: {0, 1, 1, 0},
		compute.OpTypeMin: {0, 0, 0, 1}, compute.OpTypeMax: {0, 1, 1, 1}, compute.OpTypeLessThan: {0, 1, 0, 0}, compute.OpTypeEqual: {1, 0, 0, 1},
	} {
		check(t, op.String(), eval1(t, op, nil, a.Shape, a, b), as(dtypes.Bool, vec(4), want...))
	}
	if Supports(nodeOf(compute.OpTypeAdd, nil, []tensor.Tensor{a, b}, a.Shape)) {
		t.Error("sums of Bool are supported")
	}
}

func TestComplexArithmetic(t *testing.T) {
	a, b := of(vec(2), complex64(1+2i), 3i), of(vec(2), complex64(2-1i), 1)
	for op, want := range map[compute.OpType][]complex64{
		compute.OpTypeAdd: {3 + 1i, 1 + 3i}, compute.OpTypeSub: {-1 + 3i, -1 + 3i}, compute.OpTypeMul: {4 + 3i, 3i}, compute.OpTypeDiv: {1i, 3i},
	} {
		check(t, op.String(), eval1(t, op, nil, a.Shape, a, b), of(vec(2), want...))
	}
	check(t, "Equal", eval1(t, compute.OpTypeEqual, nil, shapes.Make(dtypes.Bool, 2), a, a), as(dtypes.Bool, vec(2), byte(1), 1))
	check(t, "NotEqual", eval1(t, compute.OpTypeNotEqual, nil, shapes.Make(dtypes.Bool, 2), a, b), as(dtypes.Bool, vec(2), byte(1), 1))
	for _, op := range []compute.OpType{compute.OpTypeLessThan, compute.OpTypeEqualTotalOrder, compute.OpTypeMax, compute.OpTypeRem} {
		if Supports(nodeOf(op, nil, []tensor.Tensor{a, b}, a.Shape)) {
			t.Errorf("%s of complex numbers is supported", op)
		}
	}
	sum := eval1(t, compute.OpTypeReduceSum, ir.ReduceAttr{Axes: []int{0}}, shapes.Make(dtypes.Complex64), a)
	check(t, "ReduceSum", sum, of[complex64](nil, 1+5i))
}

func TestShapeOperations(t *testing.T) {
	x := of([]int{2, 3}, float32(1), 2, 3, 4, 5, 6)
	check(t, "DynamicShape", eval1(t, compute.OpTypeDynamicShape, nil, shapes.Make(dtypes.Int32, 2), x), of(vec(2), int32(2), 3))
	check(t, "DynamicDimensionSize", eval1(t, compute.OpTypeDynamicDimensionSize, ir.DynamicSizeAttr{Axis: 1}, shapes.Make(dtypes.Int64), x), of[int64](nil, 3))
	want := of([]int{3, 2}, float32(1), 2, 3, 4, 5, 6)
	check(t, "Reshape", eval1(t, compute.OpTypeReshape, ir.ReshapeAttr{Dims: []int{3, 2}}, want.Shape, x), want)
	check(t, "DynamicReshape", eval1(t, compute.OpTypeDynamicReshape, ir.DynamicReshapeAttr{}, want.Shape, x, of[int32](nil, 3)), want)
	out := eval(t, compute.OpTypeOptimizationBarrier, nil, []tensor.Tensor{x, want}, x.Shape, want.Shape)
	check(t, "OptimizationBarrier", out[1], want)
	check(t, "SchedulingBarrier", eval1(t, compute.OpTypeSchedulingBarrier, nil, x.Shape, x, want), x)
}
