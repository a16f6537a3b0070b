package imageio

import (
	"fmt"
	"math"
)

// Float is a picture to compute with: more exact than 8 bits, and with its alpha apart.
type Float struct {
	H, W  int
	RGB   []float32 // [H W 3], encoded as sRGB, 0..1, not premultiplied
	Alpha []float32 // [H W], 0 (transparent) to 1; nil where the picture is opaque
}

// NewFloat is a black, opaque picture. It panics where a size is negative.
func NewFloat(h, w int) Float {
	return Float{H: h, W: w, RGB: make([]float32, h*w*3)}
}

// Size is height and width in words: "32x48".
func (p Float) Size() string { return fmt.Sprintf("%dx%d", p.H, p.W) }

// Check says what is wrong with the sizes and numbers of the picture; nil if nothing. Numbers below 0 or above 1 are
// right, but what is written is limited to that range.
func (p Float) Check() error {
	switch n := p.H * p.W; {
	case p.H <= 0 || p.W <= 0:
		return fmt.Errorf("picture is %s: it has no pixels", p.Size())
	case len(p.RGB) != 3*n:
		return fmt.Errorf("picture is %s but RGB has %d numbers, want %d", p.Size(), len(p.RGB), 3*n)
	case p.Alpha != nil && len(p.Alpha) != n:
		return fmt.Errorf("picture is %s but Alpha has %d numbers, want %d or nil", p.Size(), len(p.Alpha), n)
	}
	if i := firstNaN(p.RGB); i >= 0 {
		return fmt.Errorf("picture is %s, and NaN at row %d, column %d", p.Size(), i/3/p.W, i/3%p.W)
	}
	if i := firstNaN(p.Alpha); i >= 0 {
		return fmt.Errorf("picture is %s, and alpha is NaN at row %d, column %d", p.Size(), i/p.W, i%p.W)
	}
	return nil
}

func firstNaN(values []float32) int {
	for i, v := range values {
		if v != v {
			return i
		}
	}
	return -1
}

// OnWhite is the picture blended onto white: opaque, with memory of its own unless it was opaque before.
func (p Float) OnWhite() Float {
	if p.Alpha == nil {
		return p
	}
	dst := NewFloat(p.H, p.W)
	for i, a := range p.Alpha {
		for k := 3 * i; k < 3*i+3; k++ {
			dst.RGB[k] = 1 + (p.RGB[k]-1)*a
		}
	}
	return dst
}

// FloatOf makes a picture of one of 8 bits: of grey, RGB, or RGB and alpha.
func FloatOf(p Picture) (Float, error) {
	if err := p.Check(); err != nil {
		return Float{}, fmt.Errorf("imageio: FloatOf: %w", err)
	}
	f := NewFloat(p.H, p.W)
	if p.C == 4 {
		f.Alpha = make([]float32, p.H*p.W)
	}
	for i := range p.H * p.W {
		for k := range 3 {
			f.RGB[3*i+k] = float32(p.Pix[i*p.C+min(k, p.C-1)]) / 255
		}
		if p.C == 4 {
			f.Alpha[i] = float32(p.Pix[4*i+3]) / 255
		}
	}
	return f, nil
}

// quantize rounds a value of 0..1 to an integer of 0..top; what is outside is limited.
func quantize(v float32, top float64) uint16 {
	return uint16(math.Floor(float64(min(max(v, 0), 1))*top + 0.5))
}
