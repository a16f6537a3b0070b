package pool

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/atelier-go/atelier/cpu/internal/isa"
	"github.com/atelier-go/atelier/cpu/internal/par"
)

// windows calls visit for every window, with the offsets in x of its pixels for one channel.
func windows(s Spec, visit func(y int, pixels []int)) {
	for y := range s.N * s.OH * s.OW * s.C {
		c, ow, oh, n := y%s.C, y/s.C%s.OW, y/s.C/s.OW%s.OH, y/s.C/s.OW/s.OH
		var pixels []int
		for i := range s.KH {
			for j := range s.KW {
				h, w := oh*s.StrideH+i-s.PadTop, ow*s.StrideW+j-s.PadLeft
				if h >= 0 && h < s.H && w >= 0 && w < s.W {
					pixels = append(pixels, ((n*s.H+h)*s.W+w)*s.C+c)
				}
			}
		}
		visit(y, pixels)
	}
}

type results struct{ max, sum, maxGradient, sumGradient []float32 }

func naive(s Spec, x, dy []float32) results {
	size, outs := s.N*s.H*s.W*s.C, s.N*s.OH*s.OW*s.C
	r := results{make([]float32, outs), make([]float32, outs), make([]float32, size), make([]float32, size)}
	sums := make([]float64, size)
	windows(s, func(y int, pixels []int) {
		best, sum := -1, 0.0
		for _, p := range pixels {
			if best < 0 || x[p] > x[best] || x[p] != x[p] && x[best] == x[best] {
				best = p
			}
			sum += float64(x[p])
			sums[p] += float64(dy[y])
		}
		r.max[y], r.sum[y] = float32(math.Inf(-1)), float32(sum)
		if best >= 0 {
			r.max[y] = x[best]
			r.maxGradient[best] += dy[y]
		}
	})
	for i, v := range sums {
		r.sumGradient[i] = float32(v)
	}
	return r
}

func run(s Spec, l isa.Level, threads int, x, dy []float32) results {
	p := par.New(threads)
	defer p.Close()
	dirty := func(n int) []float32 { return slices.Repeat([]float32{float32(math.NaN())}, n) }
	r := results{dirty(len(dy)), dirty(len(dy)), dirty(len(x)), dirty(len(x))}
	MaxForward(p, l, s, x, r.max)
	SumForward(p, l, s, x, r.sum)
	MaxBackward(p, l, s, x, dy, r.maxGradient)
	SumBackward(p, l, s, dy, r.sumGradient)
	return r
}

func compare(t *testing.T, what string, got, want []float32, tolerance float64) {
	t.Helper()
	for i := range want {
		g, w := float64(got[i]), float64(want[i])
		if g == w || g != g && w != w || math.Abs(g-w) <= tolerance*(1+math.Abs(w)) {
			continue
		}
		t.Fatalf("%s[%d] = %v, want %v", what, i, g, w)
	}
}

func tensors(s Spec, rng *rand.Rand) (x, dy []float32) {
	x, dy = make([]float32, s.N*s.H*s.W*s.C), make([]float32, s.N*s.OH*s.OW*s.C)
	special := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 0, float32(math.Copysign(0, -1))}
	for i := range x {
		x[i] = float32(rng.IntN(9) - 4) // ties
		if rng.IntN(40) == 0 {
			x[i] = special[rng.IntN(len(special))]
		}
	}
	for i := range dy {
		dy[i] = float32(rng.IntN(64)-32) / 8
	}
	return x, dy
}

func check(t *testing.T, s Spec, l isa.Level, threads int, rng *rand.Rand) {
	t.Helper()
	x, dy := tensors(s, rng)
	want, got := naive(s, x, dy), run(s, l, threads, x, dy)
	compare(t, "max", got.max, want.max, 0)
	compare(t, "sum", got.sum, want.sum, 1e-5)
	compare(t, "gradient of max", got.maxGradient, want.maxGradient, 0)
	compare(t, "gradient of sum", got.sumGradient, want.sumGradient, 1e-5)
}

var specs = []Spec{
	{N: 2, H: 8, W: 8, C: 64, KH: 2, KW: 2, OH: 4, OW: 4, StrideH: 2, StrideW: 2},
	{N: 1, H: 9, W: 7, C: 3, KH: 2, KW: 2, OH: 4, OW: 3, StrideH: 2, StrideW: 2},
	{N: 2, H: 12, W: 11, C: 19, KH: 3, KW: 3, OH: 6, OW: 6, StrideH: 2, StrideW: 2, PadTop: 1, PadLeft: 1},
	{N: 1, H: 6, W: 6, C: 33, KH: 3, KW: 3, OH: 6, OW: 6, StrideH: 1, StrideW: 1, PadTop: 1, PadLeft: 1},
	{N: 3, H: 5, W: 5, C: 130, KH: 5, KW: 5, OH: 1, OW: 1, StrideH: 1, StrideW: 1},
	{N: 1, H: 4, W: 4, C: 8, KH: 1, KW: 1, OH: 2, OW: 2, StrideH: 2, StrideW: 2},
	{N: 1, H: 40, W: 3, C: 1, KH: 3, KW: 1, OH: 14, OW: 3, StrideH: 3, StrideW: 1, PadTop: 2},
	{N: 1, H: 3, W: 3, C: 5, KH: 2, KW: 2, OH: 6, OW: 6, StrideH: 1, StrideW: 1, PadTop: 3, PadLeft: 3}, // windows beside the picture
	{N: 1, H: 7, W: 7, C: 9, KH: 2, KW: 3, OH: 2, OW: 2, StrideH: 2, StrideW: 2, PadTop: -2, PadLeft: -1},
	{N: 1, H: 2, W: 2, C: 4, KH: 5, KW: 6, OH: 2, OW: 1, StrideH: 1, StrideW: 1, PadTop: 2, PadLeft: 2},
	{N: 0, H: 4, W: 4, C: 4, KH: 2, KW: 2, OH: 2, OW: 2, StrideH: 2, StrideW: 2},
	{N: 1, H: 0, W: 4, C: 4, KH: 2, KW: 2, OH: 1, OW: 2, StrideH: 2, StrideW: 2, PadTop: 1},
	{N: 1, H: 4, W: 4, C: 0, KH: 2, KW: 2, OH: 2, OW: 2, StrideH: 2, StrideW: 2},
	{N: 1, H: 1, W: 4, C: 4, KH: 2, KW: 2, OH: 0, OW: 2, StrideH: 2, StrideW: 2},
	{N: 1, H: 70, W: 70, C: 40, KH: 2, KW: 2, OH: 35, OW: 35, StrideH: 2, StrideW: 2},
}

func TestPool(t *testing.T) {
	for _, s := range specs {
		if err := s.Check(); err != nil {
			t.Fatal(err)
		}
		for _, l := range []isa.Level{isa.Portable, isa.AVX2, isa.AVX512} {
			t.Run(fmt.Sprintf("%v/isa=%v", s, l), func(t *testing.T) {
				if !l.Supported() {
					t.Skipf("this processor has no %v", l)
				}
				check(t, s, l, 2, rand.New(rand.NewPCG(1, 1)))
			})
		}
	}
}

func TestThreadsDoNotChangeBits(t *testing.T) {
	for _, s := range specs {
		x, dy := tensors(s, rand.New(rand.NewPCG(2, 2)))
		one, three := run(s, isa.Best(), 1, x, dy), run(s, isa.Best(), 3, x, dy)
		for _, pair := range [][2][]float32{{one.max, three.max}, {one.sum, three.sum}, {one.maxGradient, three.maxGradient}, {one.sumGradient, three.sumGradient}} {
			for i := range pair[0] {
				if math.Float32bits(pair[0][i]) != math.Float32bits(pair[1][i]) {
					t.Fatalf("%v: element %d: %v with one thread, %v with three", s, i, pair[0][i], pair[1][i])
				}
			}
		}
	}
}

func TestCheck(t *testing.T) {
	for _, s := range []Spec{{}, {KH: 1, KW: 1, StrideH: 1}, {N: -1, KH: 1, KW: 1, StrideH: 1, StrideW: 1}} {
		if s.Check() == nil {
			t.Errorf("%v passes", s)
		}
	}
}

func FuzzPool(f *testing.F) {
	for seed := range uint64(150) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		rng := rand.New(rand.NewPCG(seed, 3))
		s := Spec{N: 1 + rng.IntN(2), H: rng.IntN(12), W: rng.IntN(12), C: 1 + rng.IntN(70), KH: 1 + rng.IntN(4), KW: 1 + rng.IntN(4),
			OH: rng.IntN(8), OW: rng.IntN(8), StrideH: 1 + rng.IntN(3), StrideW: 1 + rng.IntN(3), PadTop: rng.IntN(6) - 2, PadLeft: rng.IntN(6) - 2}
		levels := isa.Available()
		check(t, s, levels[rng.IntN(len(levels))], 1+rng.IntN(3), rng)
	})
}

func BenchmarkPool(b *testing.B) {
	s := Spec{N: 1, H: 512, W: 512, C: 64, KH: 2, KW: 2, OH: 256, OW: 256, StrideH: 2, StrideW: 2}
	x, dy := tensors(s, rand.New(rand.NewPCG(1, 1)))
	y, dx := make([]float32, len(dy)), make([]float32, len(x))
	p := par.New(2)
	defer p.Close()
	for _, l := range isa.Available() {
		for name, f := range map[string]func(){
			"max": func() { MaxForward(p, l, s, x, y) }, "sum": func() { SumForward(p, l, s, x, y) },
			"max gradient": func() { MaxBackward(p, l, s, x, dy, dx) }, "sum gradient": func() { SumBackward(p, l, s, dy, dx) },
		} {
			b.Run(fmt.Sprintf("%s/isa=%v", name, l), func(b *testing.B) {
				b.SetBytes(int64(4 * (len(x) + len(y))))
				for b.Loop() {
					f()
				}
			})
		}
	}
}
