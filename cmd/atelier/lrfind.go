package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/atelier-go/atelier/learn"
)

// lrFindFlags are the flags of `atelier lr-find`.
type lrFindFlags struct {
	recipeFlags
	plot   string
	finder learn.Finder
	phase  int
}

func newLRFind() *cobra.Command {
	var f lrFindFlags
	cmd := &cobra.Command{
		Use:   "lr-find RECIPE",
		Short: "Find a learning rate by training with one that rises",
		Long: `Train with a learning rate that rises at every step until the loss diverges, and suggest rates: where the smoothed
loss falls fastest (steepest), two thirds into its longest fall (valley), and a tenth of the rate at which it is lowest
(minimum/10). Several weight decays give a curve each. Nothing of it is kept.

The recipe is a file, or the name of one that is built in.`,
		Example: `  atelier lr-find recipe.yaml --plot finder.png
  atelier lr-find recipe.yaml --plot finder.png --weight-decay 1e-2,1e-3,1e-4 --epochs 0.25`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.run(cmd.Context(), args[0], cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.plot, "plot", "", "draw to this `file`, .png or .svg")
	flags.Float64Var(&f.finder.From, "from", 1e-7, "the first `rate`")
	flags.Float64Var(&f.finder.To, "to", 10, "the last `rate`")
	flags.IntVar(&f.finder.Steps, "steps", 0, "steps (default 100, or --epochs)")
	flags.Float64Var(&f.finder.Epochs, "epochs", 0, "instead of --steps, epochs of the phase's data")
	flags.BoolVar(&f.finder.Linear, "linear", false, "the rate rises by the same amount each step, not by the same factor")
	flags.Float64Var(&f.finder.StopDiv, "stop-div", 4, "end when the smoothed loss is this many times its best; 0 never does")
	flags.Float64SliceVar(&f.finder.WeightDecays, "weight-decay", nil, "weight decays to compare, as `1e-2,1e-3` (default the phase's)")
	flags.IntVar(&f.phase, "phase", 1, "the `number` of the phase whose optimizer, data and momentum are used")
	f.addSet(cmd)
	f.addBackend(cmd)
	return cmd
}

func (f *lrFindFlags) run(ctx context.Context, name string, stdout, stderr io.Writer) error {
	if err := checkPicture("lr-find", f.plot); err != nil {
		return err
	}
	switch finder := &f.finder; {
	case !(finder.From > 0 && finder.To > finder.From) || math.IsInf(finder.To, 0):
		return usagef("lr-find: --from is %v and --to %v, want 0 < from < to", finder.From, finder.To)
	case finder.Steps != 0 && finder.Epochs != 0:
		return usagef("lr-find: --steps and --epochs exclude each other")
	case finder.Steps < 0 || finder.Steps == 1 || !(finder.Epochs >= 0) || math.IsInf(finder.Epochs, 0):
		return usagef("lr-find: --steps is %d and --epochs %v, want at least 2 steps", finder.Steps, finder.Epochs)
	case finder.StopDiv == 0:
		finder.StopDiv = -1
	case !(finder.StopDiv > 1):
		return usagef("lr-find: --stop-div is %v, want more than 1, or 0 for no limit", finder.StopDiv)
	}
	r, err := f.load(name)
	if err != nil {
		return err
	}
	config, err := r.Config(ctx)
	if err != nil {
		return err
	}
	if f.phase < 1 || f.phase > len(config.Phases) {
		return usagef("lr-find: --phase is %d, want 1 to %d", f.phase, len(config.Phases))
	}
	f.finder.Phase = f.phase - 1
	if config.Backend, err = f.open(stderr); err != nil {
		return err
	}
	defer config.Backend.Finalize()
	config.Dir, config.Checkpoint = "", learn.CheckpointPolicy{}
	learner, err := learn.New(config)
	if err != nil {
		return r.Locate(err)
	}
	defer learner.Close()
	if err := initialise(r, learner, config, stderr); err != nil {
		return err
	}
	curves, err := learner.Find(ctx, f.finder)
	if err != nil {
		return err
	}
	if f.plot != "" {
		if err := learn.FinderFigure(curves, f.finder.Linear).Save(f.plot); err != nil {
			return err
		}
		fmt.Fprintln(stderr, "wrote", f.plot)
	}
	return writeCurves(stdout, curves)
}

// writeCurves prints the suggestions.
func writeCurves(w io.Writer, curves []learn.Curve) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "weight decay\tsteps\tdiverged\tsteepest\tvalley\tminimum/10")
	for i := range curves {
		c := &curves[i]
		fmt.Fprintf(t, "%g\t%d\t%v", c.WeightDecay, len(c.LR), c.Diverged)
		for _, s := range c.Suggestions() {
			if math.IsNaN(s.LR) {
				fmt.Fprint(t, "\tnone")
			} else {
				fmt.Fprintf(t, "\t%.3g", s.LR)
			}
		}
		fmt.Fprintln(t)
	}
	return t.Flush()
}
