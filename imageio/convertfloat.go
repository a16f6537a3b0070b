package imageio

import (
	"fmt"
	"image"
	"image/color"
)

// floats makes a picture of a decoded image, as convert does.
func floats(m image.Image, h, w int, video bool) (Float, error) {
	b := m.Bounds()
	if !b.In(image.Rect(0, 0, w, h)) {
		return Float{}, fmt.Errorf("is %dx%d, but has pixels %v", h, w, b)
	}
	p := NewFloat(h, w)
	p.Alpha = make([]float32, h*w)
	row := floatRows(m, video)
	for y := range b.Dy() {
		at := (b.Min.Y+y)*w + b.Min.X
		row(p.RGB[3*at:3*(at+b.Dx())], p.Alpha[at:at+b.Dx()], y)
	}
	for _, a := range p.Alpha {
		if a != 1 {
			return p, nil
		}
	}
	p.Alpha = nil
	return p, nil
}

// floatRows gives a function that writes row y of an image, counted from its top.
func floatRows(m image.Image, video bool) func(rgb, alpha []float32, y int) {
	b := m.Bounds()
	switch m := m.(type) {
	case *image.NRGBA64:
		return func(rgb, alpha []float32, y int) {
			for x := range alpha {
				c := m.NRGBA64At(b.Min.X+x, b.Min.Y+y)
				rgb[3*x], rgb[3*x+1], rgb[3*x+2], alpha[x] = from16(c.R), from16(c.G), from16(c.B), from16(c.A)
			}
		}
	case *image.Gray16:
		return func(rgb, alpha []float32, y int) {
			for x := range alpha {
				v := from16(m.Gray16At(b.Min.X+x, b.Min.Y+y).Y)
				rgb[3*x], rgb[3*x+1], rgb[3*x+2], alpha[x] = v, v, v, 1
			}
		}
	case *image.RGBA64:
		return func(rgb, alpha []float32, y int) {
			for x := range alpha {
				alpha[x] = straight(rgb[3*x:3*x+3], m.RGBA64At(b.Min.X+x, b.Min.Y+y))
			}
		}
	}
	row := rows(m, video)
	rgba := make([]uint8, 4*b.Dx())
	return func(rgb, alpha []float32, y int) {
		row(rgba, y)
		for x := range alpha {
			p := rgba[4*x : 4*x+4]
			rgb[3*x], rgb[3*x+1], rgb[3*x+2], alpha[x] = float32(p[0])/255, float32(p[1])/255, float32(p[2])/255, float32(p[3])/255
		}
	}
}

func from16(v uint16) float32 { return float32(v) / 65535 }

// straight divides a colour by its alpha, which it returns.
func straight(rgb []float32, c color.RGBA64) float32 {
	if c.A == 0 {
		return 0
	}
	alpha := float32(c.A)
	rgb[0], rgb[1], rgb[2] = min(float32(c.R)/alpha, 1), min(float32(c.G)/alpha, 1), min(float32(c.B)/alpha, 1)
	return from16(c.A)
}

// uprightFloat is upright for these pictures.
func uprightFloat(p Float, orientation int) Float {
	if orientation == 1 {
		return p
	}
	dst := NewFloat(p.H, p.W)
	if orientation >= 5 {
		dst.H, dst.W = p.W, p.H
	}
	if p.Alpha != nil {
		dst.Alpha = make([]float32, p.H*p.W)
	}
	for y := range dst.H {
		for x := range dst.W {
			sy, sx := stored(orientation, y, x, p.H, p.W)
			to, at := y*dst.W+x, sy*p.W+sx
			copy(dst.RGB[3*to:3*to+3], p.RGB[3*at:])
			if p.Alpha != nil {
				dst.Alpha[to] = p.Alpha[at]
			}
		}
	}
	return dst
}
