package gemm

import (
	"math"
	"unsafe"

	"github.com/atelier-go/atelier/cpu/internal/isa"
)

// Block computes C (+)= A·B for one cache block on the calling goroutine: A with element (i,p) at a[i*rsa+p*csa], B
// as PackB(k, n) leaves it, C with element (i,j) at c[i*ldc+j]. It touches no element of a or c outside the m×k
// and m×n that the shapes name. It panics when a slice is too short.
func (g *Kernel[T]) Block(m, n, k int, a []T, rsa, csa int, packedB []T, c []T, ldc int, accumulate bool) {
	if m <= 0 || n <= 0 {
		return
	}
	checkMatrix("Block: a", len(a), m, k, rsa, csa)
	checkOutput("Block: c", len(c), m, n, ldc)
	if k <= 0 {
		emptySum(m, n, c, ldc, accumulate)
		return
	}
	if len(packedB) < g.PackedSizeB(k, n) {
		panic("gemm: Block: packedB is too short")
	}
	g.block(&block[T]{
		m: m, n: n, k: k,
		a: unsafe.SliceData(a), rsa: rsa, csa: csa, panelA: g.MR * rsa,
		b: unsafe.SliceData(packedB), panelB: k * g.NR, ldb: g.NR,
		c: unsafe.SliceData(c), ldc: ldc, accumulate: accumulate,
		diagonal: full,
	})
}

// block is the operands of Kernel.block. Strides are in elements; panelA and panelB lead from one group of MR rows of
// A or NR columns of B to the next.
type block[T Float] struct {
	m, n, k          int
	a                *T
	rsa, csa, panelA int
	b                *T
	panelB, ldb      int
	c                *T
	ldc              int
	accumulate       bool
	// diagonal is the column of the whole matrix's diagonal in row 0 of this block: tiles that lie wholly to the
	// left of the diagonal are skipped.
	diagonal int
}

// full is the diagonal that skips nothing.
const full = math.MinInt / 2

// block computes tile after tile.
func (g *Kernel[T]) block(x *block[T]) {
	if x.k*x.n <= smallB {
		g.rowsFirst(x)
	} else {
		g.panelsFirst(x)
	}
}

// rowsFirst passes all of B by MR rows of A after the other, and asks for the next ones meanwhile if they lie apart
// in memory.
func (g *Kernel[T]) rowsFirst(x *block[T]) {
	var edge [maxTile]T
	for i := 0; i < x.m; i += g.MR {
		if x.csa == 1 && i+g.MR < x.m {
			g.prefetch(x.a, (i/g.MR+1)*x.panelA, x.rsa, g.MR, x.k)
		}
		for j := 0; j < x.n; j += g.NR {
			g.tile(x, i, j, &edge)
		}
	}
}

// panelsFirst passes all rows of A by one panel of B after the other, and asks for the next panel meanwhile, a piece
// with each tile.
func (g *Kernel[T]) panelsFirst(x *block[T]) {
	var edge [maxTile]T
	piece := ceilDiv(x.k*g.NR, ceilDiv(x.m, g.MR))
	for j := 0; j < x.n; j += g.NR {
		next := (j/g.NR + 1) * x.panelB
		for i := g.column(x, j); i < x.m; i += g.MR {
			if x.ldb == g.NR && j+g.NR < x.n {
				g.prefetch(x.b, next+i/g.MR*piece, 0, 1, piece)
			}
			g.tile(x, i, j, &edge)
		}
	}
}

// column computes the whole tiles of a panel of B where both operands are packed and there is assembly for it, and
// returns the row after them.
func (g *Kernel[T]) column(x *block[T], j int) int {
	packed := x.rsa == 1 && x.csa == g.MR && x.panelA == g.MR*x.k && x.ldb == g.NR
	if !packed || j+g.NR > x.n || g.ISA == isa.Portable {
		return 0
	}
	// Tiles to the left of the diagonal are the last ones.
	tiles := min(x.m/g.MR, ceilDiv(max(0, j+g.NR-x.diagonal), g.MR))
	if tiles == 0 {
		return 0
	}
	b, size := at(x.b, j/g.NR*x.panelB), g.size()
	// All of the next panel in the time of this one, but no line left out.
	pace := min(cacheLine, ceilDiv(x.k*g.NR*size, max(1, tiles*(x.k/panelTurn))))
	panelAsm(g.ISA, tiles, x.k, x.a, b, at(x.c, j), x.ldc, uintptr(unsafe.Pointer(b))+uintptr(x.panelB*size), pace, x.accumulate)
	return tiles * g.MR
}

// panelTurn is the steps of k after which a panel's function asks for another cache line.
const panelTurn = 8

// prefetch asks for rows of n elements, ld elements apart, from p[offset] on.
func (g *Kernel[T]) prefetch(p *T, offset, ld, rows, n int) {
	size := g.size()
	prefetchAsm(g.ISA, uintptr(unsafe.Pointer(p))+uintptr(offset*size), ld*size, rows, ceilDiv(n*size, cacheLine))
}

// smallB is the elements of B, an eighth of a 512 KiB second-level cache, up to which all of B passes by a few rows
// of A, so that A and C come from and go to memory at an even pace. Beyond, all rows of A pass by a panel of B that
// the first-level cache holds.
const smallB = 1 << 14

// tile computes the tile at row i and column j. Columns that do not fill a panel go through a tile on the stack,
// whose sums are formed as in the others.
func (g *Kernel[T]) tile(x *block[T], i, j int, edge *[maxTile]T) {
	rows, cols := min(g.MR, x.m-i), min(g.NR, x.n-j)
	if i+x.diagonal >= j+cols {
		return
	}
	a := at(x.a, i/g.MR*x.panelA)
	b := at(x.b, j/g.NR*x.panelB)
	c := at(x.c, i*x.ldc+j)
	if cols == g.NR {
		g.Run(rows, x.k, a, x.rsa, x.csa, b, x.ldb, c, x.ldc, x.accumulate)
		return
	}
	g.Run(rows, x.k, a, x.rsa, x.csa, b, x.ldb, &edge[0], g.NR, false)
	for r := range rows {
		put(unsafe.Slice(at(c, r*x.ldc), cols), edge[r*g.NR:], x.accumulate)
	}
}

func put[T Float](c, sums []T, accumulate bool) {
	sums = sums[:len(c)]
	if !accumulate {
		copy(c, sums)
		return
	}
	for j, s := range sums {
		c[j] += s
	}
}

// emptySum is the product for k = 0.
func emptySum[T Float](m, n int, c []T, ldc int, accumulate bool) {
	if accumulate {
		return
	}
	for i := range m {
		clear(c[i*ldc:][:n])
	}
}

func at[T Float](p *T, i int) *T {
	return (*T)(unsafe.Add(unsafe.Pointer(p), i*int(unsafe.Sizeof(*p))))
}
