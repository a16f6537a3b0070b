package conv

import (
	"fmt"
	"unsafe"

	"github.com/atelier-go/atelier/cpu/internal/isa"
)

// direct computes forward convolutions and input gradients with one input channel a group, channel by channel: each
// group makes multiple output channels, of which there are as many as O/C.
type direct struct {
	spec      Spec
	l         lanes
	src, dst  image
	multiple  int
	grids     []grid
	super     int // rows of the output that each grid has one row of
	unit      int // super-rows an item
	units     int
	taps      int
	perWorker int
	workers   int
}

func newDirect(s Spec, l isa.Level, threads int) algorithm {
	if s.Form == KernelGradient {
		return newDirectKernel(s, l)
	}
	x, y := image{s.N, s.H, s.W, s.C}, image{s.N, s.OH, s.OW, s.O}
	a := &direct{spec: s, l: lanesFor(l), src: x, dst: y, multiple: s.O / s.C, grids: s.grids(), super: 1, workers: threads}
	if s.Form == InputGradient {
		a.src, a.dst, a.super = y, x, s.StrideH
	}
	rows := a.dst.n * ceilDiv(a.dst.h, a.super)
	// An item makes at least some thousand sums, so that handing it out costs little.
	a.unit = min(max(1, 1<<14/max(1, a.super*a.dst.w*a.dst.c)), max(1, rows/16))
	a.units = ceilDiv(rows, a.unit)
	a.taps = s.KH * s.KW
	a.perWorker = roundUp(4*a.taps, 16) // two offsets of 8 bytes for each tap
	return a
}

func (a *direct) String() string { return fmt.Sprintf("direct, %d rows a block", a.unit*a.super) }

func (a *direct) scratch() int { return a.workers * a.perWorker }

func (a *direct) run(t *task) { t.each(0, a.units) }

func (a *direct) item(t *task, worker, i int) {
	offsets := integers(t.scratch[worker*a.perWorker:][:a.perWorker])
	from, at := offsets[:a.taps], offsets[a.taps:]
	perPicture := ceilDiv(a.dst.h, a.super)
	for row := i * a.unit; row < min((i+1)*a.unit, a.dst.n*perPicture); row++ {
		n, r := row/perPicture, row%perPicture
		for gi := range a.grids {
			if gr := &a.grids[gi]; r < gr.rows {
				a.row(t, gr, n, r, from, at)
			}
		}
		first := r * a.super
		t.done(worker, (n*a.dst.h+first)*a.dst.w, min(a.super, a.dst.h-first)*a.dst.w)
	}
}

// integers are the whole 8-byte integers that fit in memory aligned to 8.
func integers(f []float32) []int64 {
	return unsafe.Slice((*int64)(unsafe.Pointer(unsafe.SliceData(f))), len(f)/2)
}

// row computes row r of a grid of picture n. from and at are memory for the taps of a pixel: where they read the
// picture and the kernel.
func (a *direct) row(t *task, gr *grid, n, r int, from, at []int64) {
	src := t.a[n*a.src.h*a.src.w*a.src.c:][:a.src.h*a.src.w*a.src.c]
	dst := t.out[((n*a.dst.h+gr.row0+r*gr.rowStep)*a.dst.w+gr.col0)*a.dst.c:]
	lo, hi := a.inside(gr)
	for q := 0; q < gr.cols; q++ {
		taps := a.offsets(gr, r, q, from, at)
		out := dst[q*gr.colStep*a.dst.c:]
		switch {
		case taps == 0:
			clear(out[:a.dst.c])
		case a.multiple == 1 && q == lo && lo < hi:
			// Between pixels that have all their columns inside, offsets move by a fixed distance.
			a.l.tapTiles(out, src, t.b, from[:taps], at[:taps], gr.colStep*a.dst.c, gr.srcW*a.src.c, hi-lo, a.dst.c)
			q = hi - 1
		case a.multiple == 1:
			a.l.taps(out[:a.dst.c], src, t.b, from[:taps], at[:taps])
		case a.spec.Form == Forward:
			tapsRepeat(out[:a.dst.c], src, t.b, from[:taps], at[:taps], a.multiple)
		default:
			tapsSum(out[:a.dst.c], src, t.b, from[:taps], at[:taps], a.multiple)
		}
	}
}

// inside is the range of a grid's columns none of whose taps are beside the picture.
func (a *direct) inside(gr *grid) (lo, hi int) {
	if len(gr.taps) == 0 {
		return 0, 0
	}
	first, last := gr.taps[0].dx, gr.taps[len(gr.taps)-1].dx
	return max(0, ceilDivSigned(-first, gr.srcW)), min(gr.cols, floorDiv(a.src.w-1-last, gr.srcW)+1)
}

// offsets lists the taps of position (r, q) that are inside the picture, and counts them.
func (a *direct) offsets(gr *grid, r, q int, from, at []int64) int {
	taps := 0
	for _, p := range gr.taps {
		y, x := r*gr.srcH+p.dy, q*gr.srcW+p.dx
		if y < 0 || y >= a.src.h || x < 0 || x >= a.src.w {
			continue
		}
		from[taps] = int64((y*a.src.w + x) * a.src.c)
		at[taps] = int64(p.k * a.spec.O)
		taps++
	}
	return taps
}
