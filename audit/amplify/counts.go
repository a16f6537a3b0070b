package amplify

import (
	"context"
	"errors"
	"fmt"
)

// Counts are numbers of rows by class and group.
type Counts struct {
	Classes []string  `json:"classes"`
	Groups  []string  `json:"groups"`
	N       [][]int64 `json:"n"` // [class][group]
}

// Validate says what is wrong with the shape and the numbers of c.
func (c Counts) Validate() error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf("amplify: "+format, args...)) }
	if len(c.Classes) == 0 {
		fail("no classes")
	}
	if len(c.Groups) < 2 {
		fail("%d groups, want two or more", len(c.Groups))
	}
	if len(c.N) != len(c.Classes) {
		return errors.Join(append(errs, fmt.Errorf("amplify: counts of %d classes, want %d", len(c.N), len(c.Classes)))...)
	}
	for o, row := range c.N {
		if len(row) != len(c.Groups) {
			fail("class %s: counts of %d groups, want %d", c.Classes[o], len(row), len(c.Groups))
		}
		for _, n := range row {
			if n < 0 {
				fail("class %s: count %d, want 0 or more", c.Classes[o], n)
			}
		}
	}
	return errors.Join(errs...)
}

// share returns b(o, g), the share of group g among the rows of a class, and how many rows those are.
func share(row []int64, g int) (b float64, n int64) {
	for _, x := range row {
		n += x
	}
	return float64(row[g]) / float64(n), n
}

// Options says how to compute intervals and what counts.
type Options struct {
	Conf       float64 // of the intervals, in (0, 1); 0 means 0.95
	Replicates int     // of the bootstrap, at most a million; 0 means 1,000
	Seed       uint64
	// Margin is how far a predicted share may be from that of training before it is a violation; 0 means 0.05.
	Margin float64
	// MinTrain leaves out of Zhao's measure the classes with at most as many rows in training. The published numbers for
	// imSitu have 50.
	MinTrain int64
	// Train, if not nil, has the rows whose labels decide which pairs go together in the directional measures; nil means
	// the rows that are measured.
	Train *Table
	// AsPublished drops rows without a task before it decides which pairs go together, as the program published with the
	// directional measures does. By default rows with neither a task nor an attribute are dropped. It matters only where
	// rows can have no task.
	AsPublished bool
	// Context ends the computation early, with its error; nil means that nothing does.
	Context context.Context
}

// maxReplicates is the limit of audits too.
const maxReplicates = 1_000_000

// ended is the error of a context that has ended.
func ended(ctx context.Context) error {
	if ctx == nil || ctx.Err() == nil {
		return nil
	}
	return fmt.Errorf("amplify: %w", ctx.Err())
}

func (o Options) withDefaults() Options {
	if o.Conf == 0 {
		o.Conf = 0.95
	}
	if o.Replicates == 0 {
		o.Replicates = 1000
	}
	if o.Margin == 0 {
		o.Margin = 0.05
	}
	return o
}

func (o Options) validate() error {
	var errs []error
	if !(o.Conf > 0 && o.Conf < 1) {
		errs = append(errs, fmt.Errorf("amplify: Conf = %v, want in (0, 1)", o.Conf))
	}
	if o.Replicates < 0 || o.Replicates > maxReplicates {
		errs = append(errs, fmt.Errorf("amplify: Replicates = %d, want 1 to %d", o.Replicates, maxReplicates))
	}
	if !(o.Margin > 0 && o.Margin < 1) {
		errs = append(errs, fmt.Errorf("amplify: Margin = %v, want in (0, 1)", o.Margin))
	}
	if o.MinTrain < 0 {
		errs = append(errs, fmt.Errorf("amplify: MinTrain = %d, want 0 or more", o.MinTrain))
	}
	return errors.Join(errs...)
}
