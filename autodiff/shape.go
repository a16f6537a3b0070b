package autodiff

import (
	"slices"

	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// unbroadcast sums v over the axes along which an input of the given shape was repeated to get v's shape.
func unbroadcast(v *Node, shape shapes.Shape) *Node {
	if v.Shape().EqualDimensions(shape) {
		return v
	}
	if shape.IsScalar() {
		return ReduceAllSum(v)
	}
	var axes []int
	for axis, dim := range shape.Dimensions {
		if dim == 1 && v.Shape().Dimensions[axis] != 1 {
			axes = append(axes, axis)
		}
	}
	return Reshape(ReduceSum(v, axes...), shape.Dimensions...)
}

// sides is an operation's two operands, each broadcast to the shape of its output.
func sides(node *Node) (a, b *Node) {
	in := node.Inputs()
	return expand(in[0], node.Shape()), expand(in[1], node.Shape())
}

func expand(x *Node, shape shapes.Shape) *Node {
	if x.Shape().EqualDimensions(shape) {
		return x
	}
	return BroadcastToDims(x, shape.Dimensions...)
}

// keepReduced restores, with size 1, the axes that a reduction of x removed from y, and repeats y along them.
func keepReduced(y, x *Node, axes []int) *Node {
	dims := slices.Clone(x.Shape().Dimensions)
	if len(axes) == 0 {
		for i := range dims {
			dims[i] = 1
		}
	}
	for _, axis := range axes {
		dims[axis] = 1
	}
	return BroadcastToDims(Reshape(y, dims...), x.Shape().Dimensions...)
}

func zeroOf(x *Node) *Node { return ScalarZero(x.Graph(), x.DType()) }

// extend puts lo zeros before and hi zeros after x along each axis; negative numbers cut off. It slices first and pads
// after, so that no Pad has a negative argument.
func extend(x *Node, lo, hi []int) *Node {
	specs, pads := make([]SliceAxisSpec, x.Rank()), make([]PadAxis, x.Rank())
	cuts, grows := false, false
	for axis, dim := range x.Shape().Dimensions {
		from, to := max(0, -lo[axis]), dim-max(0, -hi[axis])
		if from >= to { // nothing of x is left: zeros only
			return Zeros(x.Graph(), extended(x.Shape(), lo, hi))
		}
		specs[axis] = AxisRange(from, to)
		pads[axis] = PadAxis{Start: max(0, lo[axis]), End: max(0, hi[axis])}
		cuts = cuts || to-from < dim
		grows = grows || pads[axis] != PadAxis{}
	}
	if cuts {
		x = Slice(x, specs...)
	}
	if grows {
		x = Pad(x, zeroOf(x), pads...)
	}
	return x
}

func extended(shape shapes.Shape, lo, hi []int) shapes.Shape {
	out := shape.Clone()
	for axis := range out.Dimensions {
		out.Dimensions[axis] += lo[axis] + hi[axis]
	}
	return out
}
