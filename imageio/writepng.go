package imageio

import (
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"io"
)

// encodePNGFile writes a PNG of 8 or 16 bits, with alpha where the picture has it.
func encodePNGFile(w io.Writer, p Float, o WriteOptions) error {
	const signatureAndIHDR = 8 + 25
	return png.Encode(&splice{w: w, left: signatureAndIHDR, insert: ancillary(o.Metadata)}, pngSource{p, o.Bits})
}

// ancillary are the chunks between a PNG's header and its pixels.
func ancillary(m Metadata) []byte {
	const perceptual = 0
	const gamma = 45455 // 1/2.2, in 1/100000, which the standard wants beside sRGB
	b := appendChunk(nil, "sRGB", []byte{perceptual})
	b = appendChunk(b, "gAMA", binary.BigEndian.AppendUint32(nil, gamma))
	for _, key := range m.keys() {
		b = appendChunk(b, "iTXt", internationalText(key, m.Text[key]))
	}
	if packet := m.xmp(); packet != nil {
		b = appendChunk(b, "iTXt", internationalText(xmpKeyword, string(packet)))
	}
	return b
}

// internationalText is the body of an iTXt chunk: keyword, two zeros for "not compressed", no language, no translation.
func internationalText(keyword, text string) []byte {
	return []byte(keyword + "\x00\x00\x00\x00\x00" + text)
}

func appendChunk(b []byte, name string, body []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(body)))
	start := len(b)
	b = append(append(b, name...), body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[start:]))
}

// splice inserts bytes into a stream.
type splice struct {
	w      io.Writer
	left   int // bytes before the insertion
	insert []byte
}

func (s *splice) Write(b []byte) (int, error) {
	if s.left < 0 || len(b) < s.left {
		s.left -= max(min(len(b), s.left), 0)
		return s.w.Write(b)
	}
	n, err := s.w.Write(b[:s.left])
	if err != nil {
		return n, err
	}
	s.left = -1
	if _, err := s.w.Write(s.insert); err != nil {
		return n, err
	}
	m, err := s.w.Write(b[n:])
	return n + m, err
}

// pngSource gives the encoder its pixels as it asks for them: a copy of 16 bits would take two thirds of the memory of
// the picture itself.
type pngSource struct {
	Float
	bits int
}

func (s pngSource) Bounds() image.Rectangle { return image.Rect(0, 0, s.W, s.H) }

// Opaque makes the encoder leave alpha out.
func (s pngSource) Opaque() bool { return s.Alpha == nil }

func (s pngSource) ColorModel() color.Model {
	if s.bits == 16 {
		return color.NRGBA64Model
	}
	return color.NRGBAModel
}

func (s pngSource) At(x, y int) color.Color {
	i := y*s.W + x
	rgb := s.RGB[3*i : 3*i+3]
	alpha := float32(1)
	if s.Alpha != nil {
		alpha = s.Alpha[i]
	}
	if s.bits == 16 {
		return color.NRGBA64{R: quantize(rgb[0], 65535), G: quantize(rgb[1], 65535), B: quantize(rgb[2], 65535), A: quantize(alpha, 65535)}
	}
	return color.NRGBA{R: uint8(quantize(rgb[0], 255)), G: uint8(quantize(rgb[1], 255)), B: uint8(quantize(rgb[2], 255)), A: uint8(quantize(alpha, 255))}
}
