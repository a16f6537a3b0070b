package conv

import (
	"fmt"
	"unsafe"

	"github.com/atelier-go/atelier/cpu/internal/isa"
)

// shallow computes forward convolutions, and input gradients without stride, that sum little for each output: those of
// a picture with three channels. gather would copy each pixel as often as the kernel has taps, and calls the
// micro-kernel for sums so short that the calls show. Instead the source rows of an output row are copied once, with
// the padding beside them, and a tile of pixels × channels reads each tap where it is.
type shallow struct {
	spec          Spec
	l             lanes
	tile          tile
	src, dst      image
	top, left     int // padding of the source
	strideH, step int // rows, and elements of a row, from one output pixel's to the next one's
	rows, cols    int // output pixels of an item
	perRow, items int
	perPicture    int
	panels        int
	offsets       []int64 // of the taps, in the copied rows
	pitch         int     // elements from one copied row to the next
	span          int     // source columns that an item's pixels read
	packed        int
	perWorker     int
	sidesAt       int
	total         int
	streams       bool // where nobody looks at the output right away
}

// tile is how many pixels and channels a level's kernel computes at once.
type tile struct{ rows, columns int }

var tileOf = [...]tile{isa.Portable: {1, 4}, isa.AVX2: {6, 16}, isa.AVX512: {14, 32}}

// shallowDepth is the most terms of a sum for which shallow is chosen.
const shallowDepth = 160

// The stages of shallow.
const (
	shallowPack = iota
	shallowSum
)

// line is the bytes of a cache line.
const line = 64

// shallow reports whether the algorithm of that name computes s.
func (s Spec) shallow() bool {
	return s.Groups == 1 && (s.Form == Forward || s.Form == InputGradient && s.StrideH == 1 && s.StrideW == 1)
}

// depth is the number of terms of an output of s, which is one that shallow computes, and made its output channels.
func (s Spec) depth() int {
	if s.Form == InputGradient {
		return s.KH * s.KW * s.O
	}
	return s.KH * s.KW * s.C
}

func (s Spec) made() int {
	if s.Form == InputGradient {
		return s.C
	}
	return s.O
}

func newShallow(s Spec, l isa.Level, threads int) *shallow {
	x, y := image{s.N, s.H, s.W, s.C}, image{s.N, s.OH, s.OW, s.O}
	a := &shallow{spec: s, l: lanesFor(l), tile: tileOf[l], src: x, dst: y, top: s.PadTop, left: s.PadLeft, strideH: s.StrideH, step: s.StrideW * s.C}
	if s.Form == InputGradient {
		a.src, a.dst, a.step = y, x, s.O
		a.top, a.left = (s.KH-1)*s.DilationH-s.PadTop, (s.KW-1)*s.DilationW-s.PadLeft
	}
	a.cutPixels()
	for i := range s.KH {
		for j := range s.KW {
			for c := range a.src.c {
				a.offsets = append(a.offsets, int64(i*a.pitch+j*s.DilationW*a.src.c+c))
			}
		}
	}
	a.panels = ceilDiv(a.dst.c, a.tile.columns)
	a.packed = roundUp(a.panels*len(a.offsets)*a.tile.columns, 16)
	var mine arena
	mine.take(s.KH * a.pitch)
	aside := a.tile.rows
	if a.ragged() {
		aside = roundUp(a.cols, a.tile.rows)
	}
	a.sidesAt = mine.take(aside * a.panels * a.tile.columns)
	a.perWorker = mine.size
	// Half the cache: who reads the output writes something as well.
	a.streams = a.dst.c%(line/4) == 0 && 4*a.dst.n*a.dst.h*a.dst.w*a.dst.c >= lastCache/2
	a.total = a.packed + threads*a.perWorker
	return a
}

// cutPixels cuts the output: the rows that an item copies take half of the first-level cache where they can.
func (a *shallow) cutPixels() {
	const copied, pixels = 16 << 10, 1 << 10
	most := max(8*a.tile.rows, copied/(4*max(1, a.spec.KH*a.step)))
	a.cols = min(a.dst.w, roundUp(ceilDiv(a.dst.w, ceilDiv(a.dst.w, most)), a.tile.rows))
	a.perRow = ceilDiv(a.dst.w, a.cols)
	a.rows = min(a.dst.h, max(1, pixels/a.cols))
	a.perPicture = ceilDiv(a.dst.h, a.rows) * a.perRow
	a.items = a.dst.n * a.perPicture
	a.span = (a.cols-1)*a.step/a.src.c + (a.spec.KW-1)*a.spec.DilationW + 1
	// A tile that is not full reads as if it were.
	a.pitch = conflictFree(a.span*a.src.c + (a.tile.rows-1)*a.step)
}

// ragged reports that the last panel of channels is not full.
func (a *shallow) ragged() bool { return a.dst.c%a.tile.columns != 0 }

func (a *shallow) String() string {
	return fmt.Sprintf("shallow, %dx%d pixels a block", a.rows, a.cols)
}

func (a *shallow) scratch() int { return a.total }

func (a *shallow) run(t *task) {
	t.each(shallowPack, 1)
	t.each(shallowSum, a.items)
}

func (a *shallow) item(t *task, worker, i int) {
	if t.stage == shallowPack {
		a.pack(t.scratch, t.b)
		return
	}
	n, i := i/a.perPicture, i%a.perPicture
	first, col := i/a.perRow*a.rows, i%a.perRow*a.cols
	cols := min(a.cols, a.dst.w-col)
	mine := t.scratch[a.packed+worker*a.perWorker:][:a.perWorker]
	for r := first; r < min(first+a.rows, a.dst.h); r++ {
		a.copy(t, mine, n, r, col)
		pixel := (n*a.dst.h+r)*a.dst.w + col
		a.sum(t, mine, pixel, cols)
		t.done(worker, pixel, cols)
	}
}

// pack writes the kernel as a matrix [taps·channels × out channels] in panels. The taps of an input gradient are those
// of the kernel turned by 180°.
func (a *shallow) pack(dst, k []float32) {
	s, columns, taps := a.spec, a.tile.columns, a.spec.KH*a.spec.KW
	for j := 0; j < a.dst.c; j += columns {
		panel := dst[j*len(a.offsets):][:len(a.offsets)*columns]
		n := min(columns, a.dst.c-j)
		if n < columns {
			clear(panel)
		}
		if s.Form == Forward {
			packForward(panel, k[j:], s.O, len(a.offsets), n, columns)
			continue
		}
		for tap := range taps {
			packTransposed(panel[tap*s.O*columns:], k[((taps-1-tap)*s.C+j)*s.O:], s.O, s.O, n, columns)
		}
	}
}

// copy copies the source rows under output row r, from the column that output column col begins at.
func (a *shallow) copy(t *task, mine []float32, n, r, col int) {
	c, x := a.src.c, col*a.step/a.src.c-a.left
	lo := min(max(0, -x), a.span)
	hi := max(lo, min(a.span, a.src.w-x))
	for i := range a.spec.KH {
		to := mine[i*a.pitch:][:a.span*c]
		y := r*a.strideH - a.top + i*a.spec.DilationH
		if y < 0 || y >= a.src.h || lo == hi {
			clear(to)
			continue
		}
		clear(to[:lo*c])
		copy(to[lo*c:hi*c], t.a[((n*a.src.h+y)*a.src.w+x+lo)*c:])
		clear(to[hi*c:])
	}
}

// sum computes cols output pixels, the first of which is number pixel, from the copied rows.
func (a *shallow) sum(t *task, mine []float32, pixel, cols int) {
	out := t.out[pixel*a.dst.c:][:cols*a.dst.c]
	side, ld := mine[a.sidesAt:], a.panels*a.tile.columns
	whole := cols / a.tile.rows
	if a.ragged() {
		whole = 0
	}
	if whole > 0 {
		stream := a.streams && t.epilogue == nil && uintptr(unsafe.Pointer(&out[0]))%line == 0
		a.l.shallow(out, a.dst.c, mine, a.step, a.offsets, t.scratch, whole, a.panels, stream)
	}
	if rest := cols - whole*a.tile.rows; rest > 0 {
		from := mine[whole*a.tile.rows*a.step:]
		a.l.shallow(side, ld, from, a.step, a.offsets, t.scratch, ceilDiv(rest, a.tile.rows), a.panels, false)
		a.l.copyRows(out[whole*a.tile.rows*a.dst.c:], side, a.dst.c, ld, rest, a.dst.c)
	}
}
