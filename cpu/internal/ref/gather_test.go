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

// window is what Gather and Scatter have in common: an array, windows into it, and index vectors that place them.
type window struct {
	dims       []int // of the array
	sizes      []int // of a window
	collapsed  []int // axes of size 1 that the windows' array does not have
	mapped     []int // axis of each component of an index vector
	batch      []int // dimensions of the array of index vectors
	vectorAxis int
	indices    tensor.Tensor
	starts     [][]int // of every index vector, by axis of the array
	windowAxes []int   // of the array of windows
	out        []int   // dimensions of that
}

func randomWindows(rng *rand.Rand) window {
	rank := 1 + rng.IntN(3)
	w := window{dims: make([]int, rank), sizes: make([]int, rank), batch: randomDims(rng, rng.IntN(3), 200)}
	for axis := range w.dims {
		w.dims[axis] = 1 + rng.IntN(6)
		w.sizes[axis] = rng.IntN(w.dims[axis] + 1)
		if rng.IntN(3) == 0 {
			w.sizes[axis] = 1
			w.collapsed = append(w.collapsed, axis)
		}
	}
	w.mapped = rng.Perm(rank)[:rng.IntN(rank+1)]
	w.vectorAxis = rng.IntN(len(w.batch) + 1)
	shape := slices.Insert(slices.Clone(w.batch), w.vectorAxis, len(w.mapped))
	if len(w.mapped) == 1 && w.vectorAxis == len(w.batch) && rng.IntN(2) == 0 {
		shape = w.batch // the implicit last axis
	}
	w.indices = tensor.New(shapes.Make(dtypes.Int32, shape...))
	index := make([]int, len(w.batch))
	for range product(w.batch) {
		start := make([]int, rank)
		for c, axis := range w.mapped {
			start[axis] = rng.IntN(w.dims[axis]+4) - 2
			at := index
			if len(shape) > len(w.batch) {
				at = slices.Insert(slices.Clone(index), w.vectorAxis, c)
			}
			tensor.Of[int32](w.indices)[dot(at, stridesOf(shape))] = int32(start[axis])
		}
		w.starts = append(w.starts, start)
		next(index, w.batch)
	}
	own := without(rank, w.collapsed)
	w.windowAxes = rng.Perm(len(w.batch) + len(own))[:len(own)]
	slices.Sort(w.windowAxes)
	w.out = make([]int, len(w.batch)+len(own))
	for i, axis := range w.windowAxes {
		w.out[axis] = w.sizes[own[i]]
	}
	for i, axis := range without(len(w.out), w.windowAxes) {
		w.out[axis] = w.batch[i]
	}
	return w
}

// split gives the number of the index vector and the index within the window of an element of the array of windows.
func (w window) split(index []int) (vector int, within []int) {
	within = make([]int, len(w.dims))
	for i, axis := range without(len(w.dims), w.collapsed) {
		within[axis] = index[w.windowAxes[i]]
	}
	for i, axis := range without(len(w.out), w.windowAxes) {
		vector = vector*w.batch[i] + index[axis]
	}
	return vector, within
}

func FuzzGatherScatter(f *testing.F) {
	for seed := range uint64(200) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		rng := rand.New(rand.NewPCG(seed, 5))
		w := randomWindows(rng)
		testGather(t, w)
		testScatter(t, rng, w)
	})
}

func testGather(t *testing.T, w window) {
	x := count(w.dims)
	want := byDefinition(x, 0, w.out, func(index []int) int {
		vector, at := w.split(index)
		for axis, start := range w.starts[vector] {
			at[axis] += min(max(start, 0), w.dims[axis]-w.sizes[axis])
		}
		return dot(at, stridesOf(w.dims))
	})
	attr := ir.GatherAttr{IndexVectorAxis: w.vectorAxis, OffsetOutputAxes: w.windowAxes, CollapsedSliceAxes: w.collapsed,
		StartIndexMap: w.mapped, SliceSizes: w.sizes}
	checkMove(t, compute.OpTypeGather, attr, []tensor.Tensor{x, w.indices}, want)
}

func testScatter(t *testing.T, rng *rand.Rand, w window) {
	attr := ir.ScatterAttr{IndexVectorAxis: w.vectorAxis, UpdateWindowAxes: w.windowAxes, InsertedWindowAxes: w.collapsed,
		ScatterAxesToOperandAxes: w.mapped}
	for _, dt := range []dtypes.DType{dtypes.Float64, dtypes.Float32, dtypes.BFloat16, dtypes.Int16, dtypes.Uint64} {
		x, updates := randomTensor(rng, dt, w.dims), randomTensor(rng, dt, w.out)
		for op, f := range map[compute.OpType]func(a, b float64) float64{
			compute.OpTypeScatterSum: func(a, b float64) float64 { return a + b },
			compute.OpTypeScatterMax: math.Max, compute.OpTypeScatterMin: math.Min,
		} {
			want, index := floatsOf(x), make([]int, len(w.out))
			for _, u := range floatsOf(updates) {
				vector, at := w.split(index)
				inside := true
				for axis, start := range w.starts[vector] {
					inside = inside && start >= 0 && start+w.sizes[axis] <= w.dims[axis]
					at[axis] += start
				}
				if inside {
					off := dot(at, stridesOf(w.dims))
					want[off] = f(want[off], u)
				}
				next(index, w.out)
			}
			got := eval1(t, op, attr, x.Shape, x, w.indices, updates)
			tolerance := 0.0
			if dt == dtypes.BFloat16 {
				tolerance = 0.02
			}
			near(t, op.String()+" "+x.Shape.String(), got, want, tolerance)
		}
	}
}

func TestGather_IndexTypes(t *testing.T) {
	x := of(vec(4), float32(10), 11, 12, 13)
	attr := ir.GatherAttr{IndexVectorAxis: 1, CollapsedSliceAxes: []int{0}, StartIndexMap: []int{0}, SliceSizes: []int{1}}
	want := of(vec(2), float32(12), 13)
	check(t, "uint8", eval1(t, compute.OpTypeGather, attr, want.Shape, x, of(vec(2), uint8(2), 200)), want)
	check(t, "uint64", eval1(t, compute.OpTypeGather, attr, want.Shape, x, of(vec(2), uint64(2), math.MaxUint64)), want)
	check(t, "int64", eval1(t, compute.OpTypeGather, attr, want.Shape, x, of(vec(2), int64(2), math.MaxInt64)), want)
}
