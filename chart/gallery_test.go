package chart_test

import (
	"math"
	"math/rand/v2"

	"github.com/atelier-go/atelier/chart"
)

// figures are charts as programs draw them, and charts that are hard to draw.
func figures() map[string]chart.Figure {
	return map[string]chart.Figure{
		"rates":      rates(),
		"finder":     finder(),
		"losses":     losses(),
		"crowded":    crowded(),
		"difficult":  difficult(),
		"small":      small(),
		"manypanels": {Panels: []chart.Panel{{}, {X: chart.Axis{Label: "x"}, Y: chart.Axis{Label: "momentum", Log: true}}, {X: chart.Axis{Label: "step"}}}},
	}
}

func rates() chart.Figure {
	var steps, head, body, momentum []float64
	for k := range 2346 {
		x := float64(k)
		lr, m := 1e-2*(1+math.Cos(math.Pi*(x-782)/1564))/2, 0.95
		if k < 782 {
			lr, m = 1e-3+9e-3*x/782, 0.95-0.1*x/782
		}
		steps, head, body, momentum = append(steps, x), append(head, lr), append(body, lr/10), append(momentum, m)
	}
	edges := []chart.Boundary{{0, "1  SGD, wd 1e-4"}, {782, "2  Adam, beta2 0.99, wd 1e-2"}, {2200, "3  AdamW, wd 0.1, decoupled"}}
	return chart.Figure{Title: "Learning rate and momentum", Panels: []chart.Panel{
		{
			Y: chart.Axis{Label: "learning rate", Log: true}, Boundaries: edges,
			Lines: []chart.Line{{Name: "head", X: steps, Y: head}, {Name: "body", X: steps, Y: body, Dashed: true}},
		},
		{X: chart.Axis{Label: "step"}, Y: chart.Axis{Label: "momentum"}, Boundaries: []chart.Boundary{{X: 782}, {X: 2200}}, Lines: []chart.Line{{X: steps, Y: momentum}}},
	}}
}

func finder() chart.Figure {
	r := rand.New(rand.NewPCG(1, 2))
	p := chart.Panel{X: chart.Axis{Label: "learning rate", Log: true}, Y: chart.Axis{Label: "loss, smoothed"}}
	for i, name := range []string{"wd 1e-2", "wd 1e-3", "wd 1e-4"} {
		var x, y, raw []float64
		for k := range 100 {
			lr := 1e-6 * math.Pow(10, 7*float64(k)/99)
			loss := 2.3 - 1.2/(1+math.Pow(3e-3*float64(i+1)/lr, 1.5)) + math.Pow(lr/2, 2)*0.3
			x, y, raw = append(x, lr), append(y, loss), append(raw, loss+0.08*r.NormFloat64())
		}
		p.Lines = append(p.Lines, chart.Line{Name: name, X: x, Y: raw, Faint: true}, chart.Line{Name: name, X: x, Y: y})
	}
	p.Marks = []chart.Mark{{3e-3, 1.7, "steepest 3e-3"}, {5e-3, 1.52, "valley 5e-3"}, {2e-2, 1.17, "minimum/10 2e-2"}}
	return chart.Figure{Title: "Loss against learning rate", Panels: []chart.Panel{p}, Width: 1000, Height: 560}
}

func losses() chart.Figure {
	r := rand.New(rand.NewPCG(3, 4))
	var x, raw, smooth, epoch, valid, low, high, accuracy []float64
	for k := range 20_000 {
		loss := 2.3*math.Exp(-float64(k)/6000) + 0.25
		x, raw, smooth = append(x, float64(k)), append(raw, loss*math.Exp(0.25*r.NormFloat64())), append(smooth, loss)
		if k%1000 == 999 {
			v := loss + 0.05 + float64(k)/2e5
			epoch, valid = append(epoch, float64(k)), append(valid, v)
			low, high = append(low, v-0.1), append(high, v+0.1)
			accuracy = append(accuracy, 0.93-0.4*math.Exp(-float64(k)/5000))
		}
	}
	return chart.Figure{Title: "Fashion-MNIST, small ResNet, 1cycle, seed 1", Panels: []chart.Panel{
		{
			Y: chart.Axis{Label: "loss"}, Boundaries: []chart.Boundary{{0, "warm up"}, {6000, "anneal"}, {18000, "fine-tune at size 32"}},
			Lines: []chart.Line{{Name: "training", X: x, Y: raw, Faint: true}, {Name: "training", X: x, Y: smooth}, {Name: "validation, ± 1 sd of 3 seeds", X: epoch, Y: valid, Low: low, High: high}},
		},
		{X: chart.Axis{Label: "step"}, Y: chart.Axis{Label: "accuracy"}, Lines: []chart.Line{{Name: "raw weights", X: epoch, Y: accuracy}, {Name: "EMA", X: epoch, Y: scaled(accuracy, 1.02), Dashed: true}},
			Marks: []chart.Mark{{epoch[19], accuracy[19], "best 0.918"}}},
	}}
}

func scaled(v []float64, by float64) []float64 {
	out := make([]float64, len(v))
	for i := range v {
		out[i] = v[i] * by
	}
	return out
}

// crowded has more lines than colors, more boundaries than room, names that are too long.
func crowded() chart.Figure {
	p := chart.Panel{X: chart.Axis{Label: "step"}, Y: chart.Axis{Label: "a label that is much too long for the height of this panel, whatever it means"}}
	for i := range 24 {
		var x, y []float64
		for k := range 50 {
			x, y = append(x, float64(k)), append(y, math.Sin(float64(k)/8+float64(i)/4))
		}
		p.Lines = append(p.Lines, chart.Line{Name: "group " + string(rune('a'+i)), X: x, Y: y})
	}
	for i := range 40 {
		p.Boundaries = append(p.Boundaries, chart.Boundary{X: float64(i) * 1.25, Label: "phase of SGD with momentum"})
	}
	for i := range 8 {
		p.Marks = append(p.Marks, chart.Mark{X: 25 + float64(i)/5, Y: 0.1 * float64(i), Label: "mark"})
	}
	return chart.Figure{Title: "Crowded, and with a title that goes on and on and on until it has to be cut because nothing is as wide as this picture wants it to be", Panels: []chart.Panel{p}}
}

// difficult has numbers that cannot be drawn, constants, single points, and huge and tiny ranges.
func difficult() chart.Figure {
	nan, inf := math.NaN(), math.Inf(1)
	return chart.Figure{Title: "Δ <difficult> & \"odd\" \x00 β₁", Panels: []chart.Panel{
		{X: chart.Axis{Label: "x"}, Y: chart.Axis{Label: "gaps"}, Lines: []chart.Line{{Name: "gaps", X: []float64{0, 1, 2, 3, 4, 5, 6}, Y: []float64{1, 2, nan, 3, inf, 2, 1}}}},
		{X: chart.Axis{Label: "x"}, Y: chart.Axis{Label: "only zeros", Log: true}, Lines: []chart.Line{{X: []float64{1, 2}, Y: []float64{0, -1}}}},
		{X: chart.Axis{Label: "x"}, Y: chart.Axis{Label: "constant"}, Lines: []chart.Line{{X: []float64{1, 2}, Y: []float64{0.9, 0.9}}}},
		{X: chart.Axis{Label: "x"}, Y: chart.Axis{Label: "one point", Log: true}, Lines: []chart.Line{{Name: "one", X: []float64{3}, Y: []float64{1e-4}}}},
		{X: chart.Axis{Label: "x", Log: true}, Y: chart.Axis{Label: "huge", Log: true}, Lines: []chart.Line{{X: []float64{1e-150, 1, 1e150}, Y: []float64{1e-150, 1, 1e150}}}},
		{X: chart.Axis{Label: "x"}, Y: chart.Axis{Label: "huge"}, Lines: []chart.Line{{X: []float64{-1e150, 1e150}, Y: []float64{-1e150, 1e150}}}},
		{X: chart.Axis{Label: "x"}, Y: chart.Axis{Label: "close"}, Lines: []chart.Line{{X: []float64{1e6, 1e6 + 1}, Y: []float64{1, 1 + 1e-9}}}},
		{X: chart.Axis{Label: "x"}, Y: chart.Axis{Label: "tiny"}, Lines: []chart.Line{{X: []float64{0, 1, 2}, Y: []float64{0, 2e-5, 1e-5}, Low: []float64{-1e-5, 1e-5, nan}, High: []float64{1e-5, 3e-5, 2e-5}}}},
		{X: chart.Axis{Label: "x"}, Y: chart.Axis{Label: "band to 0", Log: true}, Lines: []chart.Line{{X: []float64{0, 1, 2}, Y: []float64{1, 0.1, 0.2}, Low: []float64{0.5, -0.1, 0.1}, High: []float64{2, 0.3, 0.3}}}},
		{X: chart.Axis{Label: "x"}, Y: chart.Axis{Label: "cut", Min: 0.5, Max: 1}, Lines: []chart.Line{{X: []float64{0, 1, 2}, Y: []float64{0, 2, 0.7}}}, Marks: []chart.Mark{{nan, 1, "none"}, {1, 2, "outside"}}},
	}}
}

func small() chart.Figure {
	f := rates()
	f.Width, f.Height = 240, 380
	return f
}
