package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/atelier-go/atelier/audit/probe"
	"github.com/atelier-go/atelier/audit/report"
)

// auditProbeFlags are the flags of `atelier audit probe`.
type auditProbeFlags struct {
	reportFlags
	ask     []string
	timeout time.Duration
	batch   int
	conf    float64
}

func newAuditProbe() *cobra.Command {
	var f auditProbeFlags
	cmd := &cobra.Command{
		Use:   "probe SUITE",
		Short: "Ask a model the same question about different people",
		Long: `Ask a model the same question about different people, and count where the answer changes. SUITE is YAML: templates with
slots, what stands in them, and which slot is the contrast. The model is a program that reads a sentence per line and writes
an answer per line, or an HTTP endpoint that answers {"inputs": [...]} with {"outputs": [...]}. Several are asked in turn,
each the answers of the one before: there and back, for translators.`,
		Example: `  atelier audit probe occupations.yaml --ask "./translate en tr" --ask "./translate tr en" --report probe.html
  atelier audit probe sentiment.yaml --ask http://localhost:8080/predict --json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.run(cmd.Context(), args[0], cmd.OutOrStdout())
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringArrayVar(&f.ask, "ask", nil, "whom to ask: a `command` and its arguments, between spaces, or an address that begins with http:// or https:// (repeatable)")
	flags.DurationVar(&f.timeout, "timeout", probe.DefaultTimeout, "of a command's run, and of each request")
	flags.IntVar(&f.batch, "batch", 32, "sentences in a request")
	flags.Float64Var(&f.conf, "confidence", 0.95, "level of the intervals")
	f.add(flags)
	return cmd
}

func (f *auditProbeFlags) run(ctx context.Context, path string, stdout io.Writer) error {
	if err := f.check("audit probe"); err != nil {
		return err
	}
	switch {
	case len(f.ask) == 0:
		return usagef("audit probe: --ask is missing: a command or an address")
	case f.timeout <= 0:
		return usagef("audit probe: --timeout is %v, want more than 0", f.timeout)
	case f.batch < 1:
		return usagef("audit probe: --batch is %d, want at least 1", f.batch)
	}
	var chain probe.Chain
	for _, target := range f.ask {
		predictor, err := f.predictor(target)
		if err != nil {
			return err
		}
		chain = append(chain, predictor)
	}
	suite, err := readSuite(path)
	if err != nil {
		return err
	}
	result, err := suite.Run(ctx, chain, probe.Options{Conf: f.conf})
	if err != nil {
		return err
	}
	return f.write(stdout, reported{document: report.Probe(filepath.Base(path), result), json: result})
}

func (f *auditProbeFlags) predictor(target string) (probe.Predictor, error) {
	if strings.HasPrefix(target, "http://") || strings.HasPrefix(target, "https://") {
		return probe.HTTP{URL: target, Batch: f.batch, Timeout: f.timeout}, nil
	}
	args := strings.Fields(target)
	if len(args) == 0 {
		return nil, usagef("audit probe: --ask is empty")
	}
	return probe.Command{Args: args, Timeout: f.timeout}, nil
}

func readSuite(path string) (*probe.Suite, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	suite, err := probe.Read(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return suite, nil
}
