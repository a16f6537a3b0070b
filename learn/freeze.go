package learn

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/optim"
	"github.com/atelier-go/atelier/schedule"
)

// FreezeAfter ends the learning of some parameters within a phase: from then on they stay as they are, without momentum
// or weight decay, and no gradient is computed for them. A norm whose weight, or bias where it has no weight, is among
// them is in inference mode.
type FreezeAfter struct {
	Path   string  // a pattern for the paths of variables, as in optim.Rule: "/stem/*/bias"
	Epochs float64 // of the phase's data, from the phase's beginning; zero means from its first step
}

// Check wants a pattern, and a number of epochs.
func (f FreezeAfter) Check() error {
	if !(f.Epochs >= 0) || math.IsInf(f.Epochs, 0) {
		return fmt.Errorf("learn: freeze_after: epochs is %v: want a number that is not negative", f.Epochs)
	}
	if f.Path == "" {
		return errors.New("learn: freeze_after: path is missing: want a pattern such as /stem/*/bias")
	}
	if err := optim.CheckPattern(f.Path); err != nil {
		return fmt.Errorf("learn: freeze_after: pattern %q of path: %w", f.Path, err)
	}
	return nil
}

// frozen are the patterns of what is frozen by step k of phase i.
func (p *Plan) frozen(i, k int) []string {
	var patterns []string
	for j, f := range p.phases[i].FreezeAfter {
		if k >= p.runs[i].freeze[j] {
			patterns = append(patterns, f.Path)
		}
	}
	return patterns
}

// freezeSteps are the steps of a phase from which on what each of its FreezeAfter names is frozen.
func (p *Phase) freezeSteps(perEpoch int) ([]int, error) {
	var steps []int
	for _, f := range p.FreezeAfter {
		from := []int{0}
		if f.Epochs > 0 {
			var err error
			if from, err = schedule.Lengths([]float64{f.Epochs}, []int{perEpoch}); err != nil {
				return nil, err
			}
		}
		steps = append(steps, from[0])
	}
	return steps, nil
}

// learning are the parameters of each layer group but the first n, without those that patterns match.
func (p *parameters) learning(n int, patterns []string) [][]*model.Variable {
	var groups [][]*model.Variable
	for _, all := range p.groups[n:] {
		groups = append(groups, slices.DeleteFunc(slices.Clone(all), func(v *model.Variable) bool {
			return slices.ContainsFunc(patterns, func(pattern string) bool { return optim.MatchPath(pattern, v.Path()) })
		}))
	}
	return groups
}

// freeze makes constants of all parameters but those that learn, and their batch norms run in inference mode. It returns
// those that learn.
func (p *parameters) freeze(n int, patterns []string) [][]*model.Variable {
	for _, v := range p.all() {
		v.SetTrainable(false)
	}
	learning := p.learning(n, patterns)
	for _, group := range learning {
		for _, v := range group {
			v.SetTrainable(true)
		}
	}
	return learning
}

// checkRules wants every path of a rule to be some parameter's: one that is mistyped would be no rule at all.
func (l *Learner) checkRules() error {
	var problems []error
	for i := range l.plan.phases {
		phase := &l.plan.phases[i]
		for _, r := range phase.Rules {
			if r.Path != "" && !slices.ContainsFunc(l.params.all(), func(v *model.Variable) bool { return optim.MatchPath(r.Path, v.Path()) }) {
				problems = append(problems, &PhaseError{i, phase.Name, fmt.Sprintf("rules: the model has no parameter %s", r.Path)})
			}
		}
	}
	return errors.Join(problems...)
}

// checkFreeze wants every pattern of FreezeAfter to be some parameter's, and a parameter to be left.
func (l *Learner) checkFreeze() error {
	var problems []error
	for i := range l.plan.phases {
		phase := &l.plan.phases[i]
		wrong := func(format string, args ...any) {
			problems = append(problems, &PhaseError{i, phase.Name, fmt.Sprintf(format, args...)})
		}
		var patterns []string
		for _, f := range phase.FreezeAfter {
			patterns = append(patterns, f.Path)
			if !slices.ContainsFunc(l.params.all(), func(v *model.Variable) bool { return optim.MatchPath(f.Path, v.Path()) }) {
				wrong("freeze_after: the model has no parameter %s", f.Path)
			}
		}
		if len(slices.Concat(l.params.learning(phase.Freeze, patterns)...)) == 0 {
			wrong("freeze_after leaves nothing to learn")
		}
	}
	return errors.Join(problems...)
}
