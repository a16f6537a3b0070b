package imageio

import "bytes"

// orientation is the EXIF orientation, 1 to 8, in EXIF data (a TIFF structure); 1, upright, where there is none or the
// data is damaged.
func orientation(exif []byte) int {
	const tag = 0x0112
	order, fields := tiffFields(exif)
	for f := range fields {
		if f.tag == tag && f.kind == tiffSHORT {
			if o := int(order.Uint16(f.value)); o >= 1 && o <= 8 {
				return o
			}
			return 1
		}
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

// exifOfPNG looks for an eXIf chunk.
func exifOfPNG(file []byte) []byte {
	for c := range chunksOfPNG(file) {
		if c.name == "eXIf" {
			return c.body
		}
	}
	return nil
}

// exifOfWebP looks for an EXIF chunk.
func exifOfWebP(file []byte) []byte {
	for c := range chunksOfWebP(from(file, 12)) {
		if c.name == "EXIF" {
			body, _ := bytes.CutPrefix(c.body, []byte("Exif\x00\x00")) // some writers put JPEG's prefix here
			return body
		}
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
			sy, sx := stored(orientation, y, x, p.H, p.W)
			copy(row[x*p.C:(x+1)*p.C], p.Pix[(sy*p.W+sx)*p.C:])
		}
	}
	return dst
}

// stored is where pixel (y, x) of the upright picture is in a stored one of h by w pixels.
func stored(orientation, y, x, h, w int) (sy, sx int) {
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
