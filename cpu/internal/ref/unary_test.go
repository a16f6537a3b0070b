package ref

import (
	"math"
	"math/cmplx"
	"slices"
	"testing"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

var allFloats = []dtypes.DType{dtypes.Float64, dtypes.Float32, dtypes.Float16, dtypes.BFloat16}

func TestUnary_Floats(t *testing.T) {
	for _, c := range []struct {
		op       compute.OpType
		in, want []float64
	}{
		{compute.OpTypeAbs, []float64{-1, neg0, negInf, nan}, []float64{1, 0, inf, nan}},
		{compute.OpTypeNeg, []float64{1, 0, inf, nan}, []float64{-1, neg0, negInf, nan}},
		{compute.OpTypeSign, []float64{-3, neg0, 0, inf, nan}, []float64{-1, neg0, 0, 1, nan}},
		{compute.OpTypeRound, []float64{0.5, 1.5, 2.5, -0.5, -1.5, nan}, []float64{0, 2, 2, neg0, -2, nan}},
		{compute.OpTypeCeil, []float64{1.25, -1.25, negInf}, []float64{2, -1, negInf}},
		{compute.OpTypeFloor, []float64{1.25, -1.25, inf}, []float64{1, -2, inf}},
		{compute.OpTypeSqrt, []float64{4, -1, neg0, inf}, []float64{2, nan, neg0, inf}},
		{compute.OpTypeRsqrt, []float64{4, 0, -1, inf}, []float64{0.5, inf, nan, 0}},
		{compute.OpTypeExp, []float64{0, negInf, inf, nan}, []float64{1, 0, inf, nan}},
		{compute.OpTypeLog, []float64{1, 0, -1, inf}, []float64{0, negInf, nan, inf}},
		{compute.OpTypeLog1p, []float64{0, -1, -2}, []float64{0, negInf, nan}},
		{compute.OpTypeExpm1, []float64{0, negInf, inf}, []float64{0, -1, inf}},
		{compute.OpTypeLogistic, []float64{0, negInf, inf, nan}, []float64{0.5, 0, 1, nan}},
		{compute.OpTypeTanh, []float64{0, negInf, inf, nan}, []float64{0, -1, 1, nan}},
		{compute.OpTypeErf, []float64{0, negInf, inf, nan}, []float64{0, -1, 1, nan}},
		{compute.OpTypeCos, []float64{0, inf}, []float64{1, nan}},
		{compute.OpTypeSin, []float64{neg0, inf}, []float64{neg0, nan}},
	} {
		for _, dt := range allFloats {
			n := vec(len(c.in))
			check(t, c.op.String()+" "+dt.String(), eval1(t, c.op, nil, shapes.Make(dt, n...), halves(dt, n, c.in...)), halves(dt, n, c.want...))
		}
	}
	x := halves(dtypes.Float32, vec(3), 1e-6, -1e-6, 0.3)
	near(t, "Expm1", eval1(t, compute.OpTypeExpm1, nil, x.Shape, x), []float64{1.0000005e-6, -0.9999995e-6, 0.34985881}, 1e-12*1e5)
}

func TestUnary_Integers(t *testing.T) {
	x := of(vec(4), int16(-3), 0, 7, math.MinInt16)
	for op, want := range map[compute.OpType][]int16{
		compute.OpTypeAbs:        {3, 0, 7, math.MinInt16},
		compute.OpTypeNeg:        {3, 0, -7, math.MinInt16},
		compute.OpTypeSign:       {-1, 0, 1, -1},
		compute.OpTypeBitwiseNot: {2, -1, -8, math.MaxInt16},
		compute.OpTypeBitCount:   {15, 0, 3, 1},
		compute.OpTypeClz:        {0, 16, 13, 0},
	} {
		check(t, op.String(), eval1(t, op, nil, x.Shape, x), of(vec(4), want...))
	}
	u := of(vec(2), uint64(math.MaxUint64), 1)
	check(t, "Abs", eval1(t, compute.OpTypeAbs, nil, u.Shape, u), u)
	check(t, "Sign", eval1(t, compute.OpTypeSign, nil, u.Shape, u), of(vec(2), uint64(1), 1))
	check(t, "Clz", eval1(t, compute.OpTypeClz, nil, u.Shape, u), of(vec(2), uint64(0), 63))
	b := as(dtypes.Bool, vec(2), byte(0), 1)
	check(t, "LogicalNot", eval1(t, compute.OpTypeLogicalNot, nil, b.Shape, b), as(dtypes.Bool, vec(2), byte(1), 0))
}

func TestUnary_Complex(t *testing.T) {
	z := []complex128{3 + 4i, -1, 0, 1e-9 + 1e-9i, 2i}
	x := of(vec(len(z)), z...)
	for op, f := range map[compute.OpType]func(complex128) complex128{
		compute.OpTypeExp: cmplx.Exp, compute.OpTypeLog: cmplx.Log, compute.OpTypeSqrt: cmplx.Sqrt, compute.OpTypeConj: cmplx.Conj,
		compute.OpTypeNeg: func(v complex128) complex128 { return -v },
	} {
		got := tensor.Of[complex128](eval1(t, op, nil, x.Shape, x))
		for i, v := range z {
			if got[i] != f(v) {
				t.Errorf("%s(%v) = %v, want %v", op, v, got[i], f(v))
			}
		}
	}
	re := shapes.Make(dtypes.Float64, len(z))
	near(t, "Abs", eval1(t, compute.OpTypeAbs, nil, re, x), []float64{5, 1, 0, math.Sqrt2 * 1e-9, 2}, 1e-15)
	near(t, "Real", eval1(t, compute.OpTypeReal, nil, re, x), []float64{3, -1, 0, 1e-9, 0}, 0)
	near(t, "Imag", eval1(t, compute.OpTypeImag, nil, re, x), []float64{4, 0, 0, 1e-9, 2}, 0)
	small := of(vec(1), 1e-9+2e-9i)
	for _, op := range []compute.OpType{compute.OpTypeExpm1, compute.OpTypeLog1p} { // e^z-1 ≈ log(1+z) ≈ z
		if got := tensor.Of[complex128](eval1(t, op, nil, small.Shape, small))[0]; cmplx.Abs(got-(1e-9+2e-9i)) > 1e-17 {
			t.Errorf("%s of a small number = %v", op, got)
		}
	}
	pair := eval1(t, compute.OpTypeComplex, nil, shapes.Make(dtypes.Complex64, 2), of(vec(2), float32(1), 2), of[float32](nil, 3))
	check(t, "Complex", pair, of(vec(2), complex64(1+3i), 2+3i))
}

func TestPredicates(t *testing.T) {
	for _, dt := range allFloats {
		x, b := halves(dt, vec(5), 1, nan, inf, negInf, neg0), shapes.Make(dtypes.Bool, 5)
		check(t, "IsNaN", eval1(t, compute.OpTypeIsNaN, nil, b, x), as(dtypes.Bool, vec(5), byte(0), 1, 0, 0, 0))
		check(t, "IsFinite", eval1(t, compute.OpTypeIsFinite, nil, b, x), as(dtypes.Bool, vec(5), byte(1), 0, 0, 0, 1))
	}
	z, b := of(vec(3), complex64(1), complex(0, float32(nan)), complex(float32(inf), 0)), shapes.Make(dtypes.Bool, 3)
	check(t, "IsNaN", eval1(t, compute.OpTypeIsNaN, nil, b, z), as(dtypes.Bool, vec(3), byte(0), 1, 0))
	check(t, "IsFinite", eval1(t, compute.OpTypeIsFinite, nil, b, z), as(dtypes.Bool, vec(3), byte(1), 0, 0))
}

func TestCompare_TotalOrder(t *testing.T) {
	negNaN := math.Float64frombits(math.Float64bits(nan) | 1<<63)
	sorted := []float64{negNaN, negInf, -1, neg0, 0, 1, inf, nan}
	for _, dt := range allFloats {
		for i, x := range sorted {
			for j, y := range sorted {
				a, b := halves(dt, vec(1), x), halves(dt, vec(1), y)
				for op, want := range map[compute.OpType]bool{
					compute.OpTypeEqualTotalOrder: i == j, compute.OpTypeNotEqualTotalOrder: i != j,
					compute.OpTypeLessThanTotalOrder: i < j, compute.OpTypeLessOrEqualTotalOrder: i <= j,
					compute.OpTypeGreaterThanTotalOrder: i > j, compute.OpTypeGreaterOrEqualTotalOrder: i >= j,
					compute.OpTypeEqual: x == y, compute.OpTypeNotEqual: x != y, compute.OpTypeLessThan: x < y,
					compute.OpTypeLessOrEqual: x <= y, compute.OpTypeGreaterThan: x > y, compute.OpTypeGreaterOrEqual: x >= y,
				} {
					if got := eval1(t, op, nil, shapes.Make(dtypes.Bool, 1), a, b).Data[0]; got != bit(want) {
						t.Errorf("%s %s(%v, %v) = %d", dt, op, x, y, got)
					}
				}
			}
		}
	}
}

func TestClampWhere(t *testing.T) {
	for _, dt := range allFloats {
		x := halves(dt, vec(4), -5, 0.5, 5, nan)
		got := eval1(t, compute.OpTypeClamp, nil, x.Shape, halves(dt, nil, -1), x, halves(dt, vec(4), 1, 1, 2, 1))
		check(t, "Clamp", got, halves(dt, vec(4), -1, 0.5, 2, nan))
		got = eval1(t, compute.OpTypeClamp, nil, x.Shape, halves(dt, nil, nan), x, halves(dt, nil, 1))
		check(t, "Clamp", got, halves(dt, vec(4), nan, nan, nan, nan))
	}
	u := of(vec(2), uint64(math.MaxUint64), 3)
	check(t, "Clamp", eval1(t, compute.OpTypeClamp, nil, u.Shape, of[uint64](nil, 5), u, of[uint64](nil, math.MaxUint64-1)),
		of(vec(2), uint64(math.MaxUint64-1), 5))
	cond := as(dtypes.Bool, []int{2, 2}, byte(1), 0, 0, 1)
	a := of([]int{2, 2}, complex128(1), 2, 3, 4)
	check(t, "Where", eval1(t, compute.OpTypeWhere, nil, a.Shape, cond, a, of[complex128](nil, 9)), of([]int{2, 2}, complex128(1), 9, 9, 4))
	check(t, "Where", eval1(t, compute.OpTypeWhere, nil, a.Shape, as(dtypes.Bool, nil, byte(0)), a, of[complex128](nil, 9)),
		of([]int{2, 2}, complex128(9), 9, 9, 9))
}

func TestConvert(t *testing.T) {
	values := []float64{0, 1, -1, 2.7, -2.7, 300, -300, 1e10, -1e10, 1e30, -1e30, nan, inf, negInf, neg0}
	clampTo := func(v, lowest, highest float64) float64 {
		if v != v {
			return 0
		}
		return math.Trunc(min(max(v, lowest), highest))
	}
	for _, from := range []dtypes.DType{dtypes.Float64, dtypes.Float32} {
		x := halves(from, vec(len(values)), values...)
		for to, bounds := range map[dtypes.DType][2]float64{
			dtypes.Int8: {-128, 127}, dtypes.Int16: {-32768, 32767}, dtypes.Int32: {math.MinInt32, math.MaxInt32},
			dtypes.Uint8: {0, 255}, dtypes.Uint16: {0, 65535}, dtypes.Uint32: {0, math.MaxUint32},
			dtypes.Int4: {-8, 7}, dtypes.Uint4: {0, 15}, dtypes.Int2: {-2, 1}, dtypes.Uint2: {0, 3}, dtypes.Int1: {-1, 0}, dtypes.Uint1: {0, 1},
		} {
			got := eval1(t, compute.OpTypeConvertDType, ir.DTypeAttr{DType: to}, shapes.Make(to, len(values)), x)
			for i, v := range floatsOf(x) {
				if g := floatView(got).at(i); g != clampTo(v, bounds[0], bounds[1]) {
					t.Errorf("%s %v to %s = %v", from, v, to, g)
				}
			}
		}
		long := tensor.Of[int64](eval1(t, compute.OpTypeConvertDType, nil, shapes.Make(dtypes.Int64, len(values)), x))
		if want := []int64{0, 1, -1, 2, -2, 300, -300, 1e10, -1e10, math.MaxInt64, math.MinInt64, 0, math.MaxInt64, math.MinInt64, 0}; from == dtypes.Float64 && !slices.Equal(long, want) {
			t.Errorf("to Int64: %v, want %v", long, want)
		}
		unsigned := tensor.Of[uint64](eval1(t, compute.OpTypeConvertDType, nil, shapes.Make(dtypes.Uint64, len(values)), x))
		if want := []uint64{0, 1, 0, 2, 0, 300, 0, 1e10, 0, math.MaxUint64, 0, 0, math.MaxUint64, 0, 0}; from == dtypes.Float64 && !slices.Equal(unsigned, want) {
			t.Errorf("to Uint64: %v, want %v", unsigned, want)
		}
		check(t, "to Bool", eval1(t, compute.OpTypeConvertDType, nil, shapes.Make(dtypes.Bool, len(values)), x),
			as(dtypes.Bool, vec(len(values)), byte(0), 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0))
	}
	i := of(vec(3), int64(1<<62+1), -3, 300)
	convert := func(to dtypes.DType, x tensor.Tensor) tensor.Tensor {
		return eval1(t, compute.OpTypeConvertDType, nil, shapes.Make(to, x.Shape.Size()), x)
	}
	check(t, "Int64 to Int8", convert(dtypes.Int8, i), of(vec(3), int8(1), -3, 44))
	check(t, "Int64 to Uint64", convert(dtypes.Uint64, i), of(vec(3), uint64(1<<62+1), math.MaxUint64-2, 300))
	check(t, "Int64 to Float64", convert(dtypes.Float64, i), of(vec(3), float64(1<<62), -3, 300))
	check(t, "Int64 to Complex64", convert(dtypes.Complex64, i), of(vec(3), complex64(1<<62), -3, 300))
	check(t, "Uint64 to Float32", convert(dtypes.Float32, of(vec(1), uint64(math.MaxUint64))), of(vec(1), float32(1<<64)))
	check(t, "Int64 to Bool", convert(dtypes.Bool, of(vec(2), int64(256), 0)), as(dtypes.Bool, vec(2), byte(1), 0))
	check(t, "Bool to BFloat16", convert(dtypes.BFloat16, as(dtypes.Bool, vec(2), byte(1), 0)), halves(dtypes.BFloat16, vec(2), 1, 0))
	check(t, "Complex128 to Int8", convert(dtypes.Int8, of(vec(2), 200+1i, -2.5)), of(vec(2), int8(127), -2))
	check(t, "Complex64 to Float16", convert(dtypes.Float16, of(vec(1), complex64(2.5+1i))), halves(dtypes.Float16, vec(1), 2.5))
	check(t, "Int4 to Int8", convert(dtypes.Int8, as(dtypes.Int4, vec(5), byte(0x87), 0xF1, 0x0E)), of(vec(5), int8(7), -8, 1, -1, -2))
	check(t, "Int8 to Int2", convert(dtypes.Int2, of(vec(5), int8(1), -1, -2, 0, 3)), as(dtypes.Int2, vec(5), byte(0b00_10_11_01), 0b11))
}

func TestBitcastIota(t *testing.T) {
	got := eval1(t, compute.OpTypeBitcast, nil, shapes.Make(dtypes.Uint16, 1, 2), of(vec(1), uint32(0xdeadbeef)))
	check(t, "Bitcast", got, of([]int{1, 2}, uint16(0xbeef), 0xdead))
	got = eval1(t, compute.OpTypeBitcast, nil, shapes.Make(dtypes.Int4, 1, 2), of(vec(1), uint8(0x1f)))
	check(t, "Bitcast", got, as(dtypes.Int4, []int{1, 2}, byte(0x1f)))
	for _, dt := range []dtypes.DType{dtypes.Float32, dtypes.Float16, dtypes.Int8, dtypes.Uint64, dtypes.Complex64, dtypes.Uint4} {
		got := eval1(t, compute.OpTypeIota, ir.IotaAttr{Axis: 1}, shapes.Make(dt, 2, 3, 2))
		for i := range 12 {
			if re := real(complexView(got).at(i)); re != float64(i/2%3) {
				t.Errorf("Iota %s: element %d = %v", dt, i, re)
			}
		}
	}
	eval1(t, compute.OpTypeIota, ir.IotaAttr{Axis: 0}, shapes.Make(dtypes.Float32, 3, 0))
}
