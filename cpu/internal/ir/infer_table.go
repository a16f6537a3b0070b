package ir

import (
	"maps"
	"slices"

	"github.com/gomlx/compute"
)

// rules says, for every operation that Infer knows, how many inputs it takes and what its outputs are.
var rules = buildRules()

// Inferred lists the operations that Infer knows, in the order of their numbers.
func Inferred() []compute.OpType { return slices.Sorted(maps.Keys(rules)) }

func buildRules() map[compute.OpType]rule {
	t := make(map[compute.OpType]rule)
	set := func(inputs int, f inferFunc, ops ...compute.OpType) {
		for _, op := range ops {
			t[op] = rule{inputs, f}
		}
	}
	set(1, inferUnary,
		compute.OpTypeBitCount, compute.OpTypeBitwiseNot, compute.OpTypeCeil, compute.OpTypeClz, compute.OpTypeConj,
		compute.OpTypeCos, compute.OpTypeErf, compute.OpTypeExp, compute.OpTypeExpm1, compute.OpTypeFloor,
		compute.OpTypeLog, compute.OpTypeLog1p, compute.OpTypeLogicalNot, compute.OpTypeLogistic, compute.OpTypeNeg,
		compute.OpTypeRound, compute.OpTypeRsqrt, compute.OpTypeSign, compute.OpTypeSin, compute.OpTypeSqrt,
		compute.OpTypeTanh)
	set(1, inferAbs, compute.OpTypeAbs)
	set(1, inferRealPart, compute.OpTypeReal, compute.OpTypeImag)
	set(1, inferIsNumber, compute.OpTypeIsNaN, compute.OpTypeIsFinite)
	set(2, inferBinary,
		compute.OpTypeAdd, compute.OpTypeSub, compute.OpTypeMul, compute.OpTypeDiv, compute.OpTypePow,
		compute.OpTypeAtan2, compute.OpTypeRem, compute.OpTypeMax, compute.OpTypeMin,
		compute.OpTypeBitwiseAnd, compute.OpTypeBitwiseOr, compute.OpTypeBitwiseXor,
		compute.OpTypeLogicalAnd, compute.OpTypeLogicalOr, compute.OpTypeLogicalXor,
		compute.OpTypeShiftLeft, compute.OpTypeShiftRightArithmetic, compute.OpTypeShiftRightLogical)
	set(2, inferComparison,
		compute.OpTypeEqual, compute.OpTypeNotEqual, compute.OpTypeGreaterOrEqual, compute.OpTypeGreaterThan,
		compute.OpTypeLessOrEqual, compute.OpTypeLessThan, compute.OpTypeEqualTotalOrder,
		compute.OpTypeNotEqualTotalOrder, compute.OpTypeGreaterOrEqualTotalOrder,
		compute.OpTypeGreaterThanTotalOrder, compute.OpTypeLessOrEqualTotalOrder, compute.OpTypeLessThanTotalOrder)
	set(2, inferComplex, compute.OpTypeComplex)
	set(3, inferWhere, compute.OpTypeWhere)
	set(3, inferClamp, compute.OpTypeClamp)
	set(1, inferIdentity, compute.OpTypeIdentity)
	set(atLeast(1), inferIdentity, compute.OpTypeOptimizationBarrier)
	set(atLeast(1), inferSchedulingBarrier, compute.OpTypeSchedulingBarrier)
	set(1, inferConvertDType, compute.OpTypeConvertDType)
	set(1, inferBitcast, compute.OpTypeBitcast)

	set(1, inferReshape, compute.OpTypeReshape)
	set(atLeast(1), inferDynamicReshape, compute.OpTypeDynamicReshape)
	set(1, inferDynamicShape, compute.OpTypeDynamicShape)
	set(1, inferDynamicDimensionSize, compute.OpTypeDynamicDimensionSize)
	set(1, inferTranspose, compute.OpTypeTranspose)
	set(1, inferBroadcast, compute.OpTypeBroadcastInDim)
	set(0, inferIota, compute.OpTypeIota)
	set(1, inferSlice, compute.OpTypeSlice)
	set(2, inferPad, compute.OpTypePad)
	set(1, inferReverse, compute.OpTypeReverse)
	set(atLeast(1), inferConcatenate, compute.OpTypeConcatenate)
	set(atLeast(1), inferDynamicSlice, compute.OpTypeDynamicSlice)
	set(atLeast(2), inferDynamicUpdateSlice, compute.OpTypeDynamicUpdateSlice)
	set(2, inferGather, compute.OpTypeGather)
	set(3, inferScatter, compute.OpTypeScatterSum, compute.OpTypeScatterMax, compute.OpTypeScatterMin)

	set(1, inferReduce,
		compute.OpTypeReduceSum, compute.OpTypeReduceProduct, compute.OpTypeReduceMax, compute.OpTypeReduceMin,
		compute.OpTypeReduceBitwiseAnd, compute.OpTypeReduceBitwiseOr, compute.OpTypeReduceBitwiseXor,
		compute.OpTypeReduceLogicalAnd, compute.OpTypeReduceLogicalOr, compute.OpTypeReduceLogicalXor)
	set(1, inferArgMinMax, compute.OpTypeArgMinMax)
	set(1, inferReduceWindow, compute.OpTypeReduceWindow)
	set(2, inferSelectAndScatter, compute.OpTypeSelectAndScatterMax, compute.OpTypeSelectAndScatterMin)
	set(2, inferConv, compute.OpTypeConvGeneral)
	set(2, inferDot, compute.OpTypeDotGeneral)
	set(5, inferBatchNorm, compute.OpTypeBatchNormForInference, compute.OpTypeBatchNormGradient)
	set(3, inferBatchNorm, compute.OpTypeBatchNormForTraining)
	set(1, inferRNG, compute.OpTypeRNGBitGenerator)
	set(1, inferFFT, compute.OpTypeFFT)
	set(1, inferSoftmax, compute.OpTypeFusedSoftmax)
	set(1, inferGelu, compute.OpTypeFusedGelu)
	set(atLeast(1), inferLayerNorm, compute.OpTypeFusedLayerNorm)
	set(atLeast(2), inferDense, compute.OpTypeFusedDense)
	return t
}
