package main

import (
	"slices"

	"github.com/atelier-go/atelier/imageio"
)

// bleed gives transparent pixels the colours around them, so that what is behind an edge, which is anything, does not get
// into the painting. p.RGB changes, p.Alpha does not. Colours come from ever coarser pictures, in each of which a pixel is
// the mean of four, weighted by how opaque they are.
func bleed(p imageio.Float) {
	if p.Alpha == nil || slices.Min(p.Alpha) == 1 {
		return
	}
	levels := []imageio.Float{premultiply(p)}
	for last := levels[0]; last.H > 1 || last.W > 1; levels = append(levels, last) {
		last = halve(last)
	}
	top := levels[len(levels)-1]
	if top.Alpha[0] == 0 {
		return // nothing to be seen, so no colour is better than another
	}
	for k := range top.RGB {
		top.RGB[k] /= top.Alpha[0]
	}
	for i := len(levels) - 2; i >= 0; i-- {
		fillFrom(levels[i], levels[i+1])
	}
	copy(p.RGB, levels[0].RGB)
}

// premultiply is a copy with colours times alpha.
func premultiply(p imageio.Float) imageio.Float {
	out := imageio.Float{H: p.H, W: p.W, RGB: slices.Clone(p.RGB), Alpha: slices.Clone(p.Alpha)}
	for i, a := range p.Alpha {
		for k := 3 * i; k < 3*i+3; k++ {
			out.RGB[k] *= a
		}
	}
	return out
}

// halve sums up pixels two by two: colours and alpha alike, up to a full pixel.
func halve(p imageio.Float) imageio.Float {
	h, w := (p.H+1)/2, (p.W+1)/2
	out := imageio.Float{H: h, W: w, RGB: make([]float32, h*w*3), Alpha: make([]float32, h*w)}
	for i, a := range p.Alpha {
		j := i/p.W/2*w + i%p.W/2
		out.Alpha[j] += a
		for k := range 3 {
			out.RGB[3*j+k] += p.RGB[3*i+k]
		}
	}
	for j, a := range out.Alpha {
		if a > 1 {
			out.Alpha[j] = 1
			for k := 3 * j; k < 3*j+3; k++ {
				out.RGB[k] /= a
			}
		}
	}
	return out
}

// fillFrom puts the coarser picture, which is filled, behind the finer one, which is premultiplied and becomes opaque.
func fillFrom(fine, coarse imageio.Float) {
	for i, a := range fine.Alpha {
		if a == 1 {
			continue
		}
		for k := range 3 {
			fine.RGB[3*i+k] += (1 - a) * interpolated(coarse, i/fine.W, i%fine.W, k)
		}
		fine.Alpha[i] = 1
	}
}

// interpolated is a channel of the coarser picture at pixel (y, x) of the finer, linear between its pixels.
func interpolated(p imageio.Float, y, x, channel int) float32 {
	at := func(y, x int) float32 {
		y, x = min(max(y, 0), p.H-1), min(max(x, 0), p.W-1)
		return p.RGB[3*(y*p.W+x)+channel]
	}
	// The finer pixel is a quarter of a coarser one from its middle, to one side or the other.
	y0, x0 := y/2, x/2
	y1, x1 := y0+y%2*2-1, x0+x%2*2-1
	return 0.5625*at(y0, x0) + 0.1875*(at(y0, x1)+at(y1, x0)) + 0.0625*at(y1, x1)
}
