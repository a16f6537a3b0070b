// Package ref computes every operation with simple loops, for every dtype: what the specialised kernels do not cover
// runs here, and what they do cover is checked against it.
//
// Semantics are XLA's as GoMLX documents them; where those leave a choice, the file of the operation states it.
// Elementwise operations on Float16 and BFloat16 are computed in float32, sums in float64, and rounded to nearest
// even once. Results do not depend on anything but the inputs: there is one order of summation.
//
// Operands are read in place; tensors of 16-bit floats are widened a block at a time. Memory proportional to the data
// is allocated only for transforms over several axes (FFT) and for packed sub-byte dtypes.
package ref

import (
	"fmt"
	"slices"
	"strings"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
	"github.com/gomlx/compute"
)

// evalFunc computes a node whose inputs and outputs have the shapes of their tensors.
type evalFunc func(n *ir.Node, in, out []tensor.Tensor) error

// chooser returns the loop for a node's dtypes, nil if there is none.
type chooser func(n *ir.Node) evalFunc

// Supports reports whether Eval computes the node's operation on its dtypes.
func Supports(n *ir.Node) bool { return choose(n) != nil }

// Eval computes the node: in and out are the tensors of n.Inputs and n.Shapes. An output shares no memory with an
// input unless InPlace allows it. Errors name the operation and the shapes.
func Eval(n *ir.Node, in, out []tensor.Tensor) error {
	eval := choose(n)
	if eval == nil {
		return fmt.Errorf("%s: %w", describe(n, in), compute.ErrNotImplemented)
	}
	if err := checkTensors(n, in, out); err != nil {
		return fmt.Errorf("%s: %w", describe(n, in), err)
	}
	for _, t := range out {
		clearPadding(t)
	}
	if err := eval(n, in, out); err != nil {
		return fmt.Errorf("%s: %w", describe(n, in), err)
	}
	return nil
}

// InPlace lists the inputs in whose very memory Eval can write the first output: they have as many bytes and are read
// no later than their place is written. At most one input may share it.
func InPlace(n *ir.Node) []int {
	op := compute.OpType(n.Op)
	if len(n.Shapes) != 1 || n.Shapes[0].DType.IsPacked() {
		return nil
	}
	inputs := len(n.Inputs)
	switch {
	case elementwise[op]:
	case updates[op]:
		inputs = min(inputs, 1) // a copy of the operand, then changed
	default:
		return nil
	}
	var list []int
	for i, in := range n.Inputs[:inputs] {
		s := in.Shape()
		if s.DType.Size() == n.Shapes[0].DType.Size() && !s.DType.IsPacked() && slices.Equal(s.Dimensions, n.Shapes[0].Dimensions) {
			list = append(list, i)
		}
	}
	return list
}

func choose(n *ir.Node) evalFunc {
	e, ok := choosers[compute.OpType(n.Op)]
	if !ok || len(n.Shapes) == 0 || len(n.Inputs) < e.inputs {
		return nil
	}
	return e.choose(n)
}

// likeOutput reports whether the inputs, or those listed, have the dtype of the first output.
func likeOutput(n *ir.Node, inputs ...int) bool {
	if len(inputs) == 0 {
		for _, in := range n.Inputs {
			if in.Shape().DType != n.Shapes[0].DType {
				return false
			}
		}
	}
	for _, i := range inputs {
		if n.Inputs[i].Shape().DType != n.Shapes[0].DType {
			return false
		}
	}
	return true
}

// checkTensors makes sure that the tensors are as long as their shapes say, so that no loop runs past their ends.
func checkTensors(n *ir.Node, in, out []tensor.Tensor) error {
	if len(in) != len(n.Inputs) || len(out) != len(n.Shapes) {
		return fmt.Errorf("%d inputs and %d outputs given, want %d and %d", len(in), len(out), len(n.Inputs), len(n.Shapes))
	}
	for i, t := range in {
		if want := tensor.ByteSize(t.Shape); len(t.Data) != want {
			return fmt.Errorf("input %d has %d bytes, want %d", i, len(t.Data), want)
		}
		if t.Shape.DType != n.Inputs[i].Shape().DType {
			return fmt.Errorf("input %d is %s, want %s", i, t.Shape, n.Inputs[i].Shape())
		}
	}
	for i, t := range out {
		if want := tensor.ByteSize(t.Shape); len(t.Data) != want {
			return fmt.Errorf("output %d has %d bytes, want %d", i, len(t.Data), want)
		}
		if t.Shape.DType != n.Shapes[i].DType {
			return fmt.Errorf("output %d is %s, want %s", i, t.Shape, n.Shapes[i])
		}
	}
	return nil
}

func describe(n *ir.Node, in []tensor.Tensor) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s(", n.Op)
	for i, t := range in {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(t.Shape.String())
	}
	b.WriteString(") ->")
	for _, s := range n.Shapes {
		b.WriteString(" " + s.String())
	}
	return b.String()
}
