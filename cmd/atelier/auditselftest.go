package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/atelier-go/atelier/audit/published"
	"github.com/atelier-go/atelier/audit/report"
)

// auditSelftestFlags are the flags of `atelier audit selftest`.
type auditSelftestFlags struct {
	reportFlags
	options published.Options
}

func newAuditSelftest() *cobra.Command {
	var f auditSelftestFlags
	cmd := &cobra.Command{
		Use:   "selftest",
		Short: "Recompute what published studies print",
		Long: `Recompute what published studies print: Gender Shades, ProPublica's COMPAS, imSitu, directional bias amplification, and
runaway feedback loops. Counts that cannot be rebuilt from what was printed are read from a folder, --data, that has
compas_for_aequitas.csv of Aequitas and imsitu_gender_ratio_dev.csv of Zhao et al. The exit code is 1 if a number differs.`,
		Example: `  atelier audit selftest
  atelier audit selftest --data studies --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.OutOrStdout()) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.options.Data, "data", "", "`folder` of the studies' data")
	f.add(flags)
	return cmd
}

func (f *auditSelftestFlags) run(stdout io.Writer) error {
	if err := f.check("audit selftest"); err != nil {
		return err
	}
	studies, err := published.Run(f.options)
	if err != nil {
		return err
	}
	document, failed := report.Studies(studies)
	if err := f.write(stdout, reported{document: document, terminal: document.Only("studies"), json: studies}); err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("%d published numbers differ", failed)
	}
	return nil
}
