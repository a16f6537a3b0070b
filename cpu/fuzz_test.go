package cpu_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/shapes"

	"github.com/atelier-go/atelier/cpu"
	"github.com/atelier-go/atelier/cpu/internal/isa"
)

// The fuzz targets build random graphs and compare what the backend makes of them, at every level of kernels, to the
// plain loops that remain when all passes are switched off.

var fuzzBackends = sync.OnceValue(func() (b struct {
	plain     *cpu.Backend
	optimised []*cpu.Backend
}) {
	create := func(c cpu.Config) *cpu.Backend {
		c.Threads = 2
		backend, err := cpu.New(c)
		if err != nil {
			panic(err)
		}
		return backend
	}
	b.plain = create(cpu.Config{Disable: []string{"all"}})
	for _, level := range isa.Available() {
		b.optimised = append(b.optimised, create(cpu.Config{ISA: level.String()}))
	}
	return b
})

// choices turns the fuzzer's bytes into decisions.
type choices struct {
	data []byte
	next int
}

// pick returns a number in [0, n), 0 once the bytes are used up.
func (c *choices) pick(n int) int {
	if c.next >= len(c.data) {
		return 0
	}
	c.next++
	return int(c.data[c.next-1]) % n
}

// between returns a number in [low, high].
func (c *choices) between(low, high int) int { return low + c.pick(high-low+1) }

func (c *choices) dims(rank, most int) []int {
	d := make([]int, rank)
	for i := range d {
		d[i] = c.between(1, most)
	}
	return d
}

// permutation of 0 to n-1.
func (c *choices) permutation(n int) []int {
	p := make([]int, n)
	for i := range p {
		j := c.pick(i + 1)
		p[i], p[j] = p[j], i
	}
	return p
}

// seeds adds inputs that make many different decisions.
func seeds(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		data := make([]byte, 64)
		for i := range data {
			data[i] = byte(r.Uint32())
		}
		f.Add(data)
	}
}

// fuzzGraph builds the same graph for a backend; it returns ok false where the choices make none that is valid.
type fuzzGraph func(g *graph, c *choices) (params []shapes.Shape, out compute.Value, ok bool)

// compareBackends builds and runs a graph with every backend. The results may differ by tolerance times what they are
// when every input is replaced by its magnitude, which bounds the sum of the terms.
func compareBackends(t *testing.T, data []byte, build fuzzGraph, tolerance float64) {
	backends := fuzzBackends()
	plain, params, ok := buildFuzz(t, backends.plain, data, build)
	if !ok {
		return
	}
	r := rand.New(rand.NewPCG(uint64(len(data)), 7))
	values := make([][]float64, len(params))
	for i, s := range params {
		values[i] = make([]float64, s.Size())
		for j := range values[i] {
			values[i][j] = float64(r.IntN(17)-8) / 4
		}
	}
	want := runFuzz(t, backends.plain, plain, params, values, false)
	bound := runFuzz(t, backends.plain, plain, params, values, true)
	for _, b := range backends.optimised {
		e, _, _ := buildFuzz(t, b, data, build)
		got := runFuzz(t, b, e, params, values, false)
		for i := range want {
			if d := math.Abs(got[i] - want[i]); !(d <= tolerance*(1+math.Abs(bound[i]))) && !(got[i] != got[i] && want[i] != want[i]) && got[i] != want[i] {
				t.Fatalf("isa=%s: element %d is %g, want %g\n%s", b.Config().ISA, i, got[i], want[i], e.Explain())
			}
		}
		e.Finalize()
	}
	plain.Finalize()
}

func buildFuzz(t *testing.T, b *cpu.Backend, data []byte, build fuzzGraph) (*cpu.Executable, []shapes.Shape, bool) {
	g := newGraph(t, b)
	params, out, ok := build(g, &choices{data: data})
	if !ok {
		return nil, nil, false
	}
	return g.compile(out), params, true
}

// runFuzz executes with the values, or their magnitudes, converted to the types of the parameters.
func runFuzz(t *testing.T, b *cpu.Backend, e *cpu.Executable, params []shapes.Shape, values [][]float64, magnitude bool) []float64 {
	var in []compute.Buffer
	donate := make([]bool, len(params))
	for i, s := range params {
		buf, flat, err := b.NewSharedBuffer(0, s)
		if err != nil {
			t.Fatal(err)
		}
		for j, v := range values[i] {
			if magnitude {
				v = math.Abs(v)
			}
			store(flat, j, v)
		}
		in = append(in, buf)
		donate[i] = i%2 == 0
	}
	out, err := e.Execute(in, donate, 0)
	if err != nil {
		t.Fatalf("%+v\n%s", err, e.Explain())
	}
	shape, _ := out[0].Shape()
	flat, _ := out[0].Data()
	got := make([]float64, shape.Size())
	for i := range got {
		got[i] = load(flat, i)
	}
	return got
}

func store(flat any, i int, v float64) {
	switch f := flat.(type) {
	case []float32:
		f[i] = float32(v)
	case []float64:
		f[i] = v
	case []int32:
		f[i] = int32(v)
	case []bfloat16.BFloat16:
		f[i] = bfloat16.FromFloat32(float32(v))
	}
}

func load(flat any, i int) float64 {
	switch f := flat.(type) {
	case []float32:
		return float64(f[i])
	case []float64:
		return f[i]
	case []int32:
		return float64(f[i])
	case []bfloat16.BFloat16:
		return float64(f[i].Float32())
	}
	panic("type")
}

// fuzzDTypes are those of the targets, float32 foremost.
var fuzzDTypes = []dtypes.DType{dtypes.Float32, dtypes.Float32, dtypes.Float32, dtypes.Float64, dtypes.Int32}

// sumTolerance allows for sums of float32 in different orders; Winograd's algorithm needs the most.
const sumTolerance = 2e-5

// FuzzDot multiplies tensors with random batch and contracted axes in random order, some of them transposed first,
// some of them by themselves.
func FuzzDot(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) { compareBackends(t, data, buildDot, sumTolerance) })
}

func buildDot(g *graph, c *choices) ([]shapes.Shape, compute.Value, bool) {
	dtype := fuzzDTypes[c.pick(len(fuzzDTypes))]
	batch, contracted := c.dims(c.pick(3), 4), c.dims(c.pick(3), 20)
	freeL, freeR := c.dims(c.pick(3), 20), c.dims(c.pick(3), 20)
	self := c.pick(4) == 0
	if self {
		freeR = freeL
	}
	work := 1
	for _, d := range slices.Concat(batch, contracted, freeL, freeR) {
		work *= d
	}
	if work > 1<<20 {
		return nil, nil, false
	}
	// side returns a parameter whose axes are the groups given, shuffled, and where each group went.
	side := func(free []int) (compute.Value, []int, []int, shapes.Shape) {
		all := append(append(append([]int(nil), batch...), contracted...), free...)
		order := c.permutation(len(all))
		dims := make([]int, len(all))
		at := make([]int, len(all))
		for i, o := range order {
			dims[i], at[o] = all[o], i
		}
		s := shapes.Make(dtype, dims...)
		return g.param(s), at[:len(batch)], at[len(batch) : len(batch)+len(contracted)], s
	}
	lhs, lb, lc, ls := side(freeL)
	params := []shapes.Shape{ls}
	rhs, rb, rc := lhs, lb, lc
	if !self {
		var rs shapes.Shape
		rhs, rb, rc, rs = side(freeR)
		params = append(params, rs)
	}
	out := g.must(g.DotGeneral(lhs, lc, lb, rhs, rc, rb, compute.DotGeneralConfig{}))
	return params, out, true
}

// FuzzReduce reduces a chain of elementwise operations with broadcasts over random axes.
func FuzzReduce(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) { compareBackends(t, data, buildReduce, sumTolerance) })
}

func buildReduce(g *graph, c *choices) ([]shapes.Shape, compute.Value, bool) {
	dtype := fuzzDTypes[c.pick(len(fuzzDTypes))]
	dims := c.dims(c.pick(5), 9)
	if len(dims) > 0 && c.pick(4) == 0 {
		dims[c.pick(len(dims))] = c.between(1, 250)
	}
	full := shapes.Make(dtype, dims...)
	params := []shapes.Shape{full}
	v := g.param(full)
	values := []compute.Value{v}
	for range c.pick(6) {
		v = buildStep(g, c, values, full, &params)
		values = append(values, v)
	}
	var axes []int
	for axis := range dims {
		if c.pick(2) == 0 {
			axes = append(axes, axis)
		}
	}
	if len(axes) == 0 {
		return params, v, true
	}
	switch c.pick(4) {
	case 0:
		v = g.must(g.ReduceMax(v, axes...))
	case 1:
		v = g.must(g.ReduceMin(v, axes...))
	default:
		v = g.must(g.ReduceSum(v, axes...))
	}
	return params, v, true
}

// buildStep appends one elementwise operation, or the broadcast of a new parameter.
func buildStep(g *graph, c *choices, values []compute.Value, full shapes.Shape, params *[]shapes.Shape) compute.Value {
	x, y := values[c.pick(len(values))], values[c.pick(len(values))]
	switch c.pick(7) {
	case 0:
		return g.must(g.Add(x, y))
	case 1:
		return g.must(g.Sub(x, y))
	case 2:
		return g.must(g.Max(x, y))
	case 3:
		return g.must(g.Abs(x))
	case 4:
		return g.must(g.Where(g.must(g.LessThan(x, y)), x, g.must(g.Neg(y))))
	case 5:
		scale := g.must(g.ConvertDType(g.must(g.Constant([]float32{0.5})), full.DType))
		return g.must(g.Mul(x, g.must(g.BroadcastInDim(scale, full, nil))))
	default:
		var dims, axes []int
		for axis, d := range full.Dimensions {
			if c.pick(2) == 0 {
				axes = append(axes, axis)
				dims = append(dims, d)
			}
		}
		s := shapes.Make(full.DType, dims...)
		*params = append(*params, s)
		return g.must(g.Add(x, g.must(g.BroadcastInDim(g.param(s), full, axes))))
	}
}

// FuzzWindow pools with random windows, and scatters back to where a window's maximum was.
func FuzzWindow(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) { compareBackends(t, data, buildWindow, sumTolerance) })
}

func buildWindow(g *graph, c *choices) ([]shapes.Shape, compute.Value, bool) {
	dtype := fuzzDTypes[c.pick(len(fuzzDTypes))]
	image := c.pick(3) > 0 // batch and channels are not pooled, as in a network
	rank := 4
	if !image {
		rank = c.between(1, 4)
	}
	dims := c.dims(rank, 9)
	window, strides, dilations, windowDilations := ones(rank), ones(rank), ones(rank), ones(rank)
	paddings := make([][2]int, rank)
	general := c.pick(4) == 0
	for axis := range rank {
		if image && (axis == 0 || axis == 3) {
			continue
		}
		window[axis], strides[axis] = c.between(1, 4), c.between(1, 3)
		paddings[axis] = [2]int{c.pick(window[axis]), c.pick(window[axis])}
		if general {
			dilations[axis], windowDilations[axis] = c.between(1, 2), c.between(1, 2)
		}
		if (dims[axis]-1)*dilations[axis]+1+paddings[axis][0]+paddings[axis][1] < (window[axis]-1)*windowDilations[axis]+1 {
			return nil, nil, false
		}
	}
	s := shapes.Make(dtype, dims...)
	x := g.param(s)
	if c.pick(3) == 0 && !general {
		pooled := g.must(g.ReduceWindow(x, compute.ReduceOpMax, window, strides, nil, nil, paddings))
		source, err := g.Shape(pooled)
		if err != nil {
			g.t.Fatal(err)
		}
		y := g.param(source)
		return []shapes.Shape{s, source}, g.must(g.SelectAndScatterMax(x, y, window, strides, paddings)), true
	}
	op := []compute.ReduceOpType{compute.ReduceOpMax, compute.ReduceOpSum, compute.ReduceOpMin}[c.pick(3)]
	return []shapes.Shape{s}, g.must(g.ReduceWindow(x, op, window, strides, dilations, windowDilations, paddings)), true
}

func ones(n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = 1
	}
	return s
}
