package optim_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/optim"
)

// optimizerCase is an optimizer and what it is compared with.
type optimizerCase struct {
	name string
	optim.Optimizer
	ref func() reference
}

func optimizerCases() []optimizerCase {
	return []optimizerCase{
		{"SGD", optim.SGD{}, func() reference { return refSGD(0, false) }},
		{"SGD dampening", optim.SGD{Dampening: 0.3}, func() reference { return refSGD(0.3, false) }},
		{"Nesterov", optim.SGD{Nesterov: true}, func() reference { return refSGD(0, true) }},
		{"RMSProp", optim.RMSProp{}, func() reference { return refRMSProp(1e-8, false) }},
		{"RMSProp centered", optim.RMSProp{Centered: true, Eps: 1e-3}, func() reference { return refRMSProp(1e-3, true) }},
		{"Adam", optim.Adam{}, func() reference { return refAdam(1e-8) }},
		{"Adam eps", optim.Adam{Eps: 0.1}, func() reference { return refAdam(0.1) }},
		{"AdamW", optim.AdamW{}, func() reference { return refAdam(1e-8) }},
		{"LARS", optim.LARS{}, func() reference { return refLARS(0.001, 1e-8) }},
		{"LARS trust", optim.LARS{Trust: 0.1, Eps: 0.5}, func() reference { return refLARS(0.1, 0.5) }},
		{"LARC", optim.LARC{}, func() reference { return refLARC(0.02, 1e-8, false, false) }},
		{"LARC trust", optim.LARC{Trust: 0.3, Nesterov: true}, func() reference { return refLARC(0.3, 1e-8, false, true) }},
		{"LARC scale", optim.LARC{Scale: true}, func() reference { return refLARC(0.02, 1e-8, true, false) }},
		{"LAMB", optim.LAMB{}, func() reference { return refLAMB(1e-6, false) }},
		{"LAMBC", optim.LAMB{ClipRatio: true, Eps: 1e-3}, func() reference { return refLAMB(1e-3, true) }},
	}
}

// scheduled is the hyper-parameters of group g at step k, all of which change.
func scheduled(g, k int) optim.Hyper {
	phase := float64(k) / 7
	return optim.Hyper{
		LR:          0.02 * (1.2 + math.Sin(phase)) / float64(g+1),
		Momentum:    0.8 + 0.15*math.Cos(phase),
		Beta2:       0.97 + 0.02*math.Sin(2*phase),
		WeightDecay: 0.05 * float64(g+1) * (1 + math.Cos(phase)),
	}
}

// Every optimizer follows its reference for 50 steps with scheduled hyper-parameters in two groups, each of a weight
// and a bias, for all that a Config says about weight decay. Gradients are given, the same for both. Tolerance: 1e-5 of
// the largest weight, for sums of 50 steps in float32.
func TestStepByStep(t *testing.T) {
	for _, c := range optimizerCases() {
		for _, decoupled := range []bool{false, true} {
			for _, decayAll := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/decoupled=%v/all=%v", c.name, decoupled, decayAll), func(t *testing.T) {
					config := optim.Config{Optimizer: c.Optimizer, Decoupled: decoupled, DecayAll: decayAll}
					followReference(t, config, c.ref)
				})
			}
		}
	}
}

// The same under Lookahead, of which the clock is the parameter's.
func TestLookaheadStepByStep(t *testing.T) {
	for _, c := range optimizerCases() {
		t.Run(c.name, func(t *testing.T) {
			config := optim.Config{Optimizer: c.Optimizer, Lookahead: optim.Lookahead{Steps: 5, Alpha: 0.7}}
			followReference(t, config, c.ref)
		})
	}
	followReference(t, optim.Config{Optimizer: optim.SGD{}, Lookahead: optim.Lookahead{Steps: 3}},
		func() reference { return refSGD(0, false) })
}

// Parameters of float64 are updated in float64, with hyper-parameters that were rounded to float32: what is left of the
// error is theirs.
func TestFloat64(t *testing.T) {
	store := model.NewStore()
	start := []float64{1 + 1e-12, -3}
	v, err := store.CreateVariable("/a/weight", tensors.FromFlatDataAndDimensions(slices.Clone(start), 1, 2))
	if err != nil {
		t.Fatal(err)
	}
	u := newUpdater(t, store, optim.Config{Optimizer: optim.AdamW{}, Clip: optim.Clipping{GlobalNorm: 1e-3}}, []*model.Variable{v})
	exec, err := model.NewExec(testBackend(t), store, func(_ *model.Scope, gradient, hyper *Node) *Node {
		return u.Apply(hyper, []*Node{gradient})
	})
	if err != nil {
		t.Fatal(err)
	}
	h := optim.Hyper{LR: 0x1p-30, Momentum: 0.5, Beta2: 0.75, WeightDecay: 0.5}
	hyper, err := u.Input([]optim.Hyper{h})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := exec.Call1([][]float64{{3, -4}}, hyper); err != nil {
		t.Fatal(err)
	}
	got := tensors.MustCopyFlatData[float64](v.MustValue())
	for i, sign := range []float64{1, -1} {
		want := h.LR * (sign + h.WeightDecay*start[i])
		if moved := start[i] - got[i]; math.Abs(moved-want) > 1e-4*math.Abs(want) {
			t.Errorf("w[%d] moved by %v, want %v", i, moved, want)
		}
	}
}

func followReference(t *testing.T, config optim.Config, ref func() reference) {
	t.Helper()
	store := model.NewStore()
	r := rand.New(rand.NewPCG(1, 2))
	dims := [][]int{{3, 4}, {4}, {4, 2}, {2}}
	groups := make([][]*model.Variable, 2)
	var want [][]float64
	var rules []reference
	var ahead []func([]float64) []float64
	for i, d := range dims {
		n := d[0]
		if len(d) == 2 {
			n *= d[1]
		}
		w := make([]float64, n)
		for j := range w {
			w[j] = float64(float32(r.NormFloat64()))
		}
		v := parameter(t, store, fmt.Sprintf("/layer%d/%s", i/2, []string{"weight", "bias"}[i%2]), w, d...)
		groups[i/2] = append(groups[i/2], v)
		want, rules = append(want, w), append(rules, ref())
		alpha := config.Lookahead.Alpha
		if alpha == 0 {
			alpha = 0.5
		}
		ahead = append(ahead, refLookahead(max(1, config.Lookahead.Steps), alpha, w))
	}
	tr := newTrainer(t, store, newUpdater(t, store, config, groups...))
	for k := range 50 {
		h := []optim.Hyper{scheduled(0, k), scheduled(1, k)}
		gradients := make([][]float64, len(want))
		for i := range want {
			gradients[i] = make([]float64, len(want[i]))
			for j := range gradients[i] {
				gradients[i][j] = float64(float32(r.NormFloat64()))
			}
			full := i%2 == 0 || config.DecayAll
			want[i] = refStep(rules[i], want[i], gradients[i], h[i/2], full, config.Decoupled || config.Optimizer.Decoupled())
			if config.Lookahead.Steps > 0 {
				want[i] = ahead[i](want[i])
			}
		}
		tr.step(t, h, gradients...)
		for i, p := range tr.Params() {
			if near, j := sameWeights(values(t, p), want[i], 1e-5); !near {
				t.Fatalf("step %d: %s[%d] = %v, want %v", k, p.Path(), j, values(t, p)[j], want[i][j])
			}
		}
	}
}

// refStep is one step of a parameter: full says that decay and layer-wise rates apply to it.
func refStep(rule reference, w, g []float64, h optim.Hyper, full, decoupled bool) []float64 {
	apart := 0.0
	if !full {
		h.WeightDecay = 0
	}
	if decoupled {
		apart, h.WeightDecay = h.LR*h.WeightDecay, 0
	}
	return combine(1, combine(1-apart, w, 0, w), -1, rule(w, g, h, full))
}

// sameWeights compares within a tolerance relative to the largest.
func sameWeights(got, want []float64, tolerance float64) (same bool, at int) {
	largest := 1.0
	for _, v := range want {
		largest = math.Max(largest, math.Abs(v))
	}
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= tolerance*largest) {
			return false, i
		}
	}
	return true, 0
}
