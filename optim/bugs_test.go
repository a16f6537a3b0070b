package optim_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/optim"
)

// The tests of this file are mistakes that other implementations have made, one a test.

// layerwise are the optimizers with rates by layer, for every parameter.
func layerwise() map[string]optim.Config {
	return map[string]optim.Config{
		"LARS": {Optimizer: optim.LARS{}, DecayAll: true},
		"LARC": {Optimizer: optim.LARC{}, DecayAll: true},
		"LAMB": {Optimizer: optim.LAMB{}, DecayAll: true},
	}
}

// one makes a trainer of one parameter.
func one(t *testing.T, c optim.Config, w []float64, dims ...int) (*trainer, *model.Variable) {
	t.Helper()
	store := model.NewStore()
	v := parameter(t, store, "/layer/weight", w, dims...)
	return newTrainer(t, store, newUpdater(t, store, c, []*model.Variable{v})), v
}

// moved is the last step's -Δw of a parameter that starts as w.
func moved(t *testing.T, c optim.Config, w []float64, h optim.Hyper, gradients ...[]float64) []float64 {
	t.Helper()
	tr, v := one(t, c, w, 1, len(w))
	var before []float64
	for _, g := range gradients {
		before = values(t, v)
		tr.step(t, []optim.Hyper{h}, g)
	}
	return combine(1, before, -1, values(t, v))
}

func wantNear(t *testing.T, what string, got, want []float64, tolerance float64) {
	t.Helper()
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= tolerance*math.Abs(want[i])) {
			t.Errorf("%s: [%d] = %v, want %v", what, i, got[i], want[i])
		}
	}
}

// A parameter that starts as zeros has no norm to scale its rate by, and never moves if that makes the rate 0
// (SimCLR in PyTorch, issue 27).
func TestZeroParameterMoves(t *testing.T) {
	for name, c := range layerwise() {
		for i, d := range moved(t, c, []float64{0, 0}, optim.Hyper{LR: 0.1, WeightDecay: 0.1}, []float64{1, -2}) {
			if d == 0 || math.IsNaN(d) {
				t.Errorf("%s: element %d moved by %v", name, i, d)
			}
		}
	}
}

// Nor does a gradient of zeros make NaN, and decay still acts (apex's LARC leaves it out then).
func TestZeroGradientDecays(t *testing.T) {
	for name, c := range layerwise() {
		w := []float64{3, 4}
		got := moved(t, c, w, optim.Hyper{LR: 0.1, WeightDecay: 0.5}, []float64{0, 0})
		want := scaled(0.1*0.5, w)
		if name == "LAMB" { // u is decay·w, scaled to the norm of w
			want = scaled(0.1, w)
		}
		wantNear(t, name, got, want, 1e-5)
	}
}

// Weight decay of 0 switches decay off, not the rates by layer (Paddle, pull request 40892; timm).
func TestLayerwiseRatesWithoutDecay(t *testing.T) {
	w, g := []float64{3, 4}, []float64{6, 8}
	h := optim.Hyper{LR: 2}
	wantNear(t, "LARS", moved(t, optim.Config{Optimizer: optim.LARS{}}, w, h, g), scaled(2*0.001*5/10, g), 1e-3)
	wantNear(t, "LARC", moved(t, optim.Config{Optimizer: optim.LARC{}}, w, h, g), scaled(0.02*5/10, g), 1e-5)
	u := math.Sqrt(2) // the first step of Adam is 1 in every element
	wantNear(t, "LAMB", moved(t, optim.Config{Optimizer: optim.LAMB{}}, w, h, g), []float64{2 * 5 / u, 2 * 5 / u}, 1e-5)
}

// The ratio is that of the gradient that comes in, not of the velocity (AiDotNet.Tensors, pull request 955): after a
// gradient a hundred times as large, it is what it would have been without.
func TestLARSRatioIsOfTheIncomingGradient(t *testing.T) {
	w, g := []float64{3, 4}, []float64{6, 8}
	c := optim.Config{Optimizer: optim.LARS{Eps: 1e-12}}
	first := moved(t, c, w, optim.Hyper{LR: 1}, scaled(100, g))
	got := moved(t, c, w, optim.Hyper{LR: 1, Momentum: 0.5}, scaled(100, g), g)
	after := combine(1, w, -1, first)
	want := combine(0.5, first, 0.001*euclid(after)/euclid(g), g)
	wantNear(t, "second step", got, want, 1e-4)
}

// Weight decay is part of the step, not of the ratio's denominator alone (the same pull request).
func TestLARSDecayIsInTheStep(t *testing.T) {
	w, g, decay := []float64{3, 4}, []float64{8, -6}, 0.5
	got := moved(t, optim.Config{Optimizer: optim.LARS{Eps: 1e-12}}, w, optim.Hyper{LR: 1, WeightDecay: decay}, g)
	wantNear(t, "step", got, combine(0.001*5/(10+decay*5), g, 0.001*5/(10+decay*5)*decay, w), 1e-3)
}

// Eps bounds the ratio of vanishing gradients (the same pull request): here to Trust·‖w‖/Eps.
func TestLARSOfVanishingGradient(t *testing.T) {
	g := []float64{1e-18, 1e-18}
	got := moved(t, optim.Config{Optimizer: optim.LARS{Eps: 1e-4}}, []float64{300, 400}, optim.Hyper{LR: 1}, g)
	for i, d := range got {
		if math.Abs(d) > 1e-9 {
			t.Errorf("a gradient of 1e-18 moves element %d by %v", i, d)
		}
	}
}

// Norms are of one parameter each, not of the network (objax, pull request 136).
func TestLARSNormsAreOfEachParameter(t *testing.T) {
	store := model.NewStore()
	a, b := parameter(t, store, "/a/weight", []float64{3, 4}, 1, 2), parameter(t, store, "/b/weight", []float64{300, 400}, 1, 2)
	u := newUpdater(t, store, optim.Config{Optimizer: optim.LARS{}}, []*model.Variable{a, b})
	newTrainer(t, store, u).step(t, []optim.Hyper{{LR: 1}}, []float64{6, 8}, []float64{6, 8})
	wantNear(t, "a", combine(1, []float64{3, 4}, -1, values(t, a)), scaled(0.001*5/10, []float64{6, 8}), 1e-3)
	wantNear(t, "b", combine(1, []float64{300, 400}, -1, values(t, b)), scaled(0.001*500/10, []float64{6, 8}), 1e-3)
}

// Biases and norms have neither decay nor rates of their own, unless that is asked for (optax.lars: masks are left to
// its users).
func TestBiasesAreLeftOut(t *testing.T) {
	for name, c := range layerwise() {
		c.DecayAll = false
		w, g := []float64{3, 4}, []float64{6, 8}
		tr, v := one(t, c, w, 2)
		tr.step(t, []optim.Hyper{{LR: 0.1, WeightDecay: 10}}, g)
		want := scaled(0.1, g)
		if name == "LAMB" {
			want = []float64{0.1, 0.1}
		}
		wantNear(t, name, combine(1, w, -1, values(t, v)), want, 1e-5)
	}
}

// LARS's learning rate is in the velocity, as in the paper: when it becomes 0, past steps still act (timm's acts on
// the velocity).
func TestLARSVelocityHasTheLearningRate(t *testing.T) {
	w, g := []float64{3, 4}, []float64{6, 8}
	tr, v := one(t, optim.Config{Optimizer: optim.LARS{}}, w, 1, 2)
	tr.step(t, []optim.Hyper{{LR: 2, Momentum: 0.5}}, g)
	first := combine(1, w, -1, values(t, v))
	before := values(t, v)
	tr.step(t, []optim.Hyper{{LR: 0, Momentum: 0.5}}, g)
	wantNear(t, "step at rate 0", combine(1, before, -1, values(t, v)), scaled(0.5, first), 1e-3)
}

// There is no default learning rate.
func TestZeroLearningRate(t *testing.T) {
	for _, c := range optimizerCases() {
		if got := moved(t, optim.Config{Optimizer: c.Optimizer}, []float64{3, 4}, optim.Hyper{}, []float64{1, 2}); euclid(got) != 0 {
			t.Errorf("%s without a learning rate moves by %v", c.name, got)
		}
	}
}

// Decoupled decay acts in each group by the group's own setting (fastai 0.7: in none if the first group's is 0).
func TestDecoupledDecayOfEachGroup(t *testing.T) {
	store := model.NewStore()
	a, b := parameter(t, store, "/a/weight", []float64{1, 1}, 1, 2), parameter(t, store, "/b/weight", []float64{1, 1}, 1, 2)
	u := newUpdater(t, store, optim.Config{Optimizer: optim.SGD{}, Decoupled: true}, []*model.Variable{a}, []*model.Variable{b})
	newTrainer(t, store, u).step(t, []optim.Hyper{{LR: 0.5}, {LR: 0.5, WeightDecay: 0.5}}, []float64{0, 0}, []float64{0, 0})
	wantNear(t, "a", values(t, a), []float64{1, 1}, 0)
	wantNear(t, "b", values(t, b), []float64{0.75, 0.75}, 0)
}

// Decoupled decay stays that when the optimizer changes (fastai 0.7: becomes L2 in the gradient, which Adam divides
// out): of a step with a gradient of zeros, Adam would make LR, whatever the decay.
func TestDecoupledDecayWithAnotherOptimizer(t *testing.T) {
	store := model.NewStore()
	v := parameter(t, store, "/a/weight", []float64{1, 1}, 1, 2)
	for _, o := range []optim.Optimizer{optim.SGD{}, optim.Adam{}} {
		u := newUpdater(t, store, optim.Config{Optimizer: o, Decoupled: true}, []*model.Variable{v})
		newTrainer(t, store, u).step(t, []optim.Hyper{{LR: 0.5, WeightDecay: 0.5}}, []float64{0, 0})
	}
	wantNear(t, "w", values(t, v), []float64{0.5625, 0.5625}, 1e-6)
}

// Decay less than half the distance from 1 to the next float32 is lost if it is taken off the weight by itself; it is
// added to the step first. Here neither moves the weight alone, both do.
func TestWeakDecoupledDecay(t *testing.T) {
	c := optim.Config{Optimizer: optim.SGD{}, Decoupled: true}
	alone := moved(t, c, []float64{1}, optim.Hyper{LR: 2.5e-8, WeightDecay: 1}, []float64{0})
	both := moved(t, c, []float64{1}, optim.Hyper{LR: 2.5e-8, WeightDecay: 1}, []float64{1})
	if alone[0] != 0 || both[0] <= 0 {
		t.Errorf("decay alone moves 1 by %v, with a step as large by %v, want 0 and more", alone[0], both[0])
	}
}

// No hyper-parameter is state: restoring state changes none that is given (PyTorch's OneCycleLR keeps its bounds in
// the optimizer's groups).
func TestStateHasNoHyperparameters(t *testing.T) {
	run := func(first optim.Hyper) []float64 {
		tr, v := one(t, optim.Config{Optimizer: optim.SGD{}}, []float64{1, 2}, 1, 2)
		tr.step(t, []optim.Hyper{first}, []float64{0, 0}) // moves nothing, whatever it is
		tr.step(t, []optim.Hyper{{LR: 0.1, Momentum: 0.9}}, []float64{1, 1})
		return values(t, v)
	}
	if a, b := run(optim.Hyper{LR: 5, Momentum: 0.1}), run(optim.Hyper{LR: 0.1}); !slices.Equal(a, b) {
		t.Errorf("the step after LR 5 makes %v, after LR 0.1 %v", a, b)
	}
}

// Making an updater sets nothing: weights, and state that is kept, stay as they are (PyTorch: making a scheduler resets
// the learning rate, and the order of loading matters). State that is set afterwards holds as well, so long as it is of
// one step; else it is refused.
func TestMakingAnUpdaterSetsNothing(t *testing.T) {
	store := model.NewStore()
	a, b := parameter(t, store, "/a/weight", []float64{1, 2}, 1, 2), parameter(t, store, "/b/weight", []float64{1, 2}, 1, 2)
	c := optim.Config{Optimizer: optim.Adam{}}
	u := newUpdater(t, store, c, []*model.Variable{a, b})
	newTrainer(t, store, u).step(t, []optim.Hyper{{LR: 0.1}}, []float64{1, 1}, []float64{1, 1})
	var before [][]float64
	for _, v := range []*model.Variable{a, b, store.GetVariable("/optim/adam/exp_avg/a/weight")} {
		before = append(before, values(t, v))
	}
	u = newUpdater(t, store, c, []*model.Variable{a, b})
	for i, v := range []*model.Variable{a, b, store.GetVariable("/optim/adam/exp_avg/a/weight")} {
		if !slices.Equal(values(t, v), before[i]) {
			t.Errorf("%s is %v after another updater is made, want %v", v.Path(), values(t, v), before[i])
		}
	}
	other := model.NewStore()
	fresh, err := optim.New(other, c, [][]*model.Variable{{parameter(t, other, "/a/weight", []float64{1, 2}, 1, 2)}}, optim.CarryAuto)
	if err != nil {
		t.Fatal(err)
	}
	value, err := fresh.State()[2].Value()
	if err != nil {
		t.Fatal(err)
	}
	if err := store.GetVariable("/optim/adam/clock/a/weight").SetValue(value); err != nil {
		t.Fatal(err)
	}
	if _, err = u.Input([]optim.Hyper{{LR: 0.1}}); err == nil || !strings.Contains(err.Error(), "/b/weight of step 1") {
		t.Errorf("error %v, want one that says that the clocks differ", err)
	}
}

// Momentum can be scheduled for every optimizer, for Adam as beta1; beta2 stays as given; values that are no momentum
// are refused (PyTorch's CyclicLR refused Adam; DeepSpeed reset beta2 and let beta1 pass 1).
func TestMomentumOfEveryOptimizer(t *testing.T) {
	for _, c := range optimizerCases() {
		tr, v := one(t, optim.Config{Optimizer: c.Optimizer}, []float64{3, 4}, 1, 2)
		want, rule := []float64{3, 4}, c.ref()
		for k := range 4 {
			h := optim.Hyper{LR: 0.1, Momentum: 0.95 - 0.1*float64(k), Beta2: 0.9}
			g := []float64{1, float64(k) - 1.5}
			tr.step(t, []optim.Hyper{h}, g)
			want = combine(1, want, -1, rule(want, g, h, true))
		}
		if same, i := sameWeights(values(t, v), want, 1e-5); !same {
			t.Errorf("%s: w[%d] = %v, want %v", c.name, i, values(t, v)[i], want[i])
		}
		for _, h := range []optim.Hyper{{Momentum: 1}, {Momentum: 1.05}, {Momentum: -0.1}, {Momentum: math.NaN()}, {Beta2: 1}, {Beta2: -1},
			{LR: -1}, {LR: math.Inf(1)}, {WeightDecay: -1}, {LR: math.NaN()}} {
			if _, err := tr.Input([]optim.Hyper{h}); err == nil || !strings.HasPrefix(err.Error(), "optim: group 0: ") {
				t.Errorf("%s: %+v: error %v", c.name, h, err)
			}
		}
	}
}

// Beta2 that is not given is the optimizer's default: 0.99 for RMSProp, 0.999 for the others; given, it is used.
func TestDefaultBeta2(t *testing.T) {
	for _, c := range optimizerCases() {
		beta2 := 0.999
		switch c.Name() {
		case "sgd", "lars", "larc":
			continue
		case "rmsprop":
			beta2 = 0.99
		}
		step := func(beta2 float64) []float64 {
			h := optim.Hyper{LR: 0.1, Momentum: 0.5, Beta2: beta2}
			return moved(t, optim.Config{Optimizer: c.Optimizer}, []float64{3, 4}, h, []float64{1, 2}, []float64{2, -3})
		}
		if got, want := step(0), step(beta2); !slices.Equal(got, want) {
			t.Errorf("%s without beta2 moves by %v, with %v by %v", c.name, got, beta2, want)
		}
		if slices.Equal(step(0), step(0.5)) {
			t.Errorf("%s moves the same with beta2 0.5 as without", c.name)
		}
	}
}

// Of gradients that are all the same, the corrected mean is that gradient, whatever the betas were: 1 - beta^t would be
// off by a factor of 5 here.
func TestBiasCorrectionOfScheduledBetas(t *testing.T) {
	for _, c := range []optim.Optimizer{optim.Adam{}, optim.AdamW{}} {
		tr, v := one(t, optim.Config{Optimizer: c}, []float64{1, 1}, 1, 2)
		betas := []float64{0.5, 0.99, 0.6, 0.95, 0.9}
		for k, beta := range betas {
			before := values(t, v)
			tr.step(t, []optim.Hyper{{LR: 0.125, Momentum: beta, Beta2: betas[len(betas)-1-k]}}, []float64{3, -3})
			wantNear(t, c.Name(), combine(1, before, -1, values(t, v)), []float64{0.125, -0.125}, 1e-5)
		}
	}
}
