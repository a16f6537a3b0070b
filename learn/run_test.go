package learn_test

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/learn"
	"github.com/atelier-go/atelier/nn"
	"github.com/atelier-go/atelier/optim"
	"github.com/atelier-go/atelier/schedule"
)

// values copies all variables of a learner.
func values(t *testing.T, l *learn.Learner) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for v := range l.Store().IterVariables() {
		value, err := v.Value()
		if err != nil {
			t.Fatal(err)
		}
		if err := value.ConstBytes(func(b []byte) { all[v.Path()] = append([]byte{}, b...) }); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// same compares variables bit by bit.
func same(t *testing.T, got, want map[string][]byte) {
	t.Helper()
	for path, w := range want {
		g, ok := got[path]
		if !ok {
			t.Errorf("%s is gone", path)
		} else if string(g) != string(w) {
			t.Errorf("%s differs", path)
		}
	}
	for path := range got {
		if want[path] == nil {
			t.Errorf("%s is new", path)
		}
	}
}

func floats(t *testing.T, l *learn.Learner, path string) (out []float64) {
	t.Helper()
	v := l.Store().GetVariable(path)
	if v == nil {
		t.Fatalf("no variable %s", path)
	}
	value, err := v.Value()
	if err != nil {
		t.Fatal(err)
	}
	if err := tensors.ConstFlatData(value, func(flat []float32) {
		for _, x := range flat {
			out = append(out, float64(x))
		}
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestEvents(t *testing.T) {
	c := config(learn.Phase{Steps: 2}, learn.Phase{Name: "second", Steps: 11})
	var log []string
	c.Handlers = []learn.Handler{
		learn.HandlerFunc(func(e learn.Event, r *learn.Run) error { log = append(log, e.String()); return nil }),
		learn.HandlerFunc(func(e learn.Event, r *learn.Run) error {
			if n := len(log); log[n-1] != e.String() {
				t.Errorf("the second handler saw %v before the first", e)
			}
			return nil
		}),
	}
	run(t, c)
	step := []string{"step begin", "before update", "after update", "step end"}
	want := []string{"run begin", "phase begin", "epoch begin"}
	for i := range 13 {
		switch i {
		case 2:
			want = append(want, "phase end", "phase begin")
		case 10:
			want = append(want, "epoch end", "epoch begin")
		}
		want = append(want, step...)
	}
	want = append(want, "epoch end", "phase end", "run end")
	if got := strings.Join(log, ", "); got != strings.Join(want, ", ") {
		t.Errorf("got  %s\nwant %s", got, strings.Join(want, ", "))
	}
}

// A handler's change of hyper-parameters before the update is what the step uses.
func TestHandlersChangeHyperParameters(t *testing.T) {
	c := config(learn.Phase{Steps: 3, LR: learn.Value(0.1)})
	c.Handlers = []learn.Handler{learn.HandlerFunc(func(e learn.Event, r *learn.Run) error {
		if e == learn.BeforeUpdate {
			for g := range r.Hyper {
				r.Hyper[g].LR = 0
			}
		}
		return nil
	})}
	l, err := learn.New(c)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	before := floats(t, l, "/head/dense/weight")
	if _, err := l.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	for i, v := range floats(t, l, "/head/dense/weight") {
		if v != before[i] {
			t.Fatal("weights moved with a learning rate of 0")
		}
	}
}

// The learning rate, momentum and decay change in every step and the model is built no more often than shapes and phases
// need: once for weights, once for steps and once for validation, with one more shape of batch each where there is one.
func TestSchedulesDoNotRecompile(t *testing.T) {
	builds := 0
	c := config(learn.OneCycle(5, schedule.OneCycle{Max: 0.1}, 0.95, 0.85, learn.Phase{
		WeightDecay: learn.Values{schedule.Linear{From: 1e-3, To: 0}},
	})...)
	c.Model.Forward = func(scope *model.Scope, x *graph.Node) *graph.Node {
		builds++
		return forward(scope, x)
	}
	run(t, c)
	if builds != 3 {
		t.Errorf("the model was built %d times, want 3: for weights, training and validation", builds)
	}
}

// Frozen layers keep weights and running statistics to the bit.
func TestFreeze(t *testing.T) {
	c := config(learn.Phase{Steps: 5, Freeze: 2, LR: learn.Value(0.1), WeightDecay: learn.Value(0.1)})
	l, err := learn.New(c)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	before := values(t, l)
	if _, err := l.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	after := values(t, l)
	for path, b := range before {
		moved := string(b) != string(after[path])
		switch {
		case strings.HasPrefix(path, "/body/") && moved:
			t.Errorf("%s is frozen and moved", path)
		case strings.HasPrefix(path, "/head/") && !moved:
			t.Errorf("%s did not move", path)
		}
	}
}

// linear is a model without batch norm: its gradients are means over examples.
func linear(scope *model.Scope, x *graph.Node) *graph.Node {
	n, size := x.Shape().Dim(0), x.Shape().Size()/x.Shape().Dim(0)
	x = nn.Conv2D{Channels: 4, Kernel: nn.Side(1)}.Layer(scope.In("dense"), graph.Reshape(x, n, 1, 1, size))
	return graph.Reshape(x, n, 4)
}

// A step of accumulated batches is a step of one large batch, the last and smaller one of an epoch included.
func TestAccumulation(t *testing.T) {
	train := func(batch, accumulate int) []float64 {
		c := config(learn.Phase{Epochs: 2, LR: learn.Value(0.1), Accumulate: accumulate, Clip: optim.Clipping{GlobalNorm: 0.5}})
		c.Model = learn.Model{Forward: linear}
		c.Data = &learn.Data{Train: loader(88, 8, batch, 1, true)} // 32, 32, 24
		l, r := run(t, c)
		if r.Steps != 6 {
			t.Errorf("%d steps, want 6", r.Steps)
		}
		return floats(t, l, "/dense/weight")
	}
	large, small := train(32, 1), train(8, 4)
	for i := range large {
		if math.Abs(large[i]-small[i]) > 1e-5*(1+math.Abs(large[i])) {
			t.Fatalf("weight %d: %v in one batch, %v in four", i, large[i], small[i])
		}
	}
}

func TestStops(t *testing.T) {
	t.Run("NaN", func(t *testing.T) {
		c := config(learn.Phase{Epochs: 3, LR: learn.Value(1e30)})
		c.Dir = t.TempDir()
		_, r := run(t, c)
		if r.Stop == nil || r.Stop.Kind != learn.StopDiverged || r.Steps > 10 {
			t.Errorf("stop %+v after %d steps", r.Stop, r.Steps)
		}
	})
	t.Run("growth", func(t *testing.T) {
		c := config(learn.Phase{Steps: 15, LR: learn.Value(0.01)}, learn.Phase{Steps: 200, LR: learn.Value(50)})
		c.Stop.Div = 4
		_, r := run(t, c)
		if r.Stop == nil || r.Stop.Kind != learn.StopDiverged {
			t.Errorf("stop %+v after %d steps", r.Stop, r.Steps)
		}
	})
	t.Run("a negative loss that falls", func(t *testing.T) {
		c := config(learn.Phase{Steps: 60, LR: learn.Value(0.05)})
		c.Stop.Div = 4
		c.Loss = func(logits, labels *graph.Node) *graph.Node {
			return graph.AddScalar(learn.CrossEntropy(0)(logits, labels), -3)
		}
		if _, r := run(t, c); r.Stop != nil {
			t.Errorf("stopped: %s", r.Stop.Reason)
		}
	})
	t.Run("patience", func(t *testing.T) {
		c := config(learn.Phase{Epochs: 50, LR: learn.Value(0)})
		c.Stop.Patience, c.Stop.Watch = 2, "valid_accuracy"
		_, r := run(t, c)
		if r.Stop == nil || r.Stop.Kind != learn.StopEarly || r.Steps > 80 {
			t.Errorf("stop %+v after %d steps", r.Stop, r.Steps)
		}
	})
	t.Run("from outside", func(t *testing.T) {
		c := config(learn.Phase{Epochs: 50})
		ctx, cancel := context.WithCancel(context.Background())
		c.Handlers = []learn.Handler{learn.HandlerFunc(func(e learn.Event, r *learn.Run) error {
			if e == learn.BeforeUpdate && r.Position.Step == 6 {
				cancel()
			}
			return nil
		})}
		l, err := learn.New(c)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		r, err := l.Run(ctx)
		if err != nil || r.Stop == nil || r.Stop.Kind != learn.StopInterrupted || r.Steps != 7 {
			t.Errorf("%+v, %v: want an interruption after the step at hand, the seventh", r, err)
		}
	})
}

func TestPlateau(t *testing.T) {
	c := config(learn.Phase{Epochs: 6, LR: learn.Value(1e-9), Plateau: &schedule.Plateau{Factor: 0.5, Patience: 1, Threshold: 0.5}})
	var rates []float64
	c.Handlers = []learn.Handler{learn.HandlerFunc(func(e learn.Event, r *learn.Run) error {
		if e == learn.StepEnd && r.Position.K%10 == 9 {
			rates = append(rates, r.Hyper[0].LR/1e-9)
		}
		return nil
	})}
	run(t, c)
	// The first metric is the best; the second and third are no better, and the third is one more than patience has.
	if got := fmt.Sprint(rates); got != "[1 1 1 0.5 0.5 0.25]" {
		t.Errorf("rates %s, want [1 1 1 0.5 0.5 0.25]", got)
	}
}

// An epoch may end with a single picture. A norm of vectors cannot train on it, which is said before anything is trained.
func TestBatchOfOne(t *testing.T) {
	vectors := func(scope *model.Scope, x *graph.Node) *graph.Node {
		x = graph.ReduceMean(x, 1, 2)
		x = nn.BatchNorm{}.Layer(scope.In("norm"), x)
		return nn.Linear{Features: 4}.Layer(scope.In("head"), x)
	}
	for name, c := range map[string]struct {
		forward learn.Forward
		steps   int
		drop    bool
		refused bool
	}{
		"vectors":       {vectors, 12, false, true},
		"pictures":      {forward, 12, false, false},
		"dropped":       {vectors, 12, true, false},
		"never reached": {vectors, 10, false, false},
	} {
		config := config(learn.Phase{Steps: c.steps, LR: learn.Value(0.1)})
		config.Model = learn.Model{Forward: c.forward, Groups: [][]string{{"/"}}}
		config.Data = &learn.Data{Train: loader(161, 8, 16, 1, true)}
		config.Data.Train.DropLast = c.drop
		l, err := learn.New(config)
		if err != nil {
			t.Fatal(err)
		}
		_, err = l.Run(context.Background())
		l.Close()
		switch {
		case !c.refused && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.refused && (err == nil || !strings.Contains(err.Error(), "batch of one picture: nn: batch norm") || !strings.Contains(err.Error(), "drop_last")):
			t.Errorf("%s: %v", name, err)
		case c.refused && l.Step() != 0:
			t.Errorf("%s: it was found after %d steps", name, l.Step())
		}
	}
}

// What only some phases measure is judged where it is measured; what none does is refused before the run.
func TestWatchedByOtherData(t *testing.T) {
	bare := &learn.Data{Train: loader(160, 8, 16, 1, true)}
	watching := func(c *learn.Config) {
		c.Stop, c.Checkpoint.Best, c.Dir = learn.StopPolicy{Patience: 9}, "valid_accuracy", t.TempDir()
	}
	c := config(learn.Phase{Epochs: 1, LR: learn.Value(0.1)}, learn.Phase{Epochs: 2, LR: learn.Value(0.1), Data: bare})
	watching(&c)
	if _, r := run(t, c); r.Steps != 30 {
		t.Errorf("it ended after %d steps: %+v", r.Steps, r.Stop)
	}
	c = config(learn.Phase{Epochs: 1, Data: bare})
	watching(&c)
	_, err := learn.New(c)
	for _, want := range []string{`early stopping watches "valid_loss"`, `the best checkpoint watches "valid_accuracy"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
