package chart

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
)

// placed is a text with a place: its box in the picture, or a row.
type placed struct {
	text string
	x    vg.Length // left end
	row  int       // rows are counted from the top
	edge vg.Length // where the boundary is
}

// maxRows is how many rows the texts of boundaries may take.
const maxRows = 4

// rows places the texts of boundaries between two sides, so that none overlaps another: each begins at its boundary, in
// the first row below those that reach over the boundary. It takes at most so many rows, and returns how many.
func rows(style text.Style, boundaries []Boundary, x scale, most int) ([]placed, int) {
	left, right := x.from, x.to
	sorted := slices.Clone(boundaries)
	slices.SortStableFunc(sorted, func(a, b Boundary) int { return cmp.Compare(a.X, b.X) })
	var out []placed
	ends := make([]vg.Length, most)
	for r := range ends {
		ends[r] = left - gap
	}
	count := 0
	for _, b := range sorted {
		if b.Label == "" || !drawable(b.X, x.log) || b.X < x.min || b.X > x.max {
			continue
		}
		edge := x.at(b.X)
		s := shorten(style, b.Label, right-left)
		width := style.Width(s)
		begin := min(edge+4, right-width)
		row := 0
		for r, end := range ends {
			if begin < end+gap {
				row = r + 1
			}
		}
		if row >= most { // no free row below: any that is free
			row = slices.IndexFunc(ends, func(end vg.Length) bool { return begin >= end+gap })
		}
		if row < 0 {
			continue
		}
		ends[row] = begin + width
		count = max(count, row+1)
		out = append(out, placed{text: s, x: begin, row: row, edge: edge})
	}
	return out, count
}

// box is a rectangle in the picture.
type box struct{ left, bottom, right, top vg.Length }

func (b box) overlaps(o box) bool {
	return b.left < o.right && o.left < b.right && b.bottom < o.top && o.bottom < b.top
}

func (b box) contains(p vg.Point) bool {
	return p.X >= b.left && p.X <= b.right && p.Y >= b.bottom && p.Y <= b.top
}

// beside finds a place for the text of a mark: inside the panel, over no other text or mark, and over as little of the
// lines as possible; nearer places first.
func beside(dot vg.Point, width, height vg.Length, panel box, taken []box, curve []vg.Point) box {
	best, least := box{}, math.Inf(1)
	for ring, distance := range []vg.Length{9, 26, 48, 72, 98, 126} {
		for _, d := range []struct{ x, y vg.Length }{{1, 1}, {-1, 1}, {1, -1}, {-1, -1}, {0, 1.3}, {0, -1.3}, {1.3, 0}, {-1.3, 0}} {
			center := vg.Point{X: dot.X + d.x*distance, Y: dot.Y + d.y*distance}
			b := box{left: center.X - width/2, bottom: center.Y - height/2}
			switch { // the corner or side that looks at the dot is at the distance
			case d.x > 0:
				b.left = center.X
			case d.x < 0:
				b.left = center.X - width
			}
			switch {
			case d.y > 0:
				b.bottom = center.Y
			case d.y < 0:
				b.bottom = center.Y - height
			}
			b.left = max(panel.left+2, min(b.left, panel.right-width-2))
			b.bottom = max(panel.bottom+2, min(b.bottom, panel.top-height-2))
			b.right, b.top = b.left+width, b.bottom+height
			cost := 6 * float64(ring)
			for _, t := range taken {
				if b.overlaps(t) {
					cost += 1000
				}
			}
			for _, p := range curve {
				if b.contains(p) {
					cost++
				}
			}
			if cost < least {
				best, least = b, cost
			}
		}
	}
	return best
}

// trail is points along lines, a few pixels apart.
func trail(strokes [][]vg.Point) []vg.Point {
	const apart = 4
	var out []vg.Point
	for _, stroke := range strokes {
		for i, p := range stroke {
			out = append(out, p)
			if i+1 == len(stroke) {
				break
			}
			q := stroke[i+1]
			n := int(min(2000, math.Hypot(float64(q.X-p.X), float64(q.Y-p.Y))/apart))
			for j := 1; j <= n; j++ {
				f := vg.Length(j) / vg.Length(n+1)
				out = append(out, vg.Point{X: p.X + f*(q.X-p.X), Y: p.Y + f*(q.Y-p.Y)})
			}
		}
	}
	return out
}
