package optim_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/optim"
)

// carried makes an updater of v with one optimizer, takes two steps, and makes one with another.
func carried(t *testing.T, from, to optim.Config, carry optim.Carry) (*model.Store, *optim.Updater) {
	t.Helper()
	store := model.NewStore()
	v := parameter(t, store, "/a/weight", []float64{3, 4}, 1, 2)
	tr := newTrainer(t, store, newUpdater(t, store, from, []*model.Variable{v}))
	for range 2 {
		tr.step(t, []optim.Hyper{{LR: 0.1, Momentum: 0.5, Beta2: 0.5}}, []float64{1, 2})
	}
	u, err := optim.New(store, to, [][]*model.Variable{{v}}, carry)
	if err != nil {
		t.Fatal(err)
	}
	return store, u
}

// What is kept, started and dropped is said, and is what the store has: of parameters with state of two steps with
// the gradient (1, 2), momentum and beta2 0.5, exp_avg and the like are known.
func TestCarry(t *testing.T) {
	adam, adamW, lamb := optim.Config{Optimizer: optim.Adam{}}, optim.Config{Optimizer: optim.AdamW{}}, optim.Config{Optimizer: optim.LAMB{}}
	sgd, larc, rms := optim.Config{Optimizer: optim.SGD{}}, optim.Config{Optimizer: optim.LARC{Trust: 1e9}}, optim.Config{Optimizer: optim.RMSProp{}}
	centered := optim.Config{Optimizer: optim.RMSProp{Centered: true}}
	nesterov := optim.Config{Optimizer: optim.SGD{Nesterov: true}}
	ahead := adam
	ahead.Lookahead = optim.Lookahead{Steps: 100}
	for _, c := range []struct {
		name     string
		from, to optim.Config
		carry    optim.Carry
		says     string
		slot     string    // of the new updater
		value    []float64 // of it
		steps    float64   // of the clock
	}{
		{"same optimizer", adam, adam, optim.CarryAuto,
			"kept adam exp_avg of 1 parameter; kept adam exp_avg_sq of 1 parameter", "adam/exp_avg", []float64{0.75, 1.5}, 2},
		{"other settings", sgd, nesterov, optim.CarryAuto, "kept sgd momentum_buffer of 1 parameter", "sgd/momentum_buffer", []float64{1.5, 3}, 2},
		{"other optimizer", sgd, larc, optim.CarryAuto,
			"started larc momentum_buffer of 1 parameter; dropped sgd momentum_buffer of 1 parameter", "larc/momentum_buffer", []float64{0, 0}, 0},
		{"other slots", rms, centered, optim.CarryAuto, "started rmsprop square_avg of 1 parameter; started rmsprop scaled_momentum of 1 parameter; " +
			"started rmsprop grad_avg of 1 parameter; dropped rmsprop square_avg of 1 parameter; dropped rmsprop scaled_momentum of 1 parameter",
			"rmsprop/square_avg", []float64{0, 0}, 0},
		{"fewer slots", centered, rms, optim.CarryAuto, "started rmsprop square_avg of 1 parameter; " +
			"started rmsprop scaled_momentum of 1 parameter; dropped rmsprop square_avg of 1 parameter; " +
			"dropped rmsprop scaled_momentum of 1 parameter; dropped rmsprop grad_avg of 1 parameter",
			"rmsprop/square_avg", []float64{0, 0}, 0},
		{"slots of SGD to LARC", sgd, larc, optim.CarrySlots, "kept sgd momentum_buffer of 1 parameter for larc", "larc/momentum_buffer", []float64{1.5, 3}, 2},
		{"slots of Adam to AdamW", adam, adamW, optim.CarrySlots,
			"kept adam exp_avg of 1 parameter for adamw; kept adam exp_avg_sq of 1 parameter for adamw", "adamw/exp_avg_sq", []float64{0.75, 3}, 2},
		{"slots of LAMB to Adam", lamb, adam, optim.CarrySlots,
			"kept lamb exp_avg of 1 parameter for adam; kept lamb exp_avg_sq of 1 parameter for adam", "adam/exp_avg", []float64{0.75, 1.5}, 2},
		{"slots, centered", rms, centered, optim.CarrySlots, "kept rmsprop square_avg of 1 parameter; kept rmsprop scaled_momentum of 1 parameter; " +
			"started rmsprop grad_avg of 1 parameter", "rmsprop/square_avg", []float64{0.75, 3}, 2},
		{"no slots in common", adam, sgd, optim.CarrySlots,
			"started sgd momentum_buffer of 1 parameter; dropped adam exp_avg of 1 parameter; dropped adam exp_avg_sq of 1 parameter",
			"sgd/momentum_buffer", []float64{0, 0}, 0},
		{"none", adam, adam, optim.CarryNone, "started adam exp_avg of 1 parameter; started adam exp_avg_sq of 1 parameter; " +
			"dropped adam exp_avg of 1 parameter; dropped adam exp_avg_sq of 1 parameter", "adam/exp_avg", []float64{0, 0}, 0},
		{"lookahead kept", ahead, ahead, optim.CarryAuto, "kept adam exp_avg of 1 parameter; kept adam exp_avg_sq of 1 parameter; " +
			"kept lookahead slow of 1 parameter", "lookahead/slow", []float64{3, 4}, 2},
		{"lookahead anew", ahead, ahead, optim.CarryNone, "started adam exp_avg of 1 parameter; started adam exp_avg_sq of 1 parameter; " +
			"started lookahead slow of 1 parameter; dropped adam exp_avg of 1 parameter; dropped adam exp_avg_sq of 1 parameter; " +
			"dropped lookahead slow of 1 parameter", "lookahead/slow", []float64{2.8, 3.8}, 0}, // the weights, after two steps of 0.1
		{"lookahead dropped", ahead, adam, optim.CarryAuto, "kept adam exp_avg of 1 parameter; kept adam exp_avg_sq of 1 parameter; " +
			"dropped lookahead slow of 1 parameter", "adam/exp_avg", []float64{0.75, 1.5}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			store, u := carried(t, c.from, c.to, c.carry)
			if u.Carried() != c.says {
				t.Errorf("says %q,\nwant %q", u.Carried(), c.says)
			}
			v := store.GetVariable("/optim/" + c.slot + "/a/weight")
			if v == nil {
				t.Fatalf("there is no %s", c.slot)
			}
			wantNear(t, c.slot, values(t, v), c.value, 1e-6)
			if v.Trainable {
				t.Errorf("%s is trainable", c.slot)
			}
			owner := c.to.Optimizer.Name()
			clock := tensors.MustCopyFlatData[float64](store.GetVariable("/optim/" + owner + "/clock/a/weight").MustValue())
			if clock[0] != c.steps {
				t.Errorf("clock at step %v, want %v", clock[0], c.steps)
			}
			var have, want []string
			for v := range store.IterVariables() {
				if strings.HasPrefix(v.Path(), "/optim/") {
					have = append(have, v.Path())
				}
			}
			for _, v := range u.State() {
				want = append(want, v.Path())
			}
			slices.Sort(have)
			slices.Sort(want)
			if !slices.Equal(have, want) {
				t.Errorf("the store has %v, the updater's state is %v", have, want)
			}
		})
	}
}

// State of parameters that are not in the new updater, or have another shape, is dropped.
func TestCarryOfOtherParameters(t *testing.T) {
	store := model.NewStore()
	a, b := parameter(t, store, "/a/weight", []float64{3, 4}, 1, 2), parameter(t, store, "/b/weight", []float64{3, 4}, 1, 2)
	c := optim.Config{Optimizer: optim.SGD{}}
	newUpdater(t, store, c, []*model.Variable{a, b})
	u := newUpdater(t, store, c, []*model.Variable{b})
	if want := "kept sgd momentum_buffer of 1 parameter; dropped sgd momentum_buffer of 1 parameter"; u.Carried() != want {
		t.Errorf("says %q, want %q", u.Carried(), want)
	}
	if store.GetVariable("/optim/sgd/momentum_buffer/a/weight") != nil || store.GetVariable("/optim/sgd/clock/a/weight") != nil {
		t.Error("state of a parameter that is not updated is left")
	}
	if err := b.SetValue(tensors.FromFlatDataAndDimensions([]float32{1, 2, 3}, 1, 3)); err != nil {
		t.Fatal(err)
	}
	if _, err := u.Input([]optim.Hyper{{LR: 1}}); err != nil { // a step, which the clock counts
		t.Fatal(err)
	}
	u, err := optim.New(store, optim.Config{Optimizer: optim.LARC{}}, [][]*model.Variable{{b}}, optim.CarrySlots)
	if err != nil {
		t.Fatal(err)
	}
	if want := "started larc momentum_buffer of 1 parameter; dropped sgd momentum_buffer of 1 parameter"; u.Carried() != want {
		t.Errorf("says %q, want %q", u.Carried(), want)
	}
	if clock := tensors.MustCopyFlatData[float64](store.GetVariable("/optim/larc/clock/b/weight").MustValue()); clock[0] != 0 {
		t.Errorf("the clock of new state is at step %v", clock[0])
	}
	if got := store.GetVariable("/optim/larc/momentum_buffer/b/weight").Shape(); !got.Equal(b.Shape()) {
		t.Errorf("slot %s of parameter %s", got, b.Shape())
	}
}

// A parameter that joins later has a clock of its own: its bias correction is of its own first step.
func TestParameterThatJoinsLater(t *testing.T) {
	store := model.NewStore()
	a, b := parameter(t, store, "/a/weight", []float64{1, 1}, 1, 2), parameter(t, store, "/b/weight", []float64{1, 1}, 1, 2)
	c := optim.Config{Optimizer: optim.Adam{}}
	h := []optim.Hyper{{LR: 0.125, Momentum: 0.9}}
	tr := newTrainer(t, store, newUpdater(t, store, c, []*model.Variable{a}))
	for range 20 {
		tr.step(t, h, []float64{1, 1})
	}
	newTrainer(t, store, newUpdater(t, store, c, []*model.Variable{a, b})).step(t, h, []float64{1, 1}, []float64{1, 1})
	wantNear(t, "a", values(t, a), []float64{1 - 21*0.125, 1 - 21*0.125}, 1e-4)
	wantNear(t, "b", values(t, b), []float64{0.875, 0.875}, 1e-4)
}

// The variables of State are all there is: saved after 7 of 20 steps and restored into another store, the rest of the
// run is the same to the bit.
func TestRestoredStateIsTheSameToTheBit(t *testing.T) {
	for _, c := range optimizerCases() {
		config := optim.Config{Optimizer: c.Optimizer, Lookahead: optim.Lookahead{Steps: 4}}
		steps := func(tr *trainer, from, to int) {
			for k := from; k < to; k++ {
				tr.step(t, []optim.Hyper{scheduled(0, k)}, []float64{float64(k) - 9.3, 1 / float64(k+1)})
			}
		}
		tr, v := one(t, config, []float64{3, 4}, 1, 2)
		steps(tr, 0, 7)
		restored := model.NewStore()
		for _, old := range append(tr.State(), v) {
			value, err := old.MustValue().LocalClone()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := restored.CreateVariable(old.Path(), value); err != nil {
				t.Fatal(err)
			}
		}
		steps(tr, 7, 20)
		again := restored.GetVariable(v.Path())
		u := newUpdater(t, restored, config, []*model.Variable{again})
		for _, v := range u.State() {
			if v.Trainable {
				t.Errorf("%s is trainable", v.Path())
			}
		}
		steps(newTrainer(t, restored, u), 7, 20)
		if got, want := values(t, again), values(t, v); !slices.Equal(got, want) {
			t.Errorf("%s: %v after restoring, want %v", c.name, got, want)
		}
	}
}
