package conv

import (
	"fmt"

	"github.com/atelier-go/atelier/cpu/internal/kernel/gemm"
)

// winograd computes forward convolutions and input gradients with 3x3 kernels by F(4x4,3x3) of Lavin and Gray, "Fast
// Algorithms for Convolutional Neural Networks" (2015): the output is cut into tiles of 4x4 pixels, each of which
// depends on 6x6 pixels of the source. These and the kernel are mapped to 36 points, at each of which the sum over
// channels is a matrix product [tiles × channels]·[channels × out channels]; the 36 sums are mapped back to 16 pixels.
// That takes a quarter of the multiplications. An input gradient is the convolution of the output's gradient with the
// kernel turned by 180° and its channels exchanged.
//
// There are two orders of work, with the same bits as result. By tiles: the mapped kernel is made once, and items are
// blocks of tiles that do everything for all channels. By channels, for few tiles of many channels, whose mapped
// kernel would be larger than the caches: all tiles are mapped first, and items are groups of output channels, each of
// which maps its part of the kernel.
type winograd struct {
	spec       Spec
	l          lanes
	g          *gemm.Micro
	src, dst   image
	top, left  int // padding of the source
	tiles      tiling
	byChannels bool

	round       int // tiles that are mapped before any product
	block       int // tiles that go through the products together
	panels      int // panels of output channels
	group       int // panels whose sums are kept at once
	lda, planeA int // lengths of a tile's channels, and of a point's plane, of mapped tiles
	planeB      int // of a point's plane of a panel of the mapped kernel
	ldc, planeC int // of sums
	total       int
	perWorker   int
	// Places in scratch memory: shared, and in a worker's part.
	kernelAt, tilesAt, workersAt        int
	mineA, mineB, mineC, mineTurn, edge int
	tmp                                 int
}

// tiling numbers the 4x4 tiles of a stack of pictures, row by row.
type tiling struct {
	h, w               int // of a picture
	perPicture, perRow int
	count              int
}

func newTiling(im image) tiling {
	t := tiling{h: im.h, w: im.w, perRow: ceilDiv(im.w, 4)}
	t.perPicture = t.perRow * ceilDiv(im.h, 4)
	t.count = im.n * t.perPicture
	return t
}

// at is the picture and the first row and column of tile i.
func (t *tiling) at(i int) (n, row, col int) {
	n, i = i/t.perPicture, i%t.perPicture
	return n, i / t.perRow * 4, i % t.perRow * 4
}

// The stages of winograd.
const (
	winogradKernel = iota
	winogradTiles
	winogradBlocks
	winogradGroups
	winogradFinish
)

func newWinograd(s Spec, g *gemm.Micro, rounds bool, threads int, order string) *winograd {
	x, y := image{s.N, s.H, s.W, s.C}, image{s.N, s.OH, s.OW, s.O}
	a := &winograd{spec: s, l: lanesFor(g.ISA), g: g, src: x, dst: y, top: s.PadTop, left: s.PadLeft}
	a.l.rounds = rounds
	if s.Form == InputGradient {
		a.src, a.dst, a.top, a.left = y, x, 2-s.PadTop, 2-s.PadLeft
	}
	a.tiles = newTiling(a.dst)
	a.panels = ceilDiv(a.dst.c, g.NR)
	switch order {
	case "tiles":
	case "channels":
		a.byChannels = true
	default:
		a.byChannels = a.fewTiles()
	}
	a.lda = conflictFree(a.src.c)
	a.planeB = conflictFree(a.src.c * g.NR)
	a.cut(threads)
	a.layout(threads)
	return a
}

// fewTiles reports whether to work by channels.
func (a *winograd) fewTiles() bool {
	const few, large = 96, 12 << 20 // tiles; bytes of the mapped kernel
	return a.tiles.count < few || 36*4*a.src.c*a.dst.c > large
}

// cut chooses how many tiles and panels go together.
func (a *winograd) cut(threads int) {
	const point = 36 * 4 // bytes of a value at all points
	a.group = min(a.panels, max(1, 64/a.g.NR))
	a.round = a.tiles.count
	if a.byChannels {
		// A round's mapped tiles stay in the last-level cache. Every worker needs some groups.
		const last = 20 << 20
		rounds := ceilDiv(a.tiles.count*a.lda*point, last)
		a.round = ceilDiv(a.tiles.count, rounds)
		a.group = max(1, min(a.group, a.panels/(4*threads)))
	}
	// Sums, and by tiles the mapped tiles, stay in the second-level cache.
	a.block = cache * 7 / 8 / (point * (a.lda + a.group*a.g.NR))
	a.block = max(roundUp(24, a.g.MR), a.block/a.g.MR*a.g.MR)
	for !a.byChannels && a.block > 2*a.g.MR && ceilDiv(a.tiles.count, a.block) < 16 {
		a.block = roundUp(a.block/2, a.g.MR)
	}
	a.ldc = a.group * a.g.NR
	a.planeC = conflictFree(a.block * a.ldc)
	a.planeA = conflictFree(a.block * a.lda)
	if a.byChannels {
		a.planeA = conflictFree(a.round * a.lda)
	}
}

func (a *winograd) layout(threads int) {
	var shared, mine arena
	if a.byChannels {
		a.tilesAt = shared.take(36 * a.planeA)
		a.mineB = mine.take(a.group * 36 * a.planeB)
	} else {
		a.kernelAt = shared.take(a.panels * 36 * a.planeB)
		a.mineA = mine.take(36 * a.planeA)
	}
	a.mineC = mine.take(36 * a.planeC)
	if a.spec.Form == InputGradient {
		a.mineTurn = mine.take(9 * a.src.c * a.g.NR)
	}
	a.edge = mine.take(max(36*a.src.c, 16*a.ldc))
	a.tmp = mine.take(tileSums)
	a.workersAt, a.perWorker = shared.size, mine.size
	a.total = shared.size + threads*mine.size
}

func (a *winograd) String() string {
	order := "tiles"
	if a.byChannels {
		order = "channels"
	}
	return fmt.Sprintf("winograd F(4x4,3x3) by %s, %d of %d tiles a block", order, min(a.block, a.tiles.count), a.tiles.count) + a.l.suffix()
}

func (a *winograd) scratch() int { return a.total }

func (a *winograd) run(t *task) {
	if !a.byChannels {
		t.each(winogradKernel, a.panels)
		t.each(winogradBlocks, ceilDiv(a.tiles.count, a.block))
		return
	}
	for first := 0; first < a.tiles.count; first += a.round {
		t.first, t.last = first, min(first+a.round, a.tiles.count)
		tiles := t.last - first
		t.each(winogradTiles, ceilDiv(tiles, tilesItem))
		t.each(winogradGroups, ceilDiv(a.panels, a.group))
		if t.watched() {
			t.each(winogradFinish, ceilDiv(tiles, a.block))
		}
	}
}

// tilesItem is the tiles that one item maps when all are mapped first.
const tilesItem = 4

func (a *winograd) item(t *task, worker, i int) {
	mine := t.scratch[a.workersAt+worker*a.perWorker:][:a.perWorker]
	switch t.stage {
	case winogradKernel:
		a.mapKernel(t, mine, t.scratch[a.kernelAt+i*36*a.planeB:], i)
	case winogradTiles:
		first := t.first + i*tilesItem
		last := min(first+tilesItem, t.last)
		mapTiles(a.l, t.scratch[a.tilesAt+i*tilesItem*a.lda:], a.planeA, a.lda, t.a, a.src, &a.tiles, first, last, a.top, a.left, mine[a.edge:], mine[a.tmp:])
	case winogradBlocks:
		first, last := i*a.block, min((i+1)*a.block, a.tiles.count)
		mapTiles(a.l, mine[a.mineA:], a.planeA, a.lda, t.a, a.src, &a.tiles, first, last, a.top, a.left, mine[a.edge:], mine[a.tmp:])
		for p := 0; p < a.panels; p += a.group {
			a.multiply(t, mine, mine[a.mineA:], t.scratch[a.kernelAt+p*36*a.planeB:], p, first, last)
		}
		a.finish(t, worker, first, last)
	case winogradGroups:
		a.channels(t, mine, i*a.group)
	case winogradFinish:
		first := t.first + i*a.block
		a.finish(t, worker, first, min(first+a.block, t.last))
	}
}

// channels computes a round's tiles for the group of panels from p on.
func (a *winograd) channels(t *task, mine []float32, p int) {
	kernel := mine[a.mineB:]
	for q := p; q < min(p+a.group, a.panels); q++ {
		a.mapKernel(t, mine, kernel[(q-p)*36*a.planeB:], q)
	}
	for first := t.first; first < t.last; first += a.block {
		a.multiply(t, mine, t.scratch[a.tilesAt+(first-t.first)*a.lda:], kernel, p, first, min(first+a.block, t.last))
	}
}

// mapKernel maps the kernel of one panel of output channels: planes by point, rows by channel.
func (a *winograd) mapKernel(t *task, mine, dst []float32, panel int) {
	s, nr := a.spec, a.g.NR
	j := panel * nr
	cols := min(nr, a.dst.c-j)
	if cols < nr {
		clear(dst[:36*a.planeB])
	}
	k, row, tap := t.b[j:], s.O, s.C*s.O
	if s.Form == InputGradient {
		turned := mine[a.mineTurn:]
		k, row, tap = turned, nr, s.O*nr
		for i := range 9 {
			a.g.PackB(turned[(8-i)*tap:], t.b[i*s.C*s.O+j*s.O:], 1, s.O, s.O, cols)
		}
	}
	for c := range a.src.c {
		a.l.transform(transformKernel3, dst[c*nr:], k[c*row:], 6*a.planeB, a.planeB, 3*tap, tap, cols, mine[a.tmp:])
	}
}

// multiply forms the sums of tiles [first, last) for the group of panels from p on, and maps them to pixels. kernel
// starts with the group's mapped kernel, tiles with the block's mapped tiles.
func (a *winograd) multiply(t *task, mine, tiles, kernel []float32, p, first, last int) {
	nr := a.g.NR
	sums := mine[a.mineC:]
	channel := p * nr
	n := min(a.group*nr, a.dst.c-channel)
	for point := range 36 {
		x := tiles[point*a.planeA:]
		for q := 0; q*nr < n; q++ {
			b := kernel[(q*36+point)*a.planeB:]
			c := sums[point*a.planeC+q*nr:]
			a.product(last-first, x, b, c)
		}
	}
	for i := first; i < last; i++ {
		a.mapSums(t, sums[(i-first)*a.ldc:], mine, i, channel, n)
	}
}

// deep is the depth up to which a product is one sum: the panel of the mapped kernel fills half of the first-level
// cache. Deeper ones are summed in parts, which also keeps rounding errors small.
const deep = 256

// product multiplies m mapped tiles with one panel of the mapped kernel at one point.
func (a *winograd) product(m int, x, b, c []float32) {
	k, nr := a.src.c, a.g.NR
	part := ceilDiv(k, ceilDiv(k, deep))
	for from := 0; from < k; from += part {
		panel(a.g, m, min(part, k-from), x[from:], a.lda, 1, b[from*nr:], nr, c, a.ldc, from > 0)
	}
}

// mapSums maps a tile's sums to n channels of its pixels, from channel on.
func (a *winograd) mapSums(t *task, sums, mine []float32, tile, channel, n int) {
	img, row, col := a.tiles.at(tile)
	ch := a.dst.c
	out := t.out[((img*a.dst.h+row)*a.dst.w+col)*ch+channel:]
	rows, cols := min(4, a.dst.h-row), min(4, a.dst.w-col)
	if rows == 4 && cols == 4 {
		a.l.transform(transformOutput4, out, sums, a.dst.w*ch, ch, 6*a.planeC, a.planeC, n, mine[a.tmp:])
		return
	}
	whole := mine[a.edge:]
	a.l.transform(transformOutput4, whole, sums, 4*n, n, 6*a.planeC, a.planeC, n, mine[a.tmp:])
	for r := range rows {
		for c := range cols {
			copy(out[(r*a.dst.w+c)*ch:][:n], whole[(r*4+c)*n:])
		}
	}
}

// finish reports the pixels of tiles [first, last).
func (a *winograd) finish(t *task, worker, first, last int) {
	if t.watched() {
		a.tiles.runs(first, last, func(pixel, n int) { t.done(worker, pixel, n) })
	}
}

// runs calls f for runs of adjacent pixels that together are the pixels of tiles [first, last).
func (t *tiling) runs(first, last int, f func(pixel, n int)) {
	from, until := 0, 0 // a run that may grow
	for i := first; i < last; {
		n, row, col := t.at(i)
		count := min(last-i, t.perRow-col/4)
		rows, cols := min(4, t.h-row), min(4*count, t.w-col)
		at := (n*t.h+row)*t.w + col
		i += count
		if cols == t.w {
			if at != until {
				f(from, until-from)
				from = at
			}
			until = at + rows*t.w
			continue
		}
		f(from, until-from)
		from, until = 0, 0
		for r := range rows {
			f(at+r*t.w, cols)
		}
	}
	f(from, until-from)
}

// mapTiles maps the source pixels of tiles [first, last): dst[point·plane + (tile−first)·ld + channel]. edge has
// room for 36 pixels.
func mapTiles(l lanes, dst []float32, plane, ld int, src []float32, im image, tiles *tiling, first, last, top, left int, edge, tmp []float32) {
	for i := first; i < last; i++ {
		n, row, col := tiles.at(i)
		y, x := row-top, col-left
		to := dst[(i-first)*ld:]
		picture := src[n*im.h*im.w*im.c:][:im.h*im.w*im.c]
		if y >= 0 && x >= 0 && y+6 <= im.h && x+6 <= im.w {
			l.transform(transformInput, to, picture[(y*im.w+x)*im.c:], 6*plane, plane, im.w*im.c, im.c, im.c, tmp)
			continue
		}
		window(edge, picture, im, y, x, 6, 6)
		l.transform(transformInput, to, edge, 6*plane, plane, 6*im.c, im.c, im.c, tmp)
	}
}

// window copies the rows×cols pixels from (y, x) on, zeros outside the picture.
func window(dst, picture []float32, im image, y, x, rows, cols int) {
	line := cols * im.c
	lo, hi := min(max(0, -x), cols), max(0, min(cols, im.w-x))
	for r := range rows {
		to := dst[r*line:][:line]
		if y+r < 0 || y+r >= im.h || lo >= hi {
			clear(to)
			continue
		}
		clear(to[:lo*im.c])
		copy(to[lo*im.c:hi*im.c], picture[((y+r)*im.w+x+lo)*im.c:])
		clear(to[hi*im.c:])
	}
}
