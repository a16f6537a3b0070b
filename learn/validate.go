package learn

import (
	"fmt"
	"math"

	"github.com/atelier-go/atelier/optim"
)

// PhaseError is something wrong with a phase.
type PhaseError struct {
	Phase   int // from 0
	Name    string
	Problem string
}

func (e *PhaseError) Error() string {
	return fmt.Sprintf("phase %d (%s): %s", e.Phase+1, e.Name, e.Problem)
}

// check lists what is wrong with phase i before its length in steps is known.
func (p *Phase) check(i, groups int) []error {
	var problems []error
	wrong := func(format string, args ...any) {
		problems = append(problems, &PhaseError{i, p.Name, fmt.Sprintf(format, args...)})
	}
	switch {
	case p.Epochs < 0 || math.IsNaN(p.Epochs) || math.IsInf(p.Epochs, 0):
		wrong("epochs is %v: want a positive number", p.Epochs)
	case p.Steps < 0:
		wrong("steps is %d: want a positive number", p.Steps)
	case p.Epochs > 0 && p.Steps > 0:
		wrong("epochs is %v and steps is %d: want one of them", p.Epochs, p.Steps)
	case p.Epochs == 0 && p.Steps == 0:
		wrong("it has no length: want epochs or steps")
	}
	if p.Data == nil || p.Data.Train == nil {
		wrong("it has no data to train on")
	} else if err := p.Data.check(); err != nil {
		wrong("%v", err)
	}
	if p.Freeze < 0 || p.Freeze >= groups {
		wrong("freeze is %d: want 0 to %d, the model has %d layer groups and one has to learn", p.Freeze, groups-1, groups)
	}
	for _, f := range p.FreezeAfter {
		if err := f.Check(); err != nil {
			wrong("%v", err)
		}
	}
	if p.Accumulate < 0 || p.Accumulate > maxAccumulate {
		wrong("accumulate is %d: want 0 to %d batches", p.Accumulate, maxAccumulate)
	}
	if len(p.LRScale) != 0 && len(p.LRScale) != groups {
		wrong("lr_scale has %d factors: want one for each of the model's %d layer groups", len(p.LRScale), groups)
	}
	for g, f := range p.LRScale {
		if !(f >= 0) || math.IsInf(f, 0) {
			wrong("lr_scale of layer group %d is %v: want a number that is not negative", g+1, f)
		}
	}
	for _, h := range p.values() {
		if n := len(h.values); n > 1 && n != groups {
			wrong("%s has %d schedules: want one, or one for each of the model's %d layer groups", h.name, n, groups)
		}
		for _, s := range h.values {
			if s == nil {
				wrong("%s has a schedule that is missing", h.name)
			} else if err := s.Check(); err != nil {
				wrong("%s: %v", h.name, err)
			}
		}
	}
	if err := p.updaterConfig().Check(); err != nil {
		wrong("%v", err)
	}
	if p.Plateau != nil {
		if err := p.Plateau.Check(); err != nil {
			wrong("%v", err)
		}
		if p.Data != nil && p.Data.Valid == nil {
			wrong("plateau watches %s: want data to validate on", p.watch())
		}
	}
	return problems
}

// hyperValues is one of a phase's hyper-parameters with the range that its values may have.
type hyperValues struct {
	name   string
	values Values
	of     func(optim.Hyper) float64
	max    float64 // values are in [0, max)
}

func (p *Phase) values() []hyperValues {
	return []hyperValues{
		{"lr", p.LR, func(h optim.Hyper) float64 { return h.LR }, math.Inf(1)},
		{"momentum", p.Momentum, func(h optim.Hyper) float64 { return h.Momentum }, 1},
		{"beta2", p.Beta2, func(h optim.Hyper) float64 { return h.Beta2 }, 1},
		{"weight_decay", p.WeightDecay, func(h optim.Hyper) float64 { return h.WeightDecay }, math.Inf(1)},
	}
}

// checkValues looks at every step of phase i, so that no schedule leads out of the range of what it drives.
func (p *Plan) checkValues(i int) []error {
	phase, s := &p.phases[i], p.runs[i]
	var problems []error
	for _, h := range phase.values() {
		if k, g, v, ok := p.outOfRange(phase, s.steps, h); !ok {
			want := "a number that is not negative"
			if h.max == 1 {
				want = "a number from 0 to less than 1"
			}
			problems = append(problems, &PhaseError{i, phase.Name, fmt.Sprintf("%s of layer group %d is %v at step %d of %d: want %s",
				h.name, g+1, v, k, s.steps, want)})
		}
	}
	return problems
}

func (p *Plan) outOfRange(phase *Phase, steps int, h hyperValues) (k, group int, v float64, ok bool) {
	for k := range steps {
		for g := range p.groups {
			v := h.of(phase.hyper(g, k, steps))
			if !(v >= 0 && v < h.max) {
				return k, g, v, false
			}
		}
	}
	return 0, 0, 0, true
}
