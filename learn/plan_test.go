package learn_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/atelier-go/atelier/data"
	"github.com/atelier-go/atelier/learn"
	"github.com/atelier-go/atelier/optim"
	"github.com/atelier-go/atelier/schedule"
)

// batches is data of so many batches an epoch, which nobody reads.
func batches(n int) *learn.Data {
	return &learn.Data{Train: &data.Loader{Dataset: data.Shapes{N: n}, Batch: 1, Shuffle: true}}
}

func plan(t *testing.T, d *learn.Data, groups int, phases ...learn.Phase) *learn.Plan {
	t.Helper()
	p, err := learn.NewPlan(phases, d, groups)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// ends are the steps at which the phases end.
func ends(p *learn.Plan) (all []int) {
	for i := range p.Phases() {
		_, end := p.Bounds(i)
		all = append(all, end)
	}
	return all
}

// The boundaries of fastai's notebook: a phase ends at the first batch that is not before the sum of the epochs.
func TestBoundariesOfNotebook(t *testing.T) {
	for _, c := range []struct {
		name    string
		batches int
		phases  []learn.Phase
		want    []int
	}{
		{"phases_sgdr(1e-2, Adam, 2, 1, 2)", 782, learn.SGDR(1e-2, 2, 1, 2, learn.Phase{Optimizer: optim.Adam{}}), []int{40, 782, 782 * 3}},
		{"phases_1cycle(3, 1e-2, 10, 10, .95, .85)", 782, learn.OneCycleLinear(3, 1e-2, 10, 10, 0.95, 0.85, learn.Phase{}), []int{1056, 2112, 2346}},
		{"0.9 and 0.1", 782, []learn.Phase{{Epochs: 0.9}, {Epochs: 0.1}}, []int{704, 782}},
	} {
		p := plan(t, batches(c.batches), 1, c.phases...)
		if got := ends(p); !slices.Equal(got, c.want) { // lengths 40, 742 and 1564 for the first
			t.Errorf("%s: phases end at %v, want %v", c.name, got, c.want)
		}
	}
}

// The warm-up, and half cosines that end before they reach their end.
func TestSGDRValues(t *testing.T) {
	p := plan(t, batches(782), 1, learn.SGDR(1e-2, 2, 1, 2, learn.Phase{Optimizer: optim.Adam{}})...)
	for step := range p.Steps() {
		want := 1e-4
		switch {
		case step >= 782:
			want = 1e-2 / 2 * (1 + math.Cos(math.Pi*float64(step-782)/1564))
		case step >= 40:
			want = 1e-2 / 2 * (1 + math.Cos(math.Pi*float64(step-40)/742))
		}
		if got := p.At(step).Hyper[0].LR; math.Abs(got-want) > 1e-15 {
			t.Fatalf("step %d: %v, want %v", step, got, want)
		}
	}
}

// Phases with fractions of epochs of different data read all of it: fastai 0.7 read 250 of 350 batches here.
func TestNoBatchIsLost(t *testing.T) {
	a, b := batches(100), batches(200)
	p := plan(t, nil, 1, learn.Phase{Epochs: 0.5, Data: a}, learn.Phase{Epochs: 1.5, Data: b})
	if p.Steps() != 350 {
		t.Errorf("%d steps, want 350", p.Steps())
	}
	d := []*learn.Data{batches(50), batches(60), batches(70)}
	p = plan(t, nil, 1, learn.Phase{Epochs: 1.1, Data: d[0]}, learn.Phase{Epochs: 1.1, Data: d[1]}, learn.Phase{Epochs: 1.1, Data: d[2]})
	if got := ends(p); !slices.Equal(got, []int{55, 121, 198}) {
		t.Errorf("phases end at %v, want 55, 121, 198", got)
	}
}

// What is drawn depends on the seed and the epoch: no two epochs of a run have the same, whatever data they are of, also
// where one was broken off.
func TestEpochsDifferBetweenData(t *testing.T) {
	small, middle, large := batches(3), batches(3), batches(5)
	p := plan(t, nil, 1, learn.Phase{Epochs: 2, Data: small}, learn.Phase{Epochs: 1, Data: middle}, learn.Phase{Epochs: 2, Data: large},
		learn.Phase{Epochs: 1, Data: large}, learn.Phase{Epochs: 1, Data: small})
	var got []int
	for step := range p.Steps() {
		if pos := p.At(step); pos.EndsEpoch {
			got = append(got, pos.Epoch)
		}
	}
	if want := []int{0, 1, 2, 3, 4, 5, 6}; !slices.Equal(got, want) {
		t.Errorf("epochs %v, want %v", got, want)
	}
	p = plan(t, nil, 1, learn.Phase{Steps: 2, Data: small}, learn.Phase{Epochs: 2, Data: large}, learn.Phase{Steps: 7, Data: small})
	got = nil
	for step := range p.Steps() {
		if pos := p.At(step); pos.Batch == pos.Epoch*p.Phases()[pos.Phase].Data.Train.StepsPerEpoch() {
			got = append(got, pos.Epoch)
		}
	}
	if want := []int{0, 1, 2, 3, 4}; !slices.Equal(got, want) {
		t.Errorf("epochs %v begin, want %v", got, want)
	}
}

// Phases with the same data go on in it, those with other data begin its next epoch, and coming back ends the epoch that was broken off. Steps that
// gather several batches stop where an epoch ends.
func TestBatchesOfSteps(t *testing.T) {
	a, b := batches(7), batches(3)
	p := plan(t, nil, 1,
		learn.Phase{Steps: 4, Data: a}, learn.Phase{Steps: 2, Data: b}, learn.Phase{Steps: 3, Data: a, Accumulate: 2},
		learn.Phase{Epochs: 1, Data: a, Accumulate: 3})
	var got []string
	for step := range p.Steps() {
		pos := p.At(step)
		text := fmt.Sprintf("%d+%d", pos.Batch, pos.Batches)
		if pos.EndsEpoch {
			text += "!"
		}
		got = append(got, text)
	}
	want := "0+1 1+1 2+1 3+1 3+1 4+1 4+2 6+1! 14+2 16+3 19+2! 21+3"
	if s := strings.Join(got, " "); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
}

func TestProblemsAreListedTogether(t *testing.T) {
	_, err := learn.NewPlan([]learn.Phase{
		{Epochs: 1, Steps: 3, LR: learn.Values{schedule.Exponential{From: 1}}},
		{Name: "second", Momentum: learn.Value(1.5), Freeze: 2},
		{Epochs: 1, LR: learn.Values{schedule.Constant{Value: 1}, schedule.Constant{Value: 2}, schedule.Constant{Value: 3}}, LRScale: []float64{1}},
	}, batches(10), 2)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"phase 1 (phase 1): epochs is 1 and steps is 3", "phase 1 (phase 1): lr:",
		"phase 2 (second): it has no length", "phase 2 (second): freeze is 2: want 0 to 1",
		"phase 3 (phase 3): lr has 3 schedules", "phase 3 (phase 3): lr_scale has 1 factors",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q:\n%v", want, err)
		}
	}
	_, err = learn.NewPlan([]learn.Phase{{Epochs: 1, Momentum: learn.Values{schedule.Linear{From: 0.9, To: 1.2}}}}, batches(10), 1)
	if err == nil || !strings.Contains(err.Error(), "momentum of layer group 1 is 1.02 at step 4 of 10") {
		t.Errorf("a momentum above 1: %v", err)
	}
}

// A list that is scaled by group: fastai's lists raised, and an array of one was scaled by the number of groups.
func TestDiscriminativeRates(t *testing.T) {
	p := plan(t, batches(10), 3, learn.Phase{Epochs: 1, LR: learn.Values{schedule.Linear{From: 1e-3, To: 1e-2}}, LRScale: learn.Discriminative(3, 10)})
	h := p.At(5).Hyper
	for g, want := range []float64{5.5e-5, 5.5e-4, 5.5e-3} {
		if math.Abs(h[g].LR-want) > 1e-15 {
			t.Errorf("group %d: %v, want %v", g, h[g].LR, want)
		}
	}
}
