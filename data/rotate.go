package data

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Rotate turns the picture around its middle by a uniform angle of at most Degrees either way, keeping its size. Pixels
// are interpolated bilinearly; what comes from outside mirrors the picture.
type Rotate struct {
	Degrees float64 `json:"degrees"` // 0..180
}

// Check says what is wrong with Degrees.
func (t Rotate) Check() error {
	if !(t.Degrees >= 0 && t.Degrees <= 180) {
		return fmt.Errorf("data: Rotate: Degrees is %g, want 0 to 180", t.Degrees)
	}
	return nil
}

// Apply turns the picture.
func (t Rotate) Apply(r *rand.Rand, p Picture) (Picture, error) { return alone(t, r, p) }

func (t Rotate) apply(r *rand.Rand, p Picture, b *buffers) (Picture, error) {
	sin, cos := math.Sincos(uniform(r, -t.Degrees, t.Degrees) * math.Pi / 180)
	dst := b.next(p.H, p.W, p.C)
	turn(dst, p, sin, cos)
	return dst, nil
}

// turn samples src counter-clockwise by the angle with this sine and cosine. Positions have 32 fractional bits, of which
// 16 count for the weights.
func turn(dst, src Picture, sin, cos float64) {
	fixed := func(x float64) int64 { return int64(math.Round(x * (1 << 32))) }
	my, mx := float64(src.H-1)/2, float64(src.W-1)/2
	stepY, stepX := fixed(sin), fixed(cos)
	for y := range dst.H {
		v := float64(y) - my
		sx, sy := fixed(mx-cos*mx-sin*v), fixed(my-sin*mx+cos*v)
		row := dst.Row(y)
		for x := 0; x < len(row); x += src.C {
			blend(row[x:x+src.C], src, int(sy>>32), int(sx>>32), uint64(sy>>16&0xffff), uint64(sx>>16&0xffff))
			sx, sy = sx+stepX, sy+stepY
		}
	}
}

// blend is the pixel at row y + fy/2^16, column x + fx/2^16.
func blend(dst []uint8, src Picture, y, x int, fy, fx uint64) {
	y0, y1, x0, x1 := y, y+1, x, x+1
	if y < 0 || x < 0 || y1 >= src.H || x1 >= src.W {
		y0, y1, x0, x1 = mirror(y, src.H), mirror(y1, src.H), mirror(x, src.W), mirror(x1, src.W)
	}
	a, b := src.Pix[(y0*src.W+x0)*src.C:], src.Pix[(y0*src.W+x1)*src.C:]
	c, d := src.Pix[(y1*src.W+x0)*src.C:], src.Pix[(y1*src.W+x1)*src.C:]
	gy, gx := 1<<16-fy, 1<<16-fx
	for k := range dst {
		upper := gx*uint64(a[k]) + fx*uint64(b[k])
		lower := gx*uint64(c[k]) + fx*uint64(d[k])
		dst[k] = uint8((gy*upper + fy*lower + 1<<31) >> 32)
	}
}
