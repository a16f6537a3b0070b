package nn_test

import (
	"testing"

	"github.com/gomlx/compute"
	_ "github.com/gomlx/compute/gobackend"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/atelier-go/atelier/autodiff/gradtest"
)

// newBackend is the one place where the tests of this package choose what runs them.
func newBackend(t testing.TB) compute.Backend {
	t.Helper()
	backend, err := compute.NewWithConfig("go")
	if err != nil {
		t.Fatal(err)
	}
	return backend
}

// check compares the gradients of f with central differences, to second order.
func check(t *testing.T, f gradtest.Func, inputs ...*tensors.Tensor) {
	t.Helper()
	gradtest.Config{Backend: newBackend(t)}.Check(t, f, inputs...)
}

// call runs f once and returns its outputs.
func call(t *testing.T, f func(in []*Node) []*Node, args ...any) []*tensors.Tensor {
	t.Helper()
	out, err := CallOnceN(newBackend(t), f, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
