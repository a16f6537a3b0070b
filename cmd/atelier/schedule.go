package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/atelier-go/atelier/learn"
	"github.com/atelier-go/atelier/optim"
)

// scheduleFlags are the flags of `atelier schedule`.
type scheduleFlags struct {
	recipeFlags
	plot         string
	csv          bool
	hideText     bool
	hideMomentum bool
}

func newSchedule() *cobra.Command {
	var f scheduleFlags
	cmd := &cobra.Command{
		Use:   "schedule recipe.yaml",
		Short: "Show what every step of a recipe trains with, before it does",
		Long: `Show what a recipe's phases train with: the numbers come from the very function that drives training.

The table has a line for each phase, with the values of its first and last step. --csv prints every step instead, with
every hyper-parameter of every layer group; --plot draws learning rate and momentum.`,
		Example: `  atelier schedule recipe.yaml --plot schedule.png
  atelier schedule recipe.yaml --csv --set phases.0.lr=0.01 > schedule.csv`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.run(args[0], cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.plot, "plot", "", "draw to this `file`, .png or .svg")
	flags.BoolVar(&f.csv, "csv", false, "print a line for each step")
	flags.BoolVar(&f.hideText, "hide-text", false, "draw no names of phases and optimizers")
	flags.BoolVar(&f.hideMomentum, "hide-momentum", false, "draw no momentum")
	f.addSet(cmd)
	return cmd
}

func (f *scheduleFlags) run(name string, stdout, stderr io.Writer) error {
	if f.plot == "" && (f.hideText || f.hideMomentum) {
		return usagef("schedule: --hide-text and --hide-momentum are about --plot, which is missing")
	}
	if err := checkPicture("schedule", f.plot); err != nil {
		return err
	}
	r, err := f.load(name)
	if err != nil {
		return err
	}
	plan, err := r.Plan()
	if err != nil {
		return err
	}
	if f.plot != "" {
		figure := plan.Figure(learn.FigureOptions{HideText: f.hideText, HideMomentum: f.hideMomentum})
		if err := figure.Save(f.plot); err != nil {
			return err
		}
		fmt.Fprintln(stderr, "wrote", f.plot)
	}
	if f.csv {
		return plan.WriteCSV(stdout)
	}
	return writePlan(stdout, plan)
}

// checkPicture refuses names of files that no picture can have.
func checkPicture(command, path string) error {
	if lower := strings.ToLower(path); path != "" && !strings.HasSuffix(lower, ".png") && !strings.HasSuffix(lower, ".svg") {
		return usagef("%s: --plot %s: want a name that ends in .png or .svg", command, path)
	}
	return nil
}

// writePlan prints a line for each phase and layer group.
func writePlan(w io.Writer, plan *learn.Plan) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "phase\tsteps\tdata\toptimizer\tgroup\tlr\tmomentum\tbeta2\tweight decay")
	for i, phase := range plan.Phases() {
		from, to := plan.Bounds(i)
		first, last := plan.At(from).Hyper, plan.At(to-1).Hyper
		for _, run := range sameGroups(first, last) {
			groups := "all"
			if run[1]-run[0] < len(first) {
				groups = fmt.Sprint(run[0] + 1)
				if run[1] > run[0]+1 {
					groups += fmt.Sprintf("-%d", run[1])
				}
			}
			a, b := first[run[0]], last[run[0]]
			fmt.Fprintf(t, "%s\t%d to %d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", phase.Name, from, to-1, phase.Data.Name, phase.OptimizerName(),
				groups, between(a.LR, b.LR), between(a.Momentum, b.Momentum), between(phase.Beta2Of(a), phase.Beta2Of(b)), between(a.WeightDecay, b.WeightDecay))
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%d steps\n", plan.Steps())
	return err
}

// sameGroups cuts the layer groups into stretches, from and to, that train with the same.
func sameGroups(first, last []optim.Hyper) [][2]int {
	var runs [][2]int
	for g := range first {
		if n := len(runs); n > 0 && first[g] == first[g-1] && last[g] == last[g-1] {
			runs[n-1][1] = g + 1
		} else {
			runs = append(runs, [2]int{g, g + 1})
		}
	}
	return runs
}

// between is the values of a phase's first and last step.
func between(a, b float64) string {
	if a == b {
		return fmt.Sprintf("%.4g", a)
	}
	return fmt.Sprintf("%.4g to %.4g", a, b)
}
