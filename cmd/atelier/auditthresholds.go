package main

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/atelier-go/atelier/audit/mitigate"
	"github.com/atelier-go/atelier/audit/report"
	"github.com/atelier-go/atelier/audit/table"
)

// auditThresholdsFlags are the flags of `atelier audit thresholds`.
type auditThresholdsFlags struct {
	reportFlags
	label, score, group string
	positive            string
	only                []string
	heldOut             string
	options             mitigate.Options
}

func newAuditThresholds() *cobra.Command {
	var f auditThresholdsFlags
	cmd := &cobra.Command{
		Use:   "thresholds FILE",
		Short: "Find thresholds by group that make a rate alike, and what they cost",
		Long: `Find the threshold of each group for which a rate is alike in all, with as few errors as possible, and say what that costs:
in accuracy, and in the rates that were not chosen. Thresholds look better on the rows that they were chosen on; judge them
by others with --held-out. Of more than a thousand different scores every 256th part of an octave is tried.`,
		Example: `  atelier audit thresholds predictions.csv --label two_year_recid --score decile_score --threshold 5 --group race --criterion fpr --tolerance 0.02`,
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return f.run(args[0], cmd.OutOrStdout()) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.label, "label", "", "`column` of what is true")
	flags.StringVar(&f.positive, "positive", "1", "`value` of the label that is positive")
	flags.StringVar(&f.score, "score", "", "`column` of scores")
	flags.Float64Var(&f.options.Before, "threshold", 0.5, "the one threshold that decides for all now")
	flags.StringVar(&f.group, "group", "", "`column` of groups")
	flags.StringSliceVar(&f.only, "only", nil, "`groups` to find thresholds for (default all)")
	f.options.Criterion = mitigate.EqualisedOdds
	flags.Var(choice[mitigate.Criterion]{&f.options.Criterion, mitigate.Criteria()}, "criterion", "the rate that shall be alike: "+names(mitigate.Criteria()))
	flags.Float64Var(&f.options.Tolerance, "tolerance", 0.02, "how far apart the rates may be")
	flags.Float64Var(&f.options.Conf, "confidence", 0.95, "level of the intervals")
	flags.StringVar(&f.heldOut, "held-out", "", "`file` of other rows to judge the thresholds by")
	f.add(flags)
	return cmd
}

// planned is what thresholds prints as JSON.
type planned struct {
	Plan    *mitigate.Plan `json:"plan"`
	HeldOut *mitigate.Plan `json:"held_out,omitempty"`
}

func (f *auditThresholdsFlags) run(path string, stdout io.Writer) error {
	if err := f.check("audit thresholds"); err != nil {
		return err
	}
	if f.label == "" || f.score == "" || f.group == "" {
		return usagef("audit thresholds: want --label, --score and --group")
	}
	groups, err := f.read(path, f.options.Before)
	if err != nil {
		return err
	}
	var found planned
	if found.Plan, err = mitigate.Thresholds(groups, f.options); err != nil {
		return err
	}
	if f.heldOut != "" {
		cuts := []float64{f.options.Before}
		for _, g := range found.Plan.Groups {
			if g.Threshold != nil {
				cuts = append(cuts, *g.Threshold)
			}
		}
		if groups, err = f.read(f.heldOut, cuts...); err != nil {
			return err
		}
		if found.HeldOut, err = found.Plan.Apply(groups); err != nil {
			return err
		}
	}
	return f.write(stdout, reported{document: report.Thresholds(filepath.Base(path), f.score, found.Plan, found.HeldOut), json: found})
}

// read counts the scores of each group. Many different ones are counted in ranges, which begin at the cuts too, so that
// counts at and above the cuts and the beginnings of ranges are exact.
func (f *auditThresholdsFlags) read(path string, cuts ...float64) ([]mitigate.Group, error) {
	counts, err := readTable(path, table.Spec{
		Columns: []table.Column{{Name: f.group}, {Name: f.label}, {Name: f.score, Kind: table.Number, Cuts: cuts}}, Crosses: [][]int{{0, 1, 2}},
	})
	if err != nil {
		return nil, err
	}
	names, labels, bins := groupNames(counts.Values[0]), counts.Values[1], counts.Bins[2]
	if !slices.ContainsFunc(labels, f.isPositive) {
		return nil, fmt.Errorf("%s: no row has the label %q, which --positive asks for; there are %s", path, f.positive, quotedSome(labels))
	}
	scores := make([][]mitigate.Score, len(names))
	for i := range scores {
		for _, b := range bins {
			scores[i] = append(scores[i], mitigate.Score{Value: b.From})
		}
	}
	for _, cell := range counts.Crosses[0].Cells {
		group, label, bin := cell.Codes[0], labels[cell.Codes[1]], cell.Codes[2]
		switch {
		case bin < 0 || table.Missing(label): // cannot be judged
		case f.isPositive(label):
			scores[group][bin].Positive += cell.N
		default:
			scores[group][bin].Negative += cell.N
		}
	}
	return f.choose(path, names, scores)
}

// isPositive reports whether a label is the positive one; 1 and 1.0 are one label.
func (f *auditThresholdsFlags) isPositive(label string) bool {
	if label == f.positive {
		return true
	}
	a, errA := strconv.ParseFloat(label, 64)
	b, errB := strconv.ParseFloat(f.positive, 64)
	return errA == nil && errB == nil && a == b
}

// quotedSome quotes up to ten values.
func quotedSome(values []string) string {
	const most = 10
	var quoted []string
	for _, v := range values[:min(len(values), most)] {
		quoted = append(quoted, strconv.Quote(v))
	}
	if len(values) > most {
		quoted = append(quoted, "others")
	}
	return strings.Join(quoted, ", ")
}

// groupNames are values of a column of groups as reports have them.
func groupNames(values []string) []string {
	all := slices.Clone(values)
	for i, v := range all {
		if v == "" {
			all[i] = "(missing)"
		}
	}
	return all
}

// choose keeps the groups that were asked for.
func (f *auditThresholdsFlags) choose(path string, names []string, scores [][]mitigate.Score) ([]mitigate.Group, error) {
	for _, name := range f.only {
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("%s: there is no group %q, only %s", path, name, strings.Join(names, ", "))
		}
	}
	var groups []mitigate.Group
	for i, name := range names {
		if len(f.only) == 0 || slices.Contains(f.only, name) {
			groups = append(groups, mitigate.Group{Name: name, Scores: scores[i]})
		}
	}
	return groups, nil
}

// readTable counts the rows of CSV or Parquet.
func readTable(path string, spec table.Spec) (*table.Counts, error) {
	read := table.CSVFile
	if isParquet(path) {
		read = table.ParquetFile
	}
	return read(path, spec)
}

func isParquet(path string) bool { return strings.EqualFold(filepath.Ext(path), ".parquet") }

// auditReweighFlags are the flags of `atelier audit reweigh`.
type auditReweighFlags struct {
	reportFlags
	label, group string
}

func newAuditReweigh() *cobra.Command {
	var f auditReweighFlags
	cmd := &cobra.Command{
		Use:   "reweigh FILE",
		Short: "Weigh training rows so that label and group are independent",
		Long: `Weigh training rows so that label and group are independent (Kamiran and Calders 2012), and say how many rows the weighted
ones are worth.`,
		Example: `  atelier audit reweigh train.csv --label hired --group gender --json`,
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return f.run(args[0], cmd.OutOrStdout()) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.label, "label", "", "`column` of what is true")
	flags.StringVar(&f.group, "group", "", "`column` of groups")
	f.add(flags)
	return cmd
}

func (f *auditReweighFlags) run(path string, stdout io.Writer) error {
	if err := f.check("audit reweigh"); err != nil {
		return err
	}
	if f.label == "" || f.group == "" {
		return usagef("audit reweigh: want --label and --group")
	}
	counts, err := readTable(path, table.Spec{Columns: []table.Column{{Name: f.group}, {Name: f.label}}, Crosses: [][]int{{0, 1}}})
	if err != nil {
		return err
	}
	names := groupNames(counts.Values[0])
	var cells []mitigate.Cell
	for _, c := range counts.Crosses[0].Cells {
		label := counts.Values[1][c.Codes[1]]
		if !table.Missing(label) {
			cells = append(cells, mitigate.Cell{Group: names[c.Codes[0]], Label: label, N: c.N})
		}
	}
	weights, err := mitigate.Reweigh(cells)
	if err != nil {
		return err
	}
	return f.write(stdout, reported{document: report.Weights(filepath.Base(path), weights), json: weights})
}
