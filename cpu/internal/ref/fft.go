package ref

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// chooseFFT covers FFT over the last len(Lengths) axes, computed in complex128. The inverse transforms divide by the
// number of elements transformed. ForwardReal keeps the first n/2+1 frequencies of the last axis, and InverseReal takes
// those, n being the last length; the imaginary parts of its first and, of even n, last frequency do not matter.
func chooseFFT(n *ir.Node) evalFunc {
	in, out := n.Inputs[0].Shape().DType, n.Shapes[0].DType
	switch n.Attr.(ir.FFTAttr).Type {
	case compute.FFTForward, compute.FFTInverse:
		if in.IsComplex() && out.IsComplex() {
			return fft
		}
	case compute.FFTForwardReal:
		if in.IsFloat() && out.IsComplex() {
			return fft
		}
	case compute.FFTInverseReal:
		if in.IsComplex() && out.IsFloat() {
			return fft
		}
	}
	return nil
}

func fft(n *ir.Node, in, out []tensor.Tensor) error {
	attr := n.Attr.(ir.FFTAttr)
	src, dst := in[0].Shape.Dimensions, out[0].Shape.Dimensions
	rank, axes := len(src), len(attr.Lengths)
	if axes == 0 || axes > rank || len(dst) != rank {
		return fmt.Errorf("%d lengths for rank %d", axes, rank)
	}
	for i, length := range attr.Lengths {
		axis := rank - axes + i
		wantIn, wantOut := length, length
		if half := length/2 + 1; i == axes-1 && attr.Type == compute.FFTForwardReal {
			wantOut = half
		} else if i == axes-1 && attr.Type == compute.FFTInverseReal {
			wantIn = half
		}
		if length < 1 || src[axis] != wantIn || dst[axis] != wantOut {
			return fmt.Errorf("axis %d: length %d for dimensions %d and %d", axis, length, src[axis], dst[axis])
		}
	}
	for axis := range rank - axes {
		if src[axis] != dst[axis] {
			return fmt.Errorf("batch dimensions %v and %v", src, dst)
		}
	}
	if in[0].Shape.Size() == 0 || out[0].Shape.Size() == 0 {
		return nil
	}
	t := &transform{inverse: attr.Type == compute.FFTInverse || attr.Type == compute.FFTInverseReal}
	last := rank - 1
	if axes == 1 {
		t.axis(complexView(in[0]), complexSink(out[0]), src, dst, last, attr.Lengths[0])
		return nil
	}
	// Real transforms need the whole, unhalved axis on the real side: the last axis goes first forwards and last backwards.
	work := tensor.New(shapes.Make(dtypes.Complex128, narrower(src, dst)...))
	dims, from := work.Shape.Dimensions, complexView(in[0])
	if attr.Type != compute.FFTInverseReal {
		t.axis(from, complexSink(work), src, dims, last, attr.Lengths[axes-1])
		from = complexView(work)
	}
	for axis := last - 1; axis > last-axes; axis-- {
		to := complexSink(work)
		if axis == last-axes+1 && attr.Type != compute.FFTInverseReal {
			to = complexSink(out[0])
		}
		t.axis(from, to, dims, dims, axis, dims[axis])
		from = complexView(work)
	}
	if attr.Type == compute.FFTInverseReal {
		t.axis(from, complexSink(out[0]), dims, dst, last, attr.Lengths[axes-1])
	}
	return nil
}

// narrower is whichever of the two has the smaller last dimension.
func narrower(a, b []int) []int {
	if a[len(a)-1] <= b[len(b)-1] {
		return a
	}
	return b
}

// transform runs one-dimensional transforms, keeping its buffers from line to line.
type transform struct {
	inverse bool
	line    []complex128
	chirp   []complex128 // Bluestein's factors, of len(line)
	filter  []complex128 // and the transform of their reciprocals
	padded  []complex128
}

// axis transforms every line along an axis to length n. A shorter source line is the first half of a spectrum whose
// second is its mirrored conjugate; a shorter destination takes the first half.
func (t *transform) axis(src view[complex128], dst sink[complex128], srcDims, dstDims []int, axis, n int) {
	t.prepare(n)
	inner := product(srcDims[axis+1:])
	have, want := srcDims[axis], dstDims[axis]
	for o := range product(srcDims[:axis]) {
		for i := range inner {
			src.load(t.line[:have], o*have*inner+i, inner)
			for k := have; k < n; k++ {
				v := t.line[n-k]
				t.line[k] = complex(real(v), -imag(v))
			}
			if have < n { // the only values that are their own mirror images
				t.line[0] = complex(real(t.line[0]), 0)
				if n%2 == 0 {
					t.line[n/2] = complex(real(t.line[n/2]), 0)
				}
			}
			t.run()
			dst.store(t.line[:want], o*want*inner+i, inner)
		}
	}
}

func (t *transform) prepare(n int) {
	t.line = make([]complex128, n)
	t.chirp, t.filter, t.padded = nil, nil, nil
	if n&(n-1) == 0 {
		return
	}
	// Bluestein: jk = (j² + k² - (k-j)²)/2 turns the transform into a convolution of a power-of-two length.
	size := 1 << bits.Len(uint(2*n-2))
	t.chirp, t.filter, t.padded = make([]complex128, n), make([]complex128, size), make([]complex128, size)
	for j := range t.chirp {
		sin, cos := math.Sincos(math.Pi * float64(j*j%(2*n)) / float64(n))
		t.chirp[j] = complex(cos, -sin)
		t.filter[j] = complex(cos, sin)
		if j > 0 {
			t.filter[size-j] = complex(cos, sin)
		}
	}
	radix2(t.filter)
}

// run transforms the line in place. The inverse is the forward transform of the conjugate, conjugated and divided.
func (t *transform) run() {
	if t.inverse {
		conjugate(t.line, 1)
	}
	if t.chirp == nil {
		radix2(t.line)
	} else {
		t.bluestein()
	}
	if t.inverse {
		conjugate(t.line, 1/float64(len(t.line)))
	}
}

func (t *transform) bluestein() {
	clear(t.padded)
	for j, v := range t.line {
		t.padded[j] = v * t.chirp[j]
	}
	radix2(t.padded)
	for i, f := range t.filter {
		t.padded[i] *= f
	}
	conjugate(t.padded, 1)
	radix2(t.padded)
	conjugate(t.padded, 1/float64(len(t.padded)))
	for j := range t.line {
		t.line[j] = t.padded[j] * t.chirp[j]
	}
}

// conjugate replaces every value by its conjugate times scale.
func conjugate(x []complex128, scale float64) {
	for i, v := range x {
		x[i] = complex(real(v)*scale, -imag(v)*scale)
	}
}

// radix2 is the forward transform of a power-of-two length, in place: X[k] = Σ x[j]·e^(-2πi·jk/n).
func radix2(x []complex128) {
	n := len(x)
	shift := 64 - bits.Len(uint(n-1))
	for i := range x {
		if j := int(bits.Reverse64(uint64(i)) >> shift); n > 1 && i < j {
			x[i], x[j] = x[j], x[i]
		}
	}
	for half := 1; half < n; half *= 2 {
		for k := range half {
			sin, cos := math.Sincos(math.Pi * float64(k) / float64(half))
			w := complex(cos, -sin)
			for i := k; i < n; i += 2 * half {
				even, odd := x[i], x[i+half]*w
				x[i], x[i+half] = even+odd, even-odd
			}
		}
	}
}
