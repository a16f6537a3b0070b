package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"

	"github.com/atelier-go/atelier/imageio"
	"github.com/atelier-go/atelier/style"
	"github.com/atelier-go/atelier/style/builtin"
)

// drawn names the pictures that are built in, on the command line and in metadata.
const (
	drawnLandscape = "built-in:landscape"
	drawnStrokes   = "built-in:strokes"
)

// input is a picture that has been read.
type input struct {
	name     string // as on the command line
	picture  style.Picture
	alpha    []float32 // [H W]; nil where the picture is opaque
	bits     int       // of a channel in the file
	hash     string    // SHA-256 of the file, in hexadecimal; of the pixels where the picture is built in
	warnings []string
}

// reader reads pictures, each once.
type reader struct {
	maxPixels int64
	drawnSide int // pixels of the pictures that are built in
	inputs    map[string]*input
	masks     map[string]*maskInput
}

func newReader(maxPixels int64, drawnSide int) *reader {
	return &reader{maxPixels, drawnSide, map[string]*input{}, map[string]*maskInput{}}
}

// forget lets go of the pictures that were read, but for one.
func (r *reader) forget(except string) {
	for name := range r.inputs {
		if name != except {
			delete(r.inputs, name)
		}
	}
	clear(r.masks)
}

// picture reads a picture to paint, or to paint like. Where it is transparent it gets the colours around.
func (r *reader) picture(name string) (*input, error) {
	if in := r.inputs[name]; in != nil {
		return in, nil
	}
	in, err := r.open(name)
	if err == nil {
		r.inputs[name] = in
	}
	return in, err
}

func (r *reader) open(name string) (*input, error) {
	switch name {
	case drawnLandscape:
		return drawnInput(name, builtin.Landscape(r.drawnSide)), nil
	case drawnStrokes:
		return drawnInput(name, builtin.Strokes(r.drawnSide)), nil
	}
	p, info, hash, err := r.read(name)
	if err != nil {
		return nil, err
	}
	in := &input{name: name, alpha: p.Alpha, bits: info.Bits, hash: hash}
	for _, w := range info.Warnings {
		in.warnings = append(in.warnings, name+" "+w)
	}
	bleed(p)
	in.picture = style.Picture{H: p.H, W: p.W, Pixels: p.RGB}
	return in, nil
}

func drawnInput(name string, p imageio.Float) *input {
	hash := sha256.New()
	for _, v := range p.RGB {
		bits := math.Float32bits(v)
		hash.Write([]byte{byte(bits), byte(bits >> 8), byte(bits >> 16), byte(bits >> 24)})
	}
	return &input{name: name, picture: style.Picture{H: p.H, W: p.W, Pixels: p.RGB}, bits: 8, hash: hex.EncodeToString(hash.Sum(nil))}
}

// bytesPerPixel is about what decoding takes: the file's pixels as they are decoded, and as floats.
const bytesPerPixel = 24

// read reads a file that must not be larger than the limit, which is seen before it is decoded.
func (r *reader) read(name string) (imageio.Float, imageio.Info, string, error) {
	file, err := imageio.ReadFile(name)
	if err != nil {
		return imageio.Float{}, imageio.Info{}, "", err
	}
	info, err := imageio.ProbeBytes(file)
	if err != nil {
		return imageio.Float{}, info, "", fmt.Errorf("%s %w", name, named(err))
	}
	if n := int64(info.H) * int64(info.W); n > r.maxPixels {
		return imageio.Float{}, info, "", fmt.Errorf("%s is %d by %d pixels, more than %s: decoding it takes about %s; allow it by --max-pixels %s",
			name, info.W, info.H, countText(r.maxPixels), bytesText(n*bytesPerPixel), countUp(n))
	}
	p, info, err := imageio.DecodeFloat(file, imageio.FloatOptions{MaxPixels: int(r.maxPixels)})
	if err != nil {
		return imageio.Float{}, info, "", fmt.Errorf("%s %w", name, named(err))
	}
	sum := sha256.Sum256(file)
	return p, info, hex.EncodeToString(sum[:]), nil
}

// named puts an error behind a file's name: those about the format are written to follow it.
func named(err error) error {
	if errors.Is(err, imageio.ErrFormat) {
		return err
	}
	if unsupported, ok := errors.AsType[*imageio.UnsupportedError](err); ok {
		return unsupported
	}
	return fmt.Errorf("cannot be read, and may be damaged or cut off: %w", err)
}

// countUp is a number in words that is not smaller.
func countUp(n int64) string {
	if n <= 1e6 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%dM", (n+1e6-1)/1e6)
}

// maskInput is a mask that has been read.
type maskInput struct {
	name string
	mask *style.Mask
	hash string // SHA-256 of the file, in hexadecimal
}

// mask reads where a style goes: white there, black elsewhere, grey in between; what is transparent is black. It must have
// the content's shape, so that it cannot lie askew, but may be larger or smaller.
func (r *reader) mask(name string, content *input) (*maskInput, error) {
	if m := r.masks[name]; m != nil {
		return m, nil
	}
	p, _, hash, err := r.read(name)
	if err != nil {
		return nil, err
	}
	if content != nil && !sameShape(p.H, p.W, content.picture.H, content.picture.W) {
		return nil, fmt.Errorf("mask %s is %d by %d pixels, which is not the shape of %s, %d by %d: cut it to the same, at any size",
			name, p.W, p.H, content.name, content.picture.W, content.picture.H)
	}
	m := &style.Mask{H: p.H, W: p.W, Values: make([]float32, p.H*p.W)}
	empty := true
	for i := range m.Values {
		v := 0.299*p.RGB[3*i] + 0.587*p.RGB[3*i+1] + 0.114*p.RGB[3*i+2]
		if p.Alpha != nil {
			v *= p.Alpha[i]
		}
		m.Values[i] = min(1, max(0, v))
		empty = empty && m.Values[i] == 0
	}
	if empty {
		return nil, fmt.Errorf("mask %s is black everywhere: its style goes where it is white", name)
	}
	r.masks[name] = &maskInput{name, m, hash}
	return r.masks[name], nil
}

// sameShape tells whether one size is the other's scaled, but for a pixel of the smaller.
func sameShape(h, w, otherH, otherW int) bool {
	if h > otherH || h == otherH && w > otherW {
		h, w, otherH, otherW = otherH, otherW, h, w
	}
	scale := float64(h) / float64(otherH)
	return math.Abs(float64(otherW)*scale-float64(w)) <= 1+scale
}
