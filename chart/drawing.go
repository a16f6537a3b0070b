package chart

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/atelier-go/atelier/atomicfile"
)

// drawing is something to draw, of a size in pixels.
type drawing interface {
	check() error
	size() (width, height int)
	paint(c draw.Canvas)
}

// save writes a drawing to a file whose name says how.
func save(d drawing, path string) error {
	var make func(width, height int) canvas
	switch strings.ToLower(filepath.Ext(path)) {
	case ".png":
		make = newPNG
	case ".svg":
		make = newSVG
	default:
		return fmt.Errorf("chart: %s: want a name that ends in .png or .svg", path)
	}
	if err := d.check(); err != nil {
		return err
	}
	return atomicfile.Write(path, func(w io.Writer) error { return write(d, w, make) })
}

func write(d drawing, w io.Writer, make func(width, height int) canvas) error {
	if err := d.check(); err != nil {
		return err
	}
	c := make(d.size())
	d.paint(draw.New(c))
	_, err := c.WriteTo(w)
	return err
}

// paintTitle makes the picture white, writes its title, and returns what is left below it.
func paintTitle(c draw.Canvas, title string) (top vg.Length) {
	size := c.Max
	c.FillPolygon(white, []vg.Point{{}, {X: size.X}, size, {Y: size.Y}})
	top = size.Y - margin
	if title == "" {
		return top
	}
	style := writing(20, true, ink)
	style.YAlign = text.YTop
	c.FillText(style, vg.Point{X: margin, Y: top}, shorten(style, title, size.X-2*margin))
	return top - titleHeight
}

// heightOfTitle is what paintTitle takes.
func heightOfTitle(title string) int {
	if title == "" {
		return 0
	}
	return titleHeight
}
