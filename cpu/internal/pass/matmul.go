package pass

import (
	"cmp"
	"slices"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// recogniseProducts replaces float32 and float64 DotGeneral nodes by OpMatMul, which reads its operands through
// strides, so that most transposes around a product disappear; float32 products of a matrix with its own transpose by
// OpSyrk; and x·G + x·Gᵀ, the gradient of a Gram matrix, by x·(G + Gᵀ).
func recogniseProducts(f *ir.Func) bool {
	changed := rewrite(f, func(e *editor, n *ir.Node) ([]ir.Value, bool) {
		if n.Op != op(compute.OpTypeDotGeneral) {
			return nil, false
		}
		return matMul(e, n)
	})
	users := readers(f)
	changed = rewrite(f, func(e *editor, n *ir.Node) ([]ir.Value, bool) {
		return transposedProduct(e, n, users)
	}) || changed
	removeDead(f)
	users = readers(f)
	changed = rewrite(f, func(e *editor, n *ir.Node) ([]ir.Value, bool) {
		return gramGradient(e, n, users)
	}) || changed
	return rewrite(f, symmetricProduct) || changed
}

// strided is a value seen as an array of other dimensions, with strides in elements.
type strided struct {
	value         ir.Value
	dims, strides []int
}

// stridedView looks through the transposes and reshapes before v that strides can express.
func stridedView(v ir.Value) strided {
	n := v.Node
	dims := v.Shape().Dimensions
	switch n.Op {
	case op(compute.OpTypeTranspose):
		x := stridedView(n.Inputs[0])
		return strided{x.value, dims, permuted(x.strides, n.Attr.(ir.TransposeAttr).Perm)}
	case op(compute.OpTypeReshape):
		x := stridedView(n.Inputs[0])
		if strides, ok := reshapeStrides(x, dims); ok {
			return strided{x.value, dims, strides}
		}
	}
	return strided{v, dims, rowMajor(dims)}
}

// reshapeStrides are the strides with which x can be read in the dimensions dims, if there are any: the axes of both
// are matched in runs of the same size, and each run of x must be walked with a single stride unless it has but one
// axis on either side.
func reshapeStrides(x strided, dims []int) ([]int, bool) {
	strides := make([]int, len(dims))
	from := longAxes(x.dims)
	to := longAxes(dims)
	for len(to) > 0 || len(from) > 0 {
		if len(to) == 0 || len(from) == 0 {
			return nil, false
		}
		i, j := 1, 1
		a, b := x.dims[from[0]], dims[to[0]]
		for a != b {
			switch {
			case a < b && i < len(from):
				a *= x.dims[from[i]]
				i++
			case a > b && j < len(to):
				b *= dims[to[j]]
				j++
			default:
				return nil, false
			}
		}
		_, stride, ok := collapse(x.dims, x.strides, from[:i])
		if !ok {
			return nil, false
		}
		for k := j - 1; k >= 0; k-- {
			strides[to[k]] = stride
			stride *= dims[to[k]]
		}
		from, to = from[i:], to[j:]
	}
	return strides, true
}

// collapse walks several axes as one: its length and stride, if there is such a stride.
func collapse(dims, strides, axes []int) (size, stride int, ok bool) {
	size, stride = 1, 1
	for i := len(axes) - 1; i >= 0; i-- {
		a := axes[i]
		switch {
		case dims[a] == 1:
		case size == 1:
			size, stride = dims[a], strides[a]
		case strides[a] == stride*size:
			size *= dims[a]
		default:
			return 0, 0, false
		}
	}
	return size, stride, true
}

// product operand: batch, free and contracted axes of one side.
type dotSide struct {
	view                     strided
	batch, free, contracting []int
}

func newDotSide(v ir.Value, batch, contracting []int) dotSide {
	s := dotSide{view: stridedView(v), batch: batch, contracting: contracting}
	for a := range v.Shape().Rank() {
		if !slices.Contains(batch, a) && !slices.Contains(contracting, a) {
			s.free = append(s.free, a)
		}
	}
	return s
}

// matrices are the strides of a side as a batch of matrices; false if it has no such strides.
func (s dotSide) matrices() (batch, free, contracting int, ok bool) {
	_, batch, okBatch := collapse(s.view.dims, s.view.strides, s.batch)
	_, free, okFree := collapse(s.view.dims, s.view.strides, s.free)
	_, contracting, okContracting := collapse(s.view.dims, s.view.strides, s.contracting)
	return batch, free, contracting, okBatch && okFree && okContracting
}

// packed copies a side into batch, free, contracted order.
func (s dotSide) packed(e *editor, v ir.Value) dotSide {
	perm := slices.Concat(s.batch, s.free, s.contracting)
	t := e.transpose(v, perm...)
	dims := permuted(v.Shape().Dimensions, perm)
	p := dotSide{view: strided{t, dims, rowMajor(dims)}}
	for i := range perm {
		switch {
		case i < len(s.batch):
			p.batch = append(p.batch, i)
		case i < len(s.batch)+len(s.free):
			p.free = append(p.free, i)
		default:
			p.contracting = append(p.contracting, i)
		}
	}
	return p
}

// matMul turns a DotGeneral into an OpMatMul.
func matMul(e *editor, n *ir.Node) ([]ir.Value, bool) {
	attr := n.Attr.(ir.DotAttr)
	a, b := n.Inputs[0], n.Inputs[1]
	dtype := n.Shapes[0].DType
	if !isFloat(dtype) || a.Shape().DType != dtype || n.Shapes[0].Size() == 0 || a.Shape().Size() == 0 ||
		attr.Config.AccumulatorDType != dtypes.InvalidDType && attr.Config.AccumulatorDType != dtype {
		return nil, false
	}
	l := newDotSide(a, attr.LhsBatch, attr.LhsContracting)
	r := newDotSide(b, attr.RhsBatch, attr.RhsContracting)
	// Sums may be taken in any order of the contracted axes: that of lhs in memory.
	order := make([]int, len(l.contracting))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		return cmp.Compare(l.view.strides[l.contracting[j]], l.view.strides[l.contracting[i]])
	})
	l.contracting, r.contracting = permuted(l.contracting, order), permuted(r.contracting, order)
	batchA, rowA, colA, ok := l.matrices()
	if !ok {
		l = l.packed(e, a)
		batchA, rowA, colA, _ = l.matrices()
	}
	batchB, colB, rowB, ok := r.matrices()
	if !ok {
		r = r.packed(e, b)
		batchB, colB, rowB, _ = r.matrices()
	}
	size := func(s dotSide, axes []int) int { return product(permuted(s.view.dims, axes)...) }
	m := ir.MatMulAttr{Batch: size(l, l.batch), M: size(l, l.free), N: size(r, r.free), K: size(l, l.contracting),
		BatchA: batchA, RowA: rowA, ColA: colA, BatchB: batchB, RowB: rowB, ColB: colB}
	return []ir.Value{e.addNode(ir.OpMatMul, m, []ir.Value{l.view.value, r.view.value}, n.Shapes[0]).Value(0)}, true
}

// transposedProduct: (A·B)ᵀ = Bᵀ·Aᵀ, where the transpose is the only reader of the product.
func transposedProduct(e *editor, n *ir.Node, users map[*ir.Node][]*ir.Node) ([]ir.Value, bool) {
	if n.Op != op(compute.OpTypeTranspose) {
		return nil, false
	}
	p := n.Inputs[0].Node
	m, ok := p.Attr.(ir.MatMulAttr)
	if !ok || len(users[p]) != 1 || !swapsMatrix(p.Shapes[0].Dimensions, n.Attr.(ir.TransposeAttr).Perm, m) {
		return nil, false
	}
	t := ir.MatMulAttr{Batch: m.Batch, M: m.N, N: m.M, K: m.K, BatchA: m.BatchB, RowA: m.ColB, ColA: m.RowB,
		BatchB: m.BatchA, RowB: m.ColA, ColB: m.RowA}
	return []ir.Value{e.addNode(ir.OpMatMul, t, []ir.Value{p.Inputs[1], p.Inputs[0]}, n.Shapes[0]).Value(0)}, true
}

// swapsMatrix reports whether perm exchanges the rows' axes with the columns' of a batch of M×N matrices.
func swapsMatrix(dims, perm []int, m ir.MatMulAttr) bool {
	long := slices.DeleteFunc(slices.Clone(perm), func(a int) bool { return dims[a] == 1 })
	batch := 0
	for size := 1; size < m.Batch && batch < len(long); batch++ {
		size *= dims[long[batch]]
	}
	if !slices.IsSorted(long[:batch]) || product(permuted(dims, long[:batch])...) != m.Batch {
		return false
	}
	rest := long[batch:]
	columns := 0
	for size := 1; size < m.N && columns < len(rest); columns++ {
		size *= dims[rest[columns]]
	}
	cols, rows := rest[:columns], rest[columns:]
	if product(permuted(dims, cols)...) != m.N || !slices.IsSorted(cols) || !slices.IsSorted(rows) {
		return false
	}
	// In the product's own order rows come before columns, and the batch before both.
	inOrder := slices.Concat(long[:batch], rows, cols)
	return slices.IsSorted(inOrder)
}

// gramGradient: x·G + x·Gᵀ = x·(G + Gᵀ), with one product instead of two.
func gramGradient(e *editor, n *ir.Node, users map[*ir.Node][]*ir.Node) ([]ir.Value, bool) {
	if n.Op != op(compute.OpTypeAdd) {
		return nil, false
	}
	p, q := n.Inputs[0].Node, n.Inputs[1].Node
	if p == q || p.Op != ir.OpMatMul || q.Op != ir.OpMatMul || len(users[p]) != 1 || len(users[q]) != 1 ||
		!p.Shapes[0].Equal(q.Shapes[0]) || p.Inputs[0] != q.Inputs[0] || p.Inputs[1] != q.Inputs[1] {
		return nil, false
	}
	m, transposed := p.Attr.(ir.MatMulAttr), q.Attr.(ir.MatMulAttr)
	transposed.RowB, transposed.ColB = transposed.ColB, transposed.RowB
	g := p.Inputs[1]
	if m != transposed || m.K != m.N || min(m.RowB, m.ColB) != 1 || max(m.RowB, m.ColB) != m.N ||
		g.Shape().Size() != m.Batch*m.K*m.N || m.Batch > 1 && m.BatchB != m.K*m.N {
		return nil, false
	}
	square := e.reshape(g, m.Batch, m.K, m.N)
	sum := e.add(compute.OpTypeAdd, nil, square.Shape(), square, e.transpose(square, 0, 2, 1))
	m.BatchB, m.RowB, m.ColB = m.K*m.N, m.N, 1
	return []ir.Value{e.addNode(ir.OpMatMul, m, []ir.Value{p.Inputs[0], sum}, shapes.Make(n.Shapes[0].DType, n.Shapes[0].Dimensions...)).Value(0)}, true
}

// symmetricProduct: AᵀA reads one matrix and needs half the work.
func symmetricProduct(e *editor, n *ir.Node) ([]ir.Value, bool) {
	m, ok := n.Attr.(ir.MatMulAttr)
	if !ok || n.Op != ir.OpMatMul || n.Shapes[0].DType != dtypes.Float32 || n.Inputs[0] != n.Inputs[1] || m.M != m.N ||
		m.RowA != m.ColB || m.ColA != m.RowB || m.Batch > 1 && m.BatchA != m.BatchB {
		return nil, false
	}
	return []ir.Value{e.addNode(ir.OpSyrk, m, n.Inputs[:1], n.Shapes[0]).Value(0)}, true
}
