package data

import (
	"errors"
	"fmt"
	"slices"

	"github.com/atelier-go/atelier/imageio"
)

// Picture is [H W C] bytes: 1 channel is grey, 3 are RGB.
type Picture = imageio.Picture

// Dataset is a list of labelled pictures. All methods may be called concurrently.
type Dataset interface {
	Len() int
	// Read gives picture i, 0 ≤ i < Len. The pixels may be shared with the dataset: do not change them.
	Read(i int) (Picture, error)
	// Label is an index into Classes.
	Label(i int) int
	// Classes are the names of the classes, in the order of their labels.
	Classes() []string
	// Name says which picture i is, for messages: a path, or a file and a position.
	Name(i int) string
}

// checker is a dataset that can tell what is wrong with it.
type checker interface{ Check() error }

// Check says what makes a dataset unusable: no pictures, no classes, a label without a class. It reads no picture.
func Check(d Dataset) error {
	if d == nil {
		return errors.New("data: there is no dataset")
	}
	if c, ok := d.(checker); ok {
		if err := c.Check(); err != nil {
			return err
		}
	}
	if d.Len() == 0 {
		return errors.New("data: the dataset is empty")
	}
	classes := len(d.Classes())
	if classes == 0 {
		return errors.New("data: the dataset has no classes")
	}
	for i := range d.Len() {
		if l := d.Label(i); l < 0 || l >= classes {
			return fmt.Errorf("data: %s has label %d, want 0 to %d", d.Name(i), l, classes-1)
		}
	}
	return nil
}

// SameClasses says how the classes of two datasets differ; nil if they have the same names in the same order. Training
// and test sets whose classes differ give labels that mean different things.
func SameClasses(x, y []string) error {
	if len(x) != len(y) {
		return fmt.Errorf("data: one dataset has %d classes and the other %d%s", len(x), len(y), odd(x, y))
	}
	for i := range x {
		if x[i] != y[i] {
			return fmt.Errorf("data: class %d is %q in one dataset and %q in the other", i, x[i], y[i])
		}
	}
	return nil
}

// odd names a class that only one of two datasets has.
func odd(x, y []string) string {
	for _, pair := range [][2][]string{{x, y}, {y, x}} {
		for _, c := range pair[0] {
			if !slices.Contains(pair[1], c) {
				return fmt.Sprintf("; only one has %q", c)
			}
		}
	}
	return ""
}
