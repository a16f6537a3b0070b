package optim

import (
	"cmp"
	"errors"

	. "github.com/gomlx/gomlx/core/graph"
)

// LARS scales the learning rate of each parameter by the ratio of its norm to its gradient's, for large batches (You,
// Gitman and Ginsburg, 2017, algorithm 1):
//
//	λ = Trust·‖w‖/(‖g‖ + decay·‖w‖ + Eps)          (1 where ‖w‖ or ‖g‖ is 0)
//	v ← momentum·v + lr·λ·(g + decay·w)
//	w ← w - v
//
// The learning rate is in v: when it changes, past steps keep theirs. Biases and norms have λ = 1 and no decay, unless
// Config.DecayAll. With Config.Decoupled, decay is in neither λ nor v. The scale of good learning rates is not that of
// SGD: they are some 1/Trust times as large.
type LARS struct {
	Trust float64 `json:"trust"` // η; zero means 0.001
	Eps   float64 `json:"eps"`   // zero means 1e-8
}

// Name is "lars".
func (LARS) Name() string { return "lars" }

// Slots is the velocity v.
func (LARS) Slots() []Slot { return []Slot{{"velocity"}} }

// Decoupled is false.
func (LARS) Decoupled() bool { return false }

// Check wants Trust and Eps ≥ 0.
func (o LARS) Check() error { return checkTrust("lars", o.Trust, o.Eps) }

// Step returns learning rate and momentum.
func (LARS) Step(c Clock, h Hyper) (Clock, []float64) { return c, []float64{h.LR, h.Momentum} }

// Update builds the formula above.
func (o LARS) Update(p Param) (step *Node, slots []*Node) {
	rate, momentum := p.Scalars[0], p.Scalars[1]
	if p.Adapt {
		rate = Mul(rate, p.trustRatio(cmp.Or(o.Trust, 0.001), cmp.Or(o.Eps, 1e-8)))
	}
	velocity := Add(Mul(momentum, p.Slots[0]), Mul(rate, p.Regularized()))
	return velocity, []*Node{velocity}
}

// LARC is SGD with each parameter's gradient scaled by LARS's ratio, which it clips: no parameter has a larger rate
// than the learning rate (as in NVIDIA's apex). In PyTorch's convention for momentum:
//
//	λ = Trust·‖w‖/(‖g‖ + decay·‖w‖ + Eps)          (unscaled where ‖w‖ or ‖g‖ is 0)
//	b ← momentum·b + min(λ/lr, 1)·(g + decay·w)    (with Scale: λ·(g + decay·w))
//	w ← w - lr·b, with Nesterov as SGD
//
// Biases and norms are not scaled and have no decay, unless Config.DecayAll.
type LARC struct {
	Trust    float64 `json:"trust"` // zero means 0.02
	Eps      float64 `json:"eps"`   // zero means 1e-8
	Scale    bool    `json:"scale"` // scales the learning rate by λ, instead of limiting it to λ
	Nesterov bool    `json:"nesterov"`
}

// Name is "larc".
func (LARC) Name() string { return "larc" }

// Slots is the momentum buffer, SGD's.
func (LARC) Slots() []Slot { return []Slot{{momentumBuffer}} }

// Decoupled is false.
func (LARC) Decoupled() bool { return false }

// Check wants Trust and Eps ≥ 0.
func (o LARC) Check() error { return checkTrust("larc", o.Trust, o.Eps) }

// Step returns learning rate and momentum.
func (LARC) Step(c Clock, h Hyper) (Clock, []float64) { return c, []float64{h.LR, h.Momentum} }

// Update builds the formula above.
func (o LARC) Update(p Param) (step *Node, slots []*Node) {
	lr, momentum := p.Scalars[0], p.Scalars[1]
	g := p.Regularized()
	if p.Adapt {
		ratio := p.trustRatio(cmp.Or(o.Trust, 0.02), cmp.Or(o.Eps, 1e-8))
		if !o.Scale {
			ratio = Where(LessThan(ratio, lr), Div(ratio, lr), OnesLike(lr))
		}
		g = Mul(ratio, g)
	}
	return heavyBall(lr, momentum, p.Slots[0], g, g, o.Nesterov)
}

// trustRatio is λ of LARS, a scalar.
func (p Param) trustRatio(trust, eps float64) *Node {
	w, g := norm(p.Weight), norm(p.Gradient)
	below := g
	if p.Decay != nil {
		below = Add(g, Mul(p.Decay, w))
	}
	return orUnscaled(MulScalar(Div(w, AddScalar(below, eps)), trust), w, g)
}

// orUnscaled is the ratio where both norms are more than 0, else 1. NaN stays NaN.
func orUnscaled(ratio, a, b *Node) *Node {
	zero := ZerosLike(a)
	return Where(LogicalOr(Equal(a, zero), Equal(b, zero)), OnesLike(ratio), ratio)
}

func checkTrust(name string, trust, eps float64) error {
	return named(name, errors.Join(atLeast0("Trust", trust), atLeast0("Eps", eps)))
}
