package imageio

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"unicode/utf8"
)

// chunk is a part of a PNG or WebP file.
type chunk struct {
	name   string // four bytes
	body   []byte
	intact bool // the checksum is right; WebP has none
}

// chunksOfPNG are the chunks of a file up to where it ends or is out of order.
func chunksOfPNG(file []byte) iter.Seq[chunk] {
	return func(yield func(chunk) bool) {
		for rest := from(file, 8); len(rest) >= 12; {
			length := uint64(binary.BigEndian.Uint32(rest))
			if uint64(len(rest)) < 12+length {
				return
			}
			sum := binary.BigEndian.Uint32(rest[8+length:])
			if !yield(chunk{string(rest[4:8]), rest[8 : 8+length], sum == crc32.ChecksumIEEE(rest[4:8+length])}) {
				return
			}
			rest = rest[12+length:]
		}
	}
}

// chunksOfWebP are the chunks of a file, or of a frame's body, up to where it ends or is out of order.
func chunksOfWebP(rest []byte) iter.Seq[chunk] {
	return func(yield func(chunk) bool) {
		for len(rest) >= 8 {
			length := uint64(binary.LittleEndian.Uint32(rest[4:]))
			if uint64(len(rest)) < 8+length || !yield(chunk{string(rest[:4]), rest[8 : 8+length], true}) {
				return
			}
			rest = from(rest, 8+length+length%2)
		}
	}
}

// maxText is how long a text may be that a file has compressed: a few bytes can say gigabytes.
const maxText = 16 << 20

var errText = errors.New("is damaged")

// textOf are the keyword and the text of a chunk; no keyword where it is none of text.
func textOf(c chunk) (keyword, text string, err error) {
	if c.name != "tEXt" && c.name != "zTXt" && c.name != "iTXt" {
		return "", "", nil
	}
	key, body, found := bytes.Cut(c.body, []byte{0})
	if !found || len(key) == 0 || !c.intact {
		return "", "", fmt.Errorf("a %s chunk %w", c.name, errText)
	}
	switch c.name {
	case "tEXt":
		return latin1(key), latin1(body), nil
	case "zTXt":
		if len(body) == 0 {
			return "", "", fmt.Errorf("a zTXt chunk %w", errText)
		}
		body, err = inflated(body[1:], body[0])
		text = latin1(body)
	case "iTXt":
		text, err = international(body)
	}
	if err != nil {
		return "", "", fmt.Errorf("%s chunk %q: %w", c.name, latin1(key), err)
	}
	return latin1(key), text, nil
}

// international reads what follows the keyword of an iTXt chunk: compressed or not, method, language, translation, text.
func international(body []byte) (string, error) {
	if len(body) < 2 {
		return "", errText
	}
	compressed, method := body[0], body[1]
	_, rest, found := bytes.Cut(body[2:], []byte{0})
	if !found {
		return "", errText
	}
	_, text, found := bytes.Cut(rest, []byte{0})
	if !found {
		return "", errText
	}
	if compressed != 0 {
		var err error
		if text, err = inflated(text, method); err != nil {
			return "", err
		}
	}
	if !utf8.Valid(text) {
		return "", errors.New("is not UTF-8")
	}
	return string(text), nil
}

func inflated(data []byte, method byte) ([]byte, error) {
	if method != 0 {
		return nil, fmt.Errorf("is compressed by method %d, want 0", method)
	}
	r, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(r, maxText+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxText {
		return nil, fmt.Errorf("is longer than %d bytes", maxText)
	}
	return text, nil
}
