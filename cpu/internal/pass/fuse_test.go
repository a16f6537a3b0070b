package pass

import (
	"testing"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/kernel/fused"
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
)

// bigPasses counts the programs over spaces of at least n points: each is a pass over memory.
func bigPasses(f *ir.Func, n int) int {
	passes := 0
	for _, node := range f.Nodes {
		if p, ok := node.Attr.(*fused.Program); ok && product(p.Dims...) >= n {
			passes++
		}
	}
	return passes
}

// batchNormNodes are the values of a batch norm composed of primitives, over all axes but the last.
type batchNormNodes struct{ mean, variance, rstd, xhat, y ir.Value }

func (b *builder) batchNorm(x, gamma, beta ir.Value) batchNormNodes {
	dims := x.Shape().Dimensions
	c := dims[3]
	n := b.num(float64(product(dims[:3]...)))
	row := func(v ir.Value) ir.Value { return b.spread(b.reshape(v, 1, 1, 1, c), dims, 0, 1, 2, 3) }
	mean := b.div(b.sum(x, 0, 1, 2), n)
	centred := b.sub(x, row(mean))
	variance := b.div(b.sum(b.mul(centred, centred), 0, 1, 2), n)
	rstd := b.rsqrt(b.add(variance, b.num(1e-5)))
	xhat := b.mul(centred, row(rstd))
	return batchNormNodes{mean, variance, rstd, xhat, b.add(b.mul(xhat, row(gamma)), row(beta))}
}

// batchNormBackward is the gradient of relu(batch norm) with respect to x, gamma and beta.
func (b *builder) batchNormBackward(bn batchNormNodes, gamma, dy ir.Value) (dx, dGamma, dBeta ir.Value) {
	dims := dy.Shape().Dimensions
	row := func(v ir.Value) ir.Value { return b.spread(b.reshape(v, 1, 1, 1, dims[3]), dims, 0, 1, 2, 3) }
	n := b.num(float64(product(dims[:3]...)))
	dz := b.do(compute.OpTypeWhere, nil, b.positive(bn.y), dy, b.num(0))
	dBeta = b.sum(dz, 0, 1, 2)
	dGamma = b.sum(b.mul(dz, bn.xhat), 0, 1, 2)
	inner := b.sub(b.sub(dz, row(b.div(dBeta, n))), b.mul(bn.xhat, row(b.div(dGamma, n))))
	return b.mul(inner, row(b.mul(gamma, bn.rstd))), dGamma, dBeta
}

func TestBatchNormForwardPasses(t *testing.T) {
	b := newBuilder(t)
	x, gamma, beta := b.f32(4, 6, 5, 8), b.f32(8), b.f32(8)
	bn := b.batchNorm(x, gamma, beta)
	f := b.returns(b.relu(bn.y), bn.mean, bn.variance)
	g := optimise(t, f)
	checkSame(t, f, g, 1e-5)
	if got := bigPasses(g, 960); got != 3 {
		t.Errorf("%d passes over the data, want 3: mean, variance, result with its relu\n%v", got, g)
	}
}

// The forward and the backward pass together: between them lies a layer that is not fused.
func TestBatchNormTrainingPasses(t *testing.T) {
	b := newBuilder(t)
	x, gamma, beta := b.f32(4, 6, 5, 8), b.f32(8), b.f32(8)
	bn := b.batchNorm(x, gamma, beta)
	dy := b.reverse(b.relu(bn.y), 1)
	dx, dGamma, dBeta := b.batchNormBackward(bn, gamma, dy)
	f := b.returns(dx, dGamma, dBeta)
	g := optimise(t, f)
	checkSame(t, f, g, 1e-5)
	if got := bigPasses(g, 960); got != 5 {
		t.Errorf("%d passes over the data, want 5: three forward, both sums, the gradient\n%v", got, g)
	}
	for _, n := range g.Nodes {
		if p, ok := n.Attr.(*fused.Program); ok && len(p.Dims) == 4 && len(p.Outputs) > 1 && p.Outputs[0].Kind == fused.Store {
			t.Errorf("stores a value that can be computed again from what is read anyway: %v", n)
		}
	}
}

func TestBatchNormOperations(t *testing.T) {
	for _, axis := range []int{3, 1} {
		b := newBuilder(t)
		x, dy := b.f32(4, 8, 5, 8), b.f32(4, 8, 5, 8)
		scale, offset := b.f32(8), b.f32(8)
		a := ir.BatchNormAttr{Epsilon: 1e-3, Axis: axis}
		train := b.nodeOf(compute.OpTypeBatchNormForTraining, a, x, scale, offset)
		grad := b.nodeOf(compute.OpTypeBatchNormGradient, a, x, scale, train.Value(1), train.Value(2), dy)
		infer := b.do(compute.OpTypeBatchNormForInference, a, x, scale, offset, train.Value(1), train.Value(2))
		f := b.returns(train.Value(0), train.Value(1), train.Value(2), grad.Value(0), grad.Value(1), grad.Value(2), infer)
		g := optimise(t, f)
		checkSame(t, f, g, 1e-5)
		if got := bigPasses(g, 1280); got > 5 {
			t.Errorf("axis %d: %d passes over the data, want at most 5\n%v", axis, got, g)
		}
	}
}

func TestOptimizerPasses(t *testing.T) {
	b := newBuilder(t)
	lr := b.f32()
	var out []ir.Value
	for _, dims := range [][]int{{3, 3, 8, 16}, {16}, {3, 3, 8, 16}} {
		w, g, m, v := b.f32(dims...), b.f32(dims...), b.f32(dims...), b.f32(dims...)
		m = b.add(b.mul(m, b.num(0.9)), b.mul(g, b.num(0.1)))
		v = b.add(b.mul(v, b.num(0.999)), b.mul(b.mul(g, g), b.num(0.001)))
		root := b.add(b.do(compute.OpTypeSqrt, nil, b.do(compute.OpTypeAbs, nil, v)), b.num(1e-8))
		step := b.mul(b.div(m, root), b.spread(lr, dims))
		out = append(out, b.sub(w, step), m, v)
	}
	f := b.returns(out...)
	g := optimise(t, f)
	checkSame(t, f, g, 1e-5)
	if got := count(g, ir.OpFused); got != 3 {
		t.Errorf("%d programs for 3 variables\n%v", got, g)
	}
}

func TestMomentumPasses(t *testing.T) {
	b := newBuilder(t)
	w, grad, m, lr := b.f32(64, 10), b.f32(64, 10), b.f32(64, 10), b.f32()
	grad = b.add(grad, b.mul(w, b.num(5e-4)))
	next := b.add(b.mul(m, b.num(0.9)), grad)
	nesterov := b.add(grad, b.mul(next, b.num(0.9)))
	f := b.returns(b.sub(w, b.mul(nesterov, lr)), next)
	g := optimise(t, f)
	checkSame(t, f, g, 1e-5)
	if got := count(g, ir.OpFused); got != 1 {
		t.Errorf("%d programs, want 1\n%v", got, g)
	}
}

func TestSoftmaxCrossEntropyPasses(t *testing.T) {
	b := newBuilder(t)
	x, target := b.f32(32, 10), b.f32(32, 10)
	keep := func(v ir.Value) ir.Value { return b.reshape(v, 32, 1) }
	shifted := b.sub(x, keep(b.do(compute.OpTypeReduceMax, ir.ReduceAttr{Axes: []int{1}}, x)))
	total := b.sum(b.exp(shifted), 1)
	logits := b.sub(shifted, keep(b.do(compute.OpTypeLog, nil, total)))
	loss := b.sum(b.mul(logits, target), 0, 1)
	grad := b.sub(b.div(b.exp(shifted), keep(total)), target)
	f := b.returns(loss, grad)
	g := optimise(t, f)
	checkSame(t, f, g, 1e-5)
	if got := bigPasses(g, 320); got != 3 {
		t.Errorf("%d passes over the data, want 3: maximum, sum, loss with gradient\n%v", got, g)
	}
}

// A residual block's mask is needed by several programs; it is stored once instead of reading three tensors in each.
func TestSharedValueIsStored(t *testing.T) {
	b := newBuilder(t)
	x, skip, dy := b.f32(4, 6, 5, 8), b.f32(4, 6, 5, 8), b.f32(4, 6, 5, 8)
	dz := b.do(compute.OpTypeWhere, nil, b.positive(b.add(x, skip)), dy, b.num(0))
	first := b.sum(dz, 0, 1, 2)
	second := b.mul(dz, b.spread(first, dz.Shape().Dimensions, 3))
	third := b.mul(dz, b.spread(b.sum(second, 0, 1, 2), dz.Shape().Dimensions, 3))
	f := b.returns(third)
	g := optimise(t, f)
	checkSame(t, f, g, 1e-5)
	for _, n := range g.Nodes {
		if p, ok := n.Attr.(*fused.Program); ok && len(p.Outputs) == 2 {
			return
		}
	}
	t.Errorf("no program stores the masked gradient besides its sum\n%v", g)
}

func TestFusedMasksAndConversions(t *testing.T) {
	for _, dtype := range []dtypes.DType{dtypes.Float32, dtypes.Float64} {
		b := newBuilder(t)
		x, y := b.param(dtype, 3, 1, 7), b.param(dtype, 1, 5, 7)
		flag := b.param(dtypes.Bool, 3, 5, 7)
		less := b.do(compute.OpTypeLessThan, nil, x, y)
		both := b.do(compute.OpTypeLogicalAnd, nil, less, flag)
		either := b.do(compute.OpTypeWhere, nil, flag, less, b.do(compute.OpTypeLogicalNot, nil, both))
		asNumber := b.do(compute.OpTypeConvertDType, ir.DTypeAttr{DType: dtype}, either)
		clamped := b.do(compute.OpTypeClamp, nil, b.number(dtype, -0.5), b.add(x, y), b.number(dtype, 0.5))
		asMask := b.do(compute.OpTypeConvertDType, ir.DTypeAttr{DType: dtypes.Bool}, clamped)
		f := b.returns(b.mul(asNumber, clamped), both, asMask, b.do(compute.OpTypeIsNaN, nil, b.do(compute.OpTypeLog, nil, clamped)))
		g := optimise(t, f)
		checkSame(t, f, g, 1e-6)
		if got := count(g, ir.OpFused); got != 1 || len(g.Nodes) != 4 {
			t.Errorf("%d programs of %d nodes, want 1 of 4\n%v", got, len(g.Nodes), g)
		}
	}
}

// A group may not read a value that it has to finish first, not even by a detour.
func TestFusionMakesNoCycle(t *testing.T) {
	b := newBuilder(t)
	x := b.f32(6, 8)
	a := b.exp(x)
	detour := b.reverse(a, 0) // not fused
	f := b.returns(a, b.add(b.add(x, detour), a), b.sum(x, 0), b.mul(x, b.spread(b.sum(a, 1), []int{6, 8}, 0)))
	checkSame(t, f, optimise(t, f), 1e-5)
}

// Long chains are cut into programs of bounded length.
func TestLongChains(t *testing.T) {
	b := newBuilder(t)
	x := b.f32(10)
	y := x
	for i := range 500 {
		y = b.add(b.mul(y, b.num(0.5+float64(i)/1e4)), x)
	}
	params := []ir.Value{}
	for range 100 {
		params = append(params, b.f32(10))
	}
	for _, p := range params {
		y = b.add(y, p)
	}
	f := b.returns(y)
	g := optimise(t, f)
	checkSame(t, f, g, 1e-5)
	for _, n := range g.Nodes {
		if p, ok := n.Attr.(*fused.Program); ok && (len(p.Code) > 2*maxProgramOps || len(p.Inputs) > maxProgramInputs+2) {
			t.Errorf("%d instructions, %d inputs", len(p.Code), len(p.Inputs))
		}
	}
}

func TestContraction(t *testing.T) {
	b := newBuilder(t)
	x, y, z := b.f32(16), b.f32(16), b.f32(16)
	product := b.mul(x, y)
	f := b.returns(b.add(product, z))
	has := func(g *ir.Func) bool {
		for _, n := range g.Nodes {
			if p, ok := n.Attr.(*fused.Program); ok {
				for _, c := range p.Code {
					if c.Op == fused.FMA {
						return len(p.Code) == 1
					}
				}
			}
		}
		return false
	}
	if g := optimise(t, f); !has(g) {
		t.Errorf("not contracted\n%v", g)
	}
	if g := optimise(t, f, "fma"); has(g) {
		t.Errorf("contracted although fma is off\n%v", g)
	}
	f.Outputs = append(f.Outputs, product)
	if g := optimise(t, f); has(g) {
		t.Errorf("contracted although the product is needed\n%v", g)
	}
}

func TestScalarsAndEmpty(t *testing.T) {
	b := newBuilder(t)
	x, y, empty := b.f32(), b.f32(1, 1), b.f32(0, 3)
	f := b.returns(b.exp(b.add(x, b.num(2))), b.mul(y, y), b.exp(empty), b.sum(empty, 0), b.add(empty, x))
	checkSame(t, f, optimise(t, f), 1e-6)
}

// The gradient of an activation after a convolution with bias reads the activation, so that the convolution's own
// output is not kept.
func TestActivationGradientReadsActivation(t *testing.T) {
	c := testConvs[0]
	for i := range 4 {
		leaky, biased := i&1 != 0, i&2 != 0
		b := newBuilder(t)
		x, k := b.f32(c.x()...), b.f32(c.k()...)
		s := c.forward(b, x, k)
		if biased {
			s = b.add(s, b.spread(b.f32(c.o), c.y(), 3))
		}
		a, slope := b.relu(s), b.num(0)
		if leaky {
			slope = b.do(compute.OpTypeWhere, nil, b.positive(s), b.num(1), b.num(0.2))
			a = b.mul(s, slope)
		}
		dy := b.add(b.reverse(a, 1), b.num(1)) // stands for the rest of the network
		ds := b.do(compute.OpTypeWhere, nil, b.positive(s), dy, b.num(0))
		if leaky {
			ds = b.mul(dy, slope)
		}
		f := b.returns(b.reverse(ds, 2), b.sum(ds, 0, 1, 2))
		g := optimise(t, f)
		checkSame(t, f, g, 1e-5)
		for _, n := range g.Nodes {
			if n.Op == ir.OpConv && len(n.Shapes) != 1 {
				t.Errorf("leaky %v, biased %v: the convolution's output is kept besides the activation\n%v", leaky, biased, g)
			}
		}
	}
}

func TestFactorSums(t *testing.T) {
	b := newBuilder(t)
	x, dz, gamma, r := b.f32(4, 6, 5, 8), b.f32(4, 6, 5, 8), b.f32(8), b.f32(8)
	row := func(v ir.Value) ir.Value { return b.spread(v, x.Shape().Dimensions, 3) }
	xhat := b.mul(x, row(r))
	scaled := b.mul(dz, row(gamma))
	perPicture := b.mul(dz, b.reshape(b.sum(x, 1, 2, 3), 4, 1, 1, 1)) // stays: it differs along a summed axis
	f := b.returns(b.sum(dz, 0, 1, 2), b.sum(scaled, 0, 1, 2), b.sum(b.mul(dz, xhat), 0, 1, 2), b.sum(b.mul(scaled, xhat), 0, 1, 2),
		b.sum(b.div(x, b.num(7)), 0, 1, 2, 3), b.sum(perPicture, 0, 1, 2))
	g := optimise(t, f, "fuse")
	checkSame(t, f, g, 1e-5)
	if n := count(g, op(compute.OpTypeReduceSum)); n != 5 {
		t.Errorf("%d sums, want those of dz, dz·x, all of x, x by picture, and the last\n%v", n, g)
	}
}
