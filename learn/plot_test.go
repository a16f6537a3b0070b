package learn_test

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/atelier-go/atelier/chart"
	"github.com/atelier-go/atelier/learn"
	"github.com/atelier-go/atelier/optim"
	"github.com/atelier-go/atelier/schedule"
)

func svg(t *testing.T, f chart.Figure) string {
	t.Helper()
	var b bytes.Buffer
	if err := f.WriteSVG(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestPlanFigure(t *testing.T) {
	d := &learn.Data{Name: "shapes", Train: loader(64, 16, 8, 1, false)}
	phases := []learn.Phase{
		{Name: "warm", Epochs: 0.125, LR: learn.Value(0.5)}, // one step
		{Name: "long", Steps: 20_000, Optimizer: optim.Adam{}, LR: learn.Values{schedule.Cosine{From: 1}}, LRScale: []float64{0.1, 1}, WeightDecay: learn.Value(0.25)},
	}
	p, err := learn.NewPlan(phases, d, 2)
	if err != nil {
		t.Fatal(err)
	}
	f := p.Figure(learn.FigureOptions{})
	if len(f.Panels) != 2 || len(f.Panels[0].Lines) != 2 || len(f.Panels[1].Lines) != 1 {
		t.Fatalf("%d panels: the rates are those of two groups, the momenta are alike", len(f.Panels))
	}
	points := 0
	for g, l := range f.Panels[0].Lines {
		points += len(l.X)
		for i, x := range l.X {
			if i == 1 || math.IsNaN(l.Y[i]) { // the end of the phase of one step, and of phases
				continue
			}
			if h := p.At(int(x)).Hyper; l.Y[i] != h[g].LR {
				t.Fatalf("step %v is drawn with %v, it trains with %v", x, l.Y[i], h)
			}
		}
	}
	if points > 20_000 {
		t.Errorf("%d points", points)
	}
	text := svg(t, f)
	for _, want := range []string{"warm: sgd", "long: adam, wd 0.25", "layer group 2", "momentum"} {
		if !strings.Contains(text, want) {
			t.Errorf("the figure lacks %q", want)
		}
	}
	text = svg(t, p.Figure(learn.FigureOptions{HideText: true, HideMomentum: true}))
	if strings.Contains(text, "adam") || strings.Contains(text, "momentum") {
		t.Error("the figure has what it was to hide")
	}
}

// Figures of nothing, and of numbers that are none, are figures.
func TestFiguresOfNothing(t *testing.T) {
	nan := math.NaN()
	svg(t, (&learn.History{}).Figure())
	h := &learn.History{Steps: []learn.StepRecord{{Loss: learn.Number(nan), Smoothed: learn.Number(nan), Hyper: []optim.Hyper{{LR: 1}}}}}
	svg(t, h.Figure())
	svg(t, h.LossOverRate(false, 10, 0))
	svg(t, h.LossOverRate(true, -1, -1))
	svg(t, learn.FinderFigure(nil, false))
	svg(t, learn.FinderFigure([]learn.Curve{{Steepest: nan, Valley: nan, MinimumOver: nan}}, true))
	svg(t, learn.FinderFigure([]learn.Curve{{LR: []float64{1, 2}, Loss: []float64{1, 1}, Smoothed: []float64{1, 1}, Steepest: nan, Valley: 1, MinimumOver: nan}}, false))
}

// A fall from a rate on, an explosion at the end: suggestions lie in the fall, whatever the noise of the first steps.
func TestSuggestionsInFigure(t *testing.T) {
	c := learn.Curve{Steepest: 0.01, Valley: 0.02, MinimumOver: 0.03, WeightDecay: 0.5}
	for i := range 100 {
		rate := 1e-4 * math.Pow(10, float64(i)/20)
		loss := 2 - math.Tanh(math.Log10(rate/0.01))
		c.LR, c.Loss, c.Smoothed = append(c.LR, rate), append(c.Loss, loss), append(c.Smoothed, loss)
	}
	other := c
	other.WeightDecay, other.Valley = 0.25, 0.04
	text := svg(t, learn.FinderFigure([]learn.Curve{c, other}, false))
	for _, want := range []string{"weight decay 0.5", "weight decay 0.25", "steepest 0.01", "valley 0.02", "valley 0.04", "minimum/10 0.03"} {
		if !strings.Contains(text, want) {
			t.Errorf("the figure lacks %q", want)
		}
	}
	if strings.Count(text, "steepest 0.01") != 1 {
		t.Error("marks that are alike are drawn twice")
	}
}
