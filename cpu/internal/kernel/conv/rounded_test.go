package conv

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/atelier-go/atelier/cpu/internal/isa"
	"github.com/atelier-go/atelier/cpu/internal/kernel/bf16"
	"github.com/atelier-go/atelier/cpu/internal/par"
)

// formsRounded runs a spec in every form with operands that are rounded, by one kernel: with the algorithm that is chosen,
// with gather and with Winograd's. The result is that of the naive loop over rounded operands.
func formsRounded(t *testing.T, s Spec, seed uint64, half *bf16.Kernel) {
	t.Helper()
	for s.Form = Forward; s.Form <= KernelGradient; s.Form++ {
		rng := rand.New(rand.NewPCG(seed, uint64(s.Form)))
		na, nb, _ := s.sizes()
		a, b := random(rng, na), random(rng, nb)
		roundedA, roundedB := rounded(a), rounded(b)
		want, abs := naive(s, roundedA.data(), roundedB.data())
		done := map[string]bool{}
		for _, name := range []string{"", "gather", "winograd4"} {
			if name != "" && !Accepts(s, name) {
				continue
			}
			opt := Options{Algorithm: name, Precision: isa.BF16}
			one := newPlan(s, half.ISA, half, 1, opt)
			algorithm := one.Algorithm()
			if !strings.Contains(algorithm, "bf16") {
				if name != "" && algorithm != "zeros" {
					t.Fatalf("%v: %s does not round", s, algorithm)
				}
				continue
			}
			if done[algorithm] {
				continue
			}
			done[algorithm] = true
			got := runPlan(t, one, a, b)
			compare(t, s, half.ISA, algorithm, a, b, got, want, abs)
			for i, v := range runPlan(t, newPlan(s, half.ISA, half, 3, opt), a, b) {
				if math.Float32bits(v) != math.Float32bits(got[i]) {
					t.Fatalf("%v %s: out[%d] = %v with 3 threads, %v with one", s, algorithm, i, v, got[i])
				}
			}
			halvesAgree(t, s, half, opt, a, b, got)
		}
	}
}

// halvesAgree wants the same bits from operands that are bfloat16 in memory, and from an output that is aside, wherever
// the plan allows them.
func halvesAgree(t *testing.T, s Spec, half *bf16.Kernel, opt Options, a, b guarded, want []float32) {
	t.Helper()
	p := newPlan(s, half.ISA, half, 1, opt)
	takesA, takesB := p.TakesHalves()
	for i := 1; i < 8; i++ {
		opt.HalfA, opt.HalfB, opt.Aside = i&1 > 0, i&2 > 0, i&4 > 0
		if opt.HalfA && !takesA || opt.HalfB && !takesB || opt.Aside && !p.RunsAside() {
			continue
		}
		for j, v := range runPlan(t, newPlan(s, half.ISA, half, 1+i%3, opt), a, b) {
			if math.Float32bits(v) != math.Float32bits(want[j]) {
				t.Fatalf("%v %+v %s: out[%d] = %v, of float32 %v", s, opt, half.Name, j, v, want[j])
			}
		}
	}
}

// rounded is a copy with its elements rounded, between the same guards.
func rounded(g guarded) guarded {
	c := newGuarded(g.n)
	for i, v := range g.data() {
		c.data()[i] = bf16.Round(v)
	}
	return c
}

// roundedKernels runs a test for every kernel of rounded products that can run here, and with the plans that tiles have.
func roundedKernels(t *testing.T, test func(t *testing.T, half *bf16.Kernel)) {
	for _, half := range append(slices.Clone(bf16.Kernels), bf16.PortableTiles) {
		t.Run("isa="+half.ISA.String()+"/"+half.Name, func(t *testing.T) {
			if missing := half.Missing(); len(missing) > 0 {
				t.Skipf("this machine or build has no %s", strings.Join(missing, ", "))
			}
			test(t, half)
		})
	}
}

func TestFormsRounded(t *testing.T) {
	roundedKernels(t, func(t *testing.T, half *bf16.Kernel) {
		for name, s := range table {
			t.Run(name, func(t *testing.T) { formsRounded(t, s, 1, half) })
		}
		// Channels in whole tiles, whose pixels are rounded right where they are gathered.
		for name, s := range map[string]Spec{
			"32":          spec(2, 7, 9, 32, 3, 3, 40, 1, 1, 1, 1),
			"64 stride 2": spec(1, 9, 8, 64, 3, 3, 33, 2, 1, 1, 1),
			"96 5x5":      spec(1, 6, 21, 96, 5, 5, 8, 1, 1, 2, 1),
			"64 dilated":  spec(1, 9, 9, 64, 3, 2, 64, 1, 2, 3, 1),
			"64 groups":   spec(1, 6, 5, 128, 3, 3, 64, 1, 1, 1, 2),
			"640":         spec(1, 4, 4, 640, 2, 2, 70, 1, 1, 1, 1),
			"1x1":         spec(1, 9, 9, 64, 1, 1, 70, 1, 1, 0, 1),
			// Sums that take several blocks of two taps, and a last one of one.
			"192": spec(1, 5, 6, 192, 3, 3, 160, 1, 1, 1, 1),
			"200": spec(1, 5, 6, 200, 3, 3, 40, 1, 1, 1, 1),
			// Kernel gradients over several blocks of positions, and over several chunks of them.
			"612 positions":  spec(2, 18, 17, 32, 3, 3, 40, 1, 1, 1, 1),
			"8280 positions": spec(1, 92, 92, 16, 1, 3, 20, 1, 1, 0, 1),
			// Kernel gradients in many parts, over two blocks of positions.
			"520 out":        spec(1, 18, 18, 40, 3, 3, 520, 1, 1, 1, 1),
			"520 out groups": spec(2, 12, 13, 64, 3, 3, 1040, 1, 1, 1, 2),
		} {
			t.Run(name, func(t *testing.T) { formsRounded(t, s, 2, half) })
		}
	})
}

// TestFloat32IsUntouched has the same bits with precision float32 as without options, and the same choice.
func TestFloat32IsUntouched(t *testing.T) {
	for name, s := range table {
		for s.Form = Forward; s.Form <= KernelGradient; s.Form++ {
			got := NewPlan(s, isa.Best(), 2, Options{Precision: isa.Float32}).Algorithm()
			if want := NewPlan(s, isa.Best(), 2, Options{}).Algorithm(); got != want || strings.Contains(got, "bf16") {
				t.Errorf("%s: precision float32 chooses %s, no precision %s", name, got, want)
			}
		}
	}
}

// TestRoundedNonFinite has a value that is not finite, or rounds to infinity, reach the results that depend on it alone.
func TestRoundedNonFinite(t *testing.T) {
	s := spec(1, 8, 9, 64, 3, 3, 33, 1, 1, 1, 1)
	roundedKernels(t, func(t *testing.T, half *bf16.Kernel) {
		for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1)), math.MaxFloat32} {
			rng := rand.New(rand.NewPCG(3, 4))
			na, nb, n := s.sizes()
			a, b, out := random(rng, na).data(), random(rng, nb).data(), make([]float32, n)
			a[(4*s.W+5)*s.C+7] = bad
			p := newPlan(s, half.ISA, half, 1, Options{Precision: isa.BF16})
			pool := par.New(1)
			p.Run(pool, a, b, out, make([]byte, p.ScratchBytes()), nil)
			pool.Close()
			for i, v := range out {
				y, x := i/s.O/s.OW, i/s.O%s.OW
				reached := y >= 3 && y <= 5 && x >= 4 && x <= 6
				if finite := v-v == 0; finite == reached {
					t.Fatalf("%s: %v at (4,5) makes (%d,%d) %v", half.Name, bad, y, x, v)
				}
			}
		}
	})
}
