package table

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
)

// Kind is what a column's values are.
type Kind int

const (
	// Category values are text, compared byte by byte.
	Category Kind = iota
	// Number values are numbers, missing ones empty or NaN.
	Number
)

// DefaultMaxValues is how many different values a category may have where [Column.MaxValues] is zero.
const DefaultMaxValues = 1000

// MostValues is the most that [Column.MaxValues] may be: what fits into the bits that a key has for a category.
const MostValues = 1<<16 - 1

// MaxWorkers is the most that [Spec.Workers] may be: each has memory of its own.
const MaxWorkers = 4096

const (
	exactNumbers   = 1024 // different values of a number up to which each has its own bin
	maxCuts        = 63   // fit into the bits that a number's code has for them
	maxFilters     = 32   // bits of a mask
	maxCells       = 1 << 20
	defaultComma   = ','
	maxRecordBytes = 64 << 20
)

// Column is a column to count.
type Column struct {
	// Name is the header's; NAME#2 is the second of two columns of that name.
	Name string
	Kind Kind
	// MaxValues is how many different values a category may have, zero for DefaultMaxValues. It guards against crossing
	// what identifies rows, such as names. At most MostValues.
	MaxValues int
	// Cuts are numbers at which bins of a Number begin, so that rows can be counted exactly below and from each of them
	// even where there are more different numbers than bins. At most 63.
	Cuts []float64
}

// Spec says what to count.
type Spec struct {
	Columns []Column
	// Crosses are sets of columns, as indices of Columns, whose combinations are counted; each has its own Cross in the
	// result.
	Crosses [][]int
	// Where are conditions that all rows counted meet.
	Where []Filter
	// Filters are conditions that are counted beside: each cell has a mask with bit i set if its rows meet Filters[i].
	Filters []Filter
	// Weight is the column of weights, empty for none. Weights are at least zero; rows are then read by one worker, in
	// order, so that sums have the same bits each time.
	Weight string

	// Comma separates fields of CSV, zero for a comma.
	Comma byte
	// Header has the names of columns of CSV that has no header; nil for those of its first record.
	Header []string
	// Trim drops spaces around fields of CSV that are not quoted.
	Trim bool
	// Workers is how many processors to use, zero for all. At most MaxWorkers.
	Workers int
	// Context ends the counting early, with its error; nil means that nothing does.
	Context context.Context
}

// validate checks what can be checked without the rows.
func (s *Spec) validate() error {
	var errs []error
	for i, c := range s.Columns {
		if c.Name == "" {
			errs = append(errs, fmt.Errorf("column %d has no name", i))
		}
		if c.MaxValues < 0 || c.MaxValues > MostValues {
			errs = append(errs, fmt.Errorf("column %q: MaxValues = %d, want 0 to %d", c.Name, c.MaxValues, MostValues))
		}
		if len(c.Cuts) > maxCuts {
			errs = append(errs, fmt.Errorf("column %q: %d cuts, want at most %d", c.Name, len(c.Cuts), maxCuts))
		}
		if slices.ContainsFunc(c.Cuts, func(f float64) bool { return math.IsNaN(f) || math.IsInf(f, 0) }) {
			errs = append(errs, fmt.Errorf("column %q: cuts %v, want finite numbers", c.Name, c.Cuts))
		}
	}
	for _, cross := range s.Crosses {
		for _, c := range cross {
			if c < 0 || c >= len(s.Columns) {
				errs = append(errs, fmt.Errorf("cross %v: there are %d columns", cross, len(s.Columns)))
			}
		}
		if _, err := s.layout(cross); err != nil {
			errs = append(errs, err)
		}
	}
	if len(s.Filters) > maxFilters {
		errs = append(errs, fmt.Errorf("%d filters, want at most %d", len(s.Filters), maxFilters))
	}
	if s.Workers < 0 || s.Workers > MaxWorkers {
		errs = append(errs, fmt.Errorf("%d workers, want 0 to %d", s.Workers, MaxWorkers))
	}
	if c := s.comma(); c == '"' || c == '\n' || c == '\r' || c >= 0x80 {
		errs = append(errs, fmt.Errorf("comma %q cannot separate fields", c))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("table: %w", err)
	}
	return nil
}

// ended is the context's error where that has ended.
func (s *Spec) ended() error {
	if s.Context == nil {
		return nil
	}
	return s.Context.Err()
}

func (s *Spec) comma() byte {
	if s.Comma == 0 {
		return defaultComma
	}
	return s.Comma
}

func (s *Spec) workers() int {
	switch {
	case s.Weight != "":
		return 1
	case s.Workers == 0:
		return runtime.GOMAXPROCS(0)
	default:
		return s.Workers
	}
}

func (c *Column) maxValues() int {
	if c.MaxValues == 0 {
		return DefaultMaxValues
	}
	return c.MaxValues
}

// cuts returns the column's cuts, ascending and each once.
func (c *Column) cuts() []float64 {
	cuts := slices.Clone(c.Cuts)
	slices.Sort(cuts)
	return slices.Compact(cuts)
}
