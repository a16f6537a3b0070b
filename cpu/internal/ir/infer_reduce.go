package ir

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapeinference"
	"github.com/gomlx/compute/shapes"
)

func inferReduce(op compute.OpType, attr any, in []shapes.Shape) ([]shapes.Shape, error) {
	axes := attr.(ReduceAttr).Axes
	if err := checkAxes("axes", in[0].Rank(), axes); err != nil {
		return nil, err
	}
	d := in[0].DType
	switch op {
	case compute.OpTypeReduceLogicalAnd, compute.OpTypeReduceLogicalOr, compute.OpTypeReduceLogicalXor:
		if d != dtypes.Bool {
			return errOf("%v takes booleans", op)
		}
	case compute.OpTypeReduceBitwiseAnd, compute.OpTypeReduceBitwiseOr, compute.OpTypeReduceBitwiseXor:
		if !d.IsInt() {
			return errOf("%v takes integers", op)
		}
	default:
		if !d.IsInt() && !d.IsFloat() && !d.IsComplex() {
			return errOf("%v takes numbers", op)
		}
	}
	return one(shapeinference.Reduce(in[0], axes))
}

func inferArgMinMax(_ compute.OpType, attr any, in []shapes.Shape) ([]shapes.Shape, error) {
	a := attr.(ArgMinMaxAttr)
	if in[0].Rank() > 0 && a.Axis >= 0 && a.Axis < in[0].Rank() && in[0].Dimensions[a.Axis] == 0 {
		return errOf("axis %d is empty: it has no smallest or largest element", a.Axis)
	}
	return one(shapeinference.ArgMinMax(in[0], a.Axis, a.DType))
}

func checkWindow(a WindowAttr) error {
	for _, v := range [][]int{a.Window, a.Strides, a.InputDilations, a.WindowDilations} {
		if err := checkGeometry("window, stride or dilation", v...); err != nil {
			return err
		}
	}
	return checkPaddings(a.Paddings)
}

func inferReduceWindow(_ compute.OpType, attr any, in []shapes.Shape) ([]shapes.Shape, error) {
	a := attr.(WindowAttr)
	switch a.Reduction {
	case compute.ReduceOpSum, compute.ReduceOpProduct, compute.ReduceOpMax, compute.ReduceOpMin:
	default:
		return errOf("reduction %v is not one of sum, product, max, min", a.Reduction)
	}
	if err := checkWindow(a); err != nil {
		return nil, err
	}
	return one(shapeinference.ReduceWindow(in[0], a.Window, a.Strides, a.InputDilations, a.WindowDilations, a.Paddings))
}

func inferSelectAndScatter(_ compute.OpType, attr any, in []shapes.Shape) ([]shapes.Shape, error) {
	a := attr.(WindowAttr)
	if err := checkWindow(a); err != nil {
		return nil, err
	}
	return one(shapeinference.SelectAndScatter(in[0], in[1], a.Window, a.Strides, a.Paddings))
}

func inferConv(_ compute.OpType, attr any, in []shapes.Shape) ([]shapes.Shape, error) {
	a := attr.(ConvAttr)
	if in[0].DType != in[1].DType {
		return errOf("input and kernel must have the same type")
	}
	for _, v := range [][]int{a.Strides, a.InputDilations, a.KernelDilations} {
		if err := checkGeometry("stride or dilation", v...); err != nil {
			return nil, err
		}
	}
	if err := checkPaddings(a.Paddings); err != nil {
		return nil, err
	}
	for i, axis := range a.Axes.KernelSpatial {
		if axis < in[1].Rank() && axis >= 0 && in[1].Dimensions[axis] == 0 {
			return errOf("spatial axis %d of the kernel has length 0", i)
		}
	}
	out, err := shapeinference.ConvGeneral(in[0], in[1], a.Axes, a.Strides, a.Paddings, a.InputDilations,
		a.KernelDilations, a.ChannelGroups, a.BatchGroups)
	if err != nil {
		return nil, err
	}
	out.AxisNames = convAxisNames(in[0], a.Axes)
	return one(out, nil)
}

// convAxisNames moves the names of the input's batch and spatial axes to where the output has them.
func convAxisNames(input shapes.Shape, axes compute.ConvolveAxesConfig) []string {
	if input.AxisNames == nil {
		return nil
	}
	names := make([]string, input.Rank())
	names[axes.OutputBatch] = input.AxisName(axes.InputBatch)
	for i, axis := range axes.OutputSpatial {
		names[axis] = input.AxisName(axes.InputSpatial[i])
	}
	return names
}

func inferDot(_ compute.OpType, attr any, in []shapes.Shape) ([]shapes.Shape, error) {
	a := attr.(DotAttr)
	if d := in[0].DType; !d.IsInt() && !d.IsFloat() && !d.IsComplex() {
		return errOf("DotGeneral takes numbers")
	}
	return one(shapeinference.DotGeneral(in[0], a.LhsContracting, a.LhsBatch, in[1], a.RhsContracting, a.RhsBatch, a.Config))
}
