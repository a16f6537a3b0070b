package cpu_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// batch is a dynamic shape whose first axis is named.
func batch(dims ...int) shapes.Shape {
	names := make([]string, len(dims)+1)
	names[0] = "batch"
	return shapes.MakeDynamic(dtypes.Float32, append([]int{shapes.DynamicDim}, dims...), names)
}

// TestDynamicBatch runs one executable on batches of different sizes: the graph broadcasts, reduces, slices,
// reshapes, and asks for its size.
func TestDynamicBatch(t *testing.T) {
	b := newBackend(t, "")
	g := newGraph(t, b)
	x, bias := g.param(batch(4)), g.param(f32(4))
	sum := g.must(g.Add(x, g.must(g.BroadcastInDim(bias, batch(4), []int{1}))))
	halves := g.must(g.Reshape(sum, -1, 2, 2))
	first := g.must(g.Slice(halves, []int{0, 0, 0}, []int{-1, 1, 2}, nil))
	e := g.compile(sum, g.must(g.ReduceSum(first, 1, 2)), g.must(g.DynamicDimensionSize(x, 0)), g.must(g.DynamicShape(halves)))
	if _, in := e.Inputs(); !in[0].IsDynamic() || !e.Outputs()[0].IsDynamic() {
		t.Errorf("the shapes are %v -> %v", in, e.Outputs())
	}
	for _, n := range []int{1, 3, 2, 3} {
		in := make([]float32, 4*n)
		for i := range in {
			in[i] = float32(i)
		}
		out := execute(t, e, nil, buffer(t, b, in, n, 4), buffer(t, b, []float32{10, 20, 30, 40}, 4))
		s, _ := out[0].Shape()
		if !slices.Equal(s.Dimensions, []int{n, 4}) || elements[float32](t, out[0])[4*n-1] != float32(4*n-1+40) {
			t.Errorf("batch %d: got %v %v", n, s, elements[float32](t, out[0]))
		}
		if got := elements[float32](t, out[1]); len(got) != n || got[n-1] != float32(8*(n-1)+1+30) {
			t.Errorf("batch %d: sums %v", n, got)
		}
		if got := elements[int32](t, out[2]); got[0] != int32(n) {
			t.Errorf("batch %d: size %v", n, got)
		}
		if got := elements[int32](t, out[3]); !slices.Equal(got, []int32{int32(n), 2, 2}) {
			t.Errorf("batch %d: shape %v", n, got)
		}
	}
	if plans := strings.Count(e.Explain(), "for dimensions"); plans != 3 {
		t.Errorf("%d programs for three sizes of batch", plans)
	}
	if _, err := e.Execute([]compute.Buffer{buffer(t, b, make([]float32, 6), 2, 3), buffer(t, b, make([]float32, 4), 4)}, nil, 0); err == nil {
		t.Error("a wrong static dimension is accepted")
	}
}

// TestDynamicNames checks that parameters that share a name share a size.
func TestDynamicNames(t *testing.T) {
	b := newBackend(t, "")
	g := newGraph(t, b)
	e := g.compile(g.must(g.Mul(g.param(batch(2)), g.param(batch(2)))))
	one, two := buffer(t, b, make([]float32, 2), 1, 2), buffer(t, b, make([]float32, 4), 2, 2)
	execute(t, e, nil, two, two)
	if _, err := e.Execute([]compute.Buffer{one, two}, nil, 0); err == nil || !strings.Contains(err.Error(), "batch") {
		t.Errorf("two sizes of one axis: %v", err)
	}
	if _, err := g.Parameter("x", shapes.Shape{DType: dtypes.Float32, Dimensions: []int{-1}}, nil); err == nil {
		t.Error("a dynamic axis without a name is accepted")
	}
}

// TestDynamicReshapeOfData reshapes to a size that is the content of a parameter.
func TestDynamicReshapeOfData(t *testing.T) {
	b := newBackend(t, "")
	g := newGraph(t, b)
	x, rows := g.param(f32(12)), g.param(i32)
	two := g.must(g.Constant([]int32{2}))
	y := g.must(g.DynamicReshape(x, compute.DynamicDimensionSpec{Name: "rows", Value: g.must(g.Mul(rows, two))},
		compute.DynamicDimensionSpec{Name: "columns"}))
	e := g.compile(g.must(g.ReduceSum(y, 1)))
	in := buffer(t, b, []float32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, 12)
	for n, want := range map[int32][]float32{1: {15, 51}, 2: {3, 12, 21, 30}, 3: {1, 5, 9, 13, 17, 21}} {
		out := execute(t, e, nil, in, buffer(t, b, []int32{n}))
		if got := elements[float32](t, out[0]); !slices.Equal(got, want) {
			t.Errorf("%d rows: got %v, want %v", 2*n, got, want)
		}
	}
	for _, n := range []int32{0, -1, 5} {
		if _, err := e.Execute([]compute.Buffer{in, buffer(t, b, []int32{n})}, nil, 0); err == nil || !strings.Contains(err.Error(), "DynamicReshape") {
			t.Errorf("%d rows: %v", 2*n, err)
		}
	}
}

// TestDynamicLoop has a dynamic axis in the state of a loop, in a branch and in a function called with two sizes.
func TestDynamicLoop(t *testing.T) {
	b := newBackend(t, "")
	bd := b.Builder(t.Name())
	f, err := bd.NewFunction("total")
	if err != nil {
		t.Fatal(err)
	}
	total := &graph{t, f, bd}
	total.ret(total.must(total.ReduceSum(total.param(shapes.MakeDynamic(dtypes.Float32, []int{-1}, []string{"batch"})))))

	g := &graph{t, bd.Main(), bd}
	x := g.param(batch())
	cond := g.closure()
	n, _ := cond.param(i32), cond.param(batch())
	cond.ret(cond.must(cond.LessThan(n, cond.must(cond.Constant([]int32{3})))))
	body := g.closure()
	n, y := body.param(i32), body.param(batch())
	body.ret(body.must(body.Add(n, body.must(body.Constant([]int32{1})))), body.must(body.Add(y, x)))
	state := g.musts(g.While(cond.Function, body.Function, g.must(g.Constant([]int32{0})), x))
	e := g.compile(state[1], g.musts(g.Call(total.Function, state[1]))[0])
	for _, size := range []int{1, 5} {
		in := make([]float32, size)
		for i := range in {
			in[i] = 1
		}
		out := execute(t, e, nil, buffer(t, b, in, size))
		if got := elements[float32](t, out[0]); len(got) != size || got[size-1] != 4 {
			t.Errorf("size %d: got %v", size, got)
		}
		if got := elements[float32](t, out[1])[0]; got != float32(4*size) {
			t.Errorf("size %d: total %g", size, got)
		}
	}
}
