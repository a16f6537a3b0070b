package gemm

import "github.com/atelier-go/atelier/cpu/internal/par"

// Syrk computes C (+)= AᵀA, with A's element (p,j) of k×n at a[p*rs+j*cs] and C's (i,j) of n×n at c[i*ldc+j]: each
// pair (i,j), (j,i) is computed once, so the sums are exactly symmetric. pool, ws and panics are as for Gemm.
func (g *Kernel[T]) Syrk(pool *par.Pool, ws *Workspace, n, k int, a []T, rs, cs int, c []T, ldc int, accumulate bool) {
	if n <= 0 {
		return
	}
	checkMatrix("Syrk: a", len(a), k, n, rs, cs)
	checkOutput("Syrk: c", len(c), n, n, ldc)
	if k <= 0 {
		emptySum(n, n, c, ldc, accumulate)
		return
	}
	x := g.newProduct()
	defer x.free()
	x.call = g.syrk(n, k)
	x.pool = pool
	x.a, x.rsa, x.csa = a, cs, rs
	x.b, x.rsb, x.csb = a, rs, cs
	x.c, x.ldc, x.accumulate = c, ldc, accumulate
	if ws == nil {
		ws = new(Workspace)
	}
	x.scratch = cut[T](ws, x.need(), threads(pool))
	x.each(stageTiles, x.plan.count())
	x.each(stageFold, n)
	x.each(stageMirror, n)
}

// SyrkWorkspaceSize is the bytes of workspace that Syrk takes for a product of this shape on a number of threads.
func (g *Kernel[T]) SyrkWorkspaceSize(n, k, threads int) int {
	if n <= 0 || k <= 0 {
		return 0
	}
	x := product[T]{g: g, call: g.syrk(n, k)}
	return x.need().bytes(g.size(), threads)
}

// syrk is a product of which the upper triangle goes to partial results, of which there may be only one.
func (g *Kernel[T]) syrk(n, k int) call[T] {
	return call[T]{plan: g.plan(n, n, k), source: packedByItem, packA: true, diagonal: 0}
}

// foldGroups adds the partial results of row i, from the diagonal on, in order, to the first.
func foldGroups[T Float](p *plan, sum []T, i int) {
	n := p.n
	row := sum[i*n:][i:n]
	for group := 1; group < p.groups; group++ {
		put(row, sum[group*n*n+i*n+i:], true)
	}
}

// mirror writes row i of C from the upper triangle of the sum.
func mirror[T Float](p *plan, sum, row []T, i int, accumulate bool) {
	n := p.n
	row = row[:n]
	for j := range row[:i] {
		row[j] = sumInto(row[j], sum[j*n+i], accumulate)
	}
	put(row[i:], sum[i*n+i:], accumulate)
}

func sumInto[T Float](old, sum T, accumulate bool) T {
	if accumulate {
		return old + sum
	}
	return sum
}
