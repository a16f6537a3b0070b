package data

import (
	"fmt"
	"math/rand/v2"
)

// Cutout blanks a square (DeVries and Taylor 2017): its middle is a uniform pixel, so that parts of it may be outside of
// the picture, as in the paper.
type Cutout struct {
	Size   int   `json:"size"`   // pixels of the square's side
	Fill   []int `json:"fill"`   // its colour, 0..255, a channel each or one for all; none: 0. The paper uses the mean
	Inside bool  `json:"inside"` // all of it is in the picture, as airbench96 has it (Jordan, 2024)
}

// Check says what is wrong with the settings.
func (t Cutout) Check() error {
	if err := wantSize("Cutout", t.Size); err != nil {
		return err
	}
	for i, v := range t.Fill {
		if v < 0 || v > 255 {
			return fmt.Errorf("data: Cutout: Fill[%d] is %d, want 0 to 255", i, v)
		}
	}
	return nil
}

// Apply blanks a square.
func (t Cutout) Apply(r *rand.Rand, p Picture) (Picture, error) { return alone(t, r, p) }

func (t Cutout) apply(r *rand.Rand, p Picture, b *buffers) (Picture, error) {
	if len(t.Fill) > 1 && len(t.Fill) != p.C {
		return Picture{}, fmt.Errorf("cutout: Fill has %d values for a picture of %s", len(t.Fill), p.Size())
	}
	y, x := t.corner(r, p.H), t.corner(r, p.W)
	dst := b.next(p.H, p.W, p.C)
	copy(dst.Pix, p.Pix)
	left, right := max(x, 0), min(x+t.Size, p.W)
	for i := max(y, 0); i < min(y+t.Size, p.H); i++ {
		t.fill(dst.Row(i)[left*p.C:right*p.C], p.C)
	}
	return dst, nil
}

// corner is where the square begins on a side of so many pixels.
func (t Cutout) corner(r *rand.Rand, side int) int {
	if t.Inside {
		return r.IntN(max(side-t.Size, 0) + 1)
	}
	return r.IntN(side) - t.Size/2
}

func (t Cutout) fill(row []uint8, c int) {
	switch len(t.Fill) {
	case 0:
		clear(row)
	case 1:
		for i := range row {
			row[i] = uint8(t.Fill[0])
		}
	default:
		for i := range row {
			row[i] = uint8(t.Fill[i%c])
		}
	}
}
