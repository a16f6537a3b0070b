package style

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"

	"github.com/atelier-go/atelier/safetensors"
)

// state is a painting between two iterations, as it is kept in a file: a safetensors file with the tensors of the
// optimizer, and the rest as JSON in its metadata.
type state struct {
	// Painting is a hash of what is painted: a state belongs to the same options, pictures and network.
	Painting  string             `json:"painting"`
	Plan      Plan               `json:"plan"`
	Scale     int                `json:"scale"` // from 0
	Height    int                `json:"height"`
	Width     int                `json:"width"`
	Iteration int                `json:"iteration"` // that were made of the scale
	Totals    []float64          `json:"totals"`    // losses of the scale's iterations
	Done      []int              `json:"done"`      // iterations of the scales before
	Restarted bool               `json:"restarted"`
	Seconds   float64            `json:"seconds"`
	Counts    map[string]int     `json:"counts"`
	Numbers   map[string]float64 `json:"numbers"`

	tensors map[string][]float32
}

const stateKey = "atelier.style"

// write replaces the file.
func (s *state) write(path string) error {
	text, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("style: state: %w", err)
	}
	shape := []int{s.Height, s.Width, 3}
	var all []safetensors.Tensor
	for name, values := range s.tensors {
		all = append(all, safetensors.Tensor{Name: name, DType: safetensors.F32, Shape: shape,
			Stream: func(w io.Writer) error { return writeFloats(w, values) }})
	}
	return safetensors.Save(path, all, map[string]string{stateKey: string(text)})
}

// writeFloats writes values as a file has them, without a copy of all.
func writeFloats(w io.Writer, values []float32) error {
	part := make([]byte, 0, 1<<16)
	for i, v := range values {
		part = binary.LittleEndian.AppendUint32(part, math.Float32bits(v))
		if len(part) == cap(part) || i == len(values)-1 {
			if _, err := w.Write(part); err != nil {
				return err
			}
			part = part[:0]
		}
	}
	return nil
}

// readState reads a state; nil if there is no file. Errors name it.
func readState(path string) (*state, error) {
	f, err := safetensors.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("style: state: %w", err)
	}
	s, err := decodeState(f)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("style: %s: %w", path, err)
	}
	return s, nil
}

func decodeState(f *safetensors.File) (*state, error) {
	s := &state{tensors: map[string][]float32{}}
	text, ok := f.Metadata()[stateKey]
	if !ok {
		return nil, errors.New("it is no state of a painting")
	}
	if err := json.Unmarshal([]byte(text), s); err != nil {
		return nil, err
	}
	for _, name := range f.Names() {
		t, err := f.Tensor(name)
		if err != nil {
			return nil, err
		}
		if s.tensors[name], err = t.Float32(); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// take moves tensors out of the state.
func (s *state) take(names map[string]*[]float32) error {
	for name, to := range names {
		values := s.tensors[name]
		if len(values) != s.Height*s.Width*3 {
			return fmt.Errorf("its tensor %s has %d numbers, want %d", name, len(values), s.Height*s.Width*3)
		}
		*to = values
	}
	return nil
}

// check says whether the state is one of this painting.
func (s *state) check(painting string) error {
	switch {
	case s.Painting != painting:
		return errors.New("it is the state of another painting: of other settings, pictures or another network; remove it, or name another file")
	case s.Scale < 0 || s.Scale >= len(s.Plan.Scales) || len(s.Done) != s.Scale || s.Iteration < 0 || len(s.Totals) != s.Iteration:
		return errors.New("it is damaged: its counts do not fit together")
	case s.Height != s.Plan.Scales[s.Scale].Height || s.Width != s.Plan.Scales[s.Scale].Width:
		return errors.New("it is damaged: its sizes do not fit together")
	}
	return nil
}

// removeState removes the file of a painting that is done.
func removeState(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("style: state: %w", err)
	}
	return nil
}

// painting is the hash of everything that a painting depends on, but for bounds of memory and time, which the plan has.
func (o Options) painting() (string, error) {
	hash := sha256.New()
	text, err := json.Marshal(o)
	if err != nil {
		return "", fmt.Errorf("style: %w", err)
	}
	hash.Write(text)
	fmt.Fprintf(hash, "\n%s %s\n", o.Network.Name, o.Network.Hash)
	add := func(h, w int, values []float32) {
		fmt.Fprintf(hash, "%d %d\n", h, w)
		_ = writeFloats(hash, values) // a hash takes everything
	}
	add(o.Content.H, o.Content.W, o.Content.Pixels)
	add(o.InitPicture.H, o.InitPicture.W, o.InitPicture.Pixels)
	for i, s := range o.Styles {
		fmt.Fprintln(hash, "region", o.region(i))
		add(s.Picture.H, s.Picture.W, s.Picture.Pixels)
		if s.Mask != nil {
			add(s.Mask.H, s.Mask.W, s.Mask.Values)
		}
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}
