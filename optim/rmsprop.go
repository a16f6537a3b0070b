package optim

import (
	"cmp"

	. "github.com/gomlx/gomlx/core/graph"
)

// RMSProp divides the gradient by a running root mean square of it (Hinton, 2012), with PyTorch's conventions:
//
//	s ← alpha·s + (1 - alpha)·g²
//	b ← momentum·b + g/(√s + Eps)
//	w ← w - lr·b
//
// alpha is Hyper.Beta2, by default 0.99. Centered takes the variance instead of the mean square, s - m² with m the
// running mean of g; where rounding makes that negative it is 0.
type RMSProp struct {
	Eps      float64 `json:"eps"` // zero means 1e-8
	Centered bool    `json:"centered"`
}

// Name is "rmsprop".
func (RMSProp) Name() string { return "rmsprop" }

// Slots are the mean square, the momentum of the divided gradients and, if centered, the mean.
func (o RMSProp) Slots() []Slot {
	slots := []Slot{{"square_avg"}, {"scaled_momentum"}}
	if o.Centered {
		slots = append(slots, Slot{"grad_avg"})
	}
	return slots
}

// Decoupled is false.
func (RMSProp) Decoupled() bool { return false }

// Check wants Eps ≥ 0.
func (o RMSProp) Check() error { return named("rmsprop", atLeast0("Eps", o.Eps)) }

// Step returns learning rate, momentum, alpha and 1 - alpha.
func (RMSProp) Step(c Clock, h Hyper) (Clock, []float64) {
	alpha := cmp.Or(h.Beta2, 0.99)
	return c, []float64{h.LR, h.Momentum, alpha, 1 - alpha}
}

// Update builds the formula above.
func (o RMSProp) Update(p Param) (step *Node, slots []*Node) {
	lr, momentum, alpha, rest := p.Scalars[0], p.Scalars[1], p.Scalars[2], p.Scalars[3]
	g := p.Regularized()
	square := Add(Mul(alpha, p.Slots[0]), Mul(rest, Square(g)))
	spread := square
	if o.Centered {
		mean := Add(Mul(alpha, p.Slots[2]), Mul(rest, g))
		slots = []*Node{mean}
		spread = MaxScalar(Sub(square, Square(mean)), 0)
	}
	scaled := Div(g, AddScalar(Sqrt(spread), cmp.Or(o.Eps, 1e-8)))
	buffer := Add(Mul(momentum, p.Slots[1]), scaled)
	return Mul(lr, buffer), append([]*Node{square, buffer}, slots...)
}
