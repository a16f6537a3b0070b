// Package chart draws line charts as PNG and SVG: panels one above the other, with lines, bands, boundaries between
// stretches of x, and marked points. It also draws tables of counts as colored cells ([Matrix]) and pictures with captions
// ([Grid]). It knows nothing of what the numbers mean.
//
//	f := chart.Figure{Title: "Learning rate", Panels: []chart.Panel{{
//		X:     chart.Axis{Label: "step"},
//		Y:     chart.Axis{Label: "learning rate", Log: true},
//		Lines: []chart.Line{{Name: "head", X: steps, Y: rates}},
//	}}}
//	err := f.Save("rates.png")
//
// What cannot be drawn is left out: numbers that are not finite, or beyond 1e150, interrupt their line; so do numbers below
// 1e-150 on a logarithmic axis. A panel without anything to draw says so. The same figure gives the same bytes.
package chart

import (
	"fmt"
	"io"
)

// Figure is a picture of panels, one above the other.
type Figure struct {
	Title  string
	Panels []Panel
	Width  int // pixels; 0 means 1200
	Height int // pixels; 0 means 420 for each panel, and the title
}

// Panel is a pair of axes and what is drawn between them. A panel whose X has no label shares the x axis of the panel
// below it: that one's settings, numbers and ends, which then are those of the data of both.
type Panel struct {
	X, Y       Axis
	Lines      []Line
	Boundaries []Boundary
	Marks      []Mark
}

// Axis is one direction of a panel.
type Axis struct {
	Label string
	Log   bool
	// Min and Max are the ends of the axis; what lies outside is cut off. If both are 0 the ends are those of the data.
	Min, Max float64
}

// Line goes through the points (X[i], Y[i]). Lines of the same name in a panel share a color and an entry in the legend.
type Line struct {
	Name   string // empty: not in the legend
	X, Y   []float64
	Dashed bool
	Faint  bool // thin and pale, for noisy values below a smooth line of the same name
	// Low and High bound a band around the line, if they are given: one value each for every point.
	Low, High []float64
}

// Boundary is a dashed vertical line at X, with a text above the panel that begins there. If there are too many texts for
// all to be legible, those that find no place are left out.
type Boundary struct {
	X     float64
	Label string
}

// Mark is a dot with a text beside it.
type Mark struct {
	X, Y  float64
	Label string
}

// Save writes the figure to a file, whole or not at all. The name must end in .png or .svg.
func (f Figure) Save(path string) error { return save(f, path) }

// WritePNG writes the figure as PNG.
func (f Figure) WritePNG(w io.Writer) error { return write(f, w, newPNG) }

// WriteSVG writes the figure as SVG, one user unit a pixel. Fonts are named, not embedded.
func (f Figure) WriteSVG(w io.Writer) error { return write(f, w, newSVG) }

// maxSide is the largest picture, in pixels a side.
const maxSide = 10_000

// check refuses figures that say nothing sensible: lines with points that are not pairs, axes without extent, no panels,
// and pictures too small or too large.
func (f Figure) check() error {
	if len(f.Panels) == 0 {
		return fmt.Errorf("chart: a figure without panels")
	}
	width, height := f.size()
	if width < minWidth || width > maxSide {
		return fmt.Errorf("chart: width is %d pixels, want %d to %d", width, minWidth, maxSide)
	}
	if least := f.leastHeight(); height < least || height > maxSide {
		return fmt.Errorf("chart: height is %d pixels, want %d to %d for %d panels", height, least, maxSide, len(f.Panels))
	}
	for i, p := range f.Panels {
		if err := p.check(); err != nil {
			return fmt.Errorf("chart: panel %d: %w", i, err)
		}
	}
	return nil
}

func (p Panel) check() error {
	for i, a := range []Axis{p.X, p.Y} {
		given := a.Min != 0 || a.Max != 0
		if given && (!drawable(a.Min, a.Log) || !drawable(a.Max, a.Log) || a.Min >= a.Max) {
			return fmt.Errorf("axis %c goes from %v to %v", 'X'+i, a.Min, a.Max)
		}
	}
	for i, l := range p.Lines {
		if len(l.X) != len(l.Y) {
			return fmt.Errorf("line %d (%q) has %d x and %d y", i, l.Name, len(l.X), len(l.Y))
		}
		if (l.Low != nil || l.High != nil) && (len(l.Low) != len(l.X) || len(l.High) != len(l.X)) {
			return fmt.Errorf("line %d (%q) has %d points and a band of %d low and %d high", i, l.Name, len(l.X), len(l.Low), len(l.High))
		}
	}
	return nil
}
