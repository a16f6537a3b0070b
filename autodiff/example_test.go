package autodiff_test

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/atelier-go/atelier/autodiff"
)

// The second derivative of a convolution with an even kernel, which GoMLX alone does not have.
func ExampleInstall() {
	autodiff.Install()
	backend, err := openBackend()
	if err != nil {
		fmt.Println(err)
		return
	}
	// L = Σ (∂y/∂x)² with y = Σ conv(x, k)², the kind of term that a gradient penalty adds to a loss.
	grad, err := CallOnce(backend, func(x, k *Node) *Node {
		y := ReduceAllSum(Square(Convolve(x, k).Done()))
		dx := Gradient(y, x)[0]
		return Reshape(Gradient(ReduceAllSum(Square(dx)), k)[0], 2)
	}, [][][]float64{{{1}, {2}, {3}}}, [][][]float64{{{0.5}}, {{-1}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(grad)
	// Output: [2]float64{-34, -94}
}

// A gradient by formula: log(1+eˣ) differentiated step by step overflows for large x, its derivative does not.
func ExampleWithGradient() {
	backend, err := openBackend()
	if err != nil {
		fmt.Println(err)
		return
	}
	softplus := func(x *Node) *Node {
		y := Log1p(Exp(x))
		return autodiff.WithGradient(y, x, func(v *Node) *Node { return Mul(v, Sigmoid(x)) })
	}
	grad, err := CallOnce(backend, func(x *Node) *Node {
		return Gradient(ReduceAllSum(softplus(x)), x)[0]
	}, []float64{0, 1000})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(grad)
	// Output: [2]float64{0.5, 1}
}
