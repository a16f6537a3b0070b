package builtin

import "math"

// lattice is a number of 0..1 for each integer point and seed, without any pattern to the eye.
func lattice(x, y int, seed uint32) float64 {
	h := uint32(x)*0x9e3779b1 ^ uint32(y)*0x85ebca77 ^ seed*0xc2b2ae3d
	h ^= h >> 15
	h *= 0x2c1b3c6d
	h ^= h >> 12
	h *= 0x297a2d39
	h ^= h >> 15
	return float64(h) / (1 << 32)
}

// noise is smooth between lattice points that are 1 apart: value noise of 0..1.
func noise(x, y float64, seed uint32) float64 {
	fx, fy := math.Floor(x), math.Floor(y)
	ix, iy := int(fx), int(fy)
	tx, ty := ease(x-fx), ease(y-fy)
	top := mix(lattice(ix, iy, seed), lattice(ix+1, iy, seed), tx)
	bottom := mix(lattice(ix, iy+1, seed), lattice(ix+1, iy+1, seed), tx)
	return mix(top, bottom, ty)
}

// cloud is octaves of noise, each half as high and about half as wide as the one before: 0..1, mostly near 0.5.
func cloud(x, y float64, octaves int, seed uint32) float64 {
	total, weight, height := 0.0, 0.0, 1.0
	for i := range octaves {
		total += height * noise(x, y, seed+uint32(i))
		weight += height
		height /= 2
		// Turning keeps the lattices of the octaves from lining up.
		x, y = 1.6*x+1.2*y+17, 1.6*y-1.2*x+31
	}
	return total / weight
}

// ease rises from 0 at 0 to 1 at 1 with two derivatives that are 0 there.
func ease(t float64) float64 { return t * t * t * (t*(6*t-15) + 10) }

// smooth rises from 0 at from to 1 at to.
func smooth(from, to, x float64) float64 {
	return ease(min(1, max(0, (x-from)/(to-from))))
}

func mix(a, b, t float64) float64 { return a + (b-a)*t }

// colour is RGB, encoded as sRGB, 0..1.
type colour [3]float64

// hex is a colour as 0xrrggbb.
func hex(v uint32) colour {
	return colour{float64(v>>16) / 255, float64(v>>8&255) / 255, float64(v&255) / 255}
}

func (c colour) mix(d colour, t float64) colour {
	return colour{mix(c[0], d[0], t), mix(c[1], d[1], t), mix(c[2], d[2], t)}
}

func (c colour) scale(f float64) colour { return colour{c[0] * f, c[1] * f, c[2] * f} }

// ramp is colours one behind the other, taken at 0..1.
func ramp(colours []colour, t float64) colour {
	t = min(1, max(0, t)) * float64(len(colours)-1)
	i := min(int(t), len(colours)-2)
	return colours[i].mix(colours[i+1], t-float64(i))
}
