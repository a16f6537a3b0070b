package cpu

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/pkg/errors"

	"github.com/atelier-go/atelier/cpu/internal/exec"
	"github.com/atelier-go/atelier/cpu/internal/ir"
)

// callee returns g as a finished function of the computation that f may run.
func (f *function) callee(op compute.OpType, role string, g compute.Function, closure bool) (*function, error) {
	own, ok := g.(*function)
	if !ok || own == nil || own.builder != f.builder {
		return nil, errors.Errorf("cpu: %v: %s is not a function of computation %q", op, role, f.builder.name)
	}
	if closure && own.parent == nil {
		return nil, errors.Errorf("cpu: %v: %s must be a closure, not the function %s", op, role, own.label())
	}
	if own.parent != nil && !own.parent.encloses(f) {
		return nil, errors.Errorf("cpu: %v: %s is %s, out of scope in %s", op, role, own.label(), f.label())
	}
	if !own.returned {
		return nil, errors.Errorf("cpu: %v: %s, %s, has no Return yet", op, role, own.label())
	}
	return own, nil
}

// operands resolves values and returns their shapes as well.
func (f *function) operands(op compute.OpType, inputs []compute.Value) ([]ir.Value, []shapes.Shape, error) {
	if err := f.check(op); err != nil {
		return nil, nil, err
	}
	in := make([]ir.Value, len(inputs))
	given := make([]shapes.Shape, len(inputs))
	for i, v := range inputs {
		var err error
		if in[i], err = f.resolve(v); err != nil {
			return nil, nil, errors.Errorf("cpu: %v: input %d: %v", op, i, err)
		}
		given[i] = in[i].Shape()
	}
	return in, given, nil
}

// run appends a node that runs functions. Its inputs are the operands, then what each function captures.
func (f *function) run(op compute.OpType, attr any, in []ir.Value, out []shapes.Shape, calls ...*function) []compute.Value {
	fns := make([]*ir.Func, len(calls))
	for i, c := range calls {
		fns[i] = c.fn
		for _, v := range c.fn.Captures {
			in = append(in, f.capture(value{c.parent, v}))
		}
	}
	n := f.fn.Add(ir.Op(op), attr, in, out...)
	n.Calls = fns
	return f.values(n)
}

// checkParams verifies that a function's declared parameters have the given shapes.
func (f *function) checkParams(op compute.OpType, role string, want []shapes.Shape) error {
	if len(f.declared) != len(want) {
		return errors.Errorf("cpu: %v: %s takes %d parameters, %d are given: %v", op, role, len(f.declared), len(want), want)
	}
	for i, p := range f.declared {
		if !sameShape(p.Shapes[0], want[i]) {
			return errors.Errorf("cpu: %v: parameter %d of %s has shape %v, given is %v", op, i, role, p.Shapes[0], want[i])
		}
	}
	return nil
}

// sameShape compares type and dimensions, and the names of dynamic axes.
func sameShape(a, b shapes.Shape) bool {
	if a.DType != b.DType || !slices.Equal(a.Dimensions, b.Dimensions) {
		return false
	}
	for axis, d := range a.Dimensions {
		if d == shapes.DynamicDim && a.AxisName(axis) != b.AxisName(axis) {
			return false
		}
	}
	return true
}

func (f *function) outputShapes() []shapes.Shape {
	out := make([]shapes.Shape, len(f.fn.Outputs))
	for i, v := range f.fn.Outputs {
		out[i] = v.Shape()
	}
	return out
}

// Call runs a function of the computation on the inputs.
func (f *function) Call(g compute.Function, inputs ...compute.Value) ([]compute.Value, error) {
	op := compute.OpTypeCall
	in, given, err := f.operands(op, inputs)
	if err != nil {
		return nil, err
	}
	callee, err := f.callee(op, "the callee", g, false)
	if err != nil {
		return nil, err
	}
	if callee == f.builder.main || callee.encloses(f) {
		return nil, errors.Errorf("cpu: Call: function %s cannot be called from %s", callee.label(), f.label())
	}
	if err := callee.checkParams(op, callee.label(), given); err != nil {
		return nil, err
	}
	return f.run(op, nil, in, callee.outputShapes(), callee), nil
}

// If runs one of two closures without parameters, by a scalar boolean.
func (f *function) If(pred compute.Value, trueBranch, falseBranch compute.Function) ([]compute.Value, error) {
	op := compute.OpTypeIf
	in, given, err := f.operands(op, []compute.Value{pred})
	if err != nil {
		return nil, err
	}
	if !given[0].IsScalar() || given[0].DType != dtypes.Bool {
		return nil, errors.Errorf("cpu: If: the condition must be a scalar boolean, not %v", given[0])
	}
	onTrue, err := f.callee(op, "the true branch", trueBranch, true)
	if err != nil {
		return nil, err
	}
	onFalse, err := f.callee(op, "the false branch", falseBranch, true)
	if err != nil {
		return nil, err
	}
	if err := onTrue.checkParams(op, "the true branch", nil); err != nil {
		return nil, err
	}
	if err := onFalse.checkParams(op, "the false branch", nil); err != nil {
		return nil, err
	}
	out, other := onTrue.outputShapes(), onFalse.outputShapes()
	if !slices.EqualFunc(out, other, sameShape) {
		return nil, errors.Errorf("cpu: If: the branches return different shapes, %v and %v", out, other)
	}
	return f.run(op, nil, in, out, onTrue, onFalse), nil
}

// While runs body on the state for as long as cond of it is true.
func (f *function) While(cond, body compute.Function, initialState ...compute.Value) ([]compute.Value, error) {
	op := compute.OpTypeWhile
	in, given, err := f.operands(op, initialState)
	if err != nil {
		return nil, err
	}
	if len(in) == 0 {
		return nil, errors.New("cpu: While: the loop has no state")
	}
	condFn, err := f.callee(op, "the condition", cond, true)
	if err != nil {
		return nil, err
	}
	bodyFn, err := f.callee(op, "the body", body, true)
	if err != nil {
		return nil, err
	}
	if err := condFn.checkParams(op, "the condition", given); err != nil {
		return nil, err
	}
	if err := bodyFn.checkParams(op, "the body", given); err != nil {
		return nil, err
	}
	if out := condFn.outputShapes(); len(out) != 1 || !out[0].IsScalar() || out[0].DType != dtypes.Bool {
		return nil, errors.Errorf("cpu: While: the condition must return one scalar boolean, not %v", out)
	}
	out := bodyFn.outputShapes()
	if !slices.EqualFunc(out, given, sameShape) {
		return nil, errors.Errorf("cpu: While: the body returns %v, the state is %v", out, given)
	}
	return f.run(op, nil, in, given, condFn, bodyFn), nil
}

// Sort sorts all inputs alike along an axis, negative counting from the last. The comparator takes the left and the
// right element of the first input, then of the second, and so on, and returns whether left comes before right.
func (f *function) Sort(comparator compute.Function, axis int, isStable bool, inputs ...compute.Value) ([]compute.Value, error) {
	op := compute.OpTypeSort
	in, given, err := f.operands(op, inputs)
	if err != nil {
		return nil, err
	}
	if len(in) == 0 {
		return nil, errors.New("cpu: Sort: there is nothing to sort")
	}
	rank := given[0].Rank()
	if axis < -rank || axis >= rank {
		return nil, errors.Errorf("cpu: Sort: axis %d is out of range for %v", axis, given[0])
	}
	axis = (axis + rank) % rank
	var elements []shapes.Shape
	for _, s := range given {
		if !s.EqualDimensions(given[0]) {
			return nil, errors.Errorf("cpu: Sort: the inputs have different dimensions: %v", given)
		}
		if s.DType.IsPacked() {
			return nil, errors.Wrapf(compute.ErrNotImplemented, "cpu: Sort of %v", s)
		}
		element := shapes.Make(s.DType)
		elements = append(elements, element, element)
	}
	c, err := f.callee(op, "the comparator", comparator, true)
	if err != nil {
		return nil, err
	}
	if err := c.checkParams(op, "the comparator", elements); err != nil {
		return nil, err
	}
	if out := c.outputShapes(); len(out) != 1 || !out[0].IsScalar() || out[0].DType != dtypes.Bool {
		return nil, errors.Errorf("cpu: Sort: the comparator must return one scalar boolean, not %v", out)
	}
	attr := ir.SortAttr{Axis: axis, Stable: isStable, Order: exec.SortOrderOf(c.fn)}
	return f.run(op, attr, in, given, c), nil
}
