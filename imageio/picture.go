package imageio

import (
	"fmt"
	"math"
)

// Picture is an interleaved picture of 8 bits per channel.
type Picture struct {
	H, W, C int     // height, width, channels: 1 is grey, 3 is RGB, 4 is RGB and alpha (not premultiplied)
	Pix     []uint8 // [H W C], 0..255
}

// New is a black picture. It panics where a size is negative, or the picture larger than memory can be.
func New(h, w, c int) Picture {
	var p Picture
	p.Reset(h, w, c)
	return p
}

// Check says what is wrong with the sizes of the picture; nil if nothing.
func (p Picture) Check() error {
	n, ok := volume(p.H, p.W, p.C)
	switch {
	case p.H <= 0 || p.W <= 0:
		return fmt.Errorf("picture is %s: it has no pixels", p.Size())
	case p.C != 1 && p.C != 3 && p.C != 4:
		return fmt.Errorf("picture is %s: want 1, 3 or 4 channels", p.Size())
	case !ok:
		return fmt.Errorf("picture is %s: it is larger than memory can be", p.Size())
	case len(p.Pix) != n:
		return fmt.Errorf("picture is %s but has %d bytes, want %d", p.Size(), len(p.Pix), n)
	}
	return nil
}

// Size is height, width and channels in words: "32x48x3".
func (p Picture) Size() string { return fmt.Sprintf("%dx%dx%d", p.H, p.W, p.C) }

// Row is row y, [W C], sharing memory with the picture.
func (p Picture) Row(y int) []uint8 { return p.Pix[y*p.W*p.C : (y+1)*p.W*p.C] }

// Reset gives the picture another size; its memory is used again where that is large enough. The pixels are undefined. It
// panics as New does.
func (p *Picture) Reset(h, w, c int) {
	n, ok := volume(h, w, c)
	if !ok {
		panic(fmt.Sprintf("imageio: a picture of %dx%dx%d", h, w, c))
	}
	p.H, p.W, p.C = h, w, c
	if cap(p.Pix) < n {
		p.Pix = make([]uint8, n)
	} else {
		p.Pix = p.Pix[:n]
	}
}

// volume is the number of bytes that a picture has; false where a size is negative, or the product more than an int holds.
func volume(h, w, c int) (int, bool) {
	if h < 0 || w < 0 || c < 0 || w > 0 && h > math.MaxInt/w || c > 0 && h*w > math.MaxInt/c {
		return 0, false
	}
	return h * w * c, true
}
