package builtin

import (
	"math"
	"math/rand/v2"
)

// brush is one stroke: a line that follows the flow, with bristles.
type brush struct {
	line   []point
	length float64
	radius float64
	colour colour
	seed   uint32
	load   float64 // how much paint there is, 0..1
}

const steps = 14 // pieces of a stroke's line

func newBrush(from point, length, width float64, random *rand.Rand) brush {
	b := brush{line: []point{from}, length: length, radius: width / 2, seed: random.Uint32() >> 8, load: 0.55 + 0.45*random.Float64()}
	step := length / steps
	for p := from; len(b.line) <= steps; b.line = append(b.line, p) {
		// The direction half a step on keeps tight circles from opening into spirals.
		dx, dy := flow(p.x, p.y)
		dx, dy = flow(p.x+dx*step/2, p.y+dy*step/2)
		p = point{p.x + dx*step, p.y + dy*step}
	}
	middle := b.line[steps/2]
	b.colour = tone(middle.x, middle.y)
	// Paint is mixed on the palette, not on the canvas: strokes side by side differ, warm from cold and light from dark.
	warm, bright := 0.10*(random.Float64()-0.5), 0.78+0.44*random.Float64()
	b.colour = colour{b.colour[0]*bright + warm, b.colour[1]*bright + 0.3*warm, b.colour[2]*bright - warm}
	if random.Float64() < 0.035 {
		b.colour = hex(0xc8562c).mix(b.colour, 0.25) // an accent
	}
	return b
}

// stroke lays one stroke over what is there. Pixels are coloured by the nearest place of the line.
func (c *canvas) stroke(b brush) {
	low, high := b.line[0], b.line[0]
	for _, p := range b.line {
		low = point{min(low.x, p.x), min(low.y, p.y)}
		high = point{max(high.x, p.x), max(high.y, p.y)}
	}
	side := float64(c.side)
	pixel := func(v float64) int { return min(c.side, max(0, int(math.Ceil(v*side-0.5)))) }
	for y := pixel(low.y - b.radius); y < pixel(high.y+b.radius); y++ {
		for x := pixel(low.x - b.radius); x < pixel(high.x+b.radius); x++ {
			c.touch(b, x, y)
		}
	}
}

// touch lays what a stroke leaves on one pixel.
func (c *canvas) touch(b brush, x, y int) {
	side := float64(c.side)
	along, across, ok := b.nearest((float64(x)+0.5)/side, (float64(y)+0.5)/side)
	if !ok {
		return
	}
	// Bristles are streaks along the stroke; at its end they run dry one by one.
	streak := noise(across*4.5, along*2.5, b.seed)
	edge := smooth(1, 1-max(0.12, 1.2/(b.radius*side)), math.Abs(across))
	dry := smooth(0, 0.35, 1.05-along+0.5*(streak-0.5))
	cover := edge * dry * smooth(0, 0.03, along) * (0.80 + 0.20*b.load)
	if cover <= 0 {
		return
	}
	i := y*c.side + x
	c.paint[i] = c.paint[i].mix(b.colour.scale(0.86+0.28*streak), cover)
	// Paint is pushed to the stroke's sides.
	ridge := b.load * (0.5 + 0.5*streak) * (0.6 + 0.4*smooth(0.3, 0.9, math.Abs(across)))
	c.height[i] = mix(c.height[i], ridge, cover)
}

// nearest is where on the stroke a point lies: along is 0 at its begin and 1 at its end, across -1 on one side and 1 on
// the other; not ok outside.
func (b brush) nearest(x, y float64) (along, across float64, ok bool) {
	best := math.Inf(1)
	for i := range steps {
		p, q := b.line[i], b.line[i+1]
		vx, vy := q.x-p.x, q.y-p.y
		ux, uy := x-p.x, y-p.y
		t := min(1, max(0, (ux*vx+uy*vy)/(vx*vx+vy*vy+1e-12)))
		dx, dy := ux-t*vx, uy-t*vy
		if d := dx*dx + dy*dy; d < best {
			best = d
			along = (float64(i) + t) / steps
			across = math.Copysign(math.Sqrt(d), vx*uy-vy*ux) / b.radius
		}
	}
	return along, across, best < b.radius*b.radius
}
