package schedule_test

import (
	"math"
	"testing"

	"github.com/atelier-go/atelier/schedule"
)

func part(fraction float64, s schedule.Schedule) schedule.Part {
	return schedule.Part{Fraction: fraction, Schedule: schedule.Of(s)}
}

// values are what n steps train with.
func values(s schedule.Schedule, n int) []float64 {
	v := make([]float64, n)
	for k := range v {
		v[k] = s.At(k, n)
	}
	return v
}

// A join is phases of the same fractions, whatever the number of steps.
func TestJoinIsPhases(t *testing.T) {
	fractions := []float64{.3, .6, .1} // fastai v2 refuses them: their sum is 0.9999999999999999
	parts := []schedule.Schedule{schedule.Linear{From: 1e-3, To: 1e-2}, schedule.Cosine{From: 1e-2, To: 1e-3}, schedule.Constant{Value: 5}}
	join := schedule.Join{Parts: []schedule.Part{part(.3, parts[0]), part(.6, parts[1]), part(.1, parts[2])}}
	if err := join.Check(); err != nil {
		t.Fatal(err)
	}
	for n := 12; n < 1000; n++ {
		lengths, err := schedule.Lengths(fractions, []int{n, n, n})
		if err != nil {
			t.Fatal(err)
		}
		var want []float64
		for i, length := range lengths {
			want = append(want, values(parts[i], length)...)
		}
		for k, got := range values(join, n) {
			if got != want[k] {
				t.Fatalf("step %d of %d: %v, phases have %v", k, n, got, want[k])
			}
		}
	}
	for n := range 12 { // some parts have no step
		if got := join.At(n, n); n > 0 && got != 5 {
			t.Errorf("ends at %v after %d steps", got, n)
		}
	}
}

// A first part that is too short for a step leaves no trace, and the first value is that of the first part that has one;
// PyTorch's SequentialLR starts with the wrong rate, and fails at milestone 0.
func TestJoinStartsWithItsFirstPart(t *testing.T) {
	join := schedule.Join{Parts: []schedule.Part{part(.2, schedule.Linear{From: .1, To: 1}), part(.8, schedule.Constant{Value: 1})}}
	if got := join.At(0, 100); got != .1 {
		t.Errorf("starts at %v, want .1", got)
	}
	short := schedule.Join{Parts: []schedule.Part{part(1e-9, schedule.Constant{Value: 7}), part(1-1e-9, schedule.Linear{From: 1})}}
	if got := short.At(0, 100); got != 1 {
		t.Errorf("starts at %v, want 1", got)
	}
}

// After a warm-up the other schedule runs from its own first step; timm, without a prefix, goes on at the step that the
// warm-up reached, and the rate drops.
func TestWarmupLeadsToTheFirstValue(t *testing.T) {
	const n, w = 1000, 100
	cosine := schedule.Cosine{From: 0.1, To: 0.001}
	for _, s := range []schedule.Warmup{
		{Steps: w, Then: schedule.Of(cosine)},
		{Fraction: .1, Then: schedule.Of(cosine)},
		{From: 0.05, Steps: w, Then: schedule.Of(cosine)},
		{Factor: 0.5, Steps: w, Then: schedule.Of(cosine)},
	} {
		if err := s.Check(); err != nil {
			t.Error(err)
		}
		start := s.From + s.Factor*cosine.From
		for k := 0; k <= n; k++ {
			// optax's warmup_cosine_decay_schedule
			want := start + (0.1-start)*float64(k)/w
			if k > w {
				want = 0.001 + 0.099*halfCos(float64(k-w)/(n-w))
			}
			if got := s.At(k, n); !near(got, want, 1) {
				t.Fatalf("%+v at %d: %v, want %v", s, k, got, want)
			}
		}
	}
	long := schedule.Warmup{Steps: 200, Then: schedule.Of(cosine)}
	if got := long.At(100, 100); got != 0.05 {
		t.Errorf("half of a warm-up ends at %v, want 0.05", got)
	}
}

// The steps of ResNet on ImageNet: 0.1, divided by ten at epochs 30, 60 and 80 of 90.
func TestStep(t *testing.T) {
	s := schedule.Step{Value: 0.1, Milestones: []float64{30. / 90, 60. / 90, 80. / 90}}
	every := schedule.Step{Value: 8, Factor: 0.5, Every: 0.1}
	for _, x := range []schedule.Schedule{s, every} {
		if err := x.Check(); err != nil {
			t.Error(err)
		}
	}
	for k := 0; k <= 9000; k++ {
		want := 1e-1
		for _, m := range []int{3000, 6000, 8000} {
			if k >= m {
				want /= 10
			}
		}
		if got := s.At(k, 9000); !near(got, want, want) {
			t.Fatalf("step %d: %v, want %v", k, got, want)
		}
		// 3·0.1 is not 0.3 in floating point; the end is no milestone.
		if got, want := every.At(k, 9000), 8/math.Pow(2, float64(min(k, 8999)/900)); got != want {
			t.Fatalf("every tenth, step %d: %v, want %v", k, got, want)
		}
	}
}

func TestTrapezoidIsAJoin(t *testing.T) {
	s := schedule.Trapezoid{Max: 2, From: .5, To: .1, Warmup: .2, Decay: .3}
	join := schedule.Join{Parts: []schedule.Part{
		part(.2, schedule.Linear{From: .5, To: 2}), part(.5, schedule.Constant{Value: 2}), part(.3, schedule.Linear{From: 2, To: .1}),
	}}
	for n := range 300 {
		for k := 0; k <= n; k++ {
			if got, want := s.At(k, n), join.At(k, n); got != want {
				t.Fatalf("step %d of %d: %v, the join has %v", k, n, got, want)
			}
		}
	}
	flat := schedule.Trapezoid{Max: 2, Warmup: .5}
	if flat.At(0, 10) != 0 || flat.At(5, 10) != 2 || flat.At(10, 10) != 2 {
		t.Errorf("without decay: %v", values(flat, 10))
	}
}

// The Transformer's rate, d^-0.5·min(k^-0.5, k·w^-1.5), for d = 512 and w = 4000.
func TestInverseSqrt(t *testing.T) {
	d := math.Pow(512, -.5)
	s := schedule.InverseSqrt{Max: d * math.Pow(4000, -.5), Warmup: 4000}
	for k := 1; k <= 100_000; k++ {
		want := d * math.Min(math.Pow(float64(k), -.5), float64(k)*math.Pow(4000, -1.5))
		if got := s.At(k, 100_000); !near(got, want, 2*want) {
			t.Fatalf("step %d: %v, want %v", k, got, want)
		}
	}
	if got := s.At(50_000, 60_000); got != s.At(50_000, 100_000) {
		t.Error("depends on the number of steps")
	}
	shifted := schedule.InverseSqrt{Max: 1, Timescale: 100}
	if shifted.At(0, 1000) != 1 || shifted.At(300, 1000) != .5 {
		t.Errorf("without warm-up: %v, %v", shifted.At(0, 1000), shifted.At(300, 1000))
	}
}
