package autodiff

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// Gather and ScatterSum, windows included, are each other's gradient: a slice of Gather is an update of ScatterSum.
// Indices must be within bounds: Gather moves a slice that would leave the operand back inside, ScatterSum drops it.

func gatherGradient(node, v *Node) []*Node {
	s, x, indices := staticOf(node), node.Inputs()[0], node.Inputs()[1]
	dx := BackendScatterSum(ZerosLike(x), indices, v,
		s.int("indexVectorAxis"), s.ints("offsetOutputAxes"), s.ints("collapsedSliceAxes"), s.ints("startIndexMap"),
		s.bool("indicesAreSorted"), false)
	return []*Node{dx, nil}
}

func scatterSumGradient(node, v *Node) []*Node {
	s, x, indices, updates := staticOf(node), node.Inputs()[0], node.Inputs()[1], node.Inputs()[2]
	window, inserted := s.ints("updateWindowAxes"), s.ints("insertedWindowAxes")
	isInserted := make([]bool, x.Rank())
	for _, a := range inserted {
		isInserted[a] = true
	}
	sizes, next := make([]int, x.Rank()), 0
	for a := range sizes {
		if isInserted[a] {
			sizes[a] = 1
			continue
		}
		sizes[a] = updates.Shape().Dimensions[window[next]]
		next++
	}
	dUpdates := BackendGather(v, indices, s.int("indexVectorAxis"), window, inserted,
		s.ints("scatterAxesToOperandAxes"), sizes, s.bool("indicesAreSorted"))
	return []*Node{v, nil, dUpdates}
}
