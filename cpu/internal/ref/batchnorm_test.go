package ref

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

func normal(rng *rand.Rand, dims []int) tensor.Tensor {
	x := tensor.New(shapes.Make(dtypes.Float64, dims...))
	for i := range tensor.Of[float64](x) {
		tensor.Of[float64](x)[i] = rng.NormFloat64()
	}
	return x
}

const epsilon = 1e-3

// normalize is batch normalization by the definition; the mean and variance are per feature.
func normalize(x, scale, offset []float64, dims []int, axis int) (y, mean, variance []float64) {
	features, inner := dims[axis], product(dims[axis+1:])
	mean, variance, y = make([]float64, features), make([]float64, features), make([]float64, len(x))
	n := float64(len(x) / max(1, features))
	for i, v := range x {
		mean[i/inner%features] += v / n
	}
	for i, v := range x {
		d := v - mean[i/inner%features]
		variance[i/inner%features] += d * d / n
	}
	for i, v := range x {
		c := i / inner % features
		y[i] = (v-mean[c])/math.Sqrt(variance[c]+epsilon)*scale[c] + offset[c]
	}
	return y, mean, variance
}

func TestBatchNorm(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for _, dims := range [][]int{{4, 3}, {2, 3, 3, 5}, {3, 1100}, {2, 1, 1300}, {1, 2}} {
		for axis := range dims {
			x, g := normal(rng, dims), normal(rng, dims)
			per := []int{dims[axis]}
			scale, offset := normal(rng, per), normal(rng, per)
			attr := ir.BatchNormAttr{Epsilon: epsilon, Axis: axis}
			out := eval(t, compute.OpTypeBatchNormForTraining, attr, []tensor.Tensor{x, scale, offset}, x.Shape, scale.Shape, scale.Shape)
			y, mean, variance := normalize(floatsOf(x), floatsOf(scale), floatsOf(offset), dims, axis)
			// The loop has epsilon as float32.
			near(t, "normalized", out[0], y, 1e-6)
			near(t, "mean", out[1], mean, 1e-12)
			near(t, "variance", out[2], variance, 1e-12)
			in := []tensor.Tensor{x, scale, offset, out[1], out[2]}
			near(t, "inference", eval(t, compute.OpTypeBatchNormForInference, attr, in, x.Shape)[0], y, 1e-6)
			in = []tensor.Tensor{x, scale, out[1], out[2], g}
			grads := eval(t, compute.OpTypeBatchNormGradient, attr, in, x.Shape, scale.Shape, scale.Shape)
			checkGradient(t, dims, axis, x, scale, offset, g, grads)
		}
	}
}

// checkGradient compares some elements with differences of Σ y·g.
func checkGradient(t *testing.T, dims []int, axis int, x, scale, offset, g tensor.Tensor, grads []tensor.Tensor) {
	t.Helper()
	loss := func() float64 {
		y, _, _ := normalize(floatsOf(x), floatsOf(scale), floatsOf(offset), dims, axis)
		sum := 0.0
		for i, v := range y {
			sum += v * tensor.Of[float64](g)[i]
		}
		return sum
	}
	const h = 1e-5
	for i, of := range []tensor.Tensor{x, scale, offset} {
		values := tensor.Of[float64](of)
		for j := 0; j < len(values); j += max(1, len(values)/7) {
			old := values[j]
			values[j] = old + h
			up := loss()
			values[j] = old - h
			down := loss()
			values[j] = old
			got, want := tensor.Of[float64](grads[i])[j], (up-down)/(2*h)
			if math.Abs(got-want) > 1e-4*max(1, math.Abs(want)) {
				t.Errorf("%v along %d: gradient %d of input %d = %v, want %v", dims, axis, j, i, got, want)
			}
		}
	}
}

func TestBatchNorm_BFloat16(t *testing.T) {
	x := halves(dtypes.BFloat16, []int{4, 1}, 1, 2, 3, 4)
	one := halves(dtypes.BFloat16, vec(1), 1)
	zero := halves(dtypes.BFloat16, vec(1), 0)
	out := eval(t, compute.OpTypeBatchNormForTraining, ir.BatchNormAttr{Axis: 1}, []tensor.Tensor{x, one, zero}, x.Shape, one.Shape, one.Shape)
	check(t, "mean", out[1], halves(dtypes.BFloat16, vec(1), 2.5))
	check(t, "variance", out[2], halves(dtypes.BFloat16, vec(1), 1.25))
	check(t, "normalized", out[0], halves(dtypes.BFloat16, []int{4, 1}, -1.5/math.Sqrt(1.25), -0.5/math.Sqrt(1.25), 0.5/math.Sqrt(1.25), 1.5/math.Sqrt(1.25)))
}
