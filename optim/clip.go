package optim

import (
	"errors"

	. "github.com/gomlx/gomlx/core/graph"
)

// Clipping limits gradients before anything else is done with them. Zero is off; those that are set apply in this order.
type Clipping struct {
	Value      float64 `json:"value"`       // every element to within ±Value
	Norm       float64 `json:"norm"`        // each parameter's gradient, scaled to at most this Euclidean norm
	GlobalNorm float64 `json:"global_norm"` // all gradients by one factor, to at most this norm together (Pascanu et al., 2013)
}

func (c Clipping) check() error {
	return named("clipping", errors.Join(
		atLeast0("Value", c.Value), atLeast0("Norm", c.Norm), atLeast0("GlobalNorm", c.GlobalNorm)))
}

// apply clips the gradients.
func (c Clipping) apply(gradients []*Node) []*Node {
	clipped := make([]*Node, len(gradients))
	for i, g := range gradients {
		if c.Value != 0 {
			g = ClipScalar(g, -c.Value, c.Value)
		}
		if c.Norm != 0 {
			g = Mul(g, shrink(c.Norm, norm(g)))
		}
		clipped[i] = g
	}
	if c.GlobalNorm == 0 {
		return clipped
	}
	factor := shrink(c.GlobalNorm, globalNorm(clipped))
	for i, g := range clipped {
		clipped[i] = Mul(g, ConvertDType(factor, g.DType()))
	}
	return clipped
}

// shrink is the factor that brings a norm down to a limit, PyTorch's: min(1, limit/(norm + 1e-6)).
func shrink(limit float64, norm *Node) *Node {
	g, dtype := norm.Graph(), norm.DType()
	return Min(ScalarOne(g, dtype), Div(Scalar(g, dtype, limit), AddScalar(norm, 1e-6)))
}

// norm is the Euclidean norm of all elements, a scalar.
func norm(x *Node) *Node { return Sqrt(ReduceAllSum(Square(x))) }

// globalNorm is the norm of all tensors together, in the type of the first.
func globalNorm(all []*Node) *Node {
	var sum *Node
	for _, x := range all {
		square := ReduceAllSum(Square(x))
		if sum == nil {
			sum = square
		} else {
			sum = Add(sum, ConvertDType(square, sum.DType()))
		}
	}
	return Sqrt(sum)
}
