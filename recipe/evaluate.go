package recipe

import (
	"context"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/atelier-go/atelier/data"
	"github.com/atelier-go/atelier/learn"
)

// Evaluation gives the data that a model is to be judged by: pictures as validation of the last phase sees them. what is
// empty for its validation data itself, or the name of a dataset, or the path of a folder or a zip archive, or a source
// in YAML such as "{folder: {path: photos, dir: test}}". Reading pictures into memory ends when ctx does.
func (r *Recipe) Evaluation(ctx context.Context, what string) (*data.Loader, error) {
	name, path := r.Data, "data"
	if !r.OnlyEvaluates() {
		name, path = r.dataOf(len(r.Phases) - 1)
	}
	b := &builder{recipe: r, sources: sources{open: map[string]data.Dataset{}, decode: true}}
	if _, there := r.Datasets[what]; there {
		name, what = what, ""
	}
	s := r.Datasets[name]
	switch {
	case what != "":
		source, err := r.source(what)
		if err != nil {
			return nil, err
		}
		s.Valid = source
	case s.Valid == nil:
		return nil, fmt.Errorf("%s: dataset %q has no validation data: name pictures to evaluate on", r.at(r.lines[path]), name)
	}
	valid, err := b.sources.dataset(ctx, *s.Valid)
	if err != nil {
		return nil, err
	}
	l := s.validLoader(valid)
	return l, l.Check()
}

// OnlyEvaluates tells whether the recipe has no phases: it is for weights that were trained elsewhere.
func (r *Recipe) OnlyEvaluates() bool { return len(r.Phases) == 0 }

// EvaluationConfig is what learn.New wants for measuring a model that tells apart what loader's pictures are of, and whose
// weights are going to be put in. Nothing is trained, and no pictures to train on are needed.
func (r *Recipe) EvaluationConfig(loader *data.Loader) (learn.Config, error) {
	classes := loader.Dataset.Classes()
	m, err := r.model(len(classes))
	if err != nil {
		return learn.Config{}, err
	}
	network := learnModel(m)
	network.Prepare = nil // the weights are going to be others
	return learn.Config{
		Model:   network,
		Loss:    learn.CrossEntropy(r.Loss.LabelSmoothing),
		Phases:  []learn.Phase{{Data: &learn.Data{Name: r.Data, Train: loader}, Steps: 1}},
		Seed:    r.Seed,
		Classes: classes,
	}, nil
}

// source reads what Evaluation is asked for.
func (r *Recipe) source(what string) (*Source, error) {
	s := &Source{}
	if strings.HasPrefix(what, "{") {
		root, err := parse(what, []byte(what))
		if err != nil {
			return nil, err
		}
		dir, err := os.Getwd()
		if err != nil {
			return nil, err
		}
		d := &decoder{file: what, dir: dir, lines: map[string]int{}}
		d.value(root, reflect.ValueOf(s).Elem(), "")
		return s, d.err()
	}
	info, err := os.Stat(what)
	switch {
	case err != nil:
		return nil, fmt.Errorf("there is no dataset and no file %q; the recipe's datasets are %s", what, strings.Join(slices.Sorted(maps.Keys(r.Datasets)), ", "))
	case info.IsDir():
		s.Folder = &Files{Path: Path(what)}
	case strings.HasSuffix(strings.ToLower(what), ".zip"):
		s.Zip = &Files{Path: Path(what)}
	default:
		return nil, fmt.Errorf("%s: want a folder, a zip archive, or a source in YAML such as {idx: {pictures: a, labels: b}}", what)
	}
	return s, nil
}
