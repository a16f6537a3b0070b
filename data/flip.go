package data

import "math/rand/v2"

// Flip mirrors the picture left to right, half of the time.
type Flip struct {
	// Alternate mirrors half of the pictures in the first epoch, and in every other epoch each the other way than in the
	// one before: two epochs show a picture both ways, where chance shows it twice the same way half of the time (Jordan,
	// 2024). It takes a [Loader] to know the epoch; Apply leaves it to chance.
	Alternate bool `json:"alternate"`
}

// Check finds nothing wrong.
func (Flip) Check() error { return nil }

// Apply mirrors the picture or gives it back.
func (t Flip) Apply(r *rand.Rand, p Picture) (Picture, error) { return alone(t, r, p) }

func (Flip) apply(r *rand.Rand, p Picture, b *buffers) (Picture, error) {
	return flipIf(r.Uint64()>>63 != 0, p, b), nil
}

// applyAt mirrors by chance, or by the picture's first chance and the epoch.
func (t Flip) applyAt(at occasion, r *rand.Rand, p Picture, b *buffers) (Picture, error) {
	if !t.Alternate {
		return t.apply(r, p, b)
	}
	var first rand.PCG
	seedPCG(&first, at.seed, streamFlip, at.example, 0)
	return flipIf((first.Uint64()>>63 != 0) != (at.epoch%2 != 0), p, b), nil
}

func flipIf(flipped bool, p Picture, b *buffers) Picture {
	if !flipped {
		return p
	}
	dst := b.next(p.H, p.W, p.C)
	for y := range p.H {
		flipRow(dst.Row(y), p.Row(y), p.C)
	}
	return dst
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
