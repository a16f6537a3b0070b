package style

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"

	"github.com/atelier-go/atelier/nn"
)

type node = graph.Node

// moments are the mean [C] and the second moment [C C] of features as nodes. The mean is nil where no loss asks for it.
type moments struct{ mean, second *node }

// weighing says how positions count in sums.
type weighing int

const (
	alike  weighing = iota // all 1
	chosen                 // 0 or 1
	softly                 // anything from 0 to 1
)

// sums adds up features f [1 h w C] over positions, each times its weight [1 h w 1]: Σ w·f, if the mean counts, and Σ w·ffᵀ.
func sums(f, weight *node, how weighing, mean bool) moments {
	c := f.Shape().Dim(3)
	once, rooted := f, f
	switch how {
	case chosen:
		once = graph.Mul(f, weight)
		rooted = once // 1 is its own root
	case softly:
		// The root of the weight on both sides keeps the product symmetric.
		rooted = graph.Mul(f, graph.Sqrt(weight))
		if mean {
			once = graph.Mul(f, weight)
		}
	}
	m := moments{second: graph.Reshape(nn.Gram(rooted, nn.GramSum), c, c)}
	if mean {
		m.mean = graph.ReduceSum(once, 0, 1, 2)
	}
	return m
}

// over divides sums by the sum of the weights.
func (m moments) over(n *node) moments {
	inverse := graph.Reciprocal(n)
	m.second = graph.Mul(m.second, inverse)
	if m.mean != nil {
		m.mean = graph.Mul(m.mean, inverse)
	}
	return m
}

// covariance is M - μμᵀ.
func (m moments) covariance() *node {
	c := m.mean.Shape().Dim(0)
	return graph.Sub(m.second, graph.Mul(graph.Reshape(m.mean, c, 1), graph.Reshape(m.mean, 1, c)))
}

// identity is the C by C unit matrix.
func identity(g *graph.Graph, c int) *node {
	return graph.DiagonalWithValue(graph.ScalarOne(g, dtypes.Float32), c)
}

// diagonal of a square matrix.
func diagonal(m *node) *node {
	return graph.ReduceSum(graph.Mul(m, identity(m.Graph(), m.Shape().Dim(0))), 1)
}

func trace(m *node) *node { return graph.ReduceAllSum(diagonal(m)) }

// squared is Σ x².
func squared(x *node) *node { return graph.ReduceAllSum(graph.Square(x)) }

// rootSteps are iterations of Newton and Schulz: with the smallest eigenvalues at 1e-4 of the mean they have settled.
const rootSteps = 18

// traceOfRoot is tr A^½ of a symmetric positive definite matrix, by the coupled iteration of Newton and Schulz (Higham,
// Functions of Matrices, 2008, section 6.7), which gives A^-½ too, and with it the gradient, ½·A^-½.
func traceOfRoot(a *node) *node {
	norm := graph.Sqrt(squared(a))
	c := a.Shape().Dim(0)
	one := identity(a.Graph(), c)
	y, z := graph.Div(a, norm), one
	for range rootSteps {
		t := graph.MulScalar(graph.Sub(graph.MulScalar(one, 3), graph.MatMul(z, y)), 0.5)
		y, z = graph.MatMul(y, t), graph.MatMul(t, z)
	}
	root := graph.Mul(trace(y), graph.Sqrt(norm))
	inverse := graph.Div(z, graph.Sqrt(norm))
	// A function that is linear in a, with that gradient, and the right value.
	half := graph.StopGradient(graph.MulScalar(inverse, 0.5))
	linear := graph.ReduceAllSum(graph.Mul(half, a))
	return graph.Add(graph.StopGradient(graph.Sub(root, linear)), linear)
}
