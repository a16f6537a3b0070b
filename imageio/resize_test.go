package imageio

import (
	"fmt"
	"image"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// noise is a random picture with edges in it.
func noise(seed uint64, h, w, c int) Picture {
	r := rand.New(rand.NewPCG(seed, 0))
	p := New(h, w, c)
	for i := range p.Pix {
		p.Pix[i] = uint8(r.IntN(256))
		if r.IntN(3) == 0 {
			p.Pix[i] = 255 * uint8(r.IntN(2))
		}
	}
	return p
}

func TestResizeIsPIL(t *testing.T) {
	reference := startPIL(t)
	r := rand.New(rand.NewPCG(1, 2))
	for _, f := range []Filter{Bilinear, Bicubic, Lanczos, Box} {
		for n := range 40 {
			c := []int{1, 3, 4}[n%3]
			src := noise(uint64(n), 1+r.IntN(70), 1+r.IntN(70), c)
			if c == 4 {
				for i := 3; i < len(src.Pix); i += 4 {
					src.Pix[i] = 255 // PIL weighs colours by alpha, which we do not
				}
			}
			part := image.Rect(0, 0, src.W, src.H)
			if n%2 == 1 {
				part.Min = image.Pt(r.IntN(src.W), r.IntN(src.H))
				part.Max = image.Pt(part.Min.X+1+r.IntN(src.W-part.Min.X), part.Min.Y+1+r.IntN(src.H-part.Min.Y))
			}
			h, w := 1+r.IntN(70), 1+r.IntN(70)
			var got Picture
			if err := new(Resizer).Resize(&got, h, w, src, part, f); err != nil {
				t.Fatal(err)
			}
			if d, _ := difference(t, got, reference.resize(src, h, w, part, f)); d > 1 {
				t.Errorf("%v of %s, part %v, to %dx%d: differs from PIL by %d, want at most 1", f, src.Size(), part, h, w, d)
			}
		}
	}
}

// The definition in floating point, without PIL's rounding in between.
func TestResizeIsAConvolution(t *testing.T) {
	src := noise(7, 31, 23, 3)
	for i, v := range src.Pix {
		src.Pix[i] = 64 + v/2 // nothing is clipped after the first pass
	}
	for _, f := range []Filter{Bilinear, Bicubic, Lanczos, Box} {
		for _, size := range [][2]int{{31, 23}, {62, 46}, {10, 7}, {1, 1}, {50, 5}} {
			got, err := Resize(src, size[0], size[1], f)
			if err != nil {
				t.Fatal(err)
			}
			want := slowResize(src, size[0], size[1], f)
			// The first pass rounds by up to ½, which the second multiplies by the sum of its absolute weights, below
			// 1.7, and rounds again; so does the test.
			if d, _ := difference(t, got, want); d > 2 {
				t.Errorf("%v to %v differs from the definition by %d, want at most 2", f, size, d)
			}
		}
	}
}

func slowResize(src Picture, h, w int, f Filter) Picture {
	weights := func(in, out, o int) []float64 {
		ws := make([]float64, in)
		scale := float64(in) / float64(out)
		sum := 0.0
		for i := range ws {
			ws[i] = filters[f].weight((float64(i) + 0.5 - (float64(o)+0.5)*scale) / max(scale, 1))
			sum += ws[i]
		}
		for i := range ws {
			ws[i] /= sum
		}
		return ws
	}
	dst := New(h, w, src.C)
	for y := range h {
		wy := weights(src.H, h, y)
		for x := range w {
			wx := weights(src.W, w, x)
			for c := range src.C {
				sum := 0.0
				for i := range src.H {
					for j := range src.W {
						sum += wy[i] * wx[j] * float64(src.Pix[(i*src.W+j)*src.C+c])
					}
				}
				dst.Pix[(y*w+x)*src.C+c] = uint8(min(max(math.Round(sum), 0), 255))
			}
		}
	}
	return dst
}

func TestResizeKeepsConstants(t *testing.T) {
	for _, v := range []uint8{0, 1, 127, 254, 255} {
		src := New(13, 40, 3)
		for i := range src.Pix {
			src.Pix[i] = v
		}
		for _, f := range []Filter{Bilinear, Bicubic, Lanczos, Box} {
			for _, size := range [][2]int{{1, 1}, {13, 40}, {100, 3}, {300, 300}} {
				got, err := Resize(src, size[0], size[1], f)
				if err != nil {
					t.Fatal(err)
				}
				for i, g := range got.Pix {
					if g != v {
						t.Fatalf("%v of a constant %d to %v: byte %d is %d", f, v, size, i, g)
					}
				}
			}
		}
	}
}

func TestResizeRefuses(t *testing.T) {
	p := New(4, 6, 3)
	for _, c := range []struct {
		p    Picture
		h, w int
		part image.Rectangle
		f    Filter
		want string
	}{
		{p, 0, 5, image.Rect(0, 0, 6, 4), Bilinear, "to 0x5"},
		{p, 5, 5, image.Rect(0, 0, 7, 4), Bilinear, "(0,0)-(7,4) of a picture of 4x6x3"},
		{p, 5, 5, image.Rect(2, 2, 2, 4), Bilinear, "(2,2)-(2,4)"},
		{p, 5, 5, image.Rect(0, 0, 6, 4), Filter(9), "no filter 9"},
		{Picture{}, 5, 5, image.Rect(0, 0, 1, 1), Bilinear, "0x0x0: it has no pixels"},
		{p, 1 << 32, 1 << 32, image.Rect(0, 0, 6, 4), Bilinear, "to 4294967296x4294967296: it is larger than memory can be"},
		{Picture{H: 1 << 32, W: 1 << 32, C: 3}, 5, 5, image.Rect(0, 0, 1, 1), Bilinear, "4294967296x4294967296x3: it is larger than memory can be"},
		{Picture{H: 2, W: 2, C: 3, Pix: make([]uint8, 5)}, 5, 5, image.Rect(0, 0, 1, 1), Bilinear, "2x2x3 but has 5 bytes, want 12"},
	} {
		var dst Picture
		err := new(Resizer).Resize(&dst, c.h, c.w, c.p, c.part, c.f)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Resize of %s: error is %v, want %q", c.p.Size(), err, c.want)
		}
	}
}

// Sizes whose product is no number of bytes are no small picture.
func TestResetRefuses(t *testing.T) {
	defer func() {
		if v := recover(); v != "imageio: a picture of 4294967296x4294967296x3" {
			t.Errorf("panics with %v", v)
		}
	}()
	new(Picture).Reset(1<<32, 1<<32, 3)
	t.Error("2^64 pixels have memory")
}

func TestFilterNames(t *testing.T) {
	for _, f := range []Filter{Bilinear, Bicubic, Lanczos, Box} {
		text, err := f.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		got := Filter(-1)
		if err := got.UnmarshalText(text); err != nil || got != f {
			t.Errorf("%s reads as %v, %v", text, got, err)
		}
	}
	var f Filter
	if err := f.UnmarshalText([]byte("bilinaer")); err == nil || !strings.Contains(err.Error(), `"bilinaer"`) {
		t.Errorf("a wrong name: %v", err)
	}
}

func TestResizerAllocatesOnce(t *testing.T) {
	var r Resizer
	var dst Picture
	src := noise(1, 90, 120, 3)
	size := 0
	if n := testing.AllocsPerRun(20, func() {
		size = (size + 7) % 60
		if err := r.Resize(&dst, 60-size, 50, src, image.Rect(size, 0, 120, 90), Bilinear); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("%g allocations a resize, want 0 once the memory is there", n)
	}
}

func BenchmarkResize(b *testing.B) {
	for _, f := range []Filter{Bilinear, Bicubic} {
		b.Run(fmt.Sprintf("filter=%v/384x288to224x224", f), func(b *testing.B) {
			src := noise(1, 288, 384, 3)
			var r Resizer
			var dst Picture
			for b.Loop() {
				if err := r.Resize(&dst, 224, 224, src, image.Rect(0, 0, 384, 288), f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
