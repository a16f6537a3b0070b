package chart

import (
	"math"

	"gonum.org/v1/plot/vg"
)

// largest is the largest number that is drawn, and its reciprocal the smallest on a logarithmic axis: far enough from
// the ends of float64 that nothing overflows.
const largest = 1e150

// drawable reports whether an axis can show v.
func drawable(v float64, log bool) bool {
	return math.Abs(v) <= largest && (!log || v >= 1/largest) // NaN is not
}

// scale maps the numbers of an axis to places in the picture.
type scale struct {
	log      bool
	min, max float64   // the ends of the axis
	from, to vg.Length // where they are
}

// at is the place of v, which may lie outside of the axis; v must be drawable.
func (s scale) at(v float64) vg.Length {
	min, max := s.min, s.max
	if s.log {
		v, min, max = math.Log10(v), math.Log10(min), math.Log10(max)
	}
	return s.from + vg.Length((v-min)/(max-min))*(s.to-s.from)
}

// extent is the smallest and the largest of some numbers.
type extent struct {
	min, max float64
	any      bool
}

func (e *extent) add(v float64) {
	if !e.any {
		e.min, e.max, e.any = v, v, true
		return
	}
	e.min, e.max = math.Min(e.min, v), math.Max(e.max, v)
}

// join takes the numbers of another extent in.
func (e *extent) join(o extent) {
	if o.any {
		e.add(o.min)
		e.add(o.max)
	}
}

// extents finds what the axes of a panel must show; ok is whether there is a point to draw.
func (p Panel) extents() (x, y extent, ok bool) {
	point := func(px, py float64) {
		if drawable(px, p.X.Log) && drawable(py, p.Y.Log) {
			x.add(px)
			y.add(py)
		}
	}
	for _, l := range p.Lines {
		for i := range l.X {
			point(l.X[i], l.Y[i])
			if l.Low != nil {
				point(l.X[i], l.Low[i])
				point(l.X[i], l.High[i])
			}
		}
	}
	for _, m := range p.Marks {
		point(m.X, m.Y)
	}
	ok = y.any
	for _, b := range p.Boundaries {
		if drawable(b.X, p.X.Log) {
			x.add(b.X)
		}
	}
	return x, y, ok
}

// fit makes the scale of an axis: its own ends if it has them, else those of the data with some air around them.
func (a Axis) fit(e extent, air float64, from, to vg.Length) scale {
	s := scale{log: a.Log, min: a.Min, max: a.Max, from: from, to: to}
	if a.Min != 0 || a.Max != 0 {
		return s
	}
	if !e.any {
		e = extent{min: 1, max: 10}
	}
	s.min, s.max = e.min, e.max
	if a.Log {
		low, high := math.Log10(e.min), math.Log10(e.max)
		pad := air * (high - low)
		if high-low < 1e-9 {
			pad = 0.3 // a single value: a factor of two around it
		}
		s.min, s.max = math.Pow(10, low-pad), math.Pow(10, high+pad)
		return s
	}
	pad := air * (e.max - e.min)
	if magnitude := math.Max(math.Abs(e.min), math.Abs(e.max)); magnitude < 1/largest {
		pad = 1 // zero
	} else if pad <= 1e-12*magnitude {
		pad = 0.05 * magnitude // one value
	}
	s.min, s.max = e.min-pad, e.max+pad
	return s
}
