package data

import "math/rand/v2"

// Flip mirrors the picture left to right, half of the time.
type Flip struct{}

// Check finds nothing wrong: there are no settings.
func (Flip) Check() error { return nil }

// Apply mirrors the picture or gives it back.
func (t Flip) Apply(r *rand.Rand, p Picture) (Picture, error) { return alone(t, r, p) }

func (Flip) apply(r *rand.Rand, p Picture, b *buffers) (Picture, error) {
	if r.Uint64()>>63 == 0 {
		return p, nil
	}
	dst := b.next(p.H, p.W, p.C)
	for y := range p.H {
		flipRow(dst.Row(y), p.Row(y), p.C)
	}
	return dst, nil
}

func flipRow(dst, src []uint8, c int) {
	for i, j := 0, len(src)-c; j >= 0; i, j = i+c, j-c {
		switch c {
		case 1:
			dst[i] = src[j]
		case 3:
			d, s := dst[i:i+3:i+3], src[j:j+3:j+3]
			d[0], d[1], d[2] = s[0], s[1], s[2]
		default:
			copy(dst[i:i+c], src[j:])
		}
	}
}
