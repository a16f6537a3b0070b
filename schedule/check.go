package schedule

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// checker collects what is wrong with the settings of one kind.
type checker struct {
	kind  string
	wrong []string
}

// require notes a problem unless ok.
func (c *checker) require(ok bool, format string, args ...any) {
	if !ok {
		c.wrong = append(c.wrong, fmt.Sprintf(format, args...))
	}
}

// number requires that float32 holds v, because that is what a compiled step is given; it reports whether it does.
func (c *checker) number(field string, v float64) bool {
	ok := math.Abs(v) <= math.MaxFloat32 // false for NaN
	c.require(ok, "%s is %v, want a number that float32 holds", field, v)
	return ok
}

// positive requires a number above zero, and not so small that ratios of two such numbers overflow.
func (c *checker) positive(field string, v float64) bool {
	if !c.number(field, v) {
		return false
	}
	ok := v >= math.SmallestNonzeroFloat32
	c.require(ok, "%s is %v, want a number above 0", field, v)
	return ok
}

// fraction requires a number above lo and below hi.
func (c *checker) fraction(field string, v, lo, hi float64) {
	c.require(v > lo && v < hi, "%s is %v, want a fraction between %v and %v", field, v, lo, hi)
}

// oneOf requires one of some words, or none, which means the default.
func (c *checker) oneOf(field, v string, words ...string) {
	c.require(v == "" || slices.Contains(words, v), "%s is %q, want %s", field, v, strings.Join(words, " or "))
}

// nested notes what is wrong with a schedule inside this one.
func (c *checker) nested(field string, s Spec) {
	if err := s.Check(); err != nil {
		c.require(false, "%s: %v", field, err)
	}
}

func (c *checker) err() error {
	if len(c.wrong) == 0 {
		return nil
	}
	return errors.New(c.kind + ": " + strings.Join(c.wrong, "; "))
}
