package nn

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

// ReLU is max(x, 0). Its gradient at 0 is 0, and NaN stays NaN.
func ReLU(x *Node) *Node {
	wantFloat("relu", x)
	return Max(x, ScalarZero(x.Graph(), x.DType()))
}

// LeakyReLU is x where x > 0 and slope·x elsewhere; its gradient at 0 is slope, as PyTorch's. Usual slopes are 0.01
// (PyTorch's default), 0.1 and, for GANs, 0.2.
func LeakyReLU(x *Node, slope float64) *Node {
	wantFloat("leaky relu", x)
	g, dtype := x.Graph(), x.DType()
	// As a product with the slope it is differentiated by a product with the same slope.
	positive := GreaterThan(x, ScalarZero(g, dtype))
	return Mul(x, Where(positive, ScalarOne(g, dtype), Scalar(g, dtype, slope)))
}

// GELU is x·Φ(x), Φ being the normal distribution's function (Hendrycks and Gimpel, 2016), not its approximation by tanh.
func GELU(x *Node) *Node {
	wantFloat("gelu", x)
	return Mul(x, MulScalar(AddScalar(Erf(MulScalar(x, math.Sqrt2/2)), 1), 0.5))
}
