package main

import (
	"testing"

	"github.com/atelier-go/atelier/imageio"
	"github.com/atelier-go/atelier/style"
)

func TestQuantity(t *testing.T) {
	for _, c := range []struct {
		text string
		want int64
		show string
	}{
		{"2GiB", 2 << 30, "2 GiB"}, {"1.5 gib", 3 << 29, "1.5 GiB"}, {"512m", 512e6, "488 MiB"}, {"512MiB", 512 << 20, "512 MiB"}, {"4096", 4096, "4 KiB"},
		{"2k", 2000, "2.0 KiB"}, {"none", -1, ""},
	} {
		var v int64
		q := &quantity{value: &v, unit: "bytes", none: true}
		if err := q.Set(c.text); err != nil || v != c.want || q.String() != c.text && q.String() != "none" {
			t.Errorf("%q is %d, %v, shown as %q", c.text, v, err, q)
		}
		if v > 0 && bytesText(v) != c.show {
			t.Errorf("%d is %q, want %q", v, bytesText(v), c.show)
		}
	}
	for _, text := range []string{"", "x", "-1", "0", "1e30", "NaN", "GiB", "1 2"} {
		v := int64(7)
		if err := (&quantity{value: &v, unit: "pixels"}).Set(text); err == nil || v != 7 {
			t.Errorf("%q is %d", text, v)
		}
	}
}

func TestLayerList(t *testing.T) {
	var layers []style.LayerWeight
	l := layerList{&layers}
	if err := l.Set("relu1_1, relu2_1=0.25"); err != nil || l.String() != "relu1_1,relu2_1=0.25" {
		t.Errorf("%v is %q, %v", layers, l, err)
	}
	before := l.String()
	for _, text := range []string{"", "a,", "a=", "a=x", "a=0", "a=-1", "a=Inf", "a,a"} {
		if err := l.Set(text); err == nil || l.String() != before {
			t.Errorf("%q is taken as %s", text, l)
		}
	}
}

// What is transparent gets the colours beside it, and what is opaque keeps its own.
func TestBleed(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {1, 7}, {9, 13}, {16, 16}} {
		h, w := size[0], size[1]
		p := imageio.NewFloat(h, w)
		p.Alpha = make([]float32, h*w)
		for i := range h * w {
			left := i%w < (w+1)/2
			if left {
				p.Alpha[i] = 1
				p.RGB[3*i], p.RGB[3*i+1] = 0.75, 0.25
			} else {
				p.RGB[3*i+2] = 1 // what is hidden
			}
		}
		bleed(p)
		for i := range h * w {
			if r, g, b := p.RGB[3*i], p.RGB[3*i+1], p.RGB[3*i+2]; abs(r-0.75) > 1e-5 || abs(g-0.25) > 1e-5 || abs(b) > 1e-5 {
				t.Errorf("%dx%d: pixel %d is %v %v %v", w, h, i, r, g, b)
				break
			}
		}
	}
}

func abs(v float32) float32 { return max(v, -v) }

func TestSameShape(t *testing.T) {
	for _, c := range []struct {
		h, w, otherH, otherW int
		want                 bool
	}{
		{48, 64, 480, 640, true}, {480, 640, 48, 64, true}, {48, 64, 48, 64, true}, {333, 500, 2000, 3000, true},
		{48, 64, 64, 48, false}, {48, 64, 480, 700, false}, {1, 1, 100, 100, true}, {100, 50, 100, 54, false},
	} {
		if got := sameShape(c.h, c.w, c.otherH, c.otherW); got != c.want {
			t.Errorf("%v: %v", c, got)
		}
	}
}
