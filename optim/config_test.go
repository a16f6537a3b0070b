package optim_test

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/optim"
)

// The first rule that fits a parameter, by path and kind, holds for it: other optimizer, factors, no decay.
func TestRules(t *testing.T) {
	paths := []string{
		"/stem/conv/weight", "/stem/conv/bias", "/stage1/block0/norm/weight", "/stage1/block0/conv/weight", "/head/weight", "/head/bias",
	}
	const lr, decay = 0.125, 0.5
	for _, c := range []struct {
		name  string
		rules []optim.Rule
		all   bool
		want  []float64 // step of each parameter from 1 with gradient 1
	}{
		{"none", nil, false, []float64{1.5, 1, 1, 1.5, 1.5, 1}},
		{"decay all", nil, true, []float64{1.5, 1.5, 1.5, 1.5, 1.5, 1.5}},
		{"biases of factor 4", []optim.Rule{{Kind: optim.BiasKind, LRFactor: 4}}, false, []float64{1.5, 4, 1, 1.5, 1.5, 4}},
		{"norms with decay", []optim.Rule{{Kind: optim.NormKind, DecayFactor: 2}}, false, []float64{1.5, 1, 2, 1.5, 1.5, 1}},
		{"no decay of weights in blocks", []optim.Rule{{Path: "/stage?/*/conv/weight", NoDecay: true}}, false, []float64{1.5, 1, 1, 1, 1.5, 1}},
		{"first of two", []optim.Rule{{Path: "/head/**", LRFactor: 2}, {Kind: optim.BiasKind, LRFactor: 4}}, false,
			[]float64{1.5, 4, 1, 1.5, 3, 2}},
		{"both conditions", []optim.Rule{{Path: "/stem/**", Kind: optim.WeightKind, DecayFactor: 4}}, false, []float64{3, 1, 1, 1.5, 1.5, 1}},
		{"any depth", []optim.Rule{{Path: "**/conv/*", LRFactor: 2}}, false, []float64{3, 2, 1, 3, 1.5, 1}},
		{"other optimizer", []optim.Rule{{Path: "/head/weight", Optimizer: optim.AdamW{}}}, false, []float64{1.5, 1, 1, 1.5, 1.5, 1}},
		{"other optimizer with coupled decay", []optim.Rule{{Path: "/head/weight", Optimizer: optim.Adam{}}}, false, []float64{1.5, 1, 1, 1.5, 1, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := model.NewStore()
			var group []*model.Variable
			var gradients [][]float64
			for i, path := range paths {
				dims := []int{1, 1}
				if i == 1 || i == 2 || i == 5 {
					dims = []int{1}
				}
				group = append(group, parameter(t, store, path, []float64{1}, dims...))
				gradients = append(gradients, []float64{1})
			}
			u := newUpdater(t, store, optim.Config{Optimizer: optim.SGD{}, Rules: c.rules, DecayAll: c.all}, group)
			newTrainer(t, store, u).step(t, []optim.Hyper{{LR: lr, WeightDecay: decay}}, gradients...)
			for i, v := range group {
				if got := (1 - values(t, v)[0]) / lr; math.Abs(got-c.want[i]) > 1e-5 {
					t.Errorf("%s moves by %v rates, want %v", paths[i], got, c.want[i])
				}
			}
		})
	}
}

// All that is wrong is in one error, and the store is untouched.
func TestConfigErrors(t *testing.T) {
	store := model.NewStore()
	v := parameter(t, store, "/a/weight", []float64{1, 2}, 1, 2)
	frozen := parameter(t, store, "/b/weight", []float64{1, 2}, 1, 2).SetTrainable(false)
	counts, err := store.CreateVariable("/c/count", tensors.FromScalar(int32(1)))
	if err != nil {
		t.Fatal(err)
	}
	_, err = optim.New(store, optim.Config{
		Optimizer: optim.SGD{Dampening: 2, Nesterov: true},
		Rules: []optim.Rule{
			{Path: "/[", Kind: 9, Optimizer: optim.LARS{Trust: -1}, LRFactor: -1}, {NoDecay: true, DecayFactor: 2},
		},
		Clip:      optim.Clipping{Value: -1, GlobalNorm: math.Inf(1)},
		Lookahead: optim.Lookahead{Alpha: 0.5},
	}, [][]*model.Variable{{v, v, nil}, {frozen, counts}}, 7)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"Dampening = 2, want 0 to 1", "both Nesterov and Dampening", `rule 0: pattern "/["`, "unknown Kind(9)", "Trust = -1, want ≥ 0",
		"LRFactor = -1", "rule 1: both NoDecay and DecayFactor = 2", "clipping: Value = -1", "GlobalNorm = +Inf",
		"lookahead: set Steps", "Carry = 7", "group 0: /a/weight (Float32)[1, 2] is in the groups twice", "group 0 has an invalid variable",
		"group 1: /b/weight (Float32)[1, 2] is not trainable", "group 1: /c/count (Int32) is not float32 or float64",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in the error:\n%v", want, err)
		}
	}
	if n := store.NumVariables(); n != 3 {
		t.Errorf("%d variables in the store, want 3", n)
	}
	for _, c := range optimizerCases() {
		if _, err := optim.New(store, optim.Config{Optimizer: c.Optimizer}, nil, optim.CarryAuto); err == nil {
			t.Errorf("%s of no parameters: no error", c.name)
		}
	}
	for _, o := range []optim.Optimizer{optim.RMSProp{Eps: -1}, optim.Adam{Eps: -1}, optim.AdamW{Eps: math.NaN()},
		optim.LARS{Eps: -1}, optim.LARC{Trust: math.NaN()}, optim.LAMB{Eps: -1}, optim.Muon{Iterations: -1}, nil} {
		if _, err := optim.New(store, optim.Config{Optimizer: o}, [][]*model.Variable{{v}}, optim.CarryAuto); err == nil {
			t.Errorf("%#v: no error", o)
		}
	}
}

// Wrong arguments of a step are errors that give the shapes.
func TestStepErrors(t *testing.T) {
	store := model.NewStore()
	v := parameter(t, store, "/a/weight", []float64{1, 2}, 1, 2)
	u := newUpdater(t, store, optim.Config{Optimizer: optim.SGD{}}, []*model.Variable{v})
	if _, err := u.Input(make([]optim.Hyper, 2)); err == nil || !strings.Contains(err.Error(), "of 2 groups, want 1") {
		t.Errorf("hyper-parameters of too many groups: %v", err)
	}
	hyper, err := u.Input(make([]optim.Hyper, 1))
	if err != nil {
		t.Fatal(err)
	}
	for want, build := range map[string]func(h *Node) *Node{
		"hyper-parameters are (Float32)[1, 4], want (Float32)[4]": func(h *Node) *Node { return u.Apply(InsertAxes(h, 0), u.Gradients(ReduceAllSum(h))) },
		"0 gradients of 1 parameters":                             func(h *Node) *Node { return u.Apply(h, nil) },
		"gradient (Float32)[4] of /a/weight (Float32)[1, 2]":      func(h *Node) *Node { return u.Apply(h, []*Node{h}) },
	} {
		_, err := model.CallOnce(testBackend(t), store, func(_ *model.Scope, h *Node) *Node { return build(h) }, hyper)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// The norm that Apply returns is of all gradients, before clipping; NaN in a gradient reaches all that it should.
func TestNorm(t *testing.T) {
	store := model.NewStore()
	a, b := parameter(t, store, "/a/weight", []float64{0, 0}, 1, 2), parameter(t, store, "/b/weight", []float64{0}, 1, 1)
	tr := newTrainer(t, store, newUpdater(t, store, optim.Config{Optimizer: optim.SGD{}, Clip: optim.Clipping{GlobalNorm: 1}}, []*model.Variable{a, b}))
	if norm := tr.step(t, []optim.Hyper{{LR: 1}}, []float64{2, 3}, []float64{6}); norm != 7 {
		t.Errorf("norm %v, want 7", norm)
	}
	wantNear(t, "a", values(t, a), []float64{-2.0 / 7, -3.0 / 7}, 1e-5)
	wantNear(t, "b", values(t, b), []float64{-6.0 / 7}, 1e-5)
	if norm := tr.step(t, []optim.Hyper{{LR: 1}}, []float64{0.3, 0.4}, []float64{0}); math.Abs(norm-0.5) > 1e-6 {
		t.Errorf("norm %v, want 0.5", norm)
	}
	wantNear(t, "a, of a gradient that is not clipped", values(t, a), []float64{-2.0/7 - 0.3, -3.0/7 - 0.4}, 1e-5)
	tr.step(t, []optim.Hyper{{LR: 1}}, []float64{math.NaN(), 1}, []float64{1})
	if !math.IsNaN(values(t, a)[1]) || !math.IsNaN(values(t, b)[0]) {
		t.Errorf("weights %v and %v after a gradient of NaN, clipped by the global norm", values(t, a), values(t, b))
	}
}

// Every optimizer has a name, by which it is found with its default settings; these survive JSON.
func TestNamed(t *testing.T) {
	for _, name := range optim.Kinds() {
		o, ok := optim.Named(name)
		if !ok || o.Name() != name || o.Check() != nil {
			t.Errorf("%s: %v, %v", name, o, ok)
		}
		if err := json.Unmarshal([]byte(`{"eps": 0.5, "nesterov": true}`), o); err != nil {
			t.Error(err)
		}
	}
	for _, c := range optimizerCases() {
		if !slices.Contains(optim.Kinds(), c.Name()) {
			t.Errorf("%s is not in Kinds", c.Name())
		}
	}
	if _, ok := optim.Named("adagrad"); ok {
		t.Error("adagrad is known")
	}
}

func TestText(t *testing.T) {
	for _, k := range []optim.Kind{optim.AnyKind, optim.WeightKind, optim.BiasKind, optim.NormKind} {
		text, err := k.MarshalText()
		var back optim.Kind
		if err2 := back.UnmarshalText(text); err != nil || err2 != nil || back != k {
			t.Errorf("%v is written as %q and read as %v: %v, %v", k, text, back, err, err2)
		}
	}
	for _, c := range []optim.Carry{optim.CarryAuto, optim.CarrySlots, optim.CarryNone} {
		text, err := c.MarshalText()
		var back optim.Carry
		if err2 := back.UnmarshalText(text); err != nil || err2 != nil || back != c {
			t.Errorf("%v is written as %q and read as %v: %v, %v", c, text, back, err, err2)
		}
	}
	if new(optim.Kind).UnmarshalText([]byte("weights")) == nil || new(optim.Carry).UnmarshalText([]byte("all")) == nil {
		t.Error("unknown names are read")
	}
}
