package exec

import (
	"fmt"
	"runtime/debug"

	"github.com/gomlx/compute/shapes"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/par"
)

// StepError says which operation failed and on what shapes.
type StepError struct {
	Op      ir.Op
	Inputs  []shapes.Shape
	Outputs []shapes.Shape
	Err     error
	Stack   []byte // of a panic
}

func (e *StepError) Error() string {
	return fmt.Sprintf("%s -> %v: %v", ir.Describe(e.Op, nil, e.Inputs), e.Outputs, e.Err)
}

// Unwrap returns the cause.
func (e *StepError) Unwrap() error { return e.Err }

// newStepError adds what the node is to an error, unless a node inside it already did.
func newStepError(n *ir.Node, err error) error {
	if inner, ok := err.(*StepError); ok {
		return inner
	}
	e := &StepError{Op: n.Op, Outputs: n.Shapes, Err: err}
	for _, in := range n.Inputs {
		e.Inputs = append(e.Inputs, in.Shape())
	}
	return e
}

// panicError turns what a kernel panicked with into an error.
func panicError(n *ir.Node, value any) error {
	stack := debug.Stack()
	var err error
	switch v := value.(type) {
	case *par.WorkerPanic:
		stack = v.Stack
		err = fmt.Errorf("kernel panicked: %v", v.Value)
	default:
		err = fmt.Errorf("kernel panicked: %v", v)
	}
	e := newStepError(n, err).(*StepError)
	e.Stack = stack
	return e
}
