package gemm

import "cmp"

// Blocking, found by measurement.
const (
	// panelBytes is a panel of B, as large as the smallest first-level caches. With what passes by it does not stay
	// there, but the second level delivers it in time, and C is read and written half as often as with a panel that
	// would stay.
	panelBytes = 32 << 10
	// blockBytes is the rows of A that meet a panel, half of a 512 KiB second-level cache; and that many at most, a
	// multiple of every kernel's MR.
	blockBytes = 252 << 10
	rows       = 252
	cols       = 4096
	// items is how many pieces of work a product is cut into where it is large enough: some for each of many workers.
	items = 16
	// grain is the multiplications below which a piece is not worth handing to a worker, about 20 µs.
	grain = 1 << 20
	// sharedB is the elements of packed B that are kept at once.
	sharedB = 4 << 20
	// partials is the elements of partial results that splitting k may take.
	partials = 1 << 20
	// shortest is half of the length of a sum that pays for being cut.
	shortest = 512
)

// plan is how a product is cut. It depends on the shape and the kernel alone; of its fields only kc and groups
// change how sums are rounded.
type plan struct {
	m, n, k int
	mc, nc  int // the piece of C that is one item
	kc      int // the depth of a pass
	groups  int // pieces that k is cut into, each summed by itself
	perK    int // the length of a piece, a multiple of kc
}

// tile is what the cuts depend on beside the shape: rows and columns of the largest tile, bytes of a packed element,
// the steps of k that packing fills up to, and the most columns of a piece, 0 for cols.
type tile struct{ mr, nr, size, deep, cols int }

func (g *Kernel[T]) plan(m, n, k int) plan {
	return tile{mr: g.MR, nr: g.NR, size: g.size(), deep: 1}.plan(m, n, k)
}

// plan chooses the cuts of a product with m, n, k > 0.
func (t tile) plan(m, n, k int) plan {
	p := plan{m: m, n: n, k: k, groups: 1, perK: k}
	p.kc = roundUp(ceilDiv(k, ceilDiv(k, panelBytes/(t.nr*t.size))), t.deep)
	p.mc = even(m, min(rows, blockBytes/(p.kc*t.size)/t.mr*t.mr), t.mr)
	p.nc = even(n, cmp.Or(t.cols, cols), t.nr)
	if k >= 4*max(m, n) && k >= 2*shortest {
		p.split()
	}
	// Rows first: each piece packs its rows of A once, and a few tiles of rows are enough to use a panel of B well.
	// Pieces beside each other pack the same rows, which pays for large ones only.
	for p.count() < items && p.mc*p.nc*p.perK >= 2*grain {
		switch {
		case p.mc > 8*t.mr:
			p.mc = even(m, p.mc/2, t.mr)
		case p.nc > 4*t.nr && p.mc*p.nc*p.perK >= 4*grain:
			p.nc = even(n, p.nc/2, t.nr)
		default:
			return p
		}
	}
	return p
}

// split cuts a long sum over k where C alone gives too few items.
func (p *plan) split() {
	want := ceilDiv(items, p.tiles())
	want = min(want, ceilDiv(p.k, shortest), max(1, partials/(p.m*p.n)))
	p.perK = roundUp(ceilDiv(p.k, want), p.kc)
	p.groups = ceilDiv(p.k, p.perK)
}

// even cuts length into equal parts of at most limit, rounded up to whole tiles.
func even(length, limit, tile int) int {
	return roundUp(ceilDiv(length, ceilDiv(length, limit)), tile)
}

func (p *plan) rowItems() int { return ceilDiv(p.m, p.mc) }
func (p *plan) colItems() int { return ceilDiv(p.n, p.nc) }
func (p *plan) tiles() int    { return p.rowItems() * p.colItems() }
func (p *plan) count() int    { return p.tiles() * p.groups }

// columns is how many columns of B are packed at once when all workers share them: whole items.
func (p *plan) columns() int {
	return min(p.colItems(), max(1, sharedB/(p.k*p.nc))) * p.nc
}
