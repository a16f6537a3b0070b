package learn

import (
	"github.com/atelier-go/atelier/optim"
	"github.com/atelier-go/atelier/schedule"
)

// Phase is a stretch of training with one optimizer and one set of data. Nothing is inherited from the phase before:
// what is zero means what is written here.
type Phase struct {
	Name string // shown in plots and messages; zero means "phase 1" and so on

	// The length: Epochs of the phase's training data, of which fractions are fine, or Steps. One of them is positive.
	Epochs float64
	Steps  int

	Optimizer optim.Optimizer // nil means optim.SGD{}

	// The hyper-parameters, each one schedule for all layer groups, or one for each. Empty means a constant: 0.01 for LR, 0
	// for WeightDecay, 0.9 for Momentum, or 0 with RMSProp, and for Beta2 the optimizer's own default. Momentum is SGD's and
	// RMSProp's momentum and Adam's beta1; Beta2 is Adam's beta2 and RMSProp's alpha.
	LR, Momentum, Beta2, WeightDecay Values

	// LRScale multiplies LR by a factor for each layer group, the input's first: discriminative learning rates. Empty means
	// 1 for all.
	LRScale []float64

	Decoupled bool            // weight decay: false adds it to the gradient (L2), true shrinks the weights beside the update
	DecayAll  bool            // true decays biases and norms too
	Clip      optim.Clipping  // of gradients; zero means none
	Lookahead optim.Lookahead // zero means none
	Rules     []optim.Rule    // other optimizers or factors for some parameters; the first that matches holds

	// State says what happens to the optimizer's state of the phase before; zero keeps it if the optimizer is of the same
	// kind and drops it otherwise.
	State optim.Carry

	Data   *Data // nil means the run's
	Freeze int   // the number of layer groups, from the input's on, that stay as they are, their batch norms in inference mode
	// FreezeAfter freezes single parameters from some epoch of the phase on.
	FreezeAfter []FreezeAfter
	Accumulate  int               // batches whose gradients are averaged in a step; zero means 1
	Plateau     *schedule.Plateau // multiplies LR by a factor that falls when Watch stops improving, in the direction of HigherIsBetter unless Mode says otherwise; nil means none
	Watch       string            // the metric of validation that Plateau watches; zero means "valid_loss"
}

// Values is a hyper-parameter's schedules: none, one for all layer groups, or one for each group.
type Values []schedule.Schedule

// Value is a constant for all groups.
func Value(v float64) Values { return Values{schedule.Constant{Value: v}} }

// of is group g's schedule, or nil.
func (v Values) of(g int) schedule.Schedule {
	switch len(v) {
	case 0:
		return nil
	case 1:
		return v[0]
	default:
		return v[g]
	}
}

// defaultLR is the learning rate of a phase that names none, as fastai's.
const defaultLR = 0.01

func (p *Phase) optimizer() optim.Optimizer {
	if p.Optimizer == nil {
		return optim.SGD{}
	}
	return p.Optimizer
}

// defaultMomentum is that of a phase that names none.
func (p *Phase) defaultMomentum() float64 {
	if p.OptimizerName() == (optim.RMSProp{}).Name() {
		return 0
	}
	return 0.9
}

// OptimizerName is the name of the phase's optimizer.
func (p *Phase) OptimizerName() string { return p.optimizer().Name() }

// Beta2Of is the beta2 of a step of the phase: where its hyper-parameter is 0 the optimizer's own default, 0 if it has none.
func (p *Phase) Beta2Of(h optim.Hyper) float64 {
	if h.Beta2 != 0 {
		return h.Beta2
	}
	switch p.OptimizerName() {
	case optim.RMSProp{}.Name():
		return 0.99
	case optim.Adam{}.Name(), optim.AdamW{}.Name(), optim.LAMB{}.Name():
		return 0.999
	default:
		return 0
	}
}

func (p *Phase) accumulate() int { return max(1, p.Accumulate) }

func (p *Phase) watch() string {
	if p.Watch == "" {
		return MetricValidLoss
	}
	return p.Watch
}

// updaterConfig is what package optim needs to know of the phase.
func (p *Phase) updaterConfig() optim.Config {
	return optim.Config{
		Optimizer: p.optimizer(),
		Rules:     p.Rules,
		Decoupled: p.Decoupled,
		DecayAll:  p.DecayAll,
		Clip:      p.Clip,
		Lookahead: p.Lookahead,
	}
}

// Discriminative gives the LRScale of layer groups whose rates fall by the same factor from the last group, which has
// 1, to the first: Discriminative(3, 10) is {0.01, 0.1, 1}.
func Discriminative(groups int, factor float64) []float64 {
	scale := make([]float64, groups)
	s := 1.0
	for g := groups - 1; g >= 0; g-- {
		scale[g] = s
		s /= factor
	}
	return scale
}
