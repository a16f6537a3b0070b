package learn_test

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/learn"
	"github.com/atelier-go/atelier/optim"
	"github.com/atelier-go/atelier/schedule"
)

// What is frozen after an epoch and a half moves until then and not at all afterwards, the rest goes on; a run that is
// resumed behind that step ends with the same bits.
func TestFreezeAfter(t *testing.T) {
	const frozen, other = "/body/norm1/bias", "/body/conv1/weight"
	make := func(dir string, handlers ...learn.Handler) learn.Config {
		c := config(learn.Phase{Epochs: 3, LR: learn.Value(0.1), WeightDecay: learn.Value(0.01), DecayAll: true,
			FreezeAfter: []learn.FreezeAfter{{Path: "/body/*1/bias", Epochs: 1.5}}})
		c.Dir, c.Handlers, c.Checkpoint.Every = dir, handlers, 1
		return c
	}
	var f, o record
	l, _ := run(t, make(t.TempDir(), f.handler(t, frozen), o.handler(t, other)))
	for k := range 30 {
		if moved := !slices.Equal(f.steps[k], f.steps[k+1]); moved != (k < 15) {
			t.Errorf("step %d: %s moved: %v", k, frozen, moved)
		}
		if slices.Equal(o.steps[k], o.steps[k+1]) {
			t.Errorf("step %d: %s stayed", k, other)
		}
	}
	want := floats(t, l, other)
	for _, until := range []int{12, 15, 20} {
		dir := t.TempDir()
		stop := learn.HandlerFunc(func(e learn.Event, r *learn.Run) error {
			if e == learn.StepEnd && r.Position.Step == until-1 {
				r.Stop(learn.StopAsked, "enough")
			}
			return nil
		})
		run(t, make(dir, stop))
		again, err := learn.New(make(dir))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := again.Resume(); err != nil {
			t.Fatal(err)
		}
		if _, err := again.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(floats(t, again, other), want) {
			t.Errorf("resumed after step %d, the run ends with other weights", until)
		}
		again.Close()
	}
}

func TestFreezeAfterMistakes(t *testing.T) {
	for _, c := range []struct {
		freeze learn.FreezeAfter
		want   string
	}{
		{learn.FreezeAfter{Epochs: 1}, "freeze_after: path is missing"},
		{learn.FreezeAfter{Path: "/a["}, "freeze_after: pattern \"/a[\" of path"},
		{learn.FreezeAfter{Path: "/head", Epochs: math.NaN()}, "freeze_after: epochs is NaN"},
		{learn.FreezeAfter{Path: "/nowhere/bias"}, "phase 1 (phase 1): freeze_after: the model has no parameter /nowhere/bias"},
		{learn.FreezeAfter{Path: "/**"}, "freeze_after leaves nothing to learn"},
	} {
		_, err := learn.New(config(learn.Phase{Steps: 1, FreezeAfter: []learn.FreezeAfter{c.freeze}}))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %s", c.freeze, err, c.want)
		}
	}
}

// A rule for what the model does not have is a mistake.
func TestRuleForNothing(t *testing.T) {
	_, err := learn.New(config(learn.Phase{Steps: 1, Rules: []optim.Rule{{Path: "/body/**", LRFactor: 2}, {Path: "/boddy/**", LRFactor: 2}}}))
	if want := "phase 1 (phase 1): rules: the model has no parameter /boddy/**"; err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
}

// The slow weights against the same recursion in float64, of a weight and of a running statistic: steps move them as SGD
// would without them, from where they set the weights.
func TestRunLookahead(t *testing.T) {
	for _, path := range []string{"/body/conv1/weight", "/body/norm1/running_var"} {
		c := config(learn.Phase{Steps: 25, LR: learn.Value(0.05)})
		c.Lookahead = learn.Lookahead{Every: 3, Decay: 0.9, Power: 2, Start: 1} // an epoch has 10 steps
		var after record
		c.Handlers = []learn.Handler{after.handler(t, path)}
		l, err := learn.New(c)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(l.Close)
		if _, err := l.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		slow := floats(t, l, "/lookahead"+path)
		near(t, path+" at the end", floats(t, l, path), slow, 0)
		// After steps 15, 18, 21, 24 (1 to 10 are too early, 12 makes the slow weights) the weights are the slow ones, and
		// the ends of epochs, at 20 and 25, go back to those of 18 and 24.
		near(t, path+" after epoch 2", after.epochs[1], after.steps[18], 0)
		near(t, path+" after the run", after.epochs[2], after.steps[24], 0)
		if slices.Equal(after.steps[20], after.steps[18]) {
			t.Error("steps 19 and 20 did not move the weights")
		}
	}
}

// A move is an average: of what the weights were when the slow ones were made, and what a run without them has.
func TestRunLookaheadMoves(t *testing.T) {
	const path = "/body/conv1/weight"
	train := func(ahead learn.Lookahead) record {
		c := config(learn.Phase{Steps: 4, LR: learn.Value(0.05)})
		c.Lookahead = ahead
		var r record
		c.Handlers = []learn.Handler{r.handler(t, path)}
		run(t, c)
		return r
	}
	plain, ahead := train(learn.Lookahead{}), train(learn.Lookahead{Every: 2, Decay: 0.8, Power: 1})
	near(t, "before", ahead.steps[3], plain.steps[3], 0)
	rho := 0.8 * 0.8 * 4 / 4
	var want []float64
	for i, w := range plain.steps[4] {
		want = append(want, rho*plain.steps[2][i]+(1-rho)*w)
	}
	near(t, "after", ahead.steps[4], want, 1e-6)
}

func TestLookaheadMistakes(t *testing.T) {
	for _, c := range []struct {
		ahead learn.Lookahead
		want  string
	}{
		{learn.Lookahead{Every: -1}, "lookahead every -1 steps"},
		{learn.Lookahead{Every: 5, Decay: 1}, "decay is 1"},
		{learn.Lookahead{Every: 5, Power: -1}, "power is -1"},
		{learn.Lookahead{Start: 3}, "every is 0"},
	} {
		if err := c.ahead.Check(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %s", c.ahead, err, c.want)
		}
	}
}

// SGD with the hyper-parameters of a Kilostep moves weights by the formulas that the original states: on the sum of the
// losses of 512 examples, lr/(1024·(1+1/(1-m))), weight decay 512/1024 of that of 1024 examples, biases of norms 64 times
// as fast without more decay.
func TestKilostep(t *testing.T) {
	k := learn.Kilostep{LR: 11.5, Momentum: 0.85, WeightDecay: 0.0153, BiasFactor: 64, Over: schedule.Linear{From: 0.2, To: 1}}
	p := k.Phase(learn.Phase{Name: "x", Rules: []optim.Rule{{Path: "/a"}}}, 512)
	scale := 1024 * (1 + 1/(1-0.85))
	rate, decay := 11.5/scale, 0.0153*512/scale // for sums
	for _, step := range []int{0, 5, 10} {
		over := 0.2 + 0.08*float64(step)
		lr, wd := p.LR[0].At(step, 10), p.WeightDecay[0].At(step, 10)
		near(t, "rate", []float64{lr}, []float64{512 * rate * over}, 1e-12)
		near(t, "decay of a step", []float64{lr * wd}, []float64{decay * over}, 1e-12)
	}
	if len(p.Rules) != 2 || p.Rules[0].Path != "/a" || !p.DecayAll || p.Optimizer != (optim.SGD{Nesterov: true}) || p.Name != "x" {
		t.Errorf("phase %+v", p)
	}
	r := p.Rules[1]
	if r.LRFactor != 64 || r.DecayFactor != 1.0/64 || r.Kind != optim.NormKind || !optim.MatchPath(r.Path, "/layer1/norm1/bias") || optim.MatchPath(r.Path, "/layer1/norm1/weight") {
		t.Errorf("rule %+v", r)
	}
	if err := (learn.Kilostep{Momentum: 1, WeightDecay: -1, BiasFactor: -1}).Check(); err == nil || strings.Count(err.Error(), "\n") != 3 {
		t.Errorf("four mistakes: %v", err)
	}
}

// In a run the biases of norms move 64 times as far as with a factor of 1 in the first step, and nothing else does.
func TestBiasFactor(t *testing.T) {
	moves := func(factor float64, path string) []float64 {
		k := learn.Kilostep{LR: 0.5, Momentum: 0.85, BiasFactor: factor}
		c := config(k.Phase(learn.Phase{Steps: 1}, 16))
		var r record
		c.Handlers = []learn.Handler{r.handler(t, path)}
		run(t, c)
		for i, v := range r.steps[0] {
			r.steps[1][i] -= v
		}
		return r.steps[1]
	}
	for path, factor := range map[string]float64{"/body/norm1/bias": 64, "/body/norm1/weight": 1, "/body/conv2/weight": 1, "/head/dense/bias": 1} {
		want := moves(1, path)
		for i := range want {
			want[i] *= factor
		}
		near(t, path, moves(64, path), want, 1e-6)
	}
}

// The metrics of views: of an untrained model that sees left from right, level 1 is the mean of both ways.
func TestTestTime(t *testing.T) {
	c := config(learn.Phase{Epochs: 4, LR: learn.Value(0.05)})
	c.TestTime = learn.TestTime{Level: 2, Every: 3}
	var epochs []map[string]float64
	c.Handlers = []learn.Handler{learn.HandlerFunc(func(e learn.Event, r *learn.Run) error {
		if e == learn.EpochEnd {
			epochs = append(epochs, r.Epoch.Metrics)
		}
		return nil
	})}
	run(t, c)
	for i, m := range epochs {
		v, there := m["tta_valid_accuracy"]
		if there != (i == 2 || i == 3) || there && !(v > 0.2) || there && m["tta_valid_loss"] == m["valid_loss"] {
			t.Errorf("epoch %d: %v", i+1, m)
		}
	}
	for _, bad := range []learn.TestTime{{Level: 3}, {Level: -1}, {Level: 1, Every: -1}} {
		if bad.Check() == nil {
			t.Errorf("%+v passes", bad)
		}
	}
}

// Prepare sees pictures as validation does, before any step.
func TestPrepare(t *testing.T) {
	c := config(learn.Phase{Steps: 1})
	calls := 0
	c.Model.Prepare = func(store *model.Store, pictures *tensors.Tensor) error {
		calls++
		if d := pictures.Shape().Dimensions; !slices.Equal(d, []int{160, 8, 8, 3}) || store.GetVariable("/body/conv1/weight") == nil {
			t.Errorf("pictures %v", d)
		}
		return tensors.ConstFlatData(pictures, func(x []float32) {
			p, _ := c.Data.Train.Dataset.Read(0)
			if got, want := x[0], (float32(p.Pix[0])/255-0.4)/0.25; math.Abs(float64(got-want)) > 1e-5 {
				t.Errorf("the first number is %v, want %v", got, want)
			}
		})
	}
	run(t, c)
	if calls != 1 {
		t.Errorf("%d calls", calls)
	}
}

// The parts that a cycle is made of freeze when the whole would, and take over the state of what came before it once.
func TestCyclesAreOnePhase(t *testing.T) {
	base := learn.Phase{State: optim.CarryNone, FreezeAfter: []learn.FreezeAfter{{Path: "/body/norm1/bias", Epochs: 1.5}}}
	for name, phases := range map[string][]learn.Phase{
		"one cycle": learn.OneCycleLinear(3, 0.1, 10, 20, 0.95, 0.85, base),
		"sgdr":      learn.SGDR(0.1, 2, 1, 2, base),
	} {
		c := config(phases...)
		var bias record
		c.Handlers = []learn.Handler{bias.handler(t, "/body/norm1/bias")}
		run(t, c)
		for k := range 30 {
			if moved := !slices.Equal(bias.steps[k], bias.steps[k+1]); moved != (k < 15) {
				t.Errorf("%s, step %d: it moved: %v", name, k, moved)
			}
		}
		for i, p := range phases {
			if want := i == 0; (p.State == optim.CarryNone) != want {
				t.Errorf("%s: state of part %d is %v", name, i, p.State)
			}
		}
	}
	if base.FreezeAfter[0].Epochs != 1.5 {
		t.Error("the phase that was given has changed")
	}
}

// A run that goes on without Lookahead is not set back to slow weights that stand still.
func TestLookaheadTakenAway(t *testing.T) {
	c := config(learn.Phase{Epochs: 2, LR: learn.Value(0.1)}, learn.Phase{Epochs: 2, LR: learn.Value(0.1)})
	c.Dir, c.Lookahead = t.TempDir(), learn.Lookahead{Every: 5, Power: 3}
	stop := learn.HandlerFunc(func(e learn.Event, r *learn.Run) error {
		if e == learn.EpochEnd && r.Epoch.Epoch == 2 {
			r.Stop(learn.StopAsked, "enough")
		}
		return nil
	})
	c.Handlers = []learn.Handler{stop}
	run(t, c)
	c.Handlers, c.Lookahead = nil, learn.Lookahead{}
	l, err := learn.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	if _, err := l.Resume(); err != nil {
		t.Fatal(err)
	}
	before := floats(t, l, "/body/conv1/weight")
	if _, err := l.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if slices.Equal(before, floats(t, l, "/body/conv1/weight")) {
		t.Error("two epochs more have changed nothing")
	}
}

// Large pictures are not all held at once: as many as have the pixels of 5000 of 32 by 32 are enough.
func TestPrepareIsBounded(t *testing.T) {
	for size, want := range map[int]int{8: 160, 256: 78} {
		c := config(learn.Phase{Steps: 1})
		c.Data = &learn.Data{Train: loader(160, size, 16, 1, true)}
		got := 0
		c.Model.Prepare = func(_ *model.Store, pictures *tensors.Tensor) error {
			got = pictures.Shape().Dim(0)
			return nil
		}
		l, err := learn.New(c)
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		if got != want {
			t.Errorf("of %d pixels the model saw %d pictures, want %d", size, got, want)
		}
	}
}
