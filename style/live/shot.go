package live

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"sync"

	"github.com/atelier-go/atelier/style"
)

// shot is a picture that is shown, without its alpha.
type shot struct {
	Number  int    `json:"number"` // from 1, of a painting
	Caption string `json:"caption"`

	pixels *image.RGBA // until they are encoded
	encode sync.Once
	jpeg   []byte
	err    error
}

// shotSide is the largest side of a picture that is shown, in pixels; larger ones are shrunk by a whole factor.
const shotSide = 1280

func newShot(p style.Picture, caption string) *shot {
	k := max(1, (max(p.H, p.W)+shotSide-1)/shotSide)
	h, w := (p.H+k-1)/k, (p.W+k-1)/k
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			shrink(p, k, y, x, out.Pix[y*out.Stride+4*x:][:4])
		}
	}
	return &shot{Caption: caption, pixels: out}
}

// shrink writes the mean of a square of k by k pixels, or of what there is of it at the edge.
func shrink(p style.Picture, k, y, x int, rgba []uint8) {
	var sum [3]float32
	bottom, right := min(p.H, (y+1)*k), min(p.W, (x+1)*k)
	for row := y * k; row < bottom; row++ {
		line := p.Pixels[3*(row*p.W+x*k) : 3*(row*p.W+right)]
		for i := 0; i < len(line); i += 3 {
			sum[0] += line[i]
			sum[1] += line[i+1]
			sum[2] += line[i+2]
		}
	}
	n := float32((bottom - y*k) * (right - x*k))
	for c, v := range sum {
		rgba[c] = uint8(min(255, max(0, 255*v/n+0.5)))
	}
	rgba[3] = 255
}

// file is the picture as JPEG. It is encoded once, by who asks first.
func (s *shot) file() ([]byte, error) {
	s.encode.Do(func() {
		var b bytes.Buffer
		if s.err = jpeg.Encode(&b, s.pixels, &jpeg.Options{Quality: 90}); s.err != nil {
			s.err = fmt.Errorf("live: %w", s.err)
		}
		s.jpeg, s.pixels = b.Bytes(), nil
	})
	return s.jpeg, s.err
}
