package ir

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
	"github.com/pkg/errors"
)

// inferFunc computes the shapes of an operation's outputs and checks its arguments.
type inferFunc func(op compute.OpType, attr any, in []shapes.Shape) ([]shapes.Shape, error)

// rule is how the outputs of an operation follow from its inputs.
type rule struct {
	inputs int // how many, or at least ^inputs if negative
	infer  inferFunc
}

// atLeast is the input count of an operation that takes n inputs or more.
func atLeast(n int) int { return ^n }

// Infer returns the shapes of the outputs of op with the given static arguments and input shapes, or an error that
// names the operation and the shapes. It is a pure function: a graph with dynamic dimensions is resolved by inferring
// it again with the concrete shapes of its parameters.
//
// It knows every operation of GoMLX except parameters and constants, whose shape is given, and While, If, Sort and
// Call, whose shapes are those of the functions they run; and of the operations that passes introduce, none.
func Infer(op Op, attr any, in []shapes.Shape) (out []shapes.Shape, err error) {
	defer func() {
		// The shape library panics on some bad arguments, out of range axes for one.
		if r := recover(); r != nil {
			out, err = nil, inferError(op, attr, in, fmt.Errorf("%v", r))
		}
	}()
	r, ok := rules[compute.OpType(op)]
	if !ok {
		return nil, inferError(op, attr, in, errors.New("its shape cannot be inferred"))
	}
	if len(in) != r.inputs && (r.inputs >= 0 || len(in) < ^r.inputs) {
		return nil, inferError(op, attr, in, errors.Errorf("it takes %d inputs, got %d", max(r.inputs, ^r.inputs), len(in)))
	}
	for i, s := range in {
		if !s.Ok() || s.IsTuple() {
			return nil, inferError(op, attr, in, errors.Errorf("input %d has no valid shape", i))
		}
	}
	out, err = r.infer(compute.OpType(op), attr, in)
	if err == nil {
		err = checkSizes(out)
	}
	if err != nil {
		return nil, inferError(op, attr, in, err)
	}
	for i, s := range out {
		if !slices.ContainsFunc(s.AxisNames, func(name string) bool { return name != "" }) {
			out[i].AxisNames = nil // as shapes are that never had any
		}
	}
	return out, nil
}

func inferError(op Op, attr any, in []shapes.Shape, err error) error {
	return errors.WithMessagef(err, "%s", Describe(op, attr, in))
}

// Describe names an operation, the shapes it is given and its arguments, for error messages.
func Describe(op Op, attr any, in []shapes.Shape) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v(", op)
	for i, s := range in {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(s.String())
	}
	b.WriteString(")")
	switch attr.(type) {
	case nil, ConstantAttr:
	default:
		fmt.Fprintf(&b, " %+v", attr)
	}
	return b.String()
}

// MaxBytes is the largest size of one value: what fits the address space of the processors we run on.
const MaxBytes = 1 << 46

// CheckSize returns an error if a shape has a negative dimension or more than MaxBytes bytes. Dynamic dimensions
// are left out of the count.
func CheckSize(s shapes.Shape) error {
	empty := false
	for axis, d := range s.Dimensions {
		if d < 0 && d != shapes.DynamicDim {
			return errors.Errorf("dimension %d of axis %d is negative", d, axis)
		}
		empty = empty || d == 0
	}
	if empty {
		return nil
	}
	bits := s.DType.Bits()
	size := bits
	for _, d := range s.Dimensions {
		if d == shapes.DynamicDim {
			continue
		}
		if d > 8*MaxBytes/size {
			return errors.Errorf("%v has more elements than fit in memory (2^46 bytes at most)", s)
		}
		size *= d
	}
	return nil
}

func checkSizes(out []shapes.Shape) error {
	for _, s := range out {
		if err := CheckSize(s); err != nil {
			return errors.WithMessage(err, "the result is too large")
		}
	}
	return nil
}

// checkDims verifies that dims is a valid list of dimensions: none negative unless dynamic.
func checkDims(dims []int) error {
	for axis, d := range dims {
		if d < 0 && d != shapes.DynamicDim {
			return errors.Errorf("dimension %d of axis %d is negative", d, axis)
		}
	}
	return nil
}

// checkAxes verifies that every axis is in [0, rank) and that none repeats.
func checkAxes(what string, rank int, axes []int) error {
	seen := make([]bool, rank)
	for _, a := range axes {
		if a < 0 || a >= rank {
			return errors.Errorf("%s %v: axis %d is out of range for rank %d", what, axes, a, rank)
		}
		if seen[a] {
			return errors.Errorf("%s %v: axis %d is repeated", what, axes, a)
		}
		seen[a] = true
	}
	return nil
}

// maxGeometry bounds paddings, strides, dilations and the like, so that sums of them cannot overflow.
const maxGeometry = 1 << 40

func checkGeometry(what string, values ...int) error {
	for _, v := range values {
		if v > maxGeometry || v < -maxGeometry {
			return errors.Errorf("%s %d is out of range", what, v)
		}
	}
	return nil
}

func checkPaddings(paddings [][2]int) error {
	for _, p := range paddings {
		if err := checkGeometry("padding", p[:]...); err != nil {
			return err
		}
	}
	return nil
}

// one wraps the usual case of a single output.
func one(s shapes.Shape, err error) ([]shapes.Shape, error) {
	if err != nil {
		return nil, err
	}
	return []shapes.Shape{s}, nil
}

func errOf(format string, args ...any) ([]shapes.Shape, error) {
	return nil, errors.Errorf(format, args...)
}
