package schedule_test

import (
	"encoding/json"
	"math"
	"slices"
	"testing"

	"github.com/atelier-go/atelier/schedule"
)

// scales are the scales after each metric.
func scales(p schedule.Plateau, metrics ...float64) []float64 {
	var out []float64
	state := p.Start()
	for _, m := range metrics {
		state = p.Next(state, m)
		out = append(out, state.Scale)
	}
	return out
}

func TestPlateau(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		name    string
		p       schedule.Plateau
		metrics []float64
		want    []float64
	}{
		{"always better", schedule.Plateau{}, []float64{3, 2, 1}, []float64{1, 1, 1}},
		{"the first that is no better", schedule.Plateau{Factor: .5}, []float64{3, 3, 2}, []float64{1, .5, .5}},
		{"patience", schedule.Plateau{Factor: .5, Patience: 2}, []float64{3, 4, 4, 4, 4, 4, 4}, []float64{1, 1, 1, .5, .5, .5, .25}},
		{"patience starts again", schedule.Plateau{Factor: .5, Patience: 1}, []float64{3, 4, 2, 3, 3}, []float64{1, 1, 1, 1, .5}},
		{"cooldown", schedule.Plateau{Factor: .5, Cooldown: 2}, []float64{3, 3, 3, 3, 3}, []float64{1, .5, .5, .5, .25}},
		{"bounded", schedule.Plateau{Factor: .5, Min: .3}, []float64{1, 1, 1, 1}, []float64{1, .5, .3, .3}},
		{"higher is better", schedule.Plateau{Factor: .5, Mode: "max"}, []float64{.1, .2, .15}, []float64{1, 1, .5}},
		{"relative threshold", schedule.Plateau{Factor: .5, Threshold: .1}, []float64{10, 9.5, 8.9}, []float64{1, .5, .5}},
		{"absolute threshold", schedule.Plateau{Factor: .5, Threshold: 1, ThresholdMode: "abs"}, []float64{10, 9.5, 8.5}, []float64{1, .5, .5}},
		// PyTorch compares with best·(1-threshold), which for a negative best lies on the worse side of it.
		{"negative metrics have to get better", schedule.Plateau{Factor: .5, Threshold: .1}, []float64{-10, -9.5, -10.5, -11.5}, []float64{1, .5, .25, .25}},
		{"negative and higher is better", schedule.Plateau{Factor: .5, Threshold: .1, Mode: "max"}, []float64{-10, -10.5, -8}, []float64{1, .5, .5}},
		{"NaN and infinity are no better", schedule.Plateau{Factor: .5}, []float64{nan, -inf, 1, nan}, []float64{.5, .25, .25, .125}},
	} {
		if err := c.p.Check(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if got := scales(c.p, c.metrics...); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// A state that has been to JSON and back goes on as it would have.
func TestPlateauResumes(t *testing.T) {
	p := schedule.Plateau{Factor: .3, Patience: 1, Cooldown: 1, Threshold: .01}
	var zero schedule.PlateauState
	if got, want := p.Next(zero, 1), p.Next(p.Start(), 1); got != want {
		t.Errorf("from the zero state %+v, from the start %+v", got, want)
	}
	one, two := p.Start(), p.Start()
	for i := range 50 {
		metric := math.Sin(float64(i*i)) + 2
		text, err := json.Marshal(two)
		if err != nil {
			t.Fatal(err)
		}
		var back schedule.PlateauState
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		one, two = p.Next(one, metric), p.Next(back, metric)
		if one != two {
			t.Fatalf("metric %d: %+v, after JSON %+v", i, one, two)
		}
	}
}
