package imageio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// smooth is a picture as photos are, with c channels.
func smooth(h, w, c int) Picture {
	p := New(h, w, c)
	for y := range h {
		for x := range w {
			v := [4]int{x * 255 / max(w-1, 1), y * 255 / max(h-1, 1), (x + y) * 255 / (w + h), 255 - x*200/w}
			for k := range c {
				p.Pix[(y*w+x)*c+k] = uint8(v[k])
			}
		}
	}
	return p
}

func nrgba(p Picture) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, p.W, p.H))
	for i := range p.H * p.W {
		pixel := p.Pix[i*p.C : (i+1)*p.C]
		switch p.C {
		case 1:
			copy(m.Pix[4*i:], []uint8{pixel[0], pixel[0], pixel[0], 255})
		case 3:
			copy(m.Pix[4*i:], []uint8{pixel[0], pixel[1], pixel[2], 255})
		case 4:
			copy(m.Pix[4*i:], pixel)
		}
	}
	return m
}

func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func encodePNG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Formats without loss give back what was written.
func TestLosslessFormats(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {1, 7}, {9, 1}, {13, 17}} {
		p := smooth(size[0], size[1], 3)
		m := nrgba(p)
		var b, f bytes.Buffer
		if err := errors.Join(bmp.Encode(&b, m), tiff.Encode(&f, m, &tiff.Options{Compression: tiff.Deflate, Predictor: true})); err != nil {
			t.Fatal(err)
		}
		for name, file := range map[string][]byte{"PNG": encodePNG(t, m), "BMP": b.Bytes(), "TIFF": f.Bytes()} {
			got, err := Decode(file, Options{})
			if err != nil {
				t.Errorf("%s %v: %v", name, size, err)
			} else if d, _ := difference(t, got, p); d != 0 {
				t.Errorf("%s %v: differs by %d", name, size, d)
			}
		}
	}
}

// Files that libwebp wrote, of the colours (30x, 50y, 9xy) and, in the lossy one, an alpha of 100 from column 6 on. The
// numbers are libwebp's own.
func TestWebP(t *testing.T) {
	for _, c := range []struct {
		file    string
		want    [3][4]int // at row 0, column 0; row 3, column 4; row 5, column 8
		largest int
	}{
		{"testdata/lossless.webp", [3][4]int{{0, 0, 0, 255}, {120, 150, 108, 255}, {240, 250, 104, 255}}, 0},
		{"testdata/lossy.webp", [3][4]int{{0, 9, 0, 255}, {121, 149, 103, 255}, {248, 246, 107, 100}}, 2},
	} {
		p := must[Picture](t)(Read(c.file, Options{Channels: 4}))
		if p.Size() != "6x9x4" {
			t.Fatalf("%s is %s", c.file, p.Size())
		}
		for i, at := range [3][2]int{{0, 0}, {3, 4}, {5, 8}} {
			pixel := p.Row(at[0])[4*at[1]:][:4]
			for k, want := range c.want[i] {
				if d := int(pixel[k]) - want; d > c.largest || -d > c.largest {
					t.Errorf("%s, row %d, column %d is %v, want %v", c.file, at[0], at[1], pixel, c.want[i])
				}
			}
		}
	}
}

func TestSixteenBitsAreRounded(t *testing.T) {
	m := image.NewGray16(image.Rect(0, 0, 256, 256))
	for i := range 65536 {
		m.SetGray16(i%256, i/256, color.Gray16{Y: uint16(i)})
	}
	p := must[Picture](t)(Decode(encodePNG(t, m), Options{Channels: 1}))
	for i, v := range p.Pix {
		if want := uint8((float64(i) / 65535 * 255) + 0.5); v != want {
			t.Fatalf("%d of 65535 is %d, want %d", i, v, want)
		}
	}
	wide := image.NewNRGBA64(image.Rect(0, 0, 1, 1))
	wide.SetNRGBA64(0, 0, color.NRGBA64{R: 65535, G: 257 * 10, B: 257*10 + 129, A: 257 * 100})
	p = must[Picture](t)(Decode(encodePNG(t, wide), Options{Channels: 4}))
	if want := []uint8{255, 10, 11, 100}; !bytes.Equal(p.Pix, want) {
		t.Errorf("a pixel of 16 bits and alpha is %v, want %v", p.Pix, want)
	}
}

func TestAlphaIsBlendedOntoWhite(t *testing.T) {
	p := Picture{H: 1, W: 3, C: 4, Pix: []uint8{10, 20, 30, 0, 0, 100, 200, 128, 1, 2, 3, 255}}
	file := encodePNG(t, nrgba(p))
	for c, want := range map[int][]uint8{
		4: {0, 0, 0, 0, 0, 100, 200, 128, 1, 2, 3, 255},
		3: {255, 255, 255, 127, 177, 227, 1, 2, 3},
		1: {255, 168, 2},
	} {
		got := must[Picture](t)(Decode(file, Options{Channels: c}))
		if c == 4 {
			copy(got.Pix[:4], want[:4]) // the colour of what is transparent says nothing
		}
		if !bytes.Equal(got.Pix, want) {
			t.Errorf("%d channels: %v, want %v", c, got.Pix, want)
		}
	}
}

// The first frame of a GIF stands where the file says on its screen.
func TestGIFFrameOnItsScreen(t *testing.T) {
	palette := color.Palette{color.NRGBA{}, color.NRGBA{R: 200, A: 255}}
	frame := image.NewPaletted(image.Rect(1, 1, 3, 2), palette)
	frame.Pix = []uint8{1, 0}
	later := image.NewPaletted(image.Rect(0, 0, 4, 3), palette)
	for i := range later.Pix {
		later.Pix[i] = 1
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, &gif.GIF{Image: []*image.Paletted{frame, later}, Delay: []int{1, 1},
		Config: image.Config{Width: 4, Height: 3, ColorModel: palette}}); err != nil {
		t.Fatal(err)
	}
	p := must[Picture](t)(Decode(b.Bytes(), Options{}))
	want := New(3, 4, 3)
	for i := range want.Pix {
		want.Pix[i] = 255
	}
	copy(want.Row(1)[3:], []uint8{200, 0, 0})
	if p.Size() != want.Size() || !bytes.Equal(p.Pix, want.Pix) {
		t.Errorf("picture is %s %v, want %v", p.Size(), p.Pix, want.Pix)
	}
}

// exif is EXIF data with an orientation.
func exif(order binary.AppendByteOrder, orientation uint16) []byte {
	b := []byte("II*\x00")
	if order == binary.BigEndian {
		b = []byte("MM\x00*")
	}
	b = order.AppendUint32(b, 8)
	b = order.AppendUint16(b, 2)
	b = append(order.AppendUint32(order.AppendUint16(order.AppendUint16(b, 0x0100), 3), 1), 9, 9, 9, 9) // a width
	b = order.AppendUint32(order.AppendUint16(order.AppendUint16(b, 0x0112), 3), 1)
	b = order.AppendUint16(b, orientation)
	return append(b, 0, 0, 0, 0, 0, 0)
}

func withEXIF(format string, file, exif []byte) []byte {
	switch format {
	case "PNG":
		body := append([]byte("eXIf"), exif...)
		chunk := binary.BigEndian.AppendUint32(nil, uint32(len(exif)))
		chunk = binary.BigEndian.AppendUint32(append(chunk, body...), crc32.ChecksumIEEE(body))
		const header = 8 + 25 // signature and IHDR
		return append(append(bytes.Clone(file[:header]), chunk...), file[header:]...)
	default: // JPEG
		segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(2+6+len(exif)))
		segment = append(append(segment, "Exif\x00\x00"...), exif...)
		return append(append([]byte{0xff, 0xd8}, segment...), file[2:]...)
	}
}

// The eight orientations of the EXIF standard, of a picture whose pixels are told by their places.
func TestOrientation(t *testing.T) {
	// abc        Rows of the upright picture as the standard describes what is stored:
	// def
	stored := map[uint16]string{1: "abc/def", 2: "cba/fed", 3: "fed/cba", 4: "def/abc", 5: "ad/be/cf", 6: "cf/be/ad", 7: "fc/eb/da", 8: "da/eb/fc"}
	for o, rows := range stored {
		lines := strings.Split(rows, "/")
		m := image.NewGray(image.Rect(0, 0, len(lines[0]), len(lines)))
		copy(m.Pix, strings.Join(lines, ""))
		for _, order := range []binary.AppendByteOrder{binary.BigEndian, binary.LittleEndian} {
			p := must[Picture](t)(Decode(withEXIF("PNG", encodePNG(t, m), exif(order, o)), Options{Channels: 1}))
			if p.H != 2 || p.W != 3 || string(p.Pix) != "abcdef" {
				t.Errorf("orientation %d, %v: picture is %s %q, want 2x3x1 %q", o, order, p.Size(), p.Pix, "abcdef")
			}
		}
	}
}

func TestDamagedEXIFIsIgnored(t *testing.T) {
	file := encodePNG(t, nrgba(smooth(2, 3, 3)))
	whole := exif(binary.LittleEndian, 6)
	for n := range len(whole) {
		if p := must[Picture](t)(Decode(withEXIF("PNG", file, whole[:n]), Options{})); n < 32 && p.W != 3 {
			t.Errorf("%d of %d bytes of EXIF data: picture is %s", n, len(whole), p.Size())
		}
	}
	far := bytes.Clone(whole)
	binary.LittleEndian.PutUint32(far[4:], 0xfffffff0)
	for _, data := range [][]byte{far, exif(binary.LittleEndian, 0), exif(binary.LittleEndian, 9)} {
		if p := must[Picture](t)(Decode(withEXIF("PNG", file, data), Options{})); p.W != 3 {
			t.Errorf("EXIF data % x: picture is %s", data, p.Size())
		}
	}
}

// header is a PNG of h by w pixels that ends after its header.
func header(h, w uint32) []byte {
	body := binary.BigEndian.AppendUint32(append([]byte("IHDR"), 0, 0, 0, 0), h)
	binary.BigEndian.PutUint32(body[4:], w)
	body = append(body, 8, 2, 0, 0, 0)
	file := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), body...)
	return binary.BigEndian.AppendUint32(file, crc32.ChecksumIEEE(body))
}

func TestDecodeRefuses(t *testing.T) {
	whole := encodePNG(t, nrgba(smooth(20, 30, 3)))
	for _, c := range []struct {
		name string
		file []byte
		o    Options
		want string
	}{
		{"empty", nil, Options{}, "no PNG, JPEG"},
		{"text", []byte("name,label\n"), Options{}, "no PNG, JPEG"},
		{"truncated", whole[:len(whole)/2], Options{}, "PNG: "},
		{"bomb", header(20000, 30000), Options{}, "PNG: is 20000 pixels high and 30000 wide, more than the limit of 134217728"},
		{"no pixels", header(0, 5), Options{}, "PNG: "},
		{"over the limit", whole, Options{MaxPixels: 599}, "is 20 pixels high and 30 wide, more than the limit of 599"},
		{"channels", whole, Options{Channels: 2}, "Channels is 2"},
		{"limit", whole, Options{MaxPixels: -1}, "MaxPixels is -1"},
	} {
		if _, err := Decode(c.file, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want %q", c.name, err, c.want)
		}
	}
	if _, err := Decode(whole, Options{MaxPixels: 600}); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	var large *TooLargeError
	if _, err := Decode(whole, Options{MaxPixels: 1}); !errors.As(err, &large) || large.H != 20 {
		t.Errorf("error is %v, want a TooLargeError", err)
	}
	if _, err := Decode([]byte("GIF"), Options{}); !errors.Is(err, ErrFormat) {
		t.Errorf("error is %v, want ErrFormat", err)
	}
}

func TestReadNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "broken.png")
	if _, err := Read(path, Options{}); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("no file: %v", err)
	}
	if err := os.WriteFile(path, []byte("\x89PNG\r\n\x1a\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(path, Options{}); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("broken file: %v", err)
	}
}

// Files that no picture can be in are refused before they are read.
func TestReadRefusesFiles(t *testing.T) {
	dir := t.TempDir()
	large := filepath.Join(dir, "large.png")
	if err := os.WriteFile(large, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(large, MaxFile+1); err != nil { // of holes: it takes no room on the disk
		t.Skip(err)
	}
	for path, want := range map[string]string{dir: "is a folder", large: "has 1073741825 bytes, more than the limit of 1073741824", "/dev/null": "is no regular file"} {
		if path == "/dev/null" {
			if _, err := os.Stat(path); err != nil {
				continue
			}
		}
		_, read := Read(path, Options{})
		_, probe := Probe(path)
		_, _, float := ReadFloat(path, FloatOptions{})
		_, metadata := ReadMetadata(path)
		for _, err := range []error{read, probe, float, metadata} {
			if err == nil || !strings.Contains(err.Error(), "imageio: "+path+" "+want) {
				t.Errorf("error is %v, want %q", err, want)
			}
		}
	}
}

// JPEG and WebP, photos and edges of colour, all subsamplings, even and odd sizes, decode to what PIL shows.
func TestDecodeIsPIL(t *testing.T) {
	reference := startPIL(t)
	type test struct {
		name, mode, format string
		args               map[string]any
		largest            int // allowed difference. The transforms of decoders may round differently
	}
	tests := []test{
		{"PNG", "RGB", "PNG", nil, 0}, {"PNG alpha", "RGBA", "PNG", nil, 0}, {"PNG grey", "L", "PNG", nil, 0},
		{"TIFF", "RGB", "TIFF", nil, 0}, {"TIFF LZW", "RGB", "TIFF", map[string]any{"compression": "tiff_lzw"}, 0},
		{"TIFF grey", "L", "TIFF", nil, 0}, {"BMP", "RGB", "BMP", nil, 0}, {"GIF", "L", "GIF", nil, 0},
		{"JPEG grey", "L", "JPEG", nil, 2}, {"JPEG CMYK", "CMYK", "JPEG", map[string]any{"quality": 95}, 3},
		{"JPEG progressive", "RGB", "JPEG", map[string]any{"progressive": true}, 4},
		{"WebP lossless", "RGB", "WEBP", map[string]any{"lossless": true}, 0},
		{"WebP alpha", "RGBA", "WEBP", map[string]any{"lossless": true, "exact": true}, 0},
		{"WebP", "RGB", "WEBP", map[string]any{"quality": 80}, 3},
		{"WebP lossy alpha", "RGBA", "WEBP", map[string]any{"quality": 80}, 3},
	}
	for s := range 3 {
		tests = append(tests, test{fmt.Sprintf("JPEG subsampling %d", s), "RGB", "JPEG", map[string]any{"quality": 90, "subsampling": s}, 4})
	}
	for _, c := range tests {
		worst, sum, n := 0, 0.0, 0.0
		for _, size := range [][2]int{{64, 48}, {33, 17}, {1, 1}, {2, 5}, {7, 3}, {16, 31}} {
			channels := map[string]int{"L": 1, "RGB": 3, "RGBA": 4, "CMYK": 4}[c.mode]
			for _, m := range []Picture{smooth(size[0], size[1], channels), blocks(size[0], size[1], channels)} {
				file := reference.encode(m, c.mode, c.format, c.args)
				as := channels
				if c.mode == "CMYK" {
					as = 3
				}
				got, err := Decode(file, Options{Channels: as})
				if err != nil {
					t.Errorf("%s %v: %v", c.name, size, err)
					continue
				}
				largest, mean := difference(t, got, reference.decode(file, as))
				worst, sum, n = max(worst, largest), sum+mean, n+1
			}
		}
		if worst > c.largest || sum/n > 0.35 {
			t.Errorf("%s differs from PIL by %d, on average by %.3f, want at most %d and 0.35", c.name, worst, sum/n, c.largest)
		}
		t.Logf("%s: largest difference %d, mean %.3f", c.name, worst, sum/n)
	}
}

// blocks is a picture of strong colours with edges.
func blocks(h, w, c int) Picture {
	p := New(h, w, c)
	for y := range h {
		for x := range w {
			for k := range c {
				p.Pix[(y*w+x)*c+k] = uint8((x/5*67 + y/4*131 + k*90) % 256)
			}
		}
	}
	return p
}

// Orientation as PIL applies it, from the containers that have EXIF data.
func TestOrientationIsPIL(t *testing.T) {
	reference := startPIL(t)
	m := smooth(24, 40, 3)
	for _, format := range []string{"JPEG", "PNG", "WEBP", "TIFF"} {
		for o := range uint16(9) {
			args := map[string]any{}
			switch format {
			case "WEBP":
				args["lossless"] = true
			case "JPEG":
				args["quality"] = 95
			}
			var file []byte
			switch format {
			case "TIFF":
				file = reference.encode(m, "RGB", format, map[string]any{"tiffinfo": map[string]any{"274": o}})
			case "WEBP":
				file = webpWithEXIF(reference.encode(m, "RGB", format, args), exif(binary.BigEndian, o), m)
			default:
				file = withEXIF(format, reference.encode(m, "RGB", format, args), exif(binary.BigEndian, o))
			}
			got, err := Decode(file, Options{})
			if err != nil {
				t.Fatalf("%s, orientation %d: %v", format, o, err)
			}
			if d, _ := difference(t, got, reference.decode(file, 3)); d > 4 {
				t.Errorf("%s, orientation %d: differs from PIL by %d", format, o, d)
			}
		}
	}
}

// webpWithEXIF puts the picture of a simple file into an extended one.
func webpWithEXIF(file, exif []byte, m Picture) []byte {
	const hasEXIF = 8
	w, h := m.W-1, m.H-1
	body := append([]byte("WEBPVP8X\x0a\x00\x00\x00"), hasEXIF, 0, 0, 0, byte(w), byte(w>>8), byte(w>>16), byte(h), byte(h>>8), byte(h>>16))
	body = append(body, file[12:]...)
	body = binary.LittleEndian.AppendUint32(append(body, "EXIF"...), uint32(len(exif)))
	body = append(body, exif...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

// The size that is checked before a JPEG is decoded is the one that it has, in files with fill bytes and things out of
// order too.
func TestSizeOfJPEG(t *testing.T) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, nrgba(smooth(70, 300, 3)), nil); err != nil {
		t.Fatal(err)
	}
	plain := b.Bytes()
	insert := func(what string) []byte { return append([]byte("\xff\xd8"+what), plain[2:]...) }
	for name, file := range map[string][]byte{
		"plain": plain, "fill bytes": insert("\xff\xff"), "comment": insert("\xff\xfe\x00\x05abc"),
		"stray bytes": insert("\xff\xfe\x00\x02\x00\x01"), "restart marker": insert("\xff\xd0"),
		"frame in a comment": insert("\xff\xfe\x00\x0b\xff\xc0\x00\x11\x08\xff\xff\xff\xff"),
	} {
		c, err := configOfJPEG(file)
		want, wrong := jpeg.DecodeConfig(bytes.NewReader(file))
		if err != nil || wrong != nil || c.Width != want.Width || c.Height != want.Height || c.Width != 300 {
			t.Errorf("%s: size is %dx%d, %v; the decoder says %dx%d, %v", name, c.Height, c.Width, err, want.Height, want.Width, wrong)
		}
		if _, err := Decode(file, Options{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := configOfJPEG(plain[:40]); err == nil {
		t.Error("a file that ends before its size")
	}
	// A frame of 65535 by 65535 is refused before it is decoded.
	large := bytes.Clone(plain)
	at := bytes.Index(large, []byte{0xff, 0xc0})
	copy(large[at+5:], "\xff\xff\xff\xff")
	var e *TooLargeError
	if _, err := Decode(large, Options{}); !errors.As(err, &e) {
		t.Errorf("a JPEG bomb: %v", err)
	}
}

// Nothing that begins like a picture may panic, or give a picture that does not pass Check.
func FuzzDecode(f *testing.F) {
	m := nrgba(smooth(5, 6, 4))
	var b, g, j, tf bytes.Buffer
	if err := errors.Join(bmp.Encode(&b, m), gif.Encode(&g, m, nil), jpeg.Encode(&j, m, nil), tiff.Encode(&tf, m, nil)); err != nil {
		f.Fatal(err)
	}
	for _, name := range []string{"testdata/lossless.webp", "testdata/lossy.webp"} {
		f.Add(must[[]byte](f)(os.ReadFile(name)), 4)
	}
	for _, file := range [][]byte{encodePNG(f, m), b.Bytes(), g.Bytes(), j.Bytes(), tf.Bytes(),
		withEXIF("JPEG", j.Bytes(), exif(binary.BigEndian, 6)), header(3, 4), []byte("RIFF\x00\x00\x00\x00WEBPVP8X")} {
		f.Add(file, 3)
	}
	f.Fuzz(func(t *testing.T, file []byte, c int) {
		p, err := Decode(file, Options{Channels: c, MaxPixels: 1 << 16})
		if err != nil {
			return
		}
		if err := p.Check(); err != nil {
			t.Error(err)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	for _, size := range []int{32, 256} {
		r := rand.New(rand.NewPCG(1, 1))
		p := smooth(size, size, 3)
		for i, v := range p.Pix {
			p.Pix[i] = uint8(min(int(v)+r.IntN(20), 255))
		}
		var file bytes.Buffer
		if err := jpeg.Encode(&file, nrgba(p), &jpeg.Options{Quality: 90}); err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("JPEG/size=%d", size), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Decode(file.Bytes(), Options{}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
		})
	}
}
