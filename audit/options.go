package audit

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"

	"github.com/atelier-go/atelier/audit/table"
)

// Options say what to audit. Of Path and Rows one is needed, Label, and one of Prediction and Score.
type Options struct {
	// Path is a file of CSV, or of Parquet if its name ends in .parquet.
	Path string
	// Rows yields the rows instead, each with a value for every column of Header.
	Rows iter.Seq[[]string]
	// Header has the names of the columns of Rows, or of a CSV file without a header; nil for those of the file.
	Header []string
	// Name is how reports call the rows, empty for the name of the file.
	Name string
	// Comma separates the fields of CSV, zero for a comma; Trim drops spaces around them.
	Comma byte
	Trim  bool
	// Hash adds the SHA-256 of the file to the result. It reads the file once more.
	Hash bool

	// Label is the column of what is true, Prediction that of what was predicted. Score is that of a number instead, at
	// least Threshold of which is a positive prediction.
	Label, Prediction, Score string
	Threshold                float64
	// Thresholds are others to try, to see what depends on them; nil for up to twenty that the scores suggest.
	Thresholds []float64
	// Positive are the values that are the positive class, of labels and predictions; PredictedPositive those of
	// predictions, if they differ. With neither, 1, true, yes and positive are positive beside 0 or -1, false, no and
	// negative, and any other two values are an error; labels of more than two values are classes of their own.
	Positive, PredictedPositive []string
	// Weight is the column of the rows' weights, empty for none.
	Weight string

	// Groups are columns to compare the values of; Crossings are sets of them to cross, nil for every pair and empty for
	// none.
	Groups    []string
	Crossings [][]string
	// Reference is, by column, the value with which others are compared; of columns that it lacks, and of crossings of
	// those, the group with most rows.
	Reference map[string]string
	// MaxValues is how many different values a column of groups or of a baseline may have, zero for
	// table.DefaultMaxValues. At most table.MostValues.
	MaxValues int

	// Where are conditions that rows must meet to be counted, such as "days<=30"; see table.ParseFilter.
	Where []string
	// Filters are conditions to try one by one, to see what depends on them.
	Filters []string
	// Baselines are sets of one or two columns that make a rule to compare the model with.
	Baselines [][]string

	// Confidence is the level of intervals, zero for 0.95. MinN is how many rows an estimate needs not to be marked
	// small, zero for 30. Replicates is the number of bootstrap replicates and of permutations, zero for 1000.
	Confidence float64
	MinN       int
	Replicates int
	// Seed is that of all random draws: the same seed gives the same bits for any number of Workers, which is how many
	// processors to use, zero for all. At most table.MaxWorkers.
	Seed    uint64
	Workers int

	// Context ends the audit early, with its error; nil means that nothing does.
	Context context.Context
}

const (
	maxClasses     = 50
	maxReplicates  = 1_000_000
	maxColumns     = 6 // of groups and of a baseline's, together
	defaultMinN    = 30
	defaultRepeats = 1000
)

// withDefaults returns the options with zero replaced by what it means.
func (o Options) withDefaults() Options {
	if o.Confidence == 0 {
		o.Confidence = 0.95
	}
	if o.MinN == 0 {
		o.MinN = defaultMinN
	}
	if o.Replicates == 0 {
		o.Replicates = defaultRepeats
	}
	if o.Crossings == nil {
		for i, a := range o.Groups {
			for _, b := range o.Groups[i+1:] {
				o.Crossings = append(o.Crossings, []string{a, b})
			}
		}
	}
	return o
}

// ended is the context's error where that has ended.
func (o *Options) ended() error {
	if o.Context == nil {
		return nil
	}
	return o.Context.Err()
}

func (o *Options) validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if (o.Path == "") == (o.Rows == nil) {
		bad("want one of Path and Rows")
	}
	if o.Rows != nil && o.Header == nil {
		bad("want a Header for Rows")
	}
	if o.Label == "" {
		bad("want a column of labels")
	}
	if (o.Prediction == "") == (o.Score == "") {
		bad("want one column, of predictions or of scores")
	}
	if o.Score == "" && len(o.Thresholds) > 0 {
		bad("thresholds are for scores, not predictions")
	}
	for _, t := range append([]float64{o.Threshold}, o.Thresholds...) {
		if math.IsNaN(t) || math.IsInf(t, 0) {
			bad("threshold %v, want a finite number", t)
		}
	}
	if !(o.Confidence > 0 && o.Confidence < 1) {
		bad("confidence %v, want it between 0 and 1", o.Confidence)
	}
	if o.MinN < 0 {
		bad("MinN = %d, want at least 0", o.MinN)
	}
	if o.Replicates < 0 || o.Replicates > maxReplicates {
		bad("%d replicates, want 1 to %d", o.Replicates, maxReplicates)
	}
	if o.Workers < 0 || o.Workers > table.MaxWorkers {
		bad("%d workers, want 0 to %d", o.Workers, table.MaxWorkers)
	}
	errs = append(errs, o.validateGroups()...)
	return errors.Join(errs...)
}

func (o *Options) validateGroups() (errs []error) {
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if len(o.Groups) == 0 {
		bad("want at least one column of groups")
	}
	if len(o.Groups) > maxColumns-2 {
		bad("%d columns of groups, want at most %d", len(o.Groups), maxColumns-2)
	}
	for i, g := range o.Groups {
		if slices.Contains(o.Groups[:i], g) {
			bad("column %q is named twice", g)
		}
		if g == o.Label || g == o.Prediction || g == o.Score {
			bad("column %q is of groups and of the outcome", g)
		}
	}
	for _, c := range o.Crossings {
		if len(c) < 2 {
			bad("crossing %v, want at least two columns", c)
		}
		for i, name := range c {
			if !slices.Contains(o.Groups, name) {
				bad("crossing %v: %q is not a column of groups", c, name)
			} else if slices.Contains(c[:i], name) {
				bad("crossing %v has %q twice", c, name)
			}
		}
	}
	for column := range o.Reference {
		if !slices.Contains(o.Groups, column) {
			bad("reference of %q, which is not a column of groups", column)
		}
	}
	for _, b := range o.Baselines {
		if len(b) < 1 || len(b) > 2 {
			bad("baseline %v, want one or two columns", b)
		}
	}
	return errs
}

// plan is what is read for the options: columns are those of groups, then the label, then the outcome, then those of
// baselines; the first cross is that of all but the last.
func (o *Options) plan() (table.Spec, error) {
	spec := table.Spec{Comma: o.Comma, Trim: o.Trim, Weight: o.Weight, Workers: o.Workers, Context: o.Context}
	if o.Path != "" {
		spec.Header = o.Header
	}
	for _, g := range o.Groups {
		spec.Columns = append(spec.Columns, table.Column{Name: g, MaxValues: o.MaxValues})
	}
	outcome := table.Column{Name: o.Prediction}
	if o.Score != "" {
		cuts := append([]float64{o.Threshold}, o.Thresholds...)
		for i := 1; i < tenths; i++ {
			cuts = append(cuts, float64(i)/tenths)
		}
		outcome = table.Column{Name: o.Score, Kind: table.Number, Cuts: cuts}
	}
	spec.Columns = append(spec.Columns, table.Column{Name: o.Label}, outcome)
	groups := len(o.Groups)
	main := make([]int, groups+2)
	for i := range main {
		main[i] = i
	}
	spec.Crosses = [][]int{main}
	for _, b := range o.Baselines {
		cross := slices.Clone(main[:groups+1])
		for _, name := range b {
			cross = append(cross, len(spec.Columns))
			spec.Columns = append(spec.Columns, table.Column{Name: name, MaxValues: o.MaxValues})
		}
		spec.Crosses = append(spec.Crosses, cross)
	}
	var err error
	if spec.Where, err = filters(o.Where); err != nil {
		return spec, err
	}
	spec.Filters, err = filters(o.Filters)
	return spec, err
}

func filters(texts []string) ([]table.Filter, error) {
	var all []table.Filter
	for _, text := range texts {
		f, err := table.ParseFilter(text)
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, nil
}
