package pass

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/ref"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// builder makes functions for tests; shapes are inferred.
type builder struct {
	testing.TB
	*ir.Func
}

func newBuilder(t testing.TB) *builder { return &builder{t, &ir.Func{Name: "test"}} }

func (b *builder) nodeOf(o compute.OpType, attr any, in ...ir.Value) *ir.Node {
	b.Helper()
	s := make([]shapes.Shape, len(in))
	for i, v := range in {
		s[i] = v.Shape()
	}
	out, err := ir.Infer(op(o), attr, s)
	if err != nil {
		b.Fatalf("%v: %v", o, err)
	}
	return b.Func.Add(op(o), attr, in, out...)
}

func (b *builder) do(o compute.OpType, attr any, in ...ir.Value) ir.Value {
	b.Helper()
	return b.nodeOf(o, attr, in...).Value(0)
}

func (b *builder) param(dtype dtypes.DType, dims ...int) ir.Value {
	n := b.Func.Add(op(compute.OpTypeParameter), ir.ParameterAttr{Index: len(b.Params)}, nil, shapes.Make(dtype, dims...))
	b.Params = append(b.Params, n)
	return n.Value(0)
}

func (b *builder) f32(dims ...int) ir.Value { return b.param(dtypes.Float32, dims...) }

// number is a constant that fills dims.
func (b *builder) number(dtype dtypes.DType, x float64, dims ...int) ir.Value {
	t := tensor.New(shapes.Make(dtype, dims...))
	for i := range t.Shape.Size() {
		if dtype == dtypes.Bool {
			t.Data[i] = byte(x)
		} else {
			setNumber(t, i, x)
		}
	}
	return b.Func.Add(op(compute.OpTypeConstant), ir.ConstantAttr{Data: t.Data}, nil, t.Shape).Value(0)
}

func (b *builder) num(x float64) ir.Value { return b.number(dtypes.Float32, x) }

func (b *builder) add(x, y ir.Value) ir.Value { return b.do(compute.OpTypeAdd, nil, x, y) }
func (b *builder) sub(x, y ir.Value) ir.Value { return b.do(compute.OpTypeSub, nil, x, y) }
func (b *builder) mul(x, y ir.Value) ir.Value { return b.do(compute.OpTypeMul, nil, x, y) }
func (b *builder) div(x, y ir.Value) ir.Value { return b.do(compute.OpTypeDiv, nil, x, y) }
func (b *builder) max(x, y ir.Value) ir.Value { return b.do(compute.OpTypeMax, nil, x, y) }
func (b *builder) exp(x ir.Value) ir.Value    { return b.do(compute.OpTypeExp, nil, x) }
func (b *builder) rsqrt(x ir.Value) ir.Value  { return b.do(compute.OpTypeRsqrt, nil, x) }
func (b *builder) relu(x ir.Value) ir.Value {
	return b.max(x, b.spread(b.num(0), x.Shape().Dimensions))
}
func (b *builder) positive(x ir.Value) ir.Value {
	return b.do(compute.OpTypeGreaterThan, nil, x, b.num(0))
}

func (b *builder) reshape(x ir.Value, dims ...int) ir.Value {
	return b.do(compute.OpTypeReshape, ir.ReshapeAttr{Dims: dims}, x)
}

func (b *builder) transpose(x ir.Value, perm ...int) ir.Value {
	return b.do(compute.OpTypeTranspose, ir.TransposeAttr{Perm: perm}, x)
}

func (b *builder) reverse(x ir.Value, axes ...int) ir.Value {
	return b.do(compute.OpTypeReverse, ir.ReverseAttr{Axes: axes}, x)
}

// spread broadcasts x to dims, its axis i to axes[i].
func (b *builder) spread(x ir.Value, dims []int, axes ...int) ir.Value {
	return b.do(compute.OpTypeBroadcastInDim, ir.BroadcastAttr{Shape: shapes.Make(x.Shape().DType, dims...), Axes: axes}, x)
}

func (b *builder) sum(x ir.Value, axes ...int) ir.Value {
	return b.do(compute.OpTypeReduceSum, ir.ReduceAttr{Axes: axes}, x)
}

// returns ends the function.
func (b *builder) returns(out ...ir.Value) *ir.Func {
	b.Outputs = out
	return b.Func
}

// arguments makes random parameters for f: normal numbers, booleans.
func arguments(f *ir.Func, r *rand.Rand) []tensor.Tensor {
	args := make([]tensor.Tensor, len(f.Params))
	for i, p := range f.Params {
		args[i] = tensor.New(p.Shapes[0])
		for j := range p.Shapes[0].Size() {
			if p.Shapes[0].DType == dtypes.Bool {
				args[i].Data[j] = byte(r.IntN(2))
			} else {
				setNumber(args[i], j, r.NormFloat64())
			}
		}
	}
	return args
}

// clone copies a function's graph, so that it can be run before and after passes.
func clone(f *ir.Func) *ir.Func {
	g := &ir.Func{Name: f.Name}
	at := map[*ir.Node]*ir.Node{}
	value := func(v ir.Value) ir.Value { return ir.Value{Node: at[v.Node], Out: v.Out} }
	for _, n := range f.Nodes {
		c := *n
		c.Inputs = nil
		for _, in := range n.Inputs {
			c.Inputs = append(c.Inputs, value(in))
		}
		at[n] = &c
		g.Nodes = append(g.Nodes, &c)
	}
	for _, p := range f.Params {
		g.Params = append(g.Params, at[p])
	}
	for _, v := range f.Outputs {
		g.Outputs = append(g.Outputs, value(v))
	}
	return g
}

// checkSame runs the function that optimised came from and optimised, and compares their outputs.
func checkSame(t testing.TB, original, optimised *ir.Func, tolerance float64) {
	t.Helper()
	verify(t, optimised)
	args := arguments(original, rand.New(rand.NewPCG(3, 4)))
	want, got := interpret(t, original, args), interpret(t, optimised, args)
	for i := range want {
		if !want[i].Shape.Equal(got[i].Shape) {
			t.Fatalf("output %d: shape %v, want %v\n%v", i, got[i].Shape, want[i].Shape, optimised)
		}
		if d := distance(want[i], got[i]); !(d <= tolerance) {
			t.Fatalf("output %d: differs by %g of its scale, at most %g allowed\nbefore %v\nafter %v", i, d, tolerance, original, optimised)
		}
	}
}

// distance is the largest difference of two arrays relative to the largest finite number in them (at least 1).
func distance(a, b tensor.Tensor) float64 {
	if !isFloat(a.Shape.DType) {
		for i := range a.Data {
			if a.Data[i] != b.Data[i] {
				return math.Inf(1)
			}
		}
		return 0
	}
	scale, most := 1.0, 0.0
	for i := range a.Shape.Size() {
		x, y := number(a, i), number(b, i)
		switch {
		case math.IsNaN(x) != math.IsNaN(y), (math.IsInf(x, 0) || math.IsInf(y, 0)) && x != y && !math.IsNaN(x):
			return math.Inf(1)
		case math.IsNaN(x), math.IsInf(x, 0):
			continue
		}
		scale = max(scale, math.Abs(x))
		most = max(most, math.Abs(x-y))
	}
	return most / scale
}

// optimise runs the passes, all but those named.
func optimise(t testing.TB, f *ir.Func, disabled ...string) *ir.Func {
	t.Helper()
	g := clone(f)
	off := map[string]bool{}
	for _, name := range disabled {
		off[name] = true
	}
	if err := Run(g, Options{Disable: off, Eval: ref.Eval}); err != nil {
		t.Fatal(err)
	}
	return g
}

// count the nodes of an operation.
func count(f *ir.Func, o ir.Op) int {
	n := 0
	for _, node := range f.Nodes {
		if node.Op == o {
			n++
		}
	}
	return n
}
