package conv

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/atelier-go/atelier/cpu/internal/isa"
	"github.com/atelier-go/atelier/cpu/internal/kernel/gemm"
)

// near reports whether two results of the same sum, rounded differently, agree.
func near(a, b float32) bool { return math.Abs(float64(a)-float64(b)) <= 1e-5*(1+math.Abs(float64(b))) }

// TestTransform compares the maps of tiles with their reference, for all numbers of channels about the vectors', and
// checks that nothing beside the tile is written.
func TestTransform(t *testing.T) {
	levels(t, func(t *testing.T, l isa.Level) {
		rng := rand.New(rand.NewPCG(1, 1))
		for m := transformInput; m <= transformOutput3; m++ {
			for n := range 40 {
				in, out := sides[m].in, sides[m].out
				src := random(rng, in*in*(n+3))
				got, want := newGuarded(out*out*(n+1)), newGuarded(out*out*(n+1))
				lanesFor(l).transform(m, got.data(), src.data(), out*(n+1), n+1, in*(n+3), n+3, n, make([]float32, tileSums))
				transformPortable(m, want.data(), src.data(), out*(n+1), n+1, in*(n+3), n+3, 0, n, false)
				got.check(t, "transform")
				for i, v := range want.data() {
					if g := got.data()[i]; !near(g, v) && (g == g || v == v) {
						t.Fatalf("map %d, %d channels: dst[%d] = %v, want %v", m, n, i, g, v)
					}
				}
			}
		}
	})
}

// TestDirectSums does so for the sums of tap by tap and of row by row.
func TestDirectSums(t *testing.T) {
	levels(t, func(t *testing.T, l isa.Level) {
		rng := rand.New(rand.NewPCG(1, 2))
		from, at := []int64{5, 0, 83}, []int64{90, 7, 33}
		for n := range 100 {
			x, y := random(rng, 83+n), random(rng, 90+n)
			for count := range 4 {
				got, want := newGuarded(n), newGuarded(n)
				lanesFor(l).taps(got.data(), x.data(), y.data(), from[:min(count, 3)], at[:min(count, 3)])
				tapsPortable(want.data(), x.data(), y.data(), from[:min(count, 3)], at[:min(count, 3)], 0)
				same(t, "taps", got, want)

				clear(got.data())
				clear(want.data())
				lanesFor(l).rows(got.data(), x.data(), y.data(), 41, 30, count)
				rowsPortable(want.data(), x.data(), y.data(), 41, 30, count, 0)
				same(t, "rows", got, want)
			}
		}
	})
}

// TestTapTiles does so for pixels in tiles, which may be apart.
func TestTapTiles(t *testing.T) {
	levels(t, func(t *testing.T, l isa.Level) {
		rng := rand.New(rand.NewPCG(1, 7))
		from, at := []int64{5, 0, 83}, []int64{90, 7, 33}
		for _, n := range []int{1, 8, 15, 31, 32, 40, 64, 71} {
			for pixels := range 20 {
				for taps := range len(from) + 1 {
					dstStep, srcStep := n+3, n+1
					x, y := random(rng, 83+srcStep*pixels+n), random(rng, 90+n)
					got, want := newGuarded(dstStep*pixels), newGuarded(dstStep*pixels)
					lanesFor(l).tapTiles(got.data(), x.data(), y.data(), from[:taps], at[:taps], dstStep, srcStep, pixels, n)
					for i := range pixels {
						tapsPortable(want.data()[i*dstStep:][:n], x.data()[i*srcStep:], y.data(), from[:taps], at[:taps], 0)
					}
					got.check(t, "tapTiles")
					for i, v := range got.data() {
						w := want.data()[i]
						if beside := i%dstStep >= n; beside && v == v || !beside && !near(v, w) {
							t.Fatalf("%d pixels, %d channels, %d taps: dst[%d] = %v, want %v", pixels, n, taps, i, v, w)
						}
					}
				}
			}
		}
	})
}

// TestRowTaps does so for the sums of several taps at once.
func TestRowTaps(t *testing.T) {
	levels(t, func(t *testing.T, l isa.Level) {
		rng := rand.New(rand.NewPCG(1, 8))
		const tapStep, stepX, stepY = 7, 41, 30
		for n := range 100 {
			for pixels := range 5 {
				dstStep := n + 2
				x, y := random(rng, 4*stepX+2*tapStep+n), random(rng, 4*stepY+n)
				got := newGuarded(gradientTaps * dstStep)
				want := newGuarded(gradientTaps * dstStep)
				for tap := range gradientTaps {
					clear(got.data()[tap*dstStep:][:n])
					clear(want.data()[tap*dstStep:][:n])
					rowsPortable(want.data()[tap*dstStep:][:n], x.data()[tap*tapStep:], y.data(), stepX, stepY, pixels, 0)
				}
				lanesFor(l).rowTaps(got.data(), x.data(), y.data(), dstStep, tapStep, stepX, stepY, pixels, n)
				got.check(t, "rowTaps")
				for i, v := range got.data() {
					w := want.data()[i]
					if beside := i%dstStep >= n; beside && v == v || !beside && !near(v, w) {
						t.Fatalf("%d pixels, %d channels: dst[%d] = %v, want %v", pixels, n, i, v, w)
					}
				}
			}
		}
	})
}

func same(t *testing.T, what string, got, want guarded) {
	t.Helper()
	got.check(t, what)
	for i, v := range want.data() {
		if !near(got.data()[i], v) {
			t.Fatalf("%s, %d channels: dst[%d] = %v, want %v", what, got.n, i, got.data()[i], v)
		}
	}
}

// TestSumsAndCopies checks the sums of products into few channels and the copies of rows, which must be exact.
func TestSumsAndCopies(t *testing.T) {
	levels(t, func(t *testing.T, l isa.Level) {
		rng := rand.New(rand.NewPCG(1, 3))
		for n := 1; n <= narrowChannels; n++ {
			for pixels := range 12 {
				src := random(rng, 40+11*pixels+narrowChannels)
				got := newGuarded(n * pixels)
				lanesFor(l).sums(got.data(), src.data(), []int64{3, 40 - narrowChannels, 0}, 11, n)
				got.check(t, "sums")
				for i, v := range got.data() {
					p, c := i/n*11, i%n
					if want := src.data()[3+p+c] + src.data()[40-narrowChannels+p+c] + src.data()[p+c]; v != want {
						t.Fatalf("sums, %d channels: dst[%d] = %v, want %v", n, i, v, want)
					}
				}
			}
		}
		for n := range 70 {
			for rows := range 4 {
				src := random(rng, 75*rows)
				got := newGuarded(max(0, 71*(rows-1)+n))
				lanesFor(l).copyRows(got.data(), src.data(), 71, 75, rows, n)
				got.check(t, "copyRows")
				for i, v := range got.data() {
					if row, j := i/71, i%71; j < n && v != src.data()[row*75+j] || j >= n && v == v {
						t.Fatalf("copyRows, %d of %d elements: dst[%d] = %v", rows, n, i, v)
					}
				}
			}
		}
	})
}

// TestPanel compares products of all numbers of rows with gemm's tile by tile: the sums have the same order, so they
// have the same bits.
func TestPanel(t *testing.T) {
	levels(t, func(t *testing.T, l isa.Level) {
		rng := rand.New(rand.NewPCG(1, 4))
		g := gemm.For(l)
		for _, k := range []int{1, 2, 3, 27, 64} {
			for m := range 3*g.MR + 2 {
				for _, columns := range []bool{false, true} {
					rsa, csa := k+5, 1
					if columns {
						rsa, csa = 1, m+3
					}
					ldb, ldc := g.NR+8, g.NR+4
					a := random(rng, max(0, (m-1)*rsa+(k-1)*csa+1))
					b := random(rng, (k-1)*ldb+g.NR)
					for _, accumulate := range []bool{false, true} {
						got := random(rng, max(0, (m-1)*ldc+g.NR))
						want := append([]float32{}, got.data()...)
						panel(g, m, k, a.data(), rsa, csa, b.data(), ldb, got.data(), ldc, accumulate)
						for i := range m {
							g.Run(1, k, &a.data()[i*rsa], rsa, csa, &b.data()[0], ldb, &want[i*ldc], ldc, accumulate)
						}
						got.check(t, "panel")
						for i, v := range got.data() {
							if v != want[i] {
								t.Fatalf("m=%d k=%d: c[%d] = %v, want %v", m, k, i, v, want[i])
							}
						}
					}
				}
			}
		}
	})
}
