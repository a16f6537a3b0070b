package style

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/atelier-go/atelier/imageio"
)

// Record is what a painting's file says about how it was made: everything that is needed to make it again, but the inputs
// themselves, of which it has names and hashes.
type Record struct {
	Program string  `json:"program"`
	Options Options `json:"options"` // without pictures and network
	Plan    Plan    `json:"plan"`    // as it was followed
	Network Source  `json:"network"`
	Pooling string  `json:"pooling,omitempty"`
	Content *Source `json:"content,omitempty"`
	// Styles, Masks and Init are those of Options, in order; a style without a mask has nil.
	Styles []Source  `json:"style_files,omitempty"`
	Masks  []*Source `json:"masks,omitempty"`
	Init   *Source   `json:"init,omitempty"`
	// Precision is that of convolutions and matrix products; empty means float32. Pixels depend on it.
	Precision string `json:"precision,omitempty"`
	// Machine is the processor and the instructions used: bits are equal on the same.
	Machine string  `json:"machine,omitempty"`
	Quality Quality `json:"quality"`
	Seconds float64 `json:"seconds"`
}

// Source is a file, by name and content, or something built in, by name.
type Source struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
}

// Keys of a record in a picture's metadata. RecordKey has all as JSON; the others are for readers.
const (
	RecordKey  = "atelier-style"
	seedKey    = "seed"
	networkKey = "network"
)

// Text is the record as a picture's metadata has it. What cannot be written, as of a file's name in another encoding, is
// replaced.
func (r Record) Text() (map[string]string, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("style: record: %w", err)
	}
	return map[string]string{
		RecordKey:  imageio.Printable(string(text)),
		seedKey:    fmt.Sprint(r.Options.Seed),
		networkKey: imageio.Printable(r.Network.Name + " " + r.Network.SHA256),
		"Software": imageio.Printable(r.Program),
	}, nil
}

// ErrNoRecord says that a picture's metadata do not say how it was painted.
var ErrNoRecord = errors.New("style: the picture has no record of how it was painted")

// ParseRecord reads the record from a picture's metadata. Nothing in it is trusted: sizes and numbers are checked as those
// of any options when it is painted again.
func ParseRecord(text map[string]string) (Record, error) {
	s, ok := text[RecordKey]
	if !ok {
		return Record{}, ErrNoRecord
	}
	var r Record
	if err := json.Unmarshal([]byte(s), &r); err != nil {
		return Record{}, fmt.Errorf("style: the picture's record: %w", err)
	}
	if len(r.Styles) != len(r.Options.Styles) || len(r.Masks) > len(r.Styles) {
		return Record{}, fmt.Errorf("style: the picture's record has %d styles with %d files and %d masks", len(r.Options.Styles), len(r.Styles), len(r.Masks))
	}
	files := append([]*Source{r.Content, r.Init}, r.Masks...)
	for i := range r.Styles {
		files = append(files, &r.Styles[i])
	}
	if slices.ContainsFunc(files, func(s *Source) bool { return s != nil && s.Name == "" }) {
		return Record{}, errors.New("style: the picture's record has a file without a name")
	}
	return r, nil
}

// Check compares a file that was found under a source's name.
func (s Source) Check(sha256 string) error {
	if s.SHA256 != sha256 {
		return fmt.Errorf("style: %s is not what it was: its SHA-256 is %s, of the painting %s", s.Name, sha256, s.SHA256)
	}
	return nil
}

// Again are the options to paint the picture of a record again; pictures, masks and the network are to be filled in.
func (r Record) Again() Options {
	o := r.Options
	plan := r.Plan
	o.Plan = &plan
	o.Tolerance = never
	return o
}

// never is a tolerance that ends no scale: a plan that was followed has the iterations.
const never = -1
