package imageio

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"os"

	"golang.org/x/image/bmp"
)

// DefaultMaxPixels is the largest picture that is read without being asked for: 134 megapixels.
const DefaultMaxPixels = 1 << 27

// Options say how to read a picture. The zero value is for photos.
type Options struct {
	// Channels of the result. 1: grey, by ITU-R 601's luma. 3: RGB. 4: RGB and alpha, not premultiplied. 0 means 3.
	// With 1 and 3, what is transparent is blended onto white.
	Channels int
	// MaxPixels is the largest height times width that is accepted; 0 means DefaultMaxPixels.
	MaxPixels int
}

// Check says what is wrong with the options.
func (o Options) Check() error {
	switch o.Channels {
	case 0, 1, 3, 4:
	default:
		return fmt.Errorf("imageio: Channels is %d, want 1, 3 or 4, or 0, which means 3", o.Channels)
	}
	if o.MaxPixels < 0 {
		return fmt.Errorf("imageio: MaxPixels is %d, want 0 (which means %d) or more", o.MaxPixels, DefaultMaxPixels)
	}
	return nil
}

// TooLargeError is a picture of more pixels than Options.MaxPixels.
type TooLargeError struct {
	H, W, MaxPixels int
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("is %d pixels high and %d wide, more than the limit of %d pixels", e.H, e.W, e.MaxPixels)
}

// ErrFormat is data that is no picture of a known format.
var ErrFormat = errors.New("is no PNG, JPEG, TIFF, WebP, GIF or BMP picture")

// format is a file format: how its files begin, its decoder, and where its EXIF data is.
type format struct {
	name   string
	magic  []string // '?' is any byte
	config func([]byte) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
	exif   func([]byte) []byte // the EXIF data in a file, nil where there is none
	video  bool                // luma is 16..235
}

var formats = []format{
	{"PNG", []string{"\x89PNG\r\n\x1a\n"}, with(png.DecodeConfig), png.Decode, exifOfPNG, false},
	{"JPEG", []string{"\xff\xd8\xff"}, configOfJPEG, jpeg.Decode, exifOfJPEG, false},
	{"TIFF", []string{"II*\x00", "MM\x00*"}, configOfTIFF, decodeTIFF, exifOfTIFF, false},
	{"WebP", []string{"RIFF????WEBP"}, configOfWebP, decodeWebP, exifOfWebP, true},
	{"GIF", []string{"GIF87a", "GIF89a"}, with(gif.DecodeConfig), gif.Decode, noEXIF, false},
	{"BMP", []string{"BM"}, with(bmp.DecodeConfig), bmp.Decode, noEXIF, false},
}

// with makes a function that reads of one that is given bytes.
func with(config func(io.Reader) (image.Config, error)) func([]byte) (image.Config, error) {
	return func(file []byte) (image.Config, error) { return config(bytes.NewReader(file)) }
}

// MaxFile is the most bytes that a picture's file may have: 1 GiB.
const MaxFile = 1 << 30

// ReadFile is the content of a picture's file, which has to be a regular one of at most MaxFile bytes: a pipe could make it
// wait forever, and a device need not end. Errors name the file.
func ReadFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, fmt.Errorf("%s is a folder", path)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no regular file: save what it gives as a file first", path)
	case info.Size() > MaxFile:
		return nil, fmt.Errorf("%s has %d bytes, more than the limit of %d for a picture", path, info.Size(), MaxFile)
	}
	return os.ReadFile(path)
}

// Read reads a picture from a file, as [ReadFile] does. Errors name the file.
func Read(path string, o Options) (Picture, error) {
	data, err := ReadFile(path)
	if err != nil {
		return Picture{}, fmt.Errorf("imageio: %w", err)
	}
	p, err := Decode(data, o)
	if err != nil {
		return Picture{}, fmt.Errorf("imageio: %s: %w", path, err)
	}
	return p, nil
}

// Decode reads a picture from the bytes of a file, whose format it finds from how they begin. 16 bits become 8 by
// rounding. Of animations and files with several pages the first picture is read. Colour profiles and gamma are ignored,
// as PIL and torchvision do.
func Decode(data []byte, o Options) (Picture, error) {
	if err := o.Check(); err != nil {
		return Picture{}, err
	}
	s, err := open(data, cmp.Or(o.MaxPixels, DefaultMaxPixels))
	if err != nil {
		return Picture{}, err
	}
	m, err := s.image()
	if err != nil {
		return Picture{}, err
	}
	p, err := convert(m, s.screen.Height, s.screen.Width, cmp.Or(o.Channels, 3), s.video)
	if err != nil {
		return Picture{}, fmt.Errorf("%s: %w", s.name, err)
	}
	return upright(p, s.orientation), nil
}

func formatOf(data []byte) *format {
	for i := range formats {
		for _, magic := range formats[i].magic {
			if begins(data, magic) {
				return &formats[i]
			}
		}
	}
	return nil
}

func begins(data []byte, magic string) bool {
	if len(data) < len(magic) {
		return false
	}
	for i := range len(magic) {
		if magic[i] != '?' && magic[i] != data[i] {
			return false
		}
	}
	return true
}

func checkSize(h, w, limit int) error {
	if h <= 0 || w <= 0 {
		return fmt.Errorf("is %d pixels high and %d wide: it has no pixels", h, w)
	}
	if h > limit/w {
		return &TooLargeError{h, w, limit}
	}
	return nil
}
