package learn

import (
	"fmt"
	"math"
	"strings"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// Lookahead follows the weights with slow ones and sets them back to these, as airbench does (Jordan, 2024, after Zhang
// et al., 2019). From an epoch on, every so many steps,
//
//	slow ← ρ·slow + (1-ρ)·w, w ← slow, ρ = Decay^Every·(t/T)^Power
//
// after t of the run's T steps: fast at first, and nearly an average of all at the end. At the ends of epochs w ← slow.
//
// Differs from Phase.Lookahead, the paper's, which keeps ρ the same, belongs to a phase and to its optimizer's state, and
// leaves running statistics alone: these are followed here too.
type Lookahead struct {
	Every int     // steps; zero means no slow weights
	Decay float64 // of what the slow weights remember, a step, from 0 to less than 1; zero means 0.95
	Power float64 // zero means that ρ is the same at all times
	Start int     // epochs of the run before the slow weights begin, as copies; zero means none
}

// Check wants numbers in their ranges.
func (l Lookahead) Check() error {
	switch {
	case l.Every < 0 || l.Start < 0:
		return fmt.Errorf("learn: lookahead every %d steps after %d epochs: want numbers that are not negative", l.Every, l.Start)
	case !(l.Decay >= 0 && l.Decay < 1):
		return fmt.Errorf("learn: lookahead: decay is %v: want 0 (0.95) to less than 1", l.Decay)
	case !(l.Power >= 0) || math.IsInf(l.Power, 0):
		return fmt.Errorf("learn: lookahead: power is %v: want a number that is not negative", l.Power)
	case l.Every == 0 && l != Lookahead{}:
		return fmt.Errorf("learn: lookahead: every is 0: want the number of steps after which the slow weights move")
	}
	return nil
}

// remembers is ρ after step t of total.
func (l Lookahead) remembers(t, total int) float64 {
	decay := l.Decay
	if decay == 0 {
		decay = 0.95
	}
	return math.Pow(decay, float64(l.Every)) * math.Pow(float64(t)/float64(total), l.Power)
}

// lookAhead moves the slow weights after a step, if it is time, or makes them.
func (l *Learner) lookAhead() error {
	c := l.config.Lookahead
	if c.Every == 0 || l.state.Epochs < c.Start || l.state.Step%c.Every != 0 {
		return nil
	}
	if !l.hasSlow() {
		return makeShadows(l.store, lookaheadPath, l.followed())
	}
	return l.moveSlow(c.remembers(l.state.Step, l.plan.total))
}

// lookBack sets the weights to the slow ones.
func (l *Learner) lookBack() error {
	if !l.hasSlow() {
		return nil
	}
	return l.moveSlow(1)
}

// followed are the variables that have slow ones: the weights and the running statistics, which are the floating-point
// ones of others.
func (l *Learner) followed() []*model.Variable {
	all := l.params.all()
	for _, v := range l.params.others {
		if v.DType().IsFloat() {
			all = append(all, v)
		}
	}
	return all
}

func (l *Learner) hasSlow() bool {
	for v := range l.store.IterVariables() {
		if strings.HasPrefix(v.Path(), lookaheadPath+"/") {
			return true
		}
	}
	return false
}

// moveSlow moves the slow weights, which remember a part of themselves, and sets the weights to them.
func (l *Learner) moveSlow(remember float64) error {
	exec, err := model.NewExec(l.config.Backend, l.store, func(_ *model.Scope, remember *graph.Node) *graph.Node {
		for _, v := range l.followed() {
			slow, g := l.store.GetVariable(lookaheadPath+v.Path()), remember.Graph()
			old, now := slow.NodeValue(g), v.NodeValue(g)
			// Of 1 and of 0 this form leaves one side as it is, to the bit.
			moved := graph.Add(graph.Mul(remember, old), graph.Mul(graph.OneMinus(remember), now))
			slow.SetNodeValue(moved)
			v.SetNodeValue(moved)
		}
		return remember
	})
	if err != nil {
		return err
	}
	defer exec.Finalize()
	out, err := exec.Exec(float32(remember))
	finalizeAll(out)
	return err
}
