package imageio

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Metadata is what a picture file says besides pixels. It is an XMP packet in PNG, JPEG and TIFF alike, with the text
// as properties of the namespace [Namespace]; PNG has the text as iTXt chunks too, where more programs look.
type Metadata struct {
	// Text under keys such as "seed". A key is a letter and up to 78 letters, digits, '-', '_' and '.', of ASCII. A text
	// is of characters that XML allows: no control characters but tab and line ends. "Software" names the program that
	// made the picture, in the standard places too.
	Text map[string]string
	// Synthetic says that a trained model made the picture, as IPTC's digital source type trainedAlgorithmicMedia.
	Synthetic bool
}

// Namespace is the XMP namespace of the text.
const Namespace = "https://github.com/atelier-go/atelier/metadata/1.0/"

const maxKey = 79 // bytes of a PNG keyword

// Check says what is wrong with the first key or text that cannot be written, by the order of keys.
func (m Metadata) Check() error {
	for _, key := range m.keys() {
		if !isKey(key) {
			return fmt.Errorf("metadata key %q: want a letter and up to %d letters, digits, '-', '_' and '.'", key, maxKey-1)
		}
		if i := unprintable(m.Text[key]); i >= 0 {
			return fmt.Errorf("metadata %q: byte %d is of no character that can be written", key, i)
		}
	}
	return nil
}

func (m Metadata) keys() []string { return slices.Sorted(maps.Keys(m.Text)) }

func isKey(key string) bool {
	for i, c := range []byte(key) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || !(c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.')) {
			return false
		}
	}
	return len(key) >= 1 && len(key) <= maxKey
}

// Printable is a text with every character that cannot be written in Metadata, as of a file's name in another encoding,
// replaced by U+FFFD.
func Printable(text string) string {
	var b strings.Builder
	for i := unprintable(text); i >= 0; i = unprintable(text) {
		_, size := utf8.DecodeRuneInString(text[i:])
		b.WriteString(text[:i])
		b.WriteRune(utf8.RuneError)
		text = text[i+size:]
	}
	b.WriteString(text)
	return b.String()
}

// unprintable is where a text first has what is no character of XML 1.0, -1 where it has none.
func unprintable(text string) int {
	for i, r := range text {
		_, size := utf8.DecodeRuneInString(text[i:])
		broken := r == utf8.RuneError && size == 1
		control := r < ' ' && r != '\t' && r != '\n' && r != '\r'
		if broken || control || r == 0xfffe || r == 0xffff {
			return i
		}
	}
	return -1
}

// ReadMetadata reads the metadata of a PNG, JPEG or TIFF file. A file without any gives none, and so do the formats that
// are not written here. Text of other programs is read from PNG chunks, whatever its keys; from XMP, what is in Namespace.
// Errors name the file.
func ReadMetadata(path string) (Metadata, error) {
	file, err := ReadFile(path)
	if err != nil {
		return Metadata{}, fmt.Errorf("imageio: %w", err)
	}
	m, err := DecodeMetadata(file)
	if err != nil {
		return Metadata{}, fmt.Errorf("imageio: %s: %w", path, err)
	}
	return m, nil
}

// DecodeMetadata is ReadMetadata of the bytes of a file.
func DecodeMetadata(file []byte) (Metadata, error) {
	f := formatOf(file)
	if f == nil {
		return Metadata{}, ErrFormat
	}
	m := Metadata{Text: map[string]string{}}
	var err error
	switch f.name {
	case "PNG":
		err = m.readPNG(file)
	case "JPEG":
		err = m.readJPEG(file)
	case "TIFF":
		err = m.readXMP(tiffBytes(file, tagXMP))
	}
	if err != nil {
		return Metadata{}, fmt.Errorf("%s metadata: %w", f.name, err)
	}
	return m, nil
}

// readPNG reads the text chunks, and the XMP packet for what they do not say.
func (m *Metadata) readPNG(file []byte) error {
	var packet []byte
	for c := range chunksOfPNG(file) {
		keyword, text, err := textOf(c)
		switch {
		case err != nil:
			return err
		case keyword == xmpKeyword:
			packet = []byte(text)
		case keyword != "":
			m.Text[keyword] = text
		}
	}
	whole := Metadata{Text: map[string]string{}}
	if err := whole.readXMP(packet); err != nil {
		return err
	}
	m.Synthetic = whole.Synthetic
	for key, text := range whole.Text {
		if _, there := m.Text[key]; !there {
			m.Text[key] = text
		}
	}
	return nil
}

const (
	xmpMarker    = "http://ns.adobe.com/xap/1.0/\x00" // begins a JPEG's APP1 segment
	maxXMPOfJPEG = 65535 - 2 - len(xmpMarker)
)

func (m *Metadata) readJPEG(file []byte) error {
	const app1 = 0xe1
	for marker, body := range segments(file) {
		if packet, ok := bytes.CutPrefix(body, []byte(xmpMarker)); ok && marker == app1 {
			return m.readXMP(packet)
		}
	}
	return nil
}

// latin1 is text of one byte a character.
func latin1(text []byte) string {
	var b strings.Builder
	for _, c := range text {
		b.WriteRune(rune(c))
	}
	return b.String()
}
