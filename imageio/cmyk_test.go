package imageio

import (
	"encoding/binary"
	"strings"
	"testing"
)

// CMYK is what PIL makes of it, from JPEG and from TIFF of several compressions, and the reader is told.
func TestCMYKIsPIL(t *testing.T) {
	reference := startPIL(t)
	m := blocks(40, 51, 4)
	for name, c := range map[string]struct {
		format  string
		args    map[string]any
		largest int
	}{
		"JPEG": {"JPEG", map[string]any{"quality": 95}, 3}, "TIFF": {"TIFF", nil, 0},
		"TIFF LZW": {"TIFF", map[string]any{"compression": "tiff_lzw"}, 0}, "TIFF deflate": {"TIFF", map[string]any{"compression": "tiff_adobe_deflate"}, 0},
	} {
		file := reference.encode(m, "CMYK", c.format, c.args)
		p, info, err := DecodeFloat(file, FloatOptions{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d, _ := difference(t, bytesOf(p, false), reference.decode(file, 3)); d > c.largest {
			t.Errorf("%s: differs from PIL by %d", name, d)
		}
		if len(info.Warnings) != 1 || !strings.Contains(info.Warnings[0], "CMYK") {
			t.Errorf("%s: header says %+v", name, info)
		}
	}
}

// cmykTIFF is a file of one pixel, in either byte order, with a strip of four samples.
func cmykTIFF(order binary.AppendByteOrder, bits uint16, pixel []byte, extra bool) []byte {
	b := []byte("II*\x00")
	if order == binary.BigEndian {
		b = []byte("MM\x00*")
	}
	b = order.AppendUint32(b, 24)
	b = append(b, pixel...)
	b = append(b, make([]byte, 16-len(b))...)
	for range 4 {
		b = order.AppendUint16(b, bits)
	}
	entries := [][3]uint32{{256, tiffSHORT, 1}, {257, tiffSHORT, 1}, {258, tiffSHORT, 16}, {259, tiffSHORT, 1}, {262, tiffSHORT, photometricCMYK},
		{273, tiffLONG, 8}, {277, tiffSHORT, 4}, {278, tiffSHORT, 1}, {279, tiffLONG, uint32(len(pixel))}}
	if extra {
		entries = append(entries, [3]uint32{338, tiffSHORT, 0}, [3]uint32{700, tiffBYTE, 0})
	}
	b = order.AppendUint16(b, uint16(len(entries)))
	for _, e := range entries {
		b = order.AppendUint16(order.AppendUint16(b, uint16(e[0])), uint16(e[1]))
		switch {
		case e[0] == 258:
			b = order.AppendUint32(order.AppendUint32(b, 4), e[2])
		case e[1] == tiffSHORT:
			b = order.AppendUint16(order.AppendUint16(order.AppendUint32(b, 1), uint16(e[2])), 0)
		default:
			b = order.AppendUint32(order.AppendUint32(b, 1), e[2])
		}
	}
	return append(b, 0, 0, 0, 0)
}

func TestCMYKOfTIFF(t *testing.T) {
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		for _, extra := range []bool{false, true} {
			p, err := Decode(cmykTIFF(order, 8, []byte{255, 0, 51, 0}, extra), Options{})
			if err != nil || p.Size() != "1x1x3" || string(p.Pix) != "\x00\xff\xcc" {
				t.Errorf("%v: picture is %s %v, %v; want 0 255 204", order, p.Size(), p.Pix, err)
			}
		}
		if _, err := Decode(cmykTIFF(order, 16, make([]byte, 8), false), Options{}); err == nil || !strings.Contains(err.Error(), "CMYK of 16 bits") {
			t.Errorf("16 bits: error is %v", err)
		}
	}
}
