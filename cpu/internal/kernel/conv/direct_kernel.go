package conv

import (
	"fmt"

	"github.com/atelier-go/atelier/cpu/internal/isa"
)

// directKernel computes kernel gradients with one input channel a group: chunks of output rows are summed apart, and
// added in order. How many there are depends on the shape alone.
type directKernel struct {
	spec             Spec
	l                lanes
	multiple         int
	perChunk, chunks int // output rows
	partial          int
}

func newDirectKernel(s Spec, l isa.Level) *directKernel {
	a := &directKernel{spec: s, l: lanesFor(l), multiple: s.O / s.C, partial: s.KH * s.KW * s.O}
	rows := s.N * s.OH
	a.perChunk = max(ceilDiv(rows, 16), min(rows, 1<<15/max(1, s.OW*s.O)))
	a.chunks = ceilDiv(rows, a.perChunk)
	return a
}

func (a *directKernel) String() string { return fmt.Sprintf("direct, %d chunks", a.chunks) }

func (a *directKernel) scratch() int { return (a.chunks - 1) * a.partial }

func (a *directKernel) run(t *task) {
	t.each(0, a.chunks)
	for chunk := 1; chunk < a.chunks; chunk++ {
		addTo(t.out, a.sums(t, chunk))
	}
}

func (a *directKernel) sums(t *task, chunk int) []float32 {
	if chunk == 0 {
		return t.out
	}
	return t.scratch[(chunk-1)*a.partial:][:a.partial]
}

func (a *directKernel) item(t *task, _, chunk int) {
	dk := a.sums(t, chunk)
	clear(dk)
	for row := chunk * a.perChunk; row < min((chunk+1)*a.perChunk, a.spec.N*a.spec.OH); row++ {
		a.row(t, dk, row/a.spec.OH, row%a.spec.OH)
	}
}

// row adds what output row oh of picture n contributes.
func (a *directKernel) row(t *task, dk []float32, n, oh int) {
	s := a.spec
	dy := t.b[(n*s.OH+oh)*s.OW*s.O:][:s.OW*s.O]
	for i := range s.KH {
		y := oh*s.StrideH + i*s.DilationH - s.PadTop
		if y < 0 || y >= s.H {
			continue
		}
		x := t.a[(n*s.H+y)*s.W*s.C:][:s.W*s.C]
		for j := 0; j < s.KW; {
			j += a.tapsOf(dk[(i*s.KW+j)*s.O:], x, dy, j)
		}
	}
}

// tapsOf adds the products of a row of x and one of dy for some taps from column j of the kernel on, and returns how many.
func (a *directKernel) tapsOf(dk, x, dy []float32, j int) int {
	s := a.spec
	if a.multiple > 1 || j+gradientTaps > s.KW {
		lo, hi := a.inside(j)
		a.tap(dk, x, dy, j, lo, hi)
		return 1
	}
	// Columns that all of the taps read are summed for them at once, the others before and after.
	lo, _ := a.inside(j)
	_, hi := a.inside(j + gradientTaps - 1)
	if lo < hi {
		a.l.rowTaps(dk, x[(lo*s.StrideW+j*s.DilationW-s.PadLeft)*s.C:], dy[lo*s.O:], s.O, s.DilationW*s.C, s.StrideW*s.C, s.O, hi-lo, s.O)
	}
	for t := range gradientTaps {
		first, last := a.inside(j + t)
		if lo >= hi {
			a.tap(dk[t*s.O:], x, dy, j+t, first, last)
			continue
		}
		a.tap(dk[t*s.O:], x, dy, j+t, first, lo)
		a.tap(dk[t*s.O:], x, dy, j+t, hi, last)
	}
	return gradientTaps
}

// inside is the range of output columns whose tap in column j of the kernel is inside the picture.
func (a *directKernel) inside(j int) (lo, hi int) {
	s := a.spec
	shift := j*s.DilationW - s.PadLeft
	return max(0, ceilDivSigned(-shift, s.StrideW)), min(s.OW, floorDiv(s.W-1-shift, s.StrideW)+1)
}

// tap adds the products of output columns [lo, hi) for the tap in column j of the kernel.
func (a *directKernel) tap(dk, x, dy []float32, j, lo, hi int) {
	if lo >= hi {
		return
	}
	s := a.spec
	from := x[(lo*s.StrideW+j*s.DilationW-s.PadLeft)*s.C:]
	if a.multiple == 1 {
		a.l.rows(dk[:s.O], from, dy[lo*s.O:], s.StrideW*s.C, s.O, hi-lo)
	} else {
		rowsRepeat(dk[:s.O], from, dy[lo*s.O:], s.StrideW*s.C, s.O, hi-lo, a.multiple)
	}
}
