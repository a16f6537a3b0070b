package imageio

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// floatNoise is a picture of all values, with soft alpha if asked for.
func floatNoise(h, w int, alpha bool) Float {
	r := rand.New(rand.NewPCG(uint64(h), uint64(w)))
	p := NewFloat(h, w)
	for i := range p.RGB {
		p.RGB[i] = r.Float32()
	}
	if alpha {
		p.Alpha = make([]float32, h*w)
		for i := range p.Alpha {
			p.Alpha[i] = r.Float32()
		}
		p.Alpha[0] = 0.5
	}
	return p
}

// gradients is a picture as photos are: smooth, with grain.
func gradients(h, w int) Float {
	p, err := FloatOf(smooth(h, w, 3))
	if err != nil {
		panic(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range p.RGB {
		p.RGB[i] = min(max(p.RGB[i]+0.04*r.Float32()-0.02, 0), 1)
	}
	return p
}

// furthest is the largest difference of two pictures; colour does not count where both are transparent.
func furthest(t *testing.T, got, want Float) float64 {
	t.Helper()
	if got.Size() != want.Size() || (got.Alpha == nil) != (want.Alpha == nil) {
		t.Fatalf("picture is %s, with alpha: %v; want %s, %v", got.Size(), got.Alpha != nil, want.Size(), want.Alpha != nil)
	}
	worst := 0.0
	for i, v := range got.RGB {
		if want.Alpha == nil || want.Alpha[i/3] != 0 {
			worst = max(worst, math.Abs(float64(v-want.RGB[i])))
		}
	}
	for i, v := range got.Alpha {
		worst = max(worst, math.Abs(float64(v-want.Alpha[i])))
	}
	return worst
}

var notes = Metadata{Synthetic: true, Text: map[string]string{
	"Software": "Atelier 1.0", "seed": "42", "settings": "{\"size\": 512, \"loss\": \"a<b & c>d\"}",
	"a.name-with_all": " blanks, two\nlines, \ttabs, a\rreturn, Tübingen 星 \U0001F3A8 ",
	"empty":           "",
}}

// What is written is read back: pixels to half a step of the bits, metadata as it was.
func TestRoundTrip(t *testing.T) {
	folder := t.TempDir()
	for _, c := range []struct {
		name string
		bits int
	}{{"a.png", 8}, {"a.png", 16}, {"a.tif", 8}, {"a.TIFF", 16}} {
		for _, size := range [][2]int{{1, 1}, {1, 9}, {13, 1}, {31, 45}, {300, 700}} {
			for _, alpha := range []bool{false, true} {
				path := filepath.Join(folder, c.name)
				want := floatNoise(size[0], size[1], alpha)
				if err := Write(path, want, WriteOptions{Bits: c.bits, Metadata: notes}); err != nil {
					t.Fatal(err)
				}
				got, info, err := ReadFloat(path, FloatOptions{})
				if err != nil {
					t.Fatal(err)
				}
				if d, limit := furthest(t, got, want), 0.5001/float64(uint(1)<<c.bits-1); d > limit {
					t.Errorf("%s of %d bits, %v, alpha %v: differs by %g, want at most %g", c.name, c.bits, size, alpha, d, limit)
				}
				if info.Bits != c.bits || info.H != size[0] || info.W != size[1] || len(info.Warnings) != 0 {
					t.Errorf("%s of %d bits, %v: header says %+v", c.name, c.bits, size, info)
				}
				expectMetadata(t, path, notes)
			}
		}
	}
}

func expectMetadata(t *testing.T, path string, want Metadata) {
	t.Helper()
	got, err := ReadMetadata(path)
	if err != nil {
		t.Fatal(err)
	}
	if got.Synthetic != want.Synthetic || len(got.Text) != len(want.Text) {
		t.Errorf("%s: metadata is %v, want %v", path, got, want)
	}
	for key, text := range want.Text {
		if got.Text[key] != text {
			t.Errorf("%s: %s is %q, want %q", path, key, got.Text[key], text)
		}
	}
}

// A JPEG of quality 100 is near the picture in every pixel, of strong colours too, which shows that chroma is whole.
func TestJPEGRoundTrip(t *testing.T) {
	folder := t.TempDir()
	for _, size := range [][2]int{{1, 1}, {7, 9}, {8, 8}, {17, 40}, {100, 130}} {
		for name, p := range map[string]Float{"photo": gradients(size[0], size[1]), "blocks": must[Float](t)(FloatOf(blocks(size[0], size[1], 3)))} {
			for quality, limit := range map[int]float64{100: 0.016, 0: 0.08} {
				path := filepath.Join(folder, "a.jpg")
				if err := Write(path, p, WriteOptions{Quality: quality, Metadata: notes}); err != nil {
					t.Fatal(err)
				}
				got, info, err := ReadFloat(path, FloatOptions{})
				if err != nil {
					t.Fatal(err)
				}
				if d := furthest(t, got, p); d > limit {
					t.Errorf("%s %v of quality %d: differs by %g, want at most %g", name, size, quality, d, limit)
				}
				if info.Profile != `"sRGB"` || len(info.Warnings) != 0 {
					t.Errorf("header says %+v", info)
				}
				expectMetadata(t, path, notes)
			}
		}
	}
}

// One colour, black and white, and nothing but the highest frequencies: the codes have few symbols, or large ones.
func TestJPEGExtremes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.jpg")
	for name, value := range map[string]func(y, x int) float32{
		"black": func(int, int) float32 { return 0 }, "white": func(int, int) float32 { return 1 },
		"grey":         func(int, int) float32 { return 128. / 255 },
		"checkerboard": func(y, x int) float32 { return float32((x + y) % 2) },
		"blocks":       func(y, x int) float32 { return float32((x/8 + y/8) % 2) },
		"outside":      func(y, x int) float32 { return float32((x+y)%2*4) - 1.5 },
	} {
		p := NewFloat(24, 40)
		for i := range p.RGB {
			p.RGB[i] = value(i/3/40, i/3%40)
		}
		if err := Write(path, p, WriteOptions{Quality: 100}); err != nil {
			t.Fatal(err)
		}
		got := must[Picture](t)(Read(path, Options{}))
		for i, v := range got.Pix {
			if want := int(quantize(p.RGB[i], 255)); int(v) < want-2 || int(v) > want+2 {
				t.Fatalf("%s: byte %d is %d, want %d", name, i, v, want)
			}
		}
	}
}

func TestWriteLimits(t *testing.T) {
	p := NewFloat(1, 4)
	copy(p.RGB, []float32{-3, 0.5, 7, float32(math.Inf(1)), float32(math.Inf(-1)), 1})
	path := filepath.Join(t.TempDir(), "a.png")
	if err := Write(path, p, WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := must[Picture](t)(Read(path, Options{})); !bytes.Equal(got.Pix[:6], []uint8{0, 128, 255, 255, 0, 255}) {
		t.Errorf("pixels are %v", got.Pix[:6])
	}
}

// JPEG has no alpha: what is transparent gets white, as where a picture with alpha is read as RGB.
func TestJPEGOfAlpha(t *testing.T) {
	p := NewFloat(16, 16)
	p.Alpha = make([]float32, 256)
	for i := 128; i < 256; i++ {
		p.Alpha[i] = 0.6
	}
	path := filepath.Join(t.TempDir(), "a.jpg")
	if err := Write(path, p, WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	got := must[Picture](t)(Read(path, Options{}))
	if got.Pix[0] < 253 || got.Pix[len(got.Pix)-1] < 100 || got.Pix[len(got.Pix)-1] > 104 {
		t.Errorf("transparent is %d, and black of alpha 0.6 is %d; want 255 and 102", got.Pix[0], got.Pix[len(got.Pix)-1])
	}
	if p.Alpha[0] != 0 || p.RGB[0] != 0 {
		t.Error("the picture was written to")
	}
}

func TestWriteRefuses(t *testing.T) {
	folder := t.TempDir()
	p := floatNoise(4, 5, false)
	nan := floatNoise(4, 5, true)
	nan.RGB[3*7+1] = float32(math.NaN())
	clear := floatNoise(4, 5, true)
	clear.Alpha[19] = float32(math.NaN())
	short := floatNoise(4, 5, false)
	short.H = 5
	thin := floatNoise(4, 5, true)
	thin.Alpha = thin.Alpha[1:]
	text := func(key, value string) WriteOptions {
		return WriteOptions{Metadata: Metadata{Text: map[string]string{key: value}}}
	}
	for _, c := range []struct {
		name string
		p    Float
		o    WriteOptions
		want string
	}{
		{"a.gif", p, WriteOptions{}, "has extension .gif; want .png"},
		{"a", p, WriteOptions{}, "has no extension; want .png"},
		{"a.png", p, WriteOptions{Bits: 12}, "Bits is 12"},
		{"a.jpeg", p, WriteOptions{Bits: 16}, "JPEG has 8 bits"},
		{"a.jpg", p, WriteOptions{Quality: 101}, "Quality is 101"},
		{"a.png", p, WriteOptions{Quality: -1}, "Quality is -1"},
		{"a.png", NewFloat(0, 3), WriteOptions{}, "picture is 0x3: it has no pixels"},
		{"a.png", nan, WriteOptions{}, "NaN at row 1, column 2"},
		{"a.png", clear, WriteOptions{}, "alpha is NaN at row 3, column 4"},
		{"a.png", short, WriteOptions{}, "has 60 numbers, want 75"},
		{"a.png", thin, WriteOptions{}, "Alpha has 19 numbers, want 20"},
		{"a.png", p, text("", "x"), `key ""`},
		{"a.png", p, text("1st", "x"), `key "1st"`},
		{"a.png", p, text("a b", "x"), `key "a b"`},
		{"a.png", p, text("a:b", "x"), `key "a:b"`},
		{"a.png", p, text("ä", "x"), `key "ä"`},
		{"a.png", p, text(strings.Repeat("k", 80), "x"), "a letter and up to 78"},
		{"a.png", p, text("k", "a\x00b"), "byte 1"},
		{"a.png", p, text("k", "ab\xff"), "byte 2"},
		{"a.jpg", p, text("k", strings.Repeat("<", 20000)), "JPEG has room for 65504"},
		{"a.jpg", NewFloat(1, 65536), WriteOptions{}, "at most 65535"},
		{filepath.Join("none", "a.png"), p, WriteOptions{}, "no such file"},
	} {
		path := filepath.Join(folder, c.name)
		err := Write(path, c.p, c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error is %v, want one line with %q and the file's name", c.name, err, c.want)
		}
	}
	if entries := must[[]os.DirEntry](t)(os.ReadDir(folder)); len(entries) != 0 {
		t.Errorf("the folder holds %v", entries)
	}
	var e *FormatError
	if err := CheckWrite("a.webp", WriteOptions{}); !errors.As(err, &e) || e.Extension != ".webp" {
		t.Errorf("error is %v, want a FormatError", err)
	}
	if err := CheckWrite("a.PNG", WriteOptions{Bits: 16, Metadata: notes}); err != nil {
		t.Error(err)
	}
}

// full is a disk with so many bytes left.
type full struct{ left int }

var errFull = errors.New("no space left")

func (f *full) Write(b []byte) (int, error) {
	if len(b) > f.left {
		n := f.left
		f.left = 0
		return n, errFull
	}
	f.left -= len(b)
	return len(b), nil
}

// Wherever the disk gets full, the error comes out.
func TestFullDisk(t *testing.T) {
	p := floatNoise(40, 50, true)
	for extension, encode := range encoders {
		o := WriteOptions{Bits: 8, Quality: 95, Metadata: notes}
		var whole bytes.Buffer
		if err := encode(&whole, p, o); err != nil {
			t.Fatal(err)
		}
		for left := 0; left < whole.Len(); left += 1 + left/7 {
			if err := encode(&full{left}, p, o); !errors.Is(err, errFull) {
				t.Errorf("%s, %d of %d bytes: error is %v", extension, left, whole.Len(), err)
			}
		}
		if err := encode(&full{whole.Len()}, p, o); err != nil {
			t.Errorf("%s: %v", extension, err)
		}
	}
}

// The same picture gives the same bytes.
func TestWriteIsDeterministic(t *testing.T) {
	p := floatNoise(30, 30, true)
	for extension, encode := range encoders {
		var a, b bytes.Buffer
		o := WriteOptions{Bits: 8, Quality: 95, Metadata: notes}
		if err := errors.Join(encode(&a, p, o), encode(&b, p, o)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a.Bytes(), b.Bytes()) {
			t.Errorf("%s: two writes differ", extension)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	p := gradients(512, 512)
	for _, extension := range []string{".png", ".jpg", ".tif"} {
		b.Run(extension, func(b *testing.B) {
			for b.Loop() {
				var out bytes.Buffer
				if err := encoders[extension](&out, p, WriteOptions{Bits: 8, Quality: 95}); err != nil {
					b.Fatal(err)
				}
				b.SetBytes(512 * 512 * 3)
			}
		})
	}
}
