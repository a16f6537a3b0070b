package autodiff

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// padGradient: element i of x is element Start + i·(Interior+1) of the output, or of nothing where a negative padding
// cut it off. The fill value gets what x does not.
func padGradient(node, v *Node) []*Node {
	x := node.Inputs()[0]
	dx := padInputGradient(x, v, staticOf(node).padAxes(x.Rank()))
	return []*Node{dx, Sub(ReduceAllSum(v), ReduceAllSum(dx))}
}

func padInputGradient(x, v *Node, axes []PadAxis) *Node {
	specs := make([]SliceAxisSpec, x.Rank())
	lo, hi := make([]int, x.Rank()), make([]int, x.Rank())
	for a, p := range axes {
		n, step := x.Shape().Dimensions[a], p.Interior+1
		first := max(0, (-p.Start+step-1)/step)
		last := min(n-1, floorDiv(v.Shape().Dimensions[a]-1-p.Start, step))
		if first > last {
			return ZerosLike(x)
		}
		specs[a] = AxisRange(p.Start+first*step, p.Start+last*step+1).Stride(step)
		lo[a], hi[a] = first, n-1-last
	}
	return extend(Slice(v, specs...), lo, hi)
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func reverseGradient(node, v *Node) []*Node {
	return []*Node{Reverse(v, staticOf(node).ints("axes")...)}
}
