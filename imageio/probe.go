package imageio

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"math"
)

// Info is what a file says about its picture before that is decoded.
type Info struct {
	Format   string // "PNG", "JPEG", "TIFF", "WebP", "GIF" or "BMP"
	H, W     int    // of the upright picture
	Bits     int    // of a channel: 8 or 16
	Animated bool   // there are more frames than the first, which is the one that is read
	// Profile describes the embedded ICC profile; "" where there is none.
	Profile string
	// Warnings are what a person should know who reads the picture: frames that are left out, colours that are taken for
	// sRGB and are not.
	Warnings []string
}

// Probe reads what a file says about its picture, without decoding it: what is too large to decode can be refused. A
// picture without pixels, or that is none, gives an error, which names the file.
func Probe(path string) (Info, error) {
	file, err := ReadFile(path)
	if err != nil {
		return Info{}, fmt.Errorf("imageio: %w", err)
	}
	info, err := ProbeBytes(file)
	if err != nil {
		return Info{}, fmt.Errorf("imageio: %s: %w", path, err)
	}
	return info, nil
}

// ProbeBytes is Probe of the bytes of a file.
func ProbeBytes(file []byte) (Info, error) {
	s, err := open(file, math.MaxInt)
	if err != nil {
		return Info{}, err
	}
	info, _ := s.info()
	return info, nil
}

// source is a file whose header has been read.
type source struct {
	*format
	file        []byte
	screen      image.Config
	orientation int
}

// open reads the header of a file, and refuses pictures of more pixels than limit.
func open(file []byte, limit int) (source, error) {
	f := formatOf(file)
	if f == nil {
		return source{}, ErrFormat
	}
	screen, err := f.config(file)
	if err == nil {
		err = checkSize(screen.Height, screen.Width, limit)
	}
	if err != nil {
		return source{}, failed(f.name, err)
	}
	return source{f, file, screen, orientation(f.exif(file))}, nil
}

// image decodes the file.
func (s source) image() (image.Image, error) {
	m, err := s.decode(bytes.NewReader(s.file))
	if err != nil {
		return nil, failed(s.name, err)
	}
	return m, nil
}

// info is what the header says, and the colour profile if it is one to convert from.
func (s source) info() (Info, *profile) {
	info := Info{Format: s.name, H: s.screen.Height, W: s.screen.Width, Bits: 8, Animated: s.animated()}
	if s.orientation >= 5 {
		info.H, info.W = info.W, info.H
	}
	switch s.screen.ColorModel {
	case color.Gray16Model, color.RGBA64Model, color.NRGBA64Model:
		info.Bits = 16
	}
	if info.Animated {
		info.Warnings = append(info.Warnings, "is animated: the first frame is read")
	}
	if pagesOfTIFF(s.file) > 1 {
		info.Warnings = append(info.Warnings, "has several pages: the first is read")
	}
	isCMYK := s.screen.ColorModel == color.CMYKModel
	if isCMYK {
		info.Warnings = append(info.Warnings, "is CMYK, which is converted without regard to a profile: colours are approximate")
	}
	icc := profileOf(s.format, s.file)
	if icc == nil {
		return info, nil
	}
	info.Profile = nameOfProfile(icc)
	profile, err := parseProfile(icc)
	if isCMYK {
		return info, nil
	}
	if err != nil {
		info.Warnings = append(info.Warnings, fmt.Sprintf("has a colour profile, %s, that %v: colours are read as if they were sRGB", info.Profile, err))
		return info, nil
	}
	if profile.isSRGB() {
		return info, nil
	}
	return info, profile
}

// animated says whether there are more frames than one.
func (s source) animated() bool {
	switch s.name {
	case "GIF":
		return framesOfGIF(s.file) > 1
	case "WebP":
		frames := 0
		for c := range chunksOfWebP(from(s.file, 12)) {
			if c.name == "ANMF" {
				frames++
			}
		}
		return frames > 1
	case "PNG":
		for c := range chunksOfPNG(s.file) {
			if c.name == "acTL" && len(c.body) >= 4 {
				return binary.BigEndian.Uint32(c.body) > 1
			}
		}
	}
	return false
}

// FloatOptions say how to read a picture to compute with. The zero value is for photos.
type FloatOptions struct {
	// MaxPixels is the largest height times width that is accepted; 0 means DefaultMaxPixels.
	MaxPixels int
}

// ReadFloat reads a picture from a file, with all the bits that it has. Alpha is nil where the picture is opaque. Colours
// of an ICC profile of the kind that cameras and screens have, such as Display P3, are converted to sRGB; what is outside
// of sRGB is limited to it. Other profiles, as of printers, are not, and Info.Warnings says so. A PNG's gamma alone is
// ignored. Errors name the file.
func ReadFloat(path string, o FloatOptions) (Float, Info, error) {
	file, err := ReadFile(path)
	if err != nil {
		return Float{}, Info{}, fmt.Errorf("imageio: %w", err)
	}
	p, info, err := DecodeFloat(file, o)
	if err != nil {
		return Float{}, Info{}, fmt.Errorf("imageio: %s: %w", path, err)
	}
	return p, info, nil
}

// DecodeFloat is ReadFloat of the bytes of a file.
func DecodeFloat(file []byte, o FloatOptions) (Float, Info, error) {
	if err := (Options{MaxPixels: o.MaxPixels}).Check(); err != nil {
		return Float{}, Info{}, err
	}
	s, err := open(file, cmp.Or(o.MaxPixels, DefaultMaxPixels))
	if err != nil {
		return Float{}, Info{}, err
	}
	m, err := s.image()
	if err != nil {
		return Float{}, Info{}, err
	}
	p, err := floats(m, s.screen.Height, s.screen.Width, s.video)
	if err != nil {
		return Float{}, Info{}, fmt.Errorf("%s: %w", s.name, err)
	}
	info, profile := s.info()
	if profile != nil {
		profile.convert(p.RGB)
	}
	return uprightFloat(p, s.orientation), info, nil
}
