package conv

import (
	"fmt"

	"github.com/atelier-go/atelier/cpu/internal/kernel/gemm"
)

// shallowKernel computes kernel gradients of convolutions that few input channels enter, such as a picture's three.
// gatherKernel would copy each pixel as often as the kernel has taps, a few numbers at a time. But the taps of one row of
// the kernel see pixels that follow each other: with the padding beside it, a source row is the matrix [pixels × KW·C],
// whose rows overlap, and no tap needs a copy of its own.
//
// Output rows are cut into chunks whose sums are kept apart and added in order at the end; how many depends on the shape
// alone.
type shallowKernel struct {
	spec   Spec
	g      *gemm.Micro
	width  int  // rows of the gradient that a row of the kernel has: KW·C
	step   int  // elements of a source row from one output pixel's to the next one's
	span   int  // source columns that a row of the output reads
	pitch  int  // elements from one copied row to the next
	inRows bool // the output's gradient is multiplied where it is

	rows, perChunk, chunks int // output rows
	mc                     int // output pixels that a panel is multiplied with at once
	partial                int // elements of one chunk's sums
	base, perWorker        int
	packAt                 int
	total                  int
	addItems               int
}

// shallowWidth is the most rows of the gradient, for each row of the kernel, for which shallowKernel is chosen.
const shallowWidth = 32

// shallowGradient reports whether shallowKernel computes s.
func (s Spec) shallowGradient() bool {
	return s.Form == KernelGradient && s.Groups == 1 && s.DilationW == 1
}

// The stages of shallowKernel.
const (
	shallowKernelMultiply = iota
	shallowKernelAdd
)

func newShallowKernel(s Spec, g *gemm.Micro, threads int) *shallowKernel {
	const items, memory = 16, 4 << 20
	a := &shallowKernel{spec: s, g: g, width: s.KW * s.C, step: s.StrideW * s.C, inRows: s.O%g.NR == 0, rows: s.N * s.OH}
	a.span = (s.OW-1)*s.StrideW + s.KW
	a.pitch = conflictFree(a.span * s.C)
	a.mc = min(s.OW, 96) // rows of the output's gradient are far apart and collide in the first-level cache
	a.partial = s.KH * a.width * s.O
	a.perChunk = ceilDiv(a.rows, max(1, min(items, a.rows, memory/a.partial)))
	a.chunks = ceilDiv(a.rows, a.perChunk)
	a.addItems = ceilDiv(a.partial, addGrain)
	var mine arena
	mine.take(s.KH * a.pitch)
	if !a.inRows {
		a.packAt = mine.take(g.PackedSizeB(a.mc, s.O))
	}
	a.perWorker = mine.size
	a.base = roundUp((a.chunks-1)*a.partial, 16)
	a.total = a.base + threads*a.perWorker
	return a
}

func (a *shallowKernel) String() string {
	return fmt.Sprintf("shallow, %d positions a block, %d chunks", a.mc, a.chunks)
}

func (a *shallowKernel) scratch() int { return a.total }

func (a *shallowKernel) run(t *task) {
	t.each(shallowKernelMultiply, a.chunks)
	if a.chunks > 1 {
		t.each(shallowKernelAdd, a.addItems)
	}
}

func (a *shallowKernel) item(t *task, worker, i int) {
	if t.stage == shallowKernelAdd {
		lo, hi := i*addGrain, min((i+1)*addGrain, a.partial)
		for chunk := 1; chunk < a.chunks; chunk++ {
			addTo(t.out[lo:hi], a.sums(t, chunk)[lo:hi])
		}
		return
	}
	s, dk := a.spec, a.sums(t, i)
	mine := t.scratch[a.base+worker*a.perWorker:][:a.perWorker]
	first, last := i*a.perChunk, min((i+1)*a.perChunk, a.rows)
	for r := first; r < last; r++ {
		a.copy(mine, t.a, r/s.OH, r%s.OH)
		for p := 0; p < s.OW; p += a.mc {
			a.product(mine, t.b[(r*s.OW+p)*s.O:], dk, p, min(a.mc, s.OW-p), r > first || p > 0)
		}
	}
}

// sums is where a chunk's sums are kept: the first one's in the output itself.
func (a *shallowKernel) sums(t *task, chunk int) []float32 {
	if chunk == 0 {
		return t.out
	}
	return t.scratch[(chunk-1)*a.partial:][:a.partial]
}

// copy copies the source rows under output row r of picture n, with zeros where there is no picture.
func (a *shallowKernel) copy(mine, x []float32, n, r int) {
	s := a.spec
	lo := min(max(0, s.PadLeft), a.span)
	hi := max(lo, min(a.span, s.W+s.PadLeft))
	for i := range s.KH {
		to := mine[i*a.pitch:][:a.span*s.C]
		y := r*s.StrideH - s.PadTop + i*s.DilationH
		if y < 0 || y >= s.H || lo == hi {
			clear(to)
			continue
		}
		clear(to[:lo*s.C])
		copy(to[lo*s.C:hi*s.C], x[((n*s.H+y)*s.W+lo-s.PadLeft)*s.C:])
		clear(to[hi*s.C:])
	}
}

// product adds the products of m output pixels, from pixel p of the copied rows on. dy begins with those pixels.
func (a *shallowKernel) product(mine, dy, dk []float32, p, m int, accumulate bool) {
	s, g := a.spec, a.g
	if !a.inRows {
		packed := mine[a.packAt:]
		g.PackB(packed, dy, s.O, 1, m, s.O)
		for i := range s.KH {
			x := mine[i*a.pitch+p*a.step:]
			product(g, a.width, s.O, m, x, 1, a.step, packed, dk[i*a.width*s.O:], s.O, accumulate)
		}
		return
	}
	for j := 0; j < s.O; j += g.NR {
		for i := range s.KH {
			x := mine[i*a.pitch+p*a.step:]
			panel(g, a.width, m, x, 1, a.step, dy[j:], s.O, dk[i*a.width*s.O+j:], s.O, accumulate)
		}
	}
}
