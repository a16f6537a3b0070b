package schedule_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/atelier-go/atelier/schedule"
)

func same(t *testing.T, what string, got, want, scale float64) {
	t.Helper()
	if !near(got, want, scale) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// The numbers are those of PyTorch's own tests of OneCycleLR: total_steps 10, max_lr 25, and momenta of 1 to 22, which
// are divided by 25 here.
func TestOneCycleHasPyTorchsNumbers(t *testing.T) {
	const total = 10
	pct := func(p float64) float64 { return (p*total - 1) / (total - 1) }
	for _, c := range []struct {
		name     string
		rate     schedule.OneCycle
		momentum schedule.OneCycleMomentum
		rates    []float64
		momenta  []float64
	}{
		{"two phases, linear",
			schedule.OneCycle{Max: 25, FinalDiv: 2, Pct: pct(.3), Anneal: "linear"},
			schedule.OneCycleMomentum{Max: 22. / 25, Min: 1. / 25, Pct: pct(.3), Anneal: "linear"},
			[]float64{1, 13, 25, 21.5, 18, 14.5, 11, 7.5, 4, 0.5},
			[]float64{22, 11.5, 1, 4, 7, 10, 13, 16, 19, 22}},
		{"three phases, linear",
			schedule.OneCycle{Max: 25, FinalDiv: 4, Pct: pct(.4), Phases: 3, Anneal: "linear"},
			schedule.OneCycleMomentum{Max: 22. / 25, Min: 1. / 25, Pct: pct(.4), Phases: 3, Anneal: "linear"},
			[]float64{1, 9, 17, 25, 17, 9, 1, 0.75, 0.5, 0.25},
			[]float64{22, 15, 8, 1, 8, 15, 22, 22, 22, 22}},
	} {
		if err := c.rate.Check(); err != nil {
			t.Error(err)
		}
		if err := c.momentum.Check(); err != nil {
			t.Error(err)
		}
		for k := range total {
			same(t, fmt.Sprintf("%s, rate %d", c.name, k), c.rate.At(k, total-1), c.rates[k], 25)
			same(t, fmt.Sprintf("%s, momentum %d", c.name, k), c.momentum.At(k, total-1), c.momenta[k]/25, 1)
		}
	}
}

// halfCos is (1+cos(πx))/2 in another form.
func halfCos(x float64) float64 { return math.Pow(math.Cos(math.Pi*x/2), 2) }

// optax's cosine_onecycle_schedule(1000, 0.1): rises to step 300 from a 25th, falls to a 250000th.
func TestOneCycleIsOptaxs(t *testing.T) {
	const n, peak = 1000, 0.1
	s := schedule.OneCycle{Max: peak}
	for k := 0; k <= n; k++ {
		low, x := peak/25, 1-float64(k)/300
		if k > 300 {
			low, x = peak/25/1e4, float64(k-300)/700
		}
		same(t, fmt.Sprint("step ", k), s.At(k, n), low+(peak-low)*halfCos(x), 4*peak)
	}
}

// fastai v2's fit_one_cycle(lr_max=0.1): a quarter rises, div 25, and the end is a 1e5th of the maximum, not of the start.
func TestOneCycleIsFastaiV2s(t *testing.T) {
	const n, peak = 1000, 0.1
	s := schedule.OneCycle{Max: peak, Pct: 0.25, FinalOf: "max"}
	m := schedule.OneCycleMomentum{Pct: 0.25}
	for k := 0; k <= n; k++ {
		low, x := peak/25, 1-float64(k)/250
		if k > 250 {
			low, x = peak/1e5, float64(k-250)/750
		}
		same(t, fmt.Sprint("step ", k), s.At(k, n), low+(peak-low)*halfCos(x), 4*peak)
		same(t, fmt.Sprint("momentum at step ", k), m.At(k, n), .95-.1*halfCos(x), 4)
	}
	if got := s.At(n, n); got != peak/1e5 {
		t.Errorf("ends at %v", got)
	}
	if got := (schedule.OneCycle{Max: peak}).At(n, n); !near(got, peak/25/1e4, peak/25/1e4) {
		t.Errorf("with the divisor of the initial value it ends at %v", got)
	}
}

// The three phases of fastai 0.7's use_clr_beta and phases_1cycle, in one schedule.
func TestOneCycleIsThreePhases(t *testing.T) {
	const n, peak, div, tail = 2940, 1.5, 20, 20 // wrn_22 on CIFAR-10: 30 epochs of 98, use_clr_beta=(20, 20, .95, .85)
	pct := (1 - tail/100.) / 2
	s := schedule.OneCycle{Max: peak, Div: div, FinalDiv: 100, Pct: pct, Phases: 3, Anneal: "linear"}
	m := schedule.OneCycleMomentum{Pct: pct, Phases: 3, Anneal: "linear"}
	const rise = 1176
	for k := 0; k <= n; k++ {
		rate, momentum := schedule.Linear{From: peak / div, To: peak}.At(k, rise), schedule.Linear{From: .95, To: .85}.At(k, rise)
		if k > rise {
			rate, momentum = schedule.Linear{From: peak, To: peak / div}.At(k-rise, rise), schedule.Linear{From: .85, To: .95}.At(k-rise, rise)
		}
		if k > 2*rise {
			rate, momentum = schedule.Linear{From: peak / div, To: peak / div / 100}.At(k-2*rise, n-2*rise), .95
		}
		same(t, fmt.Sprint("rate at step ", k), s.At(k, n), rate, 4*peak)
		same(t, fmt.Sprint("momentum at step ", k), m.At(k, n), momentum, 4)
	}
}

// SGDR against a counter that is stepped, as the paper has it: T_cur reaches T_i, then T_i is multiplied. A restart is
// never missed by a logarithm that rounds down, which PyTorch's and timm's closed forms do for the 5th of mult 3.
func TestSGDRRestartsOnTime(t *testing.T) {
	for _, mult := range []int{1, 2, 3, 4, 5, 7, 10} {
		for first := 1; first <= 40; first++ {
			const n = 5000
			s := schedule.SGDR{Max: 1, Min: 0.25, Steps: first, Mult: float64(mult)}
			if err := s.Check(); err != nil {
				t.Fatal(err)
			}
			current, length := 0, first
			for k := range n {
				if want := 0.25 + 0.75*halfCos(float64(current)/float64(length)); !near(s.At(k, n), want, 4) {
					t.Fatalf("first cycle %d, mult %d, step %d: %v, want %v", first, mult, k, s.At(k, n), want)
				}
				if current++; current == length {
					current, length = 0, length*mult
				}
			}
		}
	}
}

// Cycles that fill the stretch are the phases of fastai's phases_sgdr.
func TestSGDRCyclesArePhases(t *testing.T) {
	for _, c := range []struct {
		n, cycles int
		mult      float64
		lengths   []int
	}{
		{782 * 7, 3, 2, []int{782, 1564, 3128}},
		{1000, 4, 1, []int{250, 250, 250, 250}},
		{1000, 3, 1, []int{334, 333, 333}},
		{100, 3, 2, []int{15, 28, 57}},
		{19, 2, 1.5, []int{8, 11}},
		{2, 3, 2, []int{1, 1}},
		{782, 1, 0, []int{782}},
	} {
		s := schedule.SGDR{Max: 0.01, Cycles: c.cycles, Mult: c.mult}
		if err := s.Check(); err != nil {
			t.Error(err)
		}
		k := 0
		for i, length := range c.lengths {
			for j := range length {
				if got, want := s.At(k, c.n), (schedule.Cosine{From: 0.01}).At(j, length); got != want {
					t.Fatalf("%+v, %d steps: step %d is %v, want %v, step %d of cycle %d", s, c.n, k, got, want, j, i)
				}
				k++
			}
		}
		if k != c.n || s.At(c.n, c.n) != 0 {
			t.Errorf("%+v ends at %v after %d steps, want 0 after %d", s, s.At(c.n, c.n), k, c.n)
		}
	}
}
