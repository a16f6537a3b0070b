package conv

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/atelier-go/atelier/cpu/internal/isa"
	"github.com/atelier-go/atelier/cpu/internal/par"
)

// TestAccuracy holds the errors of all algorithms on random convolutions to the bounds of docs/convolution.md.
func TestAccuracy(t *testing.T) {
	channels := []int{16, 64, 256}
	if testing.Short() {
		channels = []int{16, 64}
	}
	for _, c := range channels {
		s := spec(1, 20, 20, c, 3, 3, 32, 1, 1, 1, 1)
		for s.Form = Forward; s.Form <= KernelGradient; s.Form++ {
			rng := rand.New(rand.NewPCG(7, uint64(c)))
			na, nb, _ := s.sizes()
			a, b := random(rng, na), random(rng, nb)
			want, _ := naive(s, a.data(), b.data())
			for _, name := range Algorithms {
				if !Accepts(s, name) {
					continue
				}
				for _, l := range isa.Available() {
					t.Run(fmt.Sprintf("%v C=%d %s/isa=%v", s.Form, c, name, l), func(t *testing.T) {
						checkAccuracy(t, run(t, s, l, name, 1, a, b), want)
					})
				}
			}
		}
	}
}

func checkAccuracy(t *testing.T, got []float32, want []float64) {
	t.Helper()
	square, errorSquare, most := 0.0, 0.0, 0.0
	for i, v := range got {
		e := math.Abs(float64(v) - want[i])
		square += want[i] * want[i]
		errorSquare += e * e
		most = max(most, e)
	}
	rms := math.Sqrt(errorSquare / square)
	most /= math.Sqrt(square / float64(len(want)))
	t.Logf("error rms %.2g, max %.2g of the result's rms", rms, most)
	if rms > 1.5e-6 || most > 1.2e-5 {
		t.Errorf("error rms %.2g, max %.2g of the result's rms, want at most 1.5e-6 and 1.2e-5", rms, most)
	}
}

// TestNotFinite puts a NaN and an infinity into the first operand: all results that depend on them must show it as
// the plain sum does, and no others may.
func TestNotFinite(t *testing.T) {
	for _, s := range []Spec{
		spec(2, 12, 13, 16, 3, 3, 17, 1, 1, 1, 1),
		spec(1, 11, 12, 5, 3, 3, 9, 2, 1, 1, 1),
		spec(1, 9, 10, 24, 3, 3, 3, 1, 1, 1, 1),
		spec(1, 9, 10, 24, 3, 3, 24, 1, 1, 1, 24),
	} {
		for s.Form = Forward; s.Form <= KernelGradient; s.Form++ {
			for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))} {
				rng := rand.New(rand.NewPCG(3, 4))
				na, nb, _ := s.sizes()
				a, b := random(rng, na), random(rng, nb)
				a.data()[na/2] = bad
				want, _ := naive(s, a.data(), b.data())
				for _, name := range Algorithms {
					if !Accepts(s, name) {
						continue
					}
					levels(t, func(t *testing.T, l isa.Level) { checkNotFinite(t, s, l, name, a, b, bad, want) })
				}
			}
		}
	}
}

func checkNotFinite(t *testing.T, s Spec, l isa.Level, name string, a, b guarded, bad float32, want []float64) {
	t.Helper()
	finite := func(v float64) bool { return v-v == 0 }
	for i, v := range compute(s, l, name, a, b) {
		ok := true
		if finite(want[i]) {
			ok = finite(float64(v))
		} else {
			ok = float64(v) == want[i] || v != v && want[i] != want[i]
		}
		if !ok {
			t.Fatalf("%v %s %v with a %v: out[%d] = %v, want %v", s, name, l, bad, i, v, want[i])
		}
	}
}

// TestLargeNumbers has pixels so large that sums of a few of them overflow, and weights that make the results small.
func TestLargeNumbers(t *testing.T) {
	s := spec(1, 8, 8, 16, 3, 3, 16, 1, 1, 1, 1)
	for s.Form = Forward; s.Form <= KernelGradient; s.Form++ {
		rng := rand.New(rand.NewPCG(5, 6))
		na, nb, _ := s.sizes()
		a, b := random(rng, na), random(rng, nb)
		for i := range a.data() {
			a.data()[i] = float32(1-2*(i%2)) * 2e38
		}
		for i := range b.data() {
			b.data()[i] *= 1e-3
		}
		want, _ := naive(s, a.data(), b.data())
		for _, l := range isa.Available() {
			for i, v := range compute(s, l, "winograd4", a, b) {
				if math.Abs(float64(v)-want[i]) > 1e-4*2e38 {
					t.Fatalf("%v %v: out[%d] = %v, want %v", s, l, i, v, want[i])
				}
			}
		}
	}
}

// compute runs a plan on one thread.
func compute(s Spec, l isa.Level, name string, a, b guarded) []float32 {
	pool := par.New(1)
	defer pool.Close()
	p := NewPlan(s, l, 1, Options{Algorithm: name})
	_, _, n := s.sizes()
	out := make([]float32, n)
	p.Run(pool, a.data(), b.data(), out, make([]byte, p.ScratchBytes()), nil)
	return out
}

// TestAllocations checks that a run allocates nothing besides what the pool needs for each of its loops, of which
// these specs take up to three.
func TestAllocations(t *testing.T) {
	for _, s := range []Spec{
		spec(2, 12, 13, 16, 3, 3, 17, 1, 1, 1, 1),
		spec(1, 11, 12, 5, 3, 3, 9, 2, 1, 1, 1),
		spec(1, 9, 10, 24, 3, 3, 3, 1, 1, 1, 1),
		spec(1, 9, 10, 24, 3, 3, 24, 1, 1, 1, 24),
	} {
		for s.Form = Forward; s.Form <= KernelGradient; s.Form++ {
			for _, name := range Algorithms {
				if !Accepts(s, name) {
					continue
				}
				levels(t, func(t *testing.T, l isa.Level) { checkAllocations(t, s, l, name) })
			}
		}
	}
}

func checkAllocations(t *testing.T, s Spec, l isa.Level, name string) {
	t.Helper()
	runs := 10
	if testing.Short() {
		runs = 4 // not 1: the Go runtime allocates once in a while itself, and the average is cut to an integer
	}
	pool := par.New(1)
	defer pool.Close()
	p := NewPlan(s, l, 1, Options{Algorithm: name})
	na, nb, n := s.sizes()
	a, b, out := make([]float32, na), make([]float32, nb), make([]float32, n)
	scratch := make([]byte, p.ScratchBytes())
	epilogue := func(worker, pixel, n int, sums []float32) {}
	if got := testing.AllocsPerRun(runs, func() { p.Run(pool, a, b, out, scratch, epilogue) }); got > 3 {
		t.Errorf("%v %s %v: %v allocations a run, want at most 3", s, name, l, got)
	}
}

// TestMisuse checks that bad calls panic with a message of this package.
func TestMisuse(t *testing.T) {
	s := spec(1, 5, 5, 3, 3, 3, 4, 1, 1, 1, 1)
	na, nb, n := s.sizes()
	pool := par.New(2)
	defer pool.Close()
	buffers := func() (p *Plan, a, b, out []float32, scratch []byte) {
		p = NewPlan(s, isa.Portable, 2, Options{})
		return p, make([]float32, na), make([]float32, nb), make([]float32, n), make([]byte, p.ScratchBytes())
	}
	for name, call := range map[string]func(){
		"form":      func() { NewPlan(Spec{Form: 3}, isa.Portable, 1, Options{}) },
		"stride":    func() { bad := s; bad.StrideW = 0; NewPlan(bad, isa.Portable, 1, Options{}) },
		"groups":    func() { bad := s; bad.Groups = 2; NewPlan(bad, isa.Portable, 1, Options{}) },
		"size":      func() { bad := s; bad.OH = -1; NewPlan(bad, isa.Portable, 1, Options{}) },
		"overflow":  func() { bad := s; bad.N, bad.H, bad.W = 1<<30, 1<<30, 1<<30; NewPlan(bad, isa.Portable, 1, Options{}) },
		"algorithm": func() { NewPlan(s, isa.Portable, 1, Options{Algorithm: "direct"}) },
		"name":      func() { NewPlan(s, isa.Portable, 1, Options{Algorithm: "fft"}) },
		"first":     func() { p, a, b, out, m := buffers(); p.Run(pool, a[1:], b, out, m, nil) },
		"second":    func() { p, a, b, out, m := buffers(); p.Run(pool, a, b[1:], out, m, nil) },
		"output":    func() { p, a, b, out, m := buffers(); p.Run(pool, a, b, out[1:], m, nil) },
		"scratch":   func() { p, a, b, out, m := buffers(); p.Run(pool, a, b, out, m[4:], nil) },
		"threads": func() {
			_, a, b, out, _ := buffers()
			p := NewPlan(s, isa.Portable, 1, Options{})
			p.Run(pool, a, b, out, make([]byte, p.ScratchBytes()), nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if msg := fmt.Sprint(recover()); !strings.HasPrefix(msg, "conv: ") {
					t.Errorf("panic with %q, want one that starts with conv:", msg)
				}
			}()
			call()
		})
	}
}
