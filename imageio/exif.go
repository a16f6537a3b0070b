package imageio

import (
	"bytes"
	"encoding/binary"
)

// orientation is the EXIF orientation, 1 to 8, in EXIF data (a TIFF structure); 1, upright, where there is none or the
// data is damaged.
func orientation(exif []byte) int {
	const tag, short = 0x0112, 3
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(exif, []byte("II*\x00")):
		order = binary.LittleEndian
	case bytes.HasPrefix(exif, []byte("MM\x00*")):
		order = binary.BigEndian
	default:
		return 1
	}
	if len(exif) < 8 {
		return 1
	}
	directory := from(exif, uint64(order.Uint32(exif[4:])))
	if len(directory) < 2 {
		return 1
	}
	entries := directory[2:]
	for range order.Uint16(directory) {
		if len(entries) < 12 {
			return 1
		}
		if order.Uint16(entries) == tag && order.Uint16(entries[2:]) == short {
			if o := int(order.Uint16(entries[8:])); o >= 1 && o <= 8 {
				return o
			}
			return 1
		}
		entries = entries[12:]
	}
	return 1
}

// from is what follows an offset, nil where that is outside.
func from(data []byte, offset uint64) []byte {
	if offset > uint64(len(data)) {
		return nil
	}
	return data[offset:]
}

func noEXIF([]byte) []byte { return nil }

// exifOfTIFF: a TIFF file is itself what EXIF data looks like.
func exifOfTIFF(file []byte) []byte { return file }

// exifOfPNG looks for an eXIf chunk: length, type, data, checksum.
func exifOfPNG(file []byte) []byte {
	for rest := from(file, 8); len(rest) >= 12; {
		length := uint64(binary.BigEndian.Uint32(rest))
		if uint64(len(rest)) < 12+length {
			return nil
		}
		if string(rest[4:8]) == "eXIf" {
			return rest[8 : 8+length]
		}
		rest = rest[12+length:]
	}
	return nil
}

// exifOfWebP looks for an EXIF chunk: type, length, data, a byte of padding where the length is odd.
func exifOfWebP(file []byte) []byte {
	for rest := from(file, 12); len(rest) >= 8; {
		length := uint64(binary.LittleEndian.Uint32(rest[4:]))
		if uint64(len(rest)) < 8+length {
			return nil
		}
		if string(rest[:4]) == "EXIF" {
			body, _ := bytes.CutPrefix(rest[8:8+length], []byte("Exif\x00\x00")) // some writers put JPEG's prefix here
			return body
		}
		rest = from(rest, 8+length+length%2)
	}
	return nil
}

// upright turns and mirrors a picture by its EXIF orientation.
func upright(p Picture, orientation int) Picture {
	if orientation == 1 {
		return p
	}
	h, w := p.H, p.W
	if orientation >= 5 {
		h, w = w, h
	}
	dst := New(h, w, p.C)
	for y := range h {
		row := dst.Row(y)
		for x := range w {
			sy, sx := source(orientation, y, x, p.H, p.W)
			copy(row[x*p.C:(x+1)*p.C], p.Pix[(sy*p.W+sx)*p.C:])
		}
	}
	return dst
}

// source is where pixel (y, x) of the upright picture is in a stored one of h by w pixels.
func source(orientation, y, x, h, w int) (sy, sx int) {
	switch orientation {
	case 2: // mirrored
		return y, w - 1 - x
	case 3: // upside down
		return h - 1 - y, w - 1 - x
	case 4: // mirrored upside down
		return h - 1 - y, x
	case 5: // transposed
		return x, y
	case 6: // to be turned right
		return h - 1 - x, y
	case 7: // transposed along the other diagonal
		return h - 1 - x, w - 1 - y
	default: // 8, to be turned left
		return x, w - 1 - y
	}
}
