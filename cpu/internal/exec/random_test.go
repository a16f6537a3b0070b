package exec

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/isa"
	"github.com/atelier-go/atelier/cpu/internal/par"
	"github.com/atelier-go/atelier/cpu/internal/ref"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
)

var errInjected = errors.New("injected")

// inPlaceKernels replaces the kernels of a few operations by ones that allow every output to take over every input
// of its size, and use scratch memory. The step number fail, counted over a run, fails halfway through its output.
type inPlaceKernels struct {
	step, fail int
	panics     bool
}

func (k *inPlaceKernels) install(t testing.TB) {
	for _, op := range []compute.OpType{compute.OpTypeNeg, compute.OpTypeAdd, compute.OpTypeMul, compute.OpTypeMax} {
		old := lowerers[ir.Op(op)]
		lowerers[ir.Op(op)] = k.lower
		t.Cleanup(func() { lowerers[ir.Op(op)] = old })
	}
}

func (k *inPlaceKernels) lower(_ *Env, n *ir.Node) (Kernel, error) {
	allowed := []int{}
	for i, in := range n.Inputs {
		if in.Shape().Equal(n.Shapes[0]) {
			allowed = append(allowed, i)
		}
	}
	size := tensor.ByteSize(n.Shapes[0])
	return Kernel{Name: "in place", Scratch: size, InPlace: [][]int{allowed}, Run: func(_ *Runtime, in, out []tensor.Tensor, scratch []byte) error {
		k.step++
		tmp := tensor.Tensor{Shape: n.Shapes[0], Data: scratch[:size]}
		if err := ref.Eval(n, in, []tensor.Tensor{tmp}); err != nil {
			return err
		}
		if k.step == k.fail {
			copy(out[0].Data, tmp.Data[:size/2])
			if k.panics {
				panic("injected")
			}
			return errInjected
		}
		copy(out[0].Data, tmp.Data)
		clear(scratch)
		return nil
	}}, nil
}

// randomFunc builds a function of float32 vectors: arithmetic, reshapes, slices, barriers and products of scalars.
func randomFunc(r *rand.Rand, nodes int) *ir.Func {
	const n = 32
	f := &ir.Func{Name: "random"}
	var values []ir.Value
	for i := range 1 + r.IntN(4) {
		p := f.Add(ir.Op(compute.OpTypeParameter), ir.ParameterAttr{Index: i}, nil, shapes.Make(dtypes.Float32, n))
		f.Params = append(f.Params, p)
		values = append(values, p.Value(0))
	}
	if r.IntN(2) == 0 {
		data := tensor.Alloc(4 * n)
		for i, v := range tensor.View[float32](data) {
			tensor.View[float32](data)[i] = v + float32(i)
		}
		values = append(values, f.Add(ir.Op(compute.OpTypeConstant), ir.ConstantAttr{Data: data}, nil, shapes.Make(dtypes.Float32, n)).Value(0))
	}
	vector := func() ir.Value {
		// Recent values are likelier, so that older ones die.
		return values[len(values)-1-min(r.IntN(4)*r.IntN(4), len(values)-1)]
	}
	add := func(op compute.OpType, attr any, in ...ir.Value) *ir.Node {
		var given []shapes.Shape
		for _, v := range in {
			given = append(given, v.Shape())
		}
		out, err := ir.Infer(ir.Op(op), attr, given)
		if err != nil {
			panic(err)
		}
		return f.Add(ir.Op(op), attr, in, out...)
	}
	for range nodes {
		var v ir.Value
		switch r.IntN(8) {
		case 0:
			v = add(compute.OpTypeNeg, nil, vector()).Value(0)
		case 1, 2:
			v = add(compute.OpTypeAdd, nil, vector(), vector()).Value(0)
		case 3:
			v = add(compute.OpTypeMax, nil, vector(), vector()).Value(0)
		case 4:
			v = add(compute.OpTypeReshape, ir.ReshapeAttr{Dims: []int{4, n / 4}}, vector()).Value(0)
			v = add(compute.OpTypeReshape, ir.ReshapeAttr{Dims: []int{n}}, v).Value(0)
		case 5:
			start := 16 * r.IntN(2) // the second half begins at the alignment, so that both are views
			half := add(compute.OpTypeSlice, ir.SliceAttr{Starts: []int{start}, Limits: []int{start + 16}, Strides: []int{1}}, vector())
			v = add(compute.OpTypeConcatenate, ir.ConcatenateAttr{}, half.Value(0), half.Value(0)).Value(0)
		case 6:
			barrier := add(compute.OpTypeOptimizationBarrier, nil, vector(), vector())
			v = barrier.Value(r.IntN(2))
		case 7:
			v = add(compute.OpTypeReverse, ir.ReverseAttr{Axes: []int{0}}, vector()).Value(0)
		}
		values = append(values, v)
	}
	for range 1 + r.IntN(4) {
		f.Outputs = append(f.Outputs, vector())
	}
	if r.IntN(3) == 0 {
		half := add(compute.OpTypeSlice, ir.SliceAttr{Starts: []int{16}, Limits: []int{32}, Strides: []int{1}}, vector())
		f.Outputs = append(f.Outputs, half.Value(0))
	}
	if r.IntN(3) == 0 {
		f.Outputs = append(f.Outputs, f.Outputs[0], f.Params[0].Value(0))
	}
	return f
}

// interpret evaluates a function node by node, every value in memory of its own.
func interpret(t testing.TB, f *ir.Func, params [][]byte) [][]byte {
	t.Helper()
	memory := make(map[ir.Value]tensor.Tensor)
	for _, n := range f.Nodes {
		switch n.Op {
		case ir.Op(compute.OpTypeParameter):
			memory[n.Value(0)] = tensor.Tensor{Shape: n.Shapes[0], Data: params[n.Attr.(ir.ParameterAttr).Index]}
			continue
		case ir.Op(compute.OpTypeConstant):
			memory[n.Value(0)] = tensor.Tensor{Shape: n.Shapes[0], Data: n.Attr.(ir.ConstantAttr).Data}
			continue
		}
		var in, out []tensor.Tensor
		for _, v := range n.Inputs {
			in = append(in, memory[v])
		}
		for _, s := range n.Shapes {
			out = append(out, tensor.New(s))
		}
		if err := ref.Eval(n, in, out); err != nil {
			t.Fatal(err)
		}
		for i := range out {
			memory[n.Value(i)] = out[i]
		}
	}
	var results [][]byte
	for _, v := range f.Outputs {
		results = append(results, memory[v].Data)
	}
	return results
}

func testEnv(t testing.TB) *Env {
	pool := par.New(1)
	t.Cleanup(pool.Close)
	m := NewMemory(0)
	return &Env{Pool: pool, ISA: isa.Portable, Memory: m, Arenas: NewArenas(m)}
}

// randomParams returns the memory of random parameters.
func randomParams(r *rand.Rand, f *ir.Func) [][]byte {
	var params [][]byte
	for _, p := range f.Params {
		data := tensor.New(p.Shapes[0])
		for i := range tensor.Of[float32](data) {
			tensor.Of[float32](data)[i] = float32(r.IntN(64) - 32)
		}
		params = append(params, data.Data)
	}
	return params
}

func clone(b [][]byte) [][]byte {
	out := make([][]byte, len(b))
	for i := range b {
		out[i] = tensor.Alloc(len(b[i]))
		copy(out[i], b[i])
	}
	return out
}

// results provides memory for the results: that of the parameters given up where the program allows it.
func resultMemory(p *Program, params [][]byte, donated []bool) [][]byte {
	var out [][]byte
	for k, s := range p.Outputs() {
		if i := p.Reuses()[k]; i >= 0 && donated[i] {
			out = append(out, params[i])
		} else {
			out = append(out, tensor.Alloc(tensor.ByteSize(s)))
		}
	}
	return out
}

// poison fills the arenas that are free, so that what is read before it is written shows.
func poison(a *Arenas) {
	for _, b := range a.free {
		for i := range b {
			b[i] = 0xA5
		}
	}
}

// TestRandomPrograms runs random functions with kernels that work in place, into memory of given up parameters, and
// compares them to evaluation with every value in memory of its own.
func TestRandomPrograms(t *testing.T) {
	(&inPlaceKernels{}).install(t)
	inPlace, reused := 0, 0
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 1))
		f := randomFunc(r, 1+r.IntN(24))
		params := randomParams(r, f)
		want := interpret(t, f, params)
		env := testEnv(t)
		p, err := Compile(f, env)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for run := range 3 {
			given := clone(params)
			donated := make([]bool, len(params))
			for i := range donated {
				donated[i] = run > 0 && r.IntN(2) == 0
			}
			results := resultMemory(p, given, donated)
			poison(env.Arenas)
			if _, err := p.Run(given, results); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			for k := range want {
				if !bytes.Equal(results[k], want[k]) {
					t.Fatalf("seed %d, run %d: result %d is %v, want %v\n%v\n%s", seed, run, k,
						tensor.View[float32](results[k]), tensor.View[float32](want[k]), f, p.Explain())
				}
			}
			for i := range given {
				if !donated[i] && !bytes.Equal(given[i], params[i]) {
					t.Fatalf("seed %d: parameter %d, which was not given up, is written to\n%s", seed, i, p.Explain())
				}
			}
		}
		for _, s := range p.steps {
			if len(s.out) > 0 && slices.ContainsFunc(s.in, func(in place) bool { return in.region == s.out[0].region }) {
				inPlace++
			}
		}
		for _, i := range p.reuses {
			if i >= 0 {
				reused++
			}
		}
	}
	if inPlace < 1000 || reused < 500 {
		t.Errorf("only %d steps in place and %d parameters reused: the test tests little", inPlace, reused)
	}
}

// TestFailureKeepsParameters fails random programs at every step in turn: parameters that were given up keep their
// content, unless they are reported as overwritten, and the next run gives the right results.
func TestFailureKeepsParameters(t *testing.T) {
	k := &inPlaceKernels{}
	k.install(t)
	overwrites := 0
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 2))
		f := randomFunc(r, 1+r.IntN(16))
		params := randomParams(r, f)
		want := interpret(t, f, params)
		p, err := Compile(f, testEnv(t))
		if err != nil {
			t.Fatal(err)
		}
		donated := make([]bool, len(params))
		for i := range donated {
			donated[i] = true
		}
		for step := 1; ; step++ {
			given := clone(params)
			k.step, k.fail, k.panics = 0, step, r.IntN(2) == 0
			overwritten, err := p.Run(given, resultMemory(p, given, donated))
			if err == nil {
				break // there are fewer steps
			}
			var failed *StepError
			if !errors.As(err, &failed) || len(failed.Outputs) == 0 || k.panics == errors.Is(err, errInjected) {
				t.Fatalf("seed %d: the error is %v", seed, err)
			}
			overwrites += len(overwritten)
			for i := range given {
				if !bytes.Equal(given[i], params[i]) && !slices.Contains(overwritten, i) {
					t.Fatalf("seed %d: failing at step %d overwrote parameter %d\n%s", seed, step, i, p.Explain())
				}
			}
		}
		k.fail = 0
		given := clone(params)
		results := resultMemory(p, given, make([]bool, len(params)))
		if _, err := p.Run(given, results); err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(results) != fmt.Sprint(want) {
			t.Fatalf("seed %d: wrong after failures", seed)
		}
	}
	if overwrites == 0 {
		t.Error("no failure overwrote a parameter: the test tests little")
	}
}
