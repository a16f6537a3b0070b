package data

import (
	"fmt"
	"image"
	"math"
	"math/rand/v2"

	"github.com/atelier-go/atelier/imageio"
)

// RandomCrop cuts a square of Size pixels out of the picture, at a random place, after enlarging it by Pad pixels on
// each side. The border mirrors the picture without repeating its edge (PyTorch's reflect; NumPy's too).
type RandomCrop struct {
	Size int  `json:"size"` // pixels; 0: the size of the picture, which need not be a square
	Pad  int  `json:"pad"`  // pixels on each side
	Zero bool `json:"zero"` // pad with black instead of mirroring
}

// Check says what is wrong with the settings.
func (t RandomCrop) Check() error {
	if t.Size < 0 || t.Pad < 0 || t.Size > maxSize || t.Pad > maxSize {
		return fmt.Errorf("data: RandomCrop: Size is %d and Pad %d, want 0 to %d", t.Size, t.Pad, maxSize)
	}
	return nil
}

// Apply cuts out a part.
func (t RandomCrop) Apply(r *rand.Rand, p Picture) (Picture, error) { return alone(t, r, p) }

func (t RandomCrop) apply(r *rand.Rand, p Picture, b *buffers) (Picture, error) {
	h, w := t.Size, t.Size
	if t.Size == 0 {
		h, w = p.H, p.W
	}
	if h > p.H+2*t.Pad || w > p.W+2*t.Pad {
		return Picture{}, fmt.Errorf("cannot cut %dx%d out of %s padded by %d", h, w, p.Size(), t.Pad)
	}
	y := r.IntN(p.H+2*t.Pad-h+1) - t.Pad
	x := r.IntN(p.W+2*t.Pad-w+1) - t.Pad
	dst := b.next(h, w, p.C)
	for i := range h {
		cropRow(dst.Row(i), p, y+i, x, t.Zero)
	}
	return dst, nil
}

// cropRow copies the pixels of row y from x on, both of which may be outside of the picture.
func cropRow(dst []uint8, p Picture, y, x int, zero bool) {
	w := len(dst) / p.C
	outside := y < 0 || y >= p.H
	if outside && zero {
		clear(dst)
		return
	}
	row := p.Row(mirror(y, p.H))
	lo, hi := min(max(-x, 0), w), max(min(p.W-x, w), 0) // the columns that are inside
	if lo < hi {
		copy(dst[lo*p.C:hi*p.C], row[(x+lo)*p.C:])
	} else {
		lo, hi = w, w
	}
	for j := 0; j < w; j++ {
		if j == lo {
			j = hi
			if j == w {
				break
			}
		}
		pixel := dst[j*p.C : (j+1)*p.C]
		if zero {
			clear(pixel)
		} else {
			copy(pixel, row[mirror(x+j, p.W)*p.C:])
		}
	}
}

// mirror reflects a position at the first and last of n positions, as often as it takes.
func mirror(i, n int) int {
	if uint(i) < uint(n) {
		return i
	}
	if n == 1 {
		return 0
	}
	period := 2 * (n - 1)
	if i %= period; i < 0 {
		i += period
	}
	return min(i, period-i)
}

// CenterCrop cuts the middle out of the picture, as torchvision places it.
type CenterCrop struct {
	Size int `json:"size"` // pixels
}

// Check says what is wrong with Size.
func (t CenterCrop) Check() error { return wantSize("CenterCrop", t.Size) }

// Apply cuts out the middle.
func (t CenterCrop) Apply(r *rand.Rand, p Picture) (Picture, error) { return alone(t, r, p) }

func (t CenterCrop) apply(_ *rand.Rand, p Picture, b *buffers) (Picture, error) {
	if t.Size > p.H || t.Size > p.W {
		return Picture{}, fmt.Errorf("cannot cut %dx%d out of %s; resize it first", t.Size, t.Size, p.Size())
	}
	y := int(math.RoundToEven(float64(p.H-t.Size) / 2))
	x := int(math.RoundToEven(float64(p.W-t.Size) / 2))
	dst := b.next(t.Size, t.Size, p.C)
	for i := range t.Size {
		cropRow(dst.Row(i), p, y+i, x, true)
	}
	return dst, nil
}

// Resize scales the picture so that its short side has Short pixels, antialiased; the long side is rounded down, as in
// torchvision.
type Resize struct {
	Short  int            `json:"short"`  // pixels
	Filter imageio.Filter `json:"filter"` // the zero value is bilinear
}

// Check says what is wrong with the settings.
func (t Resize) Check() error {
	if err := wantSize("Resize", t.Short); err != nil {
		return err
	}
	return t.Filter.Check()
}

// Apply scales the picture.
func (t Resize) Apply(r *rand.Rand, p Picture) (Picture, error) { return alone(t, r, p) }

func (t Resize) apply(_ *rand.Rand, p Picture, b *buffers) (Picture, error) {
	h, w := t.Short, t.Short
	if p.H < p.W {
		w = t.Short * p.W / p.H
	} else {
		h = t.Short * p.H / p.W
	}
	if h == p.H && w == p.W {
		return p, nil
	}
	return b.resize(h, w, p, image.Rect(0, 0, p.W, p.H), t.Filter)
}

// resize is a part of a picture at another size. A long and thin picture is refused where its short side would make the
// long one endless.
func (b *buffers) resize(h, w int, p Picture, part image.Rectangle, f imageio.Filter) (Picture, error) {
	if h > maxSize*maxSize/w {
		return Picture{}, fmt.Errorf("cannot make %dx%d of %s: want at most %d pixels; crop it first", h, w, p.Size(), maxSize*maxSize)
	}
	b.next(h, w, p.C)
	dst := &b.pictures[b.last]
	err := b.resizer.Resize(dst, h, w, p, part, f)
	return *dst, err
}

// maxSize is the largest side, in pixels, that a transform can be told to make.
const maxSize = 1 << 14

func wantSize(transform string, size int) error {
	if size <= 0 || size > maxSize {
		return fmt.Errorf("data: %s: the size is %d, want 1 to %d", transform, size, maxSize)
	}
	return nil
}
