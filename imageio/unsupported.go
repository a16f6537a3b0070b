package imageio

import (
	"errors"
	"fmt"
	"image/jpeg"
	"image/png"

	"golang.org/x/image/tiff"
)

// UnsupportedError is a picture of a known format, and nothing wrong with it, in a variant that is not read.
type UnsupportedError struct {
	Format  string // as TIFF
	Variant string // what is not read, in the decoder's words
}

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("is a kind of %s that is not read (%s): save it as PNG", e.Format, e.Variant)
}

// failed says what a decoder's error is about: the variant, or else the file.
func failed(format string, err error) error {
	if e, ok := errors.AsType[tiff.UnsupportedError](err); ok {
		return &UnsupportedError{format, string(e)}
	}
	if e, ok := errors.AsType[jpeg.UnsupportedError](err); ok {
		return &UnsupportedError{format, string(e)}
	}
	if e, ok := errors.AsType[png.UnsupportedError](err); ok {
		return &UnsupportedError{format, string(e)}
	}
	return fmt.Errorf("%s: %w", format, err)
}
