package gemm

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/atelier-go/atelier/cpu/internal/kernel/bf16"
	"github.com/atelier-go/atelier/cpu/internal/kernel/peak"
	"github.com/atelier-go/atelier/cpu/internal/par"
)

// eachRounded runs a test for every kernel of package bf16 that this machine has, and with the cuts that tiles have.
func eachRounded(t *testing.T, f func(*testing.T, *Rounded)) {
	for _, k := range append(slices.Clone(bf16.Kernels), bf16.PortableTiles) {
		t.Run("isa="+k.ISA.String()+"/"+k.Name, func(t *testing.T) {
			if missing := k.Missing(); len(missing) > 0 {
				t.Skipf("this machine or build has no %s", strings.Join(missing, ", "))
			}
			f(t, NewRounded(k))
		})
	}
}

// rounded is a matrix with its elements rounded, whose product in float64 is what is compared with.
func (m *matrix[T]) rounded() *matrix[T] {
	c := m.clone()
	for i, x := range c.buffer {
		c.buffer[i] = T(bf16.Round(float32(x)))
	}
	return c
}

func TestRoundedGemm(t *testing.T) {
	eachRounded(t, func(t *testing.T, g *Rounded) {
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
				a := newMatrix[float32](m, k, rsa, csa, 2).fill(r)
				rsb, csb := strides(layouts[(i+2*j)%len(layouts)], k, n)
				b := newMatrix[float32](k, n, rsb, csb, 3).fill(r)
				c0 := newMatrix[float32](m, n, n+m%3, 1, 7).fill(r)
				c := c0.clone()
				g.Gemm(pool, &ws, m, n, k, a.data(), rsa, csa, b.data(), rsb, csb, c.data(), c.rs, accumulate)
				check(t, label(g.Name, " ", layout, " accumulate=", accumulate), a.rounded(), b.rounded(), c0, c, accumulate)
			}
		}
	})
}

// halved is x as bfloat16.
func halved(x []float32) []uint16 {
	h := make([]uint16, len(x))
	for i, v := range x {
		h[i] = bf16.Bits(v)
	}
	return h
}

func TestRoundedSyrk(t *testing.T) {
	eachRounded(t, func(t *testing.T, g *Rounded) {
		pool := par.New(2)
		defer pool.Close()
		for i, shape := range [][2]int{{1, 1}, {3, 50}, {16, 16}, {33, 40}, {34, 1200}, {260, 9}, {300, 20}, {70, 300}} {
			n, k := shape[0], shape[1]
			for j, layout := range layouts {
				accumulate := (i+j)%2 == 0
				r := random(n, k)
				rs, cs := strides(layout, k, n)
				a := newMatrix[float32](k, n, rs, cs, 2).fill(r)
				c0 := newMatrix[float32](n, n, n+2, 1, 7).fill(r)
				c := c0.clone()
				g.Syrk(pool, nil, n, k, a.data(), rs, cs, c.data(), c.rs, accumulate)
				exact := a.rounded()
				transposed := &matrix[float32]{buffer: exact.buffer, offset: a.offset, rows: n, cols: k, rs: cs, cs: rs}
				check(t, label(g.Name, " ", layout, " accumulate=", accumulate), transposed, exact, c0, c, accumulate)
				for i := range n {
					for j := range i {
						if !accumulate && *c.at(i, j) != *c.at(j, i) {
							t.Fatalf("%s: not symmetric at %d, %d", g.Name, i, j)
						}
					}
				}
			}
		}
	})
}

func TestRoundedEmptySum(t *testing.T) {
	eachRounded(t, func(t *testing.T, g *Rounded) {
		for _, accumulate := range []bool{false, true} {
			c0 := newMatrix[float32](3, 5, 6, 1, 2).fill(random(1))
			c := c0.clone()
			g.Gemm(nil, nil, 3, 5, 0, nil, 0, 1, nil, 5, 1, c.data(), 6, accumulate)
			check(t, g.Name, newMatrix[float32](3, 0, 0, 1, 0), newMatrix[float32](0, 5, 5, 1, 0), c0, c, accumulate)
		}
	})
}

// TestRoundedThreads has the same bits for every number of threads, and workspace enough.
func TestRoundedThreads(t *testing.T) {
	eachRounded(t, func(t *testing.T, g *Rounded) {
		for _, shape := range [][3]int{
			{260, 70, 40}, {530, 290, 60}, {264, 520, 40}, {40, 50, 290}, {8, 40, 2100}, {2, 700, 70}, {1, 8, 64},
		} {
			m, n, k := shape[0], shape[1], shape[2]
			a := newMatrix[float32](m, k, k, 1, 0).fill(random(1))
			b := newMatrix[float32](k, n, n, 1, 0).fill(random(2))
			var want, wantSyrk []float32
			for _, threads := range []int{1, 2, 3, 8} {
				pool := par.New(threads)
				mem := make([]float32, max(g.WorkspaceSize(m, n, k, threads), g.SyrkWorkspaceSize(n, k, threads))/4)
				ws := NewWorkspace(mem)
				got, gotSyrk := make([]float32, m*n), make([]float32, n*n)
				g.Gemm(pool, ws, m, n, k, a.data(), k, 1, b.data(), n, 1, got, n, false)
				g.Syrk(pool, ws, n, k, b.data(), n, 1, gotSyrk, n, false)
				if &ws.mem[0] != &mem[0] {
					t.Errorf("%s %v threads=%d: %d bytes of workspace were not enough", g.Name, shape, threads, 4*len(mem))
				}
				if want == nil {
					want, wantSyrk = got, gotSyrk
				}
				ofHalves, syrkOfHalves := make([]float32, m*n), make([]float32, n*n)
				halfA, halfB := bf16.Operand{Halves: halved(a.data())}, bf16.Operand{Halves: halved(b.data())}
				g.GemmOperands(pool, nil, m, n, k, halfA, k, 1, bf16.Operand{Floats: b.data()}, n, 1, ofHalves, n, false)
				g.SyrkOperand(pool, nil, n, k, halfB, n, 1, syrkOfHalves, n, false)
				if !slices.Equal(ofHalves, want) || !slices.Equal(syrkOfHalves, wantSyrk) {
					t.Errorf("%s %v: bfloat16 in memory changes bits", g.Name, shape)
				}
				clear(ofHalves)
				g.GemmOperands(pool, nil, m, n, k, bf16.Operand{Floats: a.data()}, k, 1, halfB, n, 1, ofHalves, n, false)
				if !slices.Equal(ofHalves, want) {
					t.Errorf("%s %v: a second operand of bfloat16 in memory changes bits", g.Name, shape)
				}
				if !slices.Equal(got, want) || !slices.Equal(gotSyrk, wantSyrk) {
					t.Errorf("%s %v: threads=%d changes bits", g.Name, shape, threads)
				}
				pool.Close()
			}
		}
	})
}

// TestRoundedColumnsInTurn has more of B than is packed at once, for several rows of items.
func TestRoundedColumnsInTurn(t *testing.T) {
	if testing.Short() {
		t.Skip("large matrices")
	}
	eachRounded(t, func(t *testing.T, g *Rounded) {
		const m, n, k = 270, cols + 100, sharedB/cols + 9
		if p := g.plan(m, n, k); p.columns() >= n || p.rowItems() < 2 {
			t.Fatalf("all of %d columns are packed at once, or for %d rows of items", n, p.rowItems())
		}
		a, b := newMatrix[float32](m, k, k, 1, 0), newMatrix[float32](k, n, n, 1, 0)
		r := random(5)
		for i := range a.buffer { // one element a row: a permutation of b's rows, scaled
			a.buffer[i] = 0
		}
		for i := range m {
			*a.at(i, (7*i)%k) = 2
		}
		b.fill(r)
		c := make([]float32, m*n)
		g.Gemm(nil, nil, m, n, k, a.data(), k, 1, b.data(), n, 1, c, n, false)
		for i, got := range c {
			if want := 2 * bf16.Round(*b.at(7*(i/n)%k, i%n)); got != want {
				t.Fatalf("%s: C[%d,%d] = %v, want %v", g.Name, i/n, i%n, got, want)
			}
		}
	})
}

// TestRoundedPackedAhead has the columns of a product that packs both operands ahead, for tiles, get the bits that they get in
// products of a few columns, which pack A with each item.
func TestRoundedPackedAhead(t *testing.T) {
	eachRounded(t, func(t *testing.T, g *Rounded) {
		const m, n, k, few = 260, 520, 520, 96
		ahead := func(n int) bool {
			return (&rounded{g: g, roundedCall: roundedCall{plan: g.plan(m, n, k), diagonal: full}}).packsBothAhead()
		}
		if g.Tiled() != ahead(n) || ahead(few) {
			t.Fatalf("packed ahead: %v of %d columns, %v of %d", ahead(n), n, ahead(few), few)
		}
		a, b := newMatrix[float32](m, k, k, 1, 0).fill(random(1)), newMatrix[float32](k, n, n, 1, 0).fill(random(2))
		got, want := make([]float32, m*n), make([]float32, m*n)
		pool := par.New(2)
		defer pool.Close()
		g.Gemm(pool, nil, m, n, k, a.data(), k, 1, b.data(), n, 1, got, n, false)
		for j := 0; j < n; j += few {
			g.Gemm(pool, nil, m, min(few, n-j), k, a.data(), k, 1, b.data()[j:], n, 1, want[j:], n, false)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: packing ahead changes bits", g.Name)
		}
	})
}

// TestRoundedNonFinite has 0·∞ and 0·NaN spread as NaN, and what rounds to infinity as infinity.
func TestRoundedNonFinite(t *testing.T) {
	eachRounded(t, func(t *testing.T, g *Rounded) {
		for _, shape := range shapes {
			m, n, k := shape[0], shape[1], shape[2]
			for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat32} {
				a := make([]float32, m*k) // zeros
				b := newMatrix[float32](k, n, n, 1, 0).fill(random(m))
				*b.at(k/2, n-1) = float32(bad)
				c := make([]float32, m*n)
				g.Gemm(nil, nil, m, n, k, a, k, 1, b.data(), n, 1, c, n, false)
				for i, x := range c {
					if nan := x != x; nan != (i%n == n-1) {
						t.Fatalf("%s %v: 0·%v: C[%d,%d] = %v", g.Name, shape, bad, i/n, i%n, x)
					}
				}
			}
		}
	})
}

func TestRoundedProductsAllocateNothing(t *testing.T) {
	eachRounded(t, func(t *testing.T, g *Rounded) {
		m, n, k := 96, 40, 1100
		pool := par.New(2)
		defer pool.Close()
		a, b, c := make([]float32, m*k), make([]float32, k*n), make([]float32, m*n)
		ws := NewWorkspace(make([]float32, max(g.WorkspaceSize(m, n, k, 2), g.SyrkWorkspaceSize(n, k, 2))/4))
		for name, run := range map[string]func(){
			"gemm": func() { g.Gemm(pool, ws, m, n, k, a, k, 1, b, n, 1, c, n, false) },
			"syrk": func() { g.Syrk(pool, ws, n, k, b, n, 1, c, n, false) },
		} {
			if allocs := testing.AllocsPerRun(5, run); allocs >= 1 {
				t.Errorf("%s %s: %v allocations", g.Name, name, allocs)
			}
		}
	})
}

// BenchmarkRounded reports the rate beside the level's peak of float32, which it may exceed.
func BenchmarkRounded(b *testing.B) {
	for _, threads := range []int{1, 2} {
		pool := par.New(threads)
		defer pool.Close()
		for _, kernel := range bf16.Kernels {
			if len(kernel.Missing()) > 0 {
				continue
			}
			g := NewRounded(kernel)
			for _, s := range benchmarkShapes {
				b.Run(fmt.Sprintf("threads=%d/kernel=%s/m=%d/n=%d/k=%d", threads, kernel.Name, s.m, s.n, s.k), func(b *testing.B) {
					rsa, csa := s.k, 1
					if s.transposed {
						rsa, csa = 1, s.m
					}
					x := newMatrix[float32](s.m, s.k, rsa, csa, 0).fill(random(1))
					y := newMatrix[float32](s.k, s.n, s.n, 1, 0).fill(random(2))
					c := make([]float32, s.m*s.n)
					var ws Workspace
					for b.Loop() {
						g.Gemm(pool, &ws, s.m, s.n, s.k, x.data(), rsa, csa, y.data(), s.n, 1, c, s.n, false)
					}
					rate := 2 * float64(s.m) * float64(s.n) * float64(s.k) * float64(b.N) / b.Elapsed().Seconds() / 1e9
					b.ReportMetric(rate, "GFLOP/s")
					b.ReportMetric(100*rate/peak.FMA(kernel.ISA, threads, 50*time.Millisecond), "%float32-peak")
				})
			}
		}
	}
}
