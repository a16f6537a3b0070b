package conv

import (
	"fmt"

	"github.com/atelier-go/atelier/cpu/internal/kernel/gemm"
)

// winogradGradient computes gradients of 3x3 kernels by F(3x3,4x4): a tile of 4x4 pixels of the output's gradient is
// itself the kernel of a convolution over 6x6 pixels of the input, with 3x3 results. Both are mapped to 36 points; at
// each the products are summed over all tiles, which is a matrix product [channels × tiles]·[tiles × out channels];
// and the 36 sums are mapped back once.
//
// Tiles go in rounds, small enough for the mapped tiles to stay in the last-level cache: all workers map a round's
// tiles, then all add its products to the sums, each at its own points and channels. If one round takes all tiles, each
// worker forms and maps the sums of a few channels at a time, and those of all channels never exist together.
type winogradGradient struct {
	spec    Spec
	l       lanes
	g       *gemm.Micro
	x, y    image
	tiles   tiling
	round   int // tiles
	rounds  int
	panels  int
	rows    int // channels that an item multiplies
	rowsets int

	lda, planeA int // of mapped input tiles: [point][tile][channel]
	panel       int // of mapped gradient tiles: [point][panel][tile][NR]
	planeB      int
	ldc, planeC int // of sums: [point][channel][out channel]
	// Places in scratch memory; sums are in a worker's part if there is one round.
	tilesAt, gradsAt, sumsAt, workersAt int
	edge, tmp                           int
	perWorker, total                    int
}

// The stages of winogradGradient.
const (
	winogradGradientTiles = iota
	winogradGradientMultiply
	winogradGradientFinish
	winogradGradientChannels
)

func newWinogradGradient(s Spec, g *gemm.Micro, rounds bool, threads int) *winogradGradient {
	a := &winogradGradient{spec: s, l: lanesFor(g.ISA), g: g, x: image{s.N, s.H, s.W, s.C}, y: image{s.N, s.OH, s.OW, s.O}}
	a.l.rounds = rounds
	a.tiles = newTiling(a.y)
	a.panels = ceilDiv(s.O, g.NR)
	const last, deep = 20 << 20, 256 // bytes of mapped tiles; tiles whose panel takes half of the first-level cache
	limit := max(32, min(deep, last/(36*4*(s.C+a.panels*g.NR))))
	a.rounds = ceilDiv(a.tiles.count, limit)
	a.round = ceilDiv(a.tiles.count, a.rounds)
	a.rows = roundUp(min(s.C, 128), g.MR)
	if a.rounds == 1 {
		a.rows = roundUp(min(36, ceilDiv(s.C, 8)), g.MR)
	}
	a.rowsets = ceilDiv(s.C, a.rows)

	a.lda = conflictFree(s.C)
	a.planeA = conflictFree(a.round * a.lda)
	a.panel = a.round * g.NR
	a.planeB = conflictFree(a.panels * a.panel)
	a.ldc = conflictFree(a.panels * g.NR)
	a.planeC = conflictFree(s.C * a.ldc)
	if a.rounds == 1 {
		a.planeC = conflictFree(a.rows * a.ldc)
	}
	var shared, mine arena
	a.tilesAt = shared.take(36 * a.planeA)
	a.gradsAt = shared.take(36 * a.planeB)
	if a.rounds == 1 {
		a.sumsAt = mine.take(36 * a.planeC)
	} else {
		a.sumsAt = shared.take(36 * a.planeC)
	}
	a.edge = mine.take(max(36*s.C, 16*s.O))
	a.tmp = mine.take(tileSums)
	a.workersAt, a.perWorker = shared.size, mine.size
	a.total = shared.size + threads*mine.size
	return a
}

func (a *winogradGradient) String() string {
	return fmt.Sprintf("winograd F(3x3,4x4), %d rounds of %d tiles", a.rounds, a.round) + a.l.suffix()
}

func (a *winogradGradient) scratch() int { return a.total }

func (a *winogradGradient) run(t *task) {
	if a.rounds == 1 {
		t.first, t.last = 0, a.tiles.count
		t.each(winogradGradientTiles, ceilDiv(a.tiles.count, tilesItem))
		t.each(winogradGradientChannels, a.rowsets)
		return
	}
	for r := range a.rounds {
		t.first, t.last = r*a.round, min((r+1)*a.round, a.tiles.count)
		t.each(winogradGradientTiles, ceilDiv(t.last-t.first, tilesItem))
		t.each(winogradGradientMultiply, 36*a.rowsets)
	}
	t.each(winogradGradientFinish, a.spec.C)
}

func (a *winogradGradient) item(t *task, worker, i int) {
	mine := t.scratch[a.workersAt+worker*a.perWorker:][:a.perWorker]
	switch t.stage {
	case winogradGradientTiles:
		first := t.first + i*tilesItem
		last := min(first+tilesItem, t.last)
		dst := t.scratch[a.tilesAt+i*tilesItem*a.lda:]
		mapTiles(a.l, dst, a.planeA, a.lda, t.a, a.x, &a.tiles, first, last, a.spec.PadTop, a.spec.PadLeft, mine[a.edge:], mine[a.tmp:])
		for tile := first; tile < last; tile++ {
			a.mapGradient(t, mine, tile, tile-t.first)
		}
	case winogradGradientMultiply:
		c := i % a.rowsets * a.rows
		a.multiply(t, i/a.rowsets, c, t.scratch[a.sumsAt+c*a.ldc:])
	case winogradGradientFinish:
		a.mapSums(t, mine, i, t.scratch[a.sumsAt+i*a.ldc:])
	case winogradGradientChannels:
		first := i * a.rows
		sums := mine[a.sumsAt:]
		for point := range 36 {
			a.multiply(t, point, first, sums)
		}
		for c := first; c < min(first+a.rows, a.spec.C); c++ {
			a.mapSums(t, mine, c, sums[(c-first)*a.ldc:])
		}
	}
}

// mapSums maps channel c's sums to its rows of the kernel's gradient.
func (a *winogradGradient) mapSums(t *task, mine []float32, c int, sums []float32) {
	s := a.spec
	a.l.transform(transformOutput3, t.out[c*s.O:], sums, 3*s.C*s.O, s.C*s.O, 6*a.planeC, a.planeC, s.O, mine[a.tmp:])
}

// mapGradient maps a tile of the output's gradient to row index of its panels.
func (a *winogradGradient) mapGradient(t *task, mine []float32, tile, index int) {
	img, row, col := a.tiles.at(tile)
	picture := t.b[img*a.y.h*a.y.w*a.y.c:][:a.y.h*a.y.w*a.y.c]
	src, line := picture[(row*a.y.w+col)*a.y.c:], a.y.w*a.y.c
	if row+4 > a.y.h || col+4 > a.y.w {
		src, line = mine[a.edge:], 4*a.y.c
		window(src, picture, a.y, row, col, 4, 4)
	}
	nr := a.g.NR
	for p := range a.panels {
		dst := t.scratch[a.gradsAt+p*a.panel+index*nr:]
		n := min(nr, a.y.c-p*nr)
		a.l.transform(transformKernel4, dst, src[p*nr:], 6*a.planeB, a.planeB, line, a.y.c, n, mine[a.tmp:])
		if n < nr {
			for point := range 36 {
				clear(dst[point*a.planeB+n:][:nr-n])
			}
		}
	}
}

// multiply adds the round's products of a rowset, the channels from c on, at one point to the sums, which start with
// channel c's.
func (a *winogradGradient) multiply(t *task, point, c int, sums []float32) {
	s, nr := a.spec, a.g.NR
	x := t.scratch[a.tilesAt+point*a.planeA+c:]
	for p := range a.panels {
		y := t.scratch[a.gradsAt+point*a.planeB+p*a.panel:]
		panel(a.g, min(a.rows, s.C-c), t.last-t.first, x, 1, a.lda, y, nr, sums[point*a.planeC+p*nr:], a.ldc, t.first > 0)
	}
}
