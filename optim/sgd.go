package optim

import (
	"errors"
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
)

// SGD is stochastic gradient descent with momentum, with PyTorch's conventions:
//
//	b ← momentum·b + (1 - Dampening)·g        (b ← g at the first step)
//	w ← w - lr·b, with Nesterov w - lr·(g + momentum·b)
//
// where g has the coupled weight decay. The learning rate is not in b: when it changes it does so for past gradients
// too. Differs from PyTorch where momentum is 0 for a while: b is then the last gradient instead of the last b.
type SGD struct {
	Dampening float64 `json:"dampening"` // in [0, 1]
	Nesterov  bool    `json:"nesterov"`  // wants no dampening
}

// Name is "sgd".
func (SGD) Name() string { return "sgd" }

// Slots is the momentum buffer.
func (SGD) Slots() []Slot { return []Slot{{Name: momentumBuffer}} }

// Decoupled is false.
func (SGD) Decoupled() bool { return false }

// Check wants Dampening from 0 to 1, and 0 with Nesterov.
func (o SGD) Check() error {
	err := upTo1("Dampening", o.Dampening)
	if o.Nesterov && o.Dampening != 0 {
		err = errors.Join(err, fmt.Errorf("both Nesterov and Dampening = %v, want one of them", o.Dampening))
	}
	return named("sgd", err)
}

// Step returns learning rate, momentum, and the gradient's share in the buffer.
func (o SGD) Step(c Clock, h Hyper) (Clock, []float64) {
	share := 1 - o.Dampening
	if c.Steps == 1 {
		share = 1
	}
	return c, []float64{h.LR, h.Momentum, share}
}

// Update builds the formula above.
func (o SGD) Update(p Param) (step *Node, slots []*Node) {
	lr, momentum, share := p.Scalars[0], p.Scalars[1], p.Scalars[2]
	g := p.Regularized()
	if o.Dampening != 0 {
		return heavyBall(lr, momentum, p.Slots[0], g, Mul(share, g), o.Nesterov)
	}
	return heavyBall(lr, momentum, p.Slots[0], g, g, o.Nesterov)
}

const momentumBuffer = "momentum_buffer"

// heavyBall adds to the momentum buffer and takes the step from it.
func heavyBall(lr, momentum, buffer, g, added *Node, nesterov bool) (step *Node, slots []*Node) {
	buffer = Add(Mul(momentum, buffer), added)
	if nesterov {
		return Mul(lr, Add(g, Mul(momentum, buffer))), []*Node{buffer}
	}
	return Mul(lr, buffer), []*Node{buffer}
}
