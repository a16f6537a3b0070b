package nn_test

import (
	"sync"
	"testing"

	_ "github.com/atelier-go/atelier/cpu"
	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/atelier-go/atelier/autodiff/gradtest"
)

// openBackend is the one place where the tests of this package choose what runs them.
var openBackend = sync.OnceValues(func() (compute.Backend, error) { return compute.NewWithConfig("cpu") })

func testBackend(t testing.TB) compute.Backend {
	t.Helper()
	backend, err := openBackend()
	if err != nil {
		t.Fatal(err)
	}
	return backend
}

// check compares the gradients of f with central differences, to second order.
func check(t *testing.T, f gradtest.Func, inputs ...*tensors.Tensor) {
	t.Helper()
	gradtest.Config{Backend: testBackend(t)}.Check(t, f, inputs...)
}

// call runs f once and returns its outputs.
func call(t *testing.T, f func(in []*Node) []*Node, args ...any) []*tensors.Tensor {
	t.Helper()
	out, err := CallOnceN(testBackend(t), f, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
