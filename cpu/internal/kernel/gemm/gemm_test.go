package gemm

import (
	"math"
	"slices"
	"testing"
	"unsafe"

	"github.com/atelier-go/atelier/cpu/internal/par"
)

func TestRun(t *testing.T) { eachKernel(t, testRun[float32], testRun[float64]) }

func testRun[T Float](t *testing.T, g *Kernel[T]) {
	for mr := 1; mr <= g.MR; mr++ {
		for _, k := range []int{0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 64} {
			for _, layout := range layouts {
				for _, accumulate := range []bool{false, true} {
					r := random(mr, k)
					rsa, csa := strides(layout, mr, k)
					a := newMatrix[T](mr, k, rsa, csa, 1).fill(r)
					b := newMatrix[T](k, g.NR, g.NR+k%3, 1, 3).fill(r)
					c0 := newMatrix[T](mr, g.NR, g.NR+k%5, 1, 5).fill(r)
					c := c0.clone()
					g.Run(mr, k, unsafe.SliceData(a.data()), rsa, csa, unsafe.SliceData(b.data()), b.rs,
						unsafe.SliceData(c.data()), c.rs, accumulate)
					check(t, label(g.Name, " mr=", mr, " ", layout, " accumulate=", accumulate), a, b, c0, c, accumulate)
				}
			}
		}
	}
}

func TestBlock(t *testing.T) { eachKernel(t, testBlock[float32], testBlock[float64]) }

func testBlock[T Float](t *testing.T, g *Kernel[T]) {
	for _, m := range []int{1, g.MR - 1, g.MR, g.MR + 1, 3*g.MR + 2} {
		for _, n := range []int{1, g.NR - 1, g.NR, g.NR + 1, 2*g.NR + 3} {
			for _, k := range []int{0, 1, 6, 33} {
				for _, layout := range layouts {
					accumulate := (m+n+k)%2 == 0
					r := random(m, n, k)
					rsa, csa := strides(layout, m, k)
					a := newMatrix[T](m, k, rsa, csa, 2).fill(r)
					rsb, csb := strides(layouts[(m+n)%len(layouts)], k, n)
					b := newMatrix[T](k, n, rsb, csb, 3).fill(r)
					c0 := newMatrix[T](m, n, n+m%3, 1, 7).fill(r)
					c := c0.clone()
					packed := make([]T, g.PackedSizeB(k, n))
					g.PackB(packed, b.data(), rsb, csb, k, n)
					g.Block(m, n, k, a.data(), rsa, csa, packed, c.data(), c.rs, accumulate)
					check(t, label(g.Name, " ", layout, " accumulate=", accumulate), a, b, c0, c, accumulate)
				}
			}
		}
	}
}

// TestBlockPacked has columns of tiles on packed operands give the same bits as tiles by themselves, whatever is left
// over at the edges, and leave out those to the left of the diagonal.
func TestBlockPacked(t *testing.T) { eachKernel(t, testBlockPacked[float32], testBlockPacked[float64]) }

func testBlockPacked[T Float](t *testing.T, g *Kernel[T]) {
	depths := []int{1, 7, 8, 9, 64, 300}
	if testing.Short() {
		depths = []int{1, 7, 8, 9, 67}
	}
	for _, m := range []int{1, g.MR, 3*g.MR + 2, 9 * g.MR} {
		for _, n := range []int{g.NR - 1, g.NR, 3*g.NR + 3} {
			for _, k := range depths {
				for _, diagonal := range []int{full, 0, -g.MR, g.NR + 1, 1000} {
					accumulate := (m+n+k)%2 == 0
					r := random(m, n, k)
					a := newMatrix[T](m, k, k, 1, 2).fill(r)
					b := newMatrix[T](k, n, n, 1, 3).fill(r)
					packedA, packedB := make([]T, roundUp(m, g.MR)*k+slack), make([]T, g.PackedSizeB(k, n))
					g.packA(packedA, a.data(), k, 1, m, k)
					g.PackB(packedB, b.data(), n, 1, k, n)
					c0 := newMatrix[T](m, n, n+3, 1, 7).fill(r)
					got, want := c0.clone(), c0.clone()
					x := block[T]{
						m: m, n: n, k: k, a: &packedA[0], rsa: 1, csa: g.MR, panelA: g.MR * k,
						b: &packedB[0], panelB: k * g.NR, ldb: g.NR,
						c: got.at(0, 0), ldc: got.rs, accumulate: accumulate, diagonal: diagonal,
					}
					g.panelsFirst(&x)
					x.c = want.at(0, 0)
					var edge [maxTile]T
					for j := 0; j < n; j += g.NR {
						for i := 0; i < m; i += g.MR {
							g.tile(&x, i, j, &edge)
						}
					}
					if !slices.Equal(got.buffer, want.buffer) {
						t.Fatalf("%s m=%d n=%d k=%d diagonal=%d: columns of tiles differ from tiles", g.Name, m, n, k, diagonal)
					}
					if diagonal == full {
						check(t, g.Name, a, b, c0, got, accumulate)
					}
				}
			}
		}
	}
}

func TestPackB(t *testing.T) { eachKernel(t, testPackB[float32], testPackB[float64]) }

func testPackB[T Float](t *testing.T, g *Kernel[T]) {
	for _, n := range []int{1, g.NR - 1, g.NR, 9*g.NR + 5} {
		for _, k := range []int{1, 7, 8, 20, slice + 9} {
			for _, layout := range layouts {
				rs, cs := strides(layout, k, n)
				b := newMatrix[T](k, n, rs, cs, 3).fill(random(n, k))
				size := g.PackedSizeB(k, n)
				dst := make([]T, size+16)
				for i := range dst {
					dst[i] = guard
				}
				g.PackB(dst, b.data(), rs, cs, k, n)
				for i, got := range dst {
					want := T(guard)
					if i < size {
						p, j := i/g.NR%k, i/(k*g.NR)*g.NR+i%g.NR
						want = 0
						if j < n {
							want = *b.at(p, j)
						}
					}
					if got != want {
						t.Fatalf("%s k=%d n=%d %s: dst[%d] = %v, want %v", g.Name, k, n, layout, i, got, want)
					}
				}
			}
		}
	}
}

// shapes reach every way of cutting: whole, by rows and columns, by groups of k, few rows, and their edges.
var shapes = [][3]int{
	{1, 1, 1}, {1, 10, 64}, {2, 33, 100}, {5, 7, 300}, {13, 40, 17}, {67, 35, 129}, {100, 3, 27}, {600, 16, 9},
	{253, 50, 90}, {31, 270, 40}, {8, 8, 2100}, {35, 34, 1200}, {5, 4200, 3},
	{30, 290, 520}, {130, 300, 40},
}

// skipInShort leaves large products in most layouts, others for each shape, to the tests that take their time.
func skipInShort(products, turn int) bool {
	return testing.Short() && (products > 1<<18 && turn%4 > 1 || products > 1<<20 && turn%4 > 0)
}

func TestGemm(t *testing.T) { eachKernel(t, testGemm[float32], testGemm[float64]) }

func testGemm[T Float](t *testing.T, g *Kernel[T]) {
	pool := par.New(2)
	defer pool.Close()
	var ws Workspace
	for i, shape := range shapes {
		m, n, k := shape[0], shape[1], shape[2]
		for j, layout := range layouts {
			if skipInShort(m*n*k, i+j) {
				continue
			}
			accumulate := (i+j)%2 == 0
			r := random(m, n, k)
			rsa, csa := strides(layout, m, k)
			a := newMatrix[T](m, k, rsa, csa, 2).fill(r)
			rsb, csb := strides(layouts[(i+2*j)%len(layouts)], k, n)
			b := newMatrix[T](k, n, rsb, csb, 3).fill(r)
			c0 := newMatrix[T](m, n, n+m%3, 1, 7).fill(r)
			c := c0.clone()
			g.Gemm(pool, &ws, m, n, k, a.data(), rsa, csa, b.data(), rsb, csb, c.data(), c.rs, accumulate)
			check(t, label(g.Name, " ", layout, " accumulate=", accumulate), a, b, c0, c, accumulate)
		}
	}
}

func TestGemmEmptySum(t *testing.T) { eachKernel(t, testEmptySum[float32], testEmptySum[float64]) }

func testEmptySum[T Float](t *testing.T, g *Kernel[T]) {
	for _, accumulate := range []bool{false, true} {
		a, b := newMatrix[T](3, 0, 0, 1, 0), newMatrix[T](0, 5, 5, 1, 0)
		c0 := newMatrix[T](3, 5, 6, 1, 2).fill(random(1))
		c := c0.clone()
		g.Gemm(nil, nil, 3, 5, 0, nil, 0, 1, nil, 5, 1, c.data(), 6, accumulate)
		check(t, g.Name, a, b, c0, c, accumulate)
		square := newMatrix[T](3, 3, 3, 1, 2).fill(random(1))
		got := square.clone()
		g.Syrk(nil, nil, 3, 0, nil, 3, 1, got.data(), 3, accumulate)
		check(t, g.Name+" Syrk", a, newMatrix[T](0, 3, 3, 1, 0), square, got, accumulate)
	}
	g.Gemm(nil, nil, 0, 5, 4, nil, 4, 1, make([]T, 20), 5, 1, nil, 5, false)
	g.Gemm(nil, nil, 5, 0, 4, make([]T, 20), 4, 1, nil, 0, 1, nil, 0, false)
}

func TestSyrk(t *testing.T) { eachKernel(t, testSyrk[float32], testSyrk[float64]) }

func testSyrk[T Float](t *testing.T, g *Kernel[T]) {
	pool := par.New(2)
	defer pool.Close()
	for i, shape := range [][2]int{{1, 1}, {3, 50}, {16, 16}, {33, 40}, {34, 1200}, {260, 9}, {70, 300}} {
		n, k := shape[0], shape[1]
		for j, layout := range layouts {
			if skipInShort(n*n*k, i+j) {
				continue
			}
			accumulate := (i+j)%2 == 0
			r := random(n, k)
			rs, cs := strides(layout, k, n)
			a := newMatrix[T](k, n, rs, cs, 2).fill(r)
			transposed := &matrix[T]{buffer: a.buffer, offset: a.offset, rows: n, cols: k, rs: cs, cs: rs}
			c0 := newMatrix[T](n, n, n+2, 1, 7).fill(r)
			c := c0.clone()
			g.Syrk(pool, nil, n, k, a.data(), rs, cs, c.data(), c.rs, accumulate)
			check(t, label(g.Name, " ", layout, " accumulate=", accumulate), transposed, a, c0, c, accumulate)
			for i := range n {
				for j := range i {
					if !accumulate && *c.at(i, j) != *c.at(j, i) {
						t.Fatalf("%s: not symmetric at %d, %d", g.Name, i, j)
					}
				}
			}
		}
	}
}

// TestColumnsInTurn has more of B than is packed at once.
func TestColumnsInTurn(t *testing.T) {
	eachKernel(t, testColumnsInTurn[float32], testColumnsInTurn[float64])
}

func testColumnsInTurn[T Float](t *testing.T, g *Kernel[T]) {
	if testing.Short() {
		t.Skip("large matrices")
	}
	const m, n, k = 1, cols + 100, 2*sharedB/cols + 9
	if p := g.plan(m, n, k); p.columns() >= n {
		t.Fatalf("all of %d columns are packed at once", n)
	}
	a := newMatrix[T](m, k, k, 1, 0).fill(random(1))
	b := newMatrix[T](k, n, 1, k, 0).fill(random(2))
	c0 := newMatrix[T](m, n, n, 1, 3)
	c := c0.clone()
	g.Gemm(nil, nil, m, n, k, a.data(), k, 1, b.data(), 1, k, c.data(), n, false)
	check(t, g.Name, a, b, c0, c, false)
}

// TestThreads has the same bits for every number of threads, and for memory given and grown.
func TestThreads(t *testing.T) { eachKernel(t, testThreads[float32], testThreads[float64]) }

func testThreads[T Float](t *testing.T, g *Kernel[T]) {
	for _, shape := range [][3]int{{260, 70, 40}, {130, 290, 60}, {40, 50, 290}, {8, 40, 2100}, {2, 700, 70}, {1, 8, 64}} {
		m, n, k := shape[0], shape[1], shape[2]
		a := newMatrix[T](m, k, k, 1, 0).fill(random(1))
		b := newMatrix[T](k, n, n, 1, 0).fill(random(2))
		var want, wantSyrk []T
		for _, threads := range []int{0, 1, 2, 3, 8} {
			var pool *par.Pool
			if threads > 0 {
				pool = par.New(threads)
			}
			size := max(g.WorkspaceSize(m, n, k, max(1, threads)), g.SyrkWorkspaceSize(n, k, max(1, threads)))
			mem := make([]float32, size/4)
			ws := NewWorkspace(mem)
			got, gotSyrk := make([]T, m*n), make([]T, n*n)
			g.Gemm(pool, ws, m, n, k, a.data(), k, 1, b.data(), n, 1, got, n, false)
			if n < 200 || !testing.Short() {
				g.Syrk(pool, ws, n, k, b.data(), n, 1, gotSyrk, n, false)
			}
			if &ws.mem[0] != &mem[0] {
				t.Errorf("%s %v threads=%d: %d bytes of workspace were not enough", g.Name, shape, threads, size)
			}
			if want == nil {
				want, wantSyrk = got, gotSyrk
			}
			if !slices.Equal(got, want) || !slices.Equal(gotSyrk, wantSyrk) {
				t.Errorf("%s %v: threads=%d changes bits", g.Name, shape, threads)
			}
			if pool != nil {
				pool.Close()
			}
		}
	}
}

// TestNonFinite has 0·∞ and 0·NaN spread as NaN through every way of cutting.
func TestNonFinite(t *testing.T) { eachKernel(t, testNonFinite[float32], testNonFinite[float64]) }

func testNonFinite[T Float](t *testing.T, g *Kernel[T]) {
	for _, shape := range shapes {
		m, n, k := shape[0], shape[1], shape[2]
		for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			a := make([]T, m*k) // zeros
			b := newMatrix[T](k, n, n, 1, 0).fill(random(m))
			*b.at(k/2, n-1) = T(bad)
			c := make([]T, m*n)
			g.Gemm(nil, nil, m, n, k, a, k, 1, b.data(), n, 1, c, n, false)
			for i, x := range c {
				if nan := x != x; nan != (i%n == n-1) {
					t.Fatalf("%s %v: 0·%v: C[%d,%d] = %v", g.Name, shape, bad, i/n, i%n, x)
				}
			}
		}
	}
}

func TestPanics(t *testing.T) {
	g := For(0)
	x := make([]float32, 12)
	for name, f := range map[string]func(){
		"a":        func() { g.Gemm(nil, nil, 3, 4, 5, x, 5, 1, make([]float32, 20), 4, 1, x, 4, false) },
		"b":        func() { g.Gemm(nil, nil, 3, 4, 4, x, 4, 1, x, 4, 1, x, 4, false) },
		"c":        func() { g.Gemm(nil, nil, 3, 4, 3, x, 3, 1, x, 4, 1, x[:11], 4, false) },
		"ldc":      func() { g.Gemm(nil, nil, 3, 4, 3, x, 3, 1, x, 4, 1, x, 3, false) },
		"negative": func() { g.Gemm(nil, nil, 3, 4, 3, x, -3, 1, x, 4, 1, x, 4, false) },
		"block":    func() { g.Block(3, 4, 3, x, 3, 1, x, x, 4, false) },
		"dst":      func() { g.PackB(x, x, 4, 1, 3, 4) },
		"pack":     func() { g.PackB(make([]float32, 100), x, 4, 1, 4, 4) },
		"syrk":     func() { g.Syrk(nil, nil, 4, 4, x, 4, 1, make([]float32, 16), 4, false) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if _, ok := recover().(string); !ok {
					t.Error("did not panic with a message")
				}
			}()
			f()
		})
	}
}

func TestProductsAllocateNothing(t *testing.T) {
	eachKernel(t, testAllocations[float32], testAllocations[float64])
}

func testAllocations[T Float](t *testing.T, g *Kernel[T]) {
	m, n, k := 96, 80, 3000
	if testing.Short() {
		m, n = 24, 20
	}
	pool := par.New(2)
	defer pool.Close()
	a, b, c := make([]T, m*k), make([]T, k*n), make([]T, m*n)
	ws := NewWorkspace(make([]float32, max(g.WorkspaceSize(m, n, k, 2), g.SyrkWorkspaceSize(n, k, 2))/4))
	for name, run := range map[string]func(){
		"gemm":       func() { g.Gemm(pool, ws, m, n, k, a, k, 1, b, n, 1, c, n, false) },
		"transposed": func() { g.Gemm(pool, ws, m, n, k, a, 1, m, b, 1, k, c, n, true) },
		"small":      func() { g.Gemm(nil, ws, 4, n, 10, a, k, 1, b, n, 1, c, n, false) },
		"syrk":       func() { g.Syrk(pool, ws, n, k, b, n, 1, c, n, false) },
	} {
		// Several runs, whose average is cut to an integer: the Go runtime allocates once in a while itself, as for a
		// worker that goes to sleep after a collection.
		if allocs := testing.AllocsPerRun(10, run); allocs >= 1 {
			t.Errorf("%s %s: %v allocations", g.Name, name, allocs)
		}
	}
}
