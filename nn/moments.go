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

// back is the gradient of x, given dy·x̂ and dy summed over the axes, for y = x̂·scale:
//
//	dx = scale·inv·(dy - Σdy/n - x̂·Σ(dy·x̂)/n)
//
// It reads the pictures twice, once for both sums and once for dx; differentiating mean and variance step by step
// needs a third time, for the gradient of the mean.
func (m moments) back(dy, sum, sumHat *Node) *Node {
	return Mul(m.inv, Sub(Sub(dy, MulScalar(sum, 1/m.n)), Mul(m.xHat, MulScalar(sumHat, 1/m.n))))
}

// normalised is x̂ with that gradient.
func (m moments) normalised(x *Node) *Node {
	return autodiff.WithGradient(m.xHat, []*Node{x}, func(v *Node) []*Node {
		return []*Node{m.back(v, m.sum(v), m.sum(Mul(v, m.xHat)))}
	})
}

// affine is x̂·scale + offset with that gradient; scale and offset are vectors over channels, the last axis, and the
// moments over all other axes.
func (m moments) affine(x, scale, offset *Node) *Node {
	factor := perChannel(scale, x.Rank())
	y := Add(Mul(m.xHat, factor), perChannel(offset, x.Rank()))
	return autodiff.WithGradient(y, []*Node{x, scale, offset}, func(v *Node) []*Node {
		sum, sumHat := m.sum(v), m.sum(Mul(v, m.xHat))
		dx := Mul(factor, m.back(v, sum, sumHat))
		return []*Node{dx, Reshape(sumHat, scale.Shape().Dimensions...), Reshape(sum, offset.Shape().Dimensions...)}
	})
}
