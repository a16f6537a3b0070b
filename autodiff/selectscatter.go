package autodiff

import (
	"iter"
	"slices"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
)

// stockReduceWindow is GoMLX's own rule of ReduceWindow. GoMLX exports no function for SelectAndScatter, and this rule
// is the one place where it makes one.
var stockReduceWindow = VJPRegistration[NodeTypeReduceWindow]

// extremeGradient adds each element of v at the position of its window's maximum (minimum).
func (w window) extremeGradient(v *Node) *Node {
	if w.dilated() {
		// SelectAndScatter knows no dilations: differentiate the same maximum composed of slices, with respect to a
		// copy of x because v may depend on x too.
		w.x = Identity(w.x)
		best, _ := w.scan(w.x)
		return Gradient(ReduceAllSum(Mul(best, v)), w.x)[0]
	}
	// The stock rule wants strides given and dilations absent, which the differentiated node may not have.
	pads := w.pads
	if !w.padded() {
		pads = nil
	}
	plain := BackendReduceWindow(w.x, w.reduction, w.size, w.strides, nil, nil, pads)
	return stockReduceWindow(plain, []*Node{v}, v.Shape())[0]
}

// selectAndScatterGradient: the operation is linear in its source, and what it selects does not change with its
// operand wherever that has a derivative.
func selectAndScatterGradient(node, v *Node) []*Node {
	s, x := staticOf(node), node.Inputs()[0]
	n := x.Rank()
	w := window{
		x: x, reduction: compute.ReduceOpMax,
		size:  s.intsOr("windowDimensions", n, 1),
		inDil: slices.Repeat([]int{1}, n), dil: slices.Repeat([]int{1}, n),
		strides: s.ints("windowStrides"),
		pads:    s.pairs("paddings", n),
	}
	if len(w.strides) == 0 {
		w.strides = slices.Clone(w.size)
	}
	if node.Type() == NodeTypeSelectAndScatterMin {
		w.reduction = compute.ReduceOpMin
	}
	_, selected := w.scan(v)
	return []*Node{nil, selected}
}

// scan visits the positions of the windows of x in row-major order, each as one strided slice. best is each window's
// maximum (minimum); selected is the element of y, which has x's shape, at the position where that is first met, or
// last met if it is NaN. Padding is never selected.
func (w window) scan(y *Node) (best, selected *Node) {
	better := GreaterThan
	if w.reduction == compute.ReduceOpMin {
		better = LessThan
	}
	x, values := w.spread(w.x), w.spread(y)
	var inside, found *Node
	if w.dilated() || w.padded() {
		inside = w.spread(OnesLike(w.x))
	}
	best, selected = zeroOf(x), zeroOf(y)
	for at := range w.positions() {
		xs, ys := w.sliceAt(x, at), w.sliceAt(values, at)
		takes := LogicalOr(better(xs, best), NotEqual(xs, xs))
		switch {
		case inside != nil:
			in := GreaterThan(w.sliceAt(inside, at), zeroOf(x))
			if found == nil {
				takes, found = in, in
				break
			}
			takes = LogicalAnd(in, LogicalOr(takes, LogicalNot(found)))
			found = LogicalOr(found, in)
		case best.IsScalar():
			best, selected = xs, ys
			continue
		}
		best, selected = Where(takes, xs, best), Where(takes, ys, selected)
	}
	return best, selected
}

// spread dilates and pads y with zeros as the window does x.
func (w window) spread(y *Node) *Node {
	if slices.Max(w.inDil) > 1 {
		axes := make([]PadAxis, y.Rank())
		for a, d := range w.inDil {
			axes[a].Interior = d - 1
		}
		y = Pad(y, zeroOf(y), axes...)
	}
	lo, hi := make([]int, y.Rank()), make([]int, y.Rank())
	for a, p := range w.pads {
		lo[a], hi[a] = p[0], p[1]
	}
	return extend(y, lo, hi)
}

// positions yields the offsets of the window's elements, the last axis fastest. The slice is reused.
func (w window) positions() iter.Seq[[]int] {
	return func(yield func([]int) bool) {
		at := make([]int, len(w.size))
		for {
			if !yield(at) {
				return
			}
			a := len(at) - 1
			for ; a >= 0; a-- {
				if at[a]++; at[a] < w.size[a] {
					break
				}
				at[a] = 0
			}
			if a < 0 {
				return
			}
		}
	}
}

// sliceAt is the element at the given offset of every window of x, which is already dilated and padded.
func (w window) sliceAt(x *Node, at []int) *Node {
	specs := make([]SliceAxisSpec, len(at))
	for a, n := range x.Shape().Dimensions {
		windows := (n-dilated(w.size[a], w.dil[a]))/w.strides[a] + 1
		from := at[a] * w.dil[a]
		specs[a] = AxisRange(from, from+(windows-1)*w.strides[a]+1).Stride(w.strides[a])
	}
	return Slice(x, specs...)
}
