package cpu

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
	"github.com/pkg/errors"

	"github.com/atelier-go/atelier/cpu/internal/ir"
)

// Batch normalization, random numbers, Fourier transforms, and the fused operations, of which GoMLX has a decomposed
// form that it uses where the backend has none.

func (f *function) BatchNormForInference(operand, scale, offset, mean, variance compute.Value, epsilon float32, axis int) (compute.Value, error) {
	return f.add1(compute.OpTypeBatchNormForInference, ir.BatchNormAttr{Epsilon: epsilon, Axis: axis}, operand, scale, offset, mean, variance)
}

func (f *function) BatchNormForTraining(operand, scale, offset compute.Value, epsilon float32, axis int) (normalized, mean, variance compute.Value, err error) {
	return f.add3(compute.OpTypeBatchNormForTraining, ir.BatchNormAttr{Epsilon: epsilon, Axis: axis}, operand, scale, offset)
}

func (f *function) BatchNormGradient(operand, scale, mean, variance, gradOutput compute.Value, epsilon float32, axis int) (gradOperand, gradScale, gradOffset compute.Value, err error) {
	return f.add3(compute.OpTypeBatchNormGradient, ir.BatchNormAttr{Epsilon: epsilon, Axis: axis}, operand, scale, mean, variance, gradOutput)
}

func (f *function) add3(op compute.OpType, attr any, inputs ...compute.Value) (a, b, c compute.Value, err error) {
	out, err := f.add(op, attr, inputs...)
	if err != nil {
		return nil, nil, nil, err
	}
	return out[0], out[1], out[2], nil
}

func (f *function) RNGBitGenerator(state compute.Value, shape shapes.Shape) (newState, values compute.Value, err error) {
	out, err := f.add(compute.OpTypeRNGBitGenerator, ir.RNGAttr{Shape: shape.Clone()}, state)
	if err != nil {
		return nil, nil, err
	}
	return out[0], out[1], nil
}

func (f *function) FFT(operand compute.Value, fftType compute.FFTType, fftLength []int) (compute.Value, error) {
	return f.add1(compute.OpTypeFFT, ir.FFTAttr{Type: fftType, Lengths: slices.Clone(fftLength)}, operand)
}

// fused is add1 for fused operations, which are not for dynamic shapes. Inputs that are nil are left out.
func (f *function) fused(op compute.OpType, attr any, inputs ...compute.Value) (compute.Value, error) {
	inputs = slices.DeleteFunc(inputs, func(v compute.Value) bool { return v == nil })
	for _, v := range inputs {
		if own, ok := v.(value); ok && own.v.Shape().IsDynamic() {
			return nil, errors.Wrapf(compute.ErrNotImplemented, "cpu: %v of the dynamic shape %v", op, own.v.Shape())
		}
	}
	return f.add1(op, attr, inputs...)
}

func (f *function) FusedSoftmax(x compute.Value, axis int) (compute.Value, error) {
	return f.fused(compute.OpTypeFusedSoftmax, ir.SoftmaxAttr{Axis: axis}, x)
}

func (f *function) FusedGelu(x compute.Value, exact bool) (compute.Value, error) {
	return f.fused(compute.OpTypeFusedGelu, ir.GeluAttr{Exact: exact}, x)
}

func (f *function) FusedLayerNorm(x compute.Value, axes []int, epsilon float64, gamma, beta compute.Value) (compute.Value, error) {
	attr := ir.LayerNormAttr{Axes: slices.Clone(axes), Epsilon: epsilon, HasGamma: gamma != nil, HasBeta: beta != nil}
	return f.fused(compute.OpTypeFusedLayerNorm, attr, x, gamma, beta)
}

func (f *function) FusedDense(x, weight, bias compute.Value, config compute.DenseConfig) (compute.Value, error) {
	return f.fused(compute.OpTypeFusedDense, ir.DenseAttr{Config: config, HasBias: bias != nil}, x, weight, bias)
}

// lacks is the error of an operation that the backend does not have.
func (f *function) lacks(op compute.OpType) error {
	return errors.Wrapf(compute.ErrNotImplemented, "cpu: %v", op)
}

func (f *function) FusedScaledDotProductAttention(_, _, _ compute.Value, _ compute.AttentionAxesLayout,
	_ *compute.ScaledDotProductAttentionConfig) (compute.Value, []compute.Value, error) {
	return nil, nil, f.lacks(compute.OpTypeFusedScaledDotProductAttention)
}

func (f *function) FusedScaledDotProductAttentionVJP(_, _, _ compute.Value, _ compute.AttentionAxesLayout,
	_ *compute.ScaledDotProductAttentionConfig, _ compute.Value, _ []compute.Value, _ compute.Value) (dQuery, dKey, dValue compute.Value, err error) {
	return nil, nil, nil, f.lacks(compute.OpTypeFusedScaledDotProductAttentionVJP)
}

func (f *function) FusedAttentionQKVProjection(_, _, _, _, _ compute.Value, _, _ int) (query, key, val compute.Value, err error) {
	return nil, nil, nil, f.lacks(compute.OpTypeFusedAttentionQKVProjection)
}

func (f *function) FusedQuantizedDense(_, _, _ compute.Value, _ *compute.Quantization, _ compute.ActivationType) (compute.Value, error) {
	return nil, f.lacks(compute.OpTypeFusedQuantizedDense)
}

func (f *function) QuantizedEmbeddingLookup(_, _ compute.Value, _ *compute.Quantization) (compute.Value, error) {
	return nil, f.lacks(compute.OpTypeQuantizedEmbeddingLookup)
}

func (f *function) AllReduce(_ []compute.Value, _ compute.ReduceOpType, _ [][]int) ([]compute.Value, error) {
	return nil, f.lacks(compute.OpTypeAllReduce)
}
