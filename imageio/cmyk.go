package imageio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"io"

	"golang.org/x/image/tiff"
)

const (
	tagPhotometric  = 262
	tagExtraSamples = 338

	photometricRGB  = 2
	photometricCMYK = 5
	straightAlpha   = 2 // an extra sample that is alpha, colours not premultiplied
)

var errCMYK16 = errors.New("is CMYK of 16 bits; 8 bits are read")

// configOfTIFF knows CMYK too.
func configOfTIFF(file []byte) (image.Config, error) {
	disguised, isCMYK := disguiseCMYK(file)
	config, err := tiff.DecodeConfig(bytes.NewReader(disguised))
	if err == nil && isCMYK {
		if config.ColorModel == color.NRGBA64Model {
			err = errCMYK16
		}
		config.ColorModel = color.CMYKModel
	}
	return config, err
}

// decodeTIFF reads CMYK too, which x/image does not.
func decodeTIFF(r io.Reader) (image.Image, error) {
	file, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	disguised, isCMYK := disguiseCMYK(file)
	m, err := tiff.Decode(bytes.NewReader(disguised))
	if err != nil || !isCMYK {
		return m, err
	}
	inks, ok := m.(*image.NRGBA)
	if !ok {
		return nil, errCMYK16
	}
	return &image.CMYK{Pix: inks.Pix, Stride: inks.Stride, Rect: inks.Rect}, nil
}

// disguiseCMYK gives a CMYK file another directory, behind its end, which calls the four inks red, green, blue and alpha:
// they are stored alike. Other files stay as they are.
func disguiseCMYK(file []byte) (disguised []byte, isCMYK bool) {
	order, fields := tiffFields(file)
	var entries []tiffField
	for f := range fields {
		if f.tag == tagPhotometric && f.kind == tiffSHORT && order.Uint16(f.value) == photometricCMYK {
			f.value, isCMYK = fourBytes(order, photometricRGB), true
		}
		if f.tag != tagExtraSamples {
			entries = append(entries, f)
		}
	}
	if !isCMYK {
		return file, false
	}
	at := len(entries)
	for at > 0 && entries[at-1].tag > tagExtraSamples {
		at--
	}
	extra := tiffField{tagExtraSamples, tiffSHORT, 1, fourBytes(order, straightAlpha)}
	entries = append(entries[:at:at], append([]tiffField{extra}, entries[at:]...)...)

	start := len(file) + len(file)%2
	disguised = make([]byte, start+2+12*len(entries)+4)
	copy(disguised, file)
	order.PutUint32(disguised[4:], uint32(start))
	order.PutUint16(disguised[start:], uint16(len(entries)))
	for i, f := range entries {
		b := disguised[start+2+12*i:]
		order.PutUint16(b, f.tag)
		order.PutUint16(b[2:], f.kind)
		order.PutUint32(b[4:], f.count)
		copy(b[8:12], f.value)
	}
	return disguised, true
}

// fourBytes are the value of an entry of one short.
func fourBytes(order binary.ByteOrder, v uint16) []byte {
	b := make([]byte, 4)
	order.PutUint16(b, v)
	return b
}
