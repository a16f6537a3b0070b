package learn

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/atelier-go/atelier/chart"
	"github.com/atelier-go/atelier/optim"
)

// FigureOptions say what a plan's figure leaves out.
type FigureOptions struct {
	HideText     bool // the phases' names, optimizers and weight decays
	HideMomentum bool
}

// maxPoints is about how many points a line has: more cannot be seen.
const maxPoints = 3000

// Figure draws the learning rate, and below it the momentum, of every step, before or after the run: the numbers are
// those of At.
func (p *Plan) Figure(o FigureOptions) chart.Figure {
	f := chart.Figure{Panels: []chart.Panel{p.panel("learning rate", func(h optim.Hyper) float64 { return h.LR })}}
	if !o.HideMomentum {
		f.Panels = append(f.Panels, p.panel("momentum", func(h optim.Hyper) float64 { return h.Momentum }))
	}
	for i := range f.Panels {
		for phase := range p.phases {
			b := chart.Boundary{X: float64(p.runs[phase].start)}
			if i == 0 && !o.HideText {
				b.Label = p.label(phase)
			}
			f.Panels[i].Boundaries = append(f.Panels[i].Boundaries, b)
		}
	}
	return f
}

// label describes a phase as the figure shows it.
func (p *Plan) label(i int) string {
	phase := &p.phases[i]
	text := phase.optimizer().Name()
	if len(p.phases) > 1 {
		text = phase.Name + ": " + text
	}
	if h := p.At(p.runs[i].start).Hyper; h[len(h)-1].WeightDecay != 0 {
		text += fmt.Sprintf(", wd %.4g", h[len(h)-1].WeightDecay)
	}
	return text
}

// panel draws one hyper-parameter: one line where all groups have the same.
func (p *Plan) panel(name string, of func(optim.Hyper) float64) chart.Panel {
	panel := chart.Panel{X: chart.Axis{Label: "step"}, Y: chart.Axis{Label: name}}
	lines := make([]chart.Line, p.groups)
	same := true
	for phase := range p.phases {
		from, to := p.Bounds(phase)
		steps := thinned(from, to)
		for _, step := range steps {
			hyper := p.At(step).Hyper
			for g, h := range hyper {
				lines[g] = extended(lines[g], float64(step), of(h))
				same = same && of(h) == of(hyper[0])
			}
		}
		for g := range lines {
			if len(steps) == 1 { // a point cannot be seen: it gets the length of its step
				lines[g] = extended(lines[g], float64(to), lines[g].Y[len(lines[g].Y)-1])
			}
			lines[g] = extended(lines[g], float64(to), math.NaN()) // what jumps is not joined
		}
	}
	if same {
		panel.Lines = lines[:1]
		return panel
	}
	for g := range lines {
		lines[g].Name = fmt.Sprintf("layer group %d", g+1)
	}
	panel.Lines = lines
	return panel
}

func extended(l chart.Line, x, y float64) chart.Line {
	l.X, l.Y = append(l.X, x), append(l.Y, y)
	return l
}

// thinned are the numbers from..to-1, or about maxPoints of them with both ends.
func thinned(from, to int) []int {
	stride := max(1, (to-from)/maxPoints)
	var all []int
	for k := from; k < to; k += stride {
		all = append(all, k)
	}
	if n := len(all); n > 0 && all[n-1] != to-1 {
		all = append(all, to-1)
	}
	return all
}

// Figure draws a run: losses, and below them the metrics, over its steps.
func (h *History) Figure() chart.Figure {
	losses := chart.Panel{X: chart.Axis{Label: "step"}, Y: chart.Axis{Label: "loss"}}
	raw, smooth := chart.Line{Name: "training", Faint: true}, chart.Line{Name: "training"}
	for _, i := range thinned(0, len(h.Steps)) {
		s := h.Steps[i]
		raw.X, raw.Y = append(raw.X, float64(s.Step)), append(raw.Y, float64(s.Loss))
		smooth.X, smooth.Y = append(smooth.X, float64(s.Step)), append(smooth.Y, float64(s.Smoothed))
	}
	losses.Lines = append(losses.Lines, raw, smooth)
	metrics := chart.Panel{X: losses.X, Y: chart.Axis{Label: "metrics"}}
	for _, name := range h.metricNames() {
		line := h.metric(name)
		switch {
		case name == MetricTrainLoss: // the steps' losses show it
		case strings.HasSuffix(name, "loss"):
			losses.Lines = append(losses.Lines, line)
		default:
			line.Dashed = strings.HasPrefix(name, "train_")
			metrics.Lines = append(metrics.Lines, line)
		}
	}
	losses.Boundaries, metrics.Boundaries = h.boundaries(true), h.boundaries(false)
	f := chart.Figure{Panels: []chart.Panel{losses}}
	if len(metrics.Lines) > 0 {
		f.Panels = append(f.Panels, metrics)
	}
	return f
}

func (h *History) metricNames() []string {
	names := map[string]bool{}
	for _, e := range h.Epochs {
		for name := range e.Metrics {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// metric is a metric at the ends of epochs.
func (h *History) metric(name string) chart.Line {
	line := chart.Line{Name: strings.ReplaceAll(name, "_", " ")}
	for _, e := range h.Epochs {
		if v, ok := e.Metrics[name]; ok {
			line.X, line.Y = append(line.X, float64(e.Step)), append(line.Y, float64(v))
		}
	}
	return line
}

// boundaries are where phases began.
func (h *History) boundaries(text bool) []chart.Boundary {
	var all []chart.Boundary
	for i, s := range h.Steps {
		if i > 0 && s.Phase == h.Steps[i-1].Phase {
			continue
		}
		b := chart.Boundary{X: float64(s.Step)}
		if text {
			b.Label = s.Phase
		}
		all = append(all, b)
	}
	return all
}

// LossOverRate draws the smoothed loss of each step over the learning rate of the last layer group, without the first
// and last steps of which skip and skipEnd are how many, as fastai's plot(n_skip, n_skip_end).
func (h *History) LossOverRate(linear bool, skip, skipEnd int) chart.Figure {
	var line, raw chart.Line
	line.Name, raw.Name, raw.Faint = "loss", "loss", true
	for i := max(0, skip); i < len(h.Steps)-max(0, skipEnd); i++ {
		s := h.Steps[i]
		rate := s.Hyper[len(s.Hyper)-1].LR
		line.X, line.Y = append(line.X, rate), append(line.Y, float64(s.Smoothed))
		raw.X, raw.Y = append(raw.X, rate), append(raw.Y, float64(s.Loss))
	}
	return chart.Figure{Panels: []chart.Panel{{
		X: chart.Axis{Label: "learning rate", Log: !linear}, Y: chart.Axis{Label: "loss"}, Lines: []chart.Line{raw, line},
	}}}
}

// FinderFigure draws range tests over each other, with their suggestions marked.
func FinderFigure(curves []Curve, linear bool) chart.Figure {
	panel := chart.Panel{X: chart.Axis{Label: "learning rate", Log: !linear}, Y: chart.Axis{Label: "smoothed loss"}}
	for i := range curves {
		c := &curves[i]
		name := "loss"
		if len(curves) > 1 {
			name = fmt.Sprintf("weight decay %g", c.WeightDecay)
		} else {
			panel.Lines = append(panel.Lines, chart.Line{Name: name, X: c.LR, Y: c.Loss, Faint: true})
		}
		panel.Lines = append(panel.Lines, chart.Line{Name: name, X: c.LR, Y: c.Smoothed})
		for _, s := range c.Suggestions() {
			if math.IsNaN(s.LR) {
				continue
			}
			mark := chart.Mark{X: s.LR, Y: c.at(s.LR), Label: fmt.Sprintf("%s %.2g", s.Name, s.LR)}
			alike := func(m chart.Mark) bool { return m.X == mark.X && m.Label == mark.Label }
			if !slices.ContainsFunc(panel.Marks, alike) {
				panel.Marks = append(panel.Marks, mark)
			}
		}
	}
	low, high := lossRange(curves)
	panel.Y.Min, panel.Y.Max = low, high
	return chart.Figure{Panels: []chart.Panel{panel}}
}

// Suggestion is a learning rate that a curve suggests, NaN if it does not.
type Suggestion struct {
	Name string
	LR   float64
}

// Suggestions are a curve's, in the order of steepest, valley and minimum/10.
func (c *Curve) Suggestions() []Suggestion {
	return []Suggestion{{"steepest", c.Steepest}, {"valley", c.Valley}, {"minimum/10", c.MinimumOver}}
}

// at is the smoothed loss at the step whose rate is nearest to lr.
func (c *Curve) at(lr float64) float64 {
	best := 0
	for i, v := range c.LR {
		if math.Abs(math.Log(v/lr)) < math.Abs(math.Log(c.LR[best]/lr)) {
			best = i
		}
	}
	return c.Smoothed[best]
}

// lossRange is what a finder's figure shows: from the lowest smoothed loss to somewhat above the highest of the starts,
// so that the explosion at the end does not flatten the rest. Both are 0, for all, where there is nothing to choose.
func lossRange(curves []Curve) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for i := range curves {
		c := &curves[i]
		for k := c.noisy(); k < len(c.Smoothed); k++ {
			low = math.Min(low, c.Smoothed[k])
			if k <= len(c.Smoothed)/2 {
				high = math.Max(high, c.Smoothed[k])
			}
		}
	}
	margin := (high - low) / 4
	if !(margin > 0) || math.IsInf(margin, 0) {
		return 0, 0
	}
	return low - margin, high + margin
}
