package data

import (
	"encoding/json"
	"fmt"
	"image"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/atelier-go/atelier/imageio"
)

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

func apply(t *testing.T, tr Transform, r *rand.Rand, p Picture) Picture {
	t.Helper()
	got, err := tr.Apply(r, p)
	if err != nil {
		t.Fatalf("%+v of %s: %v", tr, p.Size(), err)
	}
	if err := got.Check(); err != nil {
		t.Fatalf("%+v of %s: %v", tr, p.Size(), err)
	}
	return got
}

// letters is a grey picture of lines of text.
func letters(rows string) Picture {
	lines := strings.Split(rows, "/")
	return Picture{H: len(lines), W: len(lines[0]), C: 1, Pix: []uint8(strings.Join(lines, ""))}
}

func text(p Picture) string {
	var rows []string
	for y := range p.H {
		rows = append(rows, string(p.Row(y)))
	}
	return strings.Join(rows, "/")
}

// No transform changes its input, all give the same for the same random numbers, and all take pictures of one pixel.
func TestEveryTransform(t *testing.T) {
	all := []Transform{RandomCrop{Pad: 4}, RandomCrop{Size: 1, Zero: true, Pad: 2}, CenterCrop{Size: 1}, Resize{Short: 7}, Flip{}, Rotate{Degrees: 180},
		ColorJitter{Brightness: 1, Contrast: 1, Saturation: 1}, Cutout{Size: 3, Fill: []int{7}}, RandomResizedCrop{Size: 9, Filter: imageio.Bicubic}}
	for _, tr := range all {
		if err := tr.Check(); err != nil {
			t.Errorf("%+v: %v", tr, err)
		}
		for _, size := range [][3]int{{1, 1, 1}, {1, 1, 3}, {1, 9, 3}, {8, 1, 1}, {12, 7, 3}} {
			p := noise(3, size[0], size[1], size[2])
			original := slices.Clone(p.Pix)
			for seed := range uint64(20) {
				a, b := apply(t, tr, newRand(seed), p), apply(t, tr, newRand(seed), p)
				if a.Size() != b.Size() || !slices.Equal(a.Pix, b.Pix) {
					t.Errorf("%+v of %s: two results for the same random numbers", tr, p.Size())
				}
				if !slices.Equal(p.Pix, original) {
					t.Fatalf("%+v changes its input", tr)
				}
				if a.C != p.C {
					t.Errorf("%+v makes %s of %s", tr, a.Size(), p.Size())
				}
			}
		}
		if _, err := tr.Apply(newRand(1), Picture{}); err == nil || !strings.Contains(err.Error(), "it has no pixels") {
			t.Errorf("%+v of nothing: %v", tr, err)
		}
	}
}

func TestTransformsRefuse(t *testing.T) {
	for want, tr := range map[string]Transform{
		"RandomCrop: Size is -1":                 RandomCrop{Size: -1},
		"Pad -2":                                 RandomCrop{Pad: -2},
		"Size is 16385":                          RandomCrop{Size: 16385},
		"Pad 16385":                              RandomCrop{Pad: 16385},
		"CenterCrop: the size is 0":              CenterCrop{},
		"CenterCrop: the size is 1000000":        CenterCrop{Size: 1000000},
		"Resize: the size is 10000000":           Resize{Short: 10000000},
		"RandomResizedCrop: the size is 9999999": RandomResizedCrop{Size: 9999999},
		"Resize: the size is 0":                  Resize{},
		"no filter 9":                            Resize{Short: 1, Filter: 9},
		"Degrees is NaN":                         Rotate{Degrees: math.NaN()},
		"Degrees is 181":                         Rotate{Degrees: 181},
		"ColorJitter: Contrast is -1":            ColorJitter{Contrast: -1},
		"Saturation is +Inf":                     ColorJitter{Saturation: math.Inf(1)},
		"Cutout: the size is 0":                  Cutout{},
		"Fill[1] is 256":                         Cutout{Size: 1, Fill: []int{0, 256, 0}},
		"RandomResizedCrop: the size is 0":       RandomResizedCrop{},
		"RandomResizedCrop: Scale is [0.5 0.2]":  RandomResizedCrop{Size: 1, Scale: [2]float64{0.5, 0.2}},
		"RandomResizedCrop: Scale is [0.5 2]":    RandomResizedCrop{Size: 1, Scale: [2]float64{0.5, 2}},
		"RandomResizedCrop: Ratio is [-1 1]":     RandomResizedCrop{Size: 1, Ratio: [2]float64{-1, 1}},
		"RandomResizedCrop: Ratio is [0.5 +Inf]": RandomResizedCrop{Size: 1, Ratio: [2]float64{0.5, math.Inf(1)}},
		"Alpha is -1":                            nil,
	} {
		var err error
		if tr == nil {
			err = Mixup{Alpha: -1}.Check()
		} else if err = tr.Check(); err != nil {
			if _, e := tr.Apply(newRand(1), noise(1, 4, 4, 3)); e == nil {
				t.Errorf("%+v: Apply goes on", tr)
			}
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q", err, want)
		}
	}
	thin := Picture{H: 1, W: 65535, C: 3, Pix: make([]uint8, 3*65535)}
	if _, err := (Resize{Short: 224}).Apply(newRand(1), thin); err == nil || !strings.Contains(err.Error(), "cannot make 224x14679840 of 1x65535x3") {
		t.Errorf("a picture that is resized to 3 billion pixels: %v", err)
	}
	if _, err := (Cutout{Size: 1, Fill: []int{1, 2, 3}}).Apply(newRand(1), noise(1, 4, 4, 1)); err == nil {
		t.Error("three colours for a grey picture")
	}
	if _, err := (ColorJitter{}).Apply(newRand(1), noise(1, 4, 4, 4)); err == nil || !strings.Contains(err.Error(), "want 1 or 3 channels") {
		t.Errorf("colours of a picture with alpha: %v", err)
	}
}

// mirrored and zero borders of "abcd/efgh/ijkl", by hand: all parts of 3 rows and 4 columns, and no others, come up.
func TestRandomCrop(t *testing.T) {
	for _, c := range []struct {
		tr     RandomCrop
		padded string
		h, w   int
	}{
		{RandomCrop{Pad: 2}, "kjijklkj/gfefghgf/cbabcdcb/gfefghgf/kjijklkj/gfefghgf/cbabcdcb", 3, 4},
		{RandomCrop{Pad: 1, Zero: true}, "000000/0abcd0/0efgh0/0ijkl0/000000", 3, 4},
		{RandomCrop{Size: 2}, "abcd/efgh/ijkl", 2, 2},
		{RandomCrop{Size: 5, Pad: 1}, "fefghg/babcdc/fefghg/jijklk/fefghg", 5, 5},
	} {
		whole := letters(c.padded)
		want := map[string]bool{}
		for y := range whole.H - c.h + 1 {
			for x := range whole.W - c.w + 1 {
				var rows []string
				for i := range c.h {
					rows = append(rows, string(whole.Row(y + i)[x:x+c.w]))
				}
				want[strings.Join(rows, "/")] = true
			}
		}
		got := map[string]int{}
		r := newRand(2)
		for range 4000 {
			got[strings.ReplaceAll(text(apply(t, c.tr, r, letters("abcd/efgh/ijkl"))), "\x00", "0")]++
		}
		for rows := range got {
			if !want[rows] {
				t.Errorf("%+v: made %s", c.tr, rows)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%+v: %d different parts, want %d", c.tr, len(got), len(want))
		}
	}
}

func TestMirror(t *testing.T) {
	for n := 1; n < 6; n++ {
		// 0 1 2 .. n-1 .. 2 1 0 1 2, one step at a time.
		at, step := 0, 1
		for i := range 40 {
			if got, back := mirror(i, n), mirror(-i, n); got != at || back != at {
				t.Fatalf("mirror(±%d, %d) is %d and %d, want %d", i, n, got, back, at)
			}
			if n > 1 {
				if at+step < 0 || at+step >= n {
					step = -step
				}
				at += step
			}
		}
	}
}

func TestCenterCropAndResize(t *testing.T) {
	if got := text(apply(t, CenterCrop{Size: 2}, newRand(1), letters("abcd/efgh/ijkl/mnop"))); got != "fg/jk" {
		t.Errorf("the middle is %s", got)
	}
	for _, c := range [][4]int{{300, 200, 384, 256}, {200, 300, 256, 384}, {7, 7, 256, 256}, {256, 300, 256, 300}, {333, 500, 256, 384}, {1, 100, 256, 25600}} {
		p := apply(t, Resize{Short: 256}, newRand(1), Picture{H: c[0], W: c[1], C: 1, Pix: make([]uint8, c[0]*c[1])})
		if p.H != c[2] || p.W != c[3] {
			t.Errorf("Resize{256} of %dx%d is %s, want %dx%d", c[0], c[1], p.Size(), c[2], c[3])
		}
	}
}

func TestFlip(t *testing.T) {
	counts := map[string]int{}
	r := newRand(4)
	for range 10000 {
		counts[text(apply(t, Flip{}, r, letters("abc/def")))]++
	}
	if len(counts) != 2 || counts["abc/def"] < 4800 || counts["cba/fed"] < 4800 {
		t.Errorf("flips: %v", counts)
	}
	colours := Picture{H: 1, W: 2, C: 3, Pix: []uint8{1, 2, 3, 4, 5, 6}}
	row := make([]uint8, 6)
	if flipRow(row, colours.Pix, 3); !slices.Equal(row, []uint8{4, 5, 6, 1, 2, 3}) {
		t.Errorf("a row of colours: %v", row)
	}
}

// Shares of the area and shapes are drawn as torchvision draws them, and every part is inside.
func TestRandomResizedCropParts(t *testing.T) {
	r := newRand(5)
	tr := RandomResizedCrop{Size: 1, Scale: [2]float64{0.2, 0.6}, Ratio: [2]float64{0.5, 2}}
	const h, w, n = 1000, 1200, 20000
	shares, shapes := make([]int, 8), make([]int, 8)
	for range n {
		part := tr.part(r, h, w)
		if part.Empty() || !part.In(image.Rect(0, 0, w, h)) {
			t.Fatalf("part %v of %dx%d", part, h, w)
		}
		share := float64(part.Dx()*part.Dy()) / (h * w)
		shape := math.Log2(float64(part.Dx()) / float64(part.Dy()))
		if share < 0.199 || share > 0.601 || shape < -1.01 || shape > 1.01 {
			t.Fatalf("part %v has a share of %.3f and a shape of 2^%.3f", part, share, shape)
		}
		shares[min(max(int((share-0.2)/0.4*8), 0), 7)]++
		shapes[min(max(int((shape+1)/2*8), 0), 7)]++
	}
	// At these settings no part is refused but for long ones: at most √(0.6·1.2e6·2) = 1200 by 600, or 600 by 1200 high.
	for k, c := range shares {
		if float64(c) < 0.8*n/8 || float64(c) > 1.1*n/8 {
			t.Errorf("share of the area, bin %d of 8: %d of %d", k, c, n)
		}
	}
	checkUniform(t, "shapes that always fit", shapes[2:6], 3)
	// Shapes that never fit fall back to the middle.
	for _, c := range []struct {
		h, w int
		want image.Rectangle
	}{{10, 1000, image.Rect(493, 0, 506, 10)}, {1000, 10, image.Rect(0, 493, 10, 506)}, {1, 1, image.Rect(0, 0, 1, 1)}} {
		if got := (RandomResizedCrop{Size: 1, Scale: [2]float64{0.99, 1}}).part(newRand(1), c.h, c.w); got != c.want {
			t.Errorf("part of %dx%d is %v, want %v", c.h, c.w, got, c.want)
		}
	}
}

// A cutout blanks a square whose middle is a pixel; at the border less than the square is there.
func TestCutout(t *testing.T) {
	r := newRand(6)
	middles := make([]int, 16)
	for range 8000 {
		p := apply(t, Cutout{Size: 1, Fill: []int{9, 8, 7}}, r, Picture{H: 4, W: 4, C: 3, Pix: make([]uint8, 48)})
		for i := range 16 {
			if slices.Equal(p.Pix[3*i:3*i+3], []uint8{9, 8, 7}) {
				middles[i]++
			}
		}
	}
	checkUniform(t, "places of a cutout", middles, 15)
	seen := map[int]int{}
	for range 2000 {
		blank := 0
		for _, v := range apply(t, Cutout{Size: 4}, r, letters("aaaaa/aaaaa/aaaaa/aaaaa/aaaaa")).Pix {
			if v == 0 {
				blank++
			}
		}
		seen[blank]++
	}
	for n := range seen {
		if n != 4 && n != 6 && n != 8 && n != 9 && n != 12 && n != 16 {
			t.Errorf("a cutout of 4x4 in 5x5 blanks %d pixels", n)
		}
	}
	if seen[16] == 0 || seen[4] == 0 {
		t.Errorf("cutouts blank %v", seen)
	}
	for range 500 {
		blank := 0
		for _, v := range apply(t, Cutout{Size: 4, Inside: true}, r, letters("aaaaa/aaaaa/aaaaa/aaaaa/aaaaa")).Pix {
			if v == 0 {
				blank++
			}
		}
		if blank != 16 {
			t.Fatalf("a cutout of 4x4 inside of 5x5 blanks %d pixels", blank)
		}
	}
	for _, v := range apply(t, Cutout{Size: 9, Inside: true}, r, letters("aa/aa")).Pix {
		if v != 0 {
			t.Error("a cutout that is larger than the picture leaves some of it")
		}
	}
}

// With every factor at 1 nothing changes; the factors cover their range; all orders come up.
func TestColorJitter(t *testing.T) {
	p := noise(1, 5, 6, 3)
	if got := apply(t, ColorJitter{}, newRand(1), p); !slices.Equal(got.Pix, p.Pix) {
		t.Error("without settings the colours change")
	}
	flat := Picture{H: 1, W: 1, C: 1, Pix: []uint8{100}}
	low, high, r := 255, 0, newRand(2)
	for range 5000 {
		v := int(apply(t, ColorJitter{Brightness: 0.4}, r, flat).Pix[0])
		low, high = min(low, v), max(high, v)
	}
	if low != 60 || high != 139 {
		t.Errorf("brightness 0.4 makes %d to %d of 100, want 60 to 139", low, high)
	}
	if low = int(apply(t, ColorJitter{Brightness: 50}, newRand(3), flat).Pix[0]); low != 255 {
		t.Errorf("a factor far above 1 makes %d of 100", low)
	}
}

func TestRotateCorners(t *testing.T) {
	p := letters("abc/def/ghi")
	dst := Picture{H: 3, W: 3, C: 1, Pix: make([]uint8, 9)}
	for degrees, want := range map[float64]string{0: "abc/def/ghi", 90: "cfi/beh/adg", 180: "ihg/fed/cba", -90: "gda/heb/ifc"} {
		sin, cos := math.Sincos(degrees * math.Pi / 180)
		if turn(dst, p, math.Round(sin), math.Round(cos)); text(dst) != want {
			t.Errorf("turned by %g: %s, want %s", degrees, text(dst), want)
		}
	}
	constant := Picture{H: 6, W: 9, C: 3, Pix: slices.Repeat([]uint8{200}, 162)}
	for seed := range uint64(50) {
		for _, v := range apply(t, Rotate{Degrees: 180}, newRand(seed), constant).Pix {
			if v != 200 {
				t.Fatalf("a constant picture has %d after rotation", v)
			}
		}
	}
}

// Recipes name the transforms and fill them by their JSON names.
func TestKinds(t *testing.T) {
	if want := []string{"center_crop", "color_jitter", "cutout", "flip", "random_crop", "random_resized_crop", "resize", "rotate"}; !slices.Equal(Kinds(), want) {
		t.Errorf("kinds are %v", Kinds())
	}
	for kind, c := range map[string][2]string{
		"center_crop":         {`{"size": 3}`, "&{Size:3}"},
		"color_jitter":        {`{"brightness": 0.1, "contrast": 0.2, "saturation": 0.3}`, "&{Brightness:0.1 Contrast:0.2 Saturation:0.3}"},
		"cutout":              {`{"size": 3, "fill": [1, 2, 3]}`, "&{Size:3 Fill:[1 2 3] Inside:false}"},
		"flip":                {`{"alternate": true}`, "&{Alternate:true}"},
		"random_crop":         {`{"size": 3, "pad": 4, "zero": true}`, "&{Size:3 Pad:4 Zero:true}"},
		"random_resized_crop": {`{"size": 3, "scale": [0.1, 1], "ratio": [0.5, 2], "filter": "lanczos"}`, "&{Size:3 Scale:[0.1 1] Ratio:[0.5 2] Filter:lanczos}"},
		"resize":              {`{"short": 3, "filter": "bicubic"}`, "&{Short:3 Filter:bicubic}"},
		"rotate":              {`{"degrees": 2}`, "&{Degrees:2}"},
	} {
		tr, ok := New(kind)
		if !ok {
			t.Fatalf("there is no %s", kind)
		}
		if err := json.Unmarshal([]byte(c[0]), tr); err != nil || fmt.Sprintf("%+v", tr) != c[1] {
			t.Errorf("%s %s is %+v, %v, want %s", kind, c[0], tr, err, c[1])
		}
		if _, err := tr.Apply(newRand(1), noise(1, 9, 9, 3)); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
	if _, ok := New("blur"); ok {
		t.Error("there is a blur")
	}
	for _, c := range []struct {
		text string
		want fmt.Stringer
	}{{`"by_file"`, ByFile}, {`"skip"`, Skip}} {
		var err error
		switch want := c.want.(type) {
		case Layout:
			var l Layout
			if err = json.Unmarshal([]byte(c.text), &l); l != want {
				t.Errorf("%s is %v", c.text, l)
			}
			err = fmt.Errorf("%v, %w", err, l.UnmarshalText([]byte("by_fyle")))
		case Corrupt:
			var k Corrupt
			if err = json.Unmarshal([]byte(c.text), &k); k != want {
				t.Errorf("%s is %v", c.text, k)
			}
			err = fmt.Errorf("%v, %w", err, k.UnmarshalText([]byte("skipp")))
		}
		if !strings.Contains(err.Error(), "there is no") {
			t.Errorf("%s: %v", c.text, err)
		}
	}
}
