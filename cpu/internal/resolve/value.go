package resolve

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/pkg/errors"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/ref"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
)

// dimensions is the constant that DynamicShape or DynamicDimensionSize has become.
func (r *resolver) dimensions(n *ir.Node, dims []int) *ir.Node {
	data := tensor.Alloc(4 * len(dims))
	for i, d := range dims {
		tensor.View[int32](data)[i] = int32(d)
	}
	return &ir.Node{Op: ir.Op(compute.OpTypeConstant), Attr: ir.ConstantAttr{Data: data}, Shapes: n.Shapes}
}

// scalar computes an integer of the concrete graph.
func (r *resolver) scalar(v ir.Value) (int, error) {
	t, err := r.evaluate(v)
	if err != nil {
		return 0, err
	}
	switch t.Shape.DType {
	case dtypes.Int8:
		return int(tensor.Of[int8](t)[0]), nil
	case dtypes.Int16:
		return int(tensor.Of[int16](t)[0]), nil
	case dtypes.Int32:
		return int(tensor.Of[int32](t)[0]), nil
	case dtypes.Int64:
		return int(tensor.Of[int64](t)[0]), nil
	case dtypes.Uint8:
		return int(tensor.Of[uint8](t)[0]), nil
	case dtypes.Uint16:
		return int(tensor.Of[uint16](t)[0]), nil
	case dtypes.Uint32:
		return int(tensor.Of[uint32](t)[0]), nil
	case dtypes.Uint64:
		return int(tensor.Of[uint64](t)[0]), nil
	}
	return 0, errors.Errorf("a size cannot have type %v", t.Shape.DType)
}

// evaluate computes a value of the concrete graph from constants and the known parameters.
func (r *resolver) evaluate(v ir.Value) (tensor.Tensor, error) {
	n := v.Node
	switch compute.OpType(n.Op) {
	case compute.OpTypeConstant:
		return tensor.Tensor{Shape: n.Shapes[0], Data: n.Attr.(ir.ConstantAttr).Data}, nil
	case compute.OpTypeParameter:
		if r.data != nil {
			if t, ok := r.data(n.Attr.(ir.ParameterAttr).Index); ok {
				return t, nil
			}
		}
		return tensor.Tensor{}, errors.Wrap(compute.ErrNotImplemented, "its size depends on data computed inside a function")
	}
	if len(n.Calls) > 0 {
		return tensor.Tensor{}, errors.Wrapf(compute.ErrNotImplemented, "its size depends on the result of %v", n.Op)
	}
	in := make([]tensor.Tensor, len(n.Inputs))
	for i, input := range n.Inputs {
		t, err := r.evaluate(input)
		if err != nil {
			return tensor.Tensor{}, err
		}
		in[i] = t
	}
	out := make([]tensor.Tensor, len(n.Shapes))
	for i, s := range n.Shapes {
		out[i] = tensor.New(s)
	}
	if err := ref.Eval(n, in, out); err != nil {
		return tensor.Tensor{}, err
	}
	return out[v.Out], nil
}

// SizeParams returns the parameters of f whose content, not only whose shape, decides a dimension.
func SizeParams(f *ir.Func) []int {
	found := make(map[int]bool)
	seen := make(map[*ir.Node]bool)
	var visit func(n *ir.Node)
	visit = func(n *ir.Node) {
		if seen[n] {
			return
		}
		seen[n] = true
		switch compute.OpType(n.Op) {
		case compute.OpTypeParameter:
			found[n.Attr.(ir.ParameterAttr).Index] = true
			return
		case compute.OpTypeDynamicShape, compute.OpTypeDynamicDimensionSize:
			return // the shape alone decides
		}
		for _, in := range n.Inputs {
			visit(in.Node)
		}
	}
	for _, n := range f.Nodes {
		if compute.OpType(n.Op) == compute.OpTypeDynamicReshape {
			for _, in := range n.Inputs[1:] {
				visit(in.Node)
			}
		}
	}
	params := make([]int, 0, len(found))
	for i := range found {
		params = append(params, i)
	}
	slices.Sort(params)
	return params
}

// IsDynamic reports whether the shape of anything in f is known only when its parameters are.
func IsDynamic(f *ir.Func) bool {
	return slices.ContainsFunc(f.Nodes, func(n *ir.Node) bool {
		return isDynamic(n) || slices.ContainsFunc(n.Calls, IsDynamic)
	})
}
