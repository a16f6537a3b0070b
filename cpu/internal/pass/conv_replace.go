package pass

import (
	"slices"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/kernel/conv"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// replace adds the OpConv of a reading, and what brings its tensors into the layout that it wants; simplify removes
// of that what cancels against the graph.
func (c *convolution) replace(e *editor, r reading) ir.Value {
	s := r.spec
	x := []int{s.N, s.H, s.W, s.C}
	k := []int{s.KH, s.KW, s.C / s.Groups, s.O}
	y := []int{s.N, s.OH, s.OW, s.O}
	var in []ir.Value
	var result []int
	var outRole int
	switch s.Form {
	case conv.Forward:
		in, result, outRole = []ir.Value{c.operand(e, r, roleX, x), c.operand(e, r, roleK, k)}, y, roleY
	case conv.InputGradient:
		in, result, outRole = []ir.Value{c.operand(e, r, roleY, y), c.operand(e, r, roleK, k)}, x, roleX
	case conv.KernelGradient:
		in, result, outRole = []ir.Value{c.operand(e, r, roleX, x), c.operand(e, r, roleY, y)}, k, roleK
	}
	v := e.addNode(ir.OpConv, ir.ConvolutionAttr{Spec: s}, in, shapes.Make(dtypes.Float32, result...)).Value(0)
	return c.result(e, r, outRole, v)
}

// operand brings an input of the node into the dimensions dims of its role.
func (c *convolution) operand(e *editor, r reading, role int, dims []int) ir.Value {
	t := r.tensor[role]
	v := c.node.Inputs[t]
	if r.reversed[t] {
		v = e.reverse(v, c.tensors[t].spatial...)
	}
	if role == roleK && r.regroup {
		split, order := c.regrouped(r)
		return e.reshape(e.transpose(e.reshape(v, split...), order...), dims...)
	}
	return e.reshape(e.transpose(v, c.layout(r, role)...), dims...)
}

// result brings the OpConv's output into the shape of the node's.
func (c *convolution) result(e *editor, r reading, role int, v ir.Value) ir.Value {
	t := c.tensors[out]
	order := c.layout(r, role)
	dims := t.dims
	if role == roleK && r.regroup {
		dims, order = c.regrouped(r)
	}
	v = e.reshape(v, permuted(dims, order)...)
	v = e.reshape(e.transpose(v, inverse(order)...), t.dims...)
	if r.reversed[out] {
		v = e.reverse(v, t.spatial...)
	}
	return v
}

// regrouped describes how k's groups move from f, which a Spec wants divided, to the axis that ConvGeneral divides:
// dims are the tensor's with f split in (groups, rest), and order lists their axes as spatial, rest of f, groups,
// divided axis, so that the last two together are O.
func (c *convolution) regrouped(r reading) (dims, order []int) {
	t := c.tensors[r.tensor[roleK]]
	f := t.features[1]
	divided := t.features[0]
	dims = slices.Insert(slices.Clone(t.dims), f, c.groups())
	dims[f+1] /= c.groups()
	after := func(a int) int { // an axis' place after the split
		if a > f {
			return a + 1
		}
		return a
	}
	for _, a := range t.spatial {
		order = append(order, after(a))
	}
	return dims, append(order, f+1, f, after(divided))
}

func inverse(perm []int) []int {
	inv := make([]int, len(perm))
	for i, p := range perm {
		inv[p] = i
	}
	return inv
}
