package ref

import (
	"math"
	"testing"

	"github.com/atelier-go/atelier/cpu/internal/tensor"
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

var (
	nan    = math.NaN()
	inf    = math.Inf(1)
	negInf = math.Inf(-1)
	neg0   = math.Copysign(0, -1)
)

func TestBinary_Floats(t *testing.T) {
	for _, c := range []struct {
		op         compute.OpType
		a, b, want float64
	}{
		{compute.OpTypeAdd, 1, 2, 3},
		{compute.OpTypeSub, inf, inf, nan},
		{compute.OpTypeMul, 0, neg0, neg0},
		{compute.OpTypeMul, 0, inf, nan},
		{compute.OpTypeDiv, 1, neg0, negInf},
		{compute.OpTypeRem, -7, 3, -1},
		{compute.OpTypeRem, 7, -3, 1},
		{compute.OpTypeRem, 1, 0, nan},
		{compute.OpTypePow, 2, 10, 1024},
		{compute.OpTypePow, -2, 0.5, nan},
		{compute.OpTypePow, 0, 0, 1},
		{compute.OpTypeAtan2, neg0, 1, neg0},
		{compute.OpTypeMax, 1, nan, nan},
		{compute.OpTypeMax, nan, 1, nan},
		{compute.OpTypeMin, 1, nan, nan},
		{compute.OpTypeMin, nan, 1, nan},
		{compute.OpTypeMax, neg0, 0, 0},
		{compute.OpTypeMin, 0, neg0, neg0},
	} {
		for _, dt := range []dtypes.DType{dtypes.Float64, dtypes.Float32, dtypes.Float16, dtypes.BFloat16} {
			got := eval1(t, c.op, nil, shapes.Make(dt, 1), halves(dt, vec(1), c.a), halves(dt, vec(1), c.b))
			check(t, c.op.String()+" "+dt.String(), got, halves(dt, vec(1), c.want))
		}
	}
}

func TestBinary_Integers(t *testing.T) {
	const lowest = math.MinInt8
	for _, c := range []struct {
		op         compute.OpType
		a, b, want int8
	}{
		{compute.OpTypeAdd, 127, 1, -128},
		{compute.OpTypeMul, 100, 3, 44},
		{compute.OpTypeDiv, -7, 2, -3},
		{compute.OpTypeDiv, 5, 0, -1},
		{compute.OpTypeDiv, lowest, -1, lowest},
		{compute.OpTypeRem, -7, 2, -1},
		{compute.OpTypeRem, 5, 0, 5},
		{compute.OpTypeRem, lowest, -1, 0},
		{compute.OpTypePow, 3, 4, 81},
		{compute.OpTypePow, 2, -1, 0},
		{compute.OpTypePow, -1, -3, -1},
		{compute.OpTypePow, -1, -2, 1},
		{compute.OpTypePow, 1, -9, 1},
		{compute.OpTypePow, 0, 0, 1},
		{compute.OpTypeShiftLeft, -1, 1, -2},
		{compute.OpTypeShiftLeft, 1, 8, 0},
		{compute.OpTypeShiftLeft, 1, -1, 0},
		{compute.OpTypeShiftRightArithmetic, -128, 3, -16},
		{compute.OpTypeShiftRightArithmetic, -2, 100, -1},
		{compute.OpTypeShiftRightArithmetic, 2, -1, 0},
		{compute.OpTypeShiftRightLogical, -128, 7, 1},
		{compute.OpTypeShiftRightLogical, -1, 8, 0},
		{compute.OpTypeBitwiseXor, 6, 3, 5},
		{compute.OpTypeMax, -1, 2, 2},
	} {
		got := eval1(t, c.op, nil, shapes.Make(dtypes.Int8, 1), of(vec(1), c.a), of(vec(1), c.b))
		check(t, c.op.String(), got, of(vec(1), c.want))
	}
	for _, c := range []struct {
		op         compute.OpType
		a, b, want uint8
	}{
		{compute.OpTypeDiv, 5, 0, 255},
		{compute.OpTypeRem, 5, 0, 5},
		{compute.OpTypeShiftRightArithmetic, 0x80, 1, 0xC0},
		{compute.OpTypeShiftRightArithmetic, 0x80, 200, 0xFF},
		{compute.OpTypeShiftRightLogical, 0x80, 7, 1},
		{compute.OpTypeShiftLeft, 1, 255, 0},
		{compute.OpTypePow, 255, 3, 255},
		{compute.OpTypeMin, 200, 100, 100},
	} {
		got := eval1(t, c.op, nil, shapes.Make(dtypes.Uint8, 1), of(vec(1), c.a), of(vec(1), c.b))
		check(t, c.op.String(), got, of(vec(1), c.want))
	}
}

// TestBinary_Broadcast compares every pair of broadcast shapes with index arithmetic.
func TestBinary_Broadcast(t *testing.T) {
	choices := []int{1, 3, 0, 700}
	for _, outer := range choices[:3] {
		for _, middle := range choices[:2] {
			for _, last := range choices {
				dims := []int{outer, middle, last}
				for mask := range 65 {
					a, b := []int{}, []int{}
					if mask < 64 {
						for axis, d := range dims {
							a, b = append(a, d), append(b, d)
							if mask>>axis&1 == 1 {
								a[axis] = 1
							} else if mask>>(3+axis)&1 == 1 {
								b[axis] = 1
							}
						}
					} else {
						b = dims
					}
					out := make([]int, 3)
					for axis := range out {
						out[axis] = dims[axis]
					}
					checkBroadcast(t, out, a, b)
				}
			}
		}
	}
}

func checkBroadcast(t *testing.T, out, a, b []int) {
	t.Helper()
	x, y := count(a), count(b)
	got := eval1(t, compute.OpTypeSub, nil, shapes.Make(dtypes.Int32, out...), x, y)
	want := tensor.New(got.Shape)
	index := make([]int, len(out))
	for i := range tensor.Of[int32](want) {
		tensor.Of[int32](want)[i] = pickBroadcast(x, a, index) - pickBroadcast(y, b, index)
		next(index, out)
	}
	check(t, "Sub", got, want)
}

func pickBroadcast(x tensor.Tensor, dims, index []int) int32 {
	off, stride := 0, 1
	for axis := len(dims) - 1; axis >= 0; axis-- {
		off += index[axis] % dims[axis] * stride
		stride *= dims[axis]
	}
	return tensor.Of[int32](x)[off]
}

func count(dims []int) tensor.Tensor {
	x := tensor.New(shapes.Make(dtypes.Int32, dims...))
	for i := range tensor.Of[int32](x) {
		tensor.Of[int32](x)[i] = int32(i*7 + 1)
	}
	return x
}
