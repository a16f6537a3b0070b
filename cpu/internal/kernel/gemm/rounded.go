package gemm

import (
	"sync"
	"unsafe"

	"github.com/atelier-go/atelier/cpu/internal/isa"
	"github.com/atelier-go/atelier/cpu/internal/kernel/bf16"
	"github.com/atelier-go/atelier/cpu/internal/par"
)

// Rounded multiplies as Kernel does, but rounds the elements of A and B to bfloat16 while it packs them: the contract is
// that of package bf16. Where a level has no kernel for that, NewRounded returns nil.
type Rounded struct {
	*bf16.Kernel
	products sync.Pool // of *rounded
}

// NewRounded returns the products of a kernel of package bf16.
func NewRounded(k *bf16.Kernel) *Rounded { return &Rounded{Kernel: k} }

// roundedOf is made when it is first wanted: looking for tiles asks the operating system for them.
var roundedOf = sync.OnceValue(func() (t [len(table)]*Rounded) {
	for l := range t {
		if k := bf16.For(isa.Level(l)); k != nil {
			t[l] = NewRounded(k)
		}
	}
	return t
})

// RoundedFor returns the kernel of a level, or nil where this machine has none for it.
func RoundedFor(l isa.Level) *Rounded { return roundedOf()[l] }

// Title is how explanations call an operation of this kernel.
func (g *Rounded) Title(operation string) string { return operation + " of " + g.Name }

// RoundingPays reports whether a product of this shape is faster rounded, with AVX512-BF16: packing a row-major B, which
// Kernel's products of few rows leave where it is, takes as long as some rows of the product.
func RoundingPays(m, n, k int) bool { return m >= payingRows && m*n*k >= payingProducts }

const (
	payingRows     = 8
	payingProducts = 1 << 15
)

// tileCols is the columns of a piece of C that tiles compute: they add a pass over k to it faster than it comes from
// beyond the second-level cache, where it has to stay with the A and B of the pass, 1.2 MiB in all. It is reckoned and
// not measured.
const tileCols = 512

// plan is Kernel.plan for packed bfloat16.
func (g *Rounded) plan(m, n, k int) plan {
	t := tile{mr: g.Rows, nr: bf16.NR, size: 2, deep: bf16.Depth}
	if g.Tiled() {
		t.cols = tileCols
	}
	return t.plan(m, n, k)
}

// sharedA is the elements up to which A is packed as a whole.
const sharedA = 4 << 20

// Gemm is Kernel.Gemm with rounded operands.
func (g *Rounded) Gemm(pool *par.Pool, ws *Workspace, m, n, k int, a []float32, rsa, csa int, b []float32, rsb, csb int,
	c []float32, ldc int, accumulate bool) {
	g.GemmOperands(pool, ws, m, n, k, bf16.Operand{Floats: a}, rsa, csa, bf16.Operand{Floats: b}, rsb, csb, c, ldc, accumulate)
}

// GemmOperands is Gemm of operands that may have been rounded before.
func (g *Rounded) GemmOperands(pool *par.Pool, ws *Workspace, m, n, k int, a bf16.Operand, rsa, csa int, b bf16.Operand, rsb, csb int,
	c []float32, ldc int, accumulate bool) {
	if m <= 0 || n <= 0 {
		return
	}
	checkMatrix("Gemm: a", a.Len(), m, k, rsa, csa)
	checkMatrix("Gemm: b", b.Len(), k, n, rsb, csb)
	checkOutput("Gemm: c", len(c), m, n, ldc)
	if k <= 0 {
		emptySum(m, n, c, ldc, accumulate)
		return
	}
	x := g.newProduct(roundedCall{
		plan: g.plan(m, n, k), pool: pool, diagonal: full,
		a: a, rsa: rsa, csa: csa, b: b, rsb: rsb, csb: csb, c: c, ldc: ldc, accumulate: accumulate,
	})
	defer x.free()
	x.take(ws)
	x.run()
}

// WorkspaceSize is the bytes of workspace that Gemm takes for a product of this shape on a number of threads.
func (g *Rounded) WorkspaceSize(m, n, k, threads int) int {
	if m <= 0 || n <= 0 || k <= 0 {
		return 0
	}
	x := rounded{g: g, roundedCall: roundedCall{plan: g.plan(m, n, k), diagonal: full}}
	return x.need().bytes(4, threads)
}

// Syrk is Kernel.Syrk with A rounded.
func (g *Rounded) Syrk(pool *par.Pool, ws *Workspace, n, k int, a []float32, rs, cs int, c []float32, ldc int, accumulate bool) {
	g.SyrkOperand(pool, ws, n, k, bf16.Operand{Floats: a}, rs, cs, c, ldc, accumulate)
}

// SyrkOperand is Syrk of an operand that may have been rounded before.
func (g *Rounded) SyrkOperand(pool *par.Pool, ws *Workspace, n, k int, a bf16.Operand, rs, cs int, c []float32, ldc int, accumulate bool) {
	if n <= 0 {
		return
	}
	checkMatrix("Syrk: a", a.Len(), k, n, rs, cs)
	checkOutput("Syrk: c", len(c), n, n, ldc)
	if k <= 0 {
		emptySum(n, n, c, ldc, accumulate)
		return
	}
	x := g.newProduct(roundedCall{
		plan: g.plan(n, n, k), pool: pool,
		a: a, rsa: cs, csa: rs, b: a, rsb: rs, csb: cs, c: c, ldc: ldc, accumulate: accumulate,
	})
	defer x.free()
	x.take(ws)
	x.each(stageTiles, x.plan.count())
	x.each(stageFold, n)
	x.each(stageMirror, n)
}

// SyrkWorkspaceSize is the bytes of workspace that Syrk takes for a product of this shape on a number of threads.
func (g *Rounded) SyrkWorkspaceSize(n, k, threads int) int {
	if n <= 0 || k <= 0 {
		return 0
	}
	x := rounded{g: g, roundedCall: roundedCall{plan: g.plan(n, n, k)}}
	return x.need().bytes(4, threads)
}

// rounded computes one call at a time. It is kept for the next: body is bound once.
type rounded struct {
	g    *Rounded
	body func(worker, item int)
	roundedCall
}

// roundedCall is the operands of one call, and how far it is.
type roundedCall struct {
	plan plan
	pool *par.Pool

	a          bf16.Operand
	rsa, csa   int
	b          bf16.Operand
	rsb, csb   int
	c          []float32
	ldc        int
	accumulate bool
	diagonal   int // full, or 0 for the upper triangle alone

	scratch scratch[float32]
	jc      int // the first column that is packed now
	columns int // and how many from there on
	stage   stage
}

func (g *Rounded) newProduct(c roundedCall) *rounded {
	x, ok := g.products.Get().(*rounded)
	if !ok {
		x = &rounded{g: g}
		x.body = x.step
	}
	x.roundedCall = c
	return x
}

func (x *rounded) free() {
	x.roundedCall = roundedCall{}
	x.g.products.Put(x)
}

func (x *rounded) take(ws *Workspace) {
	if ws == nil {
		ws = new(Workspace)
	}
	x.scratch = cut[float32](ws, x.need(), threads(x.pool))
}

// partial reports whether sums go to shared memory first: those over parts of k, and those of one triangle.
func (x *rounded) partial() bool { return x.plan.groups > 1 || x.diagonal != full }

// packsAhead reports whether B is packed before the items, for all of them: where several need the same part.
func (x *rounded) packsAhead() bool { return !x.partial() && x.plan.rowItems() > 1 }

// packsBothAhead reports whether A is packed before the items as well: with tiles an item takes about as long as packing its
// rows, which items beside each other would do again.
func (x *rounded) packsBothAhead() bool {
	p := &x.plan
	return x.g.Tiled() && x.packsAhead() && p.colItems() > 1 && bf16.SizeA(p.m, p.k) <= sharedA
}

// aheadAt is where B, packed ahead, begins in shared memory: behind A.
func (x *rounded) aheadAt() int {
	if x.packsBothAhead() {
		return roundUp(bf16.SizeA(x.plan.m, x.plan.k)/2, alignment)
	}
	return 0
}

// need is the workspace.
func (x *rounded) need() need {
	p := &x.plan
	var n need
	if !x.packsBothAhead() {
		n.private = bf16.SizeA(p.mc, p.kc) / 2
	}
	switch {
	case x.packsAhead():
		n.shared = x.aheadAt() + bf16.SizeB(p.k, p.columns())/2
	case x.partial():
		n.shared = p.groups * p.m * p.n
	}
	if !x.packsAhead() {
		n.private = roundUp(n.private, alignment) + bf16.SizeB(p.kc, p.nc)/2
	}
	return n
}

func (x *rounded) run() {
	p := &x.plan
	if !x.packsAhead() {
		x.each(stageTiles, p.count())
		if x.partial() {
			x.each(stageSum, p.m)
		}
		return
	}
	if x.packsBothAhead() {
		x.each(stagePackA, p.rowItems()*ceilDiv(p.k, p.kc))
	}
	width := p.columns()
	for x.jc = 0; x.jc < p.n; x.jc += width {
		x.columns = min(width, p.n-x.jc)
		x.each(stagePack, ceilDiv(p.k, slice)*ceilDiv(x.columns, stripe*bf16.NR))
		x.each(stageTiles, p.rowItems()*ceilDiv(x.columns, p.nc))
	}
}

// step is item i of the current stage.
func (x *rounded) step(worker, i int) {
	switch x.stage {
	case stageTiles:
		x.item(worker, i)
	case stagePackA:
		i0, p0 := i%x.plan.rowItems()*x.plan.mc, i/x.plan.rowItems()*x.plan.kc
		x.packA(x.aheadA(i0, p0), i0, p0, min(x.plan.mc, x.plan.m-i0), min(x.plan.kc, x.plan.k-p0))
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

// packPiece packs item i of the columns from jc on: a stripe of panels, of a slice of rows.
func (x *rounded) packPiece(i int) {
	k := roundUp(x.plan.k, bf16.Depth)
	stripes := ceilDiv(x.columns, stripe*bf16.NR)
	j, p := i%stripes*stripe*bf16.NR, i/stripes*slice
	b := halves(x.scratch.shared[x.aheadAt():])
	x.packPanels(b[j*k+p*bf16.NR:], k*bf16.NR, p, x.jc+j, min(slice, x.plan.k-p), min(stripe*bf16.NR, x.columns-j))
}

// packPanels packs n columns from j on of k rows of B from p on, into panels that lie apart elements apart.
func (x *rounded) packPanels(dst []uint16, apart, p, j, k, n int) {
	b := x.b.From(p*x.rsb + j*x.csb)
	if b.Halved() {
		bf16.PackPanels(x.g.Kernel, dst, apart, b.Halves, x.rsb, x.csb, k, n)
	} else {
		bf16.PackPanels(x.g.Kernel, dst, apart, b.Floats, x.rsb, x.csb, k, n)
	}
}

// packA packs m rows from i on of k columns of A from p on.
func (x *rounded) packA(dst []uint16, i, p, m, k int) {
	a := x.a.From(i*x.rsa + p*x.csa)
	if a.Halved() {
		bf16.PackA(x.g.Kernel, dst, a.Halves, x.rsa, x.csa, m, k)
	} else {
		bf16.PackA(x.g.Kernel, dst, a.Floats, x.rsa, x.csa, m, k)
	}
}

// aheadA is where the rows of A from i on, which are an item's, are packed ahead for the pass over k from p on. A pass has all
// rows, and the passes follow each other.
func (x *rounded) aheadA(i, p int) []uint16 {
	return halves(x.scratch.shared)[bf16.SizeA(x.plan.m, p)+bf16.SizeA(i, min(x.plan.kc, x.plan.k-p)):]
}

// item computes one piece of C over one piece of k.
func (x *rounded) item(worker, item int) {
	p := &x.plan
	group := item / p.tiles()
	item -= group * p.tiles()
	i0, j0 := item%p.rowItems()*p.mc, x.jc+item/p.rowItems()*p.nc
	m, n := min(p.mc, p.m-i0), min(p.nc, p.n-j0)
	if x.diagonal != full && i0 >= j0+n {
		return
	}
	c, ldc, accumulate := x.c[i0*x.ldc+j0:], x.ldc, x.accumulate
	if x.partial() {
		c, ldc, accumulate = x.scratch.shared[group*p.m*p.n+i0*p.n+j0:], p.n, false
	}
	diagonal := full
	if x.diagonal != full {
		diagonal = i0 - j0
	}
	private := x.scratch.worker(worker)
	last := min(p.k, (group+1)*p.perK)
	for p0 := group * p.perK; p0 < last; p0 += p.kc {
		k := min(p.kc, last-p0)
		var a []uint16
		if x.packsBothAhead() {
			a = x.aheadA(i0, p0)
		} else {
			a = halves(private)
			x.packA(a, i0, p0, m, k)
		}
		b, apart := x.packed(private, p0, j0, k, n)
		x.g.Panels(m, n, k, a, b, apart, c, ldc, accumulate, diagonal)
		accumulate = true
	}
}

// packed is B's columns [j0, j0+n) over steps [p0, p0+k), and how far its panels lie apart.
func (x *rounded) packed(private []float32, p0, j0, k, n int) (b []uint16, apart int) {
	if x.packsAhead() {
		deep := roundUp(x.plan.k, bf16.Depth)
		return halves(x.scratch.shared[x.aheadAt():])[(j0-x.jc)*deep+p0*bf16.NR:], deep * bf16.NR
	}
	b = halves(private[roundUp(bf16.SizeA(x.plan.mc, x.plan.kc)/2, alignment):])
	apart = bf16.SizeB(k, 1)
	x.packPanels(b, apart, p0, j0, k, n)
	return b, apart
}

func (x *rounded) each(s stage, n int) {
	x.stage = s
	if x.pool == nil || n == 1 {
		for i := range n {
			x.body(0, i)
		}
		return
	}
	x.pool.For(n, x.body)
}

// halves is memory of float32 as bfloat16, two for each.
func halves(x []float32) []uint16 {
	return unsafe.Slice((*uint16)(unsafe.Pointer(unsafe.SliceData(x))), 2*len(x))
}
