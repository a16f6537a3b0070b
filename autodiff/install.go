package autodiff

import (
	"sync"

	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// Install puts the rules of this package into graph.VJPRegistration, replacing GoMLX's where both have one. It may be
// called any number of times, from any goroutine, but before the first gradient is built: the table it writes to is
// read without a lock.
func Install() { installOnce.Do(install) }

var installOnce sync.Once

// rule is a gradient rule of an operation with one output: given the gradient v of that output it returns the gradient
// of each input, nil for none.
type rule func(node, v *Node) []*Node

func install() {
	for nodeType, r := range map[NodeType]rule{
		NodeTypeConvGeneral: convGradient,

		NodeTypeMax:   maxGradient,
		NodeTypeMin:   maxGradient,
		NodeTypeClamp: clampGradient,

		NodeTypeWhere:        whereGradient,
		NodeTypeIdentity:     func(_, v *Node) []*Node { return []*Node{v} },
		NodeTypeConvertDType: convertGradient,
		NodeTypeAbs:          absGradient,
		NodeTypeRsqrt:        rsqrtGradient,
		NodeTypeExpm1:        expm1Gradient,
		NodeTypePow:          powGradient,
		NodeTypeRem:          remGradient,
		NodeTypeAtan2:        atan2Gradient,

		NodeTypePad:     padGradient,
		NodeTypeReverse: reverseGradient,

		NodeTypeReduceMax:     reduceMaxGradient,
		NodeTypeReduceMin:     reduceMaxGradient,
		NodeTypeReduceProduct: reduceProductGradient,

		NodeTypeReduceWindow:        reduceWindowGradient,
		NodeTypeSelectAndScatterMax: selectAndScatterGradient,
		NodeTypeSelectAndScatterMin: selectAndScatterGradient,

		NodeTypeGather:     gatherGradient,
		NodeTypeScatterSum: scatterSumGradient,

		NodeTypeBatchNormForInference: batchNormInferenceGradient,
	} {
		VJPRegistration[nodeType] = single(r)
	}
	VJPRegistration[NodeTypeBatchNormForTraining] = batchNormTrainingGradient
	VJPRegistration[NodeTypeBatchNormGradient] = batchNormGradientGradient
	guardEmpty()
	for _, nodeType := range flat {
		VJPRegistration[nodeType] = func(node *Node, _ []*Node, _ shapes.Shape) []*Node {
			return make([]*Node, len(node.Inputs()))
		}
	}
}

func single(r rule) VJP {
	return func(node *Node, v []*Node, _ shapes.Shape) []*Node { return r(node, v[0]) }
}

// flat are the operations whose derivative is zero wherever there is one.
var flat = []NodeType{
	NodeTypeEqual, NodeTypeNotEqual, NodeTypeGreaterThan, NodeTypeGreaterOrEqual, NodeTypeLessThan, NodeTypeLessOrEqual,
	NodeTypeEqualTotalOrder, NodeTypeNotEqualTotalOrder, NodeTypeGreaterThanTotalOrder,
	NodeTypeGreaterOrEqualTotalOrder, NodeTypeLessThanTotalOrder, NodeTypeLessOrEqualTotalOrder,
	NodeTypeSign, NodeTypeFloor, NodeTypeCeil, NodeTypeRound,
	NodeTypeIsFinite, NodeTypeIsNaN, NodeTypeArgMinMax,
	NodeTypeBitCount, NodeTypeClz, NodeTypeShiftLeft, NodeTypeShiftRightArithmetic, NodeTypeShiftRightLogical,
	NodeTypeReduceLogicalAnd, NodeTypeReduceLogicalOr, NodeTypeReduceLogicalXor,
	NodeTypeReduceBitwiseAnd, NodeTypeReduceBitwiseOr, NodeTypeReduceBitwiseXor,
}
