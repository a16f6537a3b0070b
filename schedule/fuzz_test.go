package schedule_test

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"

	"github.com/atelier-go/atelier/schedule"
)

// bounded is a schedule with the values it must keep within, and its two ends where they are known (NaN if not).
type bounded struct {
	s           schedule.Schedule
	low, high   float64
	first, last float64
}

// sane makes a schedule of every kind from a few numbers; those with bad settings must be refused by Check.
func sane(a, b, f float64, m int) []bounded {
	nan := math.NaN()
	low, high := math.Min(a, b), math.Max(a, b)
	rise := schedule.Of(schedule.Linear{From: a, To: b})
	div := 1 + math.Abs(b)
	zero := func(x float64) (float64, float64) { return math.Min(0, x), math.Max(0, x) }
	aLow, aHigh := zero(a)
	twoLow, twoHigh := zero(a)
	twoLow, twoHigh = math.Min(twoLow, b), math.Max(twoHigh, b)
	return []bounded{
		{schedule.Constant{Value: a}, a, a, a, a},
		{schedule.Linear{From: a, To: b}, low, high, a, b},
		{schedule.Cosine{From: a, To: b}, low, high, a, b},
		{schedule.Exponential{From: a, To: b}, low, high, a, b},
		{schedule.Polynomial{From: a, To: b, Power: f}, low, high, a, b},
		{schedule.Step{Value: a, Factor: f, Every: .3}, math.Min(a, a*f*f*f), math.Max(a, a*f*f*f), a, nan},
		{schedule.Step{Value: a, Factor: f, Milestones: []float64{.5}}, math.Min(a, a*f), math.Max(a, a*f), a, nan},
		{schedule.Warmup{From: a, Steps: m, Then: schedule.Of(schedule.Constant{Value: b})}, low, high, a, nan},
		{schedule.Warmup{Fraction: f, Then: rise}, twoLow, twoHigh, 0, nan},
		{schedule.Warmup{Factor: f, Steps: m, Then: schedule.Of(schedule.Cosine{From: a})}, aLow, aHigh, a * f, nan},
		{schedule.Join{Parts: []schedule.Part{{Fraction: f, Schedule: rise}, {Fraction: 1 - f, Schedule: rise}}}, low, high, a, b},
		{schedule.OneCycle{Max: a, Div: div, FinalDiv: div, Pct: f}, 0, a, nan, nan},
		{schedule.OneCycle{Max: a, Div: div, FinalDiv: div, FinalOf: "max", Pct: f, Phases: 3, Anneal: "linear"}, 0, a, nan, nan},
		{schedule.OneCycleMomentum{Max: high, Min: low, Pct: f}, low, high, nan, nan},
		{schedule.SGDR{Max: high, Min: low, Cycles: m, Mult: 1 + math.Abs(f)}, low, high, high, low},
		{schedule.SGDR{Max: high, Min: low, Steps: m, Mult: 1 + math.Abs(f)}, low, high, high, nan},
		{schedule.Trapezoid{Max: b, Warmup: f, Decay: 1 - f, From: a}, twoLow, twoHigh, nan, nan},
		{schedule.InverseSqrt{Max: b, Warmup: m, From: a}, twoLow, twoHigh, nan, nan},
	}
}

// inBounds fails unless the schedule is finite, within its bounds, and has its ends.
func inBounds(t *testing.T, c bounded, n int) {
	t.Helper()
	slack := 1e-9 * (math.Abs(c.low) + math.Abs(c.high)) // of a power; the others keep to their ends exactly
	for k := 0; k <= n; k++ {
		v := c.s.At(k, n)
		if math.IsNaN(v) || v < c.low-slack || v > c.high+slack {
			t.Fatalf("%#v at %d of %d is %v, not from %v to %v", c.s, k, n, v, c.low, c.high)
		}
	}
	if v := c.s.At(0, n); !math.IsNaN(c.first) && n > 0 && math.Abs(v-c.first) > slack {
		t.Fatalf("%#v starts at %v of %d steps, want %v", c.s, v, n, c.first)
	}
	if v := c.s.At(n, n); !math.IsNaN(c.last) && n > 0 && math.Abs(v-c.last) > slack {
		t.Fatalf("%#v ends at %v of %d steps, want %v", c.s, v, n, c.last)
	}
}

func FuzzAt(f *testing.F) {
	f.Add(0.1, 0.01, 0.3, 3, 100)
	f.Add(-1.0, 1.0, 0.999, 1, 7)
	f.Add(1e38, 1e-45, 0.5, 40, 1000)
	f.Add(0.95, 0.85, 0.1, 2, 0)
	f.Add(3.4e38, -3.4e38, 2.0, 1000, 500)
	f.Add(math.Inf(1), math.NaN(), math.NaN(), -1, -1)
	f.Fuzz(func(t *testing.T, a, b, fraction float64, m, n int) {
		for _, c := range sane(a, b, fraction, m) {
			for _, n := range []int{0, 1, 2, n % 2000} {
				if c.s.Check() == nil {
					inBounds(t, c, n)
				} else {
					c.s.At(n/2, n) // no meaning, but no panic either
				}
			}
			if c.s.Check() == nil {
				c.s.At(n, math.MaxInt) // without going through the steps
			}
		}
	})
}

// What parses has a text that parses to the same, and if Check accepts it, finite values.
func FuzzSpec(f *testing.F) {
	for _, text := range []string{
		`0.01`, `{"cosine": [0.01, 0]}`, `{"warmup": {"steps": 5, "factor": 0.1, "then": {"one_cycle": 0.1}}}`,
		`{"join": [{"fraction": 0.5, "schedule": {"sgdr": [1, 0, 3, 2]}}, {"fraction": 0.5, "schedule": {"inverse_sqrt": 1}}]}`,
		`{"step": [1, 0, [0.3, 0.6]]}`, `{"trapezoid": [1, 0.1, 0.2]}`, `{"polynomial": {"from": 1, "power": 0.5}}`, `null`, `{"linear": null}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var s, back schedule.Spec
		if json.Unmarshal(text, &s) != nil {
			return
		}
		again, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(again, &back); err != nil || !reflect.DeepEqual(normal(t, s), normal(t, back)) {
			t.Fatalf("%s becomes %s, and that %+v, %v", text, again, back, err)
		}
		if s.Check() != nil {
			return
		}
		for _, n := range []int{0, 1, 7, 100} {
			for k := 0; k <= n; k++ {
				if v := s.At(k, n); math.Abs(v) > math.MaxFloat32 || math.IsNaN(v) {
					t.Fatalf("%s at %d of %d is %v", again, k, n, v)
				}
			}
		}
	})
}

// normal is the schedule's JSON, in which an empty list and none are the same.
func normal(t *testing.T, s schedule.Spec) string {
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func FuzzLengths(f *testing.F) {
	f.Add(0.05, 0.95, 782, 782)
	f.Add(0.9, 0.1, 782, 1)
	f.Add(1e-300, 1e8, 1, 3)
	f.Fuzz(func(t *testing.T, a, b float64, m, n int) {
		lengths, err := schedule.Lengths([]float64{a, b}, []int{m, n})
		if err != nil {
			return
		}
		x, y := a*float64(m), a*float64(m)+b*float64(n)
		first, last := float64(lengths[0]), float64(lengths[0]+lengths[1])
		if first < 1 || last < first+1 || first < x-1e-5 || first > math.Max(1, x+1) || last < y-1e-5 || last > math.Max(first+1, y+1) {
			t.Fatalf("%v·%d and %v·%d: %v, for ends at %v and %v", a, m, b, n, lengths, x, y)
		}
	})
}
