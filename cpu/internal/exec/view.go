package exec

import (
	"github.com/gomlx/compute"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
)

// view says that a value is part of an input's memory.
type view struct {
	input  int
	offset int // bytes
}

// viewOf reports whether output out of a node is its input's memory as it is, so that nothing has to be computed.
func viewOf(n *ir.Node, out int) (view, bool) {
	switch compute.OpType(n.Op) {
	case compute.OpTypeIdentity, compute.OpTypeReshape, compute.OpTypeDynamicReshape, compute.OpTypeSchedulingBarrier:
		return view{}, true
	case compute.OpTypeOptimizationBarrier:
		return view{input: out}, true
	case compute.OpTypeBitcast:
		return view{}, tensor.ByteSize(n.Shapes[0]) == tensor.ByteSize(n.Inputs[0].Shape())
	case compute.OpTypeSlice:
		offset, ok := sliceOffset(n)
		return view{offset: offset}, ok
	}
	return view{}, false
}

// sliceOffset is where a slice that is one run of its input's memory begins. Runs that do not begin at the alignment
// that kernels may count on are not views.
func sliceOffset(n *ir.Node) (int, bool) {
	a, in := n.Attr.(ir.SliceAttr), n.Inputs[0].Shape()
	if in.DType.IsPacked() || n.Shapes[0].Size() == 0 {
		return 0, false
	}
	elements, stride, partial := 0, 1, false
	for axis := in.Rank() - 1; axis >= 0; axis-- {
		length := n.Shapes[0].Dimensions[axis]
		if length > 1 && (partial || a.Strides[axis] != 1) {
			return 0, false
		}
		partial = partial || length != in.Dimensions[axis]
		elements += a.Starts[axis] * stride
		stride *= in.Dimensions[axis]
	}
	offset := elements * in.DType.Size()
	return offset, offset%tensor.Align == 0
}
