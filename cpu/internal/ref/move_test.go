package ref

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// byDefinition builds the tensor whose element at an index is element source(index) of x, or fill where that is -1.
func byDefinition(x tensor.Tensor, fill int32, dims []int, source func(index []int) int) tensor.Tensor {
	out := tensor.New(shapes.Make(dtypes.Int32, dims...))
	index := make([]int, len(dims))
	for i := range tensor.Of[int32](out) {
		v := fill
		if from := source(index); from >= 0 {
			v = tensor.Of[int32](x)[from]
		}
		tensor.Of[int32](out)[i] = v
		next(index, dims)
	}
	return out
}

// randomDims are dimensions of 0 to 6, seldom longer, of limit elements at most.
func randomDims(rng *rand.Rand, rank, limit int) []int {
	dims := make([]int, rank)
	for i := range dims {
		dims[i] = rng.IntN(7)
		if dims[i] == 0 && rng.IntN(4) > 0 {
			dims[i] = 1
		}
		if rng.IntN(12) == 0 {
			dims[i] = 30 + rng.IntN(50)
		}
	}
	for i := range dims {
		if product(dims) > limit {
			dims[i] = 1
		}
	}
	return dims
}

// checkMove compares an operation on Int32 with its definition, and on other sizes of elements with Int32.
func checkMove(t *testing.T, op compute.OpType, attr any, in []tensor.Tensor, want tensor.Tensor) {
	t.Helper()
	check(t, op.String(), eval(t, op, attr, in, want.Shape)[0], want)
	for _, dt := range []dtypes.DType{dtypes.Uint8, dtypes.Float64, dtypes.Complex128, dtypes.BFloat16, dtypes.Int4} {
		converted := slices.Clone(in)
		for i, x := range in {
			if i == 0 || op == compute.OpTypeConcatenate || i == 1 && (op == compute.OpTypePad || op == compute.OpTypeDynamicUpdateSlice) {
				converted[i] = convertTo(t, dt, x)
			}
		}
		shape := want.Shape.Clone()
		shape.DType = dt
		check(t, op.String()+" "+dt.String(), eval(t, op, attr, converted, shape)[0], convertTo(t, dt, want))
	}
}

func convertTo(t testing.TB, dt dtypes.DType, x tensor.Tensor) tensor.Tensor {
	t.Helper()
	s := x.Shape.Clone()
	s.DType = dt
	return eval1(t, compute.OpTypeConvertDType, nil, s, x)
}

func FuzzMove(f *testing.F) {
	for seed := range uint64(60) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		rng := rand.New(rand.NewPCG(seed, 0))
		rank := rng.IntN(5)
		dims := randomDims(rng, rank, 5000)
		x := count(dims)
		testTranspose(t, rng, x, dims)
		testBroadcastInDim(t, rng, dims)
		testReverse(t, rng, x, dims)
		testSlice(t, rng, x, dims)
		testPad(t, rng, x, dims)
		testDynamicSlice(t, rng, x, dims)
		if rank > 0 {
			testConcatenate(t, rng, dims)
		}
	})
}

func testTranspose(t *testing.T, rng *rand.Rand, x tensor.Tensor, dims []int) {
	perm := rng.Perm(len(dims))
	out, strides := make([]int, len(dims)), stridesOf(dims)
	for i, axis := range perm {
		out[i] = dims[axis]
	}
	checkMove(t, compute.OpTypeTranspose, ir.TransposeAttr{Perm: perm}, []tensor.Tensor{x}, byDefinition(x, 0, out, func(index []int) int {
		off := 0
		for i, axis := range perm {
			off += index[i] * strides[axis]
		}
		return off
	}))
}

func testBroadcastInDim(t *testing.T, rng *rand.Rand, out []int) {
	var axes, dims []int
	for axis, d := range out {
		if rng.IntN(3) > 0 {
			axes, dims = append(axes, axis), append(dims, d)
			if rng.IntN(3) == 0 {
				dims[len(dims)-1] = 1
			}
		}
	}
	x, strides := count(dims), stridesOf(dims)
	checkMove(t, compute.OpTypeBroadcastInDim, ir.BroadcastAttr{Axes: axes}, []tensor.Tensor{x}, byDefinition(x, 0, out, func(index []int) int {
		off := 0
		for i, axis := range axes {
			if dims[i] != 1 {
				off += index[axis] * strides[i]
			}
		}
		return off
	}))
}

func testReverse(t *testing.T, rng *rand.Rand, x tensor.Tensor, dims []int) {
	axes := rng.Perm(len(dims))[:rng.IntN(len(dims)+1)]
	strides := stridesOf(dims)
	checkMove(t, compute.OpTypeReverse, ir.ReverseAttr{Axes: axes}, []tensor.Tensor{x}, byDefinition(x, 0, dims, func(index []int) int {
		off := 0
		for axis, i := range index {
			if slices.Contains(axes, axis) {
				i = dims[axis] - 1 - i
			}
			off += i * strides[axis]
		}
		return off
	}))
}

func testSlice(t *testing.T, rng *rand.Rand, x tensor.Tensor, dims []int) {
	a := ir.SliceAttr{}
	out, strides := make([]int, len(dims)), stridesOf(dims)
	for axis, d := range dims {
		start := rng.IntN(d + 1)
		limit := start + rng.IntN(d-start+1)
		step := 1 + rng.IntN(3)
		a.Starts, a.Limits, a.Strides = append(a.Starts, start), append(a.Limits, limit), append(a.Strides, step)
		out[axis] = (limit - start + step - 1) / step
	}
	checkMove(t, compute.OpTypeSlice, a, []tensor.Tensor{x}, byDefinition(x, 0, out, func(index []int) int {
		off := 0
		for axis, i := range index {
			off += (a.Starts[axis] + i*a.Strides[axis]) * strides[axis]
		}
		return off
	}))
}

func testPad(t *testing.T, rng *rand.Rand, x tensor.Tensor, dims []int) {
	var a ir.PadAttr
	out, strides := make([]int, len(dims)), stridesOf(dims)
	for axis, d := range dims {
		p := compute.PadAxis{Start: rng.IntN(9) - 4, End: rng.IntN(9) - 4, Interior: rng.IntN(3)}
		out[axis] = d + p.Start + p.End + max(0, d-1)*p.Interior
		if out[axis] < 0 {
			p, out[axis] = compute.PadAxis{}, d
		}
		a.Axes = append(a.Axes, p)
	}
	const value = -9
	checkMove(t, compute.OpTypePad, a, []tensor.Tensor{x, of[int32](nil, value)}, byDefinition(x, value, out, func(index []int) int {
		off := 0
		for axis, i := range index {
			p := a.Axes[axis]
			i -= p.Start
			if i < 0 || i%(p.Interior+1) != 0 || i/(p.Interior+1) >= dims[axis] {
				return -1
			}
			off += i / (p.Interior + 1) * strides[axis]
		}
		return off
	}))
}

func testDynamicSlice(t *testing.T, rng *rand.Rand, x tensor.Tensor, dims []int) {
	in, starts, sizes := []tensor.Tensor{x}, make([]int, len(dims)), make([]int, len(dims))
	strides := stridesOf(dims)
	for axis, d := range dims {
		sizes[axis] = rng.IntN(d + 1)
		start := rng.IntN(2*d+5) - d/2 - 2
		if rng.IntN(2) == 0 {
			in = append(in, of[int64](nil, int64(start)))
		} else {
			start = max(start, 0)
			in = append(in, of[uint8](nil, uint8(start)))
		}
		starts[axis] = min(max(start, 0), d-sizes[axis])
	}
	checkMove(t, compute.OpTypeDynamicSlice, ir.DynamicSliceAttr{Sizes: sizes}, in, byDefinition(x, 0, sizes, func(index []int) int {
		off := 0
		for axis, i := range index {
			off += (starts[axis] + i) * strides[axis]
		}
		return off
	}))
	update := count(sizes)
	want := tensor.New(x.Shape)
	copy(want.Data, x.Data)
	index := make([]int, len(dims))
	for _, v := range tensor.Of[int32](update) {
		off := 0
		for axis, i := range index {
			off += (starts[axis] + i) * strides[axis]
		}
		tensor.Of[int32](want)[off] = v
		next(index, sizes)
	}
	checkMove(t, compute.OpTypeDynamicUpdateSlice, nil, slices.Insert(slices.Clone(in), 1, update), want)
}

func testConcatenate(t *testing.T, rng *rand.Rand, dims []int) {
	axis := rng.IntN(len(dims))
	out := slices.Clone(dims)
	out[axis] = 0
	var in []tensor.Tensor
	for range 1 + rng.IntN(3) {
		part := slices.Clone(dims)
		part[axis] = rng.IntN(5)
		out[axis] += part[axis]
		in = append(in, count(part))
	}
	want := tensor.New(shapes.Make(dtypes.Int32, out...))
	index := make([]int, len(out))
	for i := range tensor.Of[int32](want) {
		at, part := index[axis], 0
		for at >= in[part].Shape.Dimensions[axis] {
			at -= in[part].Shape.Dimensions[axis]
			part++
		}
		from := slices.Clone(index)
		from[axis] = at
		tensor.Of[int32](want)[i] = tensor.Of[int32](in[part])[dot(from, stridesOf(in[part].Shape.Dimensions))]
		next(index, out)
	}
	checkMove(t, compute.OpTypeConcatenate, ir.ConcatenateAttr{Axis: axis}, in, want)
}
