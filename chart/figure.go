package chart

import (
	"bytes"
	"io"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Lengths are in pixels: pictures have 72 dots per inch, so that a point is one.
const (
	margin      = 18  // around the figure
	titleHeight = 34  // of the figure's title
	gap         = 10  // between texts side by side
	panelHeight = 420 // of a panel, if the caller does not say
	minPanel    = 150 // the least height of a panel
	minWidth    = 240
)

func (f Figure) size() (width, height int) {
	width, height = f.Width, f.Height
	if width == 0 {
		width = 1200
	}
	if height == 0 {
		height = panelHeight*len(f.Panels) + heightOfTitle(f.Title)
	}
	return width, height
}

// leastHeight is the height that leaves every panel some area between its axes.
func (f Figure) leastHeight() int {
	return 2*margin + minPanel*len(f.Panels) + heightOfTitle(f.Title)
}

// canvas is a picture that is being drawn.
type canvas interface {
	vg.CanvasSizer
	io.WriterTo
}

func newPNG(width, height int) canvas {
	return vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(vg.Length(width), vg.Length(height)), vgimg.UseDPI(72))}
}

func newSVG(width, height int) canvas {
	return svgCanvas{vgsvg.New(vg.Length(width), vg.Length(height))}
}

// svgCanvas is an SVG in pixels, and with fonts to fall back on: Arial and Helvetica have the widths of Liberation Sans.
type svgCanvas struct{ *vgsvg.Canvas }

func (c svgCanvas) WriteTo(w io.Writer) (int64, error) {
	var b bytes.Buffer
	if _, err := c.Canvas.WriteTo(&b); err != nil {
		return 0, err
	}
	svg := bytes.Replace(b.Bytes(), []byte(`pt"`), []byte(`px"`), 2) // width and height
	svg = bytes.ReplaceAll(svg, []byte("font-family:Liberation Sans;"), []byte("font-family:'Liberation Sans',Arial,Helvetica,sans-serif;"))
	n, err := w.Write(svg)
	return int64(n), err
}

func (f Figure) paint(c draw.Canvas) {
	size, top := c.Max, paintTitle(c, f.Title)
	height := (top - margin/2) / vg.Length(len(f.Panels))
	frames := measure(f.Panels, height)
	left := vg.Length(0) // the panels' axes stand one below the other
	for i := range frames {
		left = max(left, frames[i].left)
	}
	for i := range frames {
		bottom := top - vg.Length(i+1)*height
		frames[i].place(box{left: margin + left, bottom: bottom, right: size.X - margin - gap, top: bottom + height - gap})
		frames[i].paint(c)
	}
}
