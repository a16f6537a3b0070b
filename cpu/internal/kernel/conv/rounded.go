package conv

import (
	"unsafe"

	"github.com/atelier-go/atelier/cpu/internal/kernel/bf16"
	"github.com/atelier-go/atelier/cpu/internal/kernel/gemm"
)

// Of gather and gatherKernel, what differs where operands are rounded to bfloat16: they are packed, the kernel once a
// run and pixels as they are gathered, and rounded as they are packed.

// suffix names the kernel of rounded products.
func suffix(half *bf16.Kernel) string {
	if half == nil {
		return ""
	}
	return ", " + half.Name
}

// suffix says that pixels and kernels are rounded.
func (l lanes) suffix() string {
	if l.rounds {
		return ", operands rounded to bf16"
	}
	return ""
}

// columnsOf is the columns of a panel.
func columnsOf(g *gemm.Micro, half *bf16.Kernel) int {
	if half != nil {
		return bf16.NR
	}
	return g.NR
}

// halves is memory of float32 as bfloat16, two for each.
func halves(x []float32) []uint16 {
	return unsafe.Slice((*uint16)(unsafe.Pointer(unsafe.SliceData(x))), 2*len(x))
}

// tileSize is the rows and columns that pixels and channels are cut by.
func (a *gather) tileSize() (mr, nr int) {
	if a.half != nil {
		return a.half.Rows, bf16.NR
	}
	return a.g.MR, a.g.NR
}

// depthOf is the depth of a matrix product: with rounded operands a panel of the kernel takes no more of the first-level
// cache at twice the depth.
func (a *gather) depthOf() int {
	if a.half != nil {
		return 2 * depthOf
	}
	return depthOf
}

// packedSize is the elements of memory of one group's kernel matrix for a depth block.
func (a *gather) packedSize(depth int) int {
	if a.half != nil {
		return bf16.SizeB(depth, a.to) / 2
	}
	return a.g.PackedSizeB(depth, a.to)
}

// rounds reports whether pixels are rounded right where they are gathered: pieces of whole tiles.
func (a *gather) rounds() bool {
	if a.half == nil {
		return false
	}
	for i := range a.grids {
		for _, b := range a.grids[i].blocks {
			for _, p := range b.pieces {
				if p.n%bf16.Depth != 0 {
					return false
				}
			}
		}
	}
	return true
}

// packRounded writes columns [first, last) of one group's kernel matrix for a depth block. Pieces of whole tiles are packed
// from where they are, others a panel at a time through memory for one.
func (a *gather) packRounded(dst []uint16, panel, k []float32, b *depthBlock, group, first, last int) {
	size := bf16.SizeB(b.depth, 1)
	if a.direct {
		a.packPieces(dst[first/bf16.NR*size:], k, b, group, first, last)
		return
	}
	panel = panel[:b.depth*bf16.NR]
	for j := first; j < last; j += bf16.NR {
		a.packPanel(panel, k, b, group, j, bf16.NR)
		bf16.PackB(a.half, dst[j/bf16.NR*size:], panel, bf16.NR, 1, b.depth, bf16.NR)
	}
}

func (a *gather) packPieces(dst []uint16, k []float32, b *depthBlock, group, first, last int) {
	s, apart := a.spec, bf16.SizeB(b.depth, 1)
	perTap := s.C / s.Groups * s.O
	for _, p := range b.pieces {
		size := bf16.SizeB(p.n, 1)
		for _, tap := range p.ks {
			if s.Form == Forward {
				bf16.PackPanels(a.half, dst, apart, k[tap*perTap+p.c*s.O+group*a.to+first:], s.O, 1, p.n, last-first)
			} else {
				bf16.PackPanels(a.half, dst, apart, k[tap*perTap+first*s.O+group*a.from+p.c:], 1, s.O, p.n, last-first)
			}
			dst = dst[min(size, len(dst)):]
		}
	}
}

// blockRounded adds depth block i of m positions of a grid, from position p on, to n channels from col on.
func (a *gather) blockRounded(t *task, mine []float32, gr *grid, i, p, m, group, col, n int, c []float32, ldc int) {
	b := &gr.blocks[i]
	packed := halves(mine[a.packedAt:])
	channel := group * a.from
	if t.halfA != nil {
		packPixels(a, packed, halves(mine[a.blockAt:]), t.halfA, gr, b, p, m, channel)
	} else {
		packPixels(a, packed, mine[a.blockAt:], t.a, gr, b, p, m, channel)
	}
	size := bf16.SizeB(b.depth, 1)
	k := halves(t.scratch[a.kernelAt(b, group):])[col/bf16.NR*size:]
	a.half.Block(m, n, b.depth, packed, k, c, ldc, i > 0)
}

// packPixels packs the source pixels of m positions. block is memory for what is gathered first.
func packPixels[T bf16.Element](a *gather, packed []uint16, block, src []T, gr *grid, b *depthBlock, p, m, channel int) {
	switch {
	case a.inPlace:
		bf16.PackA(a.half, packed, src[p*a.src.c+channel+b.pieces[0].c:], a.src.c, 1, m, b.depth)
	case a.direct:
		gatherRounded(a.half, packed, src, a.src, gr, b, p, m, channel)
	default:
		gatherBlock(a.l, block, a.lda, src, a.src, gr, b.pieces, p, m, channel)
		bf16.PackA(a.half, packed, block, a.lda, 1, m, b.depth)
	}
}

// gatherRounded is gatherBlock into packed panels.
func gatherRounded[T bf16.Element](half *bf16.Kernel, dst []uint16, src []T, im image, gr *grid, b *depthBlock, p, m, channel int) {
	tiles := bf16.Tiles(b.depth)
	if rest := m % bf16.MR; rest > 0 {
		bf16.ClearRows(dst, tiles, m, 0, bf16.MR-rest, b.depth)
	}
	for i := 0; i < m; {
		row, q := p/gr.cols, p%gr.cols
		run := min(m-i, gr.cols-q)
		n, r := row/gr.rows, row%gr.rows
		picture := src[n*im.h*im.w*im.c:][:im.h*im.w*im.c]
		at := 0
		for j := range b.pieces {
			pc := &b.pieces[j]
			y := r*gr.srcH + pc.dy
			if y < 0 || y >= im.h {
				bf16.ClearRows(dst, tiles, i, at, run, pc.depth())
			} else {
				w := roundedRun[T]{half, dst, tiles, picture[y*im.w*im.c:][:im.w*im.c], im, pc, channel + pc.c}
				w.gather(i, at, q*gr.srcW+pc.dx, gr.srcW, run)
			}
			at += pc.depth()
		}
		i += run
		p += run
	}
}

// roundedRun gathers one piece from one source row.
type roundedRun[T bf16.Element] struct {
	half    *bf16.Kernel
	dst     []uint16
	tiles   int
	row     []T
	im      image
	pc      *piece
	channel int
}

// gather is gatherRun into rows [i, i+m) of panels, from column at on.
func (w *roundedRun[T]) gather(i, at, x, step, m int) {
	taps := len(w.pc.ks)
	// Positions [lo, hi) have all taps inside the picture.
	lo := min(max(0, ceilDivSigned(-x, step)), m)
	hi := max(lo, min(m, floorDiv(w.im.w-taps-x, step)+1))
	for r := range lo {
		w.edge(i+r, at, x+r*step)
	}
	if lo < hi {
		bf16.PackRows(w.half, w.dst, w.tiles, i+lo, at, w.row[(x+lo*step)*w.im.c+w.channel:], step*w.im.c, hi-lo, w.pc.depth())
	}
	for r := hi; r < m; r++ {
		w.edge(i+r, at, x+r*step)
	}
}

// edge gathers a piece some of whose taps are outside the picture.
func (w *roundedRun[T]) edge(i, at, x int) {
	for range w.pc.ks {
		if x >= 0 && x < w.im.w {
			bf16.PackRows(w.half, w.dst, w.tiles, i, at, w.row[x*w.im.c+w.channel:], w.im.c, 1, w.pc.n)
		} else {
			bf16.ClearRows(w.dst, w.tiles, i, at, 1, w.pc.n)
		}
		at += w.pc.n
		x++
	}
}

// packGradient packs the output's gradient at m positions, from p on.
func (a *gatherKernel) packGradient(packed []uint16, dys bf16.Operand, p, m, group int) {
	ld, at := a.spec.O, p*a.spec.O+group*a.to
	if dys.Halved() {
		bf16.PackB(a.half, packed, dys.Halves[at:], ld, 1, m, a.to)
	} else {
		bf16.PackB(a.half, packed, dys.Floats[at:], ld, 1, m, a.to)
	}
}

// productRounded is gatherKernel.product of rounded operands, for the positions from p on.
func (a *gatherKernel) productRounded(mine []float32, xs bf16.Operand, packedB []uint16, b *depthBlock, p, m, group int, dk []float32, accumulate bool) {
	packedA := halves(mine[a.packedAt:])
	if xs.Halved() {
		packInput(a, packedA, halves(mine[a.blockAt:]), xs.Halves, b, p, m, group)
	} else {
		packInput(a, packedA, mine[a.blockAt:], xs.Floats, b, p, m, group)
	}
	a.half.Block(b.depth, a.to, m, packedA, packedB, dk, a.spec.O, accumulate)
}

// packInput packs what a part reads of the input at m positions, from p on. block is memory for what is gathered first.
func packInput[T bf16.Element](a *gatherKernel, packed []uint16, block, xs []T, b *depthBlock, p, m, group int) {
	if !a.byPiece {
		x, lda := gathered(a, block, xs, b, p, m, group)
		bf16.PackA(a.half, packed, x, 1, lda, b.depth, m)
		return
	}
	for i := range b.pieces {
		gatherBlock(a.l, block, a.lda, xs, a.src, &a.grid, b.pieces[i:i+1], p, m, group*a.from)
		depth := b.pieces[i].depth()
		bf16.PackA(a.half, packed, block, 1, a.lda, depth, m)
		packed = packed[bf16.SizeA(depth, m):]
	}
}
