package learn_test

import (
	"context"
	"math"
	"testing"

	"github.com/atelier-go/atelier/learn"
	"github.com/atelier-go/atelier/optim"
)

// The finder leaves nothing behind, before a run and after it: weights, optimizer state, random numbers and the order of
// the data are the bits that they were, so the run goes on as if it had not been.
func TestFinderLeavesNoTrace(t *testing.T) {
	train := func(find bool) map[string][]byte {
		l, err := learn.New(config(learn.Phase{Steps: 9, Optimizer: optim.Adam{}, LR: learn.Value(1e-2)}))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if find {
			before := values(t, l)
			curves, err := l.Find(context.Background(), learn.Finder{Steps: 30, WeightDecays: []float64{1e-2, 1e-4}})
			if err != nil {
				t.Fatal(err)
			}
			if len(curves) != 2 || len(curves[0].LR) < 5 {
				t.Fatalf("curves %+v", curves)
			}
			same(t, values(t, l), before)
			if l.Step() != 0 {
				t.Errorf("step %d after the finder", l.Step())
			}
		}
		if _, err := l.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		if find {
			after := values(t, l)
			if _, err := l.Find(context.Background(), learn.Finder{Epochs: 0.5, Linear: true}); err != nil {
				t.Fatal(err)
			}
			same(t, values(t, l), after)
		}
		return values(t, l)
	}
	same(t, train(true), train(false))
}

// The rates of the test: from the first to the last, both reached, in equal factors or in equal steps.
func TestFinderRates(t *testing.T) {
	l, err := learn.New(config(learn.Phase{Epochs: 1}))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, linear := range []bool{false, true} {
		curves, err := l.Find(context.Background(), learn.Finder{From: 1e-6, To: 1e-3, Steps: 31, Linear: linear, StopDiv: -1})
		if err != nil {
			t.Fatal(err)
		}
		c := curves[0]
		if len(c.LR) != 31 || math.Abs(c.LR[0]-1e-6) > 1e-18 || math.Abs(c.LR[30]-1e-3) > 1e-15 {
			t.Fatalf("linear %v: %d rates from %v to %v", linear, len(c.LR), c.LR[0], c.LR[len(c.LR)-1])
		}
		want := math.Pow(10, -6+3*10./30)
		if linear {
			want = 1e-6 + (1e-3-1e-6)*10/30
		}
		if math.Abs(c.LR[10]/want-1) > 1e-12 {
			t.Errorf("linear %v: rate 10 is %v, want %v", linear, c.LR[10], want)
		}
	}
}

// A rate that is too high is seen: the test ends early, and what it suggests is below where the loss exploded.
func TestFinderStopsAndSuggests(t *testing.T) {
	l, err := learn.New(config(learn.Phase{Epochs: 1}))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	curves, err := l.Find(context.Background(), learn.Finder{From: 1e-4, To: 1e4, Steps: 200})
	if err != nil {
		t.Fatal(err)
	}
	c := curves[0]
	if !c.Diverged || len(c.LR) == 200 {
		t.Errorf("200 steps up to a rate of 1e4 did not diverge")
	}
	last := c.LR[len(c.LR)-1]
	for name, v := range map[string]float64{"steepest": c.Steepest, "valley": c.Valley, "minimum/10": c.MinimumOver} {
		if !(v > 1e-4 && v < last) {
			t.Errorf("%s suggests %v, want between 1e-4 and %v", name, v, last)
		}
	}
}

func TestFinderRefuses(t *testing.T) {
	l, err := learn.New(config(learn.Phase{Epochs: 1}))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, f := range []learn.Finder{
		{From: 1, To: 0.1}, {From: -1}, {Steps: 1}, {Steps: 5, Epochs: 1}, {StopDiv: 0.5}, {WeightDecays: []float64{-1}}, {Phase: 1},
	} {
		if _, err := l.Find(context.Background(), f); err == nil {
			t.Errorf("%+v is accepted", f)
		}
	}
}
