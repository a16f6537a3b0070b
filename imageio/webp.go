package imageio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"

	"golang.org/x/image/webp"
)

// canvasOfWebP are the size and flags of an extended WebP file.
func canvasOfWebP(file []byte) (w, h int, flags byte, ok bool) {
	for c := range chunksOfWebP(from(file, 12)) {
		if c.name != "VP8X" || len(c.body) < 10 {
			return 0, 0, 0, false
		}
		return 1 + uint24(c.body[4:]), 1 + uint24(c.body[7:]), c.body[0], true
	}
	return 0, 0, 0, false
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

const webpAnimation = 0x02 // a flag of VP8X

// configOfWebP knows animations too, which x/image does not read.
func configOfWebP(file []byte) (image.Config, error) {
	if w, h, flags, ok := canvasOfWebP(file); ok && flags&webpAnimation != 0 {
		return image.Config{Width: w, Height: h}, nil
	}
	return webp.DecodeConfig(bytes.NewReader(file))
}

// decodeWebP reads a picture, or the first frame of an animation.
func decodeWebP(r io.Reader) (image.Image, error) {
	file, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	w, h, flags, ok := canvasOfWebP(file)
	if !ok || flags&webpAnimation == 0 {
		return webp.Decode(bytes.NewReader(file))
	}
	for c := range chunksOfWebP(from(file, 12)) {
		if c.name == "ANMF" {
			return decodeFrame(c.body, w, h)
		}
	}
	return nil, errors.New("is an animation without a frame")
}

// decodeFrame reads an animation's frame: its place on the canvas, in pairs of pixels, its size, 4 bytes on how long it
// stands, and chunks as in a file of one picture. The frame must be on the canvas, of w by h pixels: no other size has been
// checked.
func decodeFrame(body []byte, w, h int) (image.Image, error) {
	const header = 16
	if len(body) < header {
		return nil, io.ErrUnexpectedEOF
	}
	place := image.Pt(2*uint24(body), 2*uint24(body[3:]))
	size := image.Pt(1+uint24(body[6:]), 1+uint24(body[9:]))
	if frame := (image.Rectangle{Max: size}).Add(place); !frame.In(image.Rect(0, 0, w, h)) {
		return nil, fmt.Errorf("is %dx%d, but its first frame is %v", h, w, frame)
	}
	file := []byte("RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x10\x00\x00\x00")
	file = append(file, body[6:12]...) // the size
	if !alphaApart(body[header:]) {
		file = file[:12] // a file of the old form: RIFF, length, WEBP
	}
	for c := range chunksOfWebP(body[header:]) {
		if c.name == "ALPH" || c.name == "VP8 " || c.name == "VP8L" {
			file = binary.LittleEndian.AppendUint32(append(file, c.name...), uint32(len(c.body)))
			file = append(append(file, c.body...), make([]byte, len(c.body)%2)...)
		}
	}
	binary.LittleEndian.PutUint32(file[4:], uint32(len(file)-8))
	config, err := webp.DecodeConfig(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	if config.Width != size.X || config.Height != size.Y {
		return nil, fmt.Errorf("the first frame is %dx%d, but its pixels are %dx%d", size.Y, size.X, config.Height, config.Width)
	}
	m, err := webp.Decode(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	return moved(m, place), nil
}

// alphaApart says whether a frame has its alpha in a chunk of its own.
func alphaApart(frame []byte) bool {
	for c := range chunksOfWebP(frame) {
		if c.name == "ALPH" {
			return true
		}
	}
	return false
}

// moved is an image of the kinds that WebP has, at another place.
func moved(m image.Image, to image.Point) image.Image {
	switch m := m.(type) {
	case *image.NRGBA:
		m.Rect = m.Rect.Add(to)
	case *image.YCbCr:
		m.Rect = m.Rect.Add(to) // by even numbers, so that the chroma stays with it
	case *image.NYCbCrA:
		m.Rect = m.Rect.Add(to)
	}
	return m
}
