package cpu

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/pkg/errors"

	"github.com/atelier-go/atelier/cpu/internal/ir"
)

// Operations that move elements or change how they are arranged or represented.

func (f *function) Where(condition, onTrue, onFalse compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeWhere, nil, condition, onTrue, onFalse)
}

func (f *function) Clamp(low, x, high compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeClamp, nil, low, x, high)
}

func (f *function) ConvertDType(x compute.Value, dtype dtypes.DType) (compute.Value, error) {
	return f.add1(compute.OpTypeConvertDType, ir.DTypeAttr{DType: dtype}, x)
}

func (f *function) Bitcast(x compute.Value, dtype dtypes.DType) (compute.Value, error) {
	return f.add1(compute.OpTypeBitcast, ir.DTypeAttr{DType: dtype}, x)
}

func (f *function) OptimizationBarrier(operands ...compute.Value) ([]compute.Value, error) {
	return f.add(compute.OpTypeOptimizationBarrier, nil, operands...)
}

func (f *function) SchedulingBarrier(operand compute.Value, dependencies ...compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeSchedulingBarrier, nil, append([]compute.Value{operand}, dependencies...)...)
}

func (f *function) Reshape(x compute.Value, dimensions ...int) (compute.Value, error) {
	return f.add1(compute.OpTypeReshape, ir.ReshapeAttr{Dims: slices.Clone(dimensions)}, x)
}

func (f *function) DynamicReshape(x compute.Value, dimensions ...compute.DynamicDimensionSpec) (compute.Value, error) {
	inputs := []compute.Value{x}
	specs := make([]ir.DynamicDim, len(dimensions))
	for i, d := range dimensions {
		specs[i] = ir.DynamicDim{Static: d.Static, Name: d.Name}
		if d.Value != nil {
			specs[i].Input = len(inputs)
			inputs = append(inputs, d.Value)
		}
	}
	return f.add1(compute.OpTypeDynamicReshape, ir.DynamicReshapeAttr{Specs: specs}, inputs...)
}

func (f *function) DynamicShape(x compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeDynamicShape, nil, x)
}

func (f *function) DynamicDimensionSize(x compute.Value, axis int) (compute.Value, error) {
	return f.add1(compute.OpTypeDynamicDimensionSize, ir.DynamicSizeAttr{Axis: axis}, x)
}

func (f *function) Transpose(x compute.Value, permutation ...int) (compute.Value, error) {
	return f.add1(compute.OpTypeTranspose, ir.TransposeAttr{Perm: slices.Clone(permutation)}, x)
}

// BroadcastInDim may introduce dynamic axes if a parameter has an axis of that name.
func (f *function) BroadcastInDim(x compute.Value, shape shapes.Shape, axes []int) (compute.Value, error) {
	known := f.root().axes
	for axis, d := range shape.Dimensions {
		if d == shapes.DynamicDim && !f.isKnownAxis(x, shape.AxisName(axis), known) {
			return nil, errors.Errorf("cpu: BroadcastInDim to %v: no parameter has a dynamic axis %q", shape, shape.AxisName(axis))
		}
	}
	return f.add1(compute.OpTypeBroadcastInDim, ir.BroadcastAttr{Shape: shape.Clone(), Axes: slices.Clone(axes)}, x)
}

// isKnownAxis reports whether an axis name is one of a parameter's, or one that x has already.
func (f *function) isKnownAxis(x compute.Value, name string, known map[string]bool) bool {
	if known[name] {
		return true
	}
	own, ok := x.(value)
	return ok && slices.Contains(own.v.Shape().AxisNames, name)
}

func (f *function) Iota(shape shapes.Shape, axis int) (compute.Value, error) {
	return f.add1(compute.OpTypeIota, ir.IotaAttr{Shape: shape.Clone(), Axis: axis})
}

func (f *function) Slice(x compute.Value, starts, limits, strides []int) (compute.Value, error) {
	if len(strides) == 0 {
		strides = ones(len(starts))
	}
	attr := ir.SliceAttr{Starts: slices.Clone(starts), Limits: slices.Clone(limits), Strides: slices.Clone(strides)}
	return f.add1(compute.OpTypeSlice, attr, x)
}

func (f *function) Pad(x, fillValue compute.Value, axesConfig ...compute.PadAxis) (compute.Value, error) {
	axes := slices.Clone(axesConfig)
	if own, ok := x.(value); ok {
		for len(axes) < own.v.Shape().Rank() {
			axes = append(axes, compute.PadAxis{})
		}
	}
	return f.add1(compute.OpTypePad, ir.PadAttr{Axes: axes}, x, fillValue)
}

func (f *function) Reverse(x compute.Value, axes ...int) (compute.Value, error) {
	return f.add1(compute.OpTypeReverse, ir.ReverseAttr{Axes: slices.Clone(axes)}, x)
}

func (f *function) Concatenate(axis int, operands ...compute.Value) (compute.Value, error) {
	return f.add1(compute.OpTypeConcatenate, ir.ConcatenateAttr{Axis: axis}, operands...)
}

// scalarStarts returns the start indices as a scalar for each axis; they may be given as one vector.
func (f *function) scalarStarts(starts []compute.Value) ([]compute.Value, error) {
	if len(starts) != 1 {
		return starts, nil
	}
	own, ok := starts[0].(value)
	if !ok || own.v.Shape().Rank() != 1 {
		return starts, nil
	}
	var scalars []compute.Value
	for i := range own.v.Shape().Dimensions[0] {
		element, err := f.Slice(starts[0], []int{i}, []int{i + 1}, nil)
		if err != nil {
			return nil, err
		}
		scalar, err := f.Reshape(element)
		if err != nil {
			return nil, err
		}
		scalars = append(scalars, scalar)
	}
	return scalars, nil
}

func (f *function) DynamicSlice(x compute.Value, starts []compute.Value, sizes []int) (compute.Value, error) {
	starts, err := f.scalarStarts(starts)
	if err != nil {
		return nil, err
	}
	inputs := append([]compute.Value{x}, starts...)
	return f.add1(compute.OpTypeDynamicSlice, ir.DynamicSliceAttr{Sizes: slices.Clone(sizes)}, inputs...)
}

func (f *function) DynamicUpdateSlice(x, update compute.Value, starts []compute.Value) (compute.Value, error) {
	starts, err := f.scalarStarts(starts)
	if err != nil {
		return nil, err
	}
	inputs := append([]compute.Value{x, update}, starts...)
	return f.add1(compute.OpTypeDynamicUpdateSlice, nil, inputs...)
}

func (f *function) Gather(operand, startIndices compute.Value, indexVectorAxis int,
	offsetOutputAxes, collapsedSliceAxes, startIndexMap, sliceSizes []int, indicesAreSorted bool) (compute.Value, error) {
	attr := ir.GatherAttr{
		IndexVectorAxis:    indexVectorAxis,
		OffsetOutputAxes:   slices.Clone(offsetOutputAxes),
		CollapsedSliceAxes: slices.Clone(collapsedSliceAxes),
		StartIndexMap:      slices.Clone(startIndexMap),
		SliceSizes:         slices.Clone(sliceSizes),
		IndicesAreSorted:   indicesAreSorted,
	}
	return f.add1(compute.OpTypeGather, attr, operand, startIndices)
}

func (f *function) ScatterSum(operand, indices, updates compute.Value, indexVectorAxis int,
	updateWindowAxes, insertedWindowAxes, scatterAxesToOperandAxes []int, indicesAreSorted, uniqueIndices bool) (compute.Value, error) {
	return f.add1(compute.OpTypeScatterSum, scatterAttr(indexVectorAxis, updateWindowAxes, insertedWindowAxes,
		scatterAxesToOperandAxes, indicesAreSorted, uniqueIndices), operand, indices, updates)
}

func (f *function) ScatterMax(operand, indices, updates compute.Value, indexVectorAxis int,
	updateWindowAxes, insertedWindowAxes, scatterAxesToOperandAxes []int, indicesAreSorted, uniqueIndices bool) (compute.Value, error) {
	return f.add1(compute.OpTypeScatterMax, scatterAttr(indexVectorAxis, updateWindowAxes, insertedWindowAxes,
		scatterAxesToOperandAxes, indicesAreSorted, uniqueIndices), operand, indices, updates)
}

func (f *function) ScatterMin(operand, indices, updates compute.Value, indexVectorAxis int,
	updateWindowAxes, insertedWindowAxes, scatterAxesToOperandAxes []int, indicesAreSorted, uniqueIndices bool) (compute.Value, error) {
	return f.add1(compute.OpTypeScatterMin, scatterAttr(indexVectorAxis, updateWindowAxes, insertedWindowAxes,
		scatterAxesToOperandAxes, indicesAreSorted, uniqueIndices), operand, indices, updates)
}

func scatterAttr(indexVectorAxis int, window, inserted, toOperand []int, sorted, unique bool) ir.ScatterAttr {
	return ir.ScatterAttr{
		IndexVectorAxis:          indexVectorAxis,
		UpdateWindowAxes:         slices.Clone(window),
		InsertedWindowAxes:       slices.Clone(inserted),
		ScatterAxesToOperandAxes: slices.Clone(toOperand),
		IndicesAreSorted:         sorted,
		UniqueIndices:            unique,
	}
}

func ones(n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = 1
	}
	return s
}
