package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/atelier-go/atelier/data"
	"github.com/atelier-go/atelier/learn"
)

// classFolders writes drawn pictures of some classes, n of each, into folders of their names.
func classFolders(t *testing.T, dir string, seed uint64, n int, labels ...int) {
	t.Helper()
	d := data.Shapes{N: 400, Size: 16, Seed: seed}
	for _, label := range labels {
		folder := filepath.Join(dir, d.Classes()[label])
		if err := os.MkdirAll(folder, 0o777); err != nil {
			t.Fatal(err)
		}
		for i, left := 0, n; left > 0; i++ {
			if d.Label(i) != label {
				continue
			}
			left--
			p, err := d.Read(i)
			if err != nil {
				t.Fatal(err)
			}
			f, err := os.Create(filepath.Join(folder, fmt.Sprintf("%d.png", i)))
			if err != nil {
				t.Fatal(err)
			}
			if err := png.Encode(f, imageOf(p)); err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// tuning is a recipe that goes on from another's network with a folder of two classes.
const tuning = `
model: cifar+resnet-8x1-16x1+concat
init: {from: before/best.safetensors, weights: ema}
data: pictures
datasets:
  pictures:
    train: {folder: {path: pictures, dir: train}}
    valid: {folder: {path: pictures, dir: valid}}
    batch: 8
    normalise: {mean: 0.5, std: 0.25}
phases:
  - {name: head, epochs: 1, freeze: 2, lr: 0.02, optimizer: adam}
  - {name: all, epochs: 1, discriminative: 10, one_cycle: {max: 0.01}, optimizer: adam}
ema: {decay: 0.5}
checkpoint: {best: valid_accuracy}
report: {confusion: true, most_wrong: 4}
`

// tuned makes a folder with a trained network, "before", pictures and the recipe of tuning.
func tuned(t *testing.T) (dir, file string) {
	t.Helper()
	dir, file = write(t, quick)
	if code, _, stderr := atelier(t, "train", file, "--out", filepath.Join(dir, "before"), "--set", "swa={}"); code != exitOK {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	classFolders(t, filepath.Join(dir, "pictures", "train"), 1, 24, 0, 3)
	classFolders(t, filepath.Join(dir, "pictures", "valid"), 2, 12, 0, 3)
	file = filepath.Join(dir, "tuning.yaml")
	if err := os.WriteFile(file, []byte(tuning), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, file
}

// A network goes on with a folder of other classes: what fits of its weights is said, the head begins anew, and the mistakes
// that are left are drawn. What does not fit together is said in a line.
func TestFineTune(t *testing.T) {
	dir, file := tuned(t)
	out := filepath.Join(dir, "after")
	code, stdout, stderr := atelier(t, "train", file, "--out", out)
	if code != exitOK {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	for _, want := range []string{
		"best.safetensors: 30 of the model's 32 tensors\n",
		"  the head starts anew, for other classes or as another head: /fc/weight, /fc/bias\n",
	} {
		if !strings.Contains(stderr, want) {
			t.Errorf("no %q in\n%s", want, stderr)
		}
	}
	for _, want := range []string{"labels down, predictions across:", "confusion.png"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in\n%s", want, stdout)
		}
	}
	for _, name := range []string{"confusion.png", "most-wrong.png", "init.txt"} {
		if info, err := os.Stat(filepath.Join(out, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	testEvaluatesMistakes(t, dir, out)
	testJudgesElsewhere(t, dir, out)
	testBadBeginnings(t, dir, file, out)
	testBadPictures(t, dir, file, out)
}

// laterSizes has pictures that are too small in its second phase.
const laterSizes = `
model: resnet+resnet-4x1-8x1
datasets:
  large: &data
    train: {shapes: {n: 64, size: 16}}
    valid: {shapes: {n: 8, size: 16}}
  small:
    <<: *data
    transforms: [{resize: 7}]
    valid_transforms: [{resize: 7}]
phases:
  - {epochs: 1, lr: 0.01, data: large}
  - {epochs: 1, lr: 0.01, data: small, name: small}
`

// recipeOf is the path of a recipe.
func recipeOf(t *testing.T, text string) string {
	t.Helper()
	_, file := write(t, text)
	return file
}

// testEvaluatesMistakes looks at weights that are wrong by design: random ones.
func testEvaluatesMistakes(t *testing.T, dir, out string) {
	matrix, wrong := filepath.Join(dir, "m.svg"), filepath.Join(dir, "w.png")
	code, stdout, stderr := atelier(t, "eval", out, "--confusion", matrix, "--wrong", wrong, "--wrong-count", "5", "--json",
		"--data", filepath.Join(dir, "pictures", "train"))
	var e evaluation
	if err := json.Unmarshal([]byte(stdout), &e); code != exitOK || err != nil {
		t.Fatalf("exit %d, %v, %s", code, err, stderr)
	}
	mistaken := e.Confusion[0][1] + e.Confusion[1][0]
	if int64(len(e.Wrong)) != min(5, mistaken) || e.Examples != 48 {
		t.Errorf("%d of %d mistakes of %d pictures", len(e.Wrong), mistaken, e.Examples)
	}
	if _, err := os.Stat(wrong); (err == nil) != (mistaken > 0) {
		t.Errorf("%d mistakes: %v", mistaken, err)
	}
	for i, m := range e.Wrong {
		if m.Label == m.Predicted || !(m.Probability <= m.Certainty) || !strings.Contains(m.Picture, "/"+m.Label+"/") ||
			i > 0 && m.Probability < e.Wrong[i-1].Probability {
			t.Errorf("mistake %d: %+v", i, m)
		}
	}
	if text, err := os.ReadFile(matrix); err != nil || !strings.Contains(string(text), e.Classes[0]) {
		t.Errorf("matrix: %v", err)
	}
}

// testJudgesElsewhere wants a model to be judged where the pictures that it was trained on are not.
func testJudgesElsewhere(t *testing.T, dir, out string) {
	t.Helper()
	train, away := filepath.Join(dir, "pictures", "train"), filepath.Join(dir, "away")
	evaluate := func(weights string) string {
		return succeed(t, "eval", out, "--json", "--weights", weights)
	}
	raw, ema := evaluate("raw"), evaluate("ema")
	if err := os.Rename(train, away); err != nil {
		t.Fatal(err)
	}
	if got := evaluate("raw"); got != raw {
		t.Errorf("raw weights:\n%s\nbefore:\n%s", got, raw)
	}
	if got := evaluate("ema"); got != ema || got == raw {
		t.Errorf("ema weights:\n%s\nbefore:\n%s\nraw:\n%s", got, ema, raw)
	}
	if err := os.Rename(away, train); err != nil {
		t.Fatal(err)
	}
}

// refusedInALine wants each command line to end with a code and one line that has some text.
func refusedInALine(t *testing.T, cases []refusal) {
	t.Helper()
	for _, c := range cases {
		code, _, stderr := atelier(t, c.args...)
		lines := strings.Split(strings.TrimSuffix(stderr, "\n"), "\n")
		if code != c.code || len(lines) != 1 || !strings.HasPrefix(stderr, "atelier: ") || !strings.Contains(stderr, c.want) {
			t.Errorf("atelier %s: exit %d, want %d and one line with %q:\n%s", strings.Join(c.args, " "), code, c.code, c.want, stderr)
		}
	}
}

type refusal struct {
	args []string
	code int
	want string
}

func testBadBeginnings(t *testing.T, dir, file, out string) {
	before := filepath.Join(dir, "before")
	elsewhere := filepath.Join(dir, "elsewhere")
	train := func(more ...string) []string { return append([]string{"train", file, "--out", elsewhere}, more...) }
	refusedInALine(t, []refusal{
		{train("--init", "squeezenet"), exitError, `there is no entry "squeezenet": did you mean "squeezenet1_1"? There are vgg19, `},
		{train("--init", filepath.Join(dir, "none.pth")), exitError, "no such file"},
		{train("--init", file), exitError, file},
		{train("--init", filepath.Join(before, "weights.safetensors")), exitError, "has one set of weights: ema are those of a checkpoint"},
		{train("--set", "init.weights=swa"), exitError, `init: weights is "swa": want raw or ema`},
		{train("--set", "init={partial: true}"), exitError, "init: want from, a file or the name of weights"},
		{train("--set", "model=cifar+resnet-8x2-16x1+concat"), exitError, "these are weights of another network, 30 of the model's 42 tensors fit: there is no layer1.1.conv1.weight, "},
		{train("--set", "model=cifar+resnet-8x1+concat", "--set", "phases.0.freeze=1"), exitError, "the model has no "},
		{train("--set", "model=cifar+resnet-12x1-16x1+concat"), exitError, "/conv1/weight is [8 3 3 3] in the file and [12 3 3 3] in the model"},
		{train("--set", "init.weights=raw", "--init", "embedded", "--set", "init.partial=true"), exitError, "nothing of it fits the model"},
		{[]string{"train", "--resume", "--out", out, "--init", "embedded"}, exitUsage, "--init is about a run's beginning"},
		{[]string{"train", file, "--resume", "--out", out, "--set", "init.weights=raw", "--init", "embedded"}, exitUsage, "--init is about"},
		{[]string{"train", file, "--resume", "--out", out, "--set", "init={from: embedded}"}, exitError, "the run began with other weights than embedded is now"},
		{[]string{"train", filepath.Join(dir, "quick.yaml"), "--resume", "--out", before, "--set", "swa={}", "--set", "init={from: embedded}"}, exitError, "the run began with random numbers"},
	})
	if _, err := os.Stat(elsewhere); err == nil {
		t.Error("a run that did not begin left a folder")
	}
	// The weights may be gone when a run goes on.
	if err := os.Rename(before, before+"-gone"); err != nil {
		t.Fatal(err)
	}
	if code, stdout, stderr := atelier(t, "train", "--resume", "--out", out); code != exitOK {
		t.Errorf("exit %d, %s%s", code, stdout, stderr)
	}
	if err := os.Rename(before+"-gone", before); err != nil {
		t.Fatal(err)
	}
}

func testBadPictures(t *testing.T, dir, file, out string) {
	pictures := filepath.Join(dir, "pictures")
	train := func(more ...string) []string {
		return append([]string{"train", file, "--out", filepath.Join(dir, "elsewhere")}, more...)
	}
	three := filepath.Join(dir, "three")
	classFolders(t, three, 5, 2, 0, 3, 4)
	names := data.Shapes{N: 1}.Classes()
	refusedInALine(t, []refusal{
		{train("--set", "model=cifar+resnet-8x1-16x1+concart"), exitError, `unknown head "concart"; did you mean "concat"?`},
		{train("--set", "model=cifer+resnet18+concat"), exitError, `unknown part "cifer"; did you mean "cifar"?`},
		{train("--set", "model=cifar+resnt18"), exitError, `did you mean "resnet18"?`},
		{train("--init", "embeded"), exitError, `there are no weights "embeded": did you mean "embedded"?`},
		{train("--set", "model=cifar+concat"), exitError, `there is no backbone before the head "concat"; there are resnet18, `},
		{train("--set", "model=resnet18", "--set", "init={from: embedded}"), exitError, "smaller than the network's stride of 32 pixels"},
		{train("--set", "model=inception-resnet-v2", "--set", "init={from: embedded}"), exitError, "they are too small: a window does not fit"},
		{[]string{"train", recipeOf(t, laterSizes), "--out", filepath.Join(dir, "elsewhere")}, exitError,
			"phase 2 (small): pictures of small: zoo: resnet+resnet-4x1-8x1+average: backbone resnet-4x1-8x1: pictures of 7x7x3: they are smaller than the network's stride of 8 pixels"},
		{[]string{"train", recipeOf(t, laterSizes), "--out", filepath.Join(dir, "elsewhere"), "--set", "datasets.small.transforms=[]"}, exitError,
			"phase 2 (small): validation pictures of small: zoo: "},
		{[]string{"eval", out, "--data", three}, exitError, "tells other classes apart than the pictures are of: data: one dataset has 2 classes and the other 3; only one has \"" + names[4] + "\""},
		{[]string{"eval", out, "--set", "datasets.pictures.valid={folder: {path: " + three + "}}"}, exitError, "tells other classes apart than the pictures are of: data: one dataset has 2 classes and the other 3"},
		{[]string{"eval", filepath.Join(out, "weights.safetensors"), "--recipe", "shapes"}, exitError, "tells other classes apart than the pictures are of: data: one dataset has 2 classes and the other 8"},
		{[]string{"eval", out, "--recipe", "shapes"}, exitError, ".safetensors tells other classes apart than the pictures are of: data: one dataset has 2 classes and the other 8"},
		{[]string{"eval", out, "--wrong-count", "0"}, exitUsage, "--wrong-count is 0, want 1 to 400"},
		{[]string{"eval", out, "--wrong", "w.gif"}, exitUsage, "eval: --wrong w.gif: want a name that ends in .png or .svg"},
		{[]string{"eval", file}, exitError, "the checkpoint is damaged"},
	})
	empty := filepath.Join(pictures, "train", "none of these")
	if err := os.Mkdir(empty, 0o777); err != nil {
		t.Fatal(err)
	}
	refusedInALine(t, []refusal{{train(), exitError, `the class folder "none of these" has no pictures`}})
	if err := os.Remove(empty); err != nil {
		t.Fatal(err)
	}
	classFolders(t, filepath.Join(pictures, "valid"), 5, 2, 4)
	refusedInALine(t, []refusal{{train(), exitError, `valid of dataset "pictures": data: one dataset has 2 classes and the other 3`}})
}

// shared is a file of the published data that lies beside the repository, or where $ATELIER_DATA says; the test is skipped
// without.
func shared(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(cmp.Or(os.Getenv("ATELIER_DATA"), filepath.Join("..", "..", "..", "shared", "data")), filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the data is not there (%v); $ATELIER_DATA names another folder", err)
	}
	return path
}

// Weights of elsewhere are judged by a recipe that has nothing to train, installed ones by their name: SqueezeNet 1.1 tells 649
// of 1000 photos right, one of each class of ImageNet, and 859 within five, says PyTorch.
func TestEvaluatePublishedWeights(t *testing.T) {
	if testing.Short() {
		t.Skip("classifies 1000 photos")
	}
	photos, published := shared(t, "photos/photos1000.zip"), shared(t, "squeezenet/squeezenet1_1.safetensors")
	code, stdout, stderr := atelier(t, "eval", published, "--recipe", "imagenet-eval", "--json",
		"--set", "datasets.photos.valid.zip.path="+photos)
	var e evaluation
	if err := json.Unmarshal([]byte(stdout), &e); code != exitOK || err != nil {
		t.Fatalf("exit %d, %v, %s", code, err, stderr)
	}
	few := filepath.Join(t.TempDir(), "few")
	classFolders(t, few, 5, 1, 0, 3, 4)
	refusedInALine(t, []refusal{{[]string{"eval", published, "--recipe", "imagenet-eval", "--data", few}, exitError,
		"these weights are for another number of classes, or another head: /classifier/1/weight is [1000 512 1 1] in the file and [3 512 1 1] in the model"}})
	first, five := 1000*float64(e.Metrics["accuracy"]), 1000*float64(e.Metrics["top5"])
	t.Logf("%.0f right, %.0f within five", first, five)
	if e.Examples != 1000 || math.Abs(first-649) > 3.5 || math.Abs(five-859) > 3.5 {
		t.Errorf("of %d photos %.0f are right, %.0f within five: want 649 and 859 of 1000, give or take 3", e.Examples, first, five)
	}
}

// A recipe without phases and without pictures to train on judges, and does not train.
func TestRecipeThatOnlyEvaluates(t *testing.T) {
	dir, file := write(t, quick)
	run := filepath.Join(dir, "run")
	if code, _, stderr := atelier(t, "train", file, "--out", run, "--set", "swa={}"); code != exitOK {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	judge := filepath.Join(dir, "judge.yaml")
	if err := os.WriteFile(judge, []byte(`
model: cifar+resnet-8x1-16x1+concat
datasets:
  drawn:
    valid: {shapes: {n: 100, size: 16, seed: 2}}
    normalise: {mean: 0.5, std: 0.25}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	weights := filepath.Join(run, "weights.safetensors")
	accuracy := func(args ...string) learn.Number {
		code, stdout, stderr := atelier(t, append(args, "--json")...)
		var e evaluation
		if err := json.Unmarshal([]byte(stdout), &e); code != exitOK || err != nil || e.Examples != 100 {
			t.Fatalf("%s: exit %d, %v, %s", args, code, err, stderr)
		}
		return e.Metrics["accuracy"]
	}
	own := accuracy("eval", weights, "--data", "{shapes: {n: 100, size: 16, seed: 2}}")
	if got := accuracy("eval", weights, "--recipe", judge); got != own {
		t.Errorf("accuracy %v, with the run's recipe %v", got, own)
	}
	t.Setenv("ATELIER_WEIGHTS", filepath.Join(dir, "none"))
	refusedInALine(t, []refusal{
		{[]string{"train", judge, "--out", filepath.Join(dir, "x")}, exitError, judge + ": there are no phases, so that there is nothing to train: want at least one, or judge weights by it with atelier eval"},
		{[]string{"train", judge, "--out", filepath.Join(dir, "x"), "--set", "phases=[{epochs: 1}]"}, exitError, `judge.yaml:5: dataset "drawn" has no pictures to train on: want train`},
		{[]string{"eval", weights, "--recipe", judge, "--data", filepath.Join(dir, "nothing")}, exitError, "there is no dataset and no file"},
		{[]string{"eval", weights, "--recipe", judge, "--set", "model=cifar+resnet-8x1-16x1-32x1+concat"}, exitError, "weights of another network"},
		{[]string{"eval", "squeezenet1_1", "--recipe", "imagenet-eval"}, exitError, `squeezenet1_1 is not installed in`},
		{[]string{"eval", "sqeezenet1_1", "--recipe", "imagenet-eval"}, exitError, `there is no run and no file sqeezenet1_1; weights: there is no entry "sqeezenet1_1": did you mean "squeezenet1_1"?`},
		{[]string{"eval", "runs/nothing"}, exitError, "no such file"},
		{[]string{"train", "finetune", "--out", filepath.Join(dir, "x")}, exitError, "there is no recipe finetune: did you mean fine-tune, which is built in?"},
		{[]string{"train", "xyzzy", "--out", filepath.Join(dir, "x")}, exitError, "there is no recipe xyzzy; built in are annealing,"},
	})
}

// Of many classes not the whole table is printed, but what was mistaken most often.
func TestManyConfusions(t *testing.T) {
	c := &learn.ConfusionCounts{}
	for i := range printedClasses + 1 {
		c.Classes = append(c.Classes, fmt.Sprintf("class %d", i))
		c.Counts = append(c.Counts, make([]int64, printedClasses+1))
		c.Counts[i][i] = 5
		c.Counts[i][(i+1)%(printedClasses+1)] = int64(i % 4)
	}
	var b strings.Builder
	if err := writeConfusion(&b, c); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if len(lines) != 1+printedPairs || lines[1] != "class 3 for class 4, 3 of 8" || lines[5] != "class 19 for class 20, 3 of 8" || lines[6] != "class 2 for class 3, 2 of 7" {
		t.Errorf("%d lines:\n%s", len(lines), b.String())
	}
	for i := range c.Counts {
		c.Counts[i][(i+1)%(printedClasses+1)] = 0
	}
	b.Reset()
	if err := writeConfusion(&b, c); err != nil || b.Len() > 0 {
		t.Errorf("without mistakes it prints %q, %v", b.String(), err)
	}
}

// Weights that are published with another number of classes are fine-tuned, and evaluated by a recipe from elsewhere.
func TestFineTuneSqueezeNet(t *testing.T) {
	zip, published := shared(t, "tinyimagenet20/tinyimagenet20.zip"), shared(t, "squeezenet/squeezenet1_1.safetensors")
	dir := t.TempDir()
	source := func(part string, n int) string {
		return fmt.Sprintf("{zip: {path: %s, dir: %s, classes: [n02909870, n04398044]}, limit: %d}", zip, part, n)
	}
	out := filepath.Join(dir, "run")
	code, _, stderr := atelier(t, "train", "fine-tune", "--out", out, "--init", published,
		"--set", "datasets.pictures.train="+source("train", 128), "--set", "datasets.pictures.valid="+source("val", 100),
		"--set", "datasets.pictures.transforms=[{random_resized_crop: {size: 64, scale: [0.5, 1]}}, flip]",
		"--set", "datasets.pictures.valid_transforms=[{resize: 64}]", "--set", "phases.1.epochs=1")
	if code != exitOK || !strings.Contains(stderr, "50 of the model's 62 tensors") || !strings.Contains(stderr, "in the file and not used: classifier.1.bias, classifier.1.weight") {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	for _, name := range []string{"confusion.png", "most-wrong.png"} {
		if _, err := os.Stat(filepath.Join(out, name)); err != nil {
			t.Error(err)
		}
	}
	if text, err := os.ReadFile(filepath.Join(out, "init.txt")); err != nil || !strings.Contains(string(text), "/head/fc2/bias") {
		t.Errorf("%v: the whole report lacks a tensor of the head: %s", err, text)
	}
	if strings.Contains(stderr, "note:") {
		t.Errorf("the recipe's pictures are not those that the weights want: %s", stderr)
	}
	var e evaluation
	var stdout string
	code, stdout, stderr = atelier(t, "eval", out, "--json")
	if err := json.Unmarshal([]byte(stdout), &e); code != exitOK || err != nil || !(e.Metrics["accuracy"] > 0.6) {
		t.Errorf("exit %d, %v, accuracy %v, %s", code, err, e.Metrics, stderr)
	}
	if !slices.Equal(e.Classes, []string{"n02909870", "n04398044"}) {
		t.Errorf("classes %v", e.Classes)
	}
}

// The network that is compiled in fits the recipe that begins with it.
func TestFineTuneEmbedded(t *testing.T) {
	dir := t.TempDir()
	classFolders(t, filepath.Join(dir, "train"), 1, 16, 0, 3)
	classFolders(t, filepath.Join(dir, "valid"), 2, 8, 0, 3)
	out := filepath.Join(dir, "run")
	code, stdout, stderr := atelier(t, "train", "fine-tune-embedded", "--out", out,
		"--set", "datasets.pictures.train={folder: {path: "+dir+", dir: train}}", "--set", "datasets.pictures.valid={folder: {path: "+dir+", dir: valid}}",
		"--set", "datasets.pictures.batch=16", "--set", "datasets.pictures.transforms=[{resize: 16}]", "--set", "datasets.pictures.valid_transforms=[{resize: 16}]",
		"--set", "phases.0.epochs=1", "--set", "phases.1.epochs=1")
	if code != exitOK || !strings.Contains(stderr, "the head starts anew") || strings.Contains(stderr, "left at random") || strings.Contains(stderr, "not used") ||
		!strings.Contains(stdout, "most-wrong.png") {
		t.Fatalf("exit %d, %s%s", code, stdout, stderr)
	}
	h, err := learn.ReadHistory(out)
	if err != nil || !(h.Steps[len(h.Steps)-1].Loss < 2) {
		t.Errorf("%v, %+v", err, h)
	}
}
