package recipe_test

import (
	"strings"
	"testing"

	"github.com/atelier-go/atelier/optim"
)

const small = `
data: a
datasets:
  a: &a
    train: {shapes: {n: 64}}
  b:
    <<: *a
    batch: 8
phases:
  - {epochs: 1, lr: 0.5, optimizer: sgd}
  - {epochs: 2, lr: {cosine: [0.5, 0.1]}, data: b}
`

func TestSet(t *testing.T) {
	_, err := parse(small, "phase.0.lr=0.25", "phases.1.lr.linear=[1, 2]", "phases.0.optimizer.sgd.nesterov=true",
		"datasets.b.train.shapes.n=32", "phases.1.clip.global_norm=1", "seed=7", "phases.0.weight_decay=[0, 1, 2]")
	if err == nil || !strings.Contains(err.Error(), "a mapping of 2 fields") {
		t.Fatalf("a second kind of schedule beside the first: %v", err)
	}
	r, err := parse(small, "phase.0.lr=0.25", "phases.1.lr={linear: [1, 2]}", "phases.0.optimizer.sgd.nesterov=true",
		"datasets.b.train.shapes.n=32", "phases.1.clip.global_norm=1", "seed=7", "phases.0.weight_decay=[0, 1, 2]")
	if err != nil {
		t.Fatal(err)
	}
	p, err := r.Plan()
	if err != nil {
		t.Fatal(err)
	}
	// The merged train of b is b's own: a has still 64 pictures in a batch of 64, b 32 in batches of 8.
	if p.Steps() != 1+2*4 {
		t.Errorf("%d steps", p.Steps())
	}
	if h := p.At(0).Hyper; h[0].LR != 0.25 || h[2].WeightDecay != 2 {
		t.Errorf("step 0 trains with %+v", h)
	}
	if h := p.At(1).Hyper; h[0].LR != 1 {
		t.Errorf("step 1 trains with %+v", h)
	}
	if o := p.Phases()[0].Optimizer; o != (optim.SGD{Nesterov: true}) {
		t.Errorf("optimizer %#v", o)
	}
	if p.Phases()[1].Clip.GlobalNorm != 1 || r.Seed != 7 {
		t.Errorf("clip %v, seed %d", p.Phases()[1].Clip, r.Seed)
	}
	// What is written beside the results is what was trained.
	again, err := parse(r.Text())
	if err != nil {
		t.Fatal(err)
	}
	if q, err := again.Plan(); err != nil || q.Steps() != p.Steps() || q.At(1).Hyper[0] != p.At(1).Hyper[0] {
		t.Errorf("%v: the text gives another plan:\n%s", err, r.Text())
	}
}

// null takes a field away, in the mapping of the path alone.
func TestSetNull(t *testing.T) {
	r, err := parse(small, "datasets.b.batch=null", "phases.1.lr=~", "phases.0.optimizer=adam", "phases.0.optimizer=null")
	if err != nil {
		t.Fatal(err)
	}
	if r.Datasets["b"].Batch != 0 || r.Datasets["b"].Train.Shapes == nil || len(r.Phases[1].LR) != 0 || r.Phases[1].Epochs != 2 || r.Phases[0].Optimizer.Optimizer != nil {
		t.Errorf("%+v", r)
	}
	if strings.Contains(r.Text(), "batch") || strings.Contains(r.Text(), "cosine") {
		t.Errorf("the text has what was taken away:\n%s", r.Text())
	}
}

func TestSetMistakes(t *testing.T) {
	for _, c := range []struct{ set, want string }{
		{"phases", "--set phases: want a path and a value, as in phases.0.lr=0.01"},
		{"=1", "--set =1: want a path and a value"},
		{"phases.0.lr=", "--set phases.0.lr=: there is no value"},
		{"phases.5.lr=1", "--set phases.5.lr: phases has 2 entries: there is no 5, they count from 0"},
		{"phases.lr=1", `--set phases.lr: phases is a list: want the number of an entry, got "lr"`},
		{"phases.0.rl=null", "--set phases.0.rl=null: there is no field phases.0.rl to take away"},
		{"phases.9.lr=null", "--set phases.9.lr=null: there is no field phases.9 to take away"},
		{"phases.0=null", "--set phases.0=null: there is no field phases.0 to take away"},
		{"seed.x=null", "--set seed.x=null: there is no field seed to take away"},
		{"phases.0.rl=1", `--set phases.0.rl=1: unknown field "rl" in phases.0`},
		{"phases.0.lr=[1", "--set phases.0.lr:"},
		{"phases.0.epochs=many", `--set phases.0.epochs=many: phases.0.epochs: want a number, got "many"`},
		{"phases.0.lr.exponential.from=1", "--set phases.0.lr.exponential.from=1: phases.0.lr: exponential: to is 0"},
	} {
		if _, err := parse(small, c.set); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s:\n got %v\nwant %s", c.set, err, c.want)
		}
	}
}
