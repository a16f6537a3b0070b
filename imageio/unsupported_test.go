package imageio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/tiff"
)

// tiffOf is a TIFF file.
func tiffOf(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := tiff.Encode(&b, image.NewGray(image.Rect(0, 0, 4, 3)), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// entriesOf are the entries of the directory at a place, and the place of the next directory's place.
func entriesOf(file []byte, at uint32) (entries []byte, link int) {
	n := int(binary.LittleEndian.Uint16(file[at:]))
	link = int(at) + 2 + 12*n
	return file[at+2 : link], link
}

// setTag changes a value in a file's first directory.
func setTag(t *testing.T, file []byte, tag uint16, value uint16) {
	t.Helper()
	entries, _ := entriesOf(file, binary.LittleEndian.Uint32(file[4:]))
	for e := range slices.Chunk(entries, 12) {
		if binary.LittleEndian.Uint16(e) == tag {
			binary.LittleEndian.PutUint16(e[8:], value)
			return
		}
	}
	t.Fatalf("there is no tag %d", tag)
}

// A picture that is not damaged, but of a kind that is not read, is said to be that.
func TestUnsupportedVariants(t *testing.T) {
	const compression, jpegInTIFF = 259, 7
	file := tiffOf(t)
	setTag(t, file, compression, jpegInTIFF)
	_, _, err := DecodeFloat(file, FloatOptions{})
	unsupported, ok := errors.AsType[*UnsupportedError](err)
	if !ok || unsupported.Format != "TIFF" || !strings.Contains(err.Error(), "save it as PNG") {
		t.Errorf("%v", err)
	}
	damaged := tiffOf(t)
	if _, _, err := DecodeFloat(damaged[:len(damaged)/2], FloatOptions{}); err == nil || errors.As(err, &unsupported) {
		t.Errorf("a damaged file: %v", err)
	}
}

// Of several pages it is said that the first is read; thumbnails are no pages, and circles end.
func TestPagesOfTIFF(t *testing.T) {
	const several = "has several pages: the first is read"
	// then is the file with a second directory: its first one again, with a type of its own, followed by next.
	then := func(subfile uint32, next func(second uint32) uint32) []byte {
		file := tiffOf(t)
		first := binary.LittleEndian.Uint32(file[4:])
		entries, link := entriesOf(file, first)
		entries = slices.Clone(entries)
		second := uint32(len(file))
		binary.LittleEndian.PutUint32(file[link:], second)
		kind := binary.LittleEndian.AppendUint16(nil, 254)
		kind = binary.LittleEndian.AppendUint16(kind, 4)
		kind = binary.LittleEndian.AppendUint32(kind, 1)
		kind = binary.LittleEndian.AppendUint32(kind, subfile)
		file = binary.LittleEndian.AppendUint16(file, uint16(len(entries)/12+1))
		file = append(append(file, kind...), entries...)
		return binary.LittleEndian.AppendUint32(file, next(second))
	}
	end := func(uint32) uint32 { return 0 }
	itself := func(second uint32) uint32 { return second }
	for _, c := range []struct {
		name string
		file []byte
		want bool
	}{
		{"one page", tiffOf(t), false},
		{"two pages", then(0, end), true},
		{"two pages, marked as such", then(2, end), true},
		{"a thumbnail", then(1, end), false},
		{"a mask", then(4, end), false},
		{"a circle of thumbnails", then(1, itself), false},
		{"a place outside", then(1, func(uint32) uint32 { return 1 << 30 }), false},
	} {
		info, err := ProbeBytes(c.file)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else if got := fmt.Sprint(info.Warnings); strings.Contains(got, several) != c.want {
			t.Errorf("%s: warnings %s", c.name, got)
		}
	}
}
