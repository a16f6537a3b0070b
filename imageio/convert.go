package imageio

import (
	"fmt"
	"image"
	"image/color"
)

// convert makes a picture of c channels, h by w pixels, of a decoded image. The image may be smaller, as the frame of a
// GIF can be; the rest is transparent. video is as in newUpsampler.
func convert(m image.Image, h, w, c int, video bool) (Picture, error) {
	b := m.Bounds()
	if !b.In(image.Rect(0, 0, w, h)) {
		return Picture{}, fmt.Errorf("is %dx%d, but has pixels %v", h, w, b)
	}
	p := New(h, w, c)
	if b.Dx() < w || b.Dy() < h {
		reduceTransparent(p)
	}
	row := rows(m, video)
	rgba := make([]uint8, 4*b.Dx())
	for y := range b.Dy() {
		row(rgba, y)
		reduce(p.Row(b.Min.Y + y)[b.Min.X*c:b.Max.X*c], rgba, c)
	}
	return p, nil
}

// reduceTransparent is what reduce makes of transparent pixels.
func reduceTransparent(p Picture) {
	if p.C == 4 {
		return
	}
	for i := range p.Pix {
		p.Pix[i] = 255
	}
}

// rows gives a function that writes row y of an image, counted from its top, as RGBA of 8 bits, not premultiplied.
func rows(m image.Image, video bool) func(dst []uint8, y int) {
	b := m.Bounds()
	switch m := m.(type) {
	case *image.YCbCr:
		return newUpsampler(m, video).row
	case *image.NYCbCrA:
		color := newUpsampler(&m.YCbCr, video)
		return func(dst []uint8, y int) {
			color.row(dst, y)
			alpha := m.A[m.AOffset(b.Min.X, b.Min.Y+y):]
			for x := range len(dst) / 4 {
				dst[4*x+3] = alpha[x]
			}
		}
	case *image.Gray:
		return func(dst []uint8, y int) {
			src := m.Pix[m.PixOffset(b.Min.X, b.Min.Y+y):]
			for x := range len(dst) / 4 {
				v := src[x]
				dst[4*x], dst[4*x+1], dst[4*x+2], dst[4*x+3] = v, v, v, 255
			}
		}
	case *image.NRGBA:
		return func(dst []uint8, y int) { copy(dst, m.Pix[m.PixOffset(b.Min.X, b.Min.Y+y):]) }
	case *image.CMYK:
		return func(dst []uint8, y int) { fromCMYK(dst, m.Pix[m.PixOffset(b.Min.X, b.Min.Y+y):]) }
	}
	return func(dst []uint8, y int) { fromColors(dst, m, b.Min.X, b.Min.Y+y) }
}

// fromCMYK multiplies ink and black, as PIL does.
func fromCMYK(dst, src []uint8) {
	for i := 0; i+3 < len(dst); i += 4 {
		white := 255 - uint32(src[i+3])
		for k := range 3 {
			dst[i+k] = uint8(((255-uint32(src[i+k]))*white + 127) / 255)
		}
		dst[i+3] = 255
	}
}

// fromColors goes through the colour model of an image: palettes, 16 bits, premultiplied alpha.
func fromColors(dst []uint8, m image.Image, x, y int) {
	at := m.At
	switch m := m.(type) {
	case *image.NRGBA64: // not through premultiplied colours, which are less exact
	case image.RGBA64Image:
		at = func(x, y int) color.Color { return m.RGBA64At(x, y) }
	}
	for i := range len(dst) / 4 {
		c := color.NRGBA64Model.Convert(at(x+i, y)).(color.NRGBA64)
		dst[4*i], dst[4*i+1], dst[4*i+2], dst[4*i+3] = to8(c.R), to8(c.G), to8(c.B), to8(c.A)
	}
}

// to8 rounds 16 bits to 8, 65535 being 255.
func to8(v uint16) uint8 { return uint8((uint32(v)*255 + 32767) / 65535) }

// reduce writes RGBA pixels as c channels.
func reduce(dst, rgba []uint8, c int) {
	if c == 4 {
		copy(dst, rgba)
		return
	}
	for x := range len(rgba) / 4 {
		p := rgba[4*x : 4*x+4 : 4*x+4]
		if p[3] != 255 {
			for k := range 3 {
				p[k] = onWhite(p[k], p[3])
			}
		}
		if c == 1 {
			dst[x] = luma(p[0], p[1], p[2])
		} else {
			d := dst[3*x : 3*x+3 : 3*x+3]
			d[0], d[1], d[2] = p[0], p[1], p[2]
		}
	}
}

// onWhite blends a value onto white.
func onWhite(v, alpha uint8) uint8 {
	return uint8((uint32(v)*uint32(alpha) + 255*(255-uint32(alpha)) + 127) / 255)
}

// luma is ITU-R 601's, in PIL's integers.
func luma(r, g, b uint8) uint8 {
	return uint8((19595*uint32(r) + 38470*uint32(g) + 7471*uint32(b) + 1<<15) >> 16)
}
