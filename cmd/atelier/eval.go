package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gomlx/compute"
	"github.com/spf13/cobra"

	"github.com/atelier-go/atelier/audit"
	"github.com/atelier-go/atelier/audit/report"
	"github.com/atelier-go/atelier/data"
	"github.com/atelier-go/atelier/learn"
	"github.com/atelier-go/atelier/recipe"
	"github.com/atelier-go/atelier/weights"
)

// evalFlags are the flags of `atelier eval`.
type evalFlags struct {
	recipeFlags
	data    string
	from    string
	weights string
	top     int
	json    bool

	confusion string
	wrong     string
	mostWrong int

	groups   string
	positive string
	card     string
	reports  reportFlags
}

func newEval() *cobra.Command {
	var f evalFlags
	cmd := &cobra.Command{
		Use:   "eval RUN|FILE|NAME",
		Short: "Measure a trained model",
		Long: `Measure a trained model: a checkpoint, a file of weights in a run's folder, or the folder, which means its newest
checkpoint. It is judged by its recipe's validation data, or by other pictures of the same classes. Weights from elsewhere,
safetensors or PyTorch's, are judged by the recipe that --recipe names, which may have nothing but a model and validation data;
instead of a file the name of weights does that "atelier models pull" has installed.

With --groups it says how often the model is wrong for whom, as "atelier audit" does: the file is CSV with a header, its first
column has names of pictures, or the ends of their paths, and the others are groups such as the camera or the light.`,
		Example: `  atelier eval runs/first
  atelier eval runs/first/best.safetensors --weights ema --json
  atelier eval runs/first --data photos/test
  atelier eval runs/first --confusion confusion.png --wrong wrong.png
  atelier eval resnet18-f37072fd.pth --recipe imagenet-eval --set model=resnet18
  atelier eval squeezenet1_1 --recipe imagenet-eval
  atelier eval runs/first --groups light.csv --report out.html`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.run(cmd.Context(), args[0], cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.data, "data", "", "`pictures` to judge by: a dataset of the recipe, a folder, a zip archive, or a source in YAML (default the recipe's validation data)")
	flags.StringVar(&f.from, "recipe", "", "the `recipe` of a file of weights (default that in its folder)")
	flags.StringVar(&f.weights, "weights", "raw", "which `weights`: raw, or the averages ema or swa")
	flags.IntVar(&f.top, "top", 5, "also count labels among the `k` most likely classes; 0 does not")
	flags.BoolVar(&f.json, "json", false, "print JSON")
	flags.StringVar(&f.confusion, "confusion", "", "draw the table of labels and predictions to a `file`, .png or .svg")
	flags.StringVar(&f.wrong, "wrong", "", "draw the pictures that were mistaken most surely to a `file`, .png or .svg, and list them")
	flags.IntVar(&f.mostWrong, "wrong-count", 16, "how many `pictures` --wrong draws at most")
	flags.StringVar(&f.groups, "groups", "", "CSV `file` of the groups of pictures: audit the errors by them")
	flags.StringVar(&f.positive, "positive", "", "`class` that an audit of two classes calls positive (default the second)")
	flags.StringVar(&f.card, "card", "", "YAML `file` of what people wrote about the model, for the audit's report")
	flags.StringArrayVar(&f.reports.files, "report", nil, "write the audit's report to a `file`: .html, .md, .json or .txt (repeatable)")
	f.addSet(cmd)
	f.addBackend(cmd)
	return cmd
}

// evaluation is what eval prints.
type evaluation struct {
	Checkpoint string                  `json:"checkpoint"`
	Weights    string                  `json:"weights"`        // raw, ema or swa of a checkpoint; a file of weights has only its own
	Step       int                     `json:"step,omitempty"` // of a checkpoint
	Examples   int                     `json:"examples"`
	Metrics    map[string]learn.Number `json:"metrics"`
	Classes    []string                `json:"classes"`
	Confusion  [][]int64               `json:"confusion"`       // by label, then by predicted class
	Wrong      []mistake               `json:"wrong,omitempty"` // with --wrong, the most surely mistaken first
	Audit      *audit.Audit            `json:"audit,omitempty"`

	dataset data.Dataset
}

func (f *evalFlags) run(ctx context.Context, path string, stdout, stderr io.Writer) error {
	which, err := learn.WeightsNamed(f.weights)
	if err != nil {
		return usagef("eval: --weights %s: want raw, ema or swa", f.weights)
	}
	if f.top < 0 {
		return usagef("eval: --top is %d, want at least 0", f.top)
	}
	if f.mostWrong < 1 || f.mostWrong > 400 {
		return usagef("eval: --wrong-count is %d, want 1 to 400", f.mostWrong)
	}
	if err := checkPictureOf("eval", "confusion", f.confusion); err != nil {
		return err
	}
	if err := checkPictureOf("eval", "wrong", f.wrong); err != nil {
		return err
	}
	card, err := f.auditFiles()
	if err != nil {
		return err
	}
	files, err := modelFiles(path)
	if err != nil {
		return err
	}
	for i, file := range files {
		e, err := f.evaluate(ctx, file, which, stderr)
		if errors.Is(err, learn.ErrDamaged) && i+1 < len(files) {
			fmt.Fprintf(stderr, "%v; using %s\n", err, filepath.Base(files[i+1]))
			continue
		}
		if err != nil {
			return err
		}
		return f.write(stdout, e, card)
	}
	return nil
}

// auditFiles checks the flags of an audit, and reads the card.
func (f *evalFlags) auditFiles() (card report.Card, err error) {
	if f.groups == "" {
		if f.positive != "" || f.card != "" || len(f.reports.files) > 0 {
			return card, usagef("eval: --positive, --card and --report are of an audit: --groups is missing")
		}
		return card, nil
	}
	if err := f.reports.check("eval"); err != nil {
		return card, err
	}
	if f.card != "" {
		card, err = report.ReadCard(f.card)
	}
	return card, err
}

// write prints the evaluation, and the audit if there is one; of JSON they are one.
func (f *evalFlags) write(stdout io.Writer, e *evaluation, card report.Card) error {
	if f.json {
		if err := writeJSON(stdout, e); err != nil {
			return err
		}
		stdout = io.Discard
	} else if err := e.write(stdout); err != nil {
		return err
	}
	if err := f.draw(e, stdout); err != nil {
		return err
	}
	if e.Audit == nil {
		return nil
	}
	fmt.Fprintln(stdout)
	return f.reports.write(stdout, ofAudit(e.Audit, report.Options{Card: card, Date: time.Now()}))
}

// draw draws what --confusion and --wrong ask for.
func (f *evalFlags) draw(e *evaluation, stdout io.Writer) error {
	if f.confusion != "" {
		if err := drawConfusion(e.Classes, e.Confusion, f.confusion); err != nil {
			return err
		}
		fmt.Fprintln(stdout, "wrote", f.confusion)
	}
	if f.wrong == "" {
		return nil
	}
	return writeMistakes(stdout, e.dataset, e.Wrong, f.wrong)
}

// modelFiles are the files to try for a path: itself, or a folder's checkpoints, the newest first; or the file of installed
// weights of that name.
func modelFiles(path string) ([]string, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) && !recipe.WeightsFrom(path).IsFile() {
		return installedFile(path)
	}
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	files, err := learn.Checkpoints(path)
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("%s has no checkpoints", path)
	}
	return files, err
}

// installedFile is the file of weights with a name.
func installedFile(name string) ([]string, error) {
	k, err := weights.Find(name)
	if err != nil {
		return nil, fmt.Errorf("there is no run and no file %s; %w", name, err)
	}
	cache, err := weights.DefaultCache()
	if err != nil {
		return nil, err
	}
	i, ok, err := cache.Installed(k)
	if err == nil && !ok {
		err = cache.NotInstalled(k)
	}
	return []string{cache.Path(i)}, err
}

// recipe is the one that a file was trained by, and whether the file is a checkpoint.
func (f *evalFlags) recipe(file string) (r *recipe.Recipe, checkpoint bool, err error) {
	text := ""
	if !isWeights(file) {
		if text, checkpoint, err = learn.Fingerprint(file); err != nil {
			return nil, false, err
		}
	}
	if f.from != "" {
		r, err = f.load(f.from)
		return r, checkpoint, err
	}
	if checkpoint && text != "" {
		dir, err := os.Getwd()
		if err != nil {
			return nil, false, err
		}
		if r, err = recipe.Parse(file, []byte(text), dir, recipe.Options{Set: f.sets, Precision: f.precision}); err == nil {
			f.precision = string(r.Precision)
		}
		return r, true, err
	}
	beside := filepath.Join(filepath.Dir(file), recipeFile)
	if _, err := os.Stat(beside); err != nil {
		return nil, false, fmt.Errorf("%s does not say which model it is of, and there is no %s: name a recipe with --recipe", file, beside)
	}
	r, err = f.load(beside)
	return r, checkpoint, err
}

// isWeights tells a file of weights from a checkpoint, and from what is neither.
func isWeights(file string) bool {
	f, err := weights.Open(file)
	if err != nil {
		return false
	}
	defer f.Close()
	return !learn.IsCheckpoint(f.Metadata())
}

// evaluate measures one file.
func (f *evalFlags) evaluate(ctx context.Context, file string, which learn.Weights, stderr io.Writer) (*evaluation, error) {
	r, checkpoint, err := f.recipe(file)
	if err != nil {
		return nil, err
	}
	if !checkpoint && which != learn.Raw {
		return nil, fmt.Errorf("%s has one set of weights: --weights %v wants a checkpoint", file, which)
	}
	loader, err := r.Evaluation(ctx, f.data)
	if err != nil {
		return nil, err
	}
	e := &evaluation{Checkpoint: file, Weights: which.String(), Examples: loader.Dataset.Len(), Classes: loader.Dataset.Classes(), dataset: loader.Dataset}
	if !checkpoint {
		e.Weights = "its"
	}
	backend, err := f.open(stderr)
	if err != nil {
		return nil, err
	}
	defer backend.Finalize()
	var learner *learn.Learner
	if which == learn.SWAWeights {
		learner, err = resumed(ctx, r, file, backend, e)
	} else {
		learner, err = loaded(ctx, r, file, which, backend, loader, e)
		which = learn.Raw // those that the learner has now
	}
	if err != nil {
		return nil, err
	}
	defer learner.Close()
	return e, f.measure(ctx, learner, loader, which, e)
}

// resumed is a run where a checkpoint was written. The mean of weights wants it, and the run's training pictures: the
// statistics of its norms are measured on them.
func resumed(ctx context.Context, r *recipe.Recipe, file string, backend compute.Backend, e *evaluation) (*learn.Learner, error) {
	if r.OnlyEvaluates() {
		return nil, errors.New("--weights swa measures norms on the pictures that the run was trained on, and the recipe has none")
	}
	c, err := r.Config(ctx)
	if err != nil {
		return nil, err
	}
	if err := sameClasses(file, c.Classes, e.Classes); err != nil {
		return nil, err
	}
	c.Backend, c.Dir, c.Checkpoint = backend, "", learn.CheckpointPolicy{}
	l, err := learn.New(c)
	if err != nil {
		return nil, err
	}
	if err := l.Load(file); err != nil {
		l.Close()
		return nil, err
	}
	e.Step = l.Step()
	return l, nil
}

// loaded is a model with the weights of a file, all of which have to be there.
func loaded(ctx context.Context, r *recipe.Recipe, file string, which learn.Weights, backend compute.Backend, loader *data.Loader, e *evaluation) (*learn.Learner, error) {
	w, err := openFile(file, which)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	if err := w.tellsApart(ctx, r, e.Classes); err != nil {
		return nil, err
	}
	c, err := r.EvaluationConfig(loader)
	if err != nil {
		return nil, err
	}
	i, err := w.initial(r, len(c.Classes))
	if err != nil {
		return nil, err
	}
	c.Backend = backend
	l, err := learn.New(c)
	if err != nil {
		return nil, err
	}
	if err := l.LoadTensors(i); err != nil {
		l.Close()
		return nil, err
	}
	e.Step = w.step
	return l, nil
}

// tellsApart wants the classes of pictures to be those that weights are for: the file says which these are, or the recipe
// that they were trained by. Where there is neither, the pictures say.
func (w *weightsFile) tellsApart(ctx context.Context, r *recipe.Recipe, pictures []string) error {
	classes := w.classes
	if len(classes) == 0 && !r.OnlyEvaluates() {
		c, err := r.Config(ctx)
		if err != nil {
			return fmt.Errorf("%s does not say which classes it tells apart, nor do the pictures that it was trained on: %w", w.name, err)
		}
		classes = c.Classes
	}
	if len(classes) == 0 {
		return nil
	}
	return sameClasses(w.name, classes, pictures)
}

// sameClasses wants pictures to be of what the model of a file tells apart.
func sameClasses(file string, model, pictures []string) error {
	if err := data.SameClasses(model, pictures); err != nil {
		return fmt.Errorf("%s tells other classes apart than the pictures are of: %w", file, err)
	}
	return nil
}

// measure fills in the metrics and the table.
func (f *evalFlags) measure(ctx context.Context, learner *learn.Learner, loader *data.Loader, which learn.Weights, e *evaluation) error {
	confusion := learn.Confusion{Classes: e.Classes}
	metrics := []learn.Metric{learn.Accuracy{}, confusion}
	if f.top > 1 && f.top < len(e.Classes) {
		metrics = append(metrics, learn.TopK{K: f.top})
	}
	if f.wrong != "" {
		metrics = append(metrics, surely{})
	}
	var groups *pictureGroups
	if f.groups != "" {
		var err error
		if groups, err = readPictureGroups(f.groups); err != nil {
			return err
		}
		if _, err := groups.of(loader.Dataset); err != nil { // before the work
			return err
		}
		metrics = append(metrics, predictions{})
	}
	values, tables, err := learner.Evaluate(ctx, loader, which, metrics...)
	if err != nil {
		return err
	}
	e.Metrics = map[string]learn.Number{}
	for name, v := range values {
		e.Metrics[name] = learn.Number(v)
	}
	if counts, ok := tables[confusion.Name()].(*learn.ConfusionCounts); ok {
		e.Confusion = counts.Counts
	}
	if rows, ok := tables[surely{}.Name()].(*certainties); ok {
		delete(e.Metrics, surely{}.Name())
		if e.Wrong, err = rows.worst(loader.Dataset, f.mostWrong); err != nil {
			return err
		}
	}
	if p, ok := tables[predictions{}.Name()].(*predicted); ok {
		delete(e.Metrics, predictions{}.Name())
		e.Audit, err = groups.audit(loader.Dataset, p, filepath.Base(e.Checkpoint), f.positive)
	}
	return err
}

func (e *evaluation) write(w io.Writer) error {
	fmt.Fprintf(w, "%s, %s weights, %d pictures\n", e.Checkpoint, e.Weights, e.Examples)
	values := map[string]float64{}
	for name, v := range e.Metrics {
		values[name] = float64(v)
	}
	writeMetrics(w, values)
	return writeConfusion(w, &learn.ConfusionCounts{Classes: e.Classes, Counts: e.Confusion})
}

// writeMetrics prints a line for each metric.
func writeMetrics(w io.Writer, values map[string]float64) {
	width := 0
	for name := range values {
		width = max(width, len(name))
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		fmt.Fprintf(w, "%-*s  %.4f\n", width, strings.ReplaceAll(name, "_", " "), values[name])
	}
}
