package imageio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// sameAsPicture checks that a file gives the same picture by Decode and by DecodeFloat.
func sameAsPicture(t *testing.T, name string, file []byte) Float {
	t.Helper()
	p, info, err := DecodeFloat(file, FloatOptions{})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	want := must[Picture](t)(Decode(file, Options{Channels: 4}))
	if info.H != want.H || info.W != want.W || p.H != want.H || p.W != want.W {
		t.Fatalf("%s: picture is %s and its header says %dx%d, want %s", name, p.Size(), info.H, info.W, want.Size())
	}
	for i := range p.H * p.W {
		alpha := float32(1)
		if p.Alpha != nil {
			alpha = p.Alpha[i]
		}
		for k, v := range []float32{p.RGB[3*i], p.RGB[3*i+1], p.RGB[3*i+2], alpha} {
			if math.Abs(float64(255*v)-float64(want.Pix[4*i+k])) > 0.51 && (k == 3 || alpha > 0.02) {
				t.Fatalf("%s: pixel %d, channel %d is %g of 255, want %d", name, i, k, 255*v, want.Pix[4*i+k])
			}
		}
	}
	return p
}

// Every format and orientation gives the picture that Decode gives.
func TestFloatsArePictures(t *testing.T) {
	m := smooth(30, 21, 4)
	opaque := nrgba(smooth(30, 21, 3))
	var b, g, j, tf, pre bytes.Buffer
	associated := image.NewRGBA64(opaque.Bounds())
	for i := range 30 * 21 {
		pixel := nrgba(m).NRGBAAt(i%21, i/21)
		associated.Set(i%21, i/21, pixel)
	}
	if err := errors.Join(bmp.Encode(&b, opaque), gif.Encode(&g, opaque, nil), jpeg.Encode(&j, opaque, nil),
		tiff.Encode(&tf, nrgba(m), nil), tiff.Encode(&pre, associated, nil)); err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string][]byte{"PNG": encodePNG(t, nrgba(m)), "BMP": b.Bytes(), "GIF": g.Bytes(), "JPEG": j.Bytes(), "TIFF": tf.Bytes(),
		"TIFF associated": pre.Bytes(), "WebP": must[[]byte](t)(os.ReadFile("testdata/lossless.webp")), "WebP lossy": must[[]byte](t)(os.ReadFile("testdata/lossy.webp"))} {
		p := sameAsPicture(t, name, file)
		if hasAlpha := name == "PNG" || strings.HasPrefix(name, "TIFF") || name == "WebP lossy"; hasAlpha != (p.Alpha != nil) {
			t.Errorf("%s: alpha is there: %v", name, p.Alpha != nil)
		}
	}
	for o := range uint16(9) {
		sameAsPicture(t, fmt.Sprintf("orientation %d", o), withEXIF("PNG", encodePNG(t, nrgba(m)), exif(binary.BigEndian, o)))
	}
}

// All 65536 values of 16 bits come in, of grey and of colours with alpha.
func TestSixteenBitsAreKept(t *testing.T) {
	grey := image.NewGray16(image.Rect(0, 0, 256, 256))
	colours := image.NewNRGBA64(grey.Rect)
	for i := range 65536 {
		grey.SetGray16(i%256, i/256, color.Gray16{Y: uint16(i)})
		colours.SetNRGBA64(i%256, i/256, color.NRGBA64{R: uint16(i), G: ^uint16(i), B: uint16(i * 77), A: uint16(i * 31)})
	}
	var greyTIFF, coloursTIFF bytes.Buffer
	if err := errors.Join(tiff.Encode(&greyTIFF, grey, nil), tiff.Encode(&coloursTIFF, colours, nil)); err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string][]byte{"PNG": encodePNG(t, grey), "TIFF": greyTIFF.Bytes()} {
		p, info, err := DecodeFloat(file, FloatOptions{})
		if err != nil || info.Bits != 16 || p.Alpha != nil {
			t.Fatalf("%s: %+v, %v", name, info, err)
		}
		for i := range 65536 {
			for k := range 3 {
				if p.RGB[3*i+k] != float32(i)/65535 {
					t.Fatalf("%s: %d is %g", name, i, p.RGB[3*i+k])
				}
			}
		}
	}
	for name, file := range map[string][]byte{"PNG": encodePNG(t, colours), "TIFF": coloursTIFF.Bytes()} {
		p, info, err := DecodeFloat(file, FloatOptions{})
		if err != nil || info.Bits != 16 {
			t.Fatalf("%s: %+v, %v", name, info, err)
		}
		for i := range 65536 {
			want := [4]uint16{uint16(i), ^uint16(i), uint16(i * 77), uint16(i * 31)}
			if got := [4]float32{p.RGB[3*i], p.RGB[3*i+1], p.RGB[3*i+2], p.Alpha[i]}; got != [4]float32{from16(want[0]), from16(want[1]), from16(want[2]), from16(want[3])} {
				t.Fatalf("%s: pixel %d is %v of 65535, want %v", name, i, got, want)
			}
		}
	}
}

func TestFloatOf(t *testing.T) {
	for c, want := range map[int][]float32{1: {51. / 255, 51. / 255, 51. / 255}, 3: {51. / 255, 1, 0}, 4: {51. / 255, 1, 0}} {
		p := must[Float](t)(FloatOf(Picture{H: 1, W: 1, C: c, Pix: []uint8{51, 255, 0, 102}[:c]}))
		if !slices.Equal(p.RGB, want) || (p.Alpha != nil) != (c == 4) || c == 4 && p.Alpha[0] != 0.4 {
			t.Errorf("%d channels: %v, want %v", c, p, want)
		}
	}
	if _, err := FloatOf(Picture{H: 1, W: 1, C: 2, Pix: []uint8{1, 2}}); err == nil {
		t.Error("a picture of two channels")
	}
}

// Only the part of a frame that is on the canvas stands there; the rest is transparent.
func TestAnimatedWebP(t *testing.T) {
	for _, name := range []string{"lossless", "lossy"} {
		still := must[[]byte](t)(os.ReadFile("testdata/" + name + ".webp"))
		want := must[Picture](t)(Decode(still, Options{Channels: 4})) // 6x9
		file := animated(still, want.H, want.W, 10, 15, 1, 2)
		got := must[Picture](t)(Decode(file, Options{Channels: 4}))
		if got.Size() != "10x15x4" {
			t.Fatalf("%s: picture is %s", name, got.Size())
		}
		for y := range 10 {
			for x := range 15 {
				pixel := make([]uint8, 4)
				if y >= 2 && y < 8 && x >= 4 && x < 13 {
					pixel = want.Pix[((y-2)*9+x-4)*4:][:4]
				}
				if at := (y*15 + x) * 4; !bytes.Equal(got.Pix[at:at+4], pixel) {
					t.Fatalf("%s: row %d, column %d is %v, want %v", name, y, x, got.Pix[at:at+4], pixel)
				}
			}
		}
		sameAsPicture(t, name, file)
		for what, broken := range map[string][]byte{
			"off the canvas":   animated(still, want.H, want.W, 7, 15, 1, 2),
			"of another size":  animated(still, want.H-1, want.W, 10, 15, 1, 2),
			"without a frame":  animated(still, want.H, want.W, 10, 15, 1, 2)[:30],
			"a frame cut off":  animated(still, want.H, want.W, 10, 15, 1, 2)[:60],
			"no place for it ": animated(still, want.H, 1<<24, 10, 15, 1, 2),
		} {
			if p, err := Decode(broken, Options{}); err == nil {
				t.Errorf("%s, frame %s: picture is %s", name, what, p.Size())
			} else if !strings.HasPrefix(err.Error(), "WebP: ") {
				t.Errorf("%s, frame %s: error is %v", name, what, err)
			}
		}
	}
}

// animated puts the picture of a WebP file, of h by w pixels, into an animation on a canvas, at twice a row and a column.
func animated(still []byte, h, w, canvasH, canvasW, row, column int) []byte {
	put24 := func(b []byte, v int) []byte { return append(b, byte(v), byte(v>>8), byte(v>>16)) }
	riff := func(b []byte, name string, body []byte) []byte {
		b = binary.LittleEndian.AppendUint32(append(b, name...), uint32(len(body)))
		return append(append(b, body...), make([]byte, len(body)%2)...)
	}
	frame := put24(put24(put24(put24(nil, column), row), w-1), h-1)
	frame = append(frame, 1, 0, 0, 0)
	for c := range chunksOfWebP(still[12:]) {
		if c.name != "VP8X" {
			frame = riff(frame, c.name, c.body)
		}
	}
	body := riff([]byte("WEBP"), "VP8X", put24(put24([]byte{webpAnimation, 0, 0, 0}, canvasW-1), canvasH-1))
	body = riff(body, "ANMF", frame)
	return riff(nil, "RIFF", body)
}

// A picture of 20000 by 20000 is told from its header, and refused unless the limit is raised.
func TestProbe(t *testing.T) {
	folder := t.TempDir()
	write := func(name string, file []byte) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	large := write("large.png", header(20000, 20000))
	info, err := Probe(large)
	if err != nil || info.H != 20000 || info.W != 20000 || info.Format != "PNG" || info.Bits != 8 {
		t.Errorf("header says %+v, %v", info, err)
	}
	var e *TooLargeError
	if _, _, err := ReadFloat(large, FloatOptions{}); !errors.As(err, &e) || e.H != 20000 || !strings.Contains(err.Error(), large) {
		t.Errorf("error is %v, want a TooLargeError that names the file", err)
	}
	if _, _, err := ReadFloat(large, FloatOptions{MaxPixels: 20000 * 20000}); err == nil || errors.As(err, &e) {
		t.Errorf("error with a raised limit is %v, want one of the missing pixels", err)
	}
	turned := write("turned.png", withEXIF("PNG", encodePNG(t, nrgba(smooth(3, 5, 3))), exif(binary.LittleEndian, 6)))
	if info, err := Probe(turned); err != nil || info.H != 5 || info.W != 3 {
		t.Errorf("header says %+v, %v; want 5x3, upright", info, err)
	}
	for name, file := range map[string][]byte{"empty": nil, "text": []byte("hello"), "no pixels": header(0, 5), "cut": encodePNG(t, nrgba(smooth(3, 5, 3)))[:20]} {
		path := write(name, file)
		_, probed := Probe(path)
		_, _, read := ReadFloat(path, FloatOptions{})
		for _, err := range []error{probed, read} {
			if err == nil || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: error is %v, want one line that names the file", name, err)
			}
		}
	}
	whole := encodePNG(t, nrgba(smooth(50, 50, 3)))
	if _, _, err := ReadFloat(write("half.png", whole[:len(whole)/2]), FloatOptions{}); err == nil {
		t.Error("half a file")
	}
	if _, err := Probe(filepath.Join(folder, "none")); err == nil {
		t.Error("no file")
	}
	if _, _, err := ReadFloat(filepath.Join(folder, "none"), FloatOptions{}); err == nil {
		t.Error("no file")
	}
	if _, _, err := DecodeFloat(whole, FloatOptions{MaxPixels: -1}); err == nil {
		t.Error("a negative limit")
	}
}

// Colours count as much as they are opaque: white that is transparent does not brighten the black beside it.
func TestResizeFloatOfAlpha(t *testing.T) {
	p := NewFloat(8, 8)
	p.Alpha = make([]float32, 64)
	for i := range p.Alpha {
		if i%8 < 4 {
			p.Alpha[i] = 1
		} else {
			copy(p.RGB[3*i:], []float32{1, 1, 1})
		}
	}
	for f := range filters {
		got := must[Float](t)(ResizeFloat(p, 3, 3, Filter(f)))
		for i := range 9 {
			switch a := got.Alpha[i]; {
			case a < 0 || a > 1 || i%3 == 0 && a < 0.9 || i%3 == 2 && a > 0.1:
				t.Errorf("%v: alpha %d is %g", Filter(f), i, a)
			case a > 0.1 && got.RGB[3*i] > 1e-5:
				t.Errorf("%v: pixel %d is %g at alpha %g, want black", Filter(f), i, got.RGB[3*i], a)
			}
		}
	}
	if p.RGB[3*7] != 1 {
		t.Error("the picture was written to")
	}
}

func TestResizeFloat(t *testing.T) {
	p := floatNoise(20, 30, false)
	for f := range filters {
		same := must[Float](t)(ResizeFloat(p, 20, 30, Filter(f)))
		if d := furthest(t, same, p); d > 1e-6 {
			t.Errorf("%v to the same size differs by %g", Filter(f), d)
		}
		for _, v := range must[Float](t)(ResizeFloat(p, 47, 11, Filter(f))).RGB {
			if v < 0 || v > 1 {
				t.Fatalf("%v: a value is %g", Filter(f), v)
			}
		}
	}
	for want, err := range map[string]error{
		"want 1 or more": second(ResizeFloat(p, 0, 3, Bilinear)), "no filter": second(ResizeFloat(p, 3, 3, Filter(9))),
		"no pixels": second(ResizeFloat(Float{}, 3, 3, Box)), "5 numbers for 2x3x1": second(ResizePlanes(make([]float32, 5), 2, 3, 1, 4, 4, Box)),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q", err, want)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// A picture that is opaque in the end has no alpha, whatever its format.
func TestOpaqueHasNoAlpha(t *testing.T) {
	m := image.NewNRGBA(image.Rect(0, 0, 4, 4))
	for i := range m.Pix {
		m.Pix[i] = 255
	}
	var b bytes.Buffer
	if err := png.Encode(&b, opaqueLie{m}); err != nil {
		t.Fatal(err)
	}
	if p := sameAsPicture(t, "opaque", b.Bytes()); p.Alpha != nil {
		t.Error("there is alpha")
	}
}

// opaqueLie has the encoder write alpha all the same.
type opaqueLie struct{ *image.NRGBA }

func (opaqueLie) Opaque() bool { return false }

func FuzzDecodeFloat(f *testing.F) {
	still := must[[]byte](f)(os.ReadFile("testdata/lossy.webp"))
	f.Add(animated(still, 6, 9, 10, 15, 1, 2))
	f.Add(still)
	for _, encode := range encoders {
		for _, bits := range []int{8, 16} {
			var b bytes.Buffer
			if err := encode(&b, floatNoise(5, 6, true), WriteOptions{Bits: bits, Quality: 90}); err != nil {
				f.Fatal(err)
			}
			f.Add(b.Bytes())
		}
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		p, info, err := DecodeFloat(file, FloatOptions{MaxPixels: 1 << 16})
		if err != nil {
			return
		}
		if err := p.Check(); err != nil {
			t.Error(err)
		}
		for i, v := range p.RGB {
			if v < 0 || v > 1 {
				t.Fatalf("value %d is %g", i, v)
			}
		}
		if info.H != p.H || info.W != p.W {
			t.Errorf("picture is %s, header says %dx%d", p.Size(), info.H, info.W)
		}
		if probed, err := ProbeBytes(file); err != nil || probed.H != p.H {
			t.Errorf("ProbeBytes says %+v, %v", probed, err)
		}
	})
}
