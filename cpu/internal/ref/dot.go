package ref

import (
	"fmt"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
)

// chooseDot covers DotGeneral. Floats are summed in float64, integers wrap in the accumulator's dtype; the sum is
// rounded to the accumulator's dtype and converted to the output's.
func chooseDot(n *ir.Node) evalFunc {
	in := n.Inputs[0].Shape().DType
	acc, ok := dotAccumulation(in, n.Shapes[0].DType, n.Attr.(ir.DotAttr).Config)
	if !ok || n.Inputs[1].Shape().DType != in {
		return nil
	}
	return dotIn(acc)
}

func dotIn(acc accumulation) evalFunc {
	switch acc.class {
	case classFloat:
		return dotGeneral(floatView, acc.floats)
	case classInt:
		return dotGeneral(intView, acc.ints)
	case classUint:
		return dotGeneral(uintView, acc.uints)
	case classComplex:
		return dotGeneral(complexView, complexSink)
	}
	return nil
}

// dotPlan sorts the operands' axes into three groups, each with its dimensions and the strides in one or both
// operands: batch axes, contracted axes, and each side's own. Neighbours are merged where that is possible.
type dotPlan struct {
	batch, contract axisPairs
	lhs, rhs        axisPairs // own axes; only strides[0] is used
}

// axisPairs is a list of axes with a stride in each of two arrays.
type axisPairs struct {
	dims    []int
	strides [2][]int
}

func (p *axisPairs) add(dim, s0, s1 int) {
	if last := len(p.dims) - 1; last >= 0 && p.strides[0][last] == s0*dim && p.strides[1][last] == s1*dim {
		p.dims[last] *= dim
		p.strides[0][last], p.strides[1][last] = s0, s1
		return
	}
	p.dims = append(p.dims, dim)
	p.strides[0], p.strides[1] = append(p.strides[0], s0), append(p.strides[1], s1)
}

// split takes the last axis off, which becomes the inner loop: its dimension and strides, 1 and 0 if there is none.
func (p *axisPairs) split() (dim, s0, s1 int) {
	last := len(p.dims) - 1
	if last < 0 {
		return 1, 0, 0
	}
	dim, s0, s1 = p.dims[last], p.strides[0][last], p.strides[1][last]
	p.dims, p.strides[0], p.strides[1] = p.dims[:last], p.strides[0][:last], p.strides[1][:last]
	return dim, s0, s1
}

func planDot(a ir.DotAttr, lhs, rhs []int) (*dotPlan, error) {
	p := &dotPlan{}
	ls, rs := stridesOf(lhs), stridesOf(rhs)
	pair := func(to *axisPairs, la, ra []int) error {
		if len(la) != len(ra) {
			return fmt.Errorf("axes %v and %v", la, ra)
		}
		for i := range la {
			if la[i] < 0 || la[i] >= len(lhs) || ra[i] < 0 || ra[i] >= len(rhs) || lhs[la[i]] != rhs[ra[i]] {
				return fmt.Errorf("axes %v and %v of %v and %v", la, ra, lhs, rhs)
			}
			to.add(lhs[la[i]], ls[la[i]], rs[ra[i]])
		}
		return nil
	}
	if err := pair(&p.batch, a.LhsBatch, a.RhsBatch); err != nil {
		return nil, err
	}
	if err := pair(&p.contract, a.LhsContracting, a.RhsContracting); err != nil {
		return nil, err
	}
	own := func(to *axisPairs, dims, strides, used, used2 []int) {
		for _, axis := range without(len(dims), append(append([]int(nil), used...), used2...)) {
			to.add(dims[axis], strides[axis], strides[axis])
		}
	}
	own(&p.lhs, lhs, ls, a.LhsBatch, a.LhsContracting)
	own(&p.rhs, rhs, rs, a.RhsBatch, a.RhsContracting)
	return p, nil
}

func dotGeneral[A numeric](from func(tensor.Tensor) view[A], to func(tensor.Tensor) sink[A]) evalFunc {
	return func(n *ir.Node, in, out []tensor.Tensor) error {
		p, err := planDot(n.Attr.(ir.DotAttr), in[0].Shape.Dimensions, in[1].Shape.Dimensions)
		if err != nil {
			return err
		}
		size := product(p.batch.dims) * product(p.lhs.dims) * product(p.rhs.dims)
		if size != out[0].Shape.Size() {
			return fmt.Errorf("%d elements do not fit %s", size, out[0].Shape)
		}
		if size == 0 {
			return nil
		}
		newDotLoop(p, from(in[0]), from(in[1]), to(out[0])).run()
		return nil
	}
}

// dotLoop computes rows of the output: for one index of the batch and of the left side's axes, runs along the right
// side's last axis, or single elements where the contracted axis is the longer one.
type dotLoop[A numeric] struct {
	p          *dotPlan
	lhs        view[A]
	rhs        matrix[A]
	out        sink[A]
	n, nStride int // the right side's last axis
	k          int // the last contracted axis, and its strides
	kLhs, kRhs int

	contract  []int // index of the outer contracted axes
	buf, sums [blockLen]A
}

func newDotLoop[A numeric](p *dotPlan, lhs, rhs view[A], out sink[A]) *dotLoop[A] {
	l := &dotLoop[A]{p: p, lhs: lhs, rhs: matrix[A]{view: rhs}, out: out}
	l.n, l.nStride, _ = p.rhs.split()
	l.k, l.kLhs, l.kRhs = p.contract.split()
	l.contract = make([]int, len(p.contract.dims))
	return l
}

func (l *dotLoop[A]) run() {
	at := 0
	batch, rows, cols := make([]int, len(l.p.batch.dims)), make([]int, len(l.p.lhs.dims)), make([]int, len(l.p.rhs.dims))
	for range product(l.p.batch.dims) {
		for range product(l.p.lhs.dims) {
			a := dot(batch, l.p.batch.strides[0]) + dot(rows, l.p.lhs.strides[0])
			for range product(l.p.rhs.dims) {
				b := dot(batch, l.p.batch.strides[1]) + dot(cols, l.p.rhs.strides[0])
				for done := 0; done < l.n; done += blockLen {
					sums := l.sums[:min(blockLen, l.n-done)]
					clear(sums)
					l.block(sums, a, b+done*l.nStride)
					l.out.store(sums, at, 1)
					at += len(sums)
				}
				next(cols, l.p.rhs.dims)
			}
			next(rows, l.p.lhs.dims)
		}
		next(batch, l.p.batch.dims)
	}
}

// block adds to sums the products of the left row at a and the right columns from b on.
func (l *dotLoop[A]) block(sums []A, a, b int) {
	byColumn := l.kRhs == 1 && l.nStride != 1 || len(sums) < 4
	for range product(l.p.contract.dims) {
		offA, offB := a+dot(l.contract, l.p.contract.strides[0]), b+dot(l.contract, l.p.contract.strides[1])
		for done := 0; done < l.k; done += blockLen {
			n := min(blockLen, l.k-done)
			left := l.lhs.row(l.buf[:], offA+done*l.kLhs, l.kLhs, n)
			if byColumn {
				l.rhs.addInner(sums, left, offB+done*l.kRhs, l.nStride, l.kRhs)
			} else {
				l.rhs.addRows(sums, left, offB+done*l.kRhs, l.kRhs, l.nStride)
			}
		}
		next(l.contract, l.p.contract.dims)
	}
}
