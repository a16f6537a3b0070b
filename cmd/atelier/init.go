package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/atelier-go/atelier/atomicfile"
	"github.com/atelier-go/atelier/data"
	"github.com/atelier-go/atelier/learn"
	"github.com/atelier-go/atelier/nearest"
	"github.com/atelier-go/atelier/recipe"
	builtinnet "github.com/atelier-go/atelier/style/embedded"
	"github.com/atelier-go/atelier/weights"
	"github.com/atelier-go/atelier/zoo"
)

// initFile is what a run's folder has all names of what became of the weights in that it began with.
const initFile = "init.txt"

// embeddedWeights is the name of the network that is compiled in.
const embeddedWeights = "embedded"

// setInit is the change of a recipe that --init is.
func setInit(from string) (string, error) {
	if w := recipe.WeightsFrom(from); w.IsFile() {
		path, err := filepath.Abs(from)
		if err != nil {
			return "", err
		}
		from = path
	}
	text, err := json.Marshal(from) // which YAML reads
	return "init.from=" + string(text), err
}

// weightsFile is an open file of weights.
type weightsFile struct {
	*weights.File
	name    string
	hash    string
	tensors learn.Tensors
	classes []string
	model   string    // empty if it is not known
	step    int       // of a checkpoint
	input   zoo.Input // what its pictures were, if known
	known   bool
	bgr     bool
}

// openWeights opens a file, a checkpoint, or weights with a name: installed ones, or those that are compiled in.
func openWeights(from recipe.WeightsFrom, which learn.Weights) (*weightsFile, error) {
	f, err := openNamed(from)
	if err != nil {
		return nil, err
	}
	return readFile(f, string(from), which)
}

// openFile opens a file, or a checkpoint.
func openFile(path string, which learn.Weights) (*weightsFile, error) {
	f, err := weights.Open(path)
	if err != nil {
		return nil, err
	}
	return readFile(f, path, which)
}

func readFile(f *weights.File, name string, which learn.Weights) (*weightsFile, error) {
	w := &weightsFile{File: f, name: name}
	if err := w.read(which); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return w, nil
}

func openNamed(from recipe.WeightsFrom) (*weights.File, error) {
	if from.IsFile() {
		return weights.Open(string(from))
	}
	if from == embeddedWeights {
		return builtinnet.File()
	}
	if _, err := weights.Find(string(from)); err != nil {
		if _, missing := os.Stat(string(from)); missing == nil {
			return nil, fmt.Errorf("%w, and %s; a file of that name is called ./%s", err, embeddedWeights, from)
		}
		if _, near := nearest.Name(string(from), []string{embeddedWeights}); near {
			return nil, fmt.Errorf("there are no weights %q: did you mean %q?", from, embeddedWeights)
		}
		return nil, fmt.Errorf("%w, and %s", err, embeddedWeights)
	}
	cache, err := weights.DefaultCache()
	if err != nil {
		return nil, err
	}
	return cache.Open(string(from))
}

// read finds out what the file says of itself, and takes the tensors out of a checkpoint.
func (w *weightsFile) read(which learn.Weights) (err error) {
	w.tensors, w.classes, w.model = w.File, learn.ClassesOf(w.Metadata()), learn.ModelOf(w.Metadata())
	if w.hash, err = w.SHA256(); err != nil {
		return err
	}
	if w.input, w.bgr, w.known, err = w.Preprocess(w.hash); err != nil {
		return err
	}
	if !learn.IsCheckpoint(w.Metadata()) {
		if which != learn.Raw {
			return fmt.Errorf("%s has one set of weights: %v are those of a checkpoint", w.name, which)
		}
		return nil
	}
	c, err := learn.ReadWeights(w.name, which)
	if err != nil {
		return err
	}
	w.tensors, w.classes, w.model, w.step = c, c.Classes(), c.Model(), c.Step()
	return nil
}

// initial is what a learner wants to know of the weights and of the model of a recipe.
func (w *weightsFile) initial(r *recipe.Recipe, classes int) (learn.Initial, error) {
	i, err := r.Initial(classes)
	i.Tensors, i.Name, i.Hash, i.BGR, i.Classes, i.Model = w.tensors, w.name, w.hash, w.bgr, w.classes, w.model
	return i, err
}

// initialise gives a model the weights that its recipe has it begin with, if any, and says what fits.
func initialise(r *recipe.Recipe, l *learn.Learner, c learn.Config, stderr io.Writer) error {
	if r.Init.From == "" {
		return nil
	}
	w, err := openWeights(r.Init.From, r.Init.Which())
	if err != nil {
		return err
	}
	defer w.Close()
	i, err := w.initial(r, len(c.Classes))
	if err != nil {
		return err
	}
	report, err := l.Initialise(i)
	if err != nil {
		return err
	}
	fmt.Fprint(stderr, report)
	err = atomicfile.Write(filepath.Join(l.Dir(), initFile), func(w io.Writer) error {
		_, err := io.WriteString(w, report.Full())
		return err
	})
	if err != nil {
		return err
	}
	for _, p := range c.Phases {
		if n := p.Data.Train.Normalise; w.known && !sees(n, w.input) {
			fmt.Fprintf(stderr, "  note: these weights want pictures normalised by mean %.4g and std %.4g; dataset %s has mean %.4g and std %.4g\n",
				w.input.Mean, w.input.Std, p.Data.Name, n.Mean, n.Std)
			break
		}
	}
	return nil
}

// sees tells whether pictures come as weights want them, to within a few hundredths.
func sees(n data.Normalise, in zoo.Input) bool {
	near := func(values []float64, none float64, want [3]float64) bool {
		if len(values) == 0 {
			values = []float64{none}
		}
		if len(values) == 1 {
			values = slices.Repeat(values, 3)
		}
		for c, v := range values {
			if c < 3 && math.Abs(v-want[c]) > 0.03 {
				return false
			}
		}
		return true
	}
	return near(n.Mean, 0, in.Mean) && near(n.Std, 1, in.Std)
}

// sameBeginning wants a run that goes on to have begun as its recipe says. Weights that are gone cannot be compared.
func sameBeginning(r *recipe.Recipe, l *learn.Learner) error {
	began := l.InitialHash()
	switch {
	case r.Init.From == "" && began != "":
		return fmt.Errorf("the run began with weights (SHA-256 %.12s...), the recipe has no init: it has to stay as it was", began)
	case r.Init.From == "":
		return nil
	case began == "":
		return fmt.Errorf("the run began with random numbers: the recipe's init comes too late; start anew in another folder")
	}
	w, err := openWeights(r.Init.From, r.Init.Which())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	defer w.Close()
	if w.hash != began {
		return fmt.Errorf("the run began with other weights than %s is now (SHA-256 %.12s..., not %.12s...)", w.name, began, w.hash)
	}
	return nil
}
