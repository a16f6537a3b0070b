package pass

import (
	"slices"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/gomlx/compute"
)

// factorSums takes factors that are the same for all terms out of sums: Σ c·x = c·Σ x, where c is repeated along every
// axis that is summed. The gradients of a batch norm, written out, sum dz, dz·γ, dz·x̂ and dz·γ·x̂ with x̂ = (x - μ)·σ⁻¹;
// what is left are Σ dz and Σ dz·(x - μ), each once.
func factorSums(f *ir.Func) bool {
	return rewrite(f, func(e *editor, n *ir.Node) ([]ir.Value, bool) {
		if n.Op != op(compute.OpTypeReduceSum) || !isFloat(n.Shapes[0].DType) || n.Inputs[0].Shape().Size() == 0 {
			return nil, false
		}
		s := factoredSum{e: e, axes: n.Attr.(ir.ReduceAttr).Axes, dims: n.Inputs[0].Shape().Dimensions}
		s.flatten(n.Inputs[0], maxFactors)
		if len(s.outside) == 0 || len(s.inside) == 0 {
			return nil, false
		}
		product := s.inside[0]
		for _, v := range s.inside[1:] {
			product = e.binary(compute.OpTypeMul, product, v)
		}
		if !slices.Equal(product.Shape().Dimensions, s.dims) {
			return nil, false // every term that is left repeats along some axis
		}
		sum := e.add(compute.OpTypeReduceSum, n.Attr, n.Shapes[0], product)
		for _, c := range s.outside {
			sum = e.add(c.by, nil, n.Shapes[0], sum, c.value)
		}
		return []ir.Value{sum}, true
	})
}

// maxFactors bounds the depth of a product that is looked at.
const maxFactors = 8

// factoredSum is a sum over axes of a product of values that broadcast to dims.
type factoredSum struct {
	e       *editor
	axes    []int
	dims    []int
	inside  []ir.Value
	outside []factor
}

// factor is what the sum is multiplied or divided by.
type factor struct {
	by    compute.OpType
	value ir.Value
}

// flatten sorts the factors of v into those inside and those outside of the sum.
func (s *factoredSum) flatten(v ir.Value, depth int) {
	if c, ok := s.constantAlong(v); ok {
		s.outside = append(s.outside, factor{compute.OpTypeMul, c})
		return
	}
	n := v.Node
	if depth > 0 && slices.Equal(v.Shape().Dimensions, s.dims) {
		switch n.Op {
		case op(compute.OpTypeMul):
			s.flatten(n.Inputs[0], depth-1)
			s.flatten(n.Inputs[1], depth-1)
			return
		case op(compute.OpTypeDiv):
			if c, ok := s.constantAlong(n.Inputs[1]); ok {
				s.flatten(n.Inputs[0], depth-1)
				s.outside = append(s.outside, factor{compute.OpTypeDiv, c})
				return
			}
		}
	}
	s.inside = append(s.inside, v)
}

// constantAlong finds the value that v repeats along all summed axes, as an operand of the sum's result.
func (s *factoredSum) constantAlong(v ir.Value) (ir.Value, bool) {
	axes := make([]int, len(s.dims))
	for a := range s.dims {
		axes[a] = -1
		if v.Shape().Rank() == len(s.dims) && v.Shape().Dimensions[a] != 1 {
			axes[a] = a
		}
	}
	for slices.ContainsFunc(s.axes, func(a int) bool { return axes[a] >= 0 }) {
		mapped, ok := throughView(v.Node, axes)
		if !ok {
			return v, false
		}
		v, axes = v.Node.Inputs[0], mapped
	}
	dims := []int{} // of v along the axes that are kept
	for a, d := range s.dims {
		switch {
		case slices.Contains(s.axes, a):
		case axes[a] < 0:
			dims = append(dims, 1)
		default:
			dims = append(dims, d)
		}
	}
	if v.Shape().Size() != product(dims...) {
		return v, false
	}
	if v.Shape().Size() == 1 {
		dims = nil
	}
	return s.e.reshape(v, dims...), true
}
