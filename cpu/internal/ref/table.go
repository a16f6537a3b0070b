package ref

import "github.com/gomlx/compute"

// choosers lists every operation there is a loop for.
var choosers map[compute.OpType]chooser

func init() {
	choosers = map[compute.OpType]chooser{
		compute.OpTypeIdentity:             anyDType(copyInput),
		compute.OpTypeReshape:              anyDType(copyInput),
		compute.OpTypeDynamicReshape:       anyDType(dynamicReshape),
		compute.OpTypeOptimizationBarrier:  anyDType(copyInputs),
		compute.OpTypeSchedulingBarrier:    anyDType(copyInputs),
		compute.OpTypeDynamicShape:         chooseDynamicShape,
		compute.OpTypeDynamicDimensionSize: chooseDynamicShape,

		compute.OpTypeWhere:        chooseWhere,
		compute.OpTypeClamp:        chooseClamp,
		compute.OpTypeConvertDType: chooseConvert,
		compute.OpTypeBitcast:      chooseBitcast,
		compute.OpTypeIota:         chooseIota,
		compute.OpTypeComplex:      chooseComplex,
		compute.OpTypeReal:         choosePart,
		compute.OpTypeImag:         choosePart,
		compute.OpTypeConj:         chooseConj,
		compute.OpTypeIsNaN:        choosePredicate,
		compute.OpTypeIsFinite:     choosePredicate,

		compute.OpTypeArgMinMax:           chooseArgMinMax,
		compute.OpTypeReduceWindow:        chooseReduceWindow,
		compute.OpTypeSelectAndScatterMax: chooseSelectAndScatter,
		compute.OpTypeSelectAndScatterMin: chooseSelectAndScatter,
		compute.OpTypeGather:              chooseGather,
		compute.OpTypeScatterSum:          chooseScatter,
		compute.OpTypeScatterMax:          chooseScatter,
		compute.OpTypeScatterMin:          chooseScatter,
		compute.OpTypeDotGeneral:          chooseDot,
		compute.OpTypeConvGeneral:         chooseConv,
		compute.OpTypeRNGBitGenerator:     chooseRNG,
		compute.OpTypeFFT:                 chooseFFT,

		compute.OpTypeFusedSoftmax:   chooseSoftmax,
		compute.OpTypeFusedGelu:      chooseGelu,
		compute.OpTypeFusedLayerNorm: chooseLayerNorm,
		compute.OpTypeFusedDense:     chooseDense,
	}
	families := []struct {
		choose chooser
		ops    []compute.OpType
	}{
		{chooseBinary, []compute.OpType{
			compute.OpTypeAdd, compute.OpTypeSub, compute.OpTypeMul, compute.OpTypeDiv, compute.OpTypeRem, compute.OpTypePow,
			compute.OpTypeAtan2, compute.OpTypeMax, compute.OpTypeMin,
			compute.OpTypeBitwiseAnd, compute.OpTypeBitwiseOr, compute.OpTypeBitwiseXor,
			compute.OpTypeLogicalAnd, compute.OpTypeLogicalOr, compute.OpTypeLogicalXor,
			compute.OpTypeShiftLeft, compute.OpTypeShiftRightArithmetic, compute.OpTypeShiftRightLogical,
		}},
		{chooseCompare, []compute.OpType{
			compute.OpTypeEqual, compute.OpTypeNotEqual, compute.OpTypeLessThan, compute.OpTypeLessOrEqual,
			compute.OpTypeGreaterThan, compute.OpTypeGreaterOrEqual,
			compute.OpTypeEqualTotalOrder, compute.OpTypeNotEqualTotalOrder,
			compute.OpTypeLessThanTotalOrder, compute.OpTypeLessOrEqualTotalOrder,
			compute.OpTypeGreaterThanTotalOrder, compute.OpTypeGreaterOrEqualTotalOrder,
		}},
		{chooseUnary, []compute.OpType{
			compute.OpTypeAbs, compute.OpTypeNeg, compute.OpTypeSign, compute.OpTypeBitwiseNot, compute.OpTypeBitCount,
			compute.OpTypeClz, compute.OpTypeLogicalNot, compute.OpTypeExp, compute.OpTypeExpm1, compute.OpTypeLog,
			compute.OpTypeLog1p, compute.OpTypeLogistic, compute.OpTypeCeil, compute.OpTypeFloor, compute.OpTypeRound,
			compute.OpTypeSqrt, compute.OpTypeRsqrt, compute.OpTypeCos, compute.OpTypeSin, compute.OpTypeTanh,
			compute.OpTypeErf,
		}},
		{chooseMove, []compute.OpType{
			compute.OpTypeTranspose, compute.OpTypeBroadcastInDim, compute.OpTypeReverse, compute.OpTypeSlice,
			compute.OpTypePad, compute.OpTypeConcatenate, compute.OpTypeDynamicSlice, compute.OpTypeDynamicUpdateSlice,
		}},
		{chooseReduce, []compute.OpType{
			compute.OpTypeReduceSum, compute.OpTypeReduceProduct, compute.OpTypeReduceMax, compute.OpTypeReduceMin,
			compute.OpTypeReduceBitwiseAnd, compute.OpTypeReduceBitwiseOr, compute.OpTypeReduceBitwiseXor,
			compute.OpTypeReduceLogicalAnd, compute.OpTypeReduceLogicalOr, compute.OpTypeReduceLogicalXor,
		}},
		{chooseBatchNorm, []compute.OpType{
			compute.OpTypeBatchNormForInference, compute.OpTypeBatchNormForTraining, compute.OpTypeBatchNormGradient,
		}},
	}
	for _, f := range families {
		for _, op := range f.ops {
			choosers[op] = f.choose
		}
	}
}
