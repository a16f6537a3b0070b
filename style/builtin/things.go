package builtin

import "math"

// point is a place in the landscape.
type point struct{ x, y float64 }

// inside tells whether (x, y) is in a convex polygon whose corners go round as the hands of a clock.
func inside(x, y float64, corners ...point) bool {
	for i, a := range corners {
		b := corners[(i+1)%len(corners)]
		if (b.x-a.x)*(y-a.y)-(b.y-a.y)*(x-a.x) < 0 {
			return false
		}
	}
	return true
}

// house has its gable to the front, lit from the right, and its long side in the shade.
func house(x, y float64) (colour, bool) {
	if x < 0.14 || x > 0.50 || y < 0.40 || y > 0.74 {
		return colour{}, false
	}
	grain := 0.92 + 0.16*cloud(x*90, y*90, 3, 101)
	switch {
	// The roof's long side, with rows of tiles; the chimney stands behind its ridge.
	case inside(x, y, point{0.150, 0.585}, point{0.195, 0.478}, point{0.388, 0.470}, point{0.348, 0.590}):
		rows := 0.5 + 0.5*math.Sin(y*620)
		return hex(0x9c3d2c).mix(hex(0xc4593a), rows).scale(grain * (0.86 + 0.2*cloud(x*120, y*60, 2, 103))), true
	// The edge of the roof over the gable.
	case inside(x, y, point{0.388, 0.470}, point{0.396, 0.470}, point{0.447, 0.594}, point{0.436, 0.594}),
		inside(x, y, point{0.382, 0.470}, point{0.392, 0.470}, point{0.354, 0.592}, point{0.344, 0.592}):
		return hex(0xe8d8b8).scale(grain), true
	case inside(x, y, point{0.236, 0.440}, point{0.262, 0.438}, point{0.262, 0.500}, point{0.236, 0.500}):
		bricks := 0.85 + 0.15*math.Copysign(1, math.Sin(y*500))
		return hex(0xa8604a).scale(grain * bricks), true
	}
	if c, ok := openings(x, y); ok {
		return c, true
	}
	switch {
	case inside(x, y, point{0.352, 0.588}, point{0.390, 0.484}, point{0.438, 0.588}, point{0.438, 0.712}, point{0.352, 0.718}):
		return hex(0xfbeccb).scale(grain), true
	case inside(x, y, point{0.160, 0.583}, point{0.352, 0.586}, point{0.352, 0.718}, point{0.160, 0.705}):
		return hex(0xbfb0a8).mix(hex(0x8d8894), smooth(0.60, 0.585, y)).scale(grain), true
	}
	return colour{}, false
}

// openings are the house's door and windows.
func openings(x, y float64) (colour, bool) {
	door := point{0.395, 0.668}
	if dx, dy := math.Abs(x-door.x), y-door.y; dx < 0.016 && dy > -0.030 && dy < 0.047 {
		if dx > 0.013 || dy < -0.026 {
			return hex(0xf4ead8), true
		}
		return hex(0x2f5d62).scale(0.9 + 0.2*math.Abs(math.Sin(x*800))), true
	}
	for _, w := range []struct {
		point
		width float64
		glass colour
	}{
		{point{0.394, 0.560}, 0.013, hex(0x5b7fa0)},
		{point{0.200, 0.640}, 0.016, hex(0x35485e)}, {point{0.256, 0.643}, 0.017, hex(0x35485e)}, {point{0.314, 0.646}, 0.018, hex(0x35485e)},
	} {
		dx, dy := math.Abs(x-w.x)/w.width, math.Abs(y-w.y)/(w.width*1.35)
		switch {
		case dx > 1 || dy > 1:
		case dx > 0.78 || dy > 0.82 || dx < 0.10 || dy < 0.08:
			return hex(0xf0e6d2), true
		default:
			return w.glass.mix(hex(0xdce6ea), 0.45*smooth(0.2, 0.8, (x-w.x)/w.width-(y-w.y)/w.width*0.7)), true
		}
	}
	return colour{}, false
}

// cypresses stand beside the house as dark flames.
func cypresses(x, y float64) (colour, bool) {
	for _, t := range []struct{ x, foot, height, width float64 }{
		{0.590, 0.735, 0.250, 0.023}, {0.545, 0.728, 0.170, 0.018}, {0.108, 0.705, 0.200, 0.022},
	} {
		up := (t.foot - y) / t.height // 0 at the foot
		if up < 0 || up > 1 {
			continue
		}
		outline := t.width * math.Sqrt(up+0.12) * (1 - up) * 2.1
		d := (x - t.x + 0.006*math.Sin(up*9)) / (outline + 1e-9)
		if math.Abs(d)+0.5*(cloud(x*70, y*40, 3, 111)-0.5) > 1 {
			continue
		}
		light := smooth(-0.9, 1.0, d) + 0.9*(cloud(x*80+y*20, y*34, 4, 113)-0.5)
		return ramp([]colour{hex(0x16302a), hex(0x2c5236), hex(0x6d8a3c)}, light), true
	}
	return colour{}, false
}

// bigTree stands in front, on the right.
func bigTree(x, y float64) (colour, bool) {
	if x < 0.85 {
		return colour{}, false
	}
	if c, ok := crown(x, y); ok {
		return c, true
	}
	const foot, fork = 0.90, 0.55
	if y > foot || y < fork {
		return colour{}, false
	}
	t := (y - fork) / (foot - fork)
	d := (x - (1.150 + 0.012*math.Sin(t*4))) / (0.016 + 0.006*t + 0.040*math.Pow(t, 9))
	if math.Abs(d) > 1 {
		return colour{}, false
	}
	bark := hex(0x3b2a22).mix(hex(0x9a7550), smooth(-0.6, 0.9, d))
	return bark.scale(0.7 + 0.6*cloud(x*160, y*18, 3, 121)), true
}

// crown is leaves in balls, the nearer ones in front, with sky between them.
func crown(x, y float64) (colour, bool) {
	for i, ball := range []struct{ x, y, r float64 }{
		{1.090, 0.535, 0.075}, {1.215, 0.545, 0.080}, {1.150, 0.455, 0.105}, {1.030, 0.455, 0.075}, {1.265, 0.450, 0.085},
		{1.095, 0.365, 0.090}, {1.205, 0.355, 0.090},
	} {
		dx, dy := (x-ball.x)/ball.r, (y-ball.y)/ball.r
		d := math.Hypot(dx, dy) + 0.75*(cloud(x*34, y*34, 4, 131+uint32(i))-0.5)
		if d > 1 {
			continue
		}
		// The sun is on the left of the tree and above; leaves scatter its light.
		light := 0.5 - 0.35*dx - 0.45*dy + 1.1*(cloud(x*75, y*75, 3, 151+uint32(i))-0.5)
		return ramp([]colour{hex(0x1c3a24), hex(0x3d6a2c), hex(0x7c9a34), hex(0xc7c256)}, light), true
	}
	return colour{}, false
}
