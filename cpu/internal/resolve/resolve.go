// Package resolve makes a captured function concrete: a copy in which every dimension is a number.
//
// Dynamic dimensions are those of parameters. Given the parameters' shapes, the shapes of everything else follow by
// inferring the graph again; operations that ask for a dimension become constants, and dynamic reshapes become
// reshapes.
package resolve

import (
	"maps"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
	"github.com/pkg/errors"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
)

// Data returns the content of parameter i, and whether it is known.
type Data func(i int) (tensor.Tensor, bool)

// resolver copies one function.
type resolver struct {
	from, to *ir.Func
	nodes    map[*ir.Node]*ir.Node
	axes     shapes.AxisBindings // sizes of the named dynamic axes
	data     Data
}

// Function returns a copy of f for parameters of the given concrete shapes, with the functions it runs copied as
// well, once for each node that runs them. data tells the content of parameters, for dimensions that depend on it;
// nil if none is known. The copy shares the arguments and the constants of f, which nobody writes to.
func Function(f *ir.Func, params []shapes.Shape, data Data) (*ir.Func, error) {
	return function(f, nil, params, shapes.AxisBindings{}, data)
}

func function(f, parent *ir.Func, params []shapes.Shape, axes shapes.AxisBindings, data Data) (*ir.Func, error) {
	r := &resolver{
		from:  f,
		to:    &ir.Func{Name: f.Name, Parent: parent},
		nodes: make(map[*ir.Node]*ir.Node, len(f.Nodes)),
		axes:  axes,
		data:  data,
	}
	for i, p := range f.Params {
		if err := r.axes.Extract(p.Shapes[0], params[i]); err != nil {
			return nil, errors.WithMessagef(err, "parameter %d, %q, of shape %v", i, p.Attr.(ir.ParameterAttr).Name, params[i])
		}
	}
	for _, n := range f.Nodes {
		c, err := r.node(n, params)
		if err != nil {
			return nil, err
		}
		c.ID = len(r.to.Nodes)
		r.to.Nodes = append(r.to.Nodes, c)
		r.nodes[n] = c
	}
	for _, p := range f.Params {
		r.to.Params = append(r.to.Params, r.nodes[p])
	}
	r.to.Outputs = r.values(f.Outputs)
	return r.to, nil
}

func (r *resolver) values(vs []ir.Value) []ir.Value {
	out := make([]ir.Value, len(vs))
	for i, v := range vs {
		out[i] = r.nodes[v.Node].Value(v.Out)
	}
	return out
}

// node returns the concrete copy of a node whose inputs are copied already.
func (r *resolver) node(n *ir.Node, params []shapes.Shape) (*ir.Node, error) {
	c := &ir.Node{Op: n.Op, Attr: n.Attr, Inputs: r.values(n.Inputs)}
	switch op := compute.OpType(n.Op); op {
	case compute.OpTypeParameter:
		c.Shapes = []shapes.Shape{unnamed(params[n.Attr.(ir.ParameterAttr).Index])}
		return c, nil
	case compute.OpTypeConstant:
		c.Shapes = n.Shapes
		return c, nil
	case compute.OpTypeDynamicShape:
		return r.dimensions(n, c.Inputs[0].Shape().Dimensions), nil
	case compute.OpTypeDynamicDimensionSize:
		axis := n.Attr.(ir.DynamicSizeAttr).Axis
		return r.dimensions(n, c.Inputs[0].Shape().Dimensions[axis:axis+1]), nil
	case compute.OpTypeDynamicReshape:
		return r.reshape(n, c)
	}
	if len(n.Calls) > 0 {
		return c, r.calls(n, c)
	}
	if !isDynamic(n) {
		for _, s := range n.Shapes {
			c.Shapes = append(c.Shapes, unnamed(s))
		}
		return c, nil
	}
	if err := r.attr(n, c); err != nil {
		return nil, err
	}
	var in []shapes.Shape
	for _, v := range c.Inputs {
		in = append(in, v.Shape())
	}
	var err error
	c.Shapes, err = ir.Infer(c.Op, c.Attr, in)
	return c, err
}

// unnamed is the shape without the names of its axes, which have served their purpose.
func unnamed(s shapes.Shape) shapes.Shape {
	s.AxisNames = nil
	return s
}

// isDynamic reports whether a node has a dynamic dimension in its inputs or outputs.
func isDynamic(n *ir.Node) bool {
	return slices.ContainsFunc(n.Shapes, shapes.Shape.IsDynamic) ||
		slices.ContainsFunc(n.Inputs, func(v ir.Value) bool { return v.Shape().IsDynamic() })
}

// calls copies the functions of a node, for the shapes that it runs them on.
func (r *resolver) calls(n, c *ir.Node) error {
	operands := len(n.Inputs)
	for _, f := range n.Calls {
		operands -= len(f.Captures)
	}
	next := operands
	for _, f := range n.Calls {
		captures := c.Inputs[next : next+len(f.Captures)]
		next += len(f.Captures)
		var params []shapes.Shape
		switch compute.OpType(n.Op) {
		case compute.OpTypeWhile, compute.OpTypeCall:
			for _, v := range c.Inputs[:operands] {
				params = append(params, v.Shape())
			}
		case compute.OpTypeSort:
			for _, v := range c.Inputs[:operands] {
				element := shapes.Make(v.Shape().DType)
				params = append(params, element, element)
			}
		}
		for _, v := range captures {
			params = append(params, v.Shape())
		}
		axes := shapes.AxisBindings{}
		if f.Parent != nil {
			axes = maps.Clone(r.axes)
		}
		callee, err := function(f, r.to, params, axes, nil)
		if err != nil {
			return errors.WithMessagef(err, "in %v", n.Op)
		}
		if f.Parent == nil {
			callee.Parent = nil
		}
		callee.Captures = slices.Clone(captures)
		c.Calls = append(c.Calls, callee)
	}
	return r.callShapes(n, c, operands)
}

// callShapes sets the output shapes of a node that runs functions, and verifies that those agree on them.
func (r *resolver) callShapes(n, c *ir.Node, operands int) error {
	switch compute.OpType(n.Op) {
	case compute.OpTypeWhile, compute.OpTypeSort:
		for _, v := range c.Inputs[:operands] {
			c.Shapes = append(c.Shapes, v.Shape())
		}
	default:
		c.Shapes = outputShapes(c.Calls[0])
	}
	for i, callee := range c.Calls {
		returnsState := compute.OpType(n.Op) == compute.OpTypeIf || compute.OpType(n.Op) == compute.OpTypeWhile && i == 1
		if got := outputShapes(callee); returnsState && !slices.EqualFunc(got, c.Shapes, shapes.Shape.Equal) {
			return errors.Errorf("%v: a function returns shapes %v where %v are wanted", n.Op, got, c.Shapes)
		}
	}
	return nil
}

func outputShapes(f *ir.Func) []shapes.Shape {
	out := make([]shapes.Shape, len(f.Outputs))
	for i, v := range f.Outputs {
		out[i] = v.Shape()
	}
	return out
}
