package learn

import (
	"errors"
	"fmt"
	"math"

	"github.com/atelier-go/atelier/optim"
	"github.com/atelier-go/atelier/schedule"
)

// Kilostep is the hyper-parameters of SGD with Nesterov's momentum, each of which can be chosen by itself (Page, 2018;
// Jordan, 2024): LR alone says how far a gradient that stays the same moves the weights, whatever the momentum and the
// batch, and WeightDecay alone how much of the weights is lost meanwhile. SGD, on the mean loss of a batch of B, gets
//
//	lr = LR·B/1024/(1 + 1/(1-Momentum)), weight_decay = WeightDecay/LR
//
// The divisor is how much larger than a gradient the steps become.
type Kilostep struct {
	LR          float64 // for 1024 examples, whose gradients are summed
	Momentum    float64 // in [0, 1)
	WeightDecay float64 // the part of the weights that 1024 examples take off, of all parameters; zero means none
	// BiasFactor multiplies the rate of the biases of norms, but not their weight decay; zero means 1.
	BiasFactor float64
	// Over multiplies LR, and the weight decay with it, over the phase; nil means 1.
	Over schedule.Schedule
}

// Check wants numbers in these ranges, and an LR above 0.
func (k Kilostep) Check() error {
	wrong := func(field string, v float64, want string) error {
		return fmt.Errorf("learn: kilostep: %s is %v: want %s", field, v, want)
	}
	var problems []error
	if !(k.LR > 0) || math.IsInf(k.LR, 0) {
		problems = append(problems, wrong("lr", k.LR, "a number above 0"))
	}
	if !(k.Momentum >= 0 && k.Momentum < 1) {
		problems = append(problems, wrong("momentum", k.Momentum, "0 to less than 1"))
	}
	if !(k.WeightDecay >= 0) || math.IsInf(k.WeightDecay, 0) {
		problems = append(problems, wrong("weight_decay", k.WeightDecay, "a number that is not negative"))
	}
	if !(k.BiasFactor >= 0) || math.IsInf(k.BiasFactor, 0) {
		problems = append(problems, wrong("bias_factor", k.BiasFactor, "a number that is not negative"))
	}
	if k.Over != nil {
		problems = append(problems, k.Over.Check())
	}
	return errors.Join(problems...)
}

// Phase is base with these hyper-parameters, for steps of so many examples: a batch, or what a Proxy chooses of it, times
// the batches that are accumulated. The rule for the biases of norms comes after base's own.
func (k Kilostep) Phase(base Phase, examples int) Phase {
	over := k.Over
	if over == nil {
		over = schedule.Constant{Value: 1}
	}
	lr := k.LR * float64(examples) / 1024 / (1 + 1/(1-k.Momentum))
	base.Optimizer, base.DecayAll = optim.SGD{Nesterov: true}, true
	base.LR, base.Momentum, base.WeightDecay = Values{multiple{lr, over}}, Value(k.Momentum), Value(k.WeightDecay/k.LR)
	if k.BiasFactor != 0 && k.BiasFactor != 1 {
		biases := optim.Rule{Path: "/**/bias", Kind: optim.NormKind, LRFactor: k.BiasFactor, DecayFactor: 1 / k.BiasFactor}
		base.Rules = append(append([]optim.Rule(nil), base.Rules...), biases)
	}
	return base
}

// multiple is a schedule times a number.
type multiple struct {
	factor float64
	of     schedule.Schedule
}

func (m multiple) At(k, n int) float64 { return m.factor * m.of.At(k, n) }

func (m multiple) Check() error { return m.of.Check() }
