package ref

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// randomTensor holds small integers, so that sums are exact in every dtype and orders of summation do not matter.
func randomTensor(rng *rand.Rand, dt dtypes.DType, dims []int) tensor.Tensor {
	x := make([]float64, product(dims))
	for i := range x {
		x[i] = float64(rng.IntN(7) - 3)
		if dt.IsUnsigned() {
			x[i] = math.Abs(x[i])
		}
	}
	f := of(dims, x...)
	if dt == dtypes.Float64 {
		return f
	}
	s := shapes.Make(dt, dims...)
	out := tensor.New(s)
	if err := Eval(nodeOf(compute.OpTypeConvertDType, nil, []tensor.Tensor{f}, s), []tensor.Tensor{f}, []tensor.Tensor{out}); err != nil {
		panic(err)
	}
	return out
}

var foldOps = map[compute.OpType]struct {
	init float64
	f    func(a, b float64) float64
}{
	compute.OpTypeReduceSum:     {0, func(a, b float64) float64 { return a + b }},
	compute.OpTypeReduceProduct: {1, func(a, b float64) float64 { return a * b }},
	compute.OpTypeReduceMax:     {math.Inf(-1), math.Max},
	compute.OpTypeReduceMin:     {math.Inf(1), math.Min},
}

func naiveReduce(x []float64, dims, axes []int, init float64, f func(a, b float64) float64) ([]float64, []int) {
	var kept []int
	for axis, d := range dims {
		if !slices.Contains(axes, axis) {
			kept = append(kept, d)
		}
	}
	out := make([]float64, product(kept))
	fill(out, init)
	index := make([]int, len(dims))
	for _, v := range x {
		off := 0
		for axis, i := range index {
			if !slices.Contains(axes, axis) {
				off = off*dims[axis] + i
			}
		}
		out[off] = f(out[off], v)
		next(index, dims)
	}
	return out, kept
}

func FuzzReduce(f *testing.F) {
	for seed := range uint64(60) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		rng := rand.New(rand.NewPCG(seed, 1))
		dims := randomDims(rng, rng.IntN(5), 3000)
		if rng.IntN(4) == 0 && len(dims) > 0 {
			dims[len(dims)-1] = 1000
		}
		axes := rng.Perm(len(dims))[:rng.IntN(len(dims)+1)]
		slices.Sort(axes)
		for _, dt := range []dtypes.DType{dtypes.Float64, dtypes.Float32, dtypes.BFloat16, dtypes.Int32, dtypes.Int8, dtypes.Uint64} {
			x := randomTensor(rng, dt, dims)
			for op, fold := range foldOps {
				if dt.IsInt() && x.Shape.Size() == 0 && (op == compute.OpTypeReduceMax || op == compute.OpTypeReduceMin) {
					continue // TestReduce_Empty
				}
				if op == compute.OpTypeReduceProduct && dt != dtypes.Float64 {
					continue // overflows
				}
				want, kept := naiveReduce(floatsOf(x), dims, axes, fold.init, fold.f)
				if dt == dtypes.Int8 && op == compute.OpTypeReduceSum {
					for i, v := range want {
						want[i] = float64(int8(int64(v)))
					}
				}
				got := eval1(t, op, ir.ReduceAttr{Axes: axes}, shapes.Make(dt, kept...), x)
				tolerance := 0.0
				if dt == dtypes.BFloat16 {
					tolerance = 0.005
				}
				near(t, op.String()+" "+x.Shape.String(), got, want, tolerance)
			}
		}
		checkArgMinMax(t, rng, dims)
	})
}

func checkArgMinMax(t *testing.T, rng *rand.Rand, dims []int) {
	if len(dims) == 0 {
		return
	}
	axis := rng.IntN(len(dims))
	if dims[axis] == 0 {
		return
	}
	x := randomTensor(rng, dtypes.Float32, dims)
	if len(x.Data) > 0 && rng.IntN(2) == 0 {
		tensor.Of[float32](x)[rng.IntN(x.Shape.Size())] = float32(nan)
	}
	kept := slices.Delete(slices.Clone(dims), axis, axis+1)
	inner := product(dims[axis+1:])
	for _, isMin := range []bool{false, true} {
		got := eval1(t, compute.OpTypeArgMinMax, ir.ArgMinMaxAttr{Axis: axis, IsMin: isMin}, shapes.Make(dtypes.Int32, kept...), x)
		for i, arg := range tensor.Of[int32](got) {
			start := i/inner*dims[axis]*inner + i%inner
			best := 0
			for k := 1; k < dims[axis]; k++ {
				v, b := tensor.Of[float32](x)[start+k*inner], tensor.Of[float32](x)[start+best*inner]
				if b == b && (v != v || isMin && v < b || !isMin && v > b) {
					best = k
				}
			}
			if int(arg) != best {
				t.Errorf("ArgMinMax %v of %v along %d: element %d = %d, want %d", isMin, dims, axis, i, arg, best)
			}
		}
	}
}

func TestReduce_Empty(t *testing.T) {
	all := ir.ReduceAttr{Axes: []int{0}}
	for _, c := range []struct {
		op   compute.OpType
		want tensor.Tensor
	}{
		{compute.OpTypeReduceSum, of[float32](nil, 0)},
		{compute.OpTypeReduceProduct, of[int16](nil, 1)},
		{compute.OpTypeReduceMax, of[float64](nil, negInf)},
		{compute.OpTypeReduceMin, halves(dtypes.Float16, nil, inf)},
		{compute.OpTypeReduceMax, of[int16](nil, math.MinInt16)},
		{compute.OpTypeReduceMin, of[int64](nil, math.MaxInt64)},
		{compute.OpTypeReduceMax, of[uint8](nil, 0)},
		{compute.OpTypeReduceMin, of[uint32](nil, math.MaxUint32)},
		{compute.OpTypeReduceLogicalAnd, as(dtypes.Bool, nil, byte(1))},
		{compute.OpTypeReduceLogicalOr, as(dtypes.Bool, nil, byte(0))},
		{compute.OpTypeReduceBitwiseAnd, of[int8](nil, -1)},
		{compute.OpTypeReduceBitwiseXor, of[uint16](nil, 0)},
	} {
		got := eval1(t, c.op, all, c.want.Shape, tensor.New(shapes.Make(c.want.Shape.DType, 0)))
		check(t, c.op.String()+" of nothing", got, c.want)
	}
}

func TestReduce_NaN(t *testing.T) {
	for _, dt := range allFloats {
		x := halves(dt, []int{2, 3}, 1, nan, 3, 4, 5, 6)
		for _, op := range []compute.OpType{compute.OpTypeReduceMax, compute.OpTypeReduceMin, compute.OpTypeReduceSum} {
			for axis, want := range [][]bool{{false, true, false}, {true, false}} {
				got := floatsOf(eval1(t, op, ir.ReduceAttr{Axes: []int{axis}}, shapes.Make(dt, len(want)), x))
				for i, isNaN := range want {
					if (got[i] != got[i]) != isNaN {
						t.Errorf("%s of %s along %d = %v", op, dt, axis, got)
					}
				}
			}
		}
	}
}

// TestReduce_Precision adds what a running float32 or bfloat16 sum gets wrong.
func TestReduce_Precision(t *testing.T) {
	const n = 1 << 20
	x := make([]float32, n)
	fill(x, 0.1)
	got := tensor.Of[float32](eval1(t, compute.OpTypeReduceSum, ir.ReduceAttr{Axes: []int{0}}, shapes.Make(dtypes.Float32), of(vec(n), x...)))[0]
	if want := float32(n * float64(float32(0.1))); got != want {
		t.Errorf("sum = %v, want %v", got, want)
	}
	ones := make([]float64, 10000)
	fill(ones, 1)
	b := eval1(t, compute.OpTypeReduceSum, ir.ReduceAttr{Axes: []int{0}}, shapes.Make(dtypes.BFloat16), halves(dtypes.BFloat16, vec(10000), ones...))
	check(t, "bfloat16 sum", b, halves(dtypes.BFloat16, nil, 10000))
}

func TestReduce_Bits(t *testing.T) {
	x := of([]int{2, 2}, int32(7), -2, 12, 5)
	check(t, "And", eval1(t, compute.OpTypeReduceBitwiseAnd, ir.ReduceAttr{Axes: []int{0}}, shapes.Make(dtypes.Int32, 2), x), of(vec(2), int32(4), 4))
	check(t, "Or", eval1(t, compute.OpTypeReduceBitwiseOr, ir.ReduceAttr{Axes: []int{1}}, shapes.Make(dtypes.Int32, 2), x), of(vec(2), int32(-1), 13))
	check(t, "Xor", eval1(t, compute.OpTypeReduceBitwiseXor, ir.ReduceAttr{Axes: []int{0, 1}}, shapes.Make(dtypes.Int32), x), of[int32](nil, 7^-2^12^5))
	b := as(dtypes.Bool, vec(3), byte(1), 1, 0)
	for op, want := range map[compute.OpType]byte{compute.OpTypeReduceLogicalAnd: 0, compute.OpTypeReduceLogicalOr: 1, compute.OpTypeReduceLogicalXor: 0} {
		check(t, op.String(), eval1(t, op, ir.ReduceAttr{Axes: []int{0}}, shapes.Make(dtypes.Bool), b), as(dtypes.Bool, nil, want))
	}
}

func TestArgMinMax_Overflow(t *testing.T) {
	x := tensor.New(shapes.Make(dtypes.Float32, 300))
	n := nodeOf(compute.OpTypeArgMinMax, ir.ArgMinMaxAttr{}, []tensor.Tensor{x}, shapes.Make(dtypes.Uint8))
	if err := Eval(n, []tensor.Tensor{x}, []tensor.Tensor{tensor.New(shapes.Make(dtypes.Uint8))}); err == nil {
		t.Error("an index up to 299 in a Uint8 is no error")
	}
	n = nodeOf(compute.OpTypeArgMinMax, ir.ArgMinMaxAttr{}, []tensor.Tensor{tensor.New(shapes.Make(dtypes.Float32, 0))}, shapes.Make(dtypes.Int32))
	if err := Eval(n, []tensor.Tensor{tensor.New(shapes.Make(dtypes.Float32, 0))}, []tensor.Tensor{tensor.New(shapes.Make(dtypes.Int32))}); err == nil {
		t.Error("the largest of no elements is no error")
	}
}
