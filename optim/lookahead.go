package optim

import (
	"errors"
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
)

// Lookahead follows the weights that an optimizer moves, the fast ones, with slow ones, and sets the fast ones back to
// them every so many steps (Zhang et al., 2019, "Lookahead optimizer: k steps forward, 1 step back"):
//
//	slow ← slow + Alpha·(w - slow), w ← slow        every Steps steps
//
// Steps are counted for each parameter by its clock. In between, the parameters are the fast weights.
type Lookahead struct {
	Steps int     `json:"steps"` // zero is off; the paper's is 5
	Alpha float64 `json:"alpha"` // in (0, 1]; zero means 0.5, the paper's
}

const slowSlot = "slow"

func (l Lookahead) on() bool { return l.Steps > 0 }

func (l Lookahead) check() error {
	err := errors.Join(atLeast0("Steps", float64(l.Steps)), upTo1("Alpha", l.Alpha))
	if l.Steps == 0 && l.Alpha != 0 {
		err = errors.Join(err, fmt.Errorf("set Steps: there are none for Alpha = %v", l.Alpha))
	}
	return named("lookahead", err)
}

// synchronizes is 1 at the steps that end with slow and fast weights the same, else 0.
func (l Lookahead) synchronizes(steps int) float64 {
	if steps%l.Steps == 0 {
		return 1
	}
	return 0
}

// apply returns both weights after a step of the fast ones; now is a scalar, not 0 when they synchronize.
func (l Lookahead) apply(now, fast, slow *Node) (newFast, newSlow *Node) {
	alpha := l.Alpha
	if alpha == 0 {
		alpha = 0.5
	}
	sync := NotEqual(now, ZerosLike(now))
	newSlow = Where(sync, Add(slow, MulScalar(Sub(fast, slow), alpha)), slow)
	return Where(sync, newSlow, fast), newSlow
}
