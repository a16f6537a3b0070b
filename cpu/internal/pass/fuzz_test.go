package pass

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
)

// randomGraph makes a function of about n operations of all kinds that passes look at. Values stay small, so that
// rounding differences do too; comparisons only look at parameters, so that those cannot flip them.
func randomGraph(b *builder, r *rand.Rand, n int) *ir.Func {
	dims := []int{1 + r.IntN(3), 1 + r.IntN(4), 1 + r.IntN(4), 1 + r.IntN(5)}
	g := &graphMaker{b: b, r: r, dims: dims}
	for range 3 {
		g.params = append(g.params, b.f32(dims...))
	}
	g.params = append(g.params, b.f32(dims[3]), b.f32())
	g.full = slices.Clone(g.params[:3])
	g.rows = []ir.Value{g.params[3]}
	for range n {
		g.step()
	}
	out := []ir.Value{g.unread(g.full), g.unread(g.rows)}
	for range r.IntN(4) {
		out = append(out, g.pick(g.full))
	}
	return b.returns(out...)
}

// unread adds up what nothing has read yet, so that no operation is dead.
func (g *graphMaker) unread(values []ir.Value) ir.Value {
	read := map[ir.Value]bool{}
	for _, n := range g.b.Nodes {
		for _, in := range n.Inputs {
			read[in] = true
		}
	}
	total := values[len(values)-1]
	for _, v := range values {
		if !read[v] && v != total {
			total = g.bounded(g.b.add(total, v))
		}
	}
	return total
}

// graphMaker has values of all dimensions, and rows that are as long as the last one.
type graphMaker struct {
	b            *builder
	r            *rand.Rand
	dims         []int
	params       []ir.Value
	full, rows   []ir.Value
	masks        []ir.Value
	convolutions int
}

func (g *graphMaker) pick(from []ir.Value) ir.Value {
	if g.r.IntN(2) == 0 { // prefer recent values
		return from[len(from)-1-g.r.IntN(min(3, len(from)))]
	}
	return from[g.r.IntN(len(from))]
}

// operand is anything that broadcasts to all dimensions.
func (g *graphMaker) operand() ir.Value {
	b := g.b
	switch g.r.IntN(8) {
	case 0:
		return b.num(float64(g.r.IntN(7)-3) / 2)
	case 1:
		return g.params[4]
	case 2:
		return b.spread(g.pick(g.rows), g.dims, 3)
	case 3:
		return b.reshape(g.pick(g.rows), 1, 1, 1, g.dims[3])
	case 4:
		return b.spread(b.num(float64(g.r.IntN(3)-1)), g.dims)
	}
	return g.pick(g.full)
}

// bounded keeps numbers small.
func (g *graphMaker) bounded(v ir.Value) ir.Value {
	return g.b.do([]compute.OpType{compute.OpTypeTanh, compute.OpTypeSin, compute.OpTypeLogistic, compute.OpTypeErf}[g.r.IntN(4)], nil, v)
}

func (g *graphMaker) step() {
	b, r := g.b, g.r
	x := g.pick(g.full)
	push := func(v ir.Value) { g.full = append(g.full, v) }
	switch r.IntN(14) {
	case 0, 1, 2:
		o := []compute.OpType{compute.OpTypeAdd, compute.OpTypeSub, compute.OpTypeMul, compute.OpTypeMax, compute.OpTypeMin}[r.IntN(5)]
		v := b.do(o, nil, x, g.operand())
		if o == compute.OpTypeMul {
			v = g.bounded(v)
		}
		push(v)
	case 3:
		push(b.do([]compute.OpType{compute.OpTypeNeg, compute.OpTypeAbs, compute.OpTypeIdentity}[r.IntN(3)], nil, x))
	case 4:
		push(g.bounded(x))
	case 5:
		g.masks = append(g.masks, b.positive(g.params[r.IntN(3)]))
	case 6:
		if len(g.masks) > 0 {
			push(b.do(compute.OpTypeWhere, nil, g.pick(g.masks), x, g.pick(g.full)))
		}
	case 7:
		if len(g.masks) > 0 {
			mask := b.do(compute.OpTypeLogicalOr, nil, g.pick(g.masks), g.pick(g.masks))
			push(b.do(compute.OpTypeConvertDType, ir.DTypeAttr{DType: dtypes.Float32}, mask))
		}
	case 8, 9:
		o := []compute.OpType{compute.OpTypeReduceSum, compute.OpTypeReduceMax, compute.OpTypeReduceMin}[r.IntN(3)]
		g.rows = append(g.rows, g.bounded(b.do(o, ir.ReduceAttr{Axes: []int{0, 1, 2}}, x)))
	case 10:
		axes := []int{}
		for a := range 4 {
			if r.IntN(2) == 0 {
				axes = append(axes, a)
			}
		}
		push(b.reverse(x, axes...))
	case 11:
		perm := r.Perm(4)
		t := b.transpose(x, perm...)
		push(b.transpose(b.bounded(r, t), inverse(perm)...))
	case 12:
		flat := b.reshape(x, product(g.dims[:3]...), g.dims[3])
		gram := g.bounded(b.dot(flat, nil, []int{0}, flat, nil, []int{0}))
		both := b.add(b.dot(flat, nil, []int{1}, gram, nil, []int{0}), b.dot(flat, nil, []int{1}, gram, nil, []int{1}))
		push(g.bounded(b.reshape(both, g.dims...)))
	case 13:
		if g.convolutions++; g.convolutions > 3 {
			return
		}
		c := testConv{g.dims[0], g.dims[3], g.dims[3], 1, geometry{g.dims[1], 3, 1, 1, 1, 1}, geometry{g.dims[2], 2, 1, 1, 1, 0}}
		k := b.f32(c.k()...)
		push(g.bounded(c.forward(b, x, k)))
		if r.IntN(2) == 0 {
			push(g.bounded(c.inputGradient(b, x, k)))
		}
	}
}

// bounded for values whose dimensions are not those of the graph.
func (b *builder) bounded(r *rand.Rand, v ir.Value) ir.Value {
	if r.IntN(2) == 0 {
		return v
	}
	return b.do(compute.OpTypeTanh, nil, v)
}

func checkRandomGraph(t *testing.T, seed uint64, n int) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	f := randomGraph(newBuilder(t), r, n)
	checkSame(t, f, optimise(t, f), 1e-4)
	if names := Names(); r.IntN(2) == 0 {
		checkSame(t, f, optimise(t, f, names[r.IntN(len(names))], names[r.IntN(len(names))]), 1e-4)
	}
}

func TestRandomGraphs(t *testing.T) {
	for seed := range uint64(300) {
		checkRandomGraph(t, seed, 5+int(seed%60))
	}
}

// The same graph must give the same program, whatever the order in which maps are walked.
func TestDeterministic(t *testing.T) {
	for seed := range uint64(20) {
		f := randomGraph(newBuilder(t), rand.New(rand.NewPCG(seed, 2)), 60)
		if a, b := optimise(t, f).String(), optimise(t, f).String(); a != b {
			t.Fatalf("two results:\n%s\n%s", a, b)
		}
	}
}

func FuzzPasses(f *testing.F) {
	f.Add(uint64(1), byte(30))
	f.Fuzz(func(t *testing.T, seed uint64, n byte) { checkRandomGraph(t, seed, int(n)) })
}
