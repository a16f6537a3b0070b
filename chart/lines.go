package chart

import (
	"math"

	"gonum.org/v1/plot/vg"
)

// strokes are the unbroken pieces of a line as places in the picture.
func (l Line) strokes(x, y scale) [][]vg.Point {
	return pieces(len(l.X), func(i int) (vg.Point, bool) {
		if !drawable(l.X[i], x.log) || !drawable(l.Y[i], y.log) {
			return vg.Point{}, false
		}
		return vg.Point{X: x.at(l.X[i]), Y: y.at(l.Y[i])}, true
	})
}

// bands are the outlines of the unbroken pieces of a line's band. On a logarithmic axis a lower bound that is not above
// zero lies at the bottom.
func (l Line) bands(x, y scale) [][]vg.Point {
	if l.Low == nil {
		return nil
	}
	side := func(values []float64) [][]vg.Point {
		return pieces(len(l.X), func(i int) (vg.Point, bool) {
			low := l.Low[i]
			if y.log && low <= 0 {
				low = y.min
			}
			if !drawable(l.X[i], x.log) || !drawable(low, y.log) || !drawable(l.High[i], y.log) {
				return vg.Point{}, false
			}
			v := math.Max(values[i], low)
			return vg.Point{X: x.at(l.X[i]), Y: y.at(v)}, true
		})
	}
	low, high := side(l.Low), side(l.High)
	outlines := make([][]vg.Point, len(low))
	for i := range low { // both break at the same points
		outlines[i] = low[i]
		for j := len(high[i]) - 1; j >= 0; j-- {
			outlines[i] = append(outlines[i], high[i][j])
		}
	}
	return outlines
}

// pieces cuts n points where there are none, and drops those that nobody would see.
func pieces(n int, at func(i int) (vg.Point, bool)) [][]vg.Point {
	var all [][]vg.Point
	var piece []vg.Point
	for i := range n {
		p, ok := at(i)
		if ok {
			piece = append(piece, p)
		}
		if (!ok || i == n-1) && len(piece) > 0 {
			all = append(all, thin(piece))
			piece = nil
		}
	}
	return all
}

// thin keeps of the successive points in one column of half a pixel the first, the lowest, the highest and the last: what
// is drawn stays the same, and a hundred thousand steps become a few thousand points.
func thin(points []vg.Point) []vg.Point {
	if len(points) < 2000 {
		return points
	}
	var out []vg.Point
	for first := 0; first < len(points); {
		column := math.Floor(2 * float64(points[first].X))
		last, low, high := first, first, first
		for last+1 < len(points) && math.Floor(2*float64(points[last+1].X)) == column {
			last++
			if points[last].Y < points[low].Y {
				low = last
			}
			if points[last].Y > points[high].Y {
				high = last
			}
		}
		before := -1
		for _, i := range []int{first, min(low, high), max(low, high), last} {
			if i != before {
				out = append(out, points[i])
			}
			before = i
		}
		first = last + 1
	}
	return out
}
