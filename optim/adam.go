package optim

import (
	"cmp"
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

// Adam scales running means of the gradient by running means of its square (Kingma and Ba, 2015), with the place of Eps
// as in PyTorch:
//
//	m ← beta1·m + (1 - beta1)·g
//	v ← beta2·v + (1 - beta2)·g²
//	w ← w - lr·m̂/(√v̂ + Eps),   m̂ = m/(1 - Πbeta1), v̂ = v/(1 - Πbeta2)
//
// beta1 is Hyper.Momentum, beta2 is Hyper.Beta2, by default 0.999. The products are over the betas of all steps so far,
// which is the exact correction of the bias when they are scheduled; for constant betas they are the paper's powers.
// Weight decay is coupled, unless Config.Decoupled says otherwise.
type Adam struct {
	Eps float64 `json:"eps"` // zero means 1e-8
}

// Name is "adam".
func (Adam) Name() string { return "adam" }

// Slots are the means of the gradient and of its square.
func (Adam) Slots() []Slot { return momentSlots() }

// Decoupled is false.
func (Adam) Decoupled() bool { return false }

// Check wants Eps ≥ 0.
func (o Adam) Check() error { return named("adam", atLeast0("Eps", o.Eps)) }

// Step returns what moments and adamStep want.
func (Adam) Step(c Clock, h Hyper) (Clock, []float64) { return adamNumbers(c, h) }

// Update builds the formula above.
func (o Adam) Update(p Param) (step *Node, slots []*Node) { return adamStep(p, cmp.Or(o.Eps, 1e-8)) }

// AdamW is Adam with decoupled weight decay (Loshchilov and Hutter, 2019): w ← w - lr·(m̂/(√v̂ + Eps) + decay·w).
type AdamW struct {
	Eps float64 `json:"eps"` // zero means 1e-8
}

// Name is "adamw".
func (AdamW) Name() string { return "adamw" }

// Slots are the means of the gradient and of its square.
func (AdamW) Slots() []Slot { return momentSlots() }

// Decoupled is true.
func (AdamW) Decoupled() bool { return true }

// Check wants Eps ≥ 0.
func (o AdamW) Check() error { return named("adamw", atLeast0("Eps", o.Eps)) }

// Step returns what moments and adamStep want.
func (AdamW) Step(c Clock, h Hyper) (Clock, []float64) { return adamNumbers(c, h) }

// Update builds Adam's formula.
func (o AdamW) Update(p Param) (step *Node, slots []*Node) { return adamStep(p, cmp.Or(o.Eps, 1e-8)) }

func momentSlots() []Slot { return []Slot{{"exp_avg"}, {"exp_avg_sq"}} }

// adamNumbers advances the products of the betas and returns beta1, 1 - beta1, beta2, 1 - beta2, lr/(1 - Πbeta1) and
// 1/√(1 - Πbeta2).
func adamNumbers(c Clock, h Hyper) (Clock, []float64) {
	beta2 := cmp.Or(h.Beta2, 0.999)
	c.Beta1 *= h.Momentum
	c.Beta2 *= beta2
	return c, []float64{h.Momentum, 1 - h.Momentum, beta2, 1 - beta2, h.LR / (1 - c.Beta1), 1 / math.Sqrt(1-c.Beta2)}
}

// moments are the new running means of g and g².
func moments(p Param, g *Node) (mean, square *Node) {
	s := p.Scalars
	mean = Add(Mul(s[0], p.Slots[0]), Mul(s[1], g))
	square = Add(Mul(s[2], p.Slots[1]), Mul(s[3], Square(g)))
	return mean, square
}

func adamStep(p Param, eps float64) (step *Node, slots []*Node) {
	mean, square := moments(p, p.Regularized())
	lr, invSqrt := p.Scalars[4], p.Scalars[5]
	return Mul(lr, Div(mean, AddScalar(Mul(Sqrt(square), invSqrt), eps))), []*Node{mean, square}
}
