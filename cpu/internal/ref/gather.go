package ref

import (
	"fmt"
	"slices"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
	"github.com/gomlx/compute"
)

// chooseGather covers Gather(operand, startIndices). A slice that would reach beyond the operand is moved back into
// it, as XLA does: start indices are clamped to [0, dimension - slice size].
func chooseGather(n *ir.Node) evalFunc {
	if !n.Inputs[1].Shape().DType.IsInt() || !likeOutput(n, 0) {
		return nil
	}
	return bySize(n.Shapes[0].DType, gather[uint8], gather[uint16], gather[uint32], gather[uint64], gather[wide])
}

// indexVectors reads the vectors of an index tensor, which lie along one axis; an axis equal to the rank stands for
// an implicit last one of size 1.
type indexVectors struct {
	dims, strides []int // of the axes that are not the vectors'
	length, step  int   // of a vector
	values        view[int64]
}

func newIndexVectors(t tensor.Tensor, axis int) (*indexVectors, error) {
	dims := t.Shape.Dimensions
	if axis < 0 || axis > len(dims) {
		return nil, fmt.Errorf("index vectors along axis %d of rank %d", axis, len(dims))
	}
	v := &indexVectors{dims: slices.Clone(dims), strides: stridesOf(dims), length: 1, values: indexView(t)}
	if axis < len(dims) {
		v.length, v.step = dims[axis], v.strides[axis]
		v.dims, v.strides = slices.Delete(v.dims, axis, axis+1), slices.Delete(v.strides, axis, axis+1)
	}
	return v, nil
}

func (v *indexVectors) at(index []int, component int) int64 {
	return v.values.at(dot(index, v.strides) + component*v.step)
}

// without lists the axes below rank that are not in the given ones.
func without(rank int, axes []int) []int {
	var rest []int
	for axis := range rank {
		if !slices.Contains(axes, axis) {
			rest = append(rest, axis)
		}
	}
	return rest
}

// pick selects elements of a list by axis.
func pick(list, axes []int) ([]int, error) {
	picked := make([]int, len(axes))
	for i, axis := range axes {
		if axis < 0 || axis >= len(list) {
			return nil, fmt.Errorf("axis %d of rank %d", axis, len(list))
		}
		picked[i] = list[axis]
	}
	return picked, nil
}

func gather[T any](n *ir.Node, in, out []tensor.Tensor) error {
	a := n.Attr.(ir.GatherAttr)
	shape, dims := in[0].Shape.Dimensions, out[0].Shape.Dimensions
	vectors, err := newIndexVectors(in[1], a.IndexVectorAxis)
	if err != nil {
		return err
	}
	strides := stridesOf(shape)
	if len(a.SliceSizes) != len(shape) || vectors.length != len(a.StartIndexMap) {
		return fmt.Errorf("slice sizes %v and start index map %v for rank %d and index vectors of %d",
			a.SliceSizes, a.StartIndexMap, len(shape), vectors.length)
	}
	for axis, size := range a.SliceSizes {
		if size < 0 || size > shape[axis] {
			return fmt.Errorf("slice sizes %v", a.SliceSizes)
		}
	}
	mapped, err := pick(strides, a.StartIndexMap)
	if err != nil {
		return err
	}
	// The axes of a slice in the operand, and where they go in the output.
	window := without(len(shape), a.CollapsedSliceAxes)
	windowDims, errDims := pick(a.SliceSizes, window)
	windowStrides, errStrides := pick(strides, window)
	to, errTo := pick(stridesOf(dims), a.OffsetOutputAxes)
	if errDims != nil || errStrides != nil || errTo != nil || len(to) != len(window) {
		return fmt.Errorf("offset axes %v and collapsed axes %v", a.OffsetOutputAxes, a.CollapsedSliceAxes)
	}
	for i, axis := range a.OffsetOutputAxes {
		if dims[axis] != windowDims[i] {
			return fmt.Errorf("slice sizes %v for output dimensions %v", a.SliceSizes, dims)
		}
	}
	batch := without(len(dims), a.OffsetOutputAxes)
	batchDims, _ := pick(dims, batch)
	batchStrides, _ := pick(stridesOf(dims), batch)
	if !slices.Equal(batchDims, vectors.dims) {
		return fmt.Errorf("batch dimensions %v of the output and %v of the indices", batchDims, vectors.dims)
	}
	copies := newStridedCopy(windowDims, to, windowStrides)
	src, dst := tensor.Of[T](in[0]), tensor.Of[T](out[0])
	index := make([]int, len(batch))
	for range product(batchDims) {
		start := 0
		for i, axis := range a.StartIndexMap {
			start += clampIndex(vectors.at(index, i), shape[axis]-a.SliceSizes[axis]) * mapped[i]
		}
		run(copies, dst, dot(index, batchStrides), src, start)
		next(index, batchDims)
	}
	return nil
}

// chooseScatter covers ScatterSum, Max and Min(operand, indices, updates). An update window that does not lie wholly
// within the operand is skipped, as XLA does. Updates are applied in row-major order of the indices, each rounded to
// the dtype.
func chooseScatter(n *ir.Node) evalFunc {
	if !n.Inputs[1].Shape().DType.IsInt() || !likeOutput(n, 0, 2) {
		return nil
	}
	op := map[compute.OpType]compute.ReduceOpType{
		compute.OpTypeScatterSum: compute.ReduceOpSum,
		compute.OpTypeScatterMax: compute.ReduceOpMax,
		compute.OpTypeScatterMin: compute.ReduceOpMin,
	}[compute.OpType(n.Op)]
	dt := n.Shapes[0].DType
	switch classOf(dt) {
	case classFloat:
		return scatter(floatReducer(op), floatView, floatSink)
	case classInt:
		return scatter(intReducer(op, dt), intView, intSink)
	case classUint:
		return scatter(uintReducer(op, dt), uintView, uintSink)
	case classComplex:
		return scatter(complexReducer(op), complexView, complexSink)
	}
	return nil
}

func scatter[A any](r *reducer[A], from func(tensor.Tensor) view[A], to func(tensor.Tensor) sink[A]) evalFunc {
	if r == nil {
		return nil
	}
	return func(n *ir.Node, in, out []tensor.Tensor) error {
		if err := copyInput(n, in, out); err != nil {
			return err
		}
		p, err := planScatter(n.Attr.(ir.ScatterAttr), in)
		if err != nil {
			return err
		}
		updates, old, dst := from(in[2]), from(out[0]), to(out[0])
		index, inWindow := make([]int, len(p.vectors.dims)), make([]int, len(p.windowOuter))
		var buf, bufAcc [blockLen]A
		for range product(p.vectors.dims) {
			if start, ok := p.start(index); ok {
				off := dot(index, p.scatterStrides)
				for range product(p.windowOuter) {
					u, d := off+dot(inWindow, p.updateStrides), start+dot(inWindow, p.operandStrides)
					for done := 0; done < p.inner; done += blockLen {
						n := min(blockLen, p.inner-done)
						acc := bufAcc[:n]
						copy(acc, old.row(buf[:], d+done*p.operandStep, p.operandStep, n))
						r.merge(acc, updates.row(buf[:], u+done*p.updateStep, p.updateStep, n))
						dst.store(acc, d+done*p.operandStep, p.operandStep)
					}
					next(inWindow, p.windowOuter)
				}
			}
			next(index, p.vectors.dims)
		}
		return nil
	}
}

// scatterPlan walks update windows; the last window axis is the inner one.
type scatterPlan struct {
	vectors        *indexVectors
	scatterStrides []int   // of the updates, for the axes that are not windows'
	shape, window  []int   // of the operand, and of a window in the operand's rank
	strides        []int   // of the operand
	axes           []int   // operand axis of each component of an index vector
	first          []int64 // scratch: start of a window

	windowOuter                   []int
	updateStrides, operandStrides []int
	inner                         int
	updateStep, operandStep       int
}

func planScatter(a ir.ScatterAttr, in []tensor.Tensor) (*scatterPlan, error) {
	shape, updates := in[0].Shape.Dimensions, in[2].Shape.Dimensions
	vectors, err := newIndexVectors(in[1], a.IndexVectorAxis)
	if err != nil {
		return nil, err
	}
	p := &scatterPlan{vectors: vectors, shape: shape, strides: stridesOf(shape), axes: a.ScatterAxesToOperandAxes,
		first: make([]int64, len(shape)), inner: 1}
	window := without(len(shape), a.InsertedWindowAxes)
	windowDims, errDims := pick(updates, a.UpdateWindowAxes)
	from, errFrom := pick(stridesOf(updates), a.UpdateWindowAxes)
	_, errMap := pick(shape, p.axes)
	if errDims != nil || errFrom != nil || errMap != nil || len(window) != len(windowDims) || len(p.axes) != vectors.length {
		return nil, fmt.Errorf("update window axes %v, inserted axes %v and axes %v for index vectors of %d",
			a.UpdateWindowAxes, a.InsertedWindowAxes, p.axes, vectors.length)
	}
	rest := without(len(updates), a.UpdateWindowAxes)
	restDims, _ := pick(updates, rest)
	p.scatterStrides, _ = pick(stridesOf(updates), rest)
	if !slices.Equal(restDims, vectors.dims) {
		return nil, fmt.Errorf("scatter dimensions %v of the updates and %v of the indices", restDims, vectors.dims)
	}
	p.window = make([]int, len(shape))
	fill(p.window, 1)
	to := make([]int, len(window))
	for i, axis := range window {
		if windowDims[i] > shape[axis] {
			return nil, fmt.Errorf("an update window of %v does not fit", windowDims)
		}
		p.window[axis], to[i] = windowDims[i], p.strides[axis]
	}
	if last := len(window) - 1; last >= 0 {
		p.inner, p.updateStep, p.operandStep = windowDims[last], from[last], to[last]
		windowDims, from, to = windowDims[:last], from[:last], to[:last]
	}
	p.windowOuter, p.updateStrides, p.operandStrides = windowDims, from, to
	return p, nil
}

// start is the operand's offset of the window that index selects, false if the window is not within the operand.
func (p *scatterPlan) start(index []int) (int, bool) {
	off := 0
	clear(p.first)
	for i, axis := range p.axes {
		p.first[axis] = p.vectors.at(index, i)
	}
	for axis, i := range p.first {
		if i < 0 || i > int64(p.shape[axis]-p.window[axis]) {
			return 0, false
		}
		off += int(i) * p.strides[axis]
	}
	return off, true
}
