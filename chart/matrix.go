package chart

import (
	"fmt"
	"io"
	"math"
	"strconv"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Matrix is a table of counts as cells that are the darker, the larger their share of the row is: of a confusion table the
// rows are labels and the columns predictions. Where cells are large enough they have their numbers, and rows and columns
// their names; tables of many classes are a pattern.
type Matrix struct {
	Title         string
	Rows, Columns string    // what they are, written beside
	Names         []string  // of rows and of columns
	Counts        [][]int64 // [row][column], not negative
}

// Save writes the matrix to a file, whole or not at all. The name must end in .png or .svg.
func (m Matrix) Save(path string) error { return save(m, path) }

// WritePNG writes the matrix as PNG.
func (m Matrix) WritePNG(w io.Writer) error { return write(m, w, newPNG) }

// WriteSVG writes the matrix as SVG.
func (m Matrix) WriteSVG(w io.Writer) error { return write(m, w, newSVG) }

// maxClasses is how many rows and columns a matrix may have: its cells have two pixels then.
const maxClasses = 4000

// Cells that have room for a name beside them, and for a number in them.
const (
	namedCell    = 14
	numberedCell = 28
	longestName  = 220
)

func (m Matrix) check() error {
	if n := len(m.Names); n == 0 || n > maxClasses {
		return fmt.Errorf("chart: a matrix of %d names, want 1 to %d", n, maxClasses)
	}
	if len(m.Counts) != len(m.Names) {
		return fmt.Errorf("chart: a matrix with %d rows and %d names", len(m.Counts), len(m.Names))
	}
	for i, row := range m.Counts {
		if len(row) != len(m.Names) {
			return fmt.Errorf("chart: row %d of a matrix has %d numbers, there are %d names", i, len(row), len(m.Names))
		}
		for _, v := range row {
			if v < 0 {
				return fmt.Errorf("chart: row %d of a matrix has the number %d, want counts", i, v)
			}
		}
	}
	return nil
}

// cell is the side of a cell.
func (m Matrix) cell() int {
	n := len(m.Names)
	switch {
	case n <= 12:
		return 64
	case n <= 30:
		return 36
	case n <= 100:
		return namedCell
	default:
		return max(2, 1400/n)
	}
}

// nameWidth is what the longest name takes.
func (m Matrix) nameWidth() int {
	if m.cell() < namedCell {
		return 0
	}
	style, widest := m.nameStyle(), vg.Length(0)
	for _, n := range m.Names {
		widest = max(widest, style.Width(shorten(style, n, longestName)))
	}
	return int(math.Ceil(float64(widest))) + gap
}

func (m Matrix) nameStyle() text.Style {
	return writing(vg.Length(min(tickSize, m.cell()-2)), false, ink)
}

// origin is the upper left corner of the cells, from the picture's.
func (m Matrix) origin() (x, y int) {
	return margin + labelSize + gap + m.nameWidth(), margin + heightOfTitle(m.Title) + labelSize + gap + m.nameWidth()
}

func (m Matrix) size() (width, height int) {
	x, y := m.origin()
	cell := m.cell()
	return max(minWidth, x+cell*len(m.Names)+margin), y + cell*len(m.Names) + margin
}

func (m Matrix) paint(c draw.Canvas) {
	paintTitle(c, m.Title)
	left, top := m.origin()
	m.paintNames(c, vg.Length(left), c.Max.Y-vg.Length(top))
	cell := vg.Length(m.cell())
	for i, row := range m.Counts {
		var sum int64
		for _, v := range row {
			sum += v
		}
		for k, v := range row {
			x, y := vg.Length(left)+vg.Length(k)*cell, c.Max.Y-vg.Length(top)-vg.Length(i)*cell
			share := 0.0
			if sum > 0 {
				share = float64(v) / float64(sum)
			}
			fill(c, pale(palette[0], 1-share), box{x, y - cell, x + cell, y})
			if cell >= namedCell {
				frame := []vg.Point{{X: x, Y: y}, {X: x + cell, Y: y}, {X: x + cell, Y: y - cell}, {X: x, Y: y - cell}, {X: x, Y: y}}
				c.StrokeLines(draw.LineStyle{Color: gridColor, Width: 1}, frame)
			}
			m.paintNumber(c, v, share, vg.Point{X: x + cell/2, Y: y - cell/2})
		}
	}
}

// paintNumber writes a count into its cell, if it fits.
func (m Matrix) paintNumber(c draw.Canvas, v int64, share float64, at vg.Point) {
	if m.cell() < numberedCell || v == 0 {
		return
	}
	shade := ink
	if share > 0.5 {
		shade = white
	}
	style := writing(tickSize, share > 0.5, shade)
	style.XAlign, style.YAlign = text.XCenter, text.YCenter
	if s := strconv.FormatInt(v, 10); style.Width(s) <= vg.Length(m.cell()-4) {
		c.FillText(style, at, s)
	}
}

// paintNames writes the names of rows to the left and those of columns above, with what they are beside.
func (m Matrix) paintNames(c draw.Canvas, left, top vg.Length) {
	cell := vg.Length(m.cell())
	label := writing(labelSize, true, soft)
	label.XAlign, label.YAlign = text.XCenter, text.YTop
	side := cell * vg.Length(len(m.Names))
	c.FillText(label, vg.Point{X: left + side/2, Y: c.Max.Y - margin - vg.Length(heightOfTitle(m.Title))}, m.Columns)
	label.Rotation = math.Pi / 2
	c.FillText(label, vg.Point{X: margin, Y: top - side/2}, m.Rows)
	if cell < namedCell {
		return
	}
	style := m.nameStyle()
	style.XAlign, style.YAlign = text.XRight, text.YCenter
	for i, name := range m.Names {
		c.FillText(style, vg.Point{X: left - gap/2, Y: top - (vg.Length(i)+0.5)*cell}, shorten(style, name, longestName))
	}
	style.XAlign, style.Rotation = text.XLeft, math.Pi/2
	for i, name := range m.Names {
		c.FillText(style, vg.Point{X: left + (vg.Length(i)+0.5)*cell, Y: top + gap/2}, shorten(m.nameStyle(), name, longestName))
	}
}
