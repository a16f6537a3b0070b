package ref

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// windowSize is how many windows fit along an axis; less than 1 if none does.
func windowSize(dim, window, stride, inputDilation, windowDilation int, pad [2]int) int {
	span := pad[0] + pad[1]
	if dim > 0 {
		span += (dim-1)*inputDilation + 1
	}
	if rest := span - ((window-1)*windowDilation + 1); rest >= 0 {
		return rest/stride + 1
	}
	return 0
}

func randomWindow(rng *rand.Rand, dims []int, dilate bool) (ir.WindowAttr, []int) {
	var a ir.WindowAttr
	out := make([]int, len(dims))
	for axis, d := range dims {
		w, s, id, wd, p := 1, 1, 1, 1, [2]int{}
		if rng.IntN(4) > 0 {
			w, s, p = 1+rng.IntN(3), 1+rng.IntN(3), [2]int{rng.IntN(3), rng.IntN(3)}
			if dilate {
				id, wd = 1+rng.IntN(2), 1+rng.IntN(2)
			}
		}
		if windowSize(d, w, s, id, wd, p) < 1 {
			w = 1
			p = [2]int{1, 1}
		}
		a.Window, a.Strides, a.Paddings = append(a.Window, w), append(a.Strides, s), append(a.Paddings, p)
		a.InputDilations, a.WindowDilations = append(a.InputDilations, id), append(a.WindowDilations, wd)
		out[axis] = windowSize(d, w, s, id, wd, p)
	}
	return a, out
}

// covered calls visit with the index of every element of an array that a window at index covers.
func covered(a ir.WindowAttr, dims, index []int, visit func(element []int)) {
	tap, element := make([]int, len(dims)), make([]int, len(dims))
	for {
		inside := true
		for axis := range dims {
			p := index[axis]*a.Strides[axis] + tap[axis]*a.WindowDilations[axis] - a.Paddings[axis][0]
			id := a.InputDilations[axis]
			if p < 0 || p%id != 0 || p/id >= dims[axis] {
				inside = false
				break
			}
			element[axis] = p / id
		}
		if inside {
			visit(element)
		}
		if !next(tap, a.Window) {
			return
		}
	}
}

func FuzzWindow(f *testing.F) {
	for seed := range uint64(80) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		rng := rand.New(rand.NewPCG(seed, 2))
		dims := make([]int, rng.IntN(4))
		for i := range dims {
			dims[i] = rng.IntN(7)
		}
		if rng.IntN(4) == 0 && len(dims) > 0 {
			dims[len(dims)-1] = 600
		}
		a, out := randomWindow(rng, dims, true)
		for _, dt := range []dtypes.DType{dtypes.Float64, dtypes.Float32, dtypes.Float16, dtypes.Int32, dtypes.Uint8} {
			x := randomTensor(rng, dt, dims)
			values := floatsOf(x)
			for op, fold := range map[compute.ReduceOpType]compute.OpType{
				compute.ReduceOpSum: compute.OpTypeReduceSum, compute.ReduceOpMax: compute.OpTypeReduceMax,
				compute.ReduceOpMin: compute.OpTypeReduceMin, compute.ReduceOpProduct: compute.OpTypeReduceProduct,
			} {
				if op == compute.ReduceOpProduct && !dt.IsFloat() {
					continue // overflows
				}
				a.Reduction = op
				want, index := make([]float64, product(out)), make([]int, len(out))
				for i := range want {
					want[i] = foldOps[fold].init
					covered(a, dims, index, func(e []int) { want[i] = foldOps[fold].f(want[i], values[dot(e, stridesOf(dims))]) })
					if math.IsInf(want[i], 0) && dt.IsInt() { // covers nothing
						want[i] = map[bool]map[dtypes.DType]float64{
							true:  {dtypes.Int32: math.MinInt32, dtypes.Uint8: 0},
							false: {dtypes.Int32: math.MaxInt32, dtypes.Uint8: 255},
						}[op == compute.ReduceOpMax][dt]
					}
					next(index, out)
				}
				if dt.IsFloat() { // products may overflow, or need more bits than there are
					want = floatsOf(halves(dt, out, want...))
				}
				near(t, op.String()+" "+x.Shape.String(), eval1(t, compute.OpTypeReduceWindow, a, shapes.Make(dt, out...), x), want, 0)
			}
		}
		testSelectAndScatter(t, rng, dims)
	})
}

func testSelectAndScatter(t *testing.T, rng *rand.Rand, dims []int) {
	a, out := randomWindow(rng, dims, false)
	for _, isMin := range []bool{false, true} {
		op := map[bool]compute.OpType{false: compute.OpTypeSelectAndScatterMax, true: compute.OpTypeSelectAndScatterMin}[isMin]
		x, source := randomTensor(rng, dtypes.Float32, dims), randomTensor(rng, dtypes.Float32, out)
		if len(x.Data) > 0 && rng.IntN(2) == 0 {
			tensor.Of[float32](x)[rng.IntN(x.Shape.Size())] = float32(nan)
		}
		values, want, index := floatsOf(x), make([]float64, product(dims)), make([]int, len(out))
		for _, s := range floatsOf(source) {
			best := -1
			covered(a, dims, index, func(e []int) {
				off := dot(e, stridesOf(dims))
				v := values[off]
				if best < 0 || values[best] == values[best] && (v != v || isMin && v < values[best] || !isMin && v > values[best]) {
					best = off
				}
			})
			if best >= 0 {
				want[best] += s
			}
			next(index, out)
		}
		attr := a
		attr.InputDilations, attr.WindowDilations = nil, nil
		near(t, op.String()+" "+x.Shape.String(), eval1(t, op, attr, x.Shape, x, source), want, 0)
		xi, si := convertTo(t, dtypes.Int16, x), convertTo(t, dtypes.Int16, source)
		if !hasNaN(values) {
			near(t, op.String()+" "+xi.Shape.String(), eval1(t, op, attr, xi.Shape, xi, si), want, 0)
		}
	}
}

func hasNaN(x []float64) bool {
	for _, v := range x {
		if v != v {
			return true
		}
	}
	return false
}

func TestReduceWindow_NaN(t *testing.T) {
	x := of(vec(4), float32(1), float32(nan), 3, 4)
	a := ir.WindowAttr{Reduction: compute.ReduceOpMax, Window: vec(2), Strides: vec(1), Paddings: [][2]int{{0, 0}}}
	check(t, "Max", eval1(t, compute.OpTypeReduceWindow, a, shapes.Make(dtypes.Float32, 3), x), of(vec(3), float32(nan), float32(nan), 4))
}
