package chart

import (
	"image/color"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// paintEdges draws the boundaries, each like a flag: a dashed line with its text to the right of its top.
func (f *frame) paintEdges(c draw.Canvas) {
	line := draw.LineStyle{Color: edgeColor, Width: 1, Dashes: []vg.Length{3, 3}}
	tops := map[vg.Length]vg.Length{}
	for _, e := range f.edges {
		tops[e.edge] = f.strip - vg.Length(e.row)*edgeHeight - 2
		if e.x < e.edge { // the text stands over the line
			tops[e.edge] -= edgeHeight
		}
	}
	for _, b := range f.Boundaries {
		if !drawable(b.X, f.x.log) || b.X < f.x.min || b.X > f.x.max {
			continue
		}
		x := f.x.at(b.X)
		c.StrokeLine2(line, crisp(x), f.area.bottom, crisp(x), max(f.area.top, tops[x]))
	}
	style := writing(edgeSize, false, soft)
	style.YAlign = text.YCenter
	for _, e := range f.edges {
		y := f.strip - (vg.Length(e.row)+0.5)*edgeHeight
		fill(c, white, box{e.x, y - edgeHeight/2., e.x + style.Width(e.text), y + edgeHeight/2.})
		c.FillText(style, vg.Point{X: e.x, Y: y}, e.text)
	}
}

func fill(c draw.Canvas, shade color.Color, b box) {
	c.FillPolygon(shade, []vg.Point{{X: b.left, Y: b.bottom}, {X: b.right, Y: b.bottom}, {X: b.right, Y: b.top}, {X: b.left, Y: b.top}})
}

// inside is the part of the picture between the axes; what is clipped to it does not touch the axes' lines.
func (f *frame) inside(c draw.Canvas) draw.Canvas {
	c.Rectangle = vg.Rectangle{Min: vg.Point{X: f.area.left + 1, Y: f.area.bottom + 1}, Max: vg.Point{X: f.area.right, Y: f.area.top}}
	return c
}

// paintLines draws pale lines, then bands, then the other lines, so that nothing hides what matters more.
func (f *frame) paintLines(c draw.Canvas) {
	inside := f.inside(c)
	lines := func(faint bool) {
		for i, l := range f.Lines {
			if l.Faint == faint {
				f.paintLine(inside, pen(f.colors[i], l), l)
			}
		}
	}
	lines(true)
	for i, l := range f.Lines {
		for _, outline := range l.bands(f.x, f.y) {
			inside.FillPolygon(veil(palette[f.colors[i]%len(palette)], 0.2), inside.ClipPolygonXY(outline))
		}
	}
	lines(false)
}

func (f *frame) paintLine(c draw.Canvas, style draw.LineStyle, l Line) {
	for _, stroke := range l.strokes(f.x, f.y) {
		if len(stroke) > 1 {
			for _, visible := range c.ClipLinesXY(stroke) {
				c.StrokeLines(style, chunks(visible, style)...)
			}
		} else if c.Contains(stroke[0]) { // a point without neighbors
			disc(c, style.Color, stroke[0], style.Width*1.5)
		}
	}
}

// chunks cuts a long line into short ones that overlap by a piece: the time that PNG takes for a line grows with the square
// of its length. Dashed lines stay whole, as their dashes would begin again.
func chunks(line []vg.Point, style draw.LineStyle) [][]vg.Point {
	const most = 50
	if style.Dashes != nil {
		return [][]vg.Point{line}
	}
	var out [][]vg.Point
	for len(line) > most {
		out = append(out, line[:most])
		line = line[most-2:]
	}
	return append(out, line)
}

func disc(c draw.Canvas, shade color.Color, at vg.Point, radius vg.Length) {
	c.DrawGlyphNoClip(draw.GlyphStyle{Color: shade, Radius: radius, Shape: draw.CircleGlyph{}}, at)
}

// paintMarks draws the dots, and their texts where they hide the least.
func (f *frame) paintMarks(c draw.Canvas) {
	var curves [][]vg.Point
	for _, l := range f.Lines {
		curves = append(curves, l.strokes(f.x, f.y)...)
	}
	curve := trail(curves)
	var dots []vg.Point
	var labels []string
	var taken []box
	for _, m := range f.Marks {
		if !drawable(m.X, f.x.log) || !drawable(m.Y, f.y.log) {
			continue
		}
		at := vg.Point{X: f.x.at(m.X), Y: f.y.at(m.Y)}
		if f.area.contains(at) {
			dots, labels = append(dots, at), append(labels, m.Label)
			taken = append(taken, box{at.X - 7, at.Y - 7, at.X + 7, at.Y + 7})
		}
	}
	style := writing(tickSize, true, ink)
	style.YAlign = text.YCenter
	places := make([]box, len(dots))
	for i, at := range dots {
		labels[i] = shorten(style, labels[i], f.area.right-f.area.left-20)
		if labels[i] == "" {
			continue
		}
		b := beside(at, style.Width(labels[i])+8, tickSize+6, f.area, taken, curve)
		taken, places[i] = append(taken, b), b
		near := vg.Point{X: max(b.left, min(at.X, b.right)), Y: max(b.bottom, min(at.Y, b.top))}
		c.StrokeLine2(draw.LineStyle{Color: soft, Width: 1}, at.X, at.Y, near.X, near.Y)
	}
	for i, s := range labels { // over the lines of all, which may pass under the texts of others
		if s != "" {
			fill(c, veil(white, 0.85), places[i])
			c.FillText(style, vg.Point{X: places[i].left + 4, Y: (places[i].bottom + places[i].top) / 2}, s)
		}
	}
	for _, at := range dots {
		disc(c, white, at, 6.5)
		disc(c, ink, at, 5)
	}
}
