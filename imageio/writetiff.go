package imageio

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// stripBytes is about how much of a TIFF is compressed at a time, so that readers need little memory.
const stripBytes = 1 << 18

// Types of TIFF entries.
const (
	tiffBYTE      = 1
	tiffASCII     = 2
	tiffSHORT     = 3
	tiffLONG      = 4
	tiffRATIONAL  = 5
	tiffUNDEFINED = 7
)

// Tags of TIFF entries that are read too.
const (
	tagXMP = 700
	tagICC = 34675
)

// encodeTIFF writes strips compressed by Deflate after horizontal prediction, RGB of 8 or 16 bits, with alpha that is not
// premultiplied where the picture has it. (x/image's encoder writes one strip and no metadata.)
func encodeTIFF(w io.Writer, p Float, o WriteOptions) error {
	strips, rows, err := compressStrips(p, o.Bits)
	if err != nil {
		return err
	}
	const header = 8
	at := header
	var offsets, counts []byte
	for _, s := range strips {
		offsets = binary.LittleEndian.AppendUint32(offsets, uint32(at))
		counts = binary.LittleEndian.AppendUint32(counts, uint32(len(s)))
		at += len(s)
	}
	at += at % 2
	directory := tiffDirectory(p, o, rows, offsets, counts, at)
	if int64(at+len(directory)) > math.MaxUint32 {
		return fmt.Errorf("the picture takes %d bytes, and a TIFF has at most 4 GiB", at+len(directory))
	}
	out := binary.LittleEndian.AppendUint32([]byte("II*\x00"), uint32(at))
	for _, part := range append([][]byte{out}, strips...) {
		if _, err := w.Write(part); err != nil {
			return err
		}
		at -= len(part)
	}
	_, err = w.Write(append(make([]byte, at), directory...)) // the directory begins at an even place
	return err
}

// compressStrips returns the strips, and the rows that each but the last has.
func compressStrips(p Float, bits int) (strips [][]byte, rows int, err error) {
	row := make([]byte, p.W*channels(p)*bits/8)
	rows = min(max(stripBytes/len(row), 1), p.H)
	for y := 0; y < p.H; {
		var b bytes.Buffer
		z := zlib.NewWriter(&b)
		for range min(rows, p.H-y) {
			tiffRow(row, p, y, bits)
			if _, err := z.Write(row); err != nil {
				return nil, 0, err
			}
			y++
		}
		if err := z.Close(); err != nil {
			return nil, 0, err
		}
		strips = append(strips, b.Bytes())
	}
	return strips, rows, nil
}

func channels(p Float) int {
	if p.Alpha != nil {
		return 4
	}
	return 3
}

// tiffRow is row y as differences from the pixel to the left.
func tiffRow(dst []byte, p Float, y, bits int) {
	top := float64(uint(1)<<bits - 1)
	var left [4]uint16
	for x := range p.W {
		i := y*p.W + x
		for k := range channels(p) {
			v := uint16(0)
			if k < 3 {
				v = quantize(p.RGB[3*i+k], top)
			} else {
				v = quantize(p.Alpha[i], top)
			}
			if bits == 8 {
				dst[0] = byte(v - left[k])
			} else {
				binary.LittleEndian.PutUint16(dst, v-left[k])
			}
			dst, left[k] = dst[bits/8:], v
		}
	}
}

// tiffEntry is an entry of the directory; its values in little-endian order.
type tiffEntry struct {
	tag, kind uint16
	values    []byte
}

var tiffSizes = map[uint16]int{tiffBYTE: 1, tiffASCII: 1, tiffSHORT: 2, tiffLONG: 4, tiffRATIONAL: 8, tiffUNDEFINED: 1}

func shorts(values ...int) (b []byte) {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint16(b, uint16(v))
	}
	return b
}

func long(v int) []byte { return binary.LittleEndian.AppendUint32(nil, uint32(v)) }

// tiffDirectory is the directory that stands at place at of the file, and after it the values that do not fit into it.
func tiffDirectory(p Float, o WriteOptions, rows int, offsets, counts []byte, at int) []byte {
	const deflate, horizontal, inch = 8, 2, 2
	bits := []int{o.Bits, o.Bits, o.Bits, o.Bits}[:channels(p)]
	dpi := append(long(72), long(1)...)
	entries := []tiffEntry{
		{256, tiffLONG, long(p.W)}, {257, tiffLONG, long(p.H)}, {258, tiffSHORT, shorts(bits...)},
		{259, tiffSHORT, shorts(deflate)}, {tagPhotometric, tiffSHORT, shorts(photometricRGB)}, {273, tiffLONG, offsets},
		{277, tiffSHORT, shorts(len(bits))}, {278, tiffLONG, long(rows)}, {279, tiffLONG, counts},
		{282, tiffRATIONAL, dpi}, {283, tiffRATIONAL, dpi}, {296, tiffSHORT, shorts(inch)},
	}
	if software := o.Metadata.Text["Software"]; software != "" {
		entries = append(entries, tiffEntry{305, tiffASCII, []byte(software + "\x00")})
	}
	entries = append(entries, tiffEntry{317, tiffSHORT, shorts(horizontal)})
	if p.Alpha != nil {
		entries = append(entries, tiffEntry{tagExtraSamples, tiffSHORT, shorts(straightAlpha)})
	}
	if packet := o.Metadata.xmp(); packet != nil {
		entries = append(entries, tiffEntry{tagXMP, tiffBYTE, packet})
	}
	entries = append(entries, tiffEntry{tagICC, tiffUNDEFINED, srgbProfile()})

	directory := shorts(len(entries))
	var far []byte
	end := at + 2 + 12*len(entries) + 4
	for _, e := range entries {
		directory = append(directory, shorts(int(e.tag), int(e.kind))...)
		directory = append(directory, long(len(e.values)/tiffSizes[e.kind])...)
		if len(e.values) <= 4 {
			directory = append(directory, append(e.values, 0, 0, 0, 0)[:4]...)
			continue
		}
		directory = append(directory, long(end+len(far))...)
		far = append(far, e.values...)
		far = append(far, make([]byte, len(far)%2)...)
	}
	return append(append(directory, 0, 0, 0, 0), far...) // no further directory
}
