package main

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/atelier-go/atelier/audit"
	"github.com/atelier-go/atelier/audit/report"
	"github.com/atelier-go/atelier/audit/track"
)

// auditTrackFlags are the flags of `atelier audit track`.
type auditTrackFlags struct {
	auditFlags
	reportFlags
	log    string
	model  string
	failIf []string
}

func newAuditTrack() *cobra.Command {
	var f auditTrackFlags
	cmd := &cobra.Command{
		Use:   "track FILE",
		Short: "Add an audit to a log, and fail if a limit is crossed",
		Long: `Add an audit of FILE to a log, say what changed since the audit before, and fail if a limit is crossed with confidence: the
exit code is then 1. The log has a line of JSON for each audit with its counts, from which any rate can be computed later,
and notices if a line was changed or removed.

A limit is METRIC[.STATISTIC][@COLUMN,...]>NUMBER, or <, as in accuracy<0.8, fpr.gap@race>0.1, fpr.ratio>1.25,
fnr.max@race,sex>0.4, tpr.min<0.5, fpr.drift>0.05. An estimate beyond the limit that may be chance does not fail.`,
		Example: `  atelier audit track predictions.csv --label y --prediction p --group race --log audits.jsonl --model v7 --fail-if "fpr.gap>0.1"`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.run(cmd.Context(), args[0], cmd.OutOrStdout())
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.log, "log", "audits.jsonl", "`file` of the log; it is made if it does not exist")
	flags.StringVar(&f.model, "model", "", "`name` of the model that is audited")
	flags.StringArrayVar(&f.failIf, "fail-if", nil, "`limit` whose crossing fails (repeatable)")
	f.auditFlags.add(flags)
	f.reportFlags.add(flags)
	return cmd
}

// tracked is what track prints as JSON.
type tracked struct {
	Entry    track.Entry     `json:"entry"`
	Verdicts []track.Verdict `json:"verdicts"`
	Drift    *track.Drift    `json:"drift,omitempty"`
}

func (f *auditTrackFlags) run(ctx context.Context, path string, stdout io.Writer) error {
	o, err := f.complete("audit track", path)
	if err != nil {
		return err
	}
	o.Context = ctx
	if err := f.check("audit track"); err != nil {
		return err
	}
	if f.model == "" {
		return usagef("audit track: --model is missing: the name of the model")
	}
	var gates []track.Gate
	for _, text := range f.failIf {
		gate, err := track.ParseGate(text)
		if err != nil {
			return usagef("audit track: --fail-if %s: %v", text, err)
		}
		gates = append(gates, gate)
	}
	found, err := audit.Run(o)
	if err != nil {
		return f.explained(err)
	}
	entry, err := track.FromAudit(found, f.model, time.Now())
	if err != nil {
		return err
	}
	judging := track.Options{Conf: o.Confidence}
	for _, gate := range gates { // one that cannot be applied, as of a column that is misspelt, leaves the log as it is
		if _, err := gate.Check(entry, nil, judging); err != nil {
			return err
		}
	}
	previous, err := track.Append(f.log, entry)
	if err != nil {
		return err
	}
	return f.judge(stdout, entry, previous, gates, judging)
}

// judge compares an entry with the one before and with the gates, and fails if one is crossed.
func (f *auditTrackFlags) judge(stdout io.Writer, entry track.Entry, previous *track.Entry, gates []track.Gate, o track.Options) error {
	out := tracked{Entry: entry}
	var crossed []error
	for _, gate := range gates {
		verdict, err := gate.Check(entry, previous, o)
		if err != nil {
			return err
		}
		out.Verdicts = append(out.Verdicts, verdict)
		if verdict.State == track.Crossed {
			crossed = append(crossed, errors.New(verdict.Text))
		}
	}
	if previous != nil {
		drift, err := track.Compare(*previous, entry, nil, o)
		if err != nil {
			return err
		}
		out.Drift = drift
	}
	err := f.write(stdout, reported{document: report.Tracked(entry, previous, out.Verdicts, out.Drift), json: out})
	return errors.Join(append([]error{err}, crossed...)...)
}
