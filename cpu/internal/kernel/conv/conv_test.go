package conv

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/atelier-go/atelier/cpu/internal/isa"
	"github.com/atelier-go/atelier/cpu/internal/kernel/bf16"
	"github.com/atelier-go/atelier/cpu/internal/par"
)

// naive is the convolution as its formula says, in float64, and for each element the sum of the absolute products,
// which bounds the rounding errors.
func naive(s Spec, a, b []float32) (sum, abs []float64) {
	_, _, n := s.sizes()
	sum, abs = make([]float64, n), make([]float64, n)
	from, to := s.C/s.Groups, s.O/s.Groups
	for img := range s.N {
		for oh := range s.OH {
			for ow := range s.OW {
				for i := range s.KH {
					for j := range s.KW {
						y, x := oh*s.StrideH+i*s.DilationH-s.PadTop, ow*s.StrideW+j*s.DilationW-s.PadLeft
						if y < 0 || y >= s.H || x < 0 || x >= s.W {
							continue
						}
						for o := range s.O {
							for c := range from {
								xi := ((img*s.H+y)*s.W+x)*s.C + o/to*from + c
								ki := ((i*s.KW+j)*from+c)*s.O + o
								yi := ((img*s.OH+oh)*s.OW+ow)*s.O + o
								var p float64
								at := yi
								switch s.Form {
								case Forward:
									p = float64(a[xi]) * float64(b[ki])
								case InputGradient:
									p, at = float64(a[yi])*float64(b[ki]), xi
								default:
									p, at = float64(a[xi])*float64(b[yi]), ki
								}
								sum[at] += p
								abs[at] += math.Abs(p)
							}
						}
					}
				}
			}
		}
	}
	return sum, abs
}

// guarded is a slice of n elements between guards of a value that no kernel may read into a result or overwrite.
type guarded struct {
	all []float32
	n   int
}

const guard = 32

func newGuarded(n int) guarded {
	g := guarded{make([]float32, n+2*guard), n}
	for i := range g.all {
		g.all[i] = float32(math.NaN())
	}
	return g
}

func (g guarded) data() []float32 { return g.all[guard : guard+g.n : guard+g.n] }

func (g guarded) check(t *testing.T, what string) {
	t.Helper()
	for i := range guard {
		if g.all[i] == g.all[i] || g.all[guard+g.n+i] == g.all[guard+g.n+i] {
			t.Fatalf("%s: the guards were overwritten", what)
		}
	}
}

func random(rng *rand.Rand, n int) guarded {
	g := newGuarded(n)
	for i := range g.data() {
		g.data()[i] = float32(rng.NormFloat64())
	}
	return g
}

// operandOf is numbers as they are, or as bfloat16 between NaN.
func operandOf(g guarded, half bool) bf16.Operand {
	if !half {
		return bf16.Operand{Floats: g.data()}
	}
	h := make([]uint16, len(g.all))
	for i, v := range g.all {
		h[i] = bf16.Bits(v)
	}
	return bf16.Operand{Halves: h[guard : guard+g.n : guard+g.n]}
}

// run computes s by the named algorithm and checks guards and epilogue on the way.
func run(t *testing.T, s Spec, l isa.Level, name string, threads int, a, b guarded) []float32 {
	t.Helper()
	return runPlan(t, NewPlan(s, l, threads, Options{Algorithm: name}), a, b)
}

// runPlan is run of any plan.
func runPlan(t *testing.T, p *Plan, a, b guarded) []float32 {
	t.Helper()
	s := p.spec
	what := fmt.Sprintf("%v %s %v threads=%d halves=%v,%v aside=%v", s, p.Algorithm(), p.isa, p.threads, p.halfA, p.halfB, p.aside)
	pool := par.New(p.threads)
	defer pool.Close()
	_, _, n := s.sizes()
	out := newGuarded(n)
	scratch := newGuarded((p.ScratchBytes() + 3) / 4) // NaN everywhere: nothing may be taken to be zero
	pixels := s.outPixels()
	told := make([]int, pixels)
	channels := s.O
	if s.Form == InputGradient {
		channels = s.C
	}
	epilogue := func(worker, pixel, n int, sums []float32) {
		if len(sums) != n*channels {
			t.Errorf("%s: %d sums of %d pixels with %d channels", what, len(sums), n, channels)
			return
		}
		if p.aside {
			copy(out.data()[pixel*channels:], sums)
		} else if n > 0 && &sums[0] != &out.data()[pixel*channels] {
			t.Errorf("%s: sums are not in the output", what)
		}
		for i := pixel; i < pixel+n; i++ {
			told[i]++
			for _, v := range out.data()[i*channels : (i+1)*channels] {
				if v != v {
					t.Errorf("%s: epilogue of pixel %d before it was written", what, i)
					return
				}
			}
		}
	}
	if s.Form == KernelGradient {
		epilogue = nil
	}
	memory := out.data()
	if p.aside {
		memory = nil
	}
	p.RunOperands(pool, operandOf(a, p.halfA), operandOf(b, p.halfB), memory, bytesOf(scratch.all)[:p.ScratchBytes()], epilogue)
	a.check(t, what+": a")
	b.check(t, what+": b")
	out.check(t, what+": out")
	for i, v := range scratch.all[(p.ScratchBytes()+3)/4:] {
		if v == v {
			t.Fatalf("%s: scratch overrun by %d", what, i)
		}
	}
	if epilogue != nil && n > 0 {
		for i, times := range told {
			if times != 1 {
				t.Fatalf("%s: epilogue of pixel %d ran %d times", what, i, times)
			}
		}
	}
	return out.data()
}

// tolerance is the number of terms that an element of the output sums, at most, and its allowed error as a multiple of
// the sum of the absolute products.
func tolerance(s Spec) (eps, terms float64) {
	terms = float64(s.KH * s.KW * s.C / s.Groups)
	switch s.Form {
	case InputGradient:
		terms = float64(s.KH * s.KW * s.O / s.Groups)
	case KernelGradient:
		terms = float64(s.N * s.OH * s.OW)
	}
	return (4 + math.Sqrt(terms)) * 0x1p-24, terms
}

func largest(g guarded) float64 {
	m := 0.0
	for _, v := range g.data() {
		m = max(m, math.Abs(float64(v)))
	}
	return m
}

func compare(t *testing.T, s Spec, l isa.Level, name string, a, b guarded, got []float32, want, abs []float64) {
	t.Helper()
	eps, terms := tolerance(s)
	// Winograd's error is relative to all products of the tile, not to the element's alone.
	winograd := strings.HasPrefix(name, "winograd")
	tile := 8 * eps * math.Sqrt(terms) * largest(a) * largest(b)
	for i, v := range got {
		bound := eps * abs[i]
		if winograd {
			bound = tile
		}
		if !(math.Abs(float64(v)-want[i]) <= bound) {
			t.Fatalf("%v %s %v: out[%d] = %v, want %v ± %.2g", s, name, l, i, v, want[i], bound)
		}
	}
}

// forms runs a spec in every form by every algorithm that accepts it, at one level.
func forms(t *testing.T, s Spec, seed uint64, l isa.Level) {
	t.Helper()
	for s.Form = Forward; s.Form <= KernelGradient; s.Form++ {
		rng := rand.New(rand.NewPCG(seed, uint64(s.Form)))
		na, nb, _ := s.sizes()
		a, b := random(rng, na), random(rng, nb)
		want, abs := naive(s, a.data(), b.data())
		for _, name := range Algorithms {
			if !Accepts(s, name) {
				continue
			}
			got := run(t, s, l, name, 1, a, b)
			compare(t, s, l, name, a, b, got, want, abs)
			counts := []int{2, 3}
			if testing.Short() {
				counts = counts[1:]
			}
			for _, threads := range counts {
				for i, v := range run(t, s, l, name, threads, a, b) {
					if math.Float32bits(v) != math.Float32bits(got[i]) {
						t.Fatalf("%v %s %v: out[%d] = %v with %d threads, %v with one", s, name, l, i, v, threads, got[i])
					}
				}
			}
		}
	}
}

// levels runs a test for every level that the processor has, and skips the others.
func levels(t *testing.T, test func(t *testing.T, l isa.Level)) {
	for _, l := range []isa.Level{isa.Portable, isa.AVX2, isa.AVX512} {
		t.Run("isa="+l.String(), func(t *testing.T) {
			if !l.Supported() {
				t.Skipf("this processor or build has no %v", l)
			}
			test(t, l)
		})
	}
}

// spec is a convolution with the output size that equal padding on both sides gives.
func spec(n, h, w, c, kh, kw, o, stride, dilation, pad, groups int) Spec {
	out := func(size, k int) int { return max(0, floorDiv(size+2*pad-(k-1)*dilation-1, stride)+1) }
	return Spec{N: n, H: h, W: w, C: c, KH: kh, KW: kw, O: o, OH: out(h, kh), OW: out(w, kw), StrideH: stride, StrideW: stride,
		DilationH: dilation, DilationW: dilation, PadTop: pad, PadLeft: pad, Groups: groups}
}

func TestForms(t *testing.T) {
	levels(t, func(t *testing.T, l isa.Level) {
		for name, s := range table {
			t.Run(name, func(t *testing.T) { forms(t, s, 1, l) })
		}
	})
}

var table = map[string]Spec{
	"3x3":                spec(2, 9, 11, 5, 3, 3, 7, 1, 1, 1, 1),
	"3x3 wide":           spec(1, 6, 40, 17, 3, 3, 33, 1, 1, 1, 1),
	"3x3 valid":          spec(1, 8, 8, 16, 3, 3, 16, 1, 1, 0, 1),
	"3x3 pad 3":          spec(1, 5, 5, 8, 3, 3, 8, 1, 1, 3, 1),
	"3x3 4x4 batch":      spec(9, 4, 4, 20, 3, 3, 24, 1, 1, 1, 1),
	"3x3 7x7 batch":      spec(5, 7, 7, 8, 3, 3, 16, 1, 1, 1, 1),
	"3x3 stride 2":       spec(2, 8, 9, 12, 3, 3, 20, 2, 1, 1, 1),
	"3x3 stride 3":       spec(1, 10, 11, 3, 3, 3, 4, 3, 1, 1, 1),
	"stride over kernel": spec(1, 11, 10, 3, 2, 2, 4, 5, 1, 0, 1),
	"1x1":                spec(2, 7, 5, 19, 1, 1, 21, 1, 1, 0, 1),
	"1x1 deep":           spec(1, 3, 5, 700, 1, 1, 70, 1, 1, 0, 1),
	"1x1 stride 2":       spec(2, 7, 6, 16, 1, 1, 24, 2, 1, 0, 1),
	"1x1 padded":         spec(1, 4, 4, 3, 1, 1, 5, 1, 1, 2, 1),
	"2x2":                spec(1, 6, 7, 3, 2, 2, 4, 1, 1, 1, 1),
	"4x4 stride 2":       spec(1, 8, 8, 6, 4, 4, 5, 2, 1, 1, 1),
	"5x5 dilation 2":     spec(1, 12, 13, 4, 5, 5, 6, 1, 2, 4, 1),
	"3x3 dilation 3":     spec(1, 9, 10, 18, 3, 3, 17, 1, 3, 3, 1),
	"7x7 stride 2 image": spec(1, 17, 19, 3, 7, 7, 16, 2, 1, 3, 1),
	"3x3 image":          spec(2, 20, 37, 3, 3, 3, 64, 1, 1, 1, 1),
	"to an image":        spec(1, 9, 10, 24, 3, 3, 3, 1, 1, 1, 1),
	"to an image 5x5":    spec(2, 9, 70, 10, 5, 5, 3, 1, 1, 1, 1),
	"to two, dilated":    spec(1, 40, 9, 10, 3, 2, 2, 1, 3, 2, 1),
	"to seven":           spec(1, 19, 12, 300, 3, 3, 7, 1, 1, 1, 1),
	"to one":             spec(1, 3, 2, 10, 3, 3, 1, 1, 1, 1, 1),
	"kernel over image":  spec(1, 2, 2, 3, 5, 5, 4, 1, 1, 2, 1),
	"groups":             spec(2, 6, 7, 12, 3, 3, 18, 1, 1, 1, 3),
	"groups stride 2":    spec(1, 8, 7, 40, 3, 3, 20, 2, 1, 1, 2),
	"groups 1x1":         spec(1, 8, 7, 8, 1, 1, 20, 1, 1, 0, 4),
	"depthwise":          spec(2, 9, 8, 21, 3, 3, 21, 1, 1, 1, 21),
	"depthwise wide":     spec(1, 6, 5, 72, 3, 3, 72, 2, 1, 1, 72),
	"depthwise x3":       spec(1, 7, 6, 5, 3, 3, 15, 1, 2, 2, 5),
	"depthwise x2 s2":    spec(1, 7, 6, 8, 4, 4, 16, 2, 1, 1, 8),
	"one channel":        spec(2, 9, 9, 1, 3, 3, 8, 1, 1, 1, 1),
	"deep":               spec(1, 4, 4, 300, 3, 3, 40, 1, 1, 1, 1),
	"very deep":          spec(1, 3, 3, 530, 3, 3, 8, 1, 1, 1, 1),
	"ones":               spec(1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1),
	"one pixel":          spec(1, 1, 1, 9, 3, 3, 10, 1, 1, 1, 1),
	"no pictures":        spec(0, 4, 4, 3, 3, 3, 4, 1, 1, 1, 1),
	"no channels":        spec(1, 4, 4, 0, 3, 3, 4, 1, 1, 1, 1),
	"no out channels":    spec(1, 4, 4, 3, 3, 3, 0, 1, 1, 1, 1),
	"no output":          spec(1, 2, 2, 3, 3, 3, 4, 1, 1, 0, 1),
	"no kernel":          spec(1, 2, 2, 3, 0, 3, 4, 1, 1, 0, 1),
	"one-dimensional":    {N: 2, H: 1, W: 30, C: 6, KH: 1, KW: 5, O: 9, OH: 1, OW: 13, StrideH: 1, StrideW: 2, DilationH: 1, DilationW: 1, PadLeft: 1, Groups: 1},
	"uneven padding":     {N: 1, H: 6, W: 7, C: 8, KH: 3, KW: 3, O: 16, OH: 9, OW: 4, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, PadTop: 2, PadLeft: -2, Groups: 1},
	"negative padding":   {N: 1, H: 8, W: 9, C: 4, KH: 3, KW: 2, O: 5, OH: 3, OW: 2, StrideH: 2, StrideW: 3, DilationH: 1, DilationW: 2, PadTop: -1, PadLeft: -2, Groups: 1},
	"far outside":        {N: 1, H: 3, W: 3, C: 16, KH: 3, KW: 3, O: 16, OH: 12, OW: 14, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, PadTop: 7, PadLeft: -9, Groups: 1},
	"far stride":         {N: 2, H: 9, W: 8, C: 3, KH: 2, KW: 3, O: 4, OH: 2, OW: 7, StrideH: 4, StrideW: 1, DilationH: 3, DilationW: 2, PadTop: 1, PadLeft: 3, Groups: 1},
}

// TestMemory checks that the scratch memory of large pictures stays small.
func TestMemory(t *testing.T) {
	for _, s := range []Spec{
		spec(1, 2048, 2048, 64, 3, 3, 64, 1, 1, 1, 1),
		spec(1, 2048, 2048, 3, 3, 3, 64, 1, 1, 1, 1),
		spec(1, 1024, 1024, 128, 3, 3, 128, 2, 1, 1, 1),
		spec(1, 512, 512, 256, 5, 5, 256, 1, 1, 2, 1),
		spec(1, 256, 256, 512, 3, 3, 512, 1, 1, 1, 1),
		spec(64, 256, 256, 32, 3, 3, 32, 1, 1, 1, 32),
	} {
		for s.Form = Forward; s.Form <= KernelGradient; s.Form++ {
			for _, half := range append(slices.Clone(bf16.Kernels), bf16.PortableTiles, nil) {
				p := newPlan(s, isa.Best(), half, 2, Options{Precision: isa.BF16})
				if got := p.ScratchBytes(); got > 72<<20 {
					t.Errorf("%v (%s): %d MiB of scratch memory, want at most 72", s, p.Algorithm(), got>>20)
				}
			}
		}
	}
}
