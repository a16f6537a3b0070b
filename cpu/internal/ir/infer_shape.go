package ir

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapeinference"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/compute/support/sets"
)

func inferReshape(_ compute.OpType, attr any, in []shapes.Shape) ([]shapes.Shape, error) {
	dims := attr.(ReshapeAttr).Dims
	if err := checkDims(dims); err != nil {
		return nil, err
	}
	if err := CheckSize(shapes.Shape{DType: in[0].DType, Dimensions: dims}); err != nil {
		return nil, err
	}
	return one(shapeinference.Reshape(in[0], dims))
}

func inferDynamicReshape(_ compute.OpType, attr any, in []shapes.Shape) ([]shapes.Shape, error) {
	dims := attr.(DynamicReshapeAttr).Specs
	specs := make([]compute.DynamicDimensionSpec, len(dims))
	for i, d := range dims {
		specs[i] = compute.DynamicDimensionSpec{Static: d.Static, Name: d.Name}
		if d.Input == 0 {
			continue
		}
		if v := in[d.Input]; !v.DType.IsInt() || v.Size() != 1 {
			return errOf("the size of axis %q must be an integer scalar, got %v", d.Name, v)
		}
		specs[i].Value = d
	}
	return one(shapeinference.DynamicReshape(in[0], specs))
}

func inferDynamicShape(_ compute.OpType, _ any, in []shapes.Shape) ([]shapes.Shape, error) {
	return one(shapes.Make(dtypes.Int32, in[0].Rank()), nil)
}

func inferDynamicDimensionSize(_ compute.OpType, attr any, in []shapes.Shape) ([]shapes.Shape, error) {
	if err := checkAxes("axis", in[0].Rank(), []int{attr.(DynamicSizeAttr).Axis}); err != nil {
		return nil, err
	}
	return one(shapes.Make(dtypes.Int32), nil)
}

func inferTranspose(_ compute.OpType, attr any, in []shapes.Shape) ([]shapes.Shape, error) {
	return one(shapeinference.Transpose(in[0], attr.(TransposeAttr).Perm))
}

// inferBroadcast accepts any new dynamic axis; that its name is one of a parameter's is checked at capture.
func inferBroadcast(_ compute.OpType, attr any, in []shapes.Shape) ([]shapes.Shape, error) {
	a := attr.(BroadcastAttr)
	if a.Shape.DType != in[0].DType {
		return errOf("the target type %v is not that of the operand", a.Shape.DType)
	}
	if err := checkDims(a.Shape.Dimensions); err != nil {
		return nil, err
	}
	for i := 1; i < len(a.Axes); i++ {
		if a.Axes[i] <= a.Axes[i-1] {
			return errOf("the axes %v must increase", a.Axes)
		}
	}
	names := sets.Make[string]()
	names.Insert(a.Shape.AxisNames...)
	if err := shapeinference.BroadcastInDim(in[0], a.Shape, a.Axes, names); err != nil {
		return nil, err
	}
	return one(a.Shape, nil)
}

func inferIota(_ compute.OpType, attr any, _ []shapes.Shape) ([]shapes.Shape, error) {
	a := attr.(IotaAttr)
	if err := checkDims(a.Shape.Dimensions); err != nil {
		return nil, err
	}
	if err := checkAxes("axis", a.Shape.Rank(), []int{a.Axis}); err != nil {
		return nil, err
	}
	if d := a.Shape.DType; d == dtypes.Bool || !d.IsInt() && !d.IsFloat() && !d.IsComplex() {
		return errOf("%v is not a type of number", d)
	}
	return one(a.Shape, nil)
}

func inferSlice(_ compute.OpType, attr any, in []shapes.Shape) ([]shapes.Shape, error) {
	a := attr.(SliceAttr)
	return one(shapeinference.Slice(in[0], a.Starts, a.Limits, a.Strides))
}

func inferPad(_ compute.OpType, attr any, in []shapes.Shape) ([]shapes.Shape, error) {
	axes := attr.(PadAttr).Axes
	if !in[1].IsScalar() || in[1].DType != in[0].DType {
		return errOf("the fill value must be a scalar of the operand's type")
	}
	for _, p := range axes {
		if err := checkGeometry("padding", p.Start, p.End, p.Interior); err != nil {
			return nil, err
		}
	}
	for axis, p := range axes {
		if d := in[0].Dimensions[axis]; d > 1 && p.Interior > maxGeometry/d {
			return errOf("interior padding %d of axis %d is out of range", p.Interior, axis)
		}
	}
	return one(shapeinference.Pad(in[0], axes...))
}

func inferReverse(_ compute.OpType, attr any, in []shapes.Shape) ([]shapes.Shape, error) {
	return one(in[0], checkAxes("axes", in[0].Rank(), attr.(ReverseAttr).Axes))
}

func inferConcatenate(_ compute.OpType, attr any, in []shapes.Shape) ([]shapes.Shape, error) {
	axis := attr.(ConcatenateAttr).Axis
	if err := checkAxes("axis", in[0].Rank(), []int{axis}); err != nil {
		return nil, err
	}
	return one(shapeinference.Concatenate(in, axis))
}

// checkStarts verifies the start indices of a dynamic slice: one integer scalar for each axis, all of one type.
func checkStarts(rank int, starts []shapes.Shape) error {
	if len(starts) != rank {
		_, err := errOf("%d start indices are given, want one for each of %d axes", len(starts), rank)
		return err
	}
	for i, s := range starts {
		if !s.IsScalar() || !s.DType.IsInt() || s.DType != starts[0].DType {
			_, err := errOf("start index %d must be an integer scalar of the type of the others, got %v", i, s)
			return err
		}
	}
	return nil
}

func inferDynamicSlice(_ compute.OpType, attr any, in []shapes.Shape) ([]shapes.Shape, error) {
	if err := checkStarts(in[0].Rank(), in[1:]); err != nil {
		return nil, err
	}
	return one(shapeinference.DynamicSlice(in[0], attr.(DynamicSliceAttr).Sizes))
}

func inferDynamicUpdateSlice(_ compute.OpType, _ any, in []shapes.Shape) ([]shapes.Shape, error) {
	if err := checkStarts(in[0].Rank(), in[2:]); err != nil {
		return nil, err
	}
	out, err := shapeinference.DynamicUpdateSlice(in[0], in[1])
	if err != nil {
		return nil, err
	}
	for axis, d := range in[1].Dimensions {
		if limit := in[0].Dimensions[axis]; limit != shapes.DynamicDim && d > limit {
			return errOf("the update is longer than the operand on axis %d", axis)
		}
	}
	return one(out, nil)
}
