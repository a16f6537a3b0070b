package recipe_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/compute"

	"github.com/atelier-go/atelier/learn"
	"github.com/atelier-go/atelier/recipe"
	"github.com/atelier-go/atelier/recipes"
)

// racing is one of the project's recipes.
func racing(t *testing.T, name string, set ...string) *recipe.Recipe {
	t.Helper()
	text, err := recipes.Files.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return load(t, name, text, set...)
}

// shared is the path of large data, which may be missing.
func shared(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(dataDir(), filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		t.Skipf("needs %s", path)
	}
	return path
}

// counts are drawn pictures in the place of a dataset, as many as it has.
func counts(dataset string, train, valid int) []string {
	return []string{
		fmt.Sprintf("datasets.%s.train={shapes: {n: %d}}", dataset, train),
		fmt.Sprintf("datasets.%s.valid={shapes: {n: %d}}", dataset, valid),
	}
}

// airbench's published schedule: its learning rate, divided by 1024 for gradients of means, step by step.
func TestAirbenchSchedule(t *testing.T) {
	p, err := racing(t, "cifar10-airbench94.yaml", counts("cifar10", 50000, 10000)...).Plan()
	if err != nil {
		t.Fatal(err)
	}
	if p.Steps() != 476 {
		t.Fatalf("%d steps, want 476", p.Steps())
	}
	for step := range p.Steps() {
		factor := 0.2 + 0.8*float64(step)/109
		if step > 109 {
			factor = 1 - 0.93*float64(step-109)/367
		}
		h := p.At(step).Hyper[0]
		if want := factor * 11.5 / (1 + 1/0.15); h.LR < want*0.9999 || h.LR > want*1.0001 {
			t.Fatalf("step %d: rate %v, want %v", step, h.LR, want)
		}
		if h.Momentum != 0.85 || h.WeightDecay != 0.0153/11.5 {
			t.Fatalf("step %d: %+v", step, h)
		}
	}
}

// Beside a proxy the rate is for the examples that it chooses.
func TestKilostepWithProxy(t *testing.T) {
	set := append(counts("cifar10", 5000, 100), "proxy={model: airbench94-8, keep: 0.25, every: 4}")
	p, err := racing(t, "cifar10-airbench96.yaml", set...).Plan()
	if err != nil {
		t.Fatal(err)
	}
	top := 0.0
	for step := range p.Steps() {
		top = max(top, p.At(step).Hyper[0].LR)
	}
	if want := 9 * 0.25 / (1 + 1/0.15); top < want*0.98 || top > want*1.0001 {
		t.Errorf("the highest rate is %v, want %v", top, want)
	}
}

// The growing recipe has the same schedule, in three sizes.
func TestGrowingSchedule(t *testing.T) {
	var set []string
	for _, size := range []string{"24", "28", "cifar10"} {
		set = append(set, counts(size, 50000, 10000)...)
	}
	growing, err := racing(t, "cifar10-growing.yaml", set...).Plan()
	if err != nil {
		t.Fatal(err)
	}
	plain, err := racing(t, "cifar10-airbench94.yaml", counts("cifar10", 50000, 10000)...).Plan()
	if err != nil {
		t.Fatal(err)
	}
	if growing.Steps() != plain.Steps() {
		t.Fatalf("%d steps, want %d", growing.Steps(), plain.Steps())
	}
	for step := range plain.Steps() {
		a, b := growing.At(step).Hyper[0], plain.At(step).Hyper[0]
		if d := a.LR/b.LR - 1; d > 1e-3 || d < -1e-3 {
			t.Fatalf("step %d: rate %v, want %v", step, a.LR, b.LR)
		}
	}
}

// Where the rate and the size change in fastai's 45 epochs of ImageNet: a step is 1024 pictures, and the last of an epoch
// what is left.
func TestImageNetSchedule(t *testing.T) {
	var set []string
	for _, size := range []string{"128", "224", "imagenet"} {
		set = append(set, counts(size, 1281167, 50000)...)
	}
	p, err := racing(t, "imagenet-resnet50.yaml", set...).Plan()
	if err != nil {
		t.Fatal(err)
	}
	const perEpoch = (1281167/128 + 7) / 8
	if p.Steps() != 45*perEpoch {
		t.Fatalf("%d steps, want %d", p.Steps(), 45*perEpoch)
	}
	for _, c := range []struct {
		epoch float64
		data  string
		lr    float64
	}{
		{0, "128", 0.1}, {2, "128", 0.25}, {4, "128", 0.4}, {17.9, "128", 0.4}, {18, "224", 0.4}, {20.9, "224", 0.4}, {21, "224", 0.04},
		{34.9, "224", 0.04}, {35, "224", 0.004}, {40.9, "224", 0.004}, {41, "imagenet", 0.004}, {43, "imagenet", 0.0004}, {44.9, "imagenet", 0.0004},
	} {
		pos := p.At(int(c.epoch * perEpoch))
		if name, lr := p.Phases()[pos.Phase].Data.Name, pos.Hyper[0].LR; name != c.data || lr < c.lr*0.999 || lr > c.lr*1.001 {
			t.Errorf("epoch %v: pictures of %s pixels at %v, want %s at %v", c.epoch, name, lr, c.data, c.lr)
		}
	}
}

// fastai's phases on pictures of 32, 48 and 64 pixels, of twenty of ImageNet's classes: the shape of the run, small.
func TestImageNetInSmall(t *testing.T) {
	archive := shared(t, "tinyimagenet20/tinyimagenet20.zip")
	set := []string{"model=cifar+bottleneck-4x1-8x1+average", "checkpoint={}"}
	sides := map[string]int{"128": 32, "224": 48, "imagenet": 64}
	for name, side := range sides {
		at := "datasets." + name + "."
		set = append(set,
			fmt.Sprintf("%strain={zip: {path: %s, dir: train}, limit: 64, memory: true}", at, archive),
			fmt.Sprintf("%svalid={zip: {path: %s, dir: val}, limit: 16, memory: true}", at, archive),
			at+"batch=8",
			fmt.Sprintf("%stransforms.0.random_resized_crop.size=%d", at, side),
			fmt.Sprintf("%svalid_transforms=[{resize: %d}]", at, side))
	}
	config, err := racing(t, "imagenet-resnet50.yaml", set...).Config(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range config.Phases {
		s := p.Data.Train.OpenEpoch(context.Background(), 0)
		b, err := s.Next()
		if err != nil || b.H != sides[p.Data.Name] || b.W != b.H {
			t.Errorf("%s: pictures of %dx%d, %v", p.Name, b.H, b.W, err)
		}
		s.Close()
	}
	config.Backend = compute.MustNew()
	var phases []string
	config.Handlers = append(config.Handlers, learn.HandlerFunc(func(e learn.Event, r *learn.Run) error {
		if e == learn.PhaseBegin {
			phases = append(phases, r.Plan.Phases()[r.Position.Phase].Data.Name)
		}
		return nil
	}))
	l, err := learn.New(config)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	result, err := l.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(phases, " "); got != "128 128 224 224 224 imagenet imagenet" || result.Stop != nil || result.Steps != 45 {
		t.Errorf("phases %s, %d steps, stop %v", got, result.Steps, result.Stop)
	}
}

// airbench's recipes in some ten seconds each: an eighth of their channels, a fraction of the pictures, all of their parts.
// Chance is 10 %, or 12.5 % of drawn pictures.
func TestCIFARInTenSeconds(t *testing.T) {
	for _, c := range []struct {
		name string
		want float64
		set  []string
	}{
		{"cifar10-airbench94.yaml", 0.35, []string{"model=airbench94-8", "phases.0.epochs=3.9", "lookahead.start=2"}},
		// Rates for losses that are sums, of a sixteenth of the batch.
		{"cifar10-airbench94-muon.yaml", 0.45, []string{"model=airbench94-8", "phases.0.epochs=3", "phases.0.rules.0.lr_factor=0.44", "phases.0.rules.2.lr_factor=28"}},
		{"cifar10-airbench96-proxy.yaml", 0.25, []string{"model=airbench96-8", "proxy.model=airbench94-4", "phases.0.epochs=5"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			result := inSeconds(t, c.name, append(c.set, "datasets.cifar10.batch=128", "phases.0.freeze_after.0.epochs=1"))
			plain, views := result.Metrics["valid_accuracy"], result.Metrics["tta_valid_accuracy"]
			t.Logf("%.3f, with views %.3f, in %v", plain, views, result.Elapsed)
			if !(plain > c.want) || !(views > plain-0.02) {
				t.Errorf("accuracy %.3f, with views %.3f: want more than %v, and views no worse", plain, views, c.want)
			}
		})
	}
}

// inSeconds trains on a part of the pictures, or on drawn ones where there are no others.
func inSeconds(t *testing.T, name string, set []string) *learn.Result {
	t.Helper()
	if _, err := os.Stat(filepath.Join(dataDir(), "cifar10-jpeg")); err == nil {
		set = append(set, "datasets.cifar10.train.limit=4096", "datasets.cifar10.valid.limit=1000")
	} else {
		set = append(set, "datasets.cifar10.train={shapes: {n: 4096, size: 32, seed: 1}, memory: true}",
			"datasets.cifar10.valid={shapes: {n: 1000, size: 32, seed: 2}, memory: true}")
	}
	config, err := racing(t, name, set...).Config(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	config.Backend = compute.MustNew()
	l, err := learn.New(config)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	result, err := l.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// Mistakes in what racing recipes have, with their lines.
func TestRacingMistakes(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"phases:\n  - epochs: 1\n    kilostep: {lr: 0}\n", "r.yaml:3: phases.0.kilostep: learn: kilostep: lr is 0: want a number above 0"},
		{"phases:\n  - epochs: 1\n    kilostep: {lr: 1, momentum: 1}\n", "r.yaml:3: phases.0.kilostep: learn: kilostep: momentum is 1: want 0 to less than 1"},
		{"phases:\n  - epochs: 1\n    kilostep: {lr: 1}\n    lr: 1\n", "r.yaml:3: phases.0 has kilostep, which gives optimizer, lr, momentum and weight_decay"},
		{"phases:\n  - epochs: 1\n    kilostep: {lr: 1}\n    optimizer: adam\n", "r.yaml:3: phases.0 has kilostep"},
		{"phases:\n  - epochs: 1\n    kilostep: {lr: 1, over: {linear: 1, cosine: 1}}\n", "r.yaml:3: phases.0.kilostep.over: want a number or a schedule"},
		{"phases:\n  - epochs: 1\n    freeze_after: [{epochs: 1}]\n", "r.yaml:3: phases.0.freeze_after.0: learn: freeze_after: path is missing"},
		{"phases:\n  - epochs: 1\n    freeze_after: [{path: /a, epoch: 1}]\n", "r.yaml:3: unknown field \"epoch\" in phases.0.freeze_after.0: did you mean \"epochs\"?"},
		{"lookahead: {start: 3}\n", "r.yaml:1: lookahead: learn: lookahead: every is 0"},
		{"tta: {level: 3}\n", "r.yaml:1: tta: learn: test-time views of level 3"},
		{"tta: {level: 1}\ncheckpoint: {best: tta_valid_accuracy}\n", "r.yaml:2: checkpoint.best: \"tta_valid_accuracy\" is not measured"},
	} {
		_, err := recipe.Parse("r.yaml", []byte(c.text), t.TempDir(), recipe.Options{})
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%q:\n got %v\nwant %s", c.text, err, c.want)
		}
	}
	if _, err := recipe.Parse("r.yaml", []byte("tta: {level: 1, every: 1}\ncheckpoint: {best: tta_valid_accuracy}\n"), t.TempDir(), recipe.Options{}); err != nil {
		t.Error(err)
	}
}

// A path is looked for beside the recipe first, then among the data; what is nowhere is named where it would be beside it.
func TestWhereDataAre(t *testing.T) {
	here, there := t.TempDir(), t.TempDir()
	for _, dir := range []string{filepath.Join(here, "both"), filepath.Join(there, "both"), filepath.Join(there, "one")} {
		if err := os.Mkdir(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{"both": here, "one": there, "none": here} {
		text := fmt.Sprintf("datasets: {a: {train: {folder: {path: %s}}}}\n", name)
		r, err := recipe.Parse("r.yaml", []byte(text), here, recipe.Options{Data: there})
		if err != nil {
			t.Fatal(err)
		}
		if got := string(r.Datasets["a"].Train.Folder.Path); got != filepath.Join(want, name) {
			t.Errorf("%s is %s, want it in %s", name, got, want)
		}
	}
}
