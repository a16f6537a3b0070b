// Package pool folds windows of pixels: max and sum pooling of float32 images in NHWC, and their gradients.
//
// Results do not depend on the number of threads.
package pool

import (
	"fmt"

	"github.com/atelier-go/atelier/cpu/internal/isa"
)

// Spec is the geometry of a pooling
//
//	y[n,oh,ow,c] = fold over i, j of x[n, oh·StrideH+i−PadTop, ow·StrideW+j−PadLeft, c]
//
// with x [N H W C], y [N OH OW C], i in [0, KH), j in [0, KW). Pixels outside x do not take part. Padding may be
// negative; that below and to the right follows from OH and OW, and any values of them are allowed.
type Spec struct {
	N, H, W, C       int
	KH, KW           int
	OH, OW           int
	StrideH, StrideW int
	PadTop, PadLeft  int
}

func (s Spec) String() string {
	return fmt.Sprintf("x[%d %d %d %d] window %dx%d y[%d %d %d %d] stride %d,%d pad %d,%d", s.N, s.H, s.W, s.C,
		s.KH, s.KW, s.N, s.OH, s.OW, s.C, s.StrideH, s.StrideW, s.PadTop, s.PadLeft)
}

// Check reports a geometry that is not one.
func (s Spec) Check() error {
	if min(s.N, s.H, s.W, s.C, s.OH, s.OW) < 0 || min(s.KH, s.KW, s.StrideH, s.StrideW) < 1 {
		return fmt.Errorf("pool: %v: sizes must not be negative, windows and strides must be positive", s)
	}
	return nil
}

func (s *Spec) checkMemory(x, y []float32) {
	if len(x) != s.N*s.H*s.W*s.C || len(y) != s.N*s.OH*s.OW*s.C {
		panic("pool: length of a tensor does not fit the geometry")
	}
}

// span clips a window that begins at position start and has size taps to [0, limit).
func span(start, size, limit int) (from, taps int) {
	from = min(max(start, 0), limit)
	return from, max(min(start+size, limit)-from, 0)
}

// interior returns the windows [lo, hi) of n, stride apart from -pad on, that lie within [0, limit).
func interior(n, stride, pad, size, limit int) (lo, hi int) {
	if pad > 0 {
		lo = (pad + stride - 1) / stride
	}
	if last := limit - size + pad; last >= 0 {
		hi = last/stride + 1
	}
	lo = min(lo, n)
	return lo, max(min(hi, n), lo)
}

// kernels are the inner loops of one level. The portable ones' documentation says what they compute.
type kernels struct {
	max, sum   foldFunc
	scatterMax scatterFunc
}

type (
	foldFunc    func(y, x *float32, pixels, channels, kh, kw, rowStride, pixelStride int)
	scatterFunc func(dx, x, dy *float32, pixels, channels, kh, kw, rowStride, tapStride, pixelStride, dyStride int)
)

var levels = [...]kernels{isa.Portable: portable, isa.AVX2: avx2, isa.AVX512: avx512}
