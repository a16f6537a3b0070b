package cpu_test

import (
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"

	"github.com/atelier-go/atelier/cpu"
)

// newBackend returns a backend that ends with the test.
func newBackend(t testing.TB, config string) *cpu.Backend {
	t.Helper()
	c, err := cpu.ParseConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	b, err := cpu.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Finalize)
	return b
}

// graph builds computations in tests: its methods fail the test where the backend returns an error.
type graph struct {
	t testing.TB
	compute.Function
	builder compute.Builder
}

func newGraph(t testing.TB, b compute.Backend) *graph {
	bd := b.Builder(t.Name())
	return &graph{t, bd.Main(), bd}
}

// must fails the test on an error.
func (g *graph) must(v compute.Value, err error) compute.Value {
	g.t.Helper()
	if err != nil {
		g.t.Fatalf("%+v", err)
	}
	return v
}

func (g *graph) musts(v []compute.Value, err error) []compute.Value {
	g.t.Helper()
	if err != nil {
		g.t.Fatalf("%+v", err)
	}
	return v
}

func (g *graph) param(s shapes.Shape) compute.Value {
	g.t.Helper()
	return g.must(g.Parameter("x", s, nil))
}

// closure starts a local function.
func (g *graph) closure() *graph {
	g.t.Helper()
	f, err := g.Closure()
	if err != nil {
		g.t.Fatal(err)
	}
	return &graph{g.t, f, g.builder}
}

func (g *graph) ret(out ...compute.Value) {
	g.t.Helper()
	if err := g.Return(out, nil); err != nil {
		g.t.Fatalf("%+v", err)
	}
}

// compile ends the graph with the given results.
func (g *graph) compile(out ...compute.Value) *cpu.Executable {
	g.t.Helper()
	g.ret(out...)
	e, err := g.builder.Compile()
	if err != nil {
		g.t.Fatalf("%+v", err)
	}
	return e.(*cpu.Executable)
}

func f32(dims ...int) shapes.Shape { return shapes.Make(dtypes.Float32, dims...) }

// buffer copies elements to a new buffer.
func buffer[T any](t testing.TB, b compute.Backend, flat []T, dims ...int) compute.Buffer {
	t.Helper()
	var zero T
	buf, err := b.BufferFromFlatData(0, flat, shapes.Make(dtypes.FromAny(zero), dims...))
	if err != nil {
		t.Fatal(err)
	}
	return buf
}

// elements is the content of a buffer.
func elements[T any](t testing.TB, b compute.Buffer) []T {
	t.Helper()
	flat, err := b.Data()
	if err != nil {
		t.Fatal(err)
	}
	return flat.([]T)
}

// execute runs an executable and fails the test on an error.
func execute(t testing.TB, e *cpu.Executable, donate []bool, in ...compute.Buffer) []compute.Buffer {
	t.Helper()
	out, err := e.Execute(in, donate, 0)
	if err != nil {
		t.Fatalf("%+v", err)
	}
	return out
}
