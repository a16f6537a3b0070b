package cpu

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"

	"github.com/atelier-go/atelier/cpu/internal/ir"
)

// Operations that combine elements: reductions, windows, convolutions, products.

// reduce reduces the given axes, in any order, or all if there are none.
func (f *function) reduce(op compute.OpType, x compute.Value, axes []int) (compute.Value, error) {
	axes = slices.Clone(axes)
	if own, ok := x.(value); ok && len(axes) == 0 {
		for axis := range own.v.Shape().Rank() {
			axes = append(axes, axis)
		}
	}
	slices.Sort(axes)
	return f.add1(op, ir.ReduceAttr{Axes: axes}, x)
}

func (f *function) ReduceSum(x compute.Value, axes ...int) (compute.Value, error) {
	return f.reduce(compute.OpTypeReduceSum, x, axes)
}

func (f *function) ReduceProduct(x compute.Value, axes ...int) (compute.Value, error) {
	return f.reduce(compute.OpTypeReduceProduct, x, axes)
}

func (f *function) ReduceMax(x compute.Value, axes ...int) (compute.Value, error) {
	return f.reduce(compute.OpTypeReduceMax, x, axes)
}

func (f *function) ReduceMin(x compute.Value, axes ...int) (compute.Value, error) {
	return f.reduce(compute.OpTypeReduceMin, x, axes)
}

func (f *function) ReduceBitwiseAnd(x compute.Value, axes ...int) (compute.Value, error) {
	return f.reduce(compute.OpTypeReduceBitwiseAnd, x, axes)
}

func (f *function) ReduceBitwiseOr(x compute.Value, axes ...int) (compute.Value, error) {
	return f.reduce(compute.OpTypeReduceBitwiseOr, x, axes)
}

func (f *function) ReduceBitwiseXor(x compute.Value, axes ...int) (compute.Value, error) {
	return f.reduce(compute.OpTypeReduceBitwiseXor, x, axes)
}

func (f *function) ReduceLogicalAnd(x compute.Value, axes ...int) (compute.Value, error) {
	return f.reduce(compute.OpTypeReduceLogicalAnd, x, axes)
}

func (f *function) ReduceLogicalOr(x compute.Value, axes ...int) (compute.Value, error) {
	return f.reduce(compute.OpTypeReduceLogicalOr, x, axes)
}

func (f *function) ReduceLogicalXor(x compute.Value, axes ...int) (compute.Value, error) {
	return f.reduce(compute.OpTypeReduceLogicalXor, x, axes)
}

// ArgMinMax takes booleans too, of which false is the smaller.
func (f *function) ArgMinMax(x compute.Value, axis int, outputDType dtypes.DType, isMin bool) (compute.Value, error) {
	if own, ok := x.(value); ok && own.v.Shape().DType == dtypes.Bool {
		number, err := f.ConvertDType(x, dtypes.Uint8)
		if err != nil {
			return nil, err
		}
		x = number
	}
	return f.add1(compute.OpTypeArgMinMax, ir.ArgMinMaxAttr{Axis: axis, DType: outputDType, IsMin: isMin}, x)
}

// windowAttr spells out what was left nil: strides are then those of the window, and everything else has no effect.
func windowAttr(x compute.Value, window, strides, inputDilations, windowDilations []int, paddings [][2]int) ir.WindowAttr {
	rank := len(window)
	if own, ok := x.(value); ok {
		rank = own.v.Shape().Rank()
	}
	orOnes := func(s []int) []int {
		if len(s) == 0 {
			return ones(rank)
		}
		return slices.Clone(s)
	}
	a := ir.WindowAttr{
		Window:          orOnes(window),
		InputDilations:  orOnes(inputDilations),
		WindowDilations: orOnes(windowDilations),
		Paddings:        slices.Clone(paddings),
	}
	if len(strides) == 0 {
		strides = a.Window
	}
	a.Strides = slices.Clone(strides)
	if len(paddings) == 0 {
		a.Paddings = make([][2]int, rank)
	}
	return a
}

func (f *function) ReduceWindow(x compute.Value, reduction compute.ReduceOpType,
	window, strides, inputDilations, windowDilations []int, paddings [][2]int) (compute.Value, error) {
	attr := windowAttr(x, window, strides, inputDilations, windowDilations, paddings)
	attr.Reduction = reduction
	return f.add1(compute.OpTypeReduceWindow, attr, x)
}

func (f *function) SelectAndScatterMax(operand, source compute.Value, window, strides []int, paddings [][2]int) (compute.Value, error) {
	attr := windowAttr(operand, window, strides, nil, nil, paddings)
	attr.Reduction = compute.ReduceOpMax
	return f.add1(compute.OpTypeSelectAndScatterMax, attr, operand, source)
}

func (f *function) SelectAndScatterMin(operand, source compute.Value, window, strides []int, paddings [][2]int) (compute.Value, error) {
	attr := windowAttr(operand, window, strides, nil, nil, paddings)
	attr.Reduction = compute.ReduceOpMin
	return f.add1(compute.OpTypeSelectAndScatterMin, attr, operand, source)
}

func (f *function) ConvGeneral(input, kernel compute.Value, axes compute.ConvolveAxesConfig, strides []int,
	paddings [][2]int, inputDilations, kernelDilations []int, channelGroupCount, batchGroupCount int) (compute.Value, error) {
	spatial := len(axes.InputSpatial)
	orOnes := func(s []int) []int {
		if len(s) == 0 {
			return ones(spatial)
		}
		return slices.Clone(s)
	}
	attr := ir.ConvAttr{
		Axes:            axes.Clone(),
		Strides:         orOnes(strides),
		Paddings:        slices.Clone(paddings),
		InputDilations:  orOnes(inputDilations),
		KernelDilations: orOnes(kernelDilations),
		ChannelGroups:   max(channelGroupCount, 1),
		BatchGroups:     max(batchGroupCount, 1),
	}
	if len(paddings) == 0 {
		attr.Paddings = make([][2]int, spatial)
	}
	return f.add1(compute.OpTypeConvGeneral, attr, input, kernel)
}

func (f *function) DotGeneral(lhs compute.Value, lhsContractingAxes, lhsBatchAxes []int,
	rhs compute.Value, rhsContractingAxes, rhsBatchAxes []int, config compute.DotGeneralConfig) (compute.Value, error) {
	attr := ir.DotAttr{
		LhsContracting: slices.Clone(lhsContractingAxes),
		LhsBatch:       slices.Clone(lhsBatchAxes),
		RhsContracting: slices.Clone(rhsContractingAxes),
		RhsBatch:       slices.Clone(rhsBatchAxes),
		Config:         config,
	}
	return f.add1(compute.OpTypeDotGeneral, attr, lhs, rhs)
}
