package ref

import "github.com/gomlx/compute"

// entry is an operation's chooser and how many inputs it takes at least.
type entry struct {
	choose chooser
	inputs int
}

var (
	// choosers lists every operation there is a loop for.
	choosers map[compute.OpType]entry
	// elementwise operations read the elements of every operand that is not broadcast in the order they write.
	elementwise = map[compute.OpType]bool{
		compute.OpTypeIdentity: true, compute.OpTypeWhere: true, compute.OpTypeClamp: true, compute.OpTypeConvertDType: true,
		compute.OpTypeComplex: true, compute.OpTypeReal: true, compute.OpTypeImag: true, compute.OpTypeConj: true,
		compute.OpTypeIsNaN: true, compute.OpTypeIsFinite: true, compute.OpTypeFusedGelu: true,
	}
	// updates operations change a copy of their first operand.
	updates = map[compute.OpType]bool{
		compute.OpTypeScatterSum: true, compute.OpTypeScatterMax: true, compute.OpTypeScatterMin: true,
		compute.OpTypeDynamicUpdateSlice: true,
	}
)

func init() {
	choosers = map[compute.OpType]entry{
		compute.OpTypeIdentity:             {chooseCopy, 1},
		compute.OpTypeReshape:              {chooseCopy, 1},
		compute.OpTypeDynamicReshape:       {chooseCopy, 1},
		compute.OpTypeOptimizationBarrier:  {chooseCopy, 1},
		compute.OpTypeSchedulingBarrier:    {chooseCopy, 1},
		compute.OpTypeDynamicShape:         {chooseDynamicShape, 1},
		compute.OpTypeDynamicDimensionSize: {chooseDynamicShape, 1},

		compute.OpTypeWhere:        {chooseWhere, 3},
		compute.OpTypeClamp:        {chooseClamp, 3},
		compute.OpTypeConvertDType: {chooseConvert, 1},
		compute.OpTypeBitcast:      {chooseBitcast, 1},
		compute.OpTypeIota:         {chooseIota, 0},
		compute.OpTypeComplex:      {chooseComplex, 2},
		compute.OpTypeReal:         {choosePart, 1},
		compute.OpTypeImag:         {choosePart, 1},
		compute.OpTypeConj:         {chooseConj, 1},
		compute.OpTypeIsNaN:        {choosePredicate, 1},
		compute.OpTypeIsFinite:     {choosePredicate, 1},

		compute.OpTypeArgMinMax:           {chooseArgMinMax, 1},
		compute.OpTypeReduceWindow:        {chooseReduceWindow, 1},
		compute.OpTypeSelectAndScatterMax: {chooseSelectAndScatter, 2},
		compute.OpTypeSelectAndScatterMin: {chooseSelectAndScatter, 2},
		compute.OpTypeGather:              {chooseGather, 2},
		compute.OpTypeScatterSum:          {chooseScatter, 3},
		compute.OpTypeScatterMax:          {chooseScatter, 3},
		compute.OpTypeScatterMin:          {chooseScatter, 3},
		compute.OpTypeDotGeneral:          {chooseDot, 2},
		compute.OpTypeConvGeneral:         {chooseConv, 2},
		compute.OpTypeRNGBitGenerator:     {chooseRNG, 1},
		compute.OpTypeFFT:                 {chooseFFT, 1},

		compute.OpTypeFusedSoftmax:   {chooseSoftmax, 1},
		compute.OpTypeFusedGelu:      {chooseGelu, 1},
		compute.OpTypeFusedLayerNorm: {chooseLayerNorm, 1},
		compute.OpTypeFusedDense:     {chooseDense, 2},
	}
	families := []struct {
		entry
		elementwise bool
		ops         []compute.OpType
	}{
		{entry{chooseBinary, 2}, true, []compute.OpType{
			compute.OpTypeAdd, compute.OpTypeSub, compute.OpTypeMul, compute.OpTypeDiv, compute.OpTypeRem, compute.OpTypePow,
			compute.OpTypeAtan2, compute.OpTypeMax, compute.OpTypeMin,
			compute.OpTypeBitwiseAnd, compute.OpTypeBitwiseOr, compute.OpTypeBitwiseXor,
			compute.OpTypeLogicalAnd, compute.OpTypeLogicalOr, compute.OpTypeLogicalXor,
			compute.OpTypeShiftLeft, compute.OpTypeShiftRightArithmetic, compute.OpTypeShiftRightLogical,
		}},
		{entry{chooseCompare, 2}, true, []compute.OpType{
			compute.OpTypeEqual, compute.OpTypeNotEqual, compute.OpTypeLessThan, compute.OpTypeLessOrEqual,
			compute.OpTypeGreaterThan, compute.OpTypeGreaterOrEqual,
			compute.OpTypeEqualTotalOrder, compute.OpTypeNotEqualTotalOrder,
			compute.OpTypeLessThanTotalOrder, compute.OpTypeLessOrEqualTotalOrder,
			compute.OpTypeGreaterThanTotalOrder, compute.OpTypeGreaterOrEqualTotalOrder,
		}},
		{entry{chooseUnary, 1}, true, []compute.OpType{
			compute.OpTypeAbs, compute.OpTypeNeg, compute.OpTypeSign, compute.OpTypeBitwiseNot, compute.OpTypeBitCount,
			compute.OpTypeClz, compute.OpTypeLogicalNot, compute.OpTypeExp, compute.OpTypeExpm1, compute.OpTypeLog,
			compute.OpTypeLog1p, compute.OpTypeLogistic, compute.OpTypeCeil, compute.OpTypeFloor, compute.OpTypeRound,
			compute.OpTypeSqrt, compute.OpTypeRsqrt, compute.OpTypeCos, compute.OpTypeSin, compute.OpTypeTanh,
			compute.OpTypeErf,
		}},
		{entry{chooseMove, 1}, false, []compute.OpType{
			compute.OpTypeTranspose, compute.OpTypeBroadcastInDim, compute.OpTypeReverse, compute.OpTypeSlice,
			compute.OpTypePad, compute.OpTypeConcatenate, compute.OpTypeDynamicSlice, compute.OpTypeDynamicUpdateSlice,
		}},
		{entry{chooseReduce, 1}, false, []compute.OpType{
			compute.OpTypeReduceSum, compute.OpTypeReduceProduct, compute.OpTypeReduceMax, compute.OpTypeReduceMin,
			compute.OpTypeReduceBitwiseAnd, compute.OpTypeReduceBitwiseOr, compute.OpTypeReduceBitwiseXor,
			compute.OpTypeReduceLogicalAnd, compute.OpTypeReduceLogicalOr, compute.OpTypeReduceLogicalXor,
		}},
		{entry{chooseBatchNorm, 3}, false, []compute.OpType{
			compute.OpTypeBatchNormForInference, compute.OpTypeBatchNormForTraining, compute.OpTypeBatchNormGradient,
		}},
	}
	for _, f := range families {
		for _, op := range f.ops {
			choosers[op] = f.entry
			if f.elementwise {
				elementwise[op] = true
			}
		}
	}
}
