package autodiff

import (
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// guardEmpty wraps GoMLX's rules of the binary operations: to sum over an axis of length 1 that was broadcast they look
// for a length above 1 and fail where the other operand is empty. The gradients of an empty result are zeros.
func guardEmpty() {
	for _, nodeType := range []NodeType{NodeTypeAdd, NodeTypeSub, NodeTypeMul, NodeTypeDiv} {
		stock := VJPRegistration[nodeType]
		VJPRegistration[nodeType] = func(node *Node, v []*Node, shape shapes.Shape) []*Node {
			if v[0].Shape().Size() > 0 {
				return stock(node, v, shape)
			}
			return []*Node{ZerosLike(node.Inputs()[0]), ZerosLike(node.Inputs()[1])}
		}
	}
}
