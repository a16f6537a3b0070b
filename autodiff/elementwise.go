package autodiff

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// convertGradient converts back. Nothing flows through integers and booleans; of a complex number made from a real one
// only the real part depends on it.
func convertGradient(node, v *Node) []*Node {
	x := node.Inputs()[0]
	from, to := x.DType(), node.DType()
	switch {
	case !(from.IsFloat() || from.IsComplex()) || !(to.IsFloat() || to.IsComplex()):
		return []*Node{nil}
	case from.IsFloat() && to.IsComplex():
		return []*Node{ConvertDType(Real(v), from)}
	default:
		return []*Node{ConvertDType(v, from)}
	}
}

// absGradient: d|x| = sign(x)·dx; for complex x the gradient points from 0 to x.
func absGradient(node, v *Node) []*Node {
	x := node.Inputs()[0]
	if x.DType().IsComplex() {
		return []*Node{Complex(Mul(Div(Real(x), node), v), Mul(Div(Imag(x), node), v))}
	}
	return []*Node{Mul(v, Sign(x))}
}

// rsqrtGradient: d x^(-1/2) = -1/2 · x^(-3/2) · dx.
func rsqrtGradient(node, v *Node) []*Node {
	return []*Node{Mul(v, MulScalar(Mul(node, Square(node)), -0.5))}
}

// expm1Gradient: d(eˣ-1) = eˣ·dx.
func expm1Gradient(node, v *Node) []*Node {
	return []*Node{Mul(v, AddScalar(node, 1))}
}

// remGradient: rem(a, b) = a - q·b, q = trunc(a/b), which is constant wherever it has a derivative.
func remGradient(node, v *Node) []*Node {
	a, b := sides(node)
	q := Div(Sub(a, node), b)
	return []*Node{
		unbroadcast(v, node.Inputs()[0].Shape()),
		unbroadcast(Neg(Mul(v, q)), node.Inputs()[1].Shape()),
	}
}

// atan2Gradient: d atan2(y, x) = (x·dy - y·dx) / (x² + y²).
func atan2Gradient(node, v *Node) []*Node {
	y, x := sides(node)
	w := Div(v, Add(Square(x), Square(y)))
	return []*Node{
		unbroadcast(Mul(w, x), node.Inputs()[0].Shape()),
		unbroadcast(Neg(Mul(w, y)), node.Inputs()[1].Shape()),
	}
}

// powGradient: d aᵇ = b·a^(b-1)·da + aᵇ·log(a)·db. The first is 0 for b = 0 whatever a is, the second for a = 0; both
// are computed for other numbers there, so that no NaN gets into further derivatives.
func powGradient(node, v *Node) []*Node {
	a, b := sides(node)
	bZero, aZero := Equal(b, zeroOf(b)), Equal(a, zeroOf(a))
	power := Where(bZero, ScalarOne(b.Graph(), b.DType()), b)
	da := Where(bZero, zeroOf(v), Mul(power, Pow(a, AddScalar(power, -1))))
	base := Where(aZero, ScalarOne(a.Graph(), a.DType()), a)
	db := Where(aZero, zeroOf(v), Mul(Log(base), Pow(base, b)))
	return []*Node{
		unbroadcast(Mul(v, da), node.Inputs()[0].Shape()),
		unbroadcast(Mul(v, db), node.Inputs()[1].Shape()),
	}
}
