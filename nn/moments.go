package nn

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/atelier-go/atelier/autodiff"
)

// moments are the mean and the biased variance of x over some axes, which stay with size 1, and what follows from them.
type moments struct {
	axes           []int
	n              float64 // elements per mean
	mean, variance *Node
	inv            *Node // (variance + ε)^(-1/2)
	xHat           *Node // (x - mean)·inv
}

func momentsOf(x *Node, eps float64, axes ...int) moments {
	m := moments{axes: axes, n: 1}
	for _, a := range axes {
		m.n *= float64(x.Shape().Dimensions[a])
	}
	m.mean = m.average(x)
	centred := Sub(x, m.mean)
	m.variance = m.average(Square(centred))
	m.inv = Rsqrt(AddScalar(m.variance, eps))
	m.xHat = Mul(centred, m.inv)
	return m
}

func (m moments) sum(x *Node) *Node     { return ReduceAndKeep(x, ReduceSum, m.axes...) }
func (m moments) average(x *Node) *Node { return MulScalar(m.sum(x), 1/m.n) }

// normalised is x̂ with a gradient by formula, for dy the gradient of x̂:
//
//	dx = inv·(dy - mean(dy) - x̂·mean(dy·x̂))
//
// It reads the pictures twice, once for both means and once for dx; differentiating mean and variance step by step
// takes a third time, for the gradient of the mean.
func (m moments) normalised(x *Node) *Node {
	return autodiff.WithGradient(m.xHat, x, func(dy *Node) *Node {
		along := Mul(m.xHat, m.average(Mul(dy, m.xHat)))
		return Mul(m.inv, Sub(Sub(dy, m.average(dy)), along))
	})
}
