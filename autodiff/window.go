package autodiff

import (
	"slices"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/support/exceptions"
)

// window is a ReduceWindow or SelectAndScatter of x with every argument spelled out.
type window struct {
	x             *Node
	reduction     compute.ReduceOpType
	size, strides []int
	inDil, dil    []int // of x, of the window
	pads          [][2]int
}

func (w window) dilated() bool { return slices.Max(w.inDil) > 1 || slices.Max(w.dil) > 1 }
func (w window) padded() bool {
	return slices.ContainsFunc(w.pads, func(p [2]int) bool { return p != [2]int{} })
}

// reduceWindowGradient is the rule of ReduceWindow with Sum, Max and Min.
func reduceWindowGradient(node, v *Node) []*Node {
	w := reduceWindowOf(node)
	switch w.reduction {
	case compute.ReduceOpSum:
		return []*Node{w.sumGradient(node, v)}
	case compute.ReduceOpMax, compute.ReduceOpMin:
		return []*Node{w.extremeGradient(v)}
	default:
		exceptions.Panicf("autodiff: ReduceWindow of %s with %s has no gradient: only Sum, Max and Min have one",
			w.x.Shape(), w.reduction)
		return nil
	}
}

func reduceWindowOf(node *Node) window {
	s, x := staticOf(node), node.Inputs()[0]
	n := x.Rank()
	if n == 0 {
		exceptions.Panicf("autodiff: ReduceWindow of a scalar has no gradient: there is no window")
	}
	w := window{
		x:         x,
		reduction: compute.ReduceOpType(s.int("reductionType")),
		size:      s.intsOr("windowDimensions", n, 1),
		inDil:     s.intsOr("inputDilations", n, 1),
		dil:       s.intsOr("windowDilations", n, 1),
		pads:      s.pairs("paddings", n),
	}
	w.strides = s.ints("strides")
	if len(w.strides) == 0 { // the default of ReduceWindow
		w.strides = slices.Clone(w.size)
	}
	return w
}

// sumGradient: the transpose of a sum over windows is a sum over windows of v, spread out by the strides. Windows that
// tile the input only repeat v.
func (w window) sumGradient(node, v *Node) *Node {
	if !w.dilated() && slices.Equal(w.size, w.strides) {
		return w.repeat(v)
	}
	spread := make([]PadAxis, v.Rank())
	lo, hi := make([]int, v.Rank()), make([]int, v.Rank())
	for a := range spread {
		in := dilated(w.x.Shape().Dimensions[a], w.inDil[a])
		size := dilated(w.size[a], w.dil[a])
		out := dilated(node.Shape().Dimensions[a], w.strides[a])
		spread[a].Interior = w.strides[a] - 1
		lo[a] = size - 1 - w.pads[a][0]
		hi[a] = in + size - 1 - out - lo[a]
	}
	if slices.Max(w.strides) > 1 {
		v = Pad(v, zeroOf(v), spread...)
	}
	return BackendReduceWindow(extend(v, lo, hi), compute.ReduceOpSum, w.size, w.inDil, nil, orNil(w.dil), nil)
}

// repeat gives every element of each window the window's gradient.
func (w window) repeat(v *Node) *Node {
	var apart, repeated, joined []int
	lo, hi := make([]int, v.Rank()), make([]int, v.Rank())
	for a, n := range v.Shape().Dimensions {
		apart, repeated = append(apart, n), append(repeated, n)
		if w.size[a] > 1 {
			apart, repeated = append(apart, 1), append(repeated, w.size[a])
		}
		joined = append(joined, n*w.size[a])
		lo[a] = -w.pads[a][0]
		hi[a] = w.x.Shape().Dimensions[a] - n*w.size[a] - lo[a]
	}
	if len(apart) > v.Rank() {
		v = Reshape(BroadcastToDims(Reshape(v, apart...), repeated...), joined...)
	}
	return extend(v, lo, hi)
}

// orNil spells dilations that are all 1 as absent.
func orNil(dil []int) []int {
	if slices.Max(dil) == 1 {
		return nil
	}
	return dil
}
