package exec

import (
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
)

// TestRunAllocatesNothing runs a program with a loop in it.
func TestRunAllocatesNothing(t *testing.T) {
	(&countingKernels{}).install(t)
	f := loopFunc()
	p, err := Compile(f, testEnv(t))
	if err != nil {
		t.Fatal(err)
	}
	params := [][]byte{tensor.Bytes([]int32{0}), tensor.Bytes([]int32{1000})}
	results := [][]byte{make([]byte, 4)}
	allocs := testing.AllocsPerRun(10, func() {
		if _, err := p.Run(params, results); err != nil {
			t.Fatal(err)
		}
	})
	if got := tensor.View[int32](results[0])[0]; got != 1000 {
		t.Errorf("the loop counts to %d, want 1000", got)
	}
	if allocs != 0 {
		t.Errorf("%.0f allocations in a run of 2000 steps", allocs)
	}
}

// loopFunc counts from its first parameter to its second, which the loop captures.
func loopFunc() *ir.Func {
	scalar, truth := shapes.Make(dtypes.Int32), shapes.Make(dtypes.Bool)
	param := func(f *ir.Func) ir.Value {
		n := f.Add(ir.Op(compute.OpTypeParameter), ir.ParameterAttr{Index: len(f.Params)}, nil, scalar)
		f.Params = append(f.Params, n)
		return n.Value(0)
	}
	main := &ir.Func{Name: "main"}
	start, end := param(main), param(main)

	cond := &ir.Func{Parent: main, Captures: []ir.Value{end}}
	i, limit := param(cond), param(cond)
	cond.Outputs = []ir.Value{cond.Add(ir.Op(compute.OpTypeLessThan), nil, []ir.Value{i, limit}, truth).Value(0)}

	body := &ir.Func{Parent: main}
	j := param(body)
	one := body.Add(ir.Op(compute.OpTypeConstant), ir.ConstantAttr{Data: tensor.Bytes([]int32{1})}, nil, scalar)
	body.Outputs = []ir.Value{body.Add(ir.Op(compute.OpTypeAdd), nil, []ir.Value{j, one.Value(0)}, scalar).Value(0)}

	loop := main.Add(ir.Op(compute.OpTypeWhile), nil, []ir.Value{start, end}, scalar)
	loop.Calls = []*ir.Func{cond, body}
	main.Outputs = []ir.Value{loop.Value(0)}
	return main
}

// countingKernels replaces the kernels of the loop by ones that allocate nothing.
type countingKernels struct{}

func (countingKernels) install(t testing.TB) {
	kernels := map[compute.OpType]func(a, b int32, out []byte){
		compute.OpTypeAdd: func(a, b int32, out []byte) { tensor.View[int32](out)[0] = a + b },
		compute.OpTypeLessThan: func(a, b int32, out []byte) {
			out[0] = 0
			if a < b {
				out[0] = 1
			}
		},
	}
	for op, f := range kernels {
		old := lowerers[ir.Op(op)]
		lowerers[ir.Op(op)] = func(*Env, *ir.Node) (Kernel, error) {
			return Kernel{Name: "scalar", Run: func(_ *Runtime, in, out []tensor.Tensor, _ []byte) error {
				f(tensor.Of[int32](in[0])[0], tensor.Of[int32](in[1])[0], out[0].Data)
				return nil
			}}, nil
		}
		t.Cleanup(func() { lowerers[ir.Op(op)] = old })
	}
}
