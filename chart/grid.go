package chart

import (
	"cmp"
	"fmt"
	"image"
	"io"
	"math"

	xdraw "golang.org/x/image/draw"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Grid is pictures in rows, each with lines of text below it.
type Grid struct {
	Title   string
	Cells   []Cell
	Columns int // zero means as many as there are rows, or one more
	Side    int // pixels of a picture's longer side, to which it is scaled; zero means 160
}

// Cell is a picture and what is written below it, cut off where it is wider than the picture's place.
type Cell struct {
	Picture image.Image
	Lines   []string
}

// Save writes the grid to a file, whole or not at all. The name must end in .png or .svg.
func (g Grid) Save(path string) error { return save(g, path) }

// WritePNG writes the grid as PNG.
func (g Grid) WritePNG(w io.Writer) error { return write(g, w, newPNG) }

// WriteSVG writes the grid as SVG with the pictures in it.
func (g Grid) WriteSVG(w io.Writer) error { return write(g, w, newSVG) }

const captionHeight = 17 // of a line below a picture

func (g Grid) side() int { return cmp.Or(g.Side, 160) }

func (g Grid) columns() int {
	return cmp.Or(g.Columns, int(math.Ceil(math.Sqrt(float64(len(g.Cells))))))
}

// lines is the most that a cell has.
func (g Grid) lines() int {
	n := 0
	for _, c := range g.Cells {
		n = max(n, len(c.Lines))
	}
	return n
}

// pitch is the distance of cells.
func (g Grid) pitch() (x, y int) {
	return g.side() + 2*gap, g.side() + g.lines()*captionHeight + 2*gap
}

func (g Grid) size() (width, height int) {
	x, y := g.pitch()
	rows := (len(g.Cells) + g.columns() - 1) / g.columns()
	return max(minWidth, 2*margin-2*gap+g.columns()*x), 2*margin - gap + heightOfTitle(g.Title) + rows*y
}

func (g Grid) check() error {
	if len(g.Cells) == 0 {
		return fmt.Errorf("chart: a grid without pictures")
	}
	if g.Columns < 0 || g.Side < 0 {
		return fmt.Errorf("chart: a grid with %d columns of %d pixels, want numbers that are not negative", g.Columns, g.Side)
	}
	for i, c := range g.Cells {
		if c.Picture == nil || c.Picture.Bounds().Empty() {
			return fmt.Errorf("chart: picture %d of a grid is empty", i)
		}
	}
	if width, height := g.size(); width > maxSide || height > maxSide {
		return fmt.Errorf("chart: a grid of %d by %d pixels, want at most %d", width, height, maxSide)
	}
	return nil
}

func (g Grid) paint(c draw.Canvas) {
	top := paintTitle(c, g.Title)
	x, y := g.pitch()
	style := writing(tickSize, false, ink)
	style.YAlign = text.YTop
	for i, cell := range g.Cells {
		left := vg.Length(margin + i%g.columns()*x)
		upper := top - vg.Length(i/g.columns()*y)
		p := fitted(cell.Picture, g.side())
		size := p.Bounds().Size()
		// In the middle of its place, at whole pixels.
		at := vg.Point{X: left + vg.Length((g.side()-size.X)/2), Y: upper - vg.Length(g.side()-(g.side()-size.Y)/2)}
		c.DrawImage(vg.Rectangle{Min: at, Max: vg.Point{X: at.X + vg.Length(size.X), Y: at.Y + vg.Length(size.Y)}}, p)
		for k, line := range cell.Lines {
			below := upper - vg.Length(g.side()+4+k*captionHeight)
			c.FillText(style, vg.Point{X: left, Y: below}, shorten(style, line, vg.Length(g.side()+gap)))
		}
	}
}

// fitted scales a picture so that its longer side has so many pixels.
func fitted(p image.Image, side int) image.Image {
	size := p.Bounds().Size()
	longer := max(size.X, size.Y)
	w, h := max(1, (size.X*side+longer/2)/longer), max(1, (size.Y*side+longer/2)/longer)
	to := image.NewRGBA(image.Rect(0, 0, w, h))
	xdraw.CatmullRom.Scale(to, to.Bounds(), p, p.Bounds(), xdraw.Src, nil)
	return to
}
