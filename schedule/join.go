package schedule

import (
	"fmt"
	"math"
)

// Join is schedules one after the other, each over a fraction of the steps. Parts begin where phases of the same
// fractions would: at the first step that is not before the sum of the fractions up to them. In a stretch of few steps a
// part may get none.
type Join struct {
	Parts []Part `json:"parts"`
}

// Part is a schedule over a fraction of the steps.
type Part struct {
	Fraction float64 `json:"fraction"` // above 0; those of a join sum to 1
	Schedule Spec    `json:"schedule"`
}

// At is the value at step k of n.
func (s Join) At(k, n int) float64 {
	if len(s.Parts) == 0 {
		return 0
	}
	if n <= 0 {
		return s.Parts[0].Schedule.At(0, 0)
	}
	k = max(0, min(k, n))
	last := len(s.Parts) - 1
	sum, begin := 0.0, 0
	for _, part := range s.Parts[:last] {
		sum += part.Fraction
		end := boundary(sum * float64(n))
		if k < end {
			return part.Schedule.At(k-begin, end-begin)
		}
		begin = end
	}
	steps := max(1, n-begin) // a last part without steps still has an end, which is that of the join
	return s.Parts[last].Schedule.At(k-n+steps, steps)
}

// sumTolerance is how far from 1 fractions may sum: three times 1/3, or 0.3 + 0.6 + 0.1, are not 1 in floating point.
const sumTolerance = 1e-9

// Check refuses no parts, fractions that are not above zero or do not sum to 1, and what the parts' own checks refuse.
func (s Join) Check() error {
	c := checker{kind: "join"}
	c.require(len(s.Parts) > 0, "parts are missing")
	sum := 0.0
	for i, part := range s.Parts {
		c.require(part.Fraction > 0, "fraction of part %d is %v, want a number above 0", i, part.Fraction)
		c.nested(fmt.Sprintf("part %d", i), part.Schedule)
		sum += part.Fraction
	}
	if len(c.wrong) == 0 {
		c.require(math.Abs(sum-1) <= sumTolerance, "the fractions sum to %v, want 1", sum)
	}
	return c.err()
}

// Warmup goes in a straight line to the first value of another schedule, and then runs that over the steps that remain.
// A stretch that is shorter than Steps ends in the middle of the line.
type Warmup struct {
	From     float64 `json:"from"`     // the value at step 0
	Factor   float64 `json:"factor"`   // or: the value at step 0 is this times the other schedule's first, at most 1
	Steps    int     `json:"steps"`    // how long the line is
	Fraction float64 `json:"fraction"` // or: how long it is as a fraction of all steps, at most 1
	Then     Spec    `json:"then"`
}

// At is the value at step k of n.
func (s Warmup) At(k, n int) float64 {
	k, n = max(0, min(k, n)), max(0, n)
	w := s.Steps
	if s.Fraction > 0 {
		w = min(boundary(s.Fraction*float64(n)), n)
	}
	if k >= w && n >= w {
		return s.Then.At(k-w, n-w)
	}
	first := s.Then.At(0, max(0, n-w))
	start := s.From
	if s.Factor != 0 {
		start = s.Factor * first
	}
	return linear(start, first, float64(k), float64(w))
}

// Check refuses a line without length or with two, a start given twice, and what the other schedule's check refuses.
func (s Warmup) Check() error {
	c := checker{kind: "warmup"}
	c.number("from", s.From)
	c.require(s.Factor >= 0 && s.Factor <= 1, "factor is %v, want a number from 0 to 1", s.Factor)
	c.require(s.From == 0 || s.Factor == 0, "from is %v and factor is %v, want one of them", s.From, s.Factor)
	c.require(s.Steps >= 0 && s.Steps <= maxSteps, "steps is %d, want a number from 1 to %d", s.Steps, maxSteps)
	c.require(s.Fraction >= 0 && s.Fraction <= 1, "fraction is %v, want a fraction between 0 and 1", s.Fraction)
	c.require((s.Steps == 0) != (s.Fraction == 0), "steps is %d and fraction is %v, want one of them", s.Steps, s.Fraction)
	c.nested("then", s.Then)
	return c.err()
}
