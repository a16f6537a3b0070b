package main

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/atelier-go/atelier/audit"
	"github.com/atelier-go/atelier/audit/report"
	"github.com/atelier-go/atelier/audit/table"
)

// auditFlags are the flags that say what to audit.
type auditFlags struct {
	options   audit.Options
	comma     string
	crossings []string
	noCross   bool
	reference []string
	baselines []string
}

func (f *auditFlags) add(flags *pflag.FlagSet) {
	o := &f.options
	flags.StringVar(&o.Label, "label", "", "`column` of what is true")
	flags.StringVar(&o.Prediction, "prediction", "", "`column` of what was predicted")
	flags.StringVar(&o.Score, "score", "", "`column` of numbers instead: at least --threshold is a positive prediction")
	flags.Float64Var(&o.Threshold, "threshold", 0.5, "the least score that counts as positive")
	flags.StringSliceVar(&o.Groups, "group", nil, "`columns` of groups, as in race,sex")
	flags.StringArrayVar(&f.crossings, "cross", nil, "`columns` to cross, as in race,sex (repeatable; default every pair)")
	flags.BoolVar(&f.noCross, "no-cross", false, "cross no columns")
	flags.StringArrayVar(&f.reference, "reference", nil, "`column=value` that others are compared with (repeatable; default the largest group)")
	flags.StringSliceVar(&o.Positive, "positive", nil, "`values` that are positive, of labels and predictions")
	flags.StringSliceVar(&o.PredictedPositive, "predicted-positive", nil, "`values` of predictions that are positive, if they differ")
	flags.StringVar(&o.Weight, "weight", "", "`column` of the rows' weights")
	flags.StringArrayVar(&o.Where, "where", nil, "`condition` that rows must meet to be counted, as in days<=30 (repeatable)")
	flags.StringArrayVar(&o.Filters, "filter", nil, "`condition` to try, to see what depends on it (repeatable)")
	flags.Float64SliceVar(&o.Thresholds, "try-threshold", nil, "`scores` to try as thresholds (default what the scores suggest)")
	flags.StringArrayVar(&f.baselines, "baseline", nil, "one or two `columns` that make a simple rule to compare the model with (repeatable)")
	flags.Float64Var(&o.Confidence, "confidence", 0.95, "level of the intervals")
	flags.IntVar(&o.MinN, "min-n", 30, "fewer rows than this are marked and make no headline")
	flags.IntVar(&o.Replicates, "replicates", 1000, "replicates of the bootstrap, and permutations")
	flags.Uint64Var(&o.Seed, "seed", 1, "seed of all random draws")
	flags.IntVar(&o.MaxValues, "max-values", 1000, "the most values that a column of groups or of a baseline may have")
	flags.StringVar(&f.comma, "comma", ",", "what separates fields of CSV; tab for a tabulator")
	flags.BoolVar(&o.Trim, "trim", false, "drop spaces around fields of CSV")
	flags.StringSliceVar(&o.Header, "header", nil, "`names` of the columns of a CSV file without a header")
	flags.BoolVar(&o.Hash, "hash", true, "put the file's SHA-256 into the result")
	flags.IntVar(&o.Workers, "threads", 0, "worker threads; results do not depend on it (default all processors)")
}

// complete makes options of the flags, for a file.
func (f *auditFlags) complete(command, path string) (audit.Options, error) {
	o := f.options
	o.Path = path
	switch {
	case o.Label == "":
		return o, usagef("%s: --label is missing: the column of what is true", command)
	case (o.Prediction == "") == (o.Score == ""):
		return o, usagef("%s: want one of --prediction and --score", command)
	case len(o.Groups) == 0:
		return o, usagef("%s: --group is missing: the columns of groups", command)
	case f.noCross && len(f.crossings) > 0:
		return o, usagef("%s: --cross and --no-cross: want one of them", command)
	case !(o.Confidence > 0 && o.Confidence < 1):
		return o, usagef("%s: --confidence is %v, want it between 0 and 1", command, o.Confidence)
	case o.MinN < 1:
		return o, usagef("%s: --min-n is %d, want at least 1", command, o.MinN)
	case o.Replicates < 1:
		return o, usagef("%s: --replicates is %d, want at least 1", command, o.Replicates)
	case o.Workers < 0 || o.Workers > table.MaxWorkers:
		return o, usagef("%s: --threads is %d, want 1 to %d, or 0 for all processors", command, o.Workers, table.MaxWorkers)
	case o.MaxValues < 1 || o.MaxValues > table.MostValues:
		return o, usagef("%s: --max-values is %d, want 1 to %d", command, o.MaxValues, table.MostValues)
	}
	if o.Score == "" {
		o.Threshold = 0
	}
	if f.noCross {
		o.Crossings = [][]string{}
	}
	for _, text := range f.crossings {
		o.Crossings = append(o.Crossings, strings.Split(text, ","))
	}
	for _, text := range f.baselines {
		o.Baselines = append(o.Baselines, strings.Split(text, ","))
	}
	for _, text := range f.reference {
		column, value, ok := strings.Cut(text, "=")
		if !ok {
			return o, usagef("%s: --reference %s: want column=value", command, text)
		}
		if o.Reference == nil {
			o.Reference = map[string]string{}
		}
		o.Reference[column] = value
	}
	comma, err := f.separator(command)
	o.Comma = comma
	return o, err
}

func (f *auditFlags) separator(command string) (byte, error) {
	switch {
	case f.comma == "tab":
		return '\t', nil
	case len(f.comma) == 1:
		return f.comma[0], nil
	}
	return 0, usagef("%s: --comma %q: want one character, or tab", command, f.comma)
}

// auditCommand is `atelier audit`.
type auditCommand struct {
	auditFlags
	reportFlags
	title string
	card  string
}

func newAudit() *cobra.Command {
	var f auditCommand
	cmd := &cobra.Command{
		Use:   "audit FILE",
		Short: "Say how often a model is wrong, for whom, and how sure that is",
		Long: `Say how often a model is wrong, for whom, and how sure that is. FILE has a row for each decision, as CSV or Parquet, with
columns for what is true, what was predicted and the groups to compare. Only the columns that are asked for are read, and
nothing of a row is kept but counts.

The report tells error rates of every group and crossing of groups with their intervals, gaps between groups and whether
they may be chance, who was not measured, what depends on thresholds and filters, and what the data cannot tell. What no
data can say is read from a YAML file, --card; "atelier audit card" writes one to fill in.`,
		Example: `  atelier audit predictions.csv --label two_year_recid --score decile_score --threshold 5 --group race,sex --report out.html
  atelier audit predictions.parquet --label hired --prediction said --group gender --baseline degree --json
  atelier audit rows.csv --label y --prediction p --group age --card card.yaml --report README.md`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), args[0], cmd.OutOrStdout()) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	f.auditFlags.add(flags)
	flags.StringVar(&f.title, "title", "", "title of the report")
	flags.StringVar(&f.card, "card", "", "YAML `file` of what people wrote about the model and its data")
	f.reportFlags.add(flags)
	cmd.AddCommand(newAuditCard(), newAuditLoop(), newAuditAmplify(), newAuditProbe(), newAuditThresholds(), newAuditReweigh(), newAuditTrack(), newAuditSelftest())
	return cmd
}

func (f *auditCommand) run(ctx context.Context, path string, stdout io.Writer) error {
	o, err := f.complete("audit", path)
	if err != nil {
		return err
	}
	o.Context = ctx
	if err := f.check("audit"); err != nil {
		return err
	}
	text := report.Options{Title: f.title, Date: time.Now()}
	if f.card != "" {
		if text.Card, err = report.ReadCard(f.card); err != nil {
			return err
		}
	}
	found, err := audit.Run(o)
	if err != nil {
		return f.explained(err)
	}
	return f.write(stdout, ofAudit(found, text))
}

// ofAudit is an audit in all formats.
func ofAudit(found *audit.Audit, o report.Options) reported {
	document := report.Of(found, o)
	return reported{
		document: document,
		terminal: document.Only("found", "wrong"),
		markdown: func(w io.Writer) error { return report.WriteMarkdownCard(w, found, o) },
		jsonTo:   func(w io.Writer) error { return report.WriteJSON(w, found, o.Card) },
	}
}

func newAuditCard() *cobra.Command {
	return &cobra.Command{
		Use:   "card",
		Short: "Print a model card to fill in",
		Long:  `Print a model card to fill in: YAML with every text that people must write, each with what is asked for.`,
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return report.WriteEmptyCard(cmd.OutOrStdout()) },
	}
}
