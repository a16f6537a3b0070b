package data

import (
	"fmt"
	"math/rand/v2"
)

// ColorJitter changes brightness, contrast and saturation by random factors, in random order, as torchvision does on
// PIL's pictures: each factor is uniform in [max(0, 1-x), 1+x]. Saturation does nothing to grey pictures.
type ColorJitter struct {
	Brightness float64 `json:"brightness"` // 0: left as it is
	Contrast   float64 `json:"contrast"`   // 0: left as it is
	Saturation float64 `json:"saturation"` // 0: left as it is
}

// maxJitter is far beyond where all is black or white.
const maxJitter = 1000

// Check says what is wrong with the settings.
func (t ColorJitter) Check() error {
	for _, f := range []struct {
		name  string
		value float64
	}{{"Brightness", t.Brightness}, {"Contrast", t.Contrast}, {"Saturation", t.Saturation}} {
		if !(f.value >= 0 && f.value <= maxJitter) {
			return fmt.Errorf("data: ColorJitter: %s is %g, want 0 to %d", f.name, f.value, maxJitter)
		}
	}
	return nil
}

// Apply changes the colours.
func (t ColorJitter) Apply(r *rand.Rand, p Picture) (Picture, error) { return alone(t, r, p) }

func (t ColorJitter) apply(r *rand.Rand, p Picture, b *buffers) (Picture, error) {
	if err := channels(p); err != nil {
		return Picture{}, err
	}
	order := [3]int{0, 1, 2}
	shuffle(order[:], r)
	var factor [3]float32
	for i, x := range [3]float64{t.Brightness, t.Contrast, t.Saturation} {
		factor[i] = float32(uniform(r, max(0, 1-x), 1+x))
	}
	dst := b.next(p.H, p.W, p.C)
	copy(dst.Pix, p.Pix)
	for _, which := range order {
		switch {
		case which == 0 && t.Brightness > 0:
			stretch(dst.Pix, 0, factor[0])
		case which == 1 && t.Contrast > 0:
			stretch(dst.Pix, meanGrey(dst), factor[1])
		case which == 2 && t.Saturation > 0 && p.C == 3:
			saturate(dst.Pix, factor[2])
		}
	}
	return dst, nil
}

// stretch moves all bytes away from, or towards, a centre: center + f·(v - center).
func stretch(pix []uint8, center uint8, f float32) {
	var table [256]uint8
	for v := range table {
		table[v] = between(center, uint8(v), f)
	}
	for i, v := range pix {
		pix[i] = table[v]
	}
}

// between is a + f·(b-a), rounded down as PIL does.
func between(a, b uint8, f float32) uint8 {
	v := float32(a) + float32(f*float32(int32(b)-int32(a)))
	switch {
	case v <= 0:
		return 0
	case v >= 255:
		return 255
	}
	return uint8(v)
}

// grey is ITU-R 601 luma in PIL's integers.
func grey(r, g, b uint8) uint8 {
	return uint8((19595*uint32(r) + 38470*uint32(g) + 7471*uint32(b) + 1<<15) >> 16)
}

// meanGrey is the mean of a picture's luma, rounded.
func meanGrey(p Picture) uint8 {
	sum, n := 0, p.H*p.W
	if p.C == 1 {
		for _, v := range p.Pix {
			sum += int(v)
		}
	} else {
		for i := 0; i+2 < len(p.Pix); i += 3 {
			sum += int(grey(p.Pix[i], p.Pix[i+1], p.Pix[i+2]))
		}
	}
	return uint8((2*sum + n) / (2 * n))
}

// saturate moves RGB pixels away from, or towards, their luma.
func saturate(pix []uint8, f float32) {
	for i := 0; i+2 < len(pix); i += 3 {
		p := pix[i : i+3 : i+3]
		l := grey(p[0], p[1], p[2])
		p[0], p[1], p[2] = between(l, p[0], f), between(l, p[1], f), between(l, p[2], f)
	}
}
