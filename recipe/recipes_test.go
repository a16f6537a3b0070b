package recipe_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gomlx/compute"

	_ "github.com/atelier-go/atelier/cpu"
	"github.com/atelier-go/atelier/data"
	"github.com/atelier-go/atelier/learn"
	"github.com/atelier-go/atelier/recipe"
	"github.com/atelier-go/atelier/recipes"
)

// each calls do for every recipe of the project.
func each(t *testing.T, do func(t *testing.T, name string, text []byte)) {
	names, err := fs.Glob(recipes.Files, "*.yaml")
	if err != nil || len(names) < 16 {
		t.Fatalf("%d recipes, %v", len(names), err)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			text, err := recipes.Files.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if r, err := recipe.Parse(name, text, t.TempDir(), recipe.Options{}); err == nil && r.OnlyEvaluates() {
				t.Skip("there is nothing to train")
			}
			do(t, name, drawnInstead(text))
		})
	}
}

// drawnInstead puts drawn pictures in the place of a folder of the reader's own.
func drawnInstead(text []byte) []byte {
	return bytes.ReplaceAll(bytes.ReplaceAll(text,
		[]byte("{folder: {path: pictures, dir: train}, memory: true}"), []byte("{shapes: {n: 900}}")),
		[]byte("{folder: {path: pictures, dir: valid}, memory: true}"), []byte("{shapes: {n: 100}}"))
}

// dataDir is where large data are.
func dataDir() string {
	return cmp.Or(os.Getenv("ATELIER_DATA"), filepath.Join("..", "..", "shared", "data"))
}

// needsData skips recipes whose data are not here.
func needsData(t *testing.T, text []byte) {
	for what, where := range map[string]string{
		"fashion_mnist": data.FashionMNISTDir, "cifar10-jpeg": filepath.Join(dataDir(), "cifar10-jpeg"), "path: imagenet": filepath.Join(dataDir(), "imagenet"),
	} {
		if bytes.Contains(text, []byte(what)) {
			if _, err := os.Stat(where); err != nil {
				t.Skipf("needs %s", where)
			}
		}
	}
}

func load(t *testing.T, name string, text []byte, set ...string) *recipe.Recipe {
	t.Helper()
	r, err := recipe.Parse(name, text, t.TempDir(), recipe.Options{Set: set, Data: dataDir()})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRecipesHavePlans(t *testing.T) {
	each(t, func(t *testing.T, name string, text []byte) {
		needsData(t, text)
		p, err := load(t, name, text).Plan()
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := p.WriteCSV(&out); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(&out).ReadAll()
		if err != nil || len(rows) != p.Steps()+1 {
			t.Fatalf("%d rows for %d steps, %v", len(rows), p.Steps(), err)
		}
		lr := slices.Index(rows[0], "lr_"+strconv.Itoa(p.Groups()))
		for step, row := range rows[1:] {
			if v, err := strconv.ParseFloat(row[lr], 64); err != nil || v != p.At(step).Hyper[p.Groups()-1].LR {
				t.Fatalf("step %d: %q in the table, %v in training", step, row[lr], p.At(step).Hyper)
			}
		}
		for _, o := range []learn.FigureOptions{{}, {HideText: true, HideMomentum: true}} {
			if err := p.Figure(o).WriteSVG(&out); err != nil {
				t.Error(err)
			}
		}
	})
}

// The boundaries of fastai's notebook: phases_sgdr(2, 1, 2) with 782 batches an epoch.
func TestNotebooksBoundaries(t *testing.T) {
	text, err := recipes.Files.ReadFile("sgdr.yaml")
	if err != nil {
		t.Fatal(err)
	}
	p, err := load(t, "sgdr.yaml", text).Plan()
	if err != nil {
		t.Fatal(err)
	}
	var lengths []int
	for i := range p.Phases() {
		from, to := p.Bounds(i)
		lengths = append(lengths, to-from)
	}
	if !slices.Equal(lengths, []int{40, 742, 1564}) {
		t.Errorf("phases of %v steps", lengths)
	}
}

// smaller is what else recipes need to be a matter of seconds.
var smaller = map[string][]string{
	"cifar10-airbench94.yaml": {"model=airbench94-8"},
	"cifar10-airbench95.yaml": {"model=airbench95-8"},
	"cifar10-airbench96.yaml": {"model=airbench96-8"},
	"cifar10-growing.yaml":    {"model=airbench94-8"},
	"cifar10-fast.yaml":       {"model=airbench94-8"},
	"cifar10-resnet9.yaml":    {"model=resnet9-4"},
	"cifar10-basenet.yaml":    {"model=cifar+preact-8x1-8x1+concat", "phases.0.epochs=3", "phases.1.epochs=3", "phases.2.epochs=1", "phases.3.epochs=1"},
	"cifar10-dawn.yaml":       {"model=wrn-10-1"},
	"imagenet-resnet50.yaml": {"model=cifar+bottleneck-4x1-4x1+average",
		"datasets.128.transforms=[flip]", "datasets.128.valid_transforms=[]",
		"datasets.224.transforms=[{resize: 24}]", "datasets.224.valid_transforms=[{resize: 24}]",
		"datasets.imagenet.transforms=[{resize: 28}]", "datasets.imagenet.valid_transforms=[{resize: 28}]"},
	"lars-imagenet.yaml":      {"model=cifar+bottleneck-4x1-4x1+average", "datasets.imagenet.transforms=[flip]", "datasets.imagenet.valid_transforms=[]"},
	"lars-fashion-mnist.yaml": {"model=cifar+resnet-4x1-8x1+concat"},
}

// tiny makes a run of a few steps of a recipe.
func tiny(t *testing.T, name string, text []byte) *recipe.Recipe {
	r := load(t, name, text)
	var set []string
	for dataset, d := range r.Datasets {
		if dataset == recipe.Drawn && len(r.Datasets) > 1 {
			continue // the one that is always there; to name it would make it one of several
		}
		size := 16
		if s := d.Train.Shapes; s != nil && s.Size != 0 {
			size = s.Size
		}
		set = append(set,
			fmt.Sprintf("datasets.%s.train={shapes: {n: 24, size: %d, seed: 1}}", dataset, size),
			fmt.Sprintf("datasets.%s.valid={shapes: {n: 8, size: %d, seed: 2}}", dataset, size),
			fmt.Sprintf("datasets.%s.batch=8", dataset))
	}
	slices.Sort(set)
	return load(t, name, text, append(set, smaller[name]...)...)
}

func TestRecipesTrain(t *testing.T) {
	backend := compute.MustNew()
	each(t, func(t *testing.T, name string, text []byte) {
		config, err := tiny(t, name, text).Config(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		config.Backend, config.Dir = backend, t.TempDir()
		l, err := learn.New(config)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		result, err := l.Run(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if result.Stop != nil || result.Steps != l.Plan().Steps() || !(result.Metrics["valid_loss"] > 0) {
			t.Errorf("stop %v after %d of %d steps, %v", result.Stop, result.Steps, l.Plan().Steps(), result.Metrics)
		}
		h, err := learn.ReadHistory(config.Dir)
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range h.Steps {
			if want := l.Plan().At(i).Hyper; !slices.Equal(s.Hyper, want) {
				t.Fatalf("step %d trained with %v, its plan is %v", i, s.Hyper, want)
			}
		}
		var out strings.Builder
		if err := h.Figure().WriteSVG(&out); err != nil {
			t.Error(err)
		}
	})
}
