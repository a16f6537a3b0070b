package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/atelier-go/atelier/learn"
	"github.com/atelier-go/atelier/race"
)

// leaderboardFlags are the flags of `atelier leaderboard`.
type leaderboardFlags struct {
	by    race.Order
	until learn.Goal
	plot  string
	json  bool
}

func newLeaderboard() *cobra.Command {
	f := leaderboardFlags{by: race.ByTime}
	cmd := &cobra.Command{
		Use:   "leaderboard DIR...",
		Short: "Rank records of time and cost to a goal",
		Long: `Rank records of how long training took to reach a goal, and what it cost: those that "atelier train --until" leaves in a
run's folder, and DAWNBench's entries, in folders and the folders below them. Each task and goal has a table, and goals that
were reached with several views (tta_top1) or averaged weights (ema_top1, swa_top1) have tables of their own. Times are of
training without evaluation, up to the first epoch that reached the goal.

Entries that are malformed, or have a spot price, are named with file and line; the others are shown, and the exit code is
then 1.`,
		Example: `  atelier leaderboard runs
  atelier leaderboard runs dawn-bench-entries/CIFAR10 --by cost --plot cost.png
  atelier leaderboard runs --until top1=0.9
  atelier leaderboard runs --until tta_top1=0.9`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.run(args, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.Var(choice[race.Order]{&f.by, race.Orders()}, "by", "sort by: "+names(race.Orders()))
	flags.Var(goalFlag{&f.until}, "until", "another `goal` for all training, as in top1=0.9; what has no epochs with it is left out")
	flags.StringVar(&f.plot, "plot", "", "draw accuracy over time and cost to a `file`, .png or .svg")
	flags.BoolVar(&f.json, "json", false, "print JSON")
	return cmd
}

func (f *leaderboardFlags) run(paths []string, stdout, stderr io.Writer) error {
	if err := checkPicture("leaderboard", f.plot); err != nil {
		return err
	}
	if err := f.until.CheckValue(); err != nil {
		return usagef("leaderboard: --until: %w", err)
	}
	entries, problems := race.ReadAll(paths...)
	if len(entries) == 0 && problems == nil {
		return fmt.Errorf("there are no entries in %s: want what atelier train --until writes, or DAWNBench's", strings.Join(paths, ", "))
	}
	if f.until.Metric != "" {
		var err error
		goal, metric := columnGoal(f.until)
		entries, err = judgedBy(entries, goal, metric, stderr)
		problems = errors.Join(problems, err)
	}
	if len(entries) == 0 {
		return problems
	}
	boards := race.Boards(entries, f.by)
	err := f.write(stdout, boards)
	if err == nil && f.plot != "" {
		err = plotBoards(boards, f.plot)
	}
	return errors.Join(problems, err)
}

// columnGoal is a goal as TSV files have it, and the metric that its column has to show, as race.Entry.Metric has it: top1,
// top5 and f1 are DAWNBench's columns, loss is that of validation, others are names of columns. Of several views or averaged
// weights, as tta_top1 and ema_loss, the columns are the same, but for those that have the name of the metric.
func columnGoal(g learn.Goal) (goal race.Goal, metric string) {
	kind, name := "", g.Metric
	for _, k := range []string{"ema_", "swa_", "tta_"} {
		if rest, is := strings.CutPrefix(g.Metric, k); is {
			kind, name = k, rest
		}
	}
	name = strings.TrimPrefix(name, "valid_")
	percent := scoreColumn{times: 100}.show(g.Value)
	switch {
	case name == "top1" || name == "accuracy":
		goal, metric = race.Goal{Column: race.Top1, Value: percent}, "valid_accuracy"
	case name == "top5":
		goal, metric = race.Goal{Column: race.Top5, Value: percent}, "valid_top5"
	case g.Metric == "f1":
		return race.Goal{Column: race.F1, Value: g.Value}, ""
	case name == "loss":
		return race.Goal{Column: kind + learn.MetricValidLoss, Value: g.Value}, ""
	default:
		return race.Goal{Column: g.Metric, Value: g.Value}, ""
	}
	if kind == "" {
		return goal, ""
	}
	return goal, kind + metric
}

// judgedBy gives entries of training another goal; others, those that do not have its column, and those whose column shows
// another metric are left out, and counted.
func judgedBy(entries []*race.Entry, goal race.Goal, metric string, stderr io.Writer) ([]*race.Entry, error) {
	var judged []*race.Entry
	var others []string // metrics
	for _, e := range entries {
		if e.Progress == nil {
			continue
		}
		if m := e.Metric(goal.Column); m != metric {
			others = append(others, cmp.Or(m, goal.Column))
		} else if e.SetGoal(goal) == nil {
			judged = append(judged, e)
		}
	}
	what := cmp.Or(metric, goal.Column)
	if len(judged) == 0 && len(entries) > 0 {
		slices.Sort(others)
		if others = slices.Compact(others); len(others) > 0 {
			what += ", only with " + strings.Join(others, ", ")
		}
		return nil, fmt.Errorf("none of the %d entries has epochs with %s", len(entries), what)
	}
	if n := len(entries) - len(judged); n > 0 {
		fmt.Fprintf(stderr, "%d of %d entries have no epochs with %s and are left out\n", n, len(entries), what)
	}
	return judged, nil
}

func plotBoards(boards []race.Board, path string) error {
	figure, err := race.Figure(boards)
	if err != nil {
		return err
	}
	return figure.Save(path)
}

func (f *leaderboardFlags) write(w io.Writer, boards []race.Board) error {
	if f.json {
		return writeJSON(w, boards)
	}
	for i, b := range boards {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if err := writeBoard(w, b); err != nil {
			return err
		}
	}
	return nil
}

// writeBoard prints a table; what an entry does not say is a dash.
func writeBoard(w io.Writer, b race.Board) error {
	fmt.Fprintln(w, b.Title())
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	time, epoch := "time", "epoch\tFLOPs\t"
	if b.Inference {
		time, epoch = "latency", ""
	}
	fmt.Fprintf(t, "%s\tcost\t%s\t%smodel\thardware\tdate\tentry\n", time, b.Goal.Column, epoch)
	for _, s := range b.Standings {
		e := s.Entry
		duration, cost := "-", "-"
		if s.Reached {
			duration = race.Duration(s.Seconds)
		}
		if s.Cost > 0 {
			cost = race.Dollars(s.Cost)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t", duration, cost, strconv.FormatFloat(s.Score, 'g', 4, 64))
		if !b.Inference {
			fmt.Fprintf(t, "%v\t%s\t", s.Epoch, flopsOf(s))
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", cell(e.Model, 36), cell(e.Hardware, 48), e.Date, entryName(e))
	}
	return t.Flush()
}

// flopsOf are those to the goal that the entry was written for.
func flopsOf(s race.Standing) string {
	n := s.Entry.Notes
	if n == nil || !s.Reached || float64(n.Epochs) != s.Epoch {
		return "-"
	}
	return race.FLOPs(n.FLOPs)
}

// cell is a text on one line that is not too long for a table.
func cell(text string, most int) string {
	visible := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' ' // or a foreign entry could write anything to the terminal
		}
		return r
	}, text)
	runes := []rune(strings.Join(strings.Fields(visible), " "))
	if len(runes) > most {
		return string(runes[:most-3]) + "..."
	}
	return string(runes)
}

// entryName is where an entry is: a run's folder, or a file.
func entryName(e *race.Entry) string {
	if filepath.Base(e.File) == recordFile {
		return filepath.Dir(e.File)
	}
	return e.File
}
