package cpu_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"

	"github.com/atelier-go/atelier/cpu"
)

var i32 = shapes.Make(dtypes.Int32)

// TestWhileCaptures sums i·scale for i below a limit: the condition and the body capture, the body through an If.
func TestWhileCaptures(t *testing.T) {
	for _, config := range []string{"", "disable=all"} {
		b := newBackend(t, config)
		g := newGraph(t, b)
		limit, scale := g.param(i32), g.param(i32)
		zero := g.must(g.Constant([]int32{0}))

		cond := g.closure()
		i, _ := cond.param(i32), cond.param(i32)
		cond.ret(cond.must(cond.LessThan(i, limit)))

		body := g.closure()
		i, sum := body.param(i32), body.param(i32)
		odd := body.must(body.Equal(body.must(body.Rem(i, body.must(body.Constant([]int32{2})))), body.must(body.Constant([]int32{1}))))
		onOdd := body.closure()
		onOdd.ret(onOdd.must(onOdd.Add(sum, onOdd.must(onOdd.Mul(i, scale)))))
		onEven := body.closure()
		onEven.ret(sum)
		next := body.must(body.Add(i, body.must(body.Constant([]int32{1}))))
		body.ret(next, body.musts(body.If(odd, onOdd.Function, onEven.Function))[0])

		e := g.compile(g.musts(g.While(cond.Function, body.Function, zero, zero))...)
		for _, c := range []struct{ limit, scale, want int32 }{{0, 1, 0}, {1, 1, 0}, {2, 1, 1}, {10, 3, 75}} {
			out := execute(t, e, nil, buffer(t, b, []int32{c.limit}), buffer(t, b, []int32{c.scale}))
			if got := elements[int32](t, out[1])[0]; got != c.want {
				t.Errorf("%q: limit %d, scale %d: got %d, want %d", config, c.limit, c.scale, got, c.want)
			}
		}
	}
}

// TestWhileSwaps has a body that exchanges parts of its state, keeps one, and starts from one value twice.
func TestWhileSwaps(t *testing.T) {
	b := newBackend(t, "")
	g := newGraph(t, b)
	x, y := g.param(f32(2)), g.param(f32(2))
	count := g.must(g.Constant([]int32{0}))

	cond := g.closure()
	n := cond.param(i32)
	for range 4 {
		cond.param(f32(2))
	}
	cond.ret(cond.must(cond.LessThan(n, cond.must(cond.Constant([]int32{3})))))

	body := g.closure()
	n = body.param(i32)
	p, q, kept, doubled := body.param(f32(2)), body.param(f32(2)), body.param(f32(2)), body.param(f32(2))
	body.ret(body.must(body.Add(n, body.must(body.Constant([]int32{1})))), q, p, kept, body.must(body.Add(doubled, doubled)))

	e := g.compile(g.musts(g.While(cond.Function, body.Function, count, x, y, x, x))...)
	out := execute(t, e, nil, buffer(t, b, []float32{1, 2}, 2), buffer(t, b, []float32{3, 4}, 2))
	for k, want := range [][]float32{{3, 4}, {1, 2}, {1, 2}, {8, 16}} {
		if got := elements[float32](t, out[k+1]); !slices.Equal(got, want) {
			t.Errorf("state %d is %v, want %v", k, got, want)
		}
	}
}

// TestCall runs a named function twice, with different arguments.
func TestCall(t *testing.T) {
	b := newBackend(t, "")
	bd := b.Builder(t.Name())
	f, err := bd.NewFunction("square")
	if err != nil {
		t.Fatal(err)
	}
	square := &graph{t, f, bd}
	x := square.param(f32(2))
	square.ret(square.must(square.Mul(x, x)))

	g := &graph{t, bd.Main(), bd}
	x = g.param(f32(2))
	once := g.musts(g.Call(square.Function, x))[0]
	e := g.compile(g.musts(g.Call(square.Function, once))[0], once)
	out := execute(t, e, nil, buffer(t, b, []float32{2, 3}, 2))
	if got := elements[float32](t, out[0]); !slices.Equal(got, []float32{16, 81}) {
		t.Errorf("got %v", got)
	}
	if got := elements[float32](t, out[1]); !slices.Equal(got, []float32{4, 9}) {
		t.Errorf("got %v", got)
	}
}

// sortBy sorts keys and positions along an axis, by a comparator that is direct or one that has to be run.
func sortBy(t *testing.T, b *cpu.Backend, dims []int, axis int, descending, direct bool) *cpu.Executable {
	g := newGraph(t, b)
	keys, positions := g.param(f32(dims...)), g.param(shapes.Make(dtypes.Int32, dims...))
	nothing := g.must(g.Constant([]float32{0}))
	c := g.closure()
	l, r := c.param(f32()), c.param(f32())
	c.param(i32)
	c.param(i32)
	if !direct {
		l = c.must(c.Add(l, nothing)) // a capture
	}
	if descending {
		c.ret(c.must(c.GreaterThan(l, r)))
	} else {
		c.ret(c.must(c.LessThan(l, r)))
	}
	return g.compile(g.musts(g.Sort(c.Function, axis, true, keys, positions))...)
}

func TestSort(t *testing.T) {
	b := newBackend(t, "")
	r := rand.New(rand.NewPCG(1, 1))
	for _, c := range []struct {
		dims               []int
		axis               int
		descending, direct bool
	}{
		{[]int{7}, 0, false, true}, {[]int{7}, -1, true, true}, {[]int{1}, 0, false, true}, {[]int{0}, 0, false, true},
		{[]int{33}, 0, false, false}, {[]int{3, 17, 2}, 1, false, true}, {[]int{3, 17, 2}, 1, true, false},
		{[]int{5, 4}, 0, true, true}, {[]int{2, 100}, 1, false, true},
	} {
		e := sortBy(t, b, c.dims, c.axis, c.descending, c.direct)
		n := f32(c.dims...).Size()
		keys, positions := make([]float32, n), make([]int32, n)
		for i := range keys {
			keys[i], positions[i] = float32(r.IntN(5)), int32(i)
		}
		out := execute(t, e, nil, buffer(t, b, keys, c.dims...), buffer(t, b, positions, c.dims...))
		got, at := elements[float32](t, out[0]), elements[int32](t, out[1])
		axis := (c.axis + len(c.dims)) % len(c.dims)
		stride := f32(c.dims[axis+1:]...).Size()
		for i := range got {
			if got[i] != keys[at[i]] || int(at[i])%stride != i%stride || int(at[i])/(stride*c.dims[axis]) != i/(stride*c.dims[axis]) {
				t.Fatalf("%+v: element %d, %g, comes from %d", c, i, got[i], at[i])
			}
			if i/stride%c.dims[axis] == 0 {
				continue
			}
			before := i - stride
			wrong := got[before] > got[i]
			if c.descending {
				wrong = got[before] < got[i]
			}
			if wrong || got[before] == got[i] && at[before] > at[i] {
				t.Fatalf("%+v: element %d, %g from %d, comes after %g from %d", c, i, got[i], at[i], got[before], at[before])
			}
		}
	}
}

// TestScopeErrors uses values where they cannot be used.
func TestScopeErrors(t *testing.T) {
	b := newBackend(t, "threads=1")
	g, other := newGraph(t, b), newGraph(t, b)
	x := g.param(f32(2))
	inner := g.closure()
	y := inner.param(f32(2))
	inner.ret(y)
	open := g.closure()

	check := func(what string, err error, want string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", what, err, want)
		}
	}
	_, err := other.Neg(x)
	check("a value of another computation", err, "another computation")
	_, err = g.Neg(y)
	check("a value of a closure", err, "out of scope")
	_, err = g.Neg(nil)
	check("nil", err, "nil")
	_, err = g.Neg(3)
	check("not a value", err, "int is not a value")
	_, err = inner.Neg(y)
	check("adding after Return", err, "Return already")
	check("a second Return", inner.Return([]compute.Value{y}, nil), "Return already")
	check("Return of nothing", open.Return(nil, nil), "must return")
	_, err = g.If(x, inner.Function, inner.Function)
	check("a condition that is a vector", err, "scalar boolean")
	_, err = g.While(open.Function, open.Function, x)
	check("an unfinished closure", err, "no Return")
	_, err = g.Call(g.Function, x)
	check("calling main", err, "no Return")
	_, err = g.Sort(inner.Function, 1, false, x)
	check("sorting an axis that is not there", err, "axis 1")
	_, err = g.builder.Compile()
	check("compiling without Return", err, "no Return")
	g.compile(x)
	_, err = g.Neg(x)
	check("adding after Compile", err, "compiled already")
	_, err = g.builder.NewFunction("f")
	check("a function after Compile", err, "compiled already")
	_, err = other.builder.NewFunction("main")
	check("a second main", err, "already has")
}

// TestUnsupported checks that what is not supported says so, and nothing else.
func TestUnsupported(t *testing.T) {
	b := newBackend(t, "threads=1")
	g := newGraph(t, b)
	x := g.param(f32(2, 2))
	errs := map[string]error{}
	_, errs["AllReduce"] = g.AllReduce([]compute.Value{x}, compute.ReduceOpSum, nil)
	_, errs["QuantizedEmbeddingLookup"] = g.QuantizedEmbeddingLookup(x, x, nil)
	_, _, errs["FusedScaledDotProductAttention"] = g.FusedScaledDotProductAttention(x, x, x, 0, nil)
	_, errs["Parameter"] = g.Parameter("f8", shapes.Make(dtypes.F8E4M3, 1), nil)
	errs["Distributed"] = g.builder.DistributedSPMD(2)
	for name, err := range errs {
		if !compute.IsNotImplemented(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestShapeErrors checks that bad shapes are errors that name the operation and the shapes, not panics.
func TestShapeErrors(t *testing.T) {
	b := newBackend(t, "threads=1")
	g := newGraph(t, b)
	x, y, n := g.param(f32(2, 3)), g.param(f32(4, 5)), g.param(shapes.Make(dtypes.Int32, 2))
	image, kernel := g.param(f32(1, 2, 2, 3)), g.param(f32(3, 3, 3, 4))
	axes := compute.ConvolveAxesConfig{InputBatch: 0, InputChannels: 3, InputSpatial: []int{1, 2},
		KernelInputChannels: 2, KernelOutputChannels: 3, KernelSpatial: []int{0, 1},
		OutputBatch: 0, OutputChannels: 3, OutputSpatial: []int{1, 2}}
	const shapeX = "(Float32)[2, 3]"
	for name, c := range map[string]struct {
		err  error
		want []string
	}{
		"Add":                    {second(g.Add(x, y)), []string{"Add(" + shapeX + ", (Float32)[4, 5])"}},
		"Add of types":           {second(g.Add(x, n)), []string{"Add(" + shapeX, "Int32"}},
		"Reshape":                {second(g.Reshape(x, 7)), []string{"Reshape(" + shapeX}},
		"negative Reshape":       {second(g.Reshape(x, -6, -1)), []string{"Reshape(" + shapeX, "negative"}},
		"huge Reshape":           {second(g.Reshape(x, 1<<40, 1<<40)), []string{"Reshape(" + shapeX, "more elements"}},
		"huge BroadcastInDim":    {second(g.BroadcastInDim(x, f32(1<<31, 1<<31, 2, 3), []int{2, 3})), []string{"BroadcastInDim(" + shapeX, "more elements"}},
		"huge Iota":              {second(g.Iota(f32(1<<31, 1<<31, 1<<31), 0)), []string{"Iota", "more elements"}},
		"huge Pad":               {second(g.Pad(x, g.must(g.Constant([]float32{0})), compute.PadAxis{Start: 1 << 62, End: 1 << 62})), []string{"Pad(" + shapeX}},
		"Iota of no axis":        {second(g.Iota(f32(2), 1)), []string{"Iota"}},
		"Transpose":              {second(g.Transpose(x, 0, 0)), []string{"Transpose(" + shapeX}},
		"Slice":                  {second(g.Slice(x, []int{0, 0}, []int{3, 3}, nil)), []string{"Slice(" + shapeX}},
		"ReduceSum":              {second(g.ReduceSum(x, 2)), []string{"ReduceSum(" + shapeX}},
		"ReduceSum of one twice": {second(g.ReduceSum(x, 1, 1)), []string{"ReduceSum(" + shapeX, "repeated"}},
		"ArgMinMax":              {second(g.ArgMinMax(x, 5, dtypes.Int32, true)), []string{"ArgMinMax(" + shapeX}},
		"Concatenate":            {second(g.Concatenate(0, x, y)), []string{"Concatenate(" + shapeX}},
		"DotGeneral":             {second(g.DotGeneral(x, []int{1}, nil, y, []int{0}, nil, compute.DotGeneralConfig{})), []string{"DotGeneral(" + shapeX}},
		"image below the kernel": {second(g.ConvGeneral(image, kernel, axes, nil, nil, nil, nil, 1, 1)), []string{"ConvGeneral((Float32)[1, 2, 2, 3], (Float32)[3, 3, 3, 4])", "larger"}},
		"huge stride":            {second(g.ConvGeneral(image, kernel, axes, []int{1 << 62, 1}, nil, nil, nil, 1, 1)), []string{"ConvGeneral"}},
		"ReduceWindow":           {second(g.ReduceWindow(x, compute.ReduceOpMax, []int{3, 3}, nil, nil, nil, nil)), []string{"ReduceWindow(" + shapeX}},
		"Bitcast of a scalar":    {second(g.Bitcast(g.must(g.Constant([]int8{0})), dtypes.Int32)), []string{"Bitcast((Int8))"}},
		"negative Parameter":     {second(g.Parameter("p", shapes.Shape{DType: dtypes.Float32, Dimensions: []int{-5}}, nil)), []string{`"p"`, "negative"}},
		"short Constant":         {second(g.Constant([]float32{1}, 2)), []string{"Constant", "want 2"}},
	} {
		if c.err == nil {
			t.Errorf("%s is accepted", name)
			continue
		}
		for _, want := range append(c.want, "cpu: ") {
			if !strings.Contains(c.err.Error(), want) {
				t.Errorf("%s: the error %q does not say %q", name, c.err, want)
			}
		}
		if compute.IsNotImplemented(c.err) {
			t.Errorf("%s: the error %v claims that only an implementation is missing", name, c.err)
		}
	}
}

func second(_ compute.Value, err error) error { return err }
