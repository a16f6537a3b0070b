package conv

import (
	"fmt"

	"github.com/atelier-go/atelier/cpu/internal/kernel/bf16"
	"github.com/atelier-go/atelier/cpu/internal/kernel/gemm"
)

// gatherKernel computes kernel gradients of any geometry: for a block of output positions it gathers the input pixels
// under each tap into a matrix A, as gather does, and adds Aᵀ·dy to the gradient.
//
// The gradient's rows are cut into parts, and positions into chunks whose sums are kept apart and added in order at
// the end; how many depends on the shape alone.
//
// Where there are few output channels and no stride, x and dy change places: summed over the pixels of x, with the
// taps the other way round, the same products fill the matrix better.
type gatherKernel struct {
	spec     Spec // mirrored, if x and dy have changed places
	mirrored bool
	l        lanes
	g        *gemm.Micro
	half     *bf16.Kernel // nil unless operands are rounded
	src      image
	grid     grid // cut into parts of the gradient
	from, to int
	inPlace  bool
	inRows   bool // the output's gradient is multiplied where it is
	byPiece  bool // the pieces of a part are gathered and packed one after the other

	positions, perChunk, chunks int
	mc, lda                     int
	partial                     int // elements of one chunk's sums
	base, perWorker             int
	blockAt, packAt             int
	packedAt                    int  // of rounded operands, the gathered block
	packsOnce                   bool // the output's gradient is packed once for all parts, at packedB
	packedB, packedBSize        int  // the latter of one block of one group
	total                       int
	addItems                    int
}

// The stages of gatherKernel.
const (
	gatherKernelPack = iota
	gatherKernelMultiply
	gatherKernelAdd
)

// packedOnce is the elements of packed gradients that are kept for all parts, and fewParts are so few that packing them
// for each costs little.
const (
	packedOnce = 1 << 22
	fewParts   = 2
)

// addGrain is the elements that one item adds.
const addGrain = 1 << 14

// gradientItems is how many pieces of work there should be.
const gradientItems = 16

// pieceColumns is the columns of a matrix that is gathered by pieces, in whole panels: at the positions of a block they
// take 288 KiB of the second-level cache.
const pieceColumns = 8 * bf16.MR

func newGatherKernel(s Spec, g *gemm.Micro, half *bf16.Kernel, threads int) *gatherKernel {
	mirrored := s.StrideH == 1 && s.StrideW == 1 && s.Groups == 1 && s.O < min(columnsOf(g, half), s.C)
	if mirrored {
		s = s.mirror()
	}
	a := &gatherKernel{spec: s, mirrored: mirrored, l: lanesFor(g.ISA), g: g, half: half, src: image{s.N, s.H, s.W, s.C}, from: s.C / s.Groups, to: s.O / s.Groups}
	a.inPlace = s.pointwise()
	forward := s
	forward.Form = Forward
	a.grid = forward.grids()[0]
	a.positions = s.N * s.OH * s.OW
	a.partial = s.KH * s.KW * a.from * s.O
	a.cutParts()
	deepest, widest := 0, 0
	for _, b := range a.grid.blocks {
		deepest = max(deepest, b.depth)
		for i := range b.pieces {
			widest = max(widest, b.pieces[i].depth())
		}
	}
	if !a.byPiece {
		widest = deepest
	}
	a.inRows = half == nil && deepest <= 96 && a.to%g.NR == 0
	a.cutPositions()
	a.lda = conflictFree(widest)
	var mem arena
	if !a.inPlace {
		a.blockAt = mem.take(a.mc * a.lda)
	}
	switch {
	case half != nil:
		a.packedBSize = bf16.SizeB(a.mc, a.to) / 2
		if all := a.positionBlocks() * s.Groups * a.packedBSize; len(a.grid.blocks) > fewParts && 2*all <= packedOnce {
			a.packsOnce = true
		} else {
			a.packAt = mem.take(a.packedBSize)
		}
		a.packedAt = mem.take(bf16.SizeA(deepest, a.mc) / 2)
	case !a.inRows:
		a.packAt = mem.take(g.PackedSizeB(a.mc, a.to))
	}
	a.perWorker = mem.size
	a.base = roundUp((a.chunks-a.first())*a.partial, 16)
	if a.packsOnce {
		a.packedB = a.base
		a.base += a.positionBlocks() * s.Groups * a.packedBSize
	}
	a.total = a.base + threads*a.perWorker
	return a
}

// mirror is the convolution from y to x with the same products: x[h] meets y[h + PadTop − i·DilationH], so its tap
// number KH−1−i does.
func (s Spec) mirror() Spec {
	m := s
	m.H, m.W, m.C, m.OH, m.OW, m.O = s.OH, s.OW, s.O, s.H, s.W, s.C
	m.PadTop, m.PadLeft = (s.KH-1)*s.DilationH-s.PadTop, (s.KW-1)*s.DilationW-s.PadLeft
	return m
}

// first is the first chunk whose sums are in scratch memory. Otherwise the first chunk's are in the output itself.
func (a *gatherKernel) first() int {
	if a.mirrored {
		return 0
	}
	return 1
}

// tiled reports whether products are formed by tiles: so fast that sums which leave the registers, and what is packed more
// than once, show.
func (a *gatherKernel) tiled() bool { return a.half != nil && a.half.Tiled() }

// cutParts cuts the gradient's rows. A part's sums, rows × O, take 256 KiB of the second-level cache while positions pass;
// with tiles 512 KiB, if enough items are left: fewer parts read the output's gradient fewer times.
func (a *gatherKernel) cutParts() {
	const sums = 1 << 16
	rows := func(sums int) int { return min(max(48, sums/max(a.to, 16)), 512) }
	merge := a.spec.Groups == 1
	if !a.tiled() {
		a.grid.cut(a.from, rows(sums), merge)
		return
	}
	a.grid.fill(a.from, rows(2*sums), merge)
	if len(a.grid.blocks)*a.spec.Groups*a.mostChunks() < gradientItems {
		a.grid.blocks = nil
		a.grid.fill(a.from, rows(sums), merge)
	}
	a.byPiece = !a.inPlace
	for _, b := range a.grid.blocks {
		for _, p := range b.pieces {
			a.byPiece = a.byPiece && p.n%bf16.MR == 0
		}
	}
	if !a.byPiece {
		return
	}
	for i := range a.grid.blocks {
		b := &a.grid.blocks[i]
		b.pieces = cutPieces(b.pieces, pieceColumns)
	}
}

// mostChunks is how many chunks pay: each has sums of its own, to be written, read and added.
func (a *gatherKernel) mostChunks() int {
	const memory = 4 << 20
	shortest := 2 * a.mc
	if a.tiled() {
		shortest = 64 * bf16.Depth // whose products take some times as long
	}
	return max(1, min(a.positions/shortest, memory/max(a.partial, 1)))
}

// cutPositions chooses blocks and chunks.
func (a *gatherKernel) cutPositions() {
	a.mc = 192
	if a.inRows {
		a.mc = 96 // rows are far apart and collide in the first-level cache
	}
	if a.half != nil {
		a.mc = 8 * bf16.Depth
	}
	if a.tiled() && (a.inPlace || a.byPiece) {
		a.mc = 16 * bf16.Depth // the sums are loaded and stored once for each block
	}
	a.mc = min(a.mc, roundUp(a.positions, 8))
	a.chunks = min(ceilDiv(gradientItems, len(a.grid.blocks)*a.spec.Groups), a.mostChunks())
	a.perChunk = roundUp(ceilDiv(a.positions, a.chunks), a.mc)
	a.chunks = ceilDiv(a.positions, a.perChunk)
	a.addItems = ceilDiv(a.partial, addGrain)
}

func (a *gatherKernel) String() string {
	return fmt.Sprintf("gather, %d positions a block, %d parts, %d chunks", a.mc, len(a.grid.blocks), a.chunks) + suffix(a.half)
}

func (a *gatherKernel) scratch() int { return a.total }

func (a *gatherKernel) positionBlocks() int { return ceilDiv(a.positions, a.mc) }

func (a *gatherKernel) run(t *task) {
	if a.packsOnce {
		t.each(gatherKernelPack, a.positionBlocks()*a.spec.Groups)
	}
	t.each(gatherKernelMultiply, len(a.grid.blocks)*a.spec.Groups*a.chunks)
	if a.chunks > a.first() {
		t.each(gatherKernelAdd, a.addItems)
	}
}

func (a *gatherKernel) item(t *task, worker, i int) {
	switch t.stage {
	case gatherKernelPack:
		p := i / a.spec.Groups * a.mc
		_, dys := a.operands(t)
		a.packGradient(a.packedBlock(t, i), dys, p, min(a.mc, a.positions-p), i%a.spec.Groups)
		return
	case gatherKernelAdd:
		a.add(t, i*addGrain, min((i+1)*addGrain, a.partial))
		return
	}
	// Parts of one chunk follow each other: they read the same pixels.
	parts := len(a.grid.blocks)
	part, group, chunk := i%parts, i/parts%a.spec.Groups, i/parts/a.spec.Groups
	a.multiply(t, worker, &a.grid.blocks[part], group, chunk)
}

// packedBlock is memory for the packed gradient of block i/Groups of positions and group i%Groups.
func (a *gatherKernel) packedBlock(t *task, i int) []uint16 {
	return halves(t.scratch[a.packedB+i*a.packedBSize:][:a.packedBSize])
}

// operands are what the products are of: the input, and the output's gradient.
func (a *gatherKernel) operands(t *task) (xs, dys bf16.Operand) {
	xs, dys = bf16.Operand{Floats: t.a, Halves: t.halfA}, bf16.Operand{Floats: t.b, Halves: t.halfB}
	if a.mirrored {
		return dys, xs
	}
	return xs, dys
}

// sums is where a chunk's sums are kept.
func (a *gatherKernel) sums(t *task, chunk int) []float32 {
	if chunk < a.first() {
		return t.out
	}
	return t.scratch[(chunk-a.first())*a.partial:][:a.partial]
}

// multiply computes one part of one group's gradient over one chunk of positions.
func (a *gatherKernel) multiply(t *task, worker int, b *depthBlock, group, chunk int) {
	s := a.spec
	mine := t.scratch[a.base+worker*a.perWorker:][:a.perWorker]
	dk := a.sums(t, chunk)
	xs, dys := a.operands(t)
	first, last := chunk*a.perChunk, min((chunk+1)*a.perChunk, a.positions)
	for p := first; p < last; p += a.mc {
		m := min(a.mc, last-p)
		// A block's rows follow each other in the gradient.
		row := b.pieces[0].ks[0]*a.from + b.pieces[0].c
		to := dk[row*s.O+group*a.to:]
		if a.half != nil {
			var packed []uint16
			if a.packsOnce {
				packed = a.packedBlock(t, p/a.mc*s.Groups+group)
			} else {
				packed = halves(mine[a.packAt:])
				a.packGradient(packed, dys, p, m, group)
			}
			a.productRounded(mine, xs, packed, b, p, m, group, to, p > first)
			continue
		}
		x, lda := gathered(a, mine[a.blockAt:], xs.Floats, b, p, m, group)
		a.product(mine, b.depth, m, x, lda, dys.Floats[p*s.O+group*a.to:], to, p > first)
	}
}

// gathered is a matrix of m positions by a block's depth, in memory for it or where the pixels are.
func gathered[T bf16.Element](a *gatherKernel, block, xs []T, b *depthBlock, p, m, group int) (x []T, lda int) {
	if a.inPlace {
		return xs[p*a.spec.C+group*a.from+b.pieces[0].c:], a.spec.C
	}
	gatherBlock(a.l, block, a.lda, xs, a.src, &a.grid, b.pieces, p, m, group*a.from)
	return block, a.lda
}

// product adds xᵀ·dy for m positions and depth rows of the gradient. Where few rows would use it, dy is not packed.
func (a *gatherKernel) product(mine []float32, depth, m int, x []float32, lda int, dy, dk []float32, accumulate bool) {
	g, ld := a.g, a.spec.O
	if !a.inRows {
		packed := mine[a.packAt:]
		g.PackB(packed, dy, ld, 1, m, a.to)
		product(g, depth, a.to, m, x, 1, lda, packed, dk, ld, accumulate)
		return
	}
	for j := 0; j < a.to; j += g.NR {
		panel(g, depth, m, x, 1, lda, dy[j:], ld, dk[j:], ld, accumulate)
	}
}

// add adds elements [lo, hi) of all chunks' sums.
func (a *gatherKernel) add(t *task, lo, hi int) {
	to := a.sums(t, 0)[lo:hi]
	for chunk := 1; chunk < a.chunks; chunk++ {
		addTo(to, a.sums(t, chunk)[lo:hi])
	}
	if !a.mirrored {
		return
	}
	// [KH·KW−1−tap, o, c] to [tap, c, o]
	c, o, taps := a.spec.O, a.spec.C, a.spec.KH*a.spec.KW
	for i, v := range to {
		at := lo + i
		tap := taps - 1 - at/(o*c)
		t.out[(tap*c+at%c)*o+at/c%o] = v
	}
}
