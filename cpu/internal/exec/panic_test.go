package exec

import (
	"errors"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/par"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
)

// TestWorkerPanic lets one of several workers panic: the error names the operation and its shapes and has the
// worker's stack, and the same program runs again.
func TestWorkerPanic(t *testing.T) {
	bad := 57
	neg := ir.Op(compute.OpTypeNeg)
	old := lowerers[neg]
	lowerers[neg] = func(*Env, *ir.Node) (Kernel, error) {
		return Kernel{Name: "parallel", Run: func(rt *Runtime, in, out []tensor.Tensor, _ []byte) error {
			x, y := tensor.Of[float32](in[0]), tensor.Of[float32](out[0])
			rt.Pool.For(len(y), func(_, i int) { negateUnless(x, y, i, bad) })
			return nil
		}}, nil
	}
	t.Cleanup(func() { lowerers[neg] = old })

	shape := shapes.Make(dtypes.Float32, 100)
	f := &ir.Func{Name: "main"}
	x := f.Add(ir.Op(compute.OpTypeParameter), ir.ParameterAttr{}, nil, shape)
	f.Params = []*ir.Node{x}
	f.Outputs = []ir.Value{f.Add(neg, nil, []ir.Value{x.Value(0)}, shape).Value(0)}
	env := testEnv(t)
	env.Pool = par.New(2)
	defer env.Pool.Close()
	p, err := Compile(f, env)
	if err != nil {
		t.Fatal(err)
	}
	params, results := [][]byte{tensor.Alloc(400)}, [][]byte{tensor.Alloc(400)}
	tensor.View[float32](params[0])[99] = 1
	_, err = p.Run(params, results)
	var step *StepError
	if !errors.As(err, &step) || !strings.Contains(string(step.Stack), "negateUnless") {
		t.Fatalf("the error is %v", err)
	}
	for _, want := range []string{"Neg((Float32)[100])", "panicked", "element 57"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error %q does not say %q", err, want)
		}
	}
	bad = -1
	if _, err := p.Run(params, results); err != nil || tensor.View[float32](results[0])[99] != -1 {
		t.Errorf("after the panic: %v, %v", tensor.View[float32](results[0]), err)
	}
}

func negateUnless(x, y []float32, i, bad int) {
	if i == bad {
		panic("element 57")
	}
	y[i] = -x[i]
}
