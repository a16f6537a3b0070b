package imageio

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/atelier-go/atelier/atomicfile"
)

// DefaultQuality is of JPEG files.
const DefaultQuality = 95

// WriteOptions say how to write a picture. The zero value is 8 bits and quality 95.
type WriteOptions struct {
	// Bits of a channel: 8 or 16. 0 means 8. JPEG has 8.
	Bits int
	// Quality of JPEG, 1 to 100, on libjpeg's scale; 0 means DefaultQuality. The other formats have no loss.
	Quality int
	// Metadata goes into the file as text, for ReadMetadata.
	Metadata Metadata
}

// FormatError is a file name with no extension of a format that pictures are written in.
type FormatError struct {
	Extension string // with its dot; "" where the name has none
}

func (e *FormatError) Error() string {
	if e.Extension == "" {
		return "has no extension; want .png, .jpg, .jpeg, .tif or .tiff"
	}
	return fmt.Sprintf("has extension %s; want .png, .jpg, .jpeg, .tif or .tiff", e.Extension)
}

// encoder writes a picture that has been checked.
type encoder func(w io.Writer, p Float, o WriteOptions) error

var encoders = map[string]encoder{
	".png": encodePNGFile, ".jpg": encodeJPEG, ".jpeg": encodeJPEG, ".tif": encodeTIFF, ".tiff": encodeTIFF,
}

func encoderOf(path string) (encoder, error) {
	extension := strings.ToLower(filepath.Ext(path))
	e := encoders[extension]
	if e == nil {
		return nil, &FormatError{extension}
	}
	return e, nil
}

// CheckWrite says, before there is a picture, what will be wrong with writing one to path: an extension of no format, 16
// bits in a JPEG, metadata that does not fit.
func CheckWrite(path string, o WriteOptions) error {
	if _, err := checkWrite(path, o); err != nil {
		return fmt.Errorf("imageio: %s: %w", path, err)
	}
	return nil
}

func checkWrite(path string, o WriteOptions) (encoder, error) {
	e, err := encoderOf(path)
	if err != nil {
		return nil, err
	}
	isJPEG := strings.EqualFold(filepath.Ext(path), ".jpg") || strings.EqualFold(filepath.Ext(path), ".jpeg")
	switch {
	case o.Bits != 0 && o.Bits != 8 && o.Bits != 16:
		return nil, fmt.Errorf("option Bits is %d, want 8 or 16, or 0, which means 8", o.Bits)
	case isJPEG && o.Bits == 16:
		return nil, errors.New("JPEG has 8 bits; PNG and TIFF have 16")
	case o.Quality < 0 || o.Quality > 100:
		return nil, fmt.Errorf("option Quality is %d, want 1 to 100, or 0, which means %d", o.Quality, DefaultQuality)
	}
	if err := o.Metadata.Check(); err != nil {
		return nil, err
	}
	if n := len(o.Metadata.xmp()); isJPEG && n > maxXMPOfJPEG {
		return nil, fmt.Errorf("metadata takes %d bytes; JPEG has room for %d, PNG and TIFF for more", n, maxXMPOfJPEG)
	}
	return e, nil
}

// Write writes a picture to a file of the format that the path's extension names: .png, .jpg, .jpeg, .tif, .tiff. The file
// says that its colours are sRGB. It appears whole or not at all, and replaces what was there (see package atomicfile).
// Values outside of 0..1 are limited to it. JPEG, which has no alpha, gets the picture blended onto white.
func Write(path string, p Float, o WriteOptions) error {
	encode, err := checkWrite(path, o)
	if err != nil {
		return fmt.Errorf("imageio: %s: %w", path, err)
	}
	if err := p.Check(); err != nil {
		return fmt.Errorf("imageio: %s: %w", path, err)
	}
	o.Bits, o.Quality = cmp.Or(o.Bits, 8), cmp.Or(o.Quality, DefaultQuality)
	return atomicfile.Write(path, func(w io.Writer) error { return encode(w, p, o) })
}
