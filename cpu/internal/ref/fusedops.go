package ref

import (
	"fmt"
	"math"
	"slices"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
	"github.com/gomlx/compute"
)

// chooseSoftmax covers FusedSoftmax: exp(x - max) / Σ exp(x - max) along one axis, in float64. A line with a NaN or
// with +Inf is NaN.
func chooseSoftmax(n *ir.Node) evalFunc {
	if !n.Shapes[0].DType.IsFloat() {
		return nil
	}
	return softmax
}

func softmax(n *ir.Node, in, out []tensor.Tensor) error {
	axis, dims := n.Attr.(ir.SoftmaxAttr).Axis, in[0].Shape.Dimensions
	if axis < 0 || axis >= len(dims) {
		return fmt.Errorf("axis %d of rank %d", axis, len(dims))
	}
	if err := sameSize(in[0], out[0]); err != nil {
		return err
	}
	x, dst := floatView(in[0]), floatSink(out[0])
	dim, inner := dims[axis], product(dims[axis+1:])
	var buf [blockLen]float64
	for o := range product(dims[:axis]) {
		for i := range inner {
			start := o*dim*inner + i
			blocks := func(visit func(row []float64, off int)) {
				for done := 0; done < dim; done += blockLen {
					off := start + done*inner
					visit(x.row(buf[:], off, inner, min(blockLen, dim-done)), off)
				}
			}
			highest, sum := math.Inf(-1), 0.0
			blocks(func(row []float64, _ int) { highest = max(highest, slices.Max(row)) })
			blocks(func(row []float64, _ int) {
				for _, v := range row {
					sum += math.Exp(v - highest)
				}
			})
			blocks(func(row []float64, off int) {
				var result [blockLen]float64
				for j, v := range row {
					result[j] = math.Exp(v-highest) / sum
				}
				dst.store(result[:len(row)], off, inner)
			})
		}
	}
	return nil
}

// chooseGelu covers FusedGelu.
func chooseGelu(n *ir.Node) evalFunc {
	if !n.Shapes[0].DType.IsFloat() {
		return nil
	}
	f := geluTanh
	if n.Attr.(ir.GeluAttr).Exact {
		f = gelu
	}
	return mapUnary(func(dst, a []float64) { apply(dst, a, f) }, floatView, floatSink)
}

// gelu is x·Φ(x), Φ being the normal distribution function.
func gelu(x float64) float64 { return x / 2 * math.Erfc(-x/math.Sqrt2) }

// geluTanh is Hendrycks and Gimpel's approximation ½x·(1 + tanh(√(2/π)·(x + 0.044715·x³))).
func geluTanh(x float64) float64 {
	return x / 2 * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
}

// chooseLayerNorm covers FusedLayerNorm(x, gamma?, beta?): (x - mean)/√(variance + ε)·gamma + beta over the given
// axes, in float64; gamma and beta have the dimensions of those axes.
func chooseLayerNorm(n *ir.Node) evalFunc {
	for _, in := range n.Inputs {
		if !in.Shape().DType.IsFloat() {
			return nil
		}
	}
	return layerNorm
}

func layerNorm(n *ir.Node, in, out []tensor.Tensor) error {
	attr, dims := n.Attr.(ir.LayerNormAttr), in[0].Shape.Dimensions
	strides := stridesOf(dims)
	axes := slices.Sorted(slices.Values(attr.Axes))
	normDims, err := pick(dims, axes)
	if err != nil {
		return err
	}
	if err := sameSize(in[0], out[0]); err != nil {
		return err
	}
	normStrides, _ := pick(strides, axes)
	rest := without(len(dims), axes)
	restDims, _ := pick(dims, rest)
	restStrides, _ := pick(strides, rest)
	size := product(normDims)
	gamma, beta, err := layerNormParameters(attr, in, size)
	if err != nil || in[0].Shape.Size() == 0 {
		return err
	}
	x, dst := floatView(in[0]), floatSink(out[0])
	index, inner := make([]int, len(rest)), make([]int, len(axes))
	for range product(restDims) {
		start := dot(index, restStrides)
		mean, variance := 0.0, 0.0
		for range size {
			mean += x.at(start + dot(inner, normStrides))
			next(inner, normDims)
		}
		mean /= float64(size)
		for range size {
			d := x.at(start+dot(inner, normStrides)) - mean
			variance += d * d
			next(inner, normDims)
		}
		rstd := 1 / math.Sqrt(variance/float64(size)+attr.Epsilon)
		for i := range size {
			off := start + dot(inner, normStrides)
			y := (x.at(off) - mean) * rstd
			if gamma != nil {
				y *= gamma[i]
			}
			if beta != nil {
				y += beta[i]
			}
			dst.store([]float64{y}, off, 1)
			next(inner, normDims)
		}
		next(index, restDims)
	}
	return nil
}

func layerNormParameters(attr ir.LayerNormAttr, in []tensor.Tensor, size int) (gamma, beta []float64, err error) {
	in = in[1:]
	for _, p := range []struct {
		has bool
		to  *[]float64
	}{{attr.HasGamma, &gamma}, {attr.HasBeta, &beta}} {
		if !p.has {
			continue
		}
		if len(in) == 0 || in[0].Shape.Size() != size {
			return nil, nil, fmt.Errorf("gamma and beta must have %d elements", size)
		}
		*p.to, in = floatsOf(in[0]), in[1:]
	}
	return gamma, beta, nil
}

// activations of FusedDense.
var activations = map[compute.ActivationType]func(float64) float64{
	compute.ActivationNone:      func(x float64) float64 { return x },
	compute.ActivationGelu:      gelu,
	compute.ActivationRelu:      func(x float64) float64 { return max(x, 0) },
	compute.ActivationSilu:      func(x float64) float64 { return x * logistic(x) },
	compute.ActivationHardSwish: func(x float64) float64 { return x * min(max(x/6+0.5, 0), 1) },
	compute.ActivationTanh:      math.Tanh,
}

// chooseDense covers FusedDense(x, weight, bias?): activation(x·weight + bias), rounded to the dtype after the product
// and again at the end.
func chooseDense(n *ir.Node) evalFunc {
	for _, in := range n.Inputs {
		if in.Shape().DType != n.Shapes[0].DType {
			return nil
		}
	}
	acc, ok := newAccumulation(n.Shapes[0].DType, n.Shapes[0].DType, n.Shapes[0].DType)
	attr := n.Attr.(ir.DenseAttr)
	activation := activations[attr.Config.Activation]
	if !ok || acc.class != classFloat || activation == nil {
		return nil
	}
	return func(n *ir.Node, in, out []tensor.Tensor) error {
		if attr.HasBias && len(in) < 3 {
			return fmt.Errorf("no bias")
		}
		if in[0].Shape.Rank() == 0 || in[1].Shape.Rank() == 0 {
			return fmt.Errorf("scalars have no features")
		}
		contract := ir.DotAttr{LhsContracting: []int{in[0].Shape.Rank() - 1}, RhsContracting: []int{0}}
		if attr.Config.WeightLayout == compute.DenseLayoutOutputsInput {
			contract.RhsContracting[0] = in[1].Shape.Rank() - 1
		}
		product := &ir.Node{Op: ir.Op(compute.OpTypeDotGeneral), Attr: contract, Inputs: n.Inputs[:2], Shapes: n.Shapes}
		if err := dotIn(acc)(product, in[:2], out); err != nil {
			return err
		}
		return biasActivation(attr, activation, in, out[0])
	}
}

func biasActivation(attr ir.DenseAttr, activation func(float64) float64, in []tensor.Tensor, y tensor.Tensor) error {
	period := 1
	bias := view[float64]{direct: []float64{0}}
	if attr.HasBias {
		period, bias = in[2].Shape.Size(), floatView(in[2])
		weights := in[1].Shape.Dimensions
		features := product(weights[1:])
		if attr.Config.WeightLayout == compute.DenseLayoutOutputsInput {
			features = product(weights[:len(weights)-1])
		}
		if period != features {
			return fmt.Errorf("bias of %d elements for %d features", period, features)
		}
	}
	from, to := floatView(y), floatSink(y)
	for off := range y.Shape.Size() {
		to.store([]float64{activation(from.at(off) + bias.at(off%period))}, off, 1)
	}
	return nil
}
