package ir

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// inferBatchNorm is the three batch norm operations; their vectors have one element for each feature.
func inferBatchNorm(op compute.OpType, attr any, in []shapes.Shape) ([]shapes.Shape, error) {
	x, axis := in[0], attr.(BatchNormAttr).Axis
	if !x.DType.IsFloat() {
		return errOf("batch norm takes float numbers")
	}
	if err := checkAxes("feature axis", x.Rank(), []int{axis}); err != nil {
		return nil, err
	}
	features := shapes.Make(x.DType, x.Dimensions[axis])
	vectors := in[1:]
	if op == compute.OpTypeBatchNormGradient {
		vectors = in[1:4]
		if !in[4].EqualDimensions(x) || in[4].DType != x.DType {
			return errOf("the gradient of the output must have the shape of the operand")
		}
	}
	for i, v := range vectors {
		if v.DType != x.DType || !v.EqualDimensions(features) {
			return errOf("input %d must have shape %v", i+1, features)
		}
	}
	if op == compute.OpTypeBatchNormForInference {
		return one(x, nil)
	}
	return []shapes.Shape{x, features, features}, nil
}

func inferRNG(_ compute.OpType, attr any, in []shapes.Shape) ([]shapes.Shape, error) {
	if !in[0].EqualDimensions(compute.RNGStateShape) || in[0].DType != compute.RNGStateShape.DType {
		return errOf("the state must have shape %v", compute.RNGStateShape)
	}
	bits := attr.(RNGAttr).Shape
	if !bits.Ok() {
		return errOf("the shape of the values is not valid")
	}
	if err := checkDims(bits.Dimensions); err != nil {
		return nil, err
	}
	return []shapes.Shape{in[0], bits}, nil
}

// inferFFT transforms the last len(Lengths) axes. The real transforms keep the non-negative half of the last axis.
func inferFFT(_ compute.OpType, attr any, in []shapes.Shape) ([]shapes.Shape, error) {
	a := attr.(FFTAttr)
	out := in[0].Clone()
	n := len(a.Lengths)
	if n < 1 || n > 3 || n > out.Rank() {
		return errOf("FFT transforms one to three axes, of lengths %v", a.Lengths)
	}
	last := a.Lengths[n-1]
	want := slices.Clone(a.Lengths)
	switch a.Type {
	case compute.FFTForward, compute.FFTInverse:
		if !out.DType.IsComplex() {
			return errOf("this transform takes complex numbers")
		}
	case compute.FFTForwardReal:
		switch out.DType {
		case dtypes.Float32:
			out.DType = dtypes.Complex64
		case dtypes.Float64:
			out.DType = dtypes.Complex128
		default:
			return errOf("this transform takes Float32 or Float64")
		}
		out.Dimensions[out.Rank()-1] = last/2 + 1
	case compute.FFTInverseReal:
		if !out.DType.IsComplex() {
			return errOf("this transform takes complex numbers")
		}
		out.DType = out.DType.RealDType()
		out.Dimensions[out.Rank()-1] = last
		want[n-1] = last/2 + 1
	default:
		return errOf("unknown transform %v", a.Type)
	}
	if got := in[0].Dimensions[in[0].Rank()-n:]; !slices.Equal(got, want) {
		return errOf("the last axes have lengths %v, want %v", got, want)
	}
	return one(out, nil)
}

func inferSoftmax(_ compute.OpType, attr any, in []shapes.Shape) ([]shapes.Shape, error) {
	if !in[0].DType.IsFloat() {
		return errOf("softmax takes float numbers")
	}
	return one(in[0], checkAxes("axis", in[0].Rank(), []int{attr.(SoftmaxAttr).Axis}))
}

func inferGelu(_ compute.OpType, _ any, in []shapes.Shape) ([]shapes.Shape, error) {
	if !in[0].DType.IsFloat() {
		return errOf("gelu takes float numbers")
	}
	return one(in[0], nil)
}

func inferLayerNorm(_ compute.OpType, attr any, in []shapes.Shape) ([]shapes.Shape, error) {
	a, x := attr.(LayerNormAttr), in[0]
	if !x.DType.IsFloat() {
		return errOf("layer norm takes float numbers")
	}
	if err := checkAxes("axes", x.Rank(), a.Axes); err != nil {
		return nil, err
	}
	normalized := shapes.Shape{DType: x.DType}
	axes := slices.Clone(a.Axes)
	slices.Sort(axes)
	for _, axis := range axes {
		normalized.Dimensions = append(normalized.Dimensions, x.Dimensions[axis])
	}
	for i, v := range in[1:] {
		if v.DType != x.DType || v.Size() != normalized.Size() {
			return errOf("input %d must have the shape %v of the normalized axes", i+1, normalized)
		}
	}
	return one(x, nil)
}

func inferDense(_ compute.OpType, attr any, in []shapes.Shape) ([]shapes.Shape, error) {
	a := attr.(DenseAttr)
	x, w := in[0], in[1]
	if x.DType != w.DType || !x.DType.IsFloat() {
		return errOf("x and weight must be of one float type")
	}
	if x.Rank() < 1 || w.Rank() < 2 {
		return errOf("x must have rank 1 or more, weight 2 or more")
	}
	contracted, outputs := w.Dimensions[0], w.Dimensions[1:]
	switch a.Config.WeightLayout {
	case compute.DenseLayoutInputOutputs:
	case compute.DenseLayoutOutputsInput:
		contracted, outputs = w.Dimensions[w.Rank()-1], w.Dimensions[:w.Rank()-1]
	default:
		return errOf("unknown weight layout %v", a.Config.WeightLayout)
	}
	if x.Dimensions[x.Rank()-1] != contracted {
		return errOf("x has %d features, weight %d", x.Dimensions[x.Rank()-1], contracted)
	}
	if a.HasBias {
		if b := in[2]; b.DType != x.DType || !slices.Equal(b.Dimensions, outputs) {
			return errOf("the bias must have dimensions %v", outputs)
		}
	}
	dims := append(slices.Clone(x.Dimensions[:x.Rank()-1]), outputs...)
	return one(shapes.Shape{DType: x.DType, Dimensions: dims}, nil)
}
