package ref

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/gotype"
	"github.com/gomlx/compute/shapes"
)

// of makes a tensor of the dtype of T with the given dimensions.
func of[T gotype.Supported](dims []int, values ...T) tensor.Tensor {
	return as(dtypes.FromGenericsType[T](), dims, values...)
}

// as makes a tensor whose elements are stored as T.
func as[T any](dt dtypes.DType, dims []int, values ...T) tensor.Tensor {
	t := tensor.New(shapes.Make(dt, dims...))
	copy(tensor.Of[T](t), values)
	return t
}

// halves makes a Float16 or BFloat16 tensor.
func halves(dt dtypes.DType, dims []int, values ...float64) tensor.Tensor {
	t := tensor.New(shapes.Make(dt, dims...))
	floatSink(t).store(values, 0, 1)
	return t
}

// vec is the dimensions of a vector.
func vec(n int) []int { return []int{n} }

// nodeOf builds a node whose inputs have the tensors' shapes.
func nodeOf(op compute.OpType, attr any, in []tensor.Tensor, out ...shapes.Shape) *ir.Node {
	var f ir.Func
	inputs := make([]ir.Value, len(in))
	for i, t := range in {
		inputs[i] = f.Add(ir.Op(compute.OpTypeParameter), ir.ParameterAttr{Index: i}, nil, t.Shape).Value(0)
	}
	return f.Add(ir.Op(op), attr, inputs, out...)
}

// eval runs one operation; the outputs start full of rubbish.
func eval(t testing.TB, op compute.OpType, attr any, in []tensor.Tensor, shape ...shapes.Shape) []tensor.Tensor {
	t.Helper()
	out := make([]tensor.Tensor, len(shape))
	for i, s := range shape {
		out[i] = tensor.New(s)
		fill(out[i].Data, 0xA5)
	}
	if err := Eval(nodeOf(op, attr, in, shape...), in, out); err != nil {
		t.Fatal(err)
	}
	return out
}

func eval1(t testing.TB, op compute.OpType, attr any, shape shapes.Shape, in ...tensor.Tensor) tensor.Tensor {
	t.Helper()
	return eval(t, op, attr, in, shape)[0]
}

// check compares bit by bit, but for NaNs, which all count as equal.
func check(t testing.TB, what string, got, want tensor.Tensor) {
	t.Helper()
	if !got.Shape.Equal(want.Shape) {
		t.Errorf("%s: shape %s, want %s", what, got.Shape, want.Shape)
		return
	}
	if got.Shape.DType.IsFloat() {
		g, w := floatsOf(got), floatsOf(want)
		for i := range w {
			if math.Float64bits(g[i]) != math.Float64bits(w[i]) && !(g[i] != g[i] && w[i] != w[i]) {
				t.Errorf("%s: element %d = %v, want %v (got %v, want %v)", what, i, g[i], w[i], head(g), head(w))
				return
			}
		}
		return
	}
	for i := range want.Data {
		if got.Data[i] != want.Data[i] {
			t.Errorf("%s: got %v, want %v", what, got.Flat(), want.Flat())
			return
		}
	}
}

func head(x []float64) []float64 { return x[:min(len(x), 24)] }

// near compares within a relative and absolute error.
func near(t testing.TB, what string, got tensor.Tensor, want []float64, tolerance float64) {
	t.Helper()
	g := floatsOf(got)
	if len(g) != len(want) {
		t.Errorf("%s: %d elements, want %d", what, len(g), len(want))
		return
	}
	for i, w := range want {
		if math.Abs(g[i]-w) > tolerance*max(1, math.Abs(w)) || (g[i] != g[i]) != (w != w) {
			t.Errorf("%s: element %d = %v, want %v (got %v, want %v)", what, i, g[i], w, head(g), head(want))
			return
		}
	}
}

func TestEvery_Operation_HasLoop(t *testing.T) {
	missing := map[compute.OpType]bool{ // control flow, what passes turn into constants, and the quantized operations
		compute.OpTypeInvalid: true, compute.OpTypeParameter: true, compute.OpTypeConstant: true,
		compute.OpTypeCall: true, compute.OpTypeSort: true, compute.OpTypeWhile: true, compute.OpTypeIf: true,
		compute.OpTypeCapturedValue: true, compute.OpTypeAllReduce: true, compute.OpTypeCollectiveBroadcast: true,
		compute.OpTypeAllGather: true, compute.OpTypeDot: true, compute.OpTypeSelectAndScatterSum: true,
	}
	for op := compute.OpTypeInvalid; op < compute.OpTypeAllGather; op++ {
		if _, ok := choosers[op]; ok == missing[op] {
			t.Errorf("%s: has a loop: %v", op, ok)
		}
	}
}

func TestEval_Errors(t *testing.T) {
	a, b := of(vec(3), float32(1), 2, 3), of(vec(2), float32(1), 2)
	n := nodeOf(compute.OpTypeAdd, nil, []tensor.Tensor{a, b}, a.Shape)
	err := Eval(n, []tensor.Tensor{a, b}, []tensor.Tensor{tensor.New(a.Shape)})
	if err == nil || !strings.Contains(err.Error(), "Add") || !strings.Contains(err.Error(), "[2]") {
		t.Errorf("shapes that do not broadcast: %v", err)
	}
	short := tensor.Tensor{Shape: a.Shape, Data: a.Data[:4]}
	n = nodeOf(compute.OpTypeNeg, nil, []tensor.Tensor{a}, a.Shape)
	if err := Eval(n, []tensor.Tensor{short}, []tensor.Tensor{tensor.New(a.Shape)}); err == nil {
		t.Error("a tensor shorter than its shape was accepted")
	}
	s := of(vec(1), complex64(1))
	n = nodeOf(compute.OpTypeFloor, nil, []tensor.Tensor{s}, s.Shape)
	if Supports(n) {
		t.Error("Floor of a complex number is supported")
	}
	if err := Eval(n, []tensor.Tensor{s}, []tensor.Tensor{tensor.New(s.Shape)}); !errors.Is(err, compute.ErrNotImplemented) {
		t.Errorf("Floor of a complex number: %v", err)
	}
}
