package schedule_test

import (
	"math"
	"slices"
	"testing"

	"github.com/atelier-go/atelier/schedule"
)

// Each test here is named after a bug that another system has, or had.

// fastai 0.7 counts whole epochs of the first phase's data: .5 + 1.5 epochs on 100 and 200 batches run 250 of 350 steps,
// and three phases of 1.1 epochs on 50, 60 and 70 never reach the third.
func TestNoWorkIsLostBetweenPhases(t *testing.T) {
	for seed := range 500 {
		x := math.Abs(math.Sin(float64(seed + 1)))
		epochs := []float64{math.Round(x*300+1) / 100, math.Round(x*x*200+1) / 100, 1.1}
		steps := []int{50 + seed, 60 + 3*seed, 70}
		lengths, err := schedule.Lengths(epochs, steps)
		if err != nil {
			t.Fatal(err)
		}
		sum, end := 0.0, 0
		for i, length := range lengths {
			sum += epochs[i] * float64(steps[i])
			end += length
			if length < 1 || math.Abs(float64(end)-sum) > 1 {
				t.Fatalf("%v epochs of %v steps: %v, phase %d ends at %d instead of %v", epochs, steps, lengths, i, end, sum)
			}
		}
	}
}

// fastai 0.7 sums in floating point: 0.9 + 0.1 epochs of 782 are 782.0000000000001, and the last phase does not end.
func TestFloatSumsEndOnTheStep(t *testing.T) {
	for n := 1; n < 5000; n++ {
		for tenths := 1; tenths < 10; tenths++ {
			a := float64(tenths) / 10
			for _, epochs := range [][]float64{{a, float64(10-tenths) / 10}, {a, 1 - a}} {
				lengths, err := schedule.Lengths(epochs, []int{n, n})
				if err != nil {
					t.Fatal(err)
				}
				if want := (tenths*n + 9) / 10; lengths[0] != want || lengths[1] != max(1, n-want) {
					t.Fatalf("%v epochs of %d: %v, want the first to end at %d", epochs, n, lengths, want)
				}
			}
		}
	}
	long, err := schedule.Lengths(slices.Repeat([]float64{0.1}, 1000), slices.Repeat([]int{1_000_000}, 1000))
	if err != nil || slices.Min(long) != 100_000 || slices.Max(long) != 100_000 {
		t.Errorf("a thousand tenths of a million: %d to %d, %v", slices.Min(long), slices.Max(long), err)
	}
}

// PyTorch's schedulers have state: resuming with last_epoch or loading an optimizer gives another rate, new settings are
// overridden by saved ones, and OneCycleLR raises after its last step. Here a value depends on its arguments alone.
func TestValuesDoNotDependOnHistory(t *testing.T) {
	const n = 97
	for _, c := range sane(0.3, 0.1, 0.4, 3) {
		want := values(c.s, n+1)
		for i := n; i >= 0; i-- { // in another order
			k := i * 41 % (n + 1)
			if got := c.s.At(k, n+1); got != want[k] {
				t.Fatalf("%#v at %d: %v, and %v before", c.s, k, got, want[k])
			}
		}
		if c.s.At(n+1, n) != c.s.At(n, n) || c.s.At(math.MaxInt, n) != c.s.At(n, n) {
			t.Errorf("%#v does not stay at its end", c.s)
		}
		if c.s.At(-1, n) != c.s.At(0, n) || c.s.At(math.MinInt, n) != c.s.At(0, n) {
			t.Errorf("%#v has another value before its first step", c.s)
		}
	}
}

// The log-floor of PyTorch's CosineAnnealingWarmRestarts and timm's cosine misses the 5th restart at T_mult = 3: one step
// at the minimum.
func TestFifthRestartOfMultThree(t *testing.T) {
	for first := 1; first <= 10; first++ {
		s := schedule.SGDR{Max: 1, Steps: first, Mult: 3}
		restart := 0
		for i := range 8 {
			if got := s.At(restart, 100_000); got != 1 {
				t.Errorf("T_0 = %d: restart %d at step %d has %v", first, i, restart, got)
			}
			restart += first * int(math.Pow(3, float64(i)))
		}
	}
}

// fastai v2's fit_sgdr divides by zero at cycle_mult 1, its SchedPoly is x^p where 0.7 has (1-x)^p.
func TestFastaiV2sSlips(t *testing.T) {
	if got := (schedule.SGDR{Max: 1, Cycles: 4, Mult: 1}).At(25, 100); got != 1 {
		t.Errorf("the second of four equal cycles starts with %v", got)
	}
	if got := (schedule.Polynomial{From: 1, Power: 3}).At(1, 2); got != 0.125 {
		t.Errorf("(1-1/2)³ is %v", got)
	}
}

// A finder that trains n steps with At(k, n-1) has both ends, and one step if there is only one; fastai's linear one
// starts at a rate of zero.
func TestFinderHasBothEnds(t *testing.T) {
	for _, s := range []schedule.Schedule{schedule.Exponential{From: 1e-5, To: 10}, schedule.Linear{From: 1e-5, To: 10}} {
		for _, n := range []int{2, 100, 782} {
			if s.At(0, n-1) != 1e-5 || s.At(n-1, n-1) != 10 {
				t.Errorf("%#v goes from %v to %v in %d steps", s, s.At(0, n-1), s.At(n-1, n-1), n)
			}
		}
		if s.At(0, 0) != 1e-5 {
			t.Errorf("a single step has %v", s.At(0, 0))
		}
	}
}
