package pass

import (
	"slices"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
)

// addMovementRules registers the rules for operations that only move or repeat elements.
func addMovementRules(on func(compute.OpType, ...simplifyRule)) {
	on(compute.OpTypeReshape, reshapeNothing, reshapeTwice, reshapeSplat)
	on(compute.OpTypeTranspose, transposeOnes, transposeTwice)
	on(compute.OpTypeBroadcastInDim, broadcastNothing, broadcastTwice)
	on(compute.OpTypeReverse, reverseOnes, reverseTwice, reverseSplat, reverseBeforeTranspose, reverseBeforeReshape)
	on(compute.OpTypeSlice, sliceAll, moveSplat, sliceOfPad)
	on(compute.OpTypePad, padNothing, padTwice)
	on(compute.OpTypeConcatenate, concatenateOne)
	on(compute.OpTypeTranspose, moveSplat)
}

func reshapeNothing(_ *editor, n *ir.Node) (ir.Value, bool) {
	return n.Inputs[0], n.Inputs[0].Shape().Equal(n.Shapes[0])
}

func reshapeTwice(e *editor, n *ir.Node) (ir.Value, bool) {
	inner := n.Inputs[0].Node
	if inner.Op != op(compute.OpTypeReshape) {
		return ir.Value{}, false
	}
	return e.reshape(inner.Inputs[0], n.Shapes[0].Dimensions...), true
}

// reshapeSplat: a reshaped repetition of one scalar repeats that scalar.
func reshapeSplat(e *editor, n *ir.Node) (ir.Value, bool) {
	if n.Inputs[0].Node.Op != op(compute.OpTypeBroadcastInDim) {
		return ir.Value{}, false
	}
	return moveSplat(e, n)
}

// moveSplat: however the elements of a repeated scalar are moved, the result repeats it.
func moveSplat(e *editor, n *ir.Node) (ir.Value, bool) {
	base, ok := splatBase(n.Inputs[0])
	if !ok || n.Shapes[0].Size() <= 1 {
		return ir.Value{}, false
	}
	return e.splatTo(base, n.Shapes[0].Dimensions), true
}

// transposeOnes: moving axes of length 1 moves no element.
func transposeOnes(e *editor, n *ir.Node) (ir.Value, bool) {
	x := n.Inputs[0]
	if !movesOnlyOnes(x.Shape().Dimensions, n.Attr.(ir.TransposeAttr).Perm) {
		return ir.Value{}, false
	}
	return e.reshape(x, n.Shapes[0].Dimensions...), true
}

func transposeTwice(e *editor, n *ir.Node) (ir.Value, bool) {
	inner := n.Inputs[0].Node
	if inner.Op != op(compute.OpTypeTranspose) {
		return ir.Value{}, false
	}
	return e.transpose(inner.Inputs[0], permuted(inner.Attr.(ir.TransposeAttr).Perm, n.Attr.(ir.TransposeAttr).Perm)...), true
}

// broadcastNothing: a broadcast that only adds axes of length 1 is a reshape.
func broadcastNothing(e *editor, n *ir.Node) (ir.Value, bool) {
	x := n.Inputs[0]
	if x.Shape().Size() != n.Shapes[0].Size() {
		return ir.Value{}, false
	}
	return e.reshape(x, n.Shapes[0].Dimensions...), true
}

// broadcastTwice joins a broadcast with the broadcast, or the reshape that only adds axes of length 1, before it.
func broadcastTwice(e *editor, n *ir.Node) (ir.Value, bool) {
	inner := n.Inputs[0].Node
	outer := n.Attr.(ir.BroadcastAttr).Axes
	var axes []int
	switch inner.Op {
	case op(compute.OpTypeBroadcastInDim):
		axes = permuted(outer, inner.Attr.(ir.BroadcastAttr).Axes)
	case op(compute.OpTypeReshape):
		x, out := inner.Inputs[0].Shape().Dimensions, inner.Shapes[0].Dimensions
		long := longAxes(out)
		if len(long) != len(x) || !slices.Equal(permuted(out, long), x) || slices.Contains(x, 1) {
			return ir.Value{}, false
		}
		axes = permuted(outer, long)
	default:
		return ir.Value{}, false
	}
	return e.broadcast(inner.Inputs[0], n.Shapes[0].Dimensions, axes), true
}

// reverseOnes: reversing an axis of length 1 does nothing.
func reverseOnes(e *editor, n *ir.Node) (ir.Value, bool) {
	x, axes := n.Inputs[0], n.Attr.(ir.ReverseAttr).Axes
	ones := slices.ContainsFunc(axes, func(a int) bool { return x.Shape().Dimensions[a] <= 1 })
	if len(axes) > 0 && !ones {
		return ir.Value{}, false
	}
	return e.reverse(x, axes...), true
}

// reverseTwice: axes reversed an even number of times stay as they are.
func reverseTwice(e *editor, n *ir.Node) (ir.Value, bool) {
	inner := n.Inputs[0].Node
	if inner.Op != op(compute.OpTypeReverse) {
		return ir.Value{}, false
	}
	a, b := inner.Attr.(ir.ReverseAttr).Axes, n.Attr.(ir.ReverseAttr).Axes
	var axes []int
	for axis := range n.Shapes[0].Rank() {
		if slices.Contains(a, axis) != slices.Contains(b, axis) {
			axes = append(axes, axis)
		}
	}
	return e.reverse(inner.Inputs[0], axes...), true
}

func reverseSplat(_ *editor, n *ir.Node) (ir.Value, bool) {
	_, ok := splatBase(n.Inputs[0])
	return n.Inputs[0], ok
}

// reverseBeforeTranspose moves a reversal towards its source, where it may meet another.
func reverseBeforeTranspose(e *editor, n *ir.Node) (ir.Value, bool) {
	inner := n.Inputs[0].Node
	if inner.Op != op(compute.OpTypeTranspose) {
		return ir.Value{}, false
	}
	perm := inner.Attr.(ir.TransposeAttr).Perm
	return e.transpose(e.reverse(inner.Inputs[0], permuted(perm, n.Attr.(ir.ReverseAttr).Axes)...), perm...), true
}

// reverseBeforeReshape does the same where the reversed axes are untouched by the reshape.
func reverseBeforeReshape(e *editor, n *ir.Node) (ir.Value, bool) {
	inner := n.Inputs[0].Node
	if inner.Op != op(compute.OpTypeReshape) {
		return ir.Value{}, false
	}
	x := inner.Inputs[0]
	axes := make([]int, 0, len(n.Attr.(ir.ReverseAttr).Axes))
	for _, a := range n.Attr.(ir.ReverseAttr).Axes {
		b, ok := axisThroughReshape(inner.Shapes[0], x.Shape(), a)
		if !ok {
			return ir.Value{}, false
		}
		axes = append(axes, b)
	}
	return e.reshape(e.reverse(x, axes...), n.Shapes[0].Dimensions...), true
}

// axisThroughReshape finds the axis of from that is axis a of to: the one with the same length and stride.
func axisThroughReshape(to, from shapes.Shape, a int) (int, bool) {
	strides, fromStrides := rowMajor(to.Dimensions), rowMajor(from.Dimensions)
	for b, d := range from.Dimensions {
		if d == to.Dimensions[a] && d != 1 && fromStrides[b] == strides[a] {
			return b, true
		}
	}
	return 0, false
}

func sliceAll(_ *editor, n *ir.Node) (ir.Value, bool) {
	return n.Inputs[0], n.Inputs[0].Shape().Equal(n.Shapes[0])
}

func padNothing(_ *editor, n *ir.Node) (ir.Value, bool) {
	for _, a := range n.Attr.(ir.PadAttr).Axes {
		if a.Start != 0 || a.End != 0 || a.Interior != 0 {
			return ir.Value{}, false
		}
	}
	return n.Inputs[0], true
}

// padTwice joins two pads with the same value, unless the second puts back what the first cut off.
func padTwice(e *editor, n *ir.Node) (ir.Value, bool) {
	inner := n.Inputs[0].Node
	if inner.Op != op(compute.OpTypePad) || !sameScalar(inner.Inputs[1], n.Inputs[1]) {
		return ir.Value{}, false
	}
	axes := slices.Clone(inner.Attr.(ir.PadAttr).Axes)
	for i, p := range n.Attr.(ir.PadAttr).Axes {
		if p.Interior != 0 || axes[i].Start < 0 && p.Start > 0 || axes[i].End < 0 && p.End > 0 {
			return ir.Value{}, false
		}
		axes[i].Start += p.Start
		axes[i].End += p.End
	}
	return e.add(compute.OpTypePad, ir.PadAttr{Axes: axes}, n.Shapes[0], inner.Inputs...), true
}

func sameScalar(a, b ir.Value) bool {
	x, ok := constantScalar(a)
	return a == b || ok && isNumber(b, x)
}

// sliceOfPad: a slice without strides is a pad by negative amounts.
func sliceOfPad(e *editor, n *ir.Node) (ir.Value, bool) {
	inner := n.Inputs[0].Node
	if inner.Op != op(compute.OpTypePad) {
		return ir.Value{}, false
	}
	s := n.Attr.(ir.SliceAttr)
	axes := slices.Clone(inner.Attr.(ir.PadAttr).Axes)
	for i, d := range inner.Shapes[0].Dimensions {
		if len(s.Strides) > 0 && s.Strides[i] != 1 {
			return ir.Value{}, false
		}
		axes[i].Start -= s.Starts[i]
		axes[i].End -= d - s.Limits[i]
	}
	return e.add(compute.OpTypePad, ir.PadAttr{Axes: axes}, n.Shapes[0], inner.Inputs...), true
}

func concatenateOne(_ *editor, n *ir.Node) (ir.Value, bool) {
	return n.Inputs[0], len(n.Inputs) == 1
}
