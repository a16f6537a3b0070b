package cpu_test

import (
	"errors"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/gomlx/compute"

	"github.com/atelier-go/atelier/cpu"
)

// affine builds x·2 + y for vectors of n elements.
func affine(t testing.TB, b *cpu.Backend, n int) *cpu.Executable {
	g := newGraph(t, b)
	x, y := g.param(f32(n)), g.param(f32(n))
	two := g.must(g.BroadcastInDim(g.must(g.Constant([]float32{2})), f32(n), nil))
	return g.compile(g.must(g.Add(g.must(g.Mul(x, two)), y)))
}

func TestDonatedInputsAreFinalized(t *testing.T) {
	b := newBackend(t, "threads=2")
	e := affine(t, b, 4)
	x, y := buffer(t, b, []float32{1, 2, 3, 4}, 4), buffer(t, b, []float32{10, 20, 30, 40}, 4)
	out := execute(t, e, []bool{true, false}, x, y)
	if got := elements[float32](t, out[0]); got[3] != 48 {
		t.Errorf("got %v", got)
	}
	if _, err := x.Data(); err == nil {
		t.Error("a donated buffer is still valid")
	}
	if err := x.Finalize(); err != nil {
		t.Errorf("finalizing a donated buffer: %v", err)
	}
	if got := elements[float32](t, y); got[0] != 10 {
		t.Errorf("a buffer that was not donated holds %v", got)
	}
	if _, err := e.Execute([]compute.Buffer{x, y}, nil, 0); err == nil || !strings.Contains(err.Error(), "donated") {
		t.Errorf("using a donated buffer: %v", err)
	}
	if now, _ := b.MemoryInUse(); now > 32+4096 {
		t.Errorf("%d bytes are in use for two buffers of 16", now)
	}
}

// TestDonatedTwice checks that a buffer that is two inputs is not overwritten while it is still read.
func TestDonatedTwice(t *testing.T) {
	b := newBackend(t, "threads=2")
	e := affine(t, b, 4)
	x := buffer(t, b, []float32{1, 2, 3, 4}, 4)
	out := execute(t, e, []bool{true, true}, x, x)
	if got := elements[float32](t, out[0]); got[0] != 3 || got[3] != 12 {
		t.Errorf("got %v", got)
	}
}

// TestPassThrough checks results that are parameters, several times and as views.
func TestPassThrough(t *testing.T) {
	b := newBackend(t, "threads=2")
	g := newGraph(t, b)
	x := g.param(f32(2, 2))
	flat := g.must(g.Reshape(x, 4))
	e := g.compile(x, x, flat, g.must(g.Slice(flat, []int{2}, []int{4}, nil)))
	for _, donate := range []bool{false, true} {
		in := buffer(t, b, []float32{1, 2, 3, 4}, 2, 2)
		out := execute(t, e, []bool{donate}, in)
		elements[float32](t, out[0])[0] = 9 // results do not share memory
		if !donate && elements[float32](t, in)[0] != 1 {
			t.Error("a result shares the memory of an input that was not donated")
		}
		if got := elements[float32](t, out[1]); got[0] != 1 || got[3] != 4 {
			t.Errorf("got %v", got)
		}
		if got := elements[float32](t, out[2]); got[0] != 1 || got[3] != 4 {
			t.Errorf("got %v", got)
		}
		if got := elements[float32](t, out[3]); len(got) != 2 || got[0] != 3 {
			t.Errorf("got %v", got)
		}
	}
}

// TestFailureKeepsDonated runs out of memory and finds everything as it was.
func TestFailureKeepsDonated(t *testing.T) {
	b := newBackend(t, "threads=2,memory=10000")
	g := newGraph(t, b)
	x := g.param(f32(1000))
	e := g.compile(g.must(g.Reverse(x, 0)), g.must(g.Reverse(g.must(g.Neg(x)), 0)))
	in := buffer(t, b, make([]float32, 1000), 1000)
	before, _ := b.MemoryInUse()
	_, err := e.Execute([]compute.Buffer{in}, []bool{true}, 0)
	var failed *cpu.ExecutionError
	if !errors.As(err, &failed) {
		t.Fatalf("the error is %v", err)
	}
	var memory *cpu.MemoryError
	if !errors.As(err, &memory) || memory.Asked != 8000 || memory.InUse != 4000 || memory.Limit != 10000 {
		t.Errorf("the error is %v", err)
	}
	for _, part := range []string{"8000", "4000", "10000"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error %q does not say %s", err, part)
		}
	}
	if d := failed.Donated(); len(d) != 1 || d[0] != in || len(failed.Overwritten()) != 0 {
		t.Errorf("donated: %v, overwritten: %v", d, failed.Overwritten())
	}
	if got := elements[float32](t, in); len(got) != 1000 {
		t.Error("the donated buffer is gone")
	}
	if now, _ := b.MemoryInUse(); now != before {
		t.Errorf("%d bytes are in use after the failure, %d before", now, before)
	}
	// The backend is as useful as before.
	small := affine(t, b, 4)
	out := execute(t, small, nil, buffer(t, b, []float32{1, 1, 1, 1}, 4), buffer(t, b, []float32{1, 1, 1, 1}, 4))
	if got := elements[float32](t, out[0]); got[0] != 3 {
		t.Errorf("got %v", got)
	}
}

// TestMemoryOfDroppedBuffers checks that buffers that nobody refers to do not count for ever.
func TestMemoryOfDroppedBuffers(t *testing.T) {
	b := newBackend(t, "threads=1,memory=1M")
	for range 100 {
		if _, _, err := b.NewSharedBuffer(0, f32(1<<17)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestMemoryLimitAtCapture(t *testing.T) {
	b := newBackend(t, "threads=1,memory=1000")
	g := newGraph(t, b)
	x := g.param(f32(100))
	_, err := g.BroadcastInDim(x, f32(1000, 100), []int{1})
	if err == nil || !strings.Contains(err.Error(), "BroadcastInDim((Float32)[100])") || !strings.Contains(err.Error(), "400000 bytes") {
		t.Errorf("the error is %v", err)
	}
}

func TestExecuteRejects(t *testing.T) {
	b, other := newBackend(t, "threads=1"), newBackend(t, "threads=1")
	e := affine(t, b, 2)
	x := buffer(t, b, []float32{1, 2}, 2)
	for name, c := range map[string]struct {
		in     []compute.Buffer
		donate []bool
		device compute.DeviceNum
		want   string
	}{
		"too few":         {in: []compute.Buffer{x}, want: "2 inputs"},
		"nil":             {in: []compute.Buffer{x, nil}, want: "input 1"},
		"wrong length":    {in: []compute.Buffer{x, buffer(t, b, []float32{1}, 1)}, want: "(Float32)[1]"},
		"wrong type":      {in: []compute.Buffer{x, buffer(t, b, []int32{1, 2}, 2)}, want: "(Int32)[2]"},
		"another backend": {in: []compute.Buffer{x, buffer(t, other, []float32{1, 2}, 2)}, want: "another backend"},
		"donation":        {in: []compute.Buffer{x, x}, donate: []bool{true}, want: "donation"},
		"device":          {in: []compute.Buffer{x, x}, device: 1, want: "device 1"},
	} {
		_, err := e.Execute(c.in, c.donate, c.device)
		var failed *cpu.ExecutionError
		if !errors.As(err, &failed) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	e.Finalize()
	if _, err := e.Execute([]compute.Buffer{x, x}, nil, 0); err == nil || !strings.Contains(err.Error(), "finalized") {
		t.Errorf("a finalized executable: %v", err)
	}
}

// TestConcurrentExecutions runs one executable from several goroutines.
func TestConcurrentExecutions(t *testing.T) {
	b := newBackend(t, "threads=2")
	const n = 1000
	e := affine(t, b, n)
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for run := range 50 {
				x, y := make([]float32, n), make([]float32, n)
				for i := range x {
					x[i], y[i] = float32(i+worker), float32(run)
				}
				bx, _ := b.BufferFromFlatData(0, x, f32(n))
				by, _ := b.BufferFromFlatData(0, y, f32(n))
				out, err := e.Execute([]compute.Buffer{bx, by}, []bool{run%2 == 0, run%3 == 0}, 0)
				if err != nil {
					t.Error(err)
					return
				}
				flat, _ := out[0].Data()
				for i, v := range flat.([]float32) {
					if want := float32(2*(i+worker) + run); v != want {
						t.Errorf("worker %d, run %d: element %d is %g, want %g", worker, run, i, v, want)
						return
					}
				}
			}
		})
	}
	wg.Wait()
}

// TestNaNAndInfinity checks that they pass through what might drop them.
func TestNaNAndInfinity(t *testing.T) {
	for _, config := range []string{"", "isa=portable", "disable=all"} {
		b := newBackend(t, config)
		nan, inf := float32(math.NaN()), float32(math.Inf(1))
		g := newGraph(t, b)
		x := g.param(f32(1, 2, 4, 1))
		zero := g.must(g.BroadcastInDim(g.must(g.Constant([]float32{0})), f32(1, 2, 4, 1), nil))
		relu := g.must(g.Max(x, zero))
		pool := g.must(g.ReduceWindow(x, compute.ReduceOpMax, []int{1, 2, 2, 1}, nil, nil, nil, nil))
		e := g.compile(relu, pool, g.must(g.ReduceMax(x)), g.must(g.ReduceSum(x)), g.must(g.Sub(x, x)), g.must(g.Mul(x, zero)))
		in := buffer(t, b, []float32{nan, -1, inf, 2, 3, -inf, 4, 5}, 1, 2, 4, 1)
		out := execute(t, e, nil, in)
		want := [][]float32{
			{nan, 0, inf, 2, 3, 0, 4, 5},
			{nan, inf},
			{nan},
			{nan},
			{nan, 0, nan, 0, 0, nan, 0, 0},
			{nan, float32(math.Copysign(0, -1)), nan, 0, 0, nan, 0, 0},
		}
		for k := range want {
			got := elements[float32](t, out[k])
			for i, w := range want[k] {
				if v := got[i]; v != w && !(v != v && w != w) || math.Signbit(float64(v)) != math.Signbit(float64(w)) && w == 0 && k == 5 {
					t.Errorf("%q: result %d is %v, want %v", config, k, got, want[k])
					break
				}
			}
		}
	}
}

// TestEmpty runs operations on values without elements.
func TestEmpty(t *testing.T) {
	for _, config := range []string{"", "disable=all"} {
		b := newBackend(t, config)
		g := newGraph(t, b)
		x := g.param(f32(0, 3))
		one := g.must(g.Constant([]float32{1}))
		e := g.compile(
			g.must(g.Add(x, g.must(g.BroadcastInDim(one, f32(0, 3), nil)))),
			g.must(g.ReduceSum(x, 0)),
			g.must(g.Concatenate(0, x, x)),
			g.must(g.DotGeneral(x, []int{0}, nil, x, []int{0}, nil, compute.DotGeneralConfig{})),
			g.must(g.Transpose(x, 1, 0)),
			g.must(g.Pad(x, one, compute.PadAxis{Start: 2})),
			g.must(g.Reshape(x, 3, 0, 5)),
			x,
		)
		out := execute(t, e, nil, buffer(t, b, []float32{}, 0, 3))
		for k, want := range [][]float32{{}, {0, 0, 0}, {}, make([]float32, 9), {}, {1, 1, 1, 1, 1, 1}, {}, {}} {
			got := elements[float32](t, out[k])
			if len(got) != len(want) {
				t.Errorf("%q: result %d has %d elements, want %d", config, k, len(got), len(want))
				continue
			}
			for i := range want {
				if got[i] != want[i] {
					t.Errorf("%q: result %d is %v, want %v", config, k, got, want)
					break
				}
			}
		}
	}
}

// TestSteadyState checks that an execution allocates results and what describes them, and nothing besides.
func TestSteadyState(t *testing.T) {
	b := newBackend(t, "threads=1")
	const n = 1 << 18
	g := newGraph(t, b)
	x := g.param(f32(n))
	sum := g.must(g.ReduceSum(g.must(g.Mul(g.must(g.Exp(x)), x))))
	e := g.compile(sum)
	in := buffer(t, b, make([]float32, n), n)
	execute(t, e, nil, in)
	result := testing.Benchmark(func(bench *testing.B) {
		bench.ReportAllocs()
		for bench.Loop() {
			out, err := e.Execute([]compute.Buffer{in}, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			_ = out[0].Finalize()
		}
	})
	if allocs, bytes := result.AllocsPerOp(), result.AllocedBytesPerOp(); allocs > 60 || bytes > 8<<10 {
		t.Errorf("%d allocations of %d bytes in an execution that returns 4", allocs, bytes)
	}
}

// TestProfile checks that a plan has times where the backend measures them.
func TestProfile(t *testing.T) {
	b := newBackend(t, "threads=1,profile=1")
	e := affine(t, b, 100)
	x := buffer(t, b, make([]float32, 100), 100)
	execute(t, e, nil, x, x)
	plans := b.Explanations()
	if len(plans) != 1 || !strings.Contains(plans[0], "1 runs") || !strings.Contains(plans[0], " %") {
		t.Errorf("the plans are %q", plans)
	}
	e.Finalize()
	if plans := b.Explanations(); len(plans) != 0 {
		t.Errorf("a finalized executable is still explained: %q", plans)
	}
}
