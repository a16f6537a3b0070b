package optim

import (
	"cmp"

	. "github.com/gomlx/gomlx/core/graph"
)

// LAMB scales Adam's step of each parameter to the norm of the parameter, for large batches (You et al., 2020):
//
//	u = m̂/(√v̂ + Eps) + decay·w
//	w ← w - lr·‖w‖/‖u‖·u          (unscaled where ‖w‖ or ‖u‖ is 0)
//
// with m̂ and v̂ as Adam's. Biases and norms are not scaled and have no decay, unless Config.DecayAll. With
// Config.Decoupled, decay is not in u. NVIDIA's variant also has Config.Clip.GlobalNorm = 1.
type LAMB struct {
	Eps       float64 `json:"eps"`        // zero means 1e-6
	ClipRatio bool    `json:"clip_ratio"` // limits ‖w‖/‖u‖ to 1 (LAMBC, Fong et al., 2020)
}

// Name is "lamb".
func (LAMB) Name() string { return "lamb" }

// Slots are Adam's.
func (LAMB) Slots() []Slot { return momentSlots() }

// Decoupled is false.
func (LAMB) Decoupled() bool { return false }

// Check wants Eps ≥ 0.
func (o LAMB) Check() error { return named("lamb", atLeast0("Eps", o.Eps)) }

// Step returns Adam's numbers, with 1/(1 - Πbeta1) in place of the learning rate, and the learning rate.
func (LAMB) Step(c Clock, h Hyper) (Clock, []float64) {
	lr := h.LR
	h.LR = 1
	c, numbers := adamNumbers(c, h)
	return c, append(numbers, lr)
}

// Update builds the formula above.
func (o LAMB) Update(p Param) (step *Node, slots []*Node) {
	mean, square := moments(p, p.Gradient)
	unbiased, invSqrt, rate := p.Scalars[4], p.Scalars[5], p.Scalars[6]
	u := Div(Mul(unbiased, mean), AddScalar(Mul(Sqrt(square), invSqrt), cmp.Or(o.Eps, 1e-6)))
	if p.Decay != nil {
		u = Add(u, Mul(p.Decay, p.Weight))
	}
	if p.Adapt {
		w, un := norm(p.Weight), norm(u)
		ratio := orUnscaled(Div(w, un), w, un)
		if o.ClipRatio {
			ratio = Min(ratio, OnesLike(ratio))
		}
		rate = Mul(rate, ratio)
	}
	return Mul(rate, u), []*Node{mean, square}
}
