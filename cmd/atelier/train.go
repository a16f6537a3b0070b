package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/atelier-go/atelier/atomicfile"
	"github.com/atelier-go/atelier/filelock"
	"github.com/atelier-go/atelier/learn"
	"github.com/atelier-go/atelier/recipe"
)

// recipeFile is what a run's folder has the recipe in.
const recipeFile = "recipe.yaml"

// What a recipe's report leaves.
const (
	confusionFile = "confusion.png"
	mostWrongFile = "most-wrong.png"
)

// trainFlags are the flags of `atelier train`.
type trainFlags struct {
	recipeFlags
	out    string
	resume bool
	init   string
}

func newTrain() *cobra.Command {
	var f trainFlags
	cmd := &cobra.Command{
		Use:   "train [recipe.yaml]",
		Short: "Train a model in the phases of a recipe",
		Long: `Train a model in the phases of a recipe. Without a recipe a small network learns to tell drawn shapes apart, in
under a minute, to show that everything works.

The folder of results gets the recipe, checkpoints, the weights for other programs, the history (a line of JSON for each
step and epoch) and plots. Ctrl-C finishes the step, saves, and prints the command that goes on; a run that was killed
goes on from its last checkpoint, to the same bits.

Data that a recipe's folder does not have are looked for in $ATELIER_DATA.

With --until the run ends at the first epoch that reaches a goal. Training time without evaluation, epochs, FLOPs, hardware
and cost go to dawnbench.json and dawnbench.tsv, in DAWNBench's format, for "atelier leaderboard". A run that ends without
reaching its goal says how far it came and exits with 1. The goal is kept: --resume goes on to it, with the time so far.

With --init the model begins with weights instead of random numbers: of a file (safetensors, PyTorch's, or a checkpoint), of
an entry of "atelier models list" that is installed, or "embedded", the network that is compiled in. The head starts anew where
it is for other classes. What fitted is printed; weights of another network are refused, unless the recipe says
init: {partial: true}.

Recipes that are built in, by name: ` + strings.Join(embeddedNames(), ", ") + ".",
		Example: `  atelier train
  atelier train recipe.yaml --out runs/first --set phases.0.lr=0.01
  atelier train recipe.yaml --until top1=0.94 --price-per-hour 0.10
  atelier train fine-tune --init squeezenet1_1
  atelier train --resume --out runs/first`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if p := f.pricePerHour; cmd.Flags().Changed("price-per-hour") && (!(p > 0) || math.IsInf(p, 0)) {
				return usagef("train: --price-per-hour is %v, want USD above 0", p)
			}
			name := ""
			if len(args) > 0 {
				name = args[0]
			}
			return f.run(cmd.Context(), name, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.out, "out", "", "`folder` of results (default the recipe's, or runs/ and the recipe's name)")
	flags.Var(goalFlag{&f.until}, "until", "end at a `goal`, as in top1=0.94 or valid_loss=0.3, and record the time it took")
	flags.Float64Var(&f.pricePerHour, "price-per-hour", 0, "on-demand price of the machine in `USD`, for the cost of reaching the goal")
	flags.BoolVar(&f.resume, "resume", false, "go on with the run in the folder; without a recipe, with the folder's own")
	flags.StringVar(&f.init, "init", "", "`weights` to begin with: a file, or a name")
	f.addSet(cmd)
	f.addBackend(cmd)
	return cmd
}

func (f *trainFlags) run(ctx context.Context, name string, stdout, stderr io.Writer) error {
	if f.init != "" {
		if f.resume {
			return usagef("train: --init is about a run's beginning: --resume goes on with the weights that it has")
		}
		setting, err := setInit(f.init)
		if err != nil {
			return err
		}
		f.sets = append(f.sets, setting)
	}
	r, err := f.recipe(name)
	if err != nil {
		return err
	}
	dir := f.folder(name, r)
	if err := f.check(dir, name); err != nil {
		return err
	}
	config, err := r.Config(ctx)
	if err != nil {
		return err
	}
	if config.Backend, err = f.open(stderr); err != nil {
		return err
	}
	defer config.Backend.Finalize()
	config.Dir, config.Progress = dir, stderr
	var record *recorder
	if config.Until.Metric != "" {
		if record, err = f.newRecorder(r, config, dir); err != nil {
			return err
		}
		config.Handlers = append(config.Handlers, record)
	}
	learner, err := learn.New(config)
	if err != nil {
		return r.Locate(err)
	}
	defer learner.Close()
	if err := learner.CheckBatches(); err != nil {
		return r.Locate(err)
	}
	_, missing := os.Stat(dir)
	lock, err := f.lock(dir, name)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := f.prepare(learner, config, r, stderr); err != nil {
		if missing != nil {
			os.Remove(dir) // which is empty, or else stays
		}
		return err
	}
	result, err := learner.Run(ctx)
	if err != nil {
		return err
	}
	if err := f.report(ctx, result, learner, r, stdout, stderr); err != nil || record == nil {
		return err
	}
	return record.report(stdout)
}

// recipe reads the recipe; that of the folder where a run goes on without one.
func (f *trainFlags) recipe(name string) (*recipe.Recipe, error) {
	if name == "" && f.resume {
		dir := f.out
		if dir == "" {
			dir = filepath.Join("runs", runName(builtIn))
		}
		path := filepath.Join(dir, recipeFile)
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("there is no run to resume in %s: %s is missing", dir, path)
		}
		return f.load(path)
	}
	return f.load(name)
}

// folder is where results go.
func (f *trainFlags) folder(name string, r *recipe.Recipe) string {
	switch {
	case f.out != "":
		return f.out
	case r.Out != "":
		return string(r.Out)
	case name == "":
		name = builtIn
	}
	return filepath.Join("runs", runName(name))
}

func runName(recipe string) string {
	return strings.TrimSuffix(filepath.Base(recipe), filepath.Ext(recipe))
}

// check refuses to write over a run or the recipe that was read, and to resume none.
func (f *trainFlags) check(dir, name string) error {
	there := map[string]bool{}
	for _, file := range []string{recipeFile, learn.HistoryFile} {
		_, err := os.Stat(filepath.Join(dir, file))
		there[file] = err == nil
	}
	switch {
	case !there[learn.HistoryFile] && sameFile(name, filepath.Join(dir, recipeFile)):
		return fmt.Errorf("results in %s would replace %s, the recipe that was read: choose another folder with --out", dir, name)
	case (there[recipeFile] || there[learn.HistoryFile]) && !f.resume:
		return fmt.Errorf("%s has a run already: go on with it by --resume, or choose another folder with --out", dir)
	case !there[recipeFile] && !there[learn.HistoryFile] && f.resume:
		return fmt.Errorf("there is no run to resume in %s", dir)
	}
	return nil
}

func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	y, err2 := os.Stat(b)
	return err == nil && err2 == nil && os.SameFile(x, y)
}

// lock makes the folder and keeps other processes from training there, which may have begun since check has looked. What
// a process that was killed did not finish writing goes.
func (f *trainFlags) lock(dir, name string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	lock, err := filelock.TryOpen(dir)
	if errors.Is(err, filelock.ErrLocked) {
		return nil, fmt.Errorf("another process is training in %s: wait for it, or choose another folder with --out", dir)
	}
	if err != nil {
		return nil, err
	}
	if err := f.check(dir, name); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	if _, err := atomicfile.Sweep(dir); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}

// prepare puts the learner where the run was left, or gives it the weights to begin with, and writes the recipe.
func (f *trainFlags) prepare(l *learn.Learner, c learn.Config, r *recipe.Recipe, stderr io.Writer) error {
	begins := !f.resume
	if f.resume {
		notes, err := l.Resume()
		for _, n := range notes {
			fmt.Fprintln(stderr, n)
		}
		if errors.Is(err, learn.ErrNoCheckpoint) && len(notes) == 0 {
			fmt.Fprintf(stderr, "there is no checkpoint in %s yet: training begins at step 1\n", l.Dir())
			begins = true
		} else if err != nil {
			return err
		} else if err := sameBeginning(r, l); err != nil {
			return err
		}
	}
	if begins {
		if err := initialise(r, l, c, stderr); err != nil {
			return err
		}
	}
	return atomicfile.Write(filepath.Join(l.Dir(), recipeFile), func(w io.Writer) error {
		_, err := io.WriteString(w, r.Text())
		return err
	})
}

// report says how a run ended, and draws it.
func (f *trainFlags) report(ctx context.Context, result *learn.Result, l *learn.Learner, r *recipe.Recipe, stdout, stderr io.Writer) error {
	dir := l.Dir()
	files, err := draw(l.Plan(), dir)
	if err != nil {
		return err
	}
	if stop := result.Stop; stop != nil {
		switch stop.Kind {
		case learn.StopInterrupted:
			fmt.Fprintf(stderr, "saved; go on with\n  %s\n", f.resumeCommand(dir))
			return ctx.Err()
		case learn.StopDiverged:
			return fmt.Errorf("training diverged: %s", stop.Reason)
		}
	}
	if result.Skipped > 0 {
		fmt.Fprintf(stdout, "%d pictures could not be read and were skipped\n", result.Skipped)
	}
	writeMetrics(stdout, result.Metrics)
	if err := f.mistakes(ctx, l, r, stdout); err != nil {
		return err
	}
	written, err := weightFiles(dir)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "%d steps in %v; in %s: %s\n", result.Steps, result.Elapsed.Round(100*time.Millisecond), dir,
		strings.Join(append(written, files...), ", "))
	return err
}

// mistakes evaluates once more where the recipe asks for a table of confusions and the most wrong pictures.
func (f *trainFlags) mistakes(ctx context.Context, l *learn.Learner, r *recipe.Recipe, stdout io.Writer) error {
	if r.Report == (recipe.Report{}) {
		return nil
	}
	loader, err := r.Evaluation(ctx, "")
	if err != nil {
		return err
	}
	classes := loader.Dataset.Classes()
	_, tables, err := l.Evaluate(ctx, loader, learn.Raw, learn.Confusion{Classes: classes}, surely{})
	if err != nil {
		return err
	}
	if counts, ok := tables[learn.Confusion{}.Name()].(*learn.ConfusionCounts); ok && r.Report.Confusion {
		if err := writeConfusion(stdout, counts); err != nil {
			return err
		}
		if err := drawConfusion(classes, counts.Counts, filepath.Join(l.Dir(), confusionFile)); err != nil {
			return err
		}
	}
	rows, ok := tables[surely{}.Name()].(*certainties)
	if !ok || r.Report.MostWrong == 0 {
		return nil
	}
	worst, err := rows.worst(loader.Dataset, r.Report.MostWrong)
	if err != nil {
		return err
	}
	return writeMistakes(stdout, loader.Dataset, worst, filepath.Join(l.Dir(), mostWrongFile))
}

// resumeCommand is what to type to go on.
func (f *trainFlags) resumeCommand(dir string) string {
	words := []string{"train", "--resume", "--out", dir}
	if f.threads != runtime.GOMAXPROCS(0) {
		words = append(words, "--threads", strconv.Itoa(f.threads))
	}
	if f.isa != "" {
		words = append(words, "--isa", f.isa)
	}
	if f.backend != "" {
		words = append(words, "--backend-config", f.backend)
	}
	return shellCommand(words...)
}

// draw writes the plots of a run.
func draw(plan *learn.Plan, dir string) ([]string, error) {
	h, err := learn.ReadHistory(dir)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, f := range []struct {
		name string
		save func(path string) error
	}{
		{"schedule.png", plan.Figure(learn.FigureOptions{}).Save},
		{"history.png", h.Figure().Save},
		{"loss-over-rate.png", h.LossOverRate(false, 10, 5).Save},
	} {
		if err := f.save(filepath.Join(dir, f.name)); err != nil {
			return nil, err
		}
		files = append(files, f.name)
	}
	return files, nil
}

// weightFiles are the names of the files that a run left beside its plots.
func weightFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".safetensors") || e.Name() == confusionFile || e.Name() == mostWrongFile || e.Name() == learn.HistoryFile || e.Name() == recipeFile {
			names = append(names, e.Name())
		}
	}
	return names, nil
}
