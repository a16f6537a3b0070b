package amx

import (
	"math"

	"github.com/atelier-go/atelier/cpu/internal/par"
)

// Blocking for a first-level cache of 48 KiB and a second level of 2 MiB, which every processor with AMX has.
const (
	// deepest is the tiles of k that a panel of B and 32 rows of A, together 4 KiB for each tile, may have to stay in
	// the first level while the next rows of A come in.
	deepest = 11
	// widest is the rows and columns of a piece of C: 1 MiB, which stays in the second level while all of k passes,
	// beside 352 KiB each of A and B.
	widest = 512
	// items is how many pieces of work a product is cut into where it is large enough: some for each of many workers.
	items = 16
)

// Multiply computes C (+)= A·B for packed A and B, with C's element (i,j) at c[i*ldc+j], on the workers of pool; a nil
// pool means the calling goroutine alone, as inside a body of par.For. It panics when a slice is too short.
func (g *Kernel) Multiply(pool *par.Pool, m, n, k int, a, b []uint16, c []float32, ldc int, accumulate bool) {
	if m <= 0 || n <= 0 {
		return
	}
	checkOutput(len(c), m, n, ldc)
	if k <= 0 {
		emptySum(m, n, c, ldc, accumulate)
		return
	}
	if len(a) < PackedSizeA(m, k) || len(b) < PackedSizeB(k, n) {
		panic("amx: Multiply: a packed operand is too short")
	}
	x := newProduct(g, m, n, k, a, b, c, ldc, accumulate)
	if pool == nil {
		for i := range x.count() {
			x.item(0, i)
		}
		return
	}
	pool.For(x.count(), x.item)
}

// product is one call of Multiply. It is cut by its shape alone.
type product struct {
	g          *Kernel
	m, n       int
	tiles      int // of k
	mc, nc, kc int // rows and columns of an item, tiles of k of a pass over it
	a, b       []uint16
	c          []float32
	ldc        int
	accumulate bool
}

func newProduct(g *Kernel, m, n, k int, a, b []uint16, c []float32, ldc int, accumulate bool) *product {
	x := &product{g: g, m: m, n: n, tiles: ceilDiv(k, Depth), a: a, b: b, c: c, ldc: ldc, accumulate: accumulate}
	x.kc = ceilDiv(x.tiles, ceilDiv(x.tiles, deepest))
	x.mc, x.nc = even(m, widest), even(n, widest)
	for x.count() < items && max(x.mc, x.nc) > ColumnsB {
		if x.mc >= x.nc {
			x.mc = even(m, x.mc/2)
		} else {
			x.nc = even(n, x.nc/2)
		}
	}
	return x
}

// even cuts length into equal parts of at most limit, rounded up to the side of a block.
func even(length, limit int) int {
	const block = 32
	return ceilDiv(ceilDiv(length, ceilDiv(length, limit)), block) * block
}

func (x *product) rowItems() int { return ceilDiv(x.m, x.mc) }
func (x *product) count() int    { return x.rowItems() * ceilDiv(x.n, x.nc) }

// item computes piece i of C, all of k.
func (x *product) item(_, i int) {
	i0, j0 := i%x.rowItems()*x.mc, i/x.rowItems()*x.nc
	rows, right := min(x.mc, x.m-i0), min(j0+x.nc, x.n)
	panelA, panelB := x.tiles*tileA, x.tiles*tileB
	for t := 0; t < x.tiles; t += x.kc {
		depth := min(x.kc, x.tiles-t)
		a := &x.a[i0/RowsA*panelA+t*tileA]
		for j := j0; j < right; j += ColumnsB {
			x.g.Panel(rows, min(ColumnsB, right-j), depth, a, panelA, &x.b[j/ColumnsB*panelB+t*tileB],
				&x.c[i0*x.ldc+j], x.ldc, x.accumulate || t > 0)
		}
	}
}

// checkOutput panics unless a slice of the given length holds C.
func checkOutput(length, m, n, ldc int) {
	if m > 1 && ldc < n {
		panic("amx: Multiply: rows of c overlap")
	}
	if ldc > math.MaxInt/m || (m-1)*ldc+n > length {
		panic("amx: Multiply: c is too short for its shape and distance of rows")
	}
}

// emptySum is the product for k = 0.
func emptySum(m, n int, c []float32, ldc int, accumulate bool) {
	if accumulate {
		return
	}
	for i := range m {
		clear(c[i*ldc:][:n])
	}
}
