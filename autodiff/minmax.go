package autodiff

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// maxGradient is the rule of Max and Min. Against a constant zero it is one comparison and one select, and the zero
// gets what the other side does not; otherwise operands that are equal share the gradient.
func maxGradient(node, v *Node) []*Node {
	a, b := sides(node)
	wins := GreaterThan
	if node.Type() == NodeTypeMin {
		wins = LessThan
	}
	var da, db *Node
	switch {
	case isZero(b):
		passes := wins(a, zeroOf(a))
		da, db = Where(passes, v, zeroOf(v)), Where(passes, zeroOf(v), v)
	case isZero(a):
		passes := wins(b, zeroOf(b))
		da, db = Where(passes, zeroOf(v), v), Where(passes, v, zeroOf(v))
	default:
		shared := selectGradient(Equal(a, b), MulScalar(v, 0.5))
		da, db = Where(wins(a, b), v, shared), Where(wins(b, a), v, shared)
	}
	in := node.Inputs()
	return []*Node{unbroadcast(da, in[0].Shape()), unbroadcast(db, in[1].Shape())}
}

// selectGradient is v where the condition holds, 0 elsewhere.
func selectGradient(condition, v *Node) *Node { return Where(condition, v, zeroOf(v)) }

// clampGradient is the rule of Clamp(lo, x, hi) = min(max(x, lo), hi).
func clampGradient(node, v *Node) []*Node {
	in := node.Inputs()
	lo, x, hi := expand(in[0], node.Shape()), in[1], expand(in[2], node.Shape())
	below := LogicalAnd(LessThan(x, lo), LessOrEqual(lo, hi))
	within := LogicalAnd(GreaterOrEqual(x, lo), LessOrEqual(x, hi))
	above := GreaterThan(Max(x, lo), hi)
	return []*Node{
		unbroadcast(selectGradient(below, v), in[0].Shape()),
		selectGradient(within, v),
		unbroadcast(selectGradient(above, v), in[2].Shape()),
	}
}

// reduceMaxGradient is the rule of ReduceMax and ReduceMin: the elements equal to the extreme share the gradient.
func reduceMaxGradient(node, v *Node) []*Node {
	x := node.Inputs()[0]
	axes := staticOf(node).ints("axes")
	hit := Equal(x, keepReduced(node, x, axes))
	count := ReduceSum(ConvertDType(hit, v.DType()), axes...)
	return []*Node{selectGradient(hit, keepReduced(Div(v, count), x, axes))}
}
