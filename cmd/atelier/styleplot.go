package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/atelier-go/atelier/chart"
	"github.com/atelier-go/atelier/style"
)

// plot draws the losses of the painting's iterations beside it, if --plot asks for it.
func (p *painting) plot() error {
	if !p.f.plot || len(p.history) == 0 { // there are none where it was resumed at its end
		return nil
	}
	return lossFigure(p.source(), p.history).Save(p.lossPlot())
}

// lossFigure has the loss and its parts as they count above, and each layer's terms, without their weights, below.
func lossFigure(title string, history []style.Step) chart.Figure {
	var boundaries []chart.Boundary
	for i, s := range history {
		if i == 0 || s.Scale != history[i-1].Scale {
			boundaries = append(boundaries, chart.Boundary{X: float64(i + 1), Label: fmt.Sprintf("%dx%d", s.Width, s.Height)})
		}
	}
	whole := chart.Panel{Y: chart.Axis{Label: "loss", Log: true}, Boundaries: boundaries}
	for _, part := range []struct {
		name string
		of   func(l style.Losses) float64
	}{
		{"total", func(l style.Losses) float64 { return l.Total }},
		{"content", func(l style.Losses) float64 { return l.Content }},
		{"style", func(l style.Losses) float64 { return l.Style }},
		{"total variation", func(l style.Losses) float64 { return l.TV }},
	} {
		if line := lossLine(part.name, history, part.of); line != nil {
			whole.Lines = append(whole.Lines, *line)
		}
	}
	terms := chart.Panel{X: chart.Axis{Label: "iteration"}, Y: chart.Axis{Label: "terms", Log: true}}
	for _, name := range slices.Sorted(maps.Keys(history[0].Losses.Parts)) {
		if line := lossLine(name, history, func(l style.Losses) float64 { return l.Parts[name] }); line != nil {
			terms.Lines = append(terms.Lines, *line)
		}
	}
	return chart.Figure{Title: title, Panels: []chart.Panel{whole, terms}}
}

// lossLine is one value over the iterations; nil where it is always 0.
func lossLine(name string, history []style.Step, of func(style.Losses) float64) *chart.Line {
	line := chart.Line{Name: name}
	some := false
	for i, s := range history {
		v := of(s.Losses)
		some = some || v != 0
		line.X, line.Y = append(line.X, float64(i+1)), append(line.Y, v)
	}
	if !some {
		return nil
	}
	return &line
}
