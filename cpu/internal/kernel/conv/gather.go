package conv

import (
	"fmt"

	"github.com/atelier-go/atelier/cpu/internal/kernel/bf16"
	"github.com/atelier-go/atelier/cpu/internal/kernel/gemm"
)

// gather computes forward convolutions and input gradients of any geometry. For a block of output pixels it gathers
// the source pixels under each tap into the rows of a matrix, which stays in the second-level cache, and multiplies
// it with the kernel as a matrix [taps·channels × out channels], packed once a run. Only a block is ever gathered;
// a 1x1 convolution multiplies the image where it is.
type gather struct {
	spec Spec
	l    lanes
	g    *gemm.Micro
	half *bf16.Kernel // nil unless operands are rounded
	src  image
	dst  image
	// from and to are the channels a group sums over and makes.
	from, to int
	grids    []grid
	inPlace  bool
	direct   bool // pixels are rounded right where they are gathered
	aside    bool // blocks of the output are in a worker's memory, for the epilogue

	packed           int // elements of the packed kernel
	packColumns      int // output channels of a depth block that an item packs, of each group
	packItems        int
	unit             int // pixels, or super-rows, that an item computes
	units            int
	columns          int // output channels that an item computes, of each group
	columnItems      int
	mc, lda          int
	total, perWorker int
	workers          int
	// In a worker's memory. Of rounded operands: the gathered block before it is packed, and a panel of the kernel.
	blockAt, tileAt, packedAt, panelAt int
}

// image is the size of an NHWC picture stack.
type image struct{ n, h, w, c int }

// The stages of gather.
const (
	gatherPack = iota
	gatherMultiply
	gatherFinish
)

// depthOf is the depth of a matrix product: a panel of the kernel that deep takes half of the first-level cache.
const depthOf = 256

func newGather(s Spec, g *gemm.Micro, half *bf16.Kernel, aside bool, threads int) *gather {
	x, y := image{s.N, s.H, s.W, s.C}, image{s.N, s.OH, s.OW, s.O}
	a := &gather{spec: s, l: lanesFor(g.ISA), g: g, half: half, aside: aside, src: x, dst: y, from: s.C / s.Groups, to: s.O / s.Groups, grids: s.grids(), workers: threads}
	if s.Form == InputGradient {
		a.src, a.dst, a.from, a.to = y, x, a.to, a.from
	}
	a.inPlace = s.pointwise()
	a.cutDepth()
	a.cutPixels()
	deepest := 0
	for i := range a.grids {
		for _, b := range a.grids[i].blocks {
			deepest = max(deepest, b.depth)
		}
	}
	a.lda = conflictFree(deepest)
	var mem arena
	a.direct = a.rounds()
	if !a.inPlace && !a.direct {
		a.blockAt = mem.take(a.mc * a.lda)
	}
	if a.half != nil {
		a.packedAt = mem.take(bf16.SizeA(a.mc, deepest) / 2)
		if !a.direct {
			a.panelAt = mem.take(deepest * bf16.NR)
		}
	}
	switch {
	case len(a.grids) > 1:
		a.tileAt = mem.take(a.mc * a.columns)
	case aside:
		a.tileAt = mem.take(a.mc * a.dst.c)
	}
	a.perWorker = mem.size
	a.packed = roundUp(a.packed, 16)
	a.total = a.packed + threads*a.perWorker
	return a
}

// pointwise reports a 1x1 convolution whose output pixels are the input pixels.
func (s Spec) pointwise() bool {
	return s.KH == 1 && s.KW == 1 && s.StrideH == 1 && s.StrideW == 1 && s.PadTop == 0 && s.PadLeft == 0 && s.OH == s.H && s.OW == s.W
}

// cutDepth cuts the sums and lays out the packed kernel.
func (a *gather) cutDepth() {
	_, nr := a.tileSize()
	a.packColumns = roundUp(packGrain, nr)
	for i := range a.grids {
		gr := &a.grids[i]
		if a.half != nil {
			gr.fill(a.from, a.depthOf(), a.spec.Groups == 1)
		} else {
			gr.cut(a.from, a.depthOf(), a.spec.Groups == 1)
		}
		for j := range gr.blocks {
			gr.blocks[j].packed = a.packed
			a.packed += a.spec.Groups * a.packedSize(gr.blocks[j].depth)
			a.packItems += ceilDiv(a.to, a.packColumns)
		}
	}
}

// cutPixels cuts the output. Where there are few pixels, output channels are divided as well.
func (a *gather) cutPixels() {
	mr, nr := a.tileSize()
	most := 144
	if a.half != nil && a.half.Tiled() {
		most = 256 // tiles take a kernel that is larger than the cache from beyond it for each block, faster than it comes
	}
	a.mc = roundUp(max(24, min(most, cache/4/(4*depthOf))), mr)
	if len(a.grids) == 1 {
		pixels := a.dst.n * a.dst.h * a.dst.w
		for a.mc > 4*mr && ceilDiv(pixels, a.mc) < 16 {
			a.mc = roundUp(a.mc/2, mr)
		}
		a.unit = a.mc
		a.units = ceilDiv(pixels, a.unit)
	} else {
		rows := a.dst.n * ceilDiv(a.dst.h, a.spec.StrideH)
		a.unit = min(ceilDiv(a.mc, ceilDiv(a.dst.w, a.spec.StrideW)), max(1, rows/16))
		a.units = ceilDiv(rows, a.unit)
	}
	a.columns = a.to
	for a.units*ceilDiv(a.to, a.columns) < 8 && a.columns > 2*nr {
		a.columns = roundUp(a.columns/2, nr)
	}
	a.columnItems = ceilDiv(a.to, a.columns)
}

func (a *gather) String() string {
	name := fmt.Sprintf("gather, %d pixels a block, %d phases", a.mc, len(a.grids))
	if a.inPlace {
		name = fmt.Sprintf("product, %d pixels a block", a.mc)
	}
	return name + suffix(a.half)
}

func (a *gather) scratch() int { return a.total }

func (a *gather) run(t *task) {
	t.each(gatherPack, a.packItems)
	t.each(gatherMultiply, a.units*a.columnItems)
	if a.columnItems > 1 && t.epilogue != nil {
		t.each(gatherFinish, a.units)
	}
}

func (a *gather) item(t *task, worker, i int) {
	switch t.stage {
	case gatherPack:
		a.pack(t, worker, i)
	case gatherMultiply:
		unit, col := i/a.columnItems, i%a.columnItems*a.columns
		a.multiply(t, worker, unit, col, min(a.columns, a.to-col))
		if a.columnItems == 1 && !a.aside {
			a.finish(t, worker, unit)
		}
	case gatherFinish:
		a.finish(t, worker, i)
	}
}

// packGrain is about the output channels that one item packs.
const packGrain = 128

// pack packs the i-th part of the kernel matrices: some output channels of a depth block.
func (a *gather) pack(t *task, worker, i int) {
	parts := ceilDiv(a.to, a.packColumns)
	first := i % parts * a.packColumns
	last := min(first+a.packColumns, a.to)
	i /= parts
	for gi := range a.grids {
		gr := &a.grids[gi]
		if i >= len(gr.blocks) {
			i -= len(gr.blocks)
			continue
		}
		b := &gr.blocks[i]
		for group := range a.spec.Groups {
			dst := t.scratch[a.kernelAt(b, group):]
			if a.half != nil {
				a.packRounded(halves(dst), a.memory(t, worker)[a.panelAt:], t.b, b, group, first, last)
				continue
			}
			for j := first; j < last; j += a.g.NR {
				a.packPanel(dst[j*b.depth:][:b.depth*a.g.NR], t.b, b, group, j, a.g.NR)
			}
		}
		return
	}
}

func (a *gather) kernelAt(b *depthBlock, group int) int {
	return b.packed + group*a.packedSize(b.depth)
}

// packPanel writes nr columns, from j on, of one group's kernel matrix for a depth block, as gemm's PackB does: row by
// row of the sum, where rows of one piece follow each other.
func (a *gather) packPanel(panel, k []float32, b *depthBlock, group, j, nr int) {
	s := a.spec
	perTap := s.C / s.Groups * s.O
	cols := min(nr, a.to-j)
	if cols < nr {
		clear(panel)
	}
	for _, p := range b.pieces {
		for _, tap := range p.ks {
			if s.Form == Forward {
				packForward(panel, k[tap*perTap+p.c*s.O+group*a.to+j:], s.O, p.n, cols, nr)
			} else {
				packTransposed(panel, k[tap*perTap+j*s.O+group*a.from+p.c:], s.O, p.n, cols, nr)
			}
			panel = panel[p.n*nr:]
		}
	}
}

// packForward is panel[r*nr+j] = k[r*ld+j].
func packForward(panel, k []float32, ld, rows, cols, nr int) {
	for r := range rows {
		copy(panel[r*nr:][:cols], k[r*ld:][:cols])
	}
}

// packTransposed is panel[r*nr+j] = k[j*ld+r].
func packTransposed(panel, k []float32, ld, rows, cols, nr int) {
	for j := range cols {
		to := panel[j:]
		for r, v := range k[j*ld:][:rows] {
			to[r*nr] = v
		}
	}
}

// multiply computes output channels [col, col+n) of each group for one unit of pixels.
func (a *gather) multiply(t *task, worker, unit, col, n int) {
	for gi := range a.grids {
		gr := &a.grids[gi]
		if len(gr.blocks) == 0 {
			a.clear(t, gr, unit, col, n)
			continue
		}
		first, last := a.pixels(gr, unit)
		for p := first; p < last; p += a.mc {
			m := min(a.mc, last-p)
			for group := range a.spec.Groups {
				a.block(t, worker, gr, p, m, group, col, n)
			}
			if a.aside {
				t.epilogue(worker, p, m, a.memory(t, worker)[a.tileAt:][:m*a.dst.c])
			}
		}
	}
}

// pixels is the range of a grid's positions that belong to a unit.
func (a *gather) pixels(gr *grid, unit int) (first, last int) {
	if len(a.grids) == 1 {
		return unit * a.unit, min((unit+1)*a.unit, a.dst.n*gr.rows*gr.cols)
	}
	super := ceilDiv(a.dst.h, a.spec.StrideH)
	row := func(s int) int { return s/super*gr.rows + min(s%super, gr.rows) }
	return row(unit*a.unit) * gr.cols, row(min((unit+1)*a.unit, a.dst.n*super)) * gr.cols
}

// finish reports a unit's output pixels.
func (a *gather) finish(t *task, worker, unit int) {
	if len(a.grids) == 1 {
		first, last := a.pixels(&a.grids[0], unit)
		t.done(worker, first, last-first)
		return
	}
	super := ceilDiv(a.dst.h, a.spec.StrideH)
	row := func(s int) int { return s/super*a.dst.h + min(s%super*a.spec.StrideH, a.dst.h) }
	first, last := row(unit*a.unit), row(min((unit+1)*a.unit, a.dst.n*super))
	t.done(worker, first*a.dst.w, (last-first)*a.dst.w)
}

// memory is a worker's.
func (a *gather) memory(t *task, worker int) []float32 {
	return t.scratch[a.packed+worker*a.perWorker:][:a.perWorker]
}

// block computes m positions of a grid from position p on.
func (a *gather) block(t *task, worker int, gr *grid, p, m, group, col, n int) {
	mine := a.memory(t, worker)
	var c []float32
	ldc := a.dst.c
	switch {
	case len(a.grids) > 1:
		c, ldc = mine[a.tileAt:][:m*n], n
	case a.aside:
		c = mine[a.tileAt:][:m*ldc][group*a.to:]
	default:
		c = t.out[p*a.dst.c+group*a.to+col:]
	}
	for i := range gr.blocks {
		b := &gr.blocks[i]
		if a.half != nil {
			a.blockRounded(t, mine, gr, i, p, m, group, col, n, c, ldc)
			continue
		}
		k := t.scratch[a.kernelAt(b, group)+col*b.depth:]
		if a.inPlace {
			x := t.a[p*a.src.c+group*a.from+b.pieces[0].c:]
			a.g.Block(m, n, b.depth, x, a.src.c, 1, k, c, ldc, i > 0)
			continue
		}
		x := mine[a.blockAt:]
		gatherBlock(a.l, x, a.lda, t.a, a.src, gr, b.pieces, p, m, group*a.from)
		product(a.g, m, n, b.depth, x, a.lda, 1, k, c, ldc, i > 0)
	}
	if len(a.grids) > 1 {
		a.scatter(t.out, c, gr, p, m, group*a.to+col, n)
	}
}

// scatter copies m rows of n channels to the pixels of a grid from position p on.
func (a *gather) scatter(out, tile []float32, gr *grid, p, m, channel, n int) {
	for m > 0 {
		run := min(m, gr.cols-p%gr.cols)
		a.l.copyRows(out[a.place(gr, p)+channel:], tile, gr.colStep*a.dst.c, n, run, n)
		tile = tile[run*n:]
		p += run
		m -= run
	}
}

// place is where the pixel of position p of a grid starts in the output.
func (a *gather) place(gr *grid, p int) int {
	row, q := p/gr.cols, p%gr.cols
	img, r := row/gr.rows, row%gr.rows
	return ((img*a.dst.h+gr.row0+r*gr.rowStep)*a.dst.w + gr.col0 + q*gr.colStep) * a.dst.c
}

// clear zeroes output channels [col, col+n) of each group for a unit's pixels of a grid that has no taps.
func (a *gather) clear(t *task, gr *grid, unit, col, n int) {
	first, last := a.pixels(gr, unit)
	for p := first; p < last; p++ {
		at := a.place(gr, p)
		for group := range a.spec.Groups {
			clear(t.out[at+group*a.to+col:][:n])
		}
	}
}

// gatherBlock writes the rows of positions [p, p+m) of a grid for some pieces of a sum: row i, of length lda, holds the
// source channels, from channel on, that the pieces name, zero outside the picture.
func gatherBlock[T bf16.Element](l lanes, dst []T, lda int, src []T, im image, gr *grid, pieces []piece, p, m, channel int) {
	for m > 0 {
		row, q := p/gr.cols, p%gr.cols
		run := min(m, gr.cols-q)
		n, r := row/gr.rows, row%gr.rows
		picture := src[n*im.h*im.w*im.c:][:im.h*im.w*im.c]
		at := 0
		for i := range pieces {
			pc := &pieces[i]
			y := r*gr.srcH + pc.dy
			if y < 0 || y >= im.h {
				clearColumns(dst[at:], lda, run, pc.depth())
			} else {
				gatherRun(l, dst[at:], lda, picture[y*im.w*im.c:][:im.w*im.c], im, pc, q*gr.srcW+pc.dx, gr.srcW, run, channel+pc.c)
			}
			at += pc.depth()
		}
		dst = dst[run*lda:]
		p += run
		m -= run
	}
}

// clearColumns zeroes the first n elements of m rows.
func clearColumns[T bf16.Element](dst []T, lda, m, n int) {
	for i := range m {
		clear(dst[i*lda:][:n])
	}
}

// gatherRun gathers one piece for m positions, whose first taps are at columns x, x+step, ... of a source row.
func gatherRun[T bf16.Element](l lanes, dst []T, lda int, row []T, im image, pc *piece, x, step, m, channel int) {
	taps, depth := len(pc.ks), pc.depth()
	// Positions [lo, hi) have all taps inside the picture.
	lo := min(max(0, ceilDivSigned(-x, step)), m)
	hi := max(lo, min(m, floorDiv(im.w-taps-x, step)+1))
	for i := range lo {
		gatherEdge(dst[i*lda:][:depth], row, im, pc.n, x+i*step, channel)
	}
	if lo < hi {
		copyRows(l, dst[lo*lda:], row[(x+lo*step)*im.c+channel:], lda, step*im.c, hi-lo, depth)
	}
	for i := hi; i < m; i++ {
		gatherEdge(dst[i*lda:][:depth], row, im, pc.n, x+i*step, channel)
	}
}

// gatherEdge gathers a piece some of whose taps are outside the picture.
func gatherEdge[T bf16.Element](to, row []T, im image, n, x, channel int) {
	for ; len(to) > 0; to = to[n:] {
		if x >= 0 && x < im.w {
			copy(to[:n], row[x*im.c+channel:])
		} else {
			clear(to[:n])
		}
		x++
	}
}
