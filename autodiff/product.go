package autodiff

import (
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// reduceProductGradient multiplies, for each element, the products of those before and after it: dividing the whole
// product by the element would fail at zeros.
func reduceProductGradient(node, v *Node) []*Node {
	x := node.Inputs()[0]
	axes := staticOf(node).ints("axes")
	if x.Shape().Size() == 0 {
		return []*Node{ZerosLike(x)}
	}
	y, restore := flattenAxes(x, axes)
	before := productsBefore(y)
	after := Reverse(productsBefore(Reverse(y, 1)), 1)
	return []*Node{Mul(keepReduced(v, x, axes), restore(Mul(before, after)))}
}

// productsBefore is, for element i of each row of x [rows n], the product of elements 0 to i-1. Each step doubles how
// many elements are in (Hillis and Steele, 1986).
func productsBefore(x *Node) *Node {
	dims := x.Shape().Dimensions
	shift := func(y *Node, by int) *Node {
		ones := Ones(x.Graph(), shapes.Make(x.DType(), dims[0], by))
		return Concatenate([]*Node{ones, Slice(y, AxisRange(), AxisRange(0, dims[1]-by))}, 1)
	}
	if dims[1] == 1 {
		return OnesLike(x)
	}
	y := shift(x, 1)
	for done := 1; done < dims[1]; done *= 2 {
		y = Mul(y, shift(y, done))
	}
	return y
}

// flattenAxes moves the given axes (none: all) last and makes them one, the others one before it: [kept, reduced].
// restore undoes that.
func flattenAxes(x *Node, axes []int) (y *Node, restore func(*Node) *Node) {
	reduced := make([]bool, x.Rank())
	for _, a := range axes {
		reduced[a] = true
	}
	var perm, last []int
	for a := range reduced {
		if len(axes) == 0 || reduced[a] {
			last = append(last, a)
		} else {
			perm = append(perm, a)
		}
	}
	kept := 1
	for _, a := range perm {
		kept *= x.Shape().Dimensions[a]
	}
	perm = append(perm, last...)
	inverse, dims := make([]int, len(perm)), make([]int, len(perm))
	for to, from := range perm {
		inverse[from], dims[to] = to, x.Shape().Dimensions[from]
	}
	y = Reshape(TransposeAllAxes(x, perm...), kept, x.Shape().Size()/max(1, kept))
	return y, func(z *Node) *Node { return TransposeAllAxes(Reshape(z, dims...), inverse...) }
}
