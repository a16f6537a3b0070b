package schedule_test

import (
	"math"
	"strings"
	"testing"

	"github.com/atelier-go/atelier/schedule"
)

type checked interface{ Check() error }

func TestCheckNamesFieldAndValue(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	one := schedule.Of(schedule.Constant{Value: 1})
	for _, c := range []struct {
		s    checked
		want string
	}{
		{schedule.Constant{Value: nan}, "constant: value is NaN"},
		{schedule.Linear{From: inf, To: 1e39}, "linear: from is +Inf, want a number that float32 holds; to is 1e+39"},
		{schedule.Cosine{To: -inf}, "cosine: to is -Inf"},
		{schedule.Exponential{From: 1}, "exponential: to is 0, want a number above 0"},
		{schedule.Exponential{From: -1, To: 1}, "exponential: from is -1"},
		{schedule.Polynomial{From: 1}, "polynomial: power is 0, want a number above 0"},
		{schedule.Step{Value: 1}, "step: milestones and every are both missing"},
		{schedule.Step{Value: 1, Every: .5, Milestones: []float64{.5}}, "want one of them"},
		{schedule.Step{Value: 1, Milestones: []float64{.5, .4}}, "step: milestones are [0.5 0.4], want increasing"},
		{schedule.Step{Value: 1, Milestones: []float64{30, 60}}, "want increasing fractions"},
		{schedule.Step{Value: 1, Every: 3}, "step: every is 3, want a fraction"},
		{schedule.Step{Value: 1, Factor: -1, Every: .5}, "step: factor is -1"},
		{schedule.Step{Value: 1, Factor: 10, Every: .01}, "step: the value after the last milestone is 1.0"},
		{schedule.Join{}, "join: parts are missing"},
		{schedule.Join{Parts: []schedule.Part{{Fraction: .3, Schedule: one}, {Fraction: .3, Schedule: one}}}, "join: the fractions sum to 0.6, want 1"},
		{schedule.Join{Parts: []schedule.Part{{Fraction: 1}}}, "join: part 0: no schedule given"},
		{schedule.Join{Parts: []schedule.Part{{Schedule: one}, {Fraction: 1, Schedule: one}}}, "join: fraction of part 0 is 0"},
		{schedule.Warmup{Then: one}, "warmup: steps is 0 and fraction is 0, want one of them"},
		{schedule.Warmup{Then: one, Steps: 5, Fraction: .1}, "steps is 5 and fraction is 0.1, want one of them"},
		{schedule.Warmup{Then: one, Steps: -5}, "steps is -5"},
		{schedule.Warmup{Then: one, Steps: 5, From: 1, Factor: 1}, "from is 1 and factor is 1, want one of them"},
		{schedule.Warmup{Then: one, Steps: 5, Factor: nan}, "factor is NaN"},
		{schedule.Warmup{Steps: 5, Then: schedule.Of(schedule.Exponential{From: 1})}, "warmup: then: exponential: to is 0"},
		{schedule.OneCycle{}, "one_cycle: max is 0"},
		{schedule.OneCycle{Max: 1, Div: .5, FinalDiv: nan}, "div is 0.5, want at least 1; final_div is NaN"},
		{schedule.OneCycle{Max: 1, FinalOf: "min"}, `final_of is "min", want initial or max`},
		{schedule.OneCycle{Max: 1, Phases: 4, Pct: 1, Anneal: "cosine"}, `phases is 4, want 2 or 3; pct is 1, want a fraction between 0 and 1; anneal is "cosine", want cos or linear`},
		{schedule.OneCycle{Max: 1, Phases: 3, Pct: .5}, "pct is 0.5, want a fraction between 0 and 0.5"},
		{schedule.OneCycleMomentum{Max: .8}, "one_cycle_momentum: min is 0.85 and max is 0.8"},
		{schedule.SGDR{Max: 1, Min: 2, Steps: 5}, "sgdr: min is 2, above max 1"},
		{schedule.SGDR{Max: 1}, "sgdr: cycles is 0 and steps is 0, want one of them"},
		{schedule.SGDR{Max: 1, Steps: 5, Cycles: 3}, "cycles is 3 and steps is 5, want one of them"},
		{schedule.SGDR{Max: 1, Cycles: 3, Mult: .5}, "mult is 0.5, want at least 1"},
		{schedule.SGDR{Max: 1, Cycles: 100, Mult: 2}, "the last of 100 cycles would be 6.3"},
		{schedule.Trapezoid{Max: 1, Warmup: .6, Decay: .6}, "warmup 0.6 and decay 0.6 are more than all steps"},
		{schedule.Trapezoid{Max: 1, Warmup: -1}, "warmup is -1"},
		{schedule.InverseSqrt{Max: 1, Warmup: -1, Timescale: -2}, "warmup is -1 steps, want at least 0; timescale is -2"},
		{schedule.Plateau{Factor: 1.5, Patience: -1}, "plateau: factor is 1.5, want a fraction between 0 and 1; patience is -1"},
		{schedule.Plateau{Mode: "up", ThresholdMode: "relative"}, `threshold_mode is "relative", want rel or abs; mode is "up", want min or max`},
		{schedule.Plateau{Threshold: -1, Cooldown: -1, Min: 2}, "cooldown is -1, want at least 0; threshold is -1, want at least 0; min is 2"},
		{schedule.Spec{}, "no schedule given"},
	} {
		if err := c.s.Check(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%#v: %v, want %s", c.s, err, c.want)
		}
	}
}

// DeepSpeed's cycle drives beta1 above 1; no cycle here can.
func TestMomentumStaysBelowOne(t *testing.T) {
	for _, s := range []schedule.OneCycleMomentum{{Max: 1}, {Max: 1.1}, {Min: -.1}, {Max: .9, Min: .95}, {Max: math.NaN()}} {
		if s.Check() == nil {
			t.Errorf("%+v is taken for right", s)
		}
	}
}

func TestLengthsRefuses(t *testing.T) {
	for _, c := range []struct {
		epochs []float64
		steps  []int
		want   string
	}{
		{[]float64{1}, nil, "epochs of 1 phases, steps per epoch of 0"},
		{[]float64{1, 0}, []int{5, 5}, "phase 1 has 0 epochs"},
		{[]float64{math.NaN()}, []int{5}, "phase 0 has NaN epochs"},
		{[]float64{math.Inf(1)}, []int{5}, "phase 0 has +Inf epochs"},
		{[]float64{-1}, []int{5}, "phase 0 has -1 epochs"},
		{[]float64{1}, []int{0}, "phase 0 has 0 steps per epoch"},
		{[]float64{1, 1e9}, []int{5, 5}, "5.000000005e+09 steps up to phase 1"},
	} {
		got, err := schedule.Lengths(c.epochs, c.steps)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v of %v: %v, %v, want %s", c.epochs, c.steps, got, err, c.want)
		}
	}
}
