package learn_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/data"
	"github.com/atelier-go/atelier/learn"
)

func TestGoals(t *testing.T) {
	measured := []string{"train_loss", "train_accuracy", "valid_loss", "valid_accuracy", "valid_top5", "ema_valid_accuracy", "tta_valid_accuracy"}
	for _, c := range []struct{ text, want string }{
		{"top1=0.94", "valid_accuracy=0.94"}, {"accuracy=0.5", "valid_accuracy=0.5"}, {"valid_accuracy=1", "valid_accuracy=1"},
		{"top5=0.93", "valid_top5=0.93"}, {"loss=0.25", "valid_loss=0.25"}, {"train_top1=0.9", "train_accuracy=0.9"},
		{"ema_top1=0.9", "ema_valid_accuracy=0.9"}, {"ema_valid_accuracy=9e-1", "ema_valid_accuracy=0.9"}, {"train_loss=3", "train_loss=3"}, {"tta_top1=0.9", "tta_valid_accuracy=0.9"},
		{"top1=94", "! is a share: want more than 0 and at most 1, such as 0.94, got 94"}, {"top5=0", "! is a share"},
		{"accuracy=-0.1", "! is a share"}, {"loss=0", "! falls towards 0"},
		{"top3=0.9", `!"top3" is not measured; there are train_loss, train_accuracy, valid_loss`}, {"swa_loss=1", "! is not measured"},
		{"top1", `!"top1" is not a goal: want a metric and a value, as in top1=0.94`}, {"=0.9", "! is not a goal"},
		{"Top1=0.9", "! is not a goal"}, {"top1>=0.9", "! is not a goal"}, {"top1=", "!want a number"}, {"top1=NaN", "!want a number"},
		{"top1=inf", "!want a number"}, {"", "! is not a goal"},
	} {
		g, err := learn.ParseGoal(c.text)
		if err == nil {
			g, err = g.In(measured)
		}
		if want, refused := strings.CutPrefix(c.want, "!"); refused {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want an error with %q", c.text, err, want)
			}
		} else if err != nil || g.String() != c.want {
			t.Errorf("%s is %v, %v, want %s", c.text, g, err, c.want)
		}
	}
	if g := (learn.Goal{Metric: "top1", Value: 0.5}); !slices.Equal(must(g.In([]string{"valid_top1", "valid_accuracy"})), []string{"valid_top1"}) {
		t.Error("a metric that has the very name gave way to another")
	}
	for _, c := range []struct {
		goal    learn.Goal
		v       float64
		reached bool
	}{
		{learn.Goal{Metric: "valid_accuracy", Value: 0.9}, 0.9, true}, {learn.Goal{Metric: "valid_accuracy", Value: 0.9}, 0.8999, false},
		{learn.Goal{Metric: "valid_loss", Value: 0.3}, 0.3, true}, {learn.Goal{Metric: "valid_loss", Value: 0.3}, 0.31, false},
		{learn.Goal{Metric: "valid_loss", Value: 0.3}, math.NaN(), false}, {learn.Goal{Metric: "valid_accuracy", Value: 0.3}, math.NaN(), false},
	} {
		if got := c.goal.Reached(map[string]float64{c.goal.Metric: c.v}); got != c.reached {
			t.Errorf("%v with %v: reached is %v", c.goal, c.v, got)
		}
	}
	if (learn.Goal{}).Reached(map[string]float64{"": 1}) || (learn.Goal{Metric: "valid_loss", Value: 1}).Reached(nil) {
		t.Error("no goal, or no measurement, is reached")
	}
}

func must(g learn.Goal, err error) []string {
	if err != nil {
		return []string{err.Error()}
	}
	return []string{g.Metric}
}

// A run ends at the first epoch that reaches its goal, and does not begin again where that was before.
func TestRunEndsAtItsGoal(t *testing.T) {
	c := config(learn.Phase{Epochs: 20, LR: learn.Value(0.1)})
	c.Dir, c.Until = t.TempDir(), learn.Goal{Metric: "top1", Value: 0.6}
	l, r := run(t, c)
	if l.Until().Metric != "valid_accuracy" {
		t.Errorf("the goal is %v", l.Until())
	}
	h, err := learn.ReadHistory(c.Dir)
	if err != nil {
		t.Fatal(err)
	}
	last := h.Epochs[len(h.Epochs)-1]
	if r.Stop == nil || r.Stop.Kind != learn.StopReached || r.Steps != last.Step || r.Steps == 200 || !(r.Metrics["valid_accuracy"] >= 0.6) {
		t.Fatalf("stop %+v after %d steps, %v", r.Stop, r.Steps, r.Metrics)
	}
	for _, e := range h.Epochs[:len(h.Epochs)-1] {
		if e.Metrics["valid_accuracy"] >= 0.6 {
			t.Errorf("epoch %d had reached the goal: %v", e.Epoch, e.Metrics)
		}
	}
	for _, goal := range []learn.Goal{c.Until, {Metric: "valid_loss", Value: 1e3}} { // one that was reached in the first epoch
		c.Until = goal
		again := resumed(t, c)
		if again.Stop == nil || again.Stop.Kind != learn.StopReached || again.Steps != r.Steps || again.Trained != r.Trained {
			t.Errorf("%v: stop %+v after %d steps and %v, the run had %d and %v", goal, again.Stop, again.Steps, again.Trained, r.Steps, r.Trained)
		}
	}
	// A goal that was not reached goes on from there, with its time.
	c.Until = learn.Goal{Metric: "loss", Value: 1e-6}
	if on := resumed(t, c); on.Stop != nil || on.Steps != 200 || on.Trained <= r.Trained {
		t.Errorf("stop %+v after %d steps and %v, the run before had %v", on.Stop, on.Steps, on.Trained, r.Trained)
	}
}

// Views and averages that are the goal are measured in every epoch, whether the configuration says so or not.
func TestGoalsAreMeasured(t *testing.T) {
	for metric, set := range map[string]func(*learn.Config){
		"tta_top1": func(c *learn.Config) { c.TestTime = learn.TestTime{Level: 1} },
		"swa_top1": func(c *learn.Config) { c.SWA = learn.SWA{Start: 1} },
	} {
		c := config(learn.Phase{Epochs: 20, LR: learn.Value(0.1)})
		c.Dir, c.Until = t.TempDir(), learn.Goal{Metric: metric, Value: 0.5}
		set(&c)
		l, r := run(t, c)
		h, err := learn.ReadHistory(c.Dir)
		if err != nil {
			t.Fatal(err)
		}
		if r.Stop == nil || r.Stop.Kind != learn.StopReached || r.Steps == 200 {
			t.Errorf("%s: stop %+v after %d steps", metric, r.Stop, r.Steps)
		}
		for i, e := range h.Epochs {
			v, there := e.Metrics[l.Until().Metric]
			if last := i == len(h.Epochs)-1; !there || (v >= 0.5) != last {
				t.Errorf("%s: epoch %d of %d measured %v: %v", metric, e.Epoch, len(h.Epochs), there, v)
			}
		}
	}
	c := config(learn.Phase{Epochs: 3})
	c.SWA, c.Until = learn.SWA{Start: 4}, learn.Goal{Metric: "swa_top1", Value: 0.5}
	if _, err := learn.New(c); err == nil || !strings.Contains(err.Error(), "the average begins with epoch 4, and the run has 3") {
		t.Errorf("%v", err)
	}
}

func resumed(t *testing.T, c learn.Config) *learn.Result {
	t.Helper()
	l, err := learn.New(c)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := l.Resume(); err != nil {
		t.Fatal(err)
	}
	r, err := l.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestGoalsOfRunsAreChecked(t *testing.T) {
	c := config(learn.Phase{Epochs: 1})
	c.Until = learn.Goal{Metric: "top5", Value: 0.5}
	if _, err := learn.New(c); !errors.Is(err, learn.ErrNotMeasured) || !strings.Contains(err.Error(), "valid_accuracy") {
		t.Errorf("%v, want ErrNotMeasured and what is measured", err)
	}
	c.Until = learn.Goal{Metric: "ema_accuracy", Value: 0.5}
	if _, err := learn.New(c); !errors.Is(err, learn.ErrNotMeasured) {
		t.Errorf("%v, want ErrNotMeasured", err)
	}
	c.EMA.Decay = 0.9
	l, err := learn.New(c)
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	c.Until = learn.Goal{Metric: "tta_loss", Value: 0.5}
	if _, err := learn.New(c); !errors.Is(err, learn.ErrNotMeasured) {
		t.Errorf("%v, want ErrNotMeasured", err)
	}
	c.TestTime.Level = 1
	if l, err = learn.New(c); err != nil {
		t.Fatal(err)
	}
	l.Close()
	c.Data = &learn.Data{Train: c.Data.Train}
	if _, err := learn.New(c); !errors.Is(err, learn.ErrNotMeasured) || strings.Contains(err.Error(), "valid_loss") {
		t.Errorf("%v, want ErrNotMeasured: there is no validation", err)
	}
}

// slow is a dataset whose pictures take a while.
type slow struct {
	data.Dataset
	each time.Duration
}

func (s slow) Read(i int) (data.Picture, error) {
	time.Sleep(s.each)
	return s.Dataset.Read(i)
}

// Time of validation is no time of training; that of reading training pictures is.
func TestTrainingTime(t *testing.T) {
	const each = 2 * time.Millisecond
	c := config(learn.Phase{Epochs: 2})
	c.Dir = t.TempDir()
	c.Data.Train.Workers, c.Data.Valid.Workers = 1, 1
	c.Data.Valid.Dataset = slow{c.Data.Valid.Dataset, each}
	_, r := run(t, c)
	if outside := r.Elapsed - r.Trained; outside < 2*64*each || r.Trained <= 0 {
		t.Errorf("%v of %v are training: want at least %v outside", r.Trained, r.Elapsed, 2*64*each)
	}
	h, err := learn.ReadHistory(c.Dir)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range h.Epochs {
		if outside := e.Seconds - e.TrainingSeconds; outside < float64(i+1)*64*each.Seconds() || !(e.TrainingSeconds > 0) {
			t.Errorf("epoch %d: %v of %v seconds are training", e.Epoch, e.TrainingSeconds, e.Seconds)
		}
	}
	c = config(learn.Phase{Epochs: 1})
	c.Data.Train.Workers = 1
	c.Data.Train.Dataset = slow{c.Data.Train.Dataset, each}
	if _, r := run(t, c); r.Trained < 160*each {
		t.Errorf("training took %v, reading its pictures alone takes %v", r.Trained, 160*each)
	}
	c = config(learn.Phase{Steps: 1})
	c.Loading = time.Hour
	c.Model.Prepare = func(*model.Store, *tensors.Tensor) error {
		time.Sleep(each)
		return nil
	}
	if _, r := run(t, c); r.Trained < time.Hour+each || r.Elapsed < r.Trained {
		t.Errorf("training took %v of %v, what came before took %v", r.Trained, r.Elapsed, time.Hour+each)
	}
}
