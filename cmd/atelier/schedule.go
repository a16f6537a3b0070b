package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/atelier-go/atelier/learn"
	"github.com/atelier-go/atelier/recipe"
)

// scheduleFlags are the flags of `atelier schedule`.
type scheduleFlags struct {
	recipeFlags
	plot         string
	csv          bool
	hideText     bool
	hideMomentum bool
	pictures     int
}

func newSchedule() *cobra.Command {
	var f scheduleFlags
	cmd := &cobra.Command{
		Use:   "schedule RECIPE",
		Short: "Show what every step of a recipe trains with, before it does",
		Long: `Show what a recipe's phases train with: the numbers come from the very function that drives training.

The table has a line for each phase, with the values of its first and last step. --csv prints every step instead, with
every hyper-parameter of every layer group; --plot draws learning rate and momentum. The recipe is a file, or the name of one that is built in.

Epochs are counted in the recipe's pictures, which have to be there; --pictures gives their number instead.`,
		Example: `  atelier schedule recipe.yaml --plot schedule.png
  atelier schedule recipe.yaml --csv --set phases.0.lr=0.01 > schedule.csv
  atelier schedule imagenet-resnet50 --pictures 1281167 --plot schedule.png`,
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
	flags.IntVar(&f.pictures, "pictures", 0, "`number` of pictures to train on, of data that are not here (default those that are)")
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
	plan, err := f.plan(name)
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

// plan is the recipe's; of so many drawn pictures instead of its own where --pictures says how many.
func (f *scheduleFlags) plan(name string) (*learn.Plan, error) {
	const most = 100_000_000 // each step of all epochs is looked at
	if f.pictures < 0 || f.pictures > most {
		return nil, usagef("schedule: --pictures is %d, want 1 to %d", f.pictures, most)
	}
	r, err := f.load(name)
	if err != nil {
		return nil, err
	}
	if f.pictures > 0 {
		for _, dataset := range slices.Sorted(maps.Keys(r.Datasets)) {
			if dataset == recipe.Drawn && r.Data != recipe.Drawn {
				continue
			}
			f.sets = append(f.sets, fmt.Sprintf("datasets.%s.train={shapes: {n: %d}}", dataset, f.pictures))
			if r.Datasets[dataset].Valid != nil {
				f.sets = append(f.sets, fmt.Sprintf("datasets.%s.valid={shapes: {n: 1}}", dataset))
			}
		}
		if r, err = f.load(name); err != nil {
			return nil, err
		}
	}
	plan, err := r.Plan()
	if f.pictures == 0 && errors.Is(err, fs.ErrNotExist) {
		return nil, errors.Join(err, errors.New("to see the plan without the pictures, say how many there are: --pictures N"))
	}
	return plan, err
}

// checkPicture refuses names of files that no picture can have.
func checkPicture(command, path string) error { return checkPictureOf(command, "plot", path) }

// checkPictureOf is checkPicture for another flag.
func checkPictureOf(command, flag, path string) error {
	if lower := strings.ToLower(path); path != "" && !strings.HasSuffix(lower, ".png") && !strings.HasSuffix(lower, ".svg") {
		return usagef("%s: --%s %s: want a name that ends in .png or .svg", command, flag, path)
	}
	return nil
}

// writePlan prints a line for each phase and each stretch of layer groups that train with the same.
func writePlan(w io.Writer, plan *learn.Plan) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "phase\tsteps\tdata\toptimizer\tgroup\tlr\tmomentum\tbeta2\tweight decay")
	for i, phase := range plan.Phases() {
		from, to := plan.Bounds(i)
		groups := outline(plan, i)
		if phase.Freeze > 0 {
			frozen := groupRun{to: phase.Freeze, of: len(groups)}
			fmt.Fprintf(t, "%s\t%d to %d\t%s\tfrozen\t%s\n", phase.Name, from, to-1, phase.Data.Name, frozen)
		}
		for _, run := range sameGroups(groups, phase.Freeze) {
			g := groups[run.from]
			fmt.Fprintf(t, "%s\t%d to %d\t%s\t%s\t%v\t%v\t%v\t%v\t%v\n", phase.Name, from, to-1, phase.Data.Name, phase.OptimizerName(), run,
				g.lr, g.momentum, g.beta2, g.weightDecay)
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%d steps\n", plan.Steps())
	return err
}

// groupRun is a stretch of layer groups, from..to-1 of so many.
type groupRun struct{ from, to, of int }

func (r groupRun) String() string {
	switch {
	case r.to-r.from == r.of:
		return "all"
	case r.to-r.from == 1:
		return fmt.Sprint(r.to)
	default:
		return fmt.Sprintf("%d to %d", r.from+1, r.to)
	}
}

// outlined is what a layer group trains with in a phase.
type outlined struct {
	lr, momentum, beta2, weightDecay course
	same                             bool // as the group before it, in all steps
}

// outline looks at every step of phase i and keeps what a line can show.
func outline(plan *learn.Plan, i int) []outlined {
	groups := make([]outlined, plan.Groups())
	phase := plan.Phases()[i]
	from, to := plan.Bounds(i)
	for step := from; step < to; step++ {
		hyper := plan.At(step).Hyper
		for k, h := range hyper {
			g := &groups[k]
			g.same = k > 0 && h == hyper[k-1] && (g.same || step == from)
			g.lr.add(h.LR, step == from)
			g.momentum.add(h.Momentum, step == from)
			g.beta2.add(phase.Beta2Of(h), step == from)
			g.weightDecay.add(h.WeightDecay, step == from)
		}
	}
	return groups
}

// sameGroups cuts the layer groups behind those that are frozen into stretches that train with the same in all steps.
func sameGroups(groups []outlined, frozen int) []groupRun {
	var runs []groupRun
	for g := frozen; g < len(groups); g++ {
		if g == frozen || !groups[g].same {
			runs = append(runs, groupRun{from: g, of: len(groups)})
		}
		runs[len(runs)-1].to = g + 1
	}
	return runs
}

// course is a value over the steps of a phase.
type course struct{ first, last, low, high float64 }

func (c *course) add(v float64, begins bool) {
	if begins {
		*c = course{v, v, v, v}
	}
	c.last, c.low, c.high = v, min(c.low, v), max(c.high, v)
}

// String is the values of the first and the last step, and between them what is beyond both.
func (c course) String() string {
	values := []float64{c.first}
	for _, v := range []float64{c.low, c.high} {
		if v < min(c.first, c.last) || v > max(c.first, c.last) {
			values = append(values, v)
		}
	}
	if c.last != c.first || len(values) > 1 {
		values = append(values, c.last)
	}
	var texts []string
	for _, v := range values {
		texts = append(texts, fmt.Sprintf("%.4g", v))
	}
	return strings.Join(texts, " to ")
}
