package ref

import (
	"fmt"
	"math"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
)

// reducer folds elements into one. combine is applied in the order of memory.
type reducer[A any] struct {
	init  A
	fold  func(acc A, row []A) A // a whole row into one element
	merge func(acc, row []A)     // element i of a row into element i of acc
}

// newReducer builds both loops of an associative operation.
func newReducer[A any](init A, combine func(a, b A) A) *reducer[A] {
	return &reducer[A]{
		init: init,
		fold: func(acc A, row []A) A {
			for _, v := range row {
				acc = combine(acc, v)
			}
			return acc
		},
		merge: func(acc, row []A) { zip(acc, acc, row, combine) },
	}
}

// sumFloats adds in float64, rows of up to blockLen elements in four parts, so that errors of long sums of float64
// stay far below those of a running sum.
func sumFloats() *reducer[float64] {
	return &reducer[float64]{
		fold: func(acc float64, row []float64) float64 {
			var s [4]float64
			for ; len(row) >= 4; row = row[4:] {
				s[0] += row[0]
				s[1] += row[1]
				s[2] += row[2]
				s[3] += row[3]
			}
			for i, v := range row {
				s[i] += v
			}
			return acc + ((s[0] + s[1]) + (s[2] + s[3]))
		},
		merge: func(acc, row []float64) {
			for i, v := range row {
				acc[i] += v
			}
		},
	}
}

func floatReducer(op compute.ReduceOpType) *reducer[float64] {
	switch op {
	case compute.ReduceOpSum:
		return sumFloats()
	case compute.ReduceOpProduct:
		return newReducer(1, func(a, b float64) float64 { return a * b })
	case compute.ReduceOpMax:
		return newReducer(math.Inf(-1), func(a, b float64) float64 { return max(a, b) })
	case compute.ReduceOpMin:
		return newReducer(math.Inf(1), func(a, b float64) float64 { return min(a, b) })
	}
	return nil
}

func integerReducer[A int64 | uint64](op compute.ReduceOpType, lowest, highest A) *reducer[A] {
	switch op {
	case compute.ReduceOpSum:
		return newReducer(0, func(a, b A) A { return a + b })
	case compute.ReduceOpProduct:
		return newReducer(1, func(a, b A) A { return a * b })
	case compute.ReduceOpMax:
		return newReducer(lowest, func(a, b A) A { return max(a, b) })
	case compute.ReduceOpMin:
		return newReducer(highest, func(a, b A) A { return min(a, b) })
	}
	return nil
}

func intReducer(op compute.ReduceOpType, dt dtypes.DType) *reducer[int64] {
	return integerReducer(op, lowestInt(dt), highestInt(dt))
}

func uintReducer(op compute.ReduceOpType, dt dtypes.DType) *reducer[uint64] {
	return integerReducer(op, 0, highestUint(dt))
}

func complexReducer(op compute.ReduceOpType) *reducer[complex128] {
	switch op {
	case compute.ReduceOpSum:
		return newReducer(0, func(a, b complex128) complex128 { return a + b })
	case compute.ReduceOpProduct:
		return newReducer(1, func(a, b complex128) complex128 { return a * b })
	}
	return nil
}

// bitReducer covers the bitwise reductions, and the logical ones as those of 0 and 1; nil for others.
func bitReducer(op compute.OpType) *reducer[uint64] {
	switch op {
	case compute.OpTypeReduceBitwiseAnd, compute.OpTypeReduceLogicalAnd:
		return newReducer(math.MaxUint64, func(a, b uint64) uint64 { return a & b })
	case compute.OpTypeReduceBitwiseOr, compute.OpTypeReduceLogicalOr:
		return newReducer(0, func(a, b uint64) uint64 { return a | b })
	case compute.OpTypeReduceBitwiseXor, compute.OpTypeReduceLogicalXor:
		return newReducer(0, func(a, b uint64) uint64 { return a ^ b })
	}
	return nil
}

var reduceOps = map[compute.OpType]compute.ReduceOpType{
	compute.OpTypeReduceSum:     compute.ReduceOpSum,
	compute.OpTypeReduceProduct: compute.ReduceOpProduct,
	compute.OpTypeReduceMax:     compute.ReduceOpMax,
	compute.OpTypeReduceMin:     compute.ReduceOpMin,
}

// chooseReduce covers the Reduce operations.
//
// Sums and products of floats are accumulated in float64 and rounded once; integers wrap. Max and Min return NaN if
// there is one. Of no elements the sum is 0, the product 1, the maximum the dtype's lowest value and the minimum its
// highest, infinite for floats.
func chooseReduce(n *ir.Node) evalFunc {
	dt := n.Shapes[0].DType
	if !likeOutput(n) {
		return nil
	}
	if r := bitReducer(compute.OpType(n.Op)); r != nil {
		if dt != dtypes.Bool && !dt.IsInt() {
			return nil
		}
		return reduce(r, uintView, uintSink)
	}
	op := reduceOps[compute.OpType(n.Op)]
	switch classOf(dt) {
	case classFloat:
		return reduce(floatReducer(op), floatView, floatSink)
	case classInt:
		return reduce(intReducer(op, dt), intView, intSink)
	case classUint:
		return reduce(uintReducer(op, dt), uintView, uintSink)
	case classComplex:
		return reduce(complexReducer(op), complexView, complexSink)
	}
	return nil
}

func reduce[A any](r *reducer[A], from func(tensor.Tensor) view[A], to func(tensor.Tensor) sink[A]) evalFunc {
	if r == nil {
		return nil
	}
	return func(n *ir.Node, in, out []tensor.Tensor) error {
		p, err := planReduction(in[0].Shape.Dimensions, n.Attr.(ir.ReduceAttr).Axes)
		if err != nil {
			return err
		}
		if size := product(p.keptDims); size != out[0].Shape.Size() {
			return fmt.Errorf("%d elements do not fit %s", size, out[0].Shape)
		}
		if p.runReduced {
			reduceRuns(r, p, from(in[0]), to(out[0]))
		} else {
			mergeRuns(r, p, from(in[0]), to(out[0]))
		}
		return nil
	}
}

// reduction splits an operand's axes, neighbours of one kind merged, into those kept and those reduced. The innermost
// axis is the run: inner elements, reduced or kept.
type reduction struct {
	keptDims, keptStrides       []int // all kept axes, the run included if it is one
	reducedDims, reducedStrides []int // the reduced axes, without the run
	inner                       int
	runReduced                  bool
}

func planReduction(dims, axes []int) (*reduction, error) {
	reduced := make([]bool, len(dims))
	for _, axis := range axes {
		if axis < 0 || axis >= len(dims) {
			return nil, fmt.Errorf("axis %d of rank %d", axis, len(dims))
		}
		reduced[axis] = true
	}
	type merged struct {
		dim, stride int
		reduced     bool
	}
	var list []merged
	strides := stridesOf(dims)
	for axis, d := range dims {
		if last := len(list) - 1; last >= 0 && list[last].reduced == reduced[axis] {
			list[last].dim *= d
			list[last].stride = strides[axis]
			continue
		}
		list = append(list, merged{d, strides[axis], reduced[axis]})
	}
	p := &reduction{inner: 1}
	if last := len(list) - 1; last >= 0 {
		p.inner, p.runReduced = list[last].dim, list[last].reduced
	}
	for i, m := range list {
		switch {
		case !m.reduced:
			p.keptDims, p.keptStrides = append(p.keptDims, m.dim), append(p.keptStrides, m.stride)
		case i < len(list)-1:
			p.reducedDims, p.reducedStrides = append(p.reducedDims, m.dim), append(p.reducedStrides, m.stride)
		}
	}
	return p, nil
}

// reduceRuns computes one output element at a time from runs of contiguous elements.
func reduceRuns[A any](r *reducer[A], p *reduction, x view[A], dst sink[A]) {
	var buf [blockLen]A
	kept, reduced := make([]int, len(p.keptDims)), make([]int, len(p.reducedDims))
	runs := product(p.reducedDims)
	for at := range product(p.keptDims) {
		acc := r.init
		start := dot(kept, p.keptStrides)
		for range runs {
			off := start + dot(reduced, p.reducedStrides)
			for done := 0; done < p.inner; done += blockLen {
				acc = r.fold(acc, x.row(buf[:], off+done, 1, min(blockLen, p.inner-done)))
			}
			next(reduced, p.reducedDims)
		}
		dst.store([]A{acc}, at, 1)
		next(kept, p.keptDims)
	}
}

// mergeRuns computes runs of output elements, the same contiguous run of the operand being merged for each index of
// the reduced axes.
func mergeRuns[A any](r *reducer[A], p *reduction, x view[A], dst sink[A]) {
	var buf, bufAcc [blockLen]A
	outer := len(p.keptDims) - 1
	if outer < 0 { // a scalar
		dst.store([]A{r.fold(r.init, []A{x.at(0)})}, 0, 1)
		return
	}
	kept, reduced := make([]int, outer), make([]int, len(p.reducedDims))
	runs := product(p.reducedDims)
	for i := range product(p.keptDims[:outer]) {
		start := dot(kept, p.keptStrides[:outer])
		for done := 0; done < p.inner; done += blockLen {
			n := min(blockLen, p.inner-done)
			at := i*p.inner + done
			acc := dst.row(bufAcc[:], at, n)
			fill(acc, r.init)
			for range runs {
				r.merge(acc, x.row(buf[:], start+done+dot(reduced, p.reducedStrides), 1, n))
				next(reduced, p.reducedDims)
			}
			dst.put(acc, at)
		}
		next(kept, p.keptDims[:outer])
	}
}

// dot is the offset of an index.
func dot(index, strides []int) int {
	off := 0
	for i, v := range index {
		off += v * strides[i]
	}
	return off
}
