package learn_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/data"
	"github.com/atelier-go/atelier/learn"
	"github.com/atelier-go/atelier/optim"
	"github.com/atelier-go/atelier/schedule"
)

// varied is a run with a bit of everything that a checkpoint has to hold: phases with other optimizers, data, picture
// sizes, frozen layers and accumulation, mixing, dropout, averages, a plateau and patience.
func varied(dir string) learn.Config {
	small := &learn.Data{Name: "small", Train: loader(96, 8, 16, 1, true), Valid: loader(32, 8, 32, 2, false)}
	large := &learn.Data{Name: "large", Train: loader(90, 12, 10, 1, true), Valid: loader(32, 12, 32, 2, false)}
	large.Train.Mixup = data.Mixup{Alpha: 0.2}
	c := config(
		learn.Phase{Epochs: 1.5, Optimizer: optim.Adam{}, LR: learn.Values{schedule.Linear{From: 1e-3, To: 1e-2}}, Freeze: 1},
		learn.Phase{Epochs: 2, Optimizer: optim.SGD{Nesterov: true}, LR: learn.Values{schedule.OneCycle{Max: 0.1}}, Data: large,
			LRScale: learn.Discriminative(3, 2), Lookahead: optim.Lookahead{Steps: 5, Alpha: 0.5}},
		learn.Phase{Epochs: 2, Optimizer: optim.SGD{}, LR: learn.Value(0.02), State: optim.CarrySlots, Accumulate: 2,
			Plateau: &schedule.Plateau{Threshold: 0.9}},
	)
	c.Data, c.Dir = small, dir
	c.EMA, c.SWA = learn.EMA{Decay: 0.95}, learn.SWA{Start: 2, Eval: 2}
	c.Stop = learn.StopPolicy{Patience: 100, Div: 10}
	c.Checkpoint = learn.CheckpointPolicy{Every: 2, Keep: 3, Best: "valid_accuracy"}
	return c
}

// historyWithoutTime is the lines of a history, without what depends on the clock.
func historyWithoutTime(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, learn.HistoryFile))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for line := range bytes.Lines(text) {
		var fields map[string]any
		if err := json.Unmarshal(line, &fields); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		delete(fields, "seconds")
		delete(fields, "training_seconds")
		line, _ := json.Marshal(fields)
		out.Write(append(line, '\n'))
	}
	return out.String()
}

// trainVaried runs to the end, from the newest checkpoint if there is one.
func trainVaried(dir string) error {
	l, err := learn.New(varied(dir))
	if err != nil {
		return err
	}
	defer l.Close()
	if _, err := l.Resume(); err != nil && !errors.Is(err, learn.ErrNoCheckpoint) {
		return err
	}
	_, err = l.Run(context.Background())
	return err
}

const killedDir = "ATELIER_TEST_KILLED_DIR"

// TestKilledProcess is the process that TestKill kills.
func TestKilledProcess(t *testing.T) {
	dir := os.Getenv(killedDir)
	if dir == "" {
		t.Skip("runs in a process of its own")
	}
	if err := trainVaried(dir); err != nil {
		t.Fatal(err)
	}
}

// A run that is killed at twenty random moments, and resumed as often, ends with the weights, averages, optimizer state
// and history of one that was left alone.
func TestKill(t *testing.T) {
	undisturbed, killed := t.TempDir(), t.TempDir()
	if err := trainVaried(undisturbed); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	kills := 0
	for tries := 0; ; tries++ {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKilledProcess$")
		cmd.Env = append(os.Environ(), killedDir+"="+killed)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if kills < 20 {
			// From the first file on: what comes before is the start of the program.
			waitForChange(killed)
			time.Sleep(time.Duration(r.Int64N(int64(25 * time.Millisecond))))
			_ = cmd.Process.Kill()
		}
		err := cmd.Wait()
		if err == nil {
			break
		}
		if cmd.ProcessState.ExitCode() >= 0 {
			t.Fatalf("the run failed: %v\n%s", err, out.String())
		}
		kills++
	}
	if kills < 5 {
		t.Errorf("only %d kills came before the run's end: the test means little", kills)
	}
	t.Logf("%d kills", kills)
	compareRuns(t, killed, undisturbed)
}

// waitForChange waits until something in a folder changes, or a second.
func waitForChange(dir string) {
	stamp := func() string {
		var s strings.Builder
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			if info, err := e.Info(); err == nil {
				fmt.Fprintln(&s, e.Name(), info.ModTime(), info.Size())
			}
		}
		return s.String()
	}
	before := stamp()
	for range 1000 {
		if stamp() != before {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// compareRuns compares the final checkpoints, the exported weights and the histories of two folders.
func compareRuns(t *testing.T, got, want string) {
	t.Helper()
	if g, w := historyWithoutTime(t, got), historyWithoutTime(t, want); g != w {
		t.Errorf("the histories differ: %d and %d bytes", len(g), len(w))
	}
	for _, name := range []string{learn.WeightsFile, "weights-ema.safetensors", "weights-swa.safetensors"} {
		g, err := os.ReadFile(filepath.Join(got, name))
		if err != nil {
			t.Fatal(err)
		}
		w, err := os.ReadFile(filepath.Join(want, name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(g, w) {
			t.Errorf("%s differs", name)
		}
	}
	open := func(dir string) map[string][]byte {
		l, err := learn.New(varied(dir))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if _, err := l.Resume(); err != nil {
			t.Fatal(err)
		}
		return values(t, l)
	}
	same(t, open(got), open(want))
}

// A run that is stopped after every single step, and taken up by a new learner, is the run that was left alone.
func TestResumeAfterEveryStep(t *testing.T) {
	undisturbed, dir := t.TempDir(), t.TempDir()
	if err := trainVaried(undisturbed); err != nil {
		t.Fatal(err)
	}
	for n := 0; ; n++ {
		ctx, cancel := context.WithCancel(context.Background())
		c := varied(dir)
		c.Handlers = []learn.Handler{learn.HandlerFunc(func(e learn.Event, r *learn.Run) error {
			if e == learn.StepEnd {
				cancel()
			}
			return nil
		})}
		l, err := learn.New(c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Resume(); err != nil && (n > 0 || !errors.Is(err, learn.ErrNoCheckpoint)) {
			t.Fatal(err)
		}
		r, err := l.Run(ctx)
		l.Close()
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		if r.Stop == nil {
			break
		}
	}
	compareRuns(t, dir, undisturbed)
}

// Damage anywhere in the newest checkpoint is found, and the one before it is used.
func TestDamagedCheckpoint(t *testing.T) {
	dir := t.TempDir()
	if err := trainVaried(dir); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "checkpoint-*"))
	if err != nil || len(files) != 3 {
		t.Fatalf("checkpoints %v, %v: want 3", files, err)
	}
	newest := files[2]
	whole, err := os.ReadFile(newest)
	if err != nil {
		t.Fatal(err)
	}
	for name, damage := range map[string]func([]byte) []byte{
		"truncated":             func(b []byte) []byte { return b[:len(b)/2] },
		"empty":                 func(b []byte) []byte { return nil },
		"a bit in the data":     func(b []byte) []byte { b[len(b)-100] ^= 1; return b },
		"a bit in the header":   func(b []byte) []byte { b[len(b)/50+60] ^= 1; return b },
		"a digit of the state":  func(b []byte) []byte { return bytes.Replace(b, []byte(`step\":`), []byte(`step\":1`), 1)[:len(b)] },
		"something after it":    func(b []byte) []byte { return append(b, 0) },
		"another file's length": func(b []byte) []byte { b[0]++; return b },
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(newest, damage(bytes.Clone(whole)), 0o666); err != nil {
				t.Fatal(err)
			}
			l, err := learn.New(varied(dir))
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			if err := l.Load(newest); !errors.Is(err, learn.ErrDamaged) {
				t.Errorf("loading it: %v, want that it is damaged", err)
			}
			notes, err := l.Resume()
			if err != nil {
				t.Fatal(err)
			}
			if len(notes) != 1 || !strings.Contains(notes[0], filepath.Base(files[1])) {
				t.Errorf("notes %q", notes)
			}
		})
	}
}

// renamed is the model under other names.
var renamed = learn.Model{
	Forward: func(scope *model.Scope, x *graph.Node) *graph.Node { return forward(scope.In("other"), x) },
	Groups:  [][]string{{"/other/body/conv1", "/other/body/norm1"}, {"/other/body/conv2", "/other/body/norm2"}, {"/other/head"}},
}

// A checkpoint is refused by a run that is another one, with a reason, and the learner stays as it was.
func TestForeignCheckpoint(t *testing.T) {
	dir := t.TempDir()
	c := config(learn.Phase{Name: "a", Epochs: 1}, learn.Phase{Name: "b", Epochs: 1})
	c.Dir = dir
	run(t, c)
	for name, change := range map[string]func(*learn.Config){
		"seed is 1":                func(c *learn.Config) { c.Seed = 2 },
		"phase 1 is not the one":   func(c *learn.Config) { c.Phases[0].LR = learn.Value(0.5) },
		"phase 2 is not the one":   func(c *learn.Config) { c.Phases[1].Optimizer = optim.Adam{} },
		"this run has 10":          func(c *learn.Config) { c.Phases = c.Phases[:1] },
		"which the model does not": func(c *learn.Config) { c.Model = renamed },
	} {
		c := config(learn.Phase{Name: "a", Epochs: 1}, learn.Phase{Name: "b", Epochs: 1})
		c.Dir = dir
		change(&c)
		l, err := learn.New(c)
		if err != nil {
			t.Fatal(err)
		}
		before := values(t, l)
		if _, err := l.Resume(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v: want an error with %q", err, name)
		}
		same(t, values(t, l), before)
		l.Close()
	}
	// More phases behind those that were trained are fine: that is how to train longer.
	c.Phases = append(c.Phases, learn.Phase{Name: "c", Steps: 3})
	l, err := learn.New(c)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := l.Resume(); err != nil {
		t.Fatal(err)
	}
	if r, err := l.Run(context.Background()); err != nil || r.Steps != 23 {
		t.Errorf("%+v, %v: want 23 steps", r, err)
	}
}

// A copy that somebody has put beside a run's checkpoints is none of them: it is not gone on with, nor deleted.
func TestCopiesOfCheckpoints(t *testing.T) {
	c := config(learn.Phase{Epochs: 3})
	c.Dir = t.TempDir()
	c.Checkpoint = learn.CheckpointPolicy{Every: 4, Keep: 2}
	run(t, c)
	files, err := learn.Checkpoints(c.Dir)
	if err != nil || len(files) != 2 || filepath.Base(files[0]) != "checkpoint-00000030.safetensors" {
		t.Fatalf("%v, %v", files, err)
	}
	text, err := os.ReadFile(files[1])
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"checkpoint-old.safetensors", "checkpoint-99.safetensors", "checkpoint-00000099 (copy).safetensors"} {
		if err := os.WriteFile(filepath.Join(c.Dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c.Phases = append(c.Phases, learn.Phase{Epochs: 1})
	l, err := learn.New(c)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := l.Resume(); err != nil || l.Step() != 30 {
		t.Errorf("resumed after step %d, %v", l.Step(), err)
	}
	if _, err := l.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	entries, err := filepath.Glob(filepath.Join(c.Dir, "checkpoint-*"))
	if err != nil || len(entries) != 5 {
		t.Errorf("there are %v, %v: want the last two and three copies", entries, err)
	}
}

// Another model whose tensors have the same shapes is another model, where both have a name.
func TestModelsOfOtherNames(t *testing.T) {
	c := config(learn.Phase{Steps: 2})
	c.Dir, c.Model.Name = t.TempDir(), "with average"
	run(t, c)
	weights := filepath.Join(c.Dir, learn.WeightsFile)
	for name, refused := range map[string]bool{"with average": false, "": false, "with maximum": true} {
		l := fresh(t, func(other *learn.Config) { other.Phases, other.Dir, other.Model.Name = c.Phases, c.Dir, name })
		loaded := l.LoadWeights(weights)
		_, resumed := l.Resume()
		for what, err := range map[string]error{"weights": loaded, "checkpoint": resumed} {
			want := "it is of the model with average, and this one is with maximum"
			if (err != nil) != refused || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%s for %q: %v", what, name, err)
			}
		}
		all, err := learn.ReadWeights(filepath.Join(c.Dir, "checkpoint-00000002.safetensors"), learn.Raw)
		if err != nil {
			t.Fatal(err)
		}
		other := fresh(t, func(other *learn.Config) { other.Model.Name = name })
		report, err := other.Initialise(learn.Initial{Tensors: all, Model: all.Model()})
		if err != nil || strings.Contains(report.String(), "note: it is of the model with average") != refused {
			t.Errorf("%q: %v\n%s", name, err, report)
		}
	}
}

// A metric goes on only as itself.
func TestMetricsOfCheckpoints(t *testing.T) {
	c := config(learn.Phase{Steps: 2})
	c.Dir, c.Metrics = t.TempDir(), []learn.Metric{learn.Accuracy{}}
	run(t, c)
	c.Metrics = []learn.Metric{learn.TopK{K: 2}}
	l, err := learn.New(c)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := l.Resume(); err == nil || !strings.Contains(err.Error(), "the state's metrics are accuracy, the configuration's top2") {
		t.Errorf("%v", err)
	}
}

// A folder that has a run is not written over.
func TestFolderInUse(t *testing.T) {
	c := config(learn.Phase{Steps: 2})
	c.Dir = t.TempDir()
	run(t, c)
	l, err := learn.New(c)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := l.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "has a run") {
		t.Errorf("%v: want an error that the folder has a run", err)
	}
}
