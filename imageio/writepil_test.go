package imageio

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"
)

// bytesOf is the picture in 8 bits: rounded, or with cut the high bytes of 16 bits, which is what PIL reads of these.
func bytesOf(p Float, cut bool) Picture {
	convert := func(v float32) uint8 {
		if cut {
			return uint8(quantize(v, 65535) >> 8)
		}
		return uint8(quantize(v, 255))
	}
	m := New(p.H, p.W, channels(p))
	for i := range p.H * p.W {
		for k := range 3 {
			m.Pix[i*m.C+k] = convert(p.RGB[3*i+k])
		}
		if m.C == 4 {
			m.Pix[4*i+3] = convert(p.Alpha[i])
		}
	}
	return m
}

// Files without loss are to PIL what was written, with their texts, profile and tags.
func TestWrittenFilesArePIL(t *testing.T) {
	reference := startPIL(t)
	for _, extension := range []string{".png", ".tif"} {
		for _, bits := range []int{8, 16} {
			for _, alpha := range []bool{false, true} {
				if extension == ".tif" && bits == 16 && alpha {
					continue // PIL reads no TIFF with this: TestRoundTrip has it
				}
				name := fmt.Sprintf("%s, %d bits, alpha %v", extension, bits, alpha)
				p := floatNoise(300, 170, alpha)
				var file bytes.Buffer
				if err := encoders[extension](&file, p, WriteOptions{Bits: bits, Metadata: notes}); err != nil {
					t.Fatal(err)
				}
				want := bytesOf(p, bits == 16)
				if d, _ := difference(t, reference.decode(file.Bytes(), want.C), want); d != 0 {
					t.Errorf("%s: PIL reads other pixels, by up to %d", name, d)
				}
				expectInfo(t, name, reference.ask(pilRequest{Op: "info", Data: file.Bytes()}), map[string]string{".png": "PNG", ".tif": "TIFF"}[extension])
			}
		}
	}
}

func expectInfo(t *testing.T, name string, info pilAnswer, format string) {
	t.Helper()
	if info.Format != format {
		t.Errorf("%s: PIL says %s", name, info.Format)
	}
	packet := string(notes.xmp())
	switch format {
	case "PNG":
		texts := maps.Clone(notes.Text)
		texts[xmpKeyword] = packet
		if !maps.Equal(info.Text, texts) {
			t.Errorf("%s: PIL reads text %q, want %q", name, info.Text, texts)
		}
	case "TIFF":
		if info.Software != notes.Text["Software"] || string(info.XMP) != packet {
			t.Errorf("%s: PIL reads software %q and XMP %q", name, info.Software, info.XMP)
		}
		fallthrough
	case "JPEG":
		if info.Profile != "sRGB" {
			t.Errorf("%s: PIL reads profile %q", name, info.Profile)
		}
	}
}

// A JPEG has the tables of libjpeg, whole chroma, and no more error and no more bytes than what PIL makes of the picture.
func TestJPEGIsPIL(t *testing.T) {
	reference := startPIL(t)
	for name, p := range map[string]Float{"photo": gradients(203, 310), "blocks": must[Float](t)(FloatOf(blocks(120, 77, 3)))} {
		for _, quality := range []int{1, 30, 50, 75, 95, 100} {
			var file bytes.Buffer
			if err := encodeJPEG(&file, p, WriteOptions{Quality: quality}); err != nil {
				t.Fatal(err)
			}
			m := bytesOf(p, false)
			peer := reference.encode(m, "RGB", "JPEG", map[string]any{"quality": quality, "subsampling": 0, "optimize": true})
			ours, theirs := reference.ask(pilRequest{Op: "info", Data: file.Bytes()}), reference.ask(pilRequest{Op: "info", Data: peer})
			if fmt.Sprint(ours.Quantization, ours.Sampling) != fmt.Sprint(theirs.Quantization, theirs.Sampling) || len(ours.Sampling) != 3 {
				t.Errorf("%s, quality %d: tables %v and sampling %v, want %v and %v", name, quality, ours.Quantization, ours.Sampling, theirs.Quantization, theirs.Sampling)
			}
			expectInfo(t, name, ours, "JPEG")
			got, want := rootMeanSquare(reference.decode(file.Bytes(), 3), p), rootMeanSquare(reference.decode(peer, 3), p)
			profile := len(srgbProfile()) + 2 + 2 + len(iccMarker) + 2
			size := file.Len() - profile
			t.Logf("%s, quality %d: error %.3f of 255 in %d bytes; PIL's %.3f in %d", name, quality, 255*got, size, 255*want, len(peer))
			if got > 1.03*want+0.01/255 || float64(size) > 1.01*float64(len(peer)) {
				t.Errorf("%s, quality %d: error %g in %d bytes, PIL's %g in %d", name, quality, got, size, want, len(peer))
			}
		}
	}
}

func rootMeanSquare(m Picture, p Float) float64 {
	sum := 0.0
	for i, v := range m.Pix {
		d := float64(v)/255 - float64(p.RGB[i])
		sum += d * d
	}
	return math.Sqrt(sum / float64(len(m.Pix)))
}

// Text that PIL writes into PNG chunks of all kinds.
func TestTextOfPIL(t *testing.T) {
	reference := startPIL(t)
	long := string(bytes.Repeat([]byte("words "), 5000))
	want := map[string]string{"Plain Title": "café", "seed": "7", "compressed": long, "international": "星 Ü", "both": long + "星"}
	file := reference.ask(pilRequest{Op: "text", Args: map[string]any{"chunks": [][]string{
		{"tEXt", "Plain Title", want["Plain Title"]}, {"tEXt", "seed", "7"}, {"zTXt", "compressed", long},
		{"iTXt", "international", want["international"]}, {"iTXt compressed", "both", want["both"]},
	}}}).Data
	m, err := DecodeMetadata(file)
	if err != nil || m.Synthetic || !maps.Equal(m.Text, want) {
		t.Errorf("metadata is %v, %v; want %v", m, err, want)
	}
}

// Resizing numbers is PIL's of its mode F.
func TestResizePlanesIsPIL(t *testing.T) {
	reference := startPIL(t)
	for _, size := range [][4]int{{20, 30, 20, 30}, {20, 30, 47, 61}, {64, 50, 13, 9}, {1, 1, 5, 7}, {31, 17, 1, 1}, {9, 40, 30, 11}} {
		h, w := size[0], size[1]
		p := floatNoise(h, w, true)
		for i := range p.Alpha {
			p.Alpha[i] = p.Alpha[i]*300 - 100
		}
		raw := make([]byte, 0, 4*h*w)
		for _, v := range p.Alpha {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
		}
		for f := range filters {
			a := reference.ask(pilRequest{Op: "resize", Mode: "F", Data: raw, Size: []int{w, h, size[3], size[2]}, Box: []int{0, 0, w, h}, Filter: Filter(f).String()})
			got := must[[]float32](t)(ResizePlanes(p.Alpha, h, w, 1, size[2], size[3], Filter(f)))
			worst := 0.0
			for i, v := range got {
				worst = max(worst, math.Abs(float64(v-math.Float32frombits(binary.LittleEndian.Uint32(a.Data[4*i:])))))
			}
			if len(a.Data) != 4*len(got) || worst > 1e-3 {
				t.Errorf("%v %v: differs from PIL by %g", size, Filter(f), worst)
			}
		}
	}
}

// profiles that are common, and a curve of each kind.
func profiles() map[string][]byte {
	srgbCurve := []float64{2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045}
	p3 := [3][3]float64{{0.51512, 0.29198, 0.15710}, {0.24120, 0.69225, 0.06657}, {-0.00105, 0.04189, 0.78407}}
	adobe := [3][3]float64{{0.60974, 0.20528, 0.14919}, {0.31111, 0.62567, 0.06322}, {0.01947, 0.06087, 0.74457}}
	table := append([]byte("curv\x00\x00\x00\x00\x00\x00\x00\x05"), 0, 0, 0x10, 0, 0x38, 0, 0x90, 0, 0xff, 0xff)
	gamma := []byte("curv\x00\x00\x00\x00\x00\x00\x00\x01\x02\x33")
	return map[string][]byte{
		"sRGB": srgbProfile(), "Display P3": writeProfile("Display P3", p3, srgbCurve),
		"Adobe RGB": writeProfile("Adobe RGB", adobe, []float64{2.19921875}),
		"table":     withCurve(writeProfile("table", srgbToD50, srgbCurve), table),
		"gamma":     withCurve(writeProfile("gamma", p3, srgbCurve), gamma),
		"identity":  withCurve(writeProfile("identity", srgbToD50, srgbCurve), []byte("curv\x00\x00\x00\x00\x00\x00\x00\x00")),
		"para 1":    withCurve(writeProfile("para 1", srgbToD50, srgbCurve), parametric(1, 2, 1.1, -0.1)),
		"para 2":    withCurve(writeProfile("para 2", srgbToD50, srgbCurve), parametric(2, 2, 1.05, -0.1, 0.05)),
		"para 4":    withCurve(writeProfile("para 4", srgbToD50, srgbCurve), parametric(4, 2.4, 0.9, 0.05, 0.3, 0.1, 0.02, 0.01)),
	}
}

func parametric(kind byte, values ...float64) []byte {
	return slices.Insert(numbers("para", values...), 8, 0, kind, 0, 0)
}

// withCurve puts a curve at the end of a profile, and points all three channels there.
func withCurve(icc, curve []byte) []byte {
	at, size := uint32(len(icc)), uint32(len(curve))
	icc = append(icc, curve...)
	icc = append(icc, make([]byte, (4-len(icc)%4)%4)...)
	for _, name := range []string{"rTRC", "gTRC", "bTRC"} {
		entry := icc[128+bytes.Index(icc[128:], []byte(name)):]
		binary.BigEndian.PutUint32(entry[4:], at)
		binary.BigEndian.PutUint32(entry[8:], size)
	}
	binary.BigEndian.PutUint32(icc, uint32(len(icc)))
	return icc
}

// Colours are converted as LittleCMS does, from all the containers that have profiles.
func TestProfilesAreLittleCMS(t *testing.T) {
	reference := startPIL(t)
	m := New(64, 64, 3)
	for i := range 64 * 64 {
		copy(m.Pix[3*i:], []uint8{uint8(i % 16 * 17), uint8(i / 16 % 16 * 17), uint8(i / 256 * 17)})
	}
	for name, icc := range profiles() {
		a := reference.ask(pilRequest{Op: "to_srgb", Mode: "RGB", Data: m.Pix, Size: []int{m.W, m.H}, Args: map[string]any{"icc": icc}})
		want := Picture{H: m.H, W: m.W, C: 3, Pix: a.Data}
		for _, format := range []string{"PNG", "TIFF", "WEBP", "JPEG"} {
			args := map[string]any{"icc_profile": icc}
			if format == "WEBP" {
				args["lossless"] = true
			}
			if format == "JPEG" {
				args["quality"], args["subsampling"] = 100, 0
			}
			p, info, err := DecodeFloat(reference.encode(m, "RGB", format, args), FloatOptions{})
			if err != nil {
				t.Fatalf("%s in %s: %v", name, format, err)
			}
			if info.Profile != fmt.Sprintf("%q", name) || len(info.Warnings) != 0 {
				t.Errorf("%s in %s: header says %+v", name, format, info)
			}
			d, mean := difference(t, bytesOf(p, false), want)
			t.Logf("%s in %s: differs by %d, on average %.4f", name, format, d, mean)
			if format != "JPEG" && (d > 2 || mean > 0.3) || mean > 1.5 {
				t.Errorf("%s in %s: differs from LittleCMS by %d, on average by %g", name, format, d, mean)
			}
		}
	}
}

// The first frames of animations are what PIL shows first.
func TestAnimationsArePIL(t *testing.T) {
	reference := startPIL(t)
	for _, format := range []string{"WEBP", "GIF", "PNG"} {
		for _, n := range []int{1, 3} {
			var frames []any
			for i := range n {
				m := blocks(20, 33, 3)
				for k := range m.Pix {
					m.Pix[k] += uint8(40 * i)
				}
				frames = append(frames, []any{"RGB", []int{33, 20}, m.Pix})
			}
			args := map[string]any{"frames": frames, "format": format}
			if format == "WEBP" {
				args["lossless"] = true
			}
			file := reference.ask(pilRequest{Op: "animation", Args: args}).Data
			p, info, err := DecodeFloat(file, FloatOptions{})
			if err != nil {
				t.Fatalf("%s of %d frames: %v", format, n, err)
			}
			if d, _ := difference(t, bytesOf(p, false), reference.decode(file, 3)); d != 0 {
				t.Errorf("%s of %d frames: differs from PIL by %d", format, n, d)
			}
			if info.Animated != (n > 1) || (len(info.Warnings) == 1) != (n > 1) {
				t.Errorf("%s of %d frames: header says %+v", format, n, info)
			}
		}
	}
}
