package cpu

import (
	"reflect"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/pkg/errors"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/ref"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
)

// function captures one function of a computation: main, a named function, or a closure.
type function struct {
	builder  *builder
	parent   *function // of a closure
	fn       *ir.Func
	declared []*ir.Node            // parameters
	captured map[ir.Value]ir.Value // a value of the parent, to the parameter that stands for it here
	captures []*ir.Node            // those parameters, in the order of fn.Captures
	axes     map[string]bool       // names of dynamic axes of main's and named functions' parameters
	returned bool
}

var _ compute.Function = (*function)(nil)

// value is what the interface hands out: an output of a node, and the function it belongs to.
type value struct {
	fn *function
	v  ir.Value
}

func (f *function) Name() string             { return f.fn.Name }
func (f *function) Builder() compute.Builder { return f.builder }

// Parent returns the function that a closure is local to, or nil.
func (f *function) Parent() compute.Function {
	if f.parent == nil {
		return nil
	}
	return f.parent
}

// Closure starts a local function, which may use the values of f and of what f is local to.
func (f *function) Closure() (compute.Function, error) {
	if err := f.builder.check(); err != nil {
		return nil, err
	}
	return f.builder.function("", f), nil
}

// label names the function in errors.
func (f *function) label() string {
	if f.parent != nil {
		return "a closure of " + f.parent.label()
	}
	return f.fn.Name
}

func (f *function) check(op compute.OpType) error {
	if err := f.builder.check(); err != nil {
		return err
	}
	if f.returned {
		return errors.Errorf("cpu: %v: function %s has its Return already", op, f.label())
	}
	return nil
}

// resolve returns v as a value of f, capturing it if it belongs to a function that f is local to.
func (f *function) resolve(v compute.Value) (ir.Value, error) {
	own, ok := v.(value)
	switch {
	case v == nil:
		return ir.Value{}, errors.New("the value is nil")
	case !ok:
		return ir.Value{}, errors.Errorf("%T is not a value of this backend", v)
	case own.fn.builder != f.builder:
		return ir.Value{}, errors.Errorf("the value belongs to another computation, %q", own.fn.builder.name)
	case !own.fn.encloses(f):
		return ir.Value{}, errors.Errorf("the value belongs to function %s, out of scope in %s", own.fn.label(), f.label())
	}
	return f.capture(own), nil
}

// encloses reports whether g is f or local to it.
func (f *function) encloses(g *function) bool {
	for ; g != nil; g = g.parent {
		if g == f {
			return true
		}
	}
	return false
}

// capture returns a value of f or of what f is local to as a value of f.
func (f *function) capture(own value) ir.Value {
	if own.fn == f {
		return own.v
	}
	outer := f.parent.capture(own)
	if inner, done := f.captured[outer]; done {
		return inner
	}
	n := f.fn.Add(ir.Op(compute.OpTypeParameter), ir.ParameterAttr{}, nil, outer.Shape())
	f.fn.Captures = append(f.fn.Captures, outer)
	f.captures = append(f.captures, n)
	f.captured[outer] = n.Value(0)
	return n.Value(0)
}

// add appends an operation and returns its outputs.
func (f *function) add(op compute.OpType, attr any, inputs ...compute.Value) ([]compute.Value, error) {
	if err := f.check(op); err != nil {
		return nil, err
	}
	in := make([]ir.Value, len(inputs))
	given := make([]shapes.Shape, len(inputs))
	for i, v := range inputs {
		var err error
		if in[i], err = f.resolve(v); err != nil {
			return nil, errors.Errorf("cpu: %v: input %d: %v", op, i, err)
		}
		given[i] = in[i].Shape()
	}
	out, err := ir.Infer(ir.Op(op), attr, given)
	if err != nil {
		return nil, errors.WithMessage(err, "cpu")
	}
	n := &ir.Node{Op: ir.Op(op), Attr: attr, Inputs: in, Shapes: out}
	if err := f.supports(n, given); err != nil {
		return nil, err
	}
	return f.values(f.fn.Add(n.Op, attr, in, out...)), nil
}

// add1 is add for an operation with one output.
func (f *function) add1(op compute.OpType, attr any, inputs ...compute.Value) (compute.Value, error) {
	out, err := f.add(op, attr, inputs...)
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// supports returns an error if the backend cannot compute the node, for its types or for its size.
func (f *function) supports(n *ir.Node, given []shapes.Shape) error {
	switch compute.OpType(n.Op) {
	case compute.OpTypeDynamicReshape, compute.OpTypeDynamicShape, compute.OpTypeDynamicDimensionSize:
	default:
		if !ref.Supports(n) {
			return errors.Wrapf(compute.ErrNotImplemented, "cpu: %s", ir.Describe(n.Op, n.Attr, given))
		}
	}
	for _, s := range n.Shapes {
		if err := f.fits(s); err != nil {
			return errors.WithMessagef(err, "cpu: %s", ir.Describe(n.Op, n.Attr, given))
		}
	}
	return nil
}

// fits returns an error if a value alone exceeds the backend's memory limit.
func (f *function) fits(s shapes.Shape) error {
	limit := f.builder.backend.config.Memory
	if limit == 0 || s.IsDynamic() {
		return nil
	}
	if bytes := int64(tensor.ByteSize(s)); bytes > limit {
		return errors.Errorf("%v takes %d bytes, more than the limit of %d (memory=)", s, bytes, limit)
	}
	return nil
}

func (f *function) values(n *ir.Node) []compute.Value {
	out := make([]compute.Value, len(n.Shapes))
	for i := range out {
		out[i] = value{f, n.Value(i)}
	}
	return out
}

// Parameter declares the next parameter. Dynamic dimensions have a name, and parameters that share it share the size.
func (f *function) Parameter(name string, shape shapes.Shape, sharding *compute.ShardingSpec) (compute.Value, error) {
	op := compute.OpTypeParameter
	if err := f.check(op); err != nil {
		return nil, err
	}
	if sharding != nil {
		return nil, errors.Wrapf(compute.ErrNotImplemented, "cpu: parameter %q: sharding", name)
	}
	if !shape.Ok() || shape.IsTuple() {
		return nil, errors.Errorf("cpu: parameter %q: invalid shape %v", name, shape)
	}
	if !supportedDTypes[shape.DType] {
		return nil, errors.Wrapf(compute.ErrNotImplemented, "cpu: parameter %q of type %v", name, shape.DType)
	}
	err := ir.CheckSize(shape)
	if err == nil {
		err = f.fits(shape)
	}
	if err != nil {
		return nil, errors.WithMessagef(err, "cpu: parameter %q of shape %v", name, shape)
	}
	if err := f.declareAxes(shape); err != nil {
		return nil, errors.WithMessagef(err, "cpu: parameter %q of shape %v", name, shape)
	}
	n := f.fn.Add(ir.Op(op), ir.ParameterAttr{Name: name}, nil, shape.Clone())
	f.declared = append(f.declared, n)
	return value{f, n.Value(0)}, nil
}

// declareAxes notes the names of a parameter's dynamic axes in the outermost function.
func (f *function) declareAxes(shape shapes.Shape) error {
	root := f.root()
	for axis, d := range shape.Dimensions {
		if d != shapes.DynamicDim {
			continue
		}
		name := shape.AxisName(axis)
		if name == "" {
			return errors.Errorf("dynamic axis %d has no name", axis)
		}
		if root.axes == nil {
			root.axes = make(map[string]bool)
		}
		root.axes[name] = true
	}
	return nil
}

func (f *function) root() *function {
	for f.parent != nil {
		f = f.parent
	}
	return f
}

// Constant copies a slice of a supported type, of as many elements as the dimensions say.
func (f *function) Constant(flat any, dims ...int) (compute.Value, error) {
	op := compute.OpTypeConstant
	if err := f.check(op); err != nil {
		return nil, err
	}
	t := reflect.TypeOf(flat)
	if t == nil || t.Kind() != reflect.Slice {
		return nil, errors.Errorf("cpu: Constant of type %v, want a slice", t)
	}
	shape := shapes.Shape{DType: dtypes.FromGoType(t.Elem()), Dimensions: append([]int(nil), dims...)}
	if !supportedDTypes[shape.DType] {
		return nil, errors.Wrapf(compute.ErrNotImplemented, "cpu: Constant of type %v", t)
	}
	err := ir.CheckSize(shape)
	if err == nil && shape.IsDynamic() {
		err = errors.New("a constant has no dynamic dimensions")
	}
	if err == nil {
		err = f.fits(shape)
	}
	if err == nil && shape.Size() != reflect.ValueOf(flat).Len() {
		err = errors.Errorf("%d elements are given, want %d", reflect.ValueOf(flat).Len(), shape.Size())
	}
	if err != nil {
		return nil, errors.WithMessagef(err, "cpu: Constant of dimensions %v", dims)
	}
	data := tensor.Alloc(tensor.ByteSize(shape))
	copy(data, dtypes.UnsafeByteSliceFromAny(flat))
	n := f.fn.Add(ir.Op(op), ir.ConstantAttr{Data: data}, nil, shape)
	return value{f, n.Value(0)}, nil
}

// Shape of a value.
func (f *function) Shape(v compute.Value) (shapes.Shape, error) { return f.builder.OpShape(v) }

// Return sets the function's results and ends it.
func (f *function) Return(outputs []compute.Value, shardings []*compute.ShardingSpec) error {
	if err := f.builder.check(); err != nil {
		return err
	}
	if f.returned {
		return errors.Errorf("cpu: function %s has its Return already", f.label())
	}
	if len(outputs) == 0 {
		return errors.Errorf("cpu: function %s must return a value", f.label())
	}
	for _, s := range shardings {
		if s != nil {
			return errors.Wrap(compute.ErrNotImplemented, "cpu: Return: sharding")
		}
	}
	for i, v := range outputs {
		out, err := f.resolve(v)
		if err != nil {
			return errors.Errorf("cpu: Return of %s: output %d: %v", f.label(), i, err)
		}
		f.fn.Outputs = append(f.fn.Outputs, out)
	}
	f.fn.Params = append(append([]*ir.Node(nil), f.declared...), f.captures...)
	for i, n := range f.fn.Params {
		n.Attr = ir.ParameterAttr{Index: i, Name: n.Attr.(ir.ParameterAttr).Name}
	}
	f.returned = true
	return nil
}
