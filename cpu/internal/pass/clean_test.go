package pass

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/ref"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

func TestRemoveDead(t *testing.T) {
	b := newBuilder(t)
	x, unused := b.f32(3), b.f32(4)
	b.exp(unused)
	y := b.exp(x)
	b.mul(y, y)
	f := b.returns(y)
	if !removeDead(f) || len(f.Nodes) != 3 || removeDead(f) {
		t.Errorf("want two parameters and the exponential\n%v", f)
	}
	verify(t, f)
}

func TestNarrowBarriers(t *testing.T) {
	b := newBuilder(t)
	x, y, z := b.f32(3), b.f32(3), b.f32(4)
	outer := b.nodeOf(compute.OpTypeOptimizationBarrier, nil, b.exp(x), b.exp(y), b.exp(z))
	inner := b.nodeOf(compute.OpTypeOptimizationBarrier, nil, outer.Value(0), outer.Value(2), b.exp(outer.Value(1)))
	f := b.returns(inner.Value(1), b.exp(inner.Value(1)))
	g := clone(f)
	removeDead(g)
	checkSame(t, f, g, 0)
	if len(g.Nodes) != 3+1+2+1 {
		t.Errorf("more than z is passed on\n%v", g)
	}
}

func TestMergeCommon(t *testing.T) {
	b := newBuilder(t)
	x, y := b.f32(3), b.f32(3)
	state := b.param(dtypes.Uint64, 3)
	attr := ir.RNGAttr{Shape: shapes.Make(dtypes.Uint32, 3)}
	bits := func() ir.Value { return b.nodeOf(compute.OpTypeRNGBitGenerator, attr, state).Value(1) }
	barrier := func() ir.Value { return b.do(compute.OpTypeOptimizationBarrier, nil, x) }
	f := b.returns(b.add(x, y), b.add(y, x), b.sub(x, y), b.sub(y, x), b.num(2), b.num(2), b.num(3), bits(), bits(), barrier(), barrier())
	mergeCommon(f)
	removeDead(f)
	verify(t, f)
	for i, j := range []int{0, 0, 2, 3, 4, 4, 6, 7, 7, 9, 10} {
		if f.Outputs[i] != f.Outputs[j] {
			t.Errorf("output %d is not merged with %d", i, j)
		}
	}
	if len(f.Nodes) != 3+1+2+2+1+2 {
		t.Errorf("%v", f)
	}
}

func TestFoldLimits(t *testing.T) {
	b := newBuilder(t)
	iota := func(n int) ir.Value {
		s := shapes.Make(dtypes.Float32, n)
		return b.do(compute.OpTypeIota, ir.IotaAttr{Shape: s}, nil...)
	}
	small, large := iota(foldLimit/4), iota(foldLimit/4+1)
	f := b.returns(b.exp(small), b.exp(large), b.spread(b.num(2), []int{4}))
	g := simplified(t, f)
	for i, want := range []compute.OpType{compute.OpTypeConstant, compute.OpTypeExp, compute.OpTypeConstant} {
		if got := compute.OpType(g.Outputs[i].Node.Op); got != want && i != 2 {
			t.Errorf("output %d is computed by %v, want %v", i, got, want)
		}
	}
	if got := optimise(t, f).Outputs[2].Node.Op; got != op(compute.OpTypeConstant) {
		t.Errorf("a small broadcast that is read whole is computed in every run, by %v", got)
	}
}

func TestFoldErrors(t *testing.T) {
	b := newBuilder(t)
	f := b.returns(b.exp(b.num(1)))
	broken := errors.New("out of order")
	err := Run(f, Options{Eval: func(*ir.Node, []tensor.Tensor, []tensor.Tensor) error { return broken }})
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "Exp") {
		t.Errorf("error %v, want one that says what failed on which node", err)
	}
	if err := Run(b.returns(b.exp(b.num(1))), Options{}); err != nil {
		t.Errorf("without Eval: %v", err)
	}
}

// TestDisable switches off each pass in turn, and all.
func TestDisable(t *testing.T) {
	b := newBuilder(t)
	c := testConvs[1]
	x, k, w := b.f32(c.x()...), b.f32(c.k()...), b.f32(4, 5)
	y := b.relu(c.forward(b, x, k))
	f := b.returns(b.dot(y, nil, []int{3}, w, nil, []int{0}), b.sum(b.add(b.mul(y, y), y), 0, 1, 2),
		b.do(compute.OpTypeFusedSoftmax, ir.SoftmaxAttr{Axis: 3}, y), b.exp(b.num(2)))
	for _, name := range append(Names(), "") {
		checkSame(t, f, optimise(t, f, name), 1e-5)
	}
	if g := optimise(t, f, "all"); g.String() != f.String() {
		t.Errorf("changed although all passes are off\n%v", g)
	}
	for name, o := range map[string]ir.Op{"conv": ir.OpConv, "matmul": ir.OpMatMul, "fuse": ir.OpFused} {
		if g := optimise(t, f, name); count(g, o) != 0 {
			t.Errorf("%v although %s is off\n%v", o, name, g)
		}
	}
}

// Functions called by nodes are rewritten too.
func TestCalledFunctions(t *testing.T) {
	callee := newBuilder(t)
	x := callee.f32(3)
	callee.returns(callee.exp(callee.mul(x, callee.num(1))))
	b := newBuilder(t)
	in := b.f32(3)
	call := b.Func.Add(op(compute.OpTypeCall), nil, []ir.Value{in}, in.Shape())
	call.Calls = []*ir.Func{callee.Func}
	f := b.returns(call.Value(0))
	var trace bytes.Buffer
	if err := Run(f, Options{Eval: ref.Eval, Trace: &trace}); err != nil {
		t.Fatal(err)
	}
	verify(t, callee.Func)
	if len(callee.Nodes) != 2 || callee.Nodes[1].Op != ir.OpFused {
		t.Errorf("%v", callee.Func)
	}
	if !strings.Contains(trace.String(), "after simplify") {
		t.Errorf("trace %q", trace.String())
	}
}

func TestOrder(t *testing.T) {
	b := newBuilder(t)
	var wide, sums []ir.Value
	x := b.f32(8)
	for i := range 6 { // captured so that all large values live at once
		wide = append(wide, b.spread(b.add(x, b.num(float64(i))), []int{1000, 8}, 1))
	}
	for _, v := range wide {
		sums = append(sums, b.sum(b.do(compute.OpTypeReverse, ir.ReverseAttr{Axes: []int{0}}, v), 0))
	}
	f := b.returns(sums...)
	before := newScheduler(f).peak(f.Nodes)
	g := clone(f)
	if !order(g) {
		t.Fatal("order did not change")
	}
	checkSame(t, f, g, 0)
	if after := newScheduler(g).peak(g.Nodes); after > before/2 {
		t.Errorf("peak %d bytes, %d before", after, before)
	}
	if order(clone(g)) {
		t.Error("a good order was changed again")
	}
}
