package conv

import (
	"fmt"

	"github.com/atelier-go/atelier/cpu/internal/kernel/gemm"
)

// narrow computes forward convolutions and input gradients without stride into few channels, such as a picture's
// three. gather would multiply with a kernel matrix of three columns, most of a vector unused. Instead each source
// pixel is multiplied with the kernel as a matrix [channels × taps·out channels], once for all taps, and an output
// pixel is the sum of the products that the taps find at their places.
type narrow struct {
	spec          Spec
	l             lanes
	g             *gemm.Micro
	src, dst      image
	top, left     int // padding of the source
	width, ld     int // elements of a pixel's products, and the distance to the next
	rows, cols    int // output pixels of an item
	perRow, items int
	perPicture    int
	ring          int // source rows whose products are kept
	span          int // source columns that an item's pixels read
	packed        int
	perWorker     int
	offsetsAt     int
	total         int
}

// narrowChannels is the most output channels of narrow: a vector of AVX2.
const narrowChannels = 8

// The stages of narrow.
const (
	narrowPack = iota
	narrowSum
)

// narrow reports whether the algorithm of that name computes s.
func (s Spec) narrow() bool {
	return s.Groups == 1 && s.StrideH == 1 && s.StrideW == 1 &&
		(s.Form == Forward && s.O <= narrowChannels || s.Form == InputGradient && s.C <= narrowChannels)
}

func newNarrow(s Spec, g *gemm.Micro, threads int) *narrow {
	x, y := image{s.N, s.H, s.W, s.C}, image{s.N, s.OH, s.OW, s.O}
	a := &narrow{spec: s, l: lanesFor(g.ISA), g: g, src: x, dst: y, top: s.PadTop, left: s.PadLeft}
	if s.Form == InputGradient {
		a.src, a.dst = y, x
		a.top, a.left = (s.KH-1)*s.DilationH-s.PadTop, (s.KW-1)*s.DilationW-s.PadLeft
	}
	a.width = s.KH * s.KW * a.dst.c
	a.ld = roundUp(a.width, g.NR)
	a.ring = (s.KH-1)*s.DilationH + 1
	// Products of the rows above an item are computed by the item above as well: items are some kernels high.
	a.rows = min(a.dst.h, max(16, 8*(a.ring-1)))
	a.cols = min(a.dst.w, max(64, cache/2/(4*a.ring*a.ld)))
	a.span = a.cols + (s.KW-1)*s.DilationW
	a.perRow = ceilDiv(a.dst.w, a.cols)
	a.perPicture = ceilDiv(a.dst.h, a.rows) * a.perRow
	a.items = a.dst.n * a.perPicture
	a.packed = roundUp(g.PackedSizeB(a.src.c, a.width), 16)
	var mine arena
	mine.take(a.ring*a.span*a.ld + narrowChannels)
	a.offsetsAt = mine.take(2 * s.KH * s.KW)
	a.perWorker = mine.size
	a.total = a.packed + threads*a.perWorker
	return a
}

func (a *narrow) String() string {
	return fmt.Sprintf("narrow, %dx%d pixels a block", a.rows, a.cols)
}

func (a *narrow) scratch() int { return a.total }

func (a *narrow) run(t *task) {
	t.each(narrowPack, 1)
	t.each(narrowSum, a.items)
}

func (a *narrow) item(t *task, worker, i int) {
	if t.stage == narrowPack {
		a.pack(t.scratch, t.b)
		return
	}
	n, i := i/a.perPicture, i%a.perPicture
	first, col := i/a.perRow*a.rows, i%a.perRow*a.cols
	last, cols := min(first+a.rows, a.dst.h), min(a.cols, a.dst.w-col)
	mine := t.scratch[a.packed+worker*a.perWorker:][:a.perWorker]
	next := first - a.top // the source row to multiply next
	for r := first; r < last; r++ {
		for ; next < r-a.top+a.ring; next++ {
			a.multiply(t, mine, n, next, col, cols)
		}
		a.sum(t, mine, (n*a.dst.h+r)*a.dst.w+col, r, cols)
		t.done(worker, (n*a.dst.h+r)*a.dst.w+col, cols)
	}
}

// pack writes the kernel as a matrix [channels × taps·out channels] in panels. The taps of an input gradient are those
// of the kernel turned by 180°.
func (a *narrow) pack(dst, k []float32) {
	s, nr, taps := a.spec, a.g.NR, a.spec.KH*a.spec.KW
	clear(dst[:a.packed])
	for tap := range taps {
		for to := range a.dst.c {
			j := tap*a.dst.c + to
			panel := dst[j/nr*nr*a.src.c+j%nr:]
			// from and step are where the source's channels are found in the kernel.
			from, step := tap*s.C*s.O+to, s.O
			if s.Form == InputGradient {
				from, step = ((taps-1-tap)*s.C+to)*s.O, 1
			}
			for c := range a.src.c {
				panel[c*nr] = k[from+c*step]
			}
		}
	}
}

// row is where the products of source row y are kept: pixel by pixel, from the first column that the item reads.
func (a *narrow) row(mine []float32, y int) []float32 {
	return mine[floorMod(y, a.ring)*a.span*a.ld:][:a.span*a.ld]
}

// multiply computes the products of source row y that output columns [col, col+cols) read; beside the picture they are
// zero.
func (a *narrow) multiply(t *task, mine []float32, n, y, col, cols int) {
	to := a.row(mine, y)
	span := a.span - a.cols + cols
	x := col - a.left
	lo, hi := min(max(0, -x), span), max(0, min(span, a.src.w-x))
	if y < 0 || y >= a.src.h || lo >= hi {
		clear(to[:span*a.ld])
		return
	}
	clear(to[:lo*a.ld])
	clear(to[hi*a.ld : span*a.ld])
	from := t.a[((n*a.src.h+y)*a.src.w+x+lo)*a.src.c:]
	for j := 0; j < a.ld; j += a.g.NR {
		panel(a.g, hi-lo, a.src.c, from, a.src.c, 1, t.scratch[j*a.src.c:], a.g.NR, to[lo*a.ld+j:], a.ld, false)
	}
}

// sum computes cols output pixels, the first of which is number pixel, in row r.
func (a *narrow) sum(t *task, mine []float32, pixel, r, cols int) {
	s, ch := a.spec, a.dst.c
	offsets := integers(mine[a.offsetsAt:])[:s.KH*s.KW]
	for i := range s.KH {
		row := floorMod(r-a.top+i*s.DilationH, a.ring) * a.span
		for j := range s.KW {
			tap := i*s.KW + j
			offsets[tap] = int64((row+j*s.DilationW)*a.ld + tap*ch)
		}
	}
	a.l.sums(t.out[pixel*ch:][:cols*ch], mine[:a.offsetsAt], offsets, a.ld, ch)
}
