package learn_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/learn"
	"github.com/atelier-go/atelier/nn"
	"github.com/atelier-go/atelier/safetensors"
)

// named are tensors in memory.
type named map[string][]int

func (n named) Names() []string { return slices.Sorted(maps.Keys(n)) }

func (n named) Shape(name string) ([]int, bool) {
	shape, ok := n[name]
	return shape, ok
}

// Float32 counts, so that every element is another.
func (n named) Float32(name string) ([]float32, error) {
	size := 1
	for _, d := range n[name] {
		size *= d
	}
	all := make([]float32, size)
	for i := range all {
		all[i] = float32(i)
	}
	return all, nil
}

// whole is every tensor of forward, with a prefix.
func whole(prefix string) named {
	n := named{}
	for name, shape := range map[string][]int{
		"body.conv1.weight": {8, 3, 3, 3}, "body.conv2.weight": {16, 8, 3, 3},
		"body.norm1.weight": {8}, "body.norm1.bias": {8}, "body.norm1.running_mean": {8}, "body.norm1.running_var": {8},
		"body.norm2.weight": {16}, "body.norm2.bias": {16}, "body.norm2.running_mean": {16}, "body.norm2.running_var": {16},
		"body.norm1.num_batches_tracked": {}, "head.dense.weight": {4, 16, 1, 1}, "head.dense.bias": {4},
	} {
		n[prefix+name] = shape
	}
	return n
}

func with(n named, change func(named)) named {
	change(n)
	return n
}

func fresh(t *testing.T, change func(*learn.Config)) *learn.Learner {
	t.Helper()
	c := config(learn.Phase{Epochs: 1})
	if change != nil {
		change(&c)
	}
	l, err := learn.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

func TestInitialise(t *testing.T) {
	for name, c := range map[string]struct {
		initial learn.Initial
		loaded  int
		report  string // its lines behind the first
	}{
		"whole":  {learn.Initial{Tensors: whole("")}, 12, ""},
		"prefix": {learn.Initial{Tensors: with(whole("state_dict.module."), func(n named) { n["optimizer.x"] = []int{1} })}, 12, "  in the file and not used: optimizer.x\n"},
		"other classes": {learn.Initial{Head: []string{"/head"}, Tensors: with(whole(""), func(n named) {
			n["head.dense.weight"], n["head.dense.bias"] = []int{9, 16, 1, 1}, []int{9}
		})}, 10, "  the head starts anew, for other classes or as another head: /head/dense/weight, /head/dense/bias\n"},
		"another head": {learn.Initial{Head: []string{"/head"}, Tensors: with(whole(""), func(n named) {
			delete(n, "head.dense.weight")
			delete(n, "head.dense.bias")
			n["fc.weight"] = []int{9, 16}
		})}, 10, "  the head starts anew, for other classes or as another head: /head/dense/weight, /head/dense/bias\n  in the file and not used: fc.weight\n"},
		"as many other classes": {learn.Initial{Head: []string{"/head"}, Tensors: whole(""), Classes: []string{"1", "2", "3", "4"}}, 10,
			"  the head starts anew, for other classes or as another head: /head/dense/weight, /head/dense/bias\n"},
		"the same classes": {learn.Initial{Head: []string{"/head"}, Tensors: whole(""), Classes: []string{"a", "b", "c", "d"}}, 12, ""},
		"a part": {learn.Initial{Partial: true, Tensors: with(whole(""), func(n named) {
			delete(n, "body.conv2.weight")
			n["body.norm2.bias"], n["body.conv9.weight"] = []int{5}, []int{1}
		})}, 10, "  not in the file, left at random: /body/conv2/weight\n" +
			"  of another shape, left at random: /body/norm2/bias is [5] in the file and [16] in the model\n" +
			"  in the file and not used: body.conv9.weight\n"},
		"other names": {learn.Initial{Tensors: whole("features."), TensorNames: func(path string) []string {
			return []string{"features" + strings.ReplaceAll(path, "/", ".")}
		}}, 12, ""},
	} {
		t.Run(name, func(t *testing.T) {
			l := fresh(t, func(c *learn.Config) { c.Classes = []string{"a", "b", "c", "d"} })
			before := values(t, l)
			c.initial.Name = "f"
			report, err := l.Initialise(c.initial)
			if err != nil {
				t.Fatal(err)
			}
			if want := fmt.Sprintf("f: %d of the model's 12 tensors\n%s", c.loaded, c.report); report.String() != want {
				t.Errorf("report\n%swant\n%s", report, want)
			}
			for path, was := range before {
				loaded := slices.Contains(report.Loaded, path)
				if changed := string(values(t, l)[path]) != string(was); changed != loaded {
					t.Errorf("%s: changed is %v, loaded %v", path, changed, loaded)
				}
			}
		})
	}
}

// Kernels are turned from PyTorch's order of axes, and their inputs around where they are blue, green, red.
func TestInitialiseTurnsKernels(t *testing.T) {
	for _, bgr := range []bool{false, true} {
		l := fresh(t, nil)
		if _, err := l.Initialise(learn.Initial{Tensors: whole(""), BGR: bgr}); err != nil {
			t.Fatal(err)
		}
		got := floats(t, l, "/body/conv1/weight") // [3 3 3 8] of [8 3 3 3]
		for i, v := range got {
			out, in, place := i%8, i/8%3, i/24
			if bgr {
				in = 2 - in
			}
			if want := float64((out*3+in)*9 + place); v != want {
				t.Fatalf("bgr %v: element %d is %v, want %v", bgr, i, v, want)
			}
		}
		if got := floats(t, l, "/body/conv2/weight"); got[1] != 8*9 || got[16] != 9 {
			t.Errorf("the second kernel's first elements are %v", got[:20])
		}
	}
}

// Weights of another network are refused in one line that says what differs, and nothing changes.
func TestInitialiseRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		initial learn.Initial
		want    string
	}{
		"deeper": {learn.Initial{Tensors: with(whole(""), func(n named) { n["body.conv3.weight"] = []int{16, 16, 3, 3} })},
			"learn: f: these are weights of another network, 12 of the model's 12 tensors fit: the model has no body.conv3.weight"},
		"wider": {learn.Initial{Tensors: with(whole(""), func(n named) { n["body.conv1.weight"] = []int{9, 3, 3, 3} })},
			"11 of the model's 12 tensors fit: /body/conv1/weight is [9 3 3 3] in the file and [8 3 3 3] in the model"},
		"nothing": {learn.Initial{Tensors: named{"layer1.weight": {3}}},
			"0 of the model's 12 tensors fit: there is no body.conv1.weight, there is no body.norm1.weight, there is no body.norm1.bias, there is no body.conv2.weight and 8 more"},
		"no part":  {learn.Initial{Tensors: named{"layer1.weight": {3}}, Partial: true}, "f: nothing of it fits the model: there is no body.conv1.weight"},
		"the head": {learn.Initial{Tensors: with(whole(""), func(n named) { n["head.dense.bias"] = []int{9} })}, "/head/dense/bias is [9] in the file and [4] in the model"},
		"only the head": {learn.Initial{Tensors: named{"head.dense.weight": {4, 16, 1, 1}, "head.dense.bias": {4}}, Head: []string{"/head"}, Partial: true},
			"nothing of it fits"},
	} {
		t.Run(name, func(t *testing.T) {
			l := fresh(t, nil)
			before := values(t, l)
			c.initial.Name = "f"
			_, err := l.Initialise(c.initial)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want one line with %q", err, c.want)
			}
			same(t, values(t, l), before)
		})
	}
}

// A run that began with weights is remembered to have, its averages begin there, and after a step it is too late.
func TestInitialiseBegins(t *testing.T) {
	l := fresh(t, func(c *learn.Config) { c.EMA, c.Dir = learn.EMA{Decay: 0.9}, t.TempDir() })
	if _, err := l.Initialise(learn.Initial{Tensors: whole(""), Hash: "h"}); err != nil {
		t.Fatal(err)
	}
	if a, b := floats(t, l, "/body/conv1/weight"), floats(t, l, "/ema/body/conv1/weight"); !slices.Equal(a, b) {
		t.Error("the moving average does not begin at the weights")
	}
	trained := fresh(t, func(c *learn.Config) { c.Dir = t.TempDir() })
	if _, err := trained.Initialise(learn.Initial{Tensors: trainedWeights(t), Hash: "h"}); err != nil {
		t.Fatal(err)
	}
	if _, err := trained.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, err := trained.Initialise(learn.Initial{Tensors: whole("")}); err == nil || !strings.Contains(err.Error(), "10 steps are done") {
		t.Errorf("error %v", err)
	}
	again := fresh(t, func(c *learn.Config) { c.Dir = trained.Dir() })
	if _, err := again.Resume(); err != nil || again.InitialHash() != "h" {
		t.Errorf("resumed from %q, %v", again.InitialHash(), err)
	}
	same(t, values(t, again), values(t, trained))
}

// trainedWeights are those that a run wrote.
func trainedWeights(t *testing.T) learn.Tensors {
	t.Helper()
	l := fresh(t, func(c *learn.Config) { c.Dir, c.Seed = t.TempDir(), 5 })
	if _, err := l.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	files, err := learn.Checkpoints(l.Dir())
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	w, err := learn.ReadWeights(files[0], learn.Raw)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// The weights in a checkpoint are those of the file of weights beside it.
func TestReadWeights(t *testing.T) {
	c := config(learn.Phase{Epochs: 1})
	c.EMA, c.Dir, c.Classes = learn.EMA{Decay: 0.9}, t.TempDir(), []string{"a", "b", "c", "d"}
	l, _ := run(t, c)
	files, err := learn.Checkpoints(c.Dir)
	if err != nil {
		t.Fatal(err)
	}
	for w, path := range map[learn.Weights]string{learn.Raw: learn.WeightsFile, learn.EMAWeights: "weights-ema.safetensors"} {
		from, err := learn.ReadWeights(files[0], w)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(from.Classes(), c.Classes) {
			t.Errorf("classes %v", from.Classes())
		}
		a, b := fresh(t, nil), fresh(t, nil)
		if err := a.LoadTensors(learn.Initial{Tensors: from}); err != nil {
			t.Fatal(err)
		}
		if err := b.LoadWeights(filepath.Join(c.Dir, path)); err != nil {
			t.Fatal(err)
		}
		same(t, values(t, a), values(t, b))
	}
	if _, err := learn.ReadWeights(files[0], learn.SWAWeights); err == nil || !strings.Contains(err.Error(), "raw and ema, not swa") {
		t.Errorf("error %v", err)
	}
	c.EMA, c.Dir = learn.EMA{}, t.TempDir()
	run(t, c)
	if files, err = learn.Checkpoints(c.Dir); err != nil {
		t.Fatal(err)
	}
	if _, err := learn.ReadWeights(files[0], learn.EMAWeights); err == nil || !strings.Contains(err.Error(), "no moving average") {
		t.Errorf("error %v", err)
	}
	l.Close()
}

// Weights for other classes are refused, from checkpoints as from files of weights, where their number is the same too.
func TestClassesOfWeights(t *testing.T) {
	c := config(learn.Phase{Epochs: 1})
	c.Dir, c.Classes = t.TempDir(), []string{"a", "b", "c", "d"}
	run(t, c)
	files, err := learn.Checkpoints(c.Dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, classes := range [][]string{{"a", "b", "c", "e"}, {"a", "b", "d", "c"}, {"a", "b"}} {
		l := fresh(t, func(c *learn.Config) { c.Classes = classes })
		want := "the weights tell 4 classes apart (a, b, c, d), the model "
		if err := l.LoadWeights(filepath.Join(c.Dir, learn.WeightsFile)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: file of weights: %v", classes, err)
		}
		if err := l.Load(files[0]); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v: checkpoint: %v", classes, err)
		}
	}
	for _, classes := range [][]string{nil, c.Classes} {
		l := fresh(t, func(c *learn.Config) { c.Classes = classes })
		if err := l.LoadWeights(filepath.Join(c.Dir, learn.WeightsFile)); err != nil {
			t.Error(err)
		}
		if err := l.Load(files[0]); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(filepath.Join(c.Dir, learn.HistoryFile)); err != nil {
		t.Error(err)
	}
}

// Weights are saved by the names that the model has for them, and read by these and by their paths.
func TestNamesOfWeights(t *testing.T) {
	c := config(learn.Phase{Steps: 1})
	c.Dir = t.TempDir()
	c.Model.TensorName = func(path string) string { return "net." + strings.ReplaceAll(strings.TrimPrefix(path, "/"), "/", "_") }
	l, _ := run(t, c)
	file := filepath.Join(c.Dir, learn.WeightsFile)
	f, err := safetensors.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if names := f.Names(); !slices.Contains(names, "net.body_conv1_weight") || slices.Contains(names, "body.conv1.weight") {
		t.Errorf("names %v", names)
	}
	again := fresh(t, func(other *learn.Config) { other.Model.TensorName = c.Model.TensorName })
	if err := again.LoadWeights(file); err != nil {
		t.Fatal(err)
	}
	near(t, "weights", floats(t, again, "/body/conv1/weight"), floats(t, l, "/body/conv1/weight"), 0)
	if _, err := again.Initialise(learn.Initial{Tensors: whole("")}); err != nil {
		t.Error(err)
	}
}

// A network with a layer of the other shape is told by its tensors.
func TestLoadWeightsOfAnotherNetwork(t *testing.T) {
	c := config(learn.Phase{Steps: 1})
	c.Dir = t.TempDir()
	run(t, c)
	other := config(learn.Phase{Steps: 1})
	other.Model = learn.Model{Forward: func(scope *model.Scope, x *graph.Node) *graph.Node {
		x = nn.Conv2D{Channels: 12, Padding: nn.Same, NoBias: true}.Layer(scope.In("body").In("conv1"), x)
		x = graph.ReduceMean(x, 1, 2)
		return nn.Linear{Features: 4}.Layer(scope.In("head").In("dense"), x)
	}}
	l, err := learn.New(other)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	err = l.LoadWeights(filepath.Join(c.Dir, learn.WeightsFile))
	if want := "weights of another network, 1 of the model's 3 tensors fit: /body/conv1/weight is [8 3 3 3] in the file and [12 3 3 3] in the model"; err == nil ||
		!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v, want %q", err, want)
	}
}
