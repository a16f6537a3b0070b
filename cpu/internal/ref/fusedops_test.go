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

func TestSoftmax(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	for _, dims := range [][]int{{4}, {3, 5}, {2, 700, 3}, {2, 0}} {
		for axis := range dims {
			x := normal(rng, dims)
			want := make([]float64, product(dims))
			inner := product(dims[axis+1:])
			for i := range want {
				start, sum := i/(dims[axis]*inner)*dims[axis]*inner+i%inner, 0.0
				for k := range dims[axis] {
					sum += math.Exp(tensor.Of[float64](x)[start+k*inner])
				}
				want[i] = math.Exp(tensor.Of[float64](x)[i]) / sum
			}
			near(t, "Softmax", eval1(t, compute.OpTypeFusedSoftmax, ir.SoftmaxAttr{Axis: axis}, x.Shape, x), want, 1e-14)
		}
	}
	x := of(vec(3), float32(1000), 1001, float32(negInf))
	want := 1 / (1 + math.Exp(1))
	near(t, "large", eval1(t, compute.OpTypeFusedSoftmax, ir.SoftmaxAttr{}, x.Shape, x), []float64{want, 1 - want, 0}, 1e-7)
	x = of(vec(2), float32(1), float32(nan))
	near(t, "NaN", eval1(t, compute.OpTypeFusedSoftmax, ir.SoftmaxAttr{}, x.Shape, x), []float64{nan, nan}, 0)
}

func TestGelu(t *testing.T) {
	x := of(vec(5), -30.0, -1, 0, 1, 30)
	near(t, "exact", eval1(t, compute.OpTypeFusedGelu, ir.GeluAttr{Exact: true}, x.Shape, x),
		[]float64{0, -0.15865525393145707, 0, 0.8413447460685429, 30}, 1e-15)
	near(t, "tanh", eval1(t, compute.OpTypeFusedGelu, ir.GeluAttr{}, x.Shape, x),
		[]float64{0, -0.15880800939172324, 0, 0.8411919906082768, 30}, 1e-15)
}

func TestLayerNorm(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	x := normal(rng, []int{2, 3, 4})
	gamma, beta := normal(rng, []int{2, 4}), normal(rng, []int{2, 4})
	attr := ir.LayerNormAttr{Axes: []int{0, 2}, Epsilon: 1e-5, HasGamma: true, HasBeta: true}
	want := make([]float64, 24)
	for j := range 3 {
		mean, variance := 0.0, 0.0
		each := func(f func(i, p int)) {
			for a := range 2 {
				for b := range 4 {
					f(a*12+j*4+b, a*4+b)
				}
			}
		}
		v := tensor.Of[float64](x)
		each(func(i, _ int) { mean += v[i] / 8 })
		each(func(i, _ int) { variance += (v[i] - mean) * (v[i] - mean) / 8 })
		each(func(i, p int) {
			want[i] = (v[i]-mean)/math.Sqrt(variance+1e-5)*tensor.Of[float64](gamma)[p] + tensor.Of[float64](beta)[p]
		})
	}
	near(t, "LayerNorm", eval1(t, compute.OpTypeFusedLayerNorm, attr, x.Shape, x, gamma, beta), want, 1e-13)
	attr.HasGamma = false
	for i := range want {
		p := i/12*4 + i%4
		want[i] = (want[i]-tensor.Of[float64](beta)[p])/tensor.Of[float64](gamma)[p] + tensor.Of[float64](beta)[p]
	}
	near(t, "without gamma", eval1(t, compute.OpTypeFusedLayerNorm, attr, x.Shape, x, beta), want, 1e-12)
}

func TestDense(t *testing.T) {
	x := of([]int{2, 3}, float32(1), 2, 3, -4, -5, -6)
	w := of([]int{3, 2, 2}, float32(1), 0, 0, 1, 0, 1, 0, 1, 0, 0, 1, 1)
	wt := of([]int{2, 2, 3}, float32(1), 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1)
	bias := of([]int{2, 2}, float32(10), 20, 30, 40)
	linear := []float64{11, 22, 33, 46, 6, 15, 24, 25}
	for activation, f := range activations {
		want := make([]float64, len(linear))
		for i, v := range linear {
			want[i] = f(v)
		}
		shape := shapes.Make(dtypes.Float32, 2, 2, 2)
		attr := ir.DenseAttr{Config: compute.DenseConfig{Activation: activation}, HasBias: true}
		near(t, activation.String(), eval1(t, compute.OpTypeFusedDense, attr, shape, x, w, bias), want, 1e-6)
		attr.Config.WeightLayout = compute.DenseLayoutOutputsInput
		near(t, activation.String(), eval1(t, compute.OpTypeFusedDense, attr, shape, x, wt, bias), want, 1e-6)
	}
	got := eval1(t, compute.OpTypeFusedDense, ir.DenseAttr{Config: compute.DenseConfig{Activation: compute.ActivationRelu}}, shapes.Make(dtypes.Float32, 2, 2, 2), x, w)
	near(t, "no bias", got, []float64{1, 2, 3, 6, 0, 0, 0, 0}, 0)
	empty := of[float32]([]int{2, 0})
	got = eval1(t, compute.OpTypeFusedDense, ir.DenseAttr{HasBias: true}, shapes.Make(dtypes.Float32, 2, 2), empty, of[float32]([]int{0, 2}), of(vec(2), float32(1), 2))
	near(t, "no features", got, []float64{1, 2, 1, 2}, 0)
}
