package ref

import (
	"github.com/atelier-go/atelier/cpu/internal/tensor"
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
)

// numeric are the types that products are accumulated in.
type numeric interface {
	float64 | int64 | uint64 | complex128
}

// axpy adds a·b to acc. The conversion keeps processors with fused multiply-add from using it, so that every
// processor computes the same bits.
func axpy[A numeric](acc []A, a A, b []A) {
	acc = acc[:len(b)]
	for i, v := range b {
		acc[i] += A(a * v)
	}
}

// axpy4 is four axpy in turn, with the same roundings.
func axpy4[A numeric](acc []A, a, b0, b1, b2, b3 []A) {
	a0, a1, a2, a3 := a[0], a[1], a[2], a[3]
	b0, b1, b2, b3 = b0[:len(acc)], b1[:len(acc)], b2[:len(acc)], b3[:len(acc)]
	for i, v := range acc {
		v += A(a0 * b0[i])
		v += A(a1 * b1[i])
		v += A(a2 * b2[i])
		v += A(a3 * b3[i])
		acc[i] = v
	}
}

// matrix is a tensor read by rows, up to four at a time.
type matrix[A numeric] struct {
	view[A]
	buf [4][blockLen]A
}

// addRows adds Σᵢ a[i]·row i to acc, where row i starts at off + i·rowStride and has the given stride.
func (m *matrix[A]) addRows(acc, a []A, off, rowStride, stride int) {
	n := len(acc)
	for ; len(a) >= 4; a = a[4:] {
		axpy4(acc, a, m.row(m.buf[0][:], off, stride, n), m.row(m.buf[1][:], off+rowStride, stride, n),
			m.row(m.buf[2][:], off+2*rowStride, stride, n), m.row(m.buf[3][:], off+3*rowStride, stride, n))
		off += 4 * rowStride
	}
	for _, v := range a {
		axpy(acc, v, m.row(m.buf[0][:], off, stride, n))
		off += rowStride
	}
}

// addInner adds Σᵢ a[i]·row j [i] to acc[j], where row j starts at off + j·rowStride and has the given stride.
func (m *matrix[A]) addInner(acc, a []A, off, rowStride, stride int) {
	for j := range acc {
		acc[j] += inner(a, m.row(m.buf[0][:], off+j*rowStride, stride, len(a)))
	}
}

// inner is Σ aᵢ·bᵢ, in four parts.
func inner[A numeric](a, b []A) A {
	var s [4]A
	for ; len(a) >= 4 && len(b) >= 4; a, b = a[4:], b[4:] {
		s[0] += A(a[0] * b[0])
		s[1] += A(a[1] * b[1])
		s[2] += A(a[2] * b[2])
		s[3] += A(a[3] * b[3])
	}
	for i, v := range a {
		s[i] += A(v * b[i])
	}
	return (s[0] + s[1]) + (s[2] + s[3])
}

// accumulation says how products are summed and stored: inputs are read in the accumulator's class, sums are kept in
// its 64-bit type, rounded or wrapped to the accumulator's dtype, and converted to the output's.
type accumulation struct {
	class  class
	acc, o dtypes.DType
}

// newAccumulation is false for combinations that would need floats as integers or complex numbers as reals.
func newAccumulation(in, acc, out dtypes.DType) (accumulation, bool) {
	a := accumulation{classOf(acc), acc, out}
	from, to := classOf(in), classOf(out)
	integers := func(c class) bool { return c == classInt || c == classUint }
	switch a.class {
	case classFloat:
		return a, from != classComplex && from != classNone && to == classFloat
	case classInt, classUint:
		return a, integers(from) && (integers(to) || to == classFloat) && acc != dtypes.Bool && in != dtypes.Bool
	case classComplex:
		return a, from != classNone && !integers(from) && to == classComplex
	}
	return a, false
}

// dotAccumulation applies DotGeneral's defaults: the accumulator has the inputs' dtype, the output the accumulator's.
func dotAccumulation(in, out dtypes.DType, config compute.DotGeneralConfig) (accumulation, bool) {
	acc := config.AccumulatorDType
	if acc == dtypes.InvalidDType {
		acc = in
	}
	return newAccumulation(in, acc, out)
}

func (a accumulation) floats(t tensor.Tensor) sink[float64] {
	s := floatSink(t)
	if a.acc == a.o || a.acc == dtypes.Float64 {
		return s
	}
	return sink[float64]{store: func(src []float64, off, stride int) {
		for _, v := range src {
			s.store([]float64{roundTo(a.acc, v)}, off, 1)
			off += stride
		}
	}}
}

func roundTo(dt dtypes.DType, v float64) float64 {
	switch dt {
	case dtypes.Float32:
		return float64(float32(v))
	case dtypes.Float16:
		return float64(widenF16(roundF16(v)))
	case dtypes.BFloat16:
		return float64(widenBF16(roundBF16(v)))
	}
	return v
}

func (a accumulation) ints(t tensor.Tensor) sink[int64] {
	shift := 64 - a.acc.Bits()
	if a.o.IsFloat() {
		s := floatSink(t)
		return sink[int64]{store: func(src []int64, off, stride int) {
			for _, v := range src {
				s.store([]float64{oddInt64(v << shift >> shift)}, off, 1)
				off += stride
			}
		}}
	}
	s := intSink(t)
	return sink[int64]{store: func(src []int64, off, stride int) {
		for _, v := range src {
			s.store([]int64{v << shift >> shift}, off, 1)
			off += stride
		}
	}}
}

func (a accumulation) uints(t tensor.Tensor) sink[uint64] {
	mask := highestUint(a.acc)
	if a.o.IsFloat() {
		s := floatSink(t)
		return sink[uint64]{store: func(src []uint64, off, stride int) {
			for _, v := range src {
				s.store([]float64{oddUint64(v & mask)}, off, 1)
				off += stride
			}
		}}
	}
	s := uintSink(t)
	return sink[uint64]{store: func(src []uint64, off, stride int) {
		for _, v := range src {
			s.store([]uint64{v & mask}, off, 1)
			off += stride
		}
	}}
}
