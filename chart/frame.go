package chart

import (
	"math"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

const (
	labelSize   = 15 // of the axes' labels
	tickSize    = 13
	legendSize  = 14
	edgeSize    = 12 // of the boundaries' texts
	lineHeight  = 20 // of a row of the legend
	edgeHeight  = 17 // of a row of boundaries' texts
	sampleWidth = 26 // of a line in the legend
	tickLength  = 5
	minArea     = 60 // the least height between the axes
)

// frame is a panel with the places of its parts.
type frame struct {
	Panel
	empty   bool
	shares  bool      // the x axis of the panel below
	xExtent extent    // of all panels that share it
	left    vg.Length // what the y axis needs to the left of it
	top     vg.Length // of the legend
	strip   vg.Length // the top of the boundaries' texts, which end at the area
	area    box       // between the axes
	x, y    scale
	xTicks  []tick
	yTicks  []tick
	colors  []int // which color each line has
	legend  []entry
	edges   []placed // the boundaries' texts
}

// entry is a line's name in the legend.
type entry struct {
	text string
	line int       // which line it shows
	x, y vg.Length // from the left and the top of the legend
}

// measure scales the axes of panels that are height high, and finds what each needs to the left of its y axis. Heights and
// widths of the scales are not known yet.
func measure(panels []Panel, height vg.Length) []frame {
	frames := make([]frame, len(panels))
	var x extent // of the panels that share an x axis
	for i := len(panels) - 1; i >= 0; i-- {
		f := &frames[i]
		f.Panel = panels[i]
		if f.X.Label == "" && i+1 < len(panels) {
			f.shares = true
			f.X = frames[i+1].X
		} else {
			x = extent{}
		}
		own, y, ok := f.extents()
		x.join(own)
		f.empty = !ok
		f.xExtent = x
		f.y = f.Y.fit(y, 0.06, 0, 1)
		if ok {
			f.yTicks = f.y.ticks(int(height / 50))
		}
		f.number()
		f.measureLeft()
	}
	for i := range frames { // the uppermost of those that share has seen all
		f := &frames[i]
		if i > 0 && frames[i-1].shares {
			f.xExtent = frames[i-1].xExtent
		}
		f.x = f.X.fit(f.xExtent, 0.015, 0, 1)
	}
	return frames
}

func (f *frame) measureLeft() {
	style := writing(tickSize, false, ink)
	for _, t := range f.yTicks {
		f.left = max(f.left, style.Width(t.label))
	}
	f.left += tickLength + 4
	if f.Y.Label != "" {
		f.left += labelSize + gap
	}
}

// number gives each line its color: a new one for each new name.
func (f *frame) number() {
	names := map[string]int{}
	next := 0
	for _, l := range f.Lines {
		n, known := names[l.Name]
		if !known || l.Name == "" {
			n = next
			next++
			names[l.Name] = n
		}
		f.colors = append(f.colors, n)
	}
}

// place divides the space of a panel: legend, texts of boundaries, area, numbers and label of the x axis.
func (f *frame) place(space box) {
	f.area, f.top = space, space.top
	f.area.top -= f.placeLegend(space.right-space.left, space.top-space.bottom)
	if !f.shares {
		f.area.bottom += tickLength + tickSize + 8
		if f.X.Label != "" {
			f.area.bottom += labelSize + 6
		}
	}
	f.x.from, f.x.to = f.area.left, f.area.right
	f.placeNumbers()
	f.strip = f.area.top
	room := max(0, int((f.area.top-f.area.bottom-minArea)/edgeHeight))
	var count int
	f.edges, count = rows(writing(edgeSize, false, soft), f.Boundaries, f.x, min(room, maxRows))
	f.area.top -= vg.Length(count) * edgeHeight
	f.y.from, f.y.to = f.area.bottom, f.area.top
}

// placeNumbers finds as many places on the x axis as have room for their numbers.
func (f *frame) placeNumbers() {
	if !f.xExtent.any {
		return
	}
	style := writing(tickSize, false, ink)
	for n := max(2, int((f.area.right-f.area.left)/80)); n >= 2; n-- {
		f.xTicks = f.x.ticks(n)
		end, fits := f.area.left-margin-f.left, true
		for _, t := range f.xTicks {
			if t.label == "" {
				continue
			}
			half := style.Width(t.label) / 2
			fits = fits && f.x.at(t.value)-half >= end
			end = f.x.at(t.value) + half + 2*gap
		}
		if fits {
			return
		}
	}
}

// placeLegend puts the names of lines into rows, and returns how high they are. Names that need more than a third of the
// panel are left out, with dots in their place.
func (f *frame) placeLegend(width, height vg.Length) vg.Length {
	f.nameLines()
	if len(f.legend) == 0 {
		return 0
	}
	style := writing(legendSize, false, ink)
	lowest := max(0, vg.Length(math.Floor(float64(height/3/lineHeight))-1)) * lineHeight
	var x, y vg.Length
	for i := range f.legend {
		e := &f.legend[i]
		e.text = shorten(style, e.text, width-sampleWidth-gap)
		w := sampleWidth + 6 + style.Width(e.text)
		if x > 0 && x+w > width {
			if y >= lowest {
				*e = entry{text: "…", line: -1, x: x - sampleWidth - 6, y: y}
				f.legend = f.legend[:i+1]
				break
			}
			x, y = 0, y+lineHeight
		}
		e.x, e.y = x, y
		x += w + 2*gap
	}
	return y + lineHeight + 4
}

// nameLines makes an entry of each name; where a noisy line and a smooth one have the same, the smooth one stands for both.
func (f *frame) nameLines() {
	seen := map[string]int{}
	for i, l := range f.Lines {
		at, known := seen[l.Name]
		switch {
		case l.Name == "":
		case !known:
			seen[l.Name] = len(f.legend)
			f.legend = append(f.legend, entry{text: l.Name, line: i})
		case f.Lines[f.legend[at].line].Faint:
			f.legend[at].line = i
		}
	}
}

func (f *frame) paint(c draw.Canvas) {
	f.paintGrid(c)
	f.paintEdges(c)
	f.paintLines(c)
	f.paintAxes(c)
	f.paintMarks(c)
	f.paintLegend(c)
	if f.empty {
		style := writing(labelSize, false, soft)
		style.XAlign, style.YAlign = text.XCenter, text.YCenter
		c.FillText(style, vg.Point{X: (f.area.left + f.area.right) / 2, Y: (f.area.bottom + f.area.top) / 2}, "no data")
	}
}

// paintGrid draws the lines at the axes' numbers.
func (f *frame) paintGrid(c draw.Canvas) {
	line := draw.LineStyle{Color: gridColor, Width: 1}
	for _, t := range f.xTicks {
		if x := crisp(f.x.at(t.value)); t.label != "" {
			c.StrokeLine2(line, x, f.area.bottom, x, f.area.top)
		}
	}
	for _, t := range f.yTicks {
		if y := crisp(f.y.at(t.value)); t.label != "" {
			c.StrokeLine2(line, f.area.left, y, f.area.right, y)
		}
	}
}

// crisp is the middle of the pixel, where thin lines are sharp.
func crisp(v vg.Length) vg.Length { return vg.Length(math.Floor(float64(v))) + 0.5 }

func (f *frame) paintAxes(c draw.Canvas) {
	line := draw.LineStyle{Color: axisColor, Width: 1}
	left, bottom := crisp(f.area.left), crisp(f.area.bottom)
	c.StrokeLine2(line, left, bottom, f.area.right, bottom)
	c.StrokeLine2(line, left, bottom, left, f.area.top)
	style := writing(tickSize, false, ink)
	style.XAlign, style.YAlign = text.XCenter, text.YTop
	for _, t := range f.xTicks {
		x := crisp(f.x.at(t.value))
		c.StrokeLine2(line, x, bottom, x, bottom-t.length())
		if !f.shares {
			c.FillText(style, vg.Point{X: x, Y: bottom - tickLength - 3}, t.label)
		}
	}
	style.XAlign, style.YAlign = text.XRight, text.YCenter
	for _, t := range f.yTicks {
		y := crisp(f.y.at(t.value))
		c.StrokeLine2(line, left, y, left-t.length(), y)
		c.FillText(style, vg.Point{X: left - tickLength - 4, Y: y}, t.label)
	}
	style = writing(labelSize, false, ink)
	style.XAlign, style.YAlign = text.XCenter, text.YTop
	if f.X.Label != "" && !f.shares {
		at := vg.Point{X: (f.area.left + f.area.right) / 2, Y: bottom - tickLength - tickSize - 8}
		c.FillText(style, at, shorten(style, f.X.Label, f.area.right-f.area.left))
	}
	if f.Y.Label != "" {
		style.Rotation = math.Pi / 2
		at := vg.Point{X: margin, Y: (f.area.bottom + f.area.top) / 2}
		c.FillText(style, at, shorten(writing(labelSize, false, ink), f.Y.Label, f.area.top-f.area.bottom))
	}
}

func (t tick) length() vg.Length {
	if t.label == "" {
		return tickLength / 2.
	}
	return tickLength
}

func (f *frame) paintLegend(c draw.Canvas) {
	style := writing(legendSize, false, ink)
	style.YAlign = text.YCenter
	for _, e := range f.legend {
		x, y := f.area.left+e.x, f.top-e.y-lineHeight/2
		if e.line >= 0 {
			c.StrokeLine2(pen(f.colors[e.line], f.Lines[e.line]), x, y, x+sampleWidth, y)
		}
		c.FillText(style, vg.Point{X: x + sampleWidth + 6, Y: y}, e.text)
	}
}
