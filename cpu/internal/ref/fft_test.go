package ref

import (
	"math"
	"math/cmplx"
	"math/rand/v2"
	"testing"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// dft transforms one axis by the definition.
func dft(x []complex128, dims []int, axis int, inverse bool) []complex128 {
	out := make([]complex128, len(x))
	n, inner := dims[axis], product(dims[axis+1:])
	sign, scale := -1.0, 1.0
	if inverse {
		sign, scale = 1, 1/float64(n)
	}
	for i := range x {
		start, k := i/(n*inner)*n*inner+i%inner, i/inner%n
		for j := range n {
			angle := sign * 2 * math.Pi * float64(j*k%n) / float64(n)
			out[i] += x[start+j*inner] * cmplx.Exp(complex(0, angle)) * complex(scale, 0)
		}
	}
	return out
}

func TestFFT(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	for _, dims := range [][]int{{1}, {2}, {8}, {7}, {2, 12}, {3, 5, 16}, {2, 3, 4, 5}, {2, 3, 1}, {600}, {97}} {
		for axes := 1; axes <= min(3, len(dims)); axes++ {
			lengths := dims[len(dims)-axes:]
			x := make([]complex128, product(dims))
			re := make([]float64, len(x))
			for i := range x {
				x[i] = complex(rng.NormFloat64(), rng.NormFloat64())
				re[i] = real(x[i])
			}
			forward, inverse, spectrum := x, x, make([]complex128, len(x))
			for i, v := range re {
				spectrum[i] = complex(v, 0)
			}
			for axis := len(dims) - axes; axis < len(dims); axis++ {
				forward, inverse = dft(forward, dims, axis, false), dft(inverse, dims, axis, true)
				spectrum = dft(spectrum, dims, axis, false)
			}
			full := shapes.Make(dtypes.Complex128, dims...)
			halfDims := append([]int(nil), dims...)
			last := len(dims) - 1
			halfDims[last] = dims[last]/2 + 1
			half := shapes.Make(dtypes.Complex128, halfDims...)
			var firstHalf []complex128
			for i, v := range spectrum {
				if i%dims[last] < halfDims[last] {
					firstHalf = append(firstHalf, v)
				}
			}
			run := func(kind compute.FFTType, shape shapes.Shape, in tensor.Tensor) tensor.Tensor {
				return eval1(t, compute.OpTypeFFT, ir.FFTAttr{Type: kind, Lengths: lengths}, shape, in)
			}
			nearComplex(t, "forward", run(compute.FFTForward, full, of(dims, x...)), forward, 1e-11)
			nearComplex(t, "inverse", run(compute.FFTInverse, full, of(dims, x...)), inverse, 1e-11)
			nearComplex(t, "forward real", run(compute.FFTForwardReal, half, of(dims, re...)), firstHalf, 1e-11)
			near(t, "inverse real", run(compute.FFTInverseReal, shapes.Make(dtypes.Float64, dims...), of(halfDims, firstHalf...)), re, 1e-11)
			single := make([]float32, len(re))
			for i, v := range re {
				single[i] = float32(v)
			}
			got := run(compute.FFTForwardReal, shapes.Make(dtypes.Complex64, halfDims...), of(dims, single...))
			nearComplex(t, "float32", got, firstHalf, 1e-5)
		}
	}
}

func nearComplex(t *testing.T, what string, got tensor.Tensor, want []complex128, tolerance float64) {
	t.Helper()
	x := complexView(got)
	for i, w := range want {
		if cmplx.Abs(x.at(i)-w) > tolerance*math.Sqrt(float64(len(want))) {
			t.Errorf("%s of %s: element %d = %v, want %v", what, got.Shape, i, x.at(i), w)
			return
		}
	}
}

func TestFFT_Empty(t *testing.T) {
	x := tensor.New(shapes.Make(dtypes.Complex64, 0, 4))
	eval1(t, compute.OpTypeFFT, ir.FFTAttr{Lengths: []int{4}}, x.Shape, x)
	n := nodeOf(compute.OpTypeFFT, ir.FFTAttr{Lengths: []int{3}}, []tensor.Tensor{x}, x.Shape)
	if err := Eval(n, []tensor.Tensor{x}, []tensor.Tensor{tensor.New(x.Shape)}); err == nil {
		t.Error("a length that is not the dimension is no error")
	}
}
