package gemm

import (
	"github.com/atelier-go/atelier/cpu/internal/par"
)

// Gemm computes C (+)= A·B with A's element (i,p) at a[i*rsa+p*csa], B's (p,j) at b[p*rsb+j*csb] and C's (i,j) at
// c[i*ldc+j], on the workers of pool; a nil pool means the calling goroutine alone, as inside a body of par.For. A
// nil ws means memory of its own for this call. C must not overlap A or B. It panics when a slice is too short for
// its shape and strides.
func (g *Kernel[T]) Gemm(pool *par.Pool, ws *Workspace, m, n, k int, a []T, rsa, csa int, b []T, rsb, csb int,
	c []T, ldc int, accumulate bool) {
	if m <= 0 || n <= 0 {
		return
	}
	checkMatrix("Gemm: a", len(a), m, k, rsa, csa)
	checkMatrix("Gemm: b", len(b), k, n, rsb, csb)
	checkOutput("Gemm: c", len(c), m, n, ldc)
	if k <= 0 {
		emptySum(m, n, c, ldc, accumulate)
		return
	}
	x := g.newProduct()
	defer x.free()
	x.call = call[T]{
		plan: g.plan(m, n, k), pool: pool,
		a: a, rsa: rsa, csa: csa, b: b, rsb: rsb, csb: csb, c: c, ldc: ldc, accumulate: accumulate,
		diagonal: full,
	}
	x.choose()
	if ws == nil {
		ws = new(Workspace)
	}
	x.scratch = cut[T](ws, x.need(), threads(pool))
	x.run()
}

// WorkspaceSize is the bytes of workspace that Gemm takes at most for a product of this shape on a number of threads.
func (g *Kernel[T]) WorkspaceSize(m, n, k, threads int) int {
	if m <= 0 || n <= 0 || k <= 0 {
		return 0
	}
	size := 0
	for _, csb := range []int{1, 2} { // whether rows of B are contiguous decides whether it is packed
		x := product[T]{g: g, call: call[T]{plan: g.plan(m, n, k), csb: csb, csa: 2}}
		x.choose()
		size = max(size, x.need().bytes(g.size(), threads))
	}
	return size
}

// source is where tiles read B from.
type source int

const (
	packedOnce   source = iota // all of it packed before the items, for all workers
	packedByItem               // each item packs the part that it reads
	unpacked                   // where it lies
)

// product computes one call of Gemm or Syrk at a time. It is kept for the next: body is bound once.
type product[T Float] struct {
	g    *Kernel[T]
	body func(worker, item int)
	call[T]
}

func (g *Kernel[T]) newProduct() *product[T] {
	if x, ok := g.products.Get().(*product[T]); ok {
		return x
	}
	x := &product[T]{g: g}
	x.body = x.step
	return x
}

func (x *product[T]) free() {
	x.call = call[T]{}
	x.g.products.Put(x)
}

// stage is a loop of a product.
type stage int

const (
	stageTiles stage = iota
	stagePack
	stagePackA
	stageSum
	stageFold
	stageMirror
)

// call is the operands of one call, and how far it is.
type call[T Float] struct {
	plan plan
	pool *par.Pool

	a          []T
	rsa, csa   int
	b          []T
	rsb, csb   int
	c          []T
	ldc        int
	accumulate bool
	diagonal   int // full, or 0 for the upper triangle alone

	source  source
	packA   bool
	scratch scratch[T]
	jc      int // the first column that is packed now, with packedOnce
	columns int // and how many from there on
	stage   stage
}

// step is item i of the current stage.
func (x *product[T]) step(worker, i int) {
	switch x.stage {
	case stageTiles:
		x.item(worker, i)
	case stagePack:
		x.packPiece(i)
	case stageSum:
		sumGroups(&x.plan, x.scratch.shared, x.c[i*x.ldc:], i, x.accumulate)
	case stageFold:
		foldGroups(&x.plan, x.scratch.shared, i)
	case stageMirror:
		mirror(&x.plan, x.scratch.shared, x.c[i*x.ldc:], i, x.accumulate)
	}
}

// choose decides what is packed.
func (x *product[T]) choose() {
	p := &x.plan
	switch {
	case p.groups > 1:
		x.source = packedByItem
	case p.m <= fewRows*x.g.MR && x.csb == 1:
		// Packing B would cost as much as the product.
		x.source = unpacked
		p.kc = min(p.kc, unpackedDepth)
		x.packA = false
		return
	}
	x.packA = p.nc > manyPanels*x.g.NR || x.csa != 1
}

const (
	// fewRows is the rows, in tiles, up to which row-major B is read where it lies.
	fewRows = 2
	// manyPanels is the panels of B from which on A pays for being packed although its rows are contiguous.
	manyPanels = 8
	// unpackedDepth keeps the rows of B that neighbouring tiles read in the first-level cache and the first TLB.
	unpackedDepth = 64
)

// need is the workspace of the chosen way.
func (x *product[T]) need() need {
	p, g := &x.plan, x.g
	var n need
	if x.packA {
		n.private = roundUp(p.mc, g.MR)*p.kc + slack
	}
	switch x.source {
	case packedOnce:
		n.shared = p.k * roundUp(p.columns(), g.NR)
	case packedByItem:
		n.private = roundUp(n.private, alignment) + p.kc*roundUp(p.nc, g.NR)
		n.shared = p.groups * p.m * p.n
	case unpacked:
		n.private = p.kc * g.NR
	}
	n.shared += slack
	n.private += slack
	return n
}

func (x *product[T]) run() {
	p := &x.plan
	if x.source != packedOnce {
		x.each(stageTiles, p.count())
		if x.source == packedByItem {
			x.each(stageSum, p.m)
		}
		return
	}
	width := p.columns()
	for x.jc = 0; x.jc < p.n; x.jc += width {
		x.columns = min(width, p.n-x.jc)
		x.each(stagePack, ceilDiv(p.k, slice)*ceilDiv(x.columns, stripe*x.g.NR))
		x.each(stageTiles, p.rowItems()*ceilDiv(x.columns, p.nc))
	}
}

// packPiece packs item i of the columns from jc on: a stripe of panels, of a slice of rows.
func (x *product[T]) packPiece(i int) {
	k, nr := x.plan.k, x.g.NR
	stripes := ceilDiv(x.columns, stripe*nr)
	j, p := i%stripes*stripe*nr, i/stripes*slice
	x.g.packPanels(x.scratch.shared[j*k+p*nr:], k*nr, x.b[p*x.rsb+(x.jc+j)*x.csb:], x.rsb, x.csb,
		min(slice, k-p), min(stripe*nr, x.columns-j))
}

// item computes one piece of C over one piece of k.
func (x *product[T]) item(worker, item int) {
	p := &x.plan
	group := item / p.tiles()
	item -= group * p.tiles()
	i0, j0 := item%p.rowItems()*p.mc, x.jc+item/p.rowItems()*p.nc
	m, n := min(p.mc, p.m-i0), min(p.nc, p.n-j0)
	if x.diagonal != full && i0 >= j0+n {
		return
	}
	c, ldc, accumulate := x.c[i0*x.ldc+j0:], x.ldc, x.accumulate
	if x.source == packedByItem {
		c, ldc, accumulate = x.scratch.shared[group*p.m*p.n+i0*p.n+j0:], p.n, false
	}
	private := x.scratch.worker(worker)
	last := min(p.k, (group+1)*p.perK)
	for p0 := group * p.perK; p0 < last; p0 += p.kc {
		b := block[T]{m: m, n: n, k: min(p.kc, last-p0), c: &c[0], ldc: ldc, accumulate: accumulate, diagonal: full}
		if x.diagonal != full {
			b.diagonal = i0 - j0
		}
		x.pass(&b, i0, j0, p0, private)
		accumulate = true
	}
}

// pass packs what item's pass over k from p0 on needs, and runs it.
func (x *product[T]) pass(b *block[T], i0, j0, p0 int, private []T) {
	g, k := x.g, x.plan.k
	a := x.a[i0*x.rsa+p0*x.csa:]
	if x.packA {
		g.packA(private, a, x.rsa, x.csa, b.m, b.k)
		b.a, b.rsa, b.csa, b.panelA = &private[0], 1, g.MR, g.MR*b.k
		private = private[roundUp(roundUp(x.plan.mc, g.MR)*x.plan.kc+slack, alignment):]
	} else {
		b.a, b.rsa, b.csa, b.panelA = &a[0], x.rsa, x.csa, g.MR*x.rsa
	}
	switch x.source {
	case packedOnce:
		b.b, b.ldb, b.panelB = &x.scratch.shared[(j0-x.jc)*k+p0*g.NR], g.NR, k*g.NR
	case packedByItem:
		g.packPanels(private, b.k*g.NR, x.b[p0*x.rsb+j0*x.csb:], x.rsb, x.csb, b.k, b.n)
		b.b, b.ldb, b.panelB = &private[0], g.NR, b.k*g.NR
	case unpacked:
		x.passUnpacked(b, x.b[p0*x.rsb+j0:], private)
		return
	}
	g.block(b)
}

// passUnpacked runs the full panels on B as it lies and packs the columns that are left.
func (x *product[T]) passUnpacked(blk *block[T], b, private []T) {
	g, n := x.g, blk.n
	edge := n % g.NR
	if n > edge {
		blk.n, blk.b, blk.ldb, blk.panelB = n-edge, &b[0], x.rsb, g.NR
		g.block(blk)
	}
	if edge > 0 {
		clear(private[:blk.k*g.NR])
		packStrided(private, b[n-edge:], x.rsb, 1, blk.k, edge, g.NR)
		blk.n, blk.b, blk.ldb, blk.panelB = edge, &private[0], g.NR, blk.k*g.NR
		blk.c = at(blk.c, n-edge)
		g.block(blk)
	}
}

// sumGroups adds the partial results of row i to C's, always in the same order.
func sumGroups[T Float](p *plan, sums, row []T, i int, accumulate bool) {
	for group := range p.groups {
		put(row[:p.n], sums[(group*p.m+i)*p.n:], accumulate || group > 0)
	}
}

// each runs the n items of a stage on the pool.
func (x *product[T]) each(s stage, n int) {
	x.stage = s
	if x.pool == nil || n == 1 {
		for i := range n {
			x.body(0, i)
		}
		return
	}
	x.pool.For(n, x.body)
}

func threads(pool *par.Pool) int {
	if pool == nil {
		return 1
	}
	return pool.Threads()
}
