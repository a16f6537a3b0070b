package pass

import (
	"math/rand/v2"
	"testing"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
)

func (b *builder) dot(x ir.Value, batchX, contractX []int, y ir.Value, batchY, contractY []int) ir.Value {
	return b.do(compute.OpTypeDotGeneral, ir.DotAttr{LhsContracting: contractX, LhsBatch: batchX,
		RhsContracting: contractY, RhsBatch: batchY}, x, y)
}

// moves counts the nodes that copy data around.
func moves(f *ir.Func) int {
	return count(f, op(compute.OpTypeTranspose)) + count(f, op(compute.OpTypeReverse)) + count(f, op(compute.OpTypeDotGeneral))
}

func TestProductsAbsorbTransposes(t *testing.T) {
	b := newBuilder(t)
	x, w, dy := b.f32(4, 6, 5), b.f32(5, 7), b.f32(4, 6, 7)
	y := b.dot(x, nil, []int{2}, w, nil, []int{0})
	dx := b.dot(dy, nil, []int{2}, w, nil, []int{1})
	dw := b.transpose(b.dot(dy, nil, []int{0, 1}, x, nil, []int{0, 1}), 1, 0)
	heads := b.transpose(b.reshape(x, 4, 3, 2, 5), 0, 2, 1, 3) // [4 2 3 5]
	scores := b.dot(heads, []int{0, 1}, []int{3}, heads, []int{0, 1}, []int{3})
	f := b.returns(y, dx, dw, b.reshape(scores, 8, 9))
	g := optimise(t, f)
	checkSame(t, f, g, 1e-5)
	if n := moves(g); n > 1 { // the two batch axes of the heads are not one
		t.Errorf("%d transposes or products left\n%v", n, g)
	}
}

// The Gram matrix of a picture's features and its gradient, as autodiff writes it.
func TestGramMatrix(t *testing.T) {
	b := newBuilder(t)
	x, dGram := b.f32(2, 3, 4, 5), b.f32(2, 5, 5)
	flat := b.reshape(x, 2, 12, 5)
	gram := b.dot(flat, []int{0}, []int{1}, flat, []int{0}, []int{1})
	left := b.transpose(b.dot(dGram, []int{0}, []int{2}, flat, []int{0}, []int{2}), 0, 2, 1)
	right := b.transpose(b.dot(dGram, []int{0}, []int{1}, flat, []int{0}, []int{2}), 0, 2, 1)
	f := b.returns(gram, b.reshape(b.add(left, right), 2, 3, 4, 5))
	g := optimise(t, f)
	checkSame(t, f, g, 1e-5)
	if count(g, ir.OpSyrk) != 1 || count(g, ir.OpMatMul) != 1 || moves(g) != 1 {
		t.Errorf("want one symmetric product, one product, one transpose of the small matrix\n%v", g)
	}
}

func TestGramGradientOfOneMatrixOnly(t *testing.T) {
	b := newBuilder(t)
	x, g1, g2 := b.f32(12, 5), b.f32(5, 5), b.f32(5, 5)
	f := b.returns(b.add(b.dot(x, nil, []int{1}, g1, nil, []int{0}), b.dot(x, nil, []int{1}, g2, nil, []int{1})))
	g := optimise(t, f)
	checkSame(t, f, g, 1e-5)
	if count(g, ir.OpMatMul) != 2 {
		t.Errorf("%v", g)
	}
}

func TestFusedDense(t *testing.T) {
	for _, layout := range []compute.DenseLayout{compute.DenseLayoutInputOutputs, compute.DenseLayoutOutputsInput} {
		for _, activation := range []compute.ActivationType{compute.ActivationNone, compute.ActivationGelu,
			compute.ActivationRelu, compute.ActivationSilu, compute.ActivationHardSwish, compute.ActivationTanh} {
			b := newBuilder(t)
			w := []int{5, 3, 2}
			if layout == compute.DenseLayoutOutputsInput {
				w = []int{3, 2, 5}
			}
			a := ir.DenseAttr{Config: compute.DenseConfig{Activation: activation, WeightLayout: layout}, HasBias: true}
			f := b.returns(b.do(compute.OpTypeFusedDense, a, b.f32(4, 5), b.f32(w...), b.f32(3, 2)))
			g := optimise(t, f)
			checkSame(t, f, g, 1e-5)
			if count(g, ir.OpMatMul) != 1 {
				t.Errorf("%v, %v: no product\n%v", layout, activation, g)
			}
		}
	}
}

func TestDecomposedLayers(t *testing.T) {
	b := newBuilder(t)
	x, gamma, beta := b.f32(3, 4, 5), b.f32(4, 5), b.f32(4, 5)
	f := b.returns(
		b.do(compute.OpTypeFusedSoftmax, ir.SoftmaxAttr{Axis: 1}, x),
		b.do(compute.OpTypeFusedGelu, ir.GeluAttr{Exact: true}, x),
		b.do(compute.OpTypeFusedGelu, ir.GeluAttr{}, x),
		b.do(compute.OpTypeFusedLayerNorm, ir.LayerNormAttr{Axes: []int{1, 2}, Epsilon: 1e-3, HasGamma: true, HasBeta: true}, x, gamma, beta),
		b.do(compute.OpTypeFusedLayerNorm, ir.LayerNormAttr{Axes: []int{0}, Epsilon: 1e-3}, x))
	g := optimise(t, f)
	checkSame(t, f, g, 1e-5)
	for _, n := range g.Nodes {
		if n.Op >= op(compute.OpTypeFusedSoftmax) && n.Op < ir.OpFused {
			t.Errorf("%v is left", n)
		}
	}
}

// randomDot is any product that DotGeneral allows, its operands and result moved around.
func randomDot(b *builder, r *rand.Rand) ir.Value {
	dtype := []dtypes.DType{dtypes.Float32, dtypes.Float64}[r.IntN(2)]
	batch, contract := r.IntN(3), r.IntN(3)
	shared := make([]int, batch+contract)
	for i := range shared {
		shared[i] = 1 + r.IntN(3)
	}
	side := func() (v ir.Value, batchAxes, contracting []int) {
		rank := len(shared) + r.IntN(3)
		perm := r.Perm(rank) // axis perm[i] has meaning i: batch, contracted, free
		dims := make([]int, rank)
		for i, a := range perm {
			if dims[a] = 1 + r.IntN(3); i < len(shared) {
				dims[a] = shared[i]
			}
		}
		if r.IntN(2) == 0 {
			v = b.param(dtype, dims...)
		} else { // what comes in is a transpose of a reshape
			order := r.Perm(rank)
			flat := b.param(dtype, product(dims...))
			v = b.transpose(b.reshape(flat, permuted(dims, inverse(order))...), order...)
		}
		return v, perm[:batch], perm[batch:len(shared)]
	}
	x, batchX, contractX := side()
	y, batchY, contractY := side()
	if r.IntN(4) == 0 {
		y, batchY, contractY = x, batchX, contractX
	}
	out := b.dot(x, batchX, contractX, y, batchY, contractY)
	if r.IntN(2) == 0 {
		out = b.transpose(out, r.Perm(out.Shape().Rank())...)
	}
	return out
}

func TestRandomProducts(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 1500 {
		b := newBuilder(t)
		f := b.returns(randomDot(b, r))
		g := optimise(t, f)
		checkSame(t, f, g, 1e-5)
		if count(g, op(compute.OpTypeDotGeneral)) != 0 {
			t.Fatalf("not recognised\n%v", f)
		}
	}
}
