package optim

import (
	"cmp"
	"errors"
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

// Muon moves every direction of a weight matrix as far as every other (Jordan et al., 2024): its step is nearly the
// matrix with orthonormal rows, or columns, that is nearest to the momentum.
//
//	b ← momentum·b + g
//	X = b, with Nesterov g + momentum·b, as a matrix [inputs, outputs], divided by its norm + Eps
//	X ← 3.4445·X + X·(-4.7750·A + 2.0315·A²), A = XᵀX          (Iterations times)
//	w ← w - lr·√max(1, outputs/inputs)·X
//
// With Normalise, w has the norm √outputs before each step, so that a filter's norm is 1 in the mean and the learning rate
// says by what angle it turns. The kernel of a convolution is one matrix, whose inputs are those of all its taps; that of a
// transposed one has its outputs among these, as in the original. What is no matrix, such as biases and norms, steps as under
// [SGD]; rates that suit it, and a last layer, are given by a [Rule].
//
// The iteration (Newton and Schulz's, of degree five, with Jordan's coefficients) brings singular values to some 0.7 to 1.2 in
// five rounds, and does not converge to 1. Weight decay is decoupled, and has no purpose beside Normalise. Differs from
// PyTorch's Muon, whose buffer is a mean of gradients: of a momentum that stays the same that is another scale of X, which
// is divided away. Its products are those of the backend, and rounded if that rounds.
type Muon struct {
	Iterations int     `json:"iterations"` // zero means 5
	Nesterov   bool    `json:"nesterov"`
	Normalise  bool    `json:"normalise"`
	Eps        float64 `json:"eps"` // zero means 1e-7
}

// Name is "muon".
func (Muon) Name() string { return "muon" }

// Slots is the momentum buffer, SGD's.
func (Muon) Slots() []Slot { return []Slot{{momentumBuffer}} }

// Decoupled is true.
func (Muon) Decoupled() bool { return true }

// Check wants Iterations from 0 to 100 and Eps ≥ 0.
func (o Muon) Check() error {
	err := errors.Join(atLeast0("Eps", o.Eps), within("Iterations", float64(o.Iterations), o.Iterations >= 0 && o.Iterations <= 100, "0 (5) to 100"))
	return named("muon", err)
}

// Step returns learning rate and momentum.
func (Muon) Step(c Clock, h Hyper) (Clock, []float64) { return c, []float64{h.LR, h.Momentum} }

// Update builds the formula above.
func (o Muon) Update(p Param) (step *Node, slots []*Node) {
	lr, momentum := p.Scalars[0], p.Scalars[1]
	if p.Weight.Rank() < 2 {
		return heavyBall(lr, momentum, p.Slots[0], p.Gradient, p.Gradient, o.Nesterov)
	}
	direction, slots := heavyBall(OnesLike(lr), momentum, p.Slots[0], p.Gradient, p.Gradient, o.Nesterov)
	outputs := p.Weight.Shape().Dim(-1)
	inputs := p.Weight.Shape().Size() / outputs
	x := orthogonal(Reshape(direction, inputs, outputs), cmp.Or(o.Iterations, 5), cmp.Or(o.Eps, 1e-7))
	step = Mul(lr, MulScalar(Reshape(x, p.Weight.Shape().Dimensions...), math.Sqrt(max(1, float64(outputs)/float64(inputs)))))
	if o.Normalise {
		// w - step is to be c·w - lr·X.
		length := norm(p.Weight)
		scale := orUnscaled(Div(Scalar(p.Weight.Graph(), p.Weight.DType(), math.Sqrt(float64(outputs))), length), length, length)
		step = Add(step, Mul(OneMinus(scale), p.Weight))
	}
	return step, slots
}

// Coefficients of the iteration, which rises as steeply from 0 as it can: below 1 it need not converge to 1.
const muonA, muonB, muonC = 3.4445, -4.7750, 2.0315

// orthogonal brings the singular values of m [rows columns] near 1.
func orthogonal(m *Node, iterations int, eps float64) *Node {
	x := Div(m, AddScalar(norm(m), eps))
	wide := m.Shape().Dim(0) < m.Shape().Dim(1)
	for range iterations {
		// A is the smaller of the two products.
		if wide {
			a := DotGeneral(x, []int{1}, nil, x, []int{1}, nil) // X·Xᵀ: [rows rows]
			x = Add(MulScalar(x, muonA), Dot(muonPolynomial(a), x).Product())
		} else {
			a := DotGeneral(x, []int{0}, nil, x, []int{0}, nil) // Xᵀ·X: [columns columns]
			x = Add(MulScalar(x, muonA), Dot(x, muonPolynomial(a)).Product())
		}
	}
	return x
}

func muonPolynomial(a *Node) *Node {
	return Add(MulScalar(a, muonB), MulScalar(Dot(a, a).Product(), muonC))
}
