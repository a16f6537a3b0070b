// Command compare trains the same network in several ways, with several seeds each, and prints a table of how well they
// did: mean, standard deviation and range of the test accuracy.
//
//	go run ./bench/compare -out runs fashion-mnist
//
// Each run has a folder of its own under -out, with its history and checkpoints. A run that is interrupted goes on where
// it was when the command is given again, and one that is done is not repeated, so that a table can be made in pieces.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/gomlx/compute"

	_ "github.com/atelier-go/atelier/cpu"
	"github.com/atelier-go/atelier/zoo"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "compare:", err)
		}
		os.Exit(1)
	}
}

// options are the command's flags.
type options struct {
	out      string
	backend  string
	dir      string // of Fashion-MNIST
	network  string
	variants string
	seeds    int
	epochs   float64
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var o options
	flags := flag.NewFlagSet("compare", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.out, "out", "runs", "`folder` of the runs")
	flags.StringVar(&o.backend, "backend", "cpu", "GoMLX `configuration` of the backend")
	flags.StringVar(&o.dir, "data", "", "`folder` of Fashion-MNIST (default where Debian's dataset-fashion-mnist has it)")
	flags.StringVar(&o.network, "network", defaultNetwork, "`name` of the network, as atelier models lists them")
	flags.StringVar(&o.variants, "variants", "", "comma-separated `names` of the variants to run (default all)")
	flags.IntVar(&o.seeds, "seeds", 3, "runs of each variant, with seeds 1, 2 and so on")
	flags.Float64Var(&o.epochs, "epochs", 6, "epochs of each run")
	flags.Usage = func() {
		fmt.Fprintf(stderr, "usage: compare [flags] EXPERIMENT...\n\n%s\nFlags:\n", describe(experiments(o, 1)))
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch {
	case flags.NArg() == 0:
		return fmt.Errorf("name an experiment:\n%s", describe(experiments(o, 1)))
	case o.seeds < 1:
		return fmt.Errorf("-seeds is %d, want 1 or more", o.seeds)
	case !(o.epochs > 0):
		return fmt.Errorf("-epochs is %v, want more than 0", o.epochs)
	}
	return o.compare(ctx, flags.Args(), stdout, stderr)
}

// compare runs the experiments and prints a table after each.
func (o options) compare(ctx context.Context, names []string, stdout, stderr io.Writer) error {
	m, err := zoo.ByName(o.network, 10)
	if err != nil {
		return err
	}
	backend, err := compute.NewWithConfig(o.backend)
	if err != nil {
		return err
	}
	defer backend.Finalize()
	sets, err := openFashion(o.dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		e, err := find(experiments(o, len(m.Groups())), name, o.variants)
		if err != nil {
			return err
		}
		results, err := e.run(ctx, backend, m, sets, o, stderr)
		if err != nil {
			return err
		}
		fmt.Fprintf(stdout, "%s: %s\n\n%s\n", e.name, e.about, table(results))
	}
	return nil
}

// find is the experiment of that name with the variants named, or with all.
func find(all []experiment, name, variants string) (experiment, error) {
	for _, e := range all {
		if e.name != name {
			continue
		}
		if variants == "" {
			return e, nil
		}
		var chosen []variant
		for _, want := range strings.Split(variants, ",") {
			v, ok := e.variant(want)
			if !ok {
				return e, fmt.Errorf("%s has no variant %q; there are %s", name, want, strings.Join(e.names(), ", "))
			}
			chosen = append(chosen, v)
		}
		e.variants = chosen
		return e, nil
	}
	return experiment{}, fmt.Errorf("there is no experiment %q:\n%s", name, describe(all))
}

// describe lists experiments, for help texts.
func describe(all []experiment) string {
	var b strings.Builder
	b.WriteString("Experiments:\n")
	for _, e := range all {
		fmt.Fprintf(&b, "  %-15s %s\n  %-15s variants: %s\n", e.name, e.about, "", strings.Join(e.names(), ", "))
	}
	return b.String()
}
