package builtin

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/atelier-go/atelier/imageio"
)

// Strokes is a square of side pixels, covered with brush strokes that swirl around lights in a sky of blues. A side below 1
// counts as 1.
func Strokes(side int) imageio.Float {
	side = max(side, 1)
	c := canvas{side: side, paint: make([]colour, side*side), height: make([]float64, side*side)}
	for i := range c.paint {
		// The ground, which shows between strokes, is thin paint.
		c.paint[i] = tone((float64(i%side)+0.5)/float64(side), (float64(i/side)+0.5)/float64(side)).scale(0.75)
	}
	for _, l := range []layer{
		{length: 0.20, width: 0.026, cover: 3.0, seed: 1},
		{length: 0.13, width: 0.016, cover: 2.0, seed: 2},
		{length: 0.075, width: 0.010, cover: 0.9, seed: 3},
	} {
		c.cover(l)
	}
	return c.light()
}

// layer is strokes of about one size, in parts of the side.
type layer struct {
	length, width float64
	cover         float64 // how often the strokes together cover the picture
	seed          uint64
}

// canvas is paint with its thickness.
type canvas struct {
	side   int
	paint  []colour
	height []float64
}

// margin is how far beyond the picture strokes begin.
const margin = 0.08

// cover lays a layer's strokes: from points in a jittered grid, in a random order.
func (c *canvas) cover(l layer) {
	random := rand.New(rand.NewPCG(l.seed, 0x57))
	const reach = 1 + 2*margin
	n := int(reach * math.Sqrt(l.cover/(l.length*l.width)))
	type start struct {
		point
		order float64
	}
	var starts []start
	for i := range n * n {
		x := (float64(i%n)+random.Float64())/float64(n)*reach - margin
		y := (float64(i/n)+random.Float64())/float64(n)*reach - margin
		starts = append(starts, start{point{x, y}, random.Float64()})
	}
	slices.SortFunc(starts, func(a, b start) int { return cmp.Compare(a.order, b.order) })
	for _, s := range starts {
		length := l.length * (0.6 + 0.8*random.Float64())
		width := l.width * (0.7 + 0.6*random.Float64())
		c.stroke(newBrush(s.point, length, width, random))
	}
}

// swirl is a light with what turns around it.
type swirl struct {
	x, y, radius float64
	turn         float64 // 1 as the hands of a clock, -1 against
}

var swirls = []swirl{
	{0.70, 0.27, 0.30, 1}, {0.25, 0.46, 0.26, -1}, {0.62, 0.74, 0.22, 1}, {0.13, 0.13, 0.15, 1}, {0.90, 0.86, 0.14, -1}, {0.30, 0.88, 0.15, 1},
}

// flow is the direction of strokes at a point: around swirls that are near, else along long waves.
func flow(x, y float64) (dx, dy float64) {
	bend := 0.7*math.Sin(4.2*x+1.3*math.Sin(3*y)) + 1.6*(cloud(x*2.2, y*2.2, 2, 7)-0.5)
	dx, dy = 0.3*math.Cos(bend), 0.3*math.Sin(bend)
	for _, s := range swirls {
		rx, ry := x-s.x, y-s.y
		r := math.Hypot(rx, ry) + 1e-6
		pull := 2.4 * s.turn * math.Exp(-sq(r/s.radius))
		dx -= pull * ry / r
		dy += pull * rx / r
	}
	size := math.Hypot(dx, dy) + 1e-9
	return dx / size, dy / size
}

var (
	night = []colour{hex(0x14213f), hex(0x1f3d73), hex(0x2f62a5), hex(0x5b92c4), hex(0x9cc3d6), hex(0x4f8f8c)}
	flame = []colour{hex(0x3a7a86), hex(0xa9b66a), hex(0xe0b23c), hex(0xf6d867), hex(0xfff3c0)}
)

// tone is the colour of paint at a point.
func tone(x, y float64) colour {
	c := ramp(night, 0.2+1.5*(cloud(x*3.5, y*3.5, 3, 9)-0.25)+0.10*math.Sin(11*y+5*x))
	for _, s := range swirls {
		r := math.Hypot(x-s.x, y-s.y) / s.radius
		rings := 0.5 + 0.5*math.Cos(r*14)
		c = c.mix(ramp(flame, 1.05-1.1*r+0.10*rings), smooth(1.0, 0.35, r)*(0.35+0.65*max(rings, smooth(0.5, 0.25, r))))
	}
	return c
}

// light renders the canvas as lit from the upper left: ridges of paint throw small lights and shadows.
func (c *canvas) light() imageio.Float {
	p := imageio.NewFloat(c.side, c.side)
	at := func(x, y int) float64 {
		return c.height[min(max(y, 0), c.side-1)*c.side+min(max(x, 0), c.side-1)]
	}
	for y := range c.side {
		for x := range c.side {
			slope := at(x+1, y+1) - at(x-1, y-1)
			shine := 1 + 0.16*math.Tanh(2.2*slope)
			for k, v := range c.paint[y*c.side+x] {
				p.RGB[3*(y*c.side+x)+k] = float32(min(1, max(0, v*shine)))
			}
		}
	}
	return p
}
