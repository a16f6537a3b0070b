package cpu

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"

	"github.com/atelier-go/atelier/cpu/internal/exec"
)

// MemoryError is the error, to be found with errors.As, of an allocation that would have exceeded memory=.
type MemoryError = exec.MemoryError

// ExecutionError is the error of every execution that failed. No buffer was finalized: donated ones are still valid,
// and Donated returns them to a caller that has let go of them, as GoMLX's variables do.
type ExecutionError struct {
	// Op is the operation that failed, GoMLX's or one that a pass made of several, and Inputs and Outputs are its
	// shapes. Op is empty if the execution failed before any operation ran.
	Op              string
	Inputs, Outputs []shapes.Shape
	Err             error

	computation string
	donated     []compute.Buffer
	overwritten []compute.Buffer
	stack       []byte
}

func (e *ExecutionError) Error() string {
	return fmt.Sprintf("cpu: computation %q: %v", e.computation, e.Err)
}

// Unwrap returns the cause.
func (e *ExecutionError) Unwrap() error { return e.Err }

// Format adds the stack of a kernel that panicked to %+v.
func (e *ExecutionError) Format(s fmt.State, verb rune) {
	fmt.Fprint(s, e.Error())
	if verb == 'v' && s.Flag('+') && len(e.stack) > 0 {
		fmt.Fprintf(s, "\n%s", e.stack)
	}
}

// Donated returns the buffers that were donated to the execution. They hold what they held before it, except those
// of Overwritten.
func (e *ExecutionError) Donated() []compute.Buffer { return slices.Clone(e.donated) }

// Overwritten returns the donated buffers that results had already been written to, in whole or in part. Results are
// written to donated buffers after everything else is computed, so there are none unless that last part failed.
func (e *ExecutionError) Overwritten() []compute.Buffer { return slices.Clone(e.overwritten) }

// newExecutionError describes a failed execution.
func newExecutionError(computation string, err error, donated, overwritten []compute.Buffer) *ExecutionError {
	e := &ExecutionError{computation: computation, Err: err, donated: donated, overwritten: overwritten}
	var step *exec.StepError
	if errors.As(err, &step) {
		e.Op = step.Op.String()
		e.Inputs, e.Outputs, e.stack = step.Inputs, step.Outputs, step.Stack
	}
	return e
}
