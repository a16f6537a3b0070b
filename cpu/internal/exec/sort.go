package exec

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/dtypes/float16"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
)

// sorter is a Sort: along one axis, all operands are permuted alike, by a merge sort of positions. It is stable
// whether or not that was asked for.
type sorter struct {
	comparator *Program
	operands   int
	length     int // of the axis
	inner      int // elements between neighbours on the axis
	rows       int // sorted independently
	order      *ir.SortOrder
}

func lowerSort(env *Env, n *ir.Node) (Kernel, error) {
	a := n.Attr.(ir.SortAttr)
	comparator, err := Compile(n.Calls[0], env)
	if err != nil {
		return Kernel{}, err
	}
	s := &sorter{comparator: comparator, operands: len(n.Shapes), order: a.Order, inner: 1, rows: 1}
	for axis, d := range n.Shapes[0].Dimensions {
		switch {
		case axis == a.Axis:
			s.length = d
		case axis > a.Axis:
			s.inner *= d
			s.rows *= d
		default:
			s.rows *= d
		}
	}
	k := Kernel{
		Name: "merge sort",
		// Two arrays of positions, the comparator's verdict and its arena.
		Scratch:  2*alignUp(8*s.length) + tensor.Align + comparator.arena,
		Run:      s.run,
		programs: []*Program{comparator},
	}
	if s.order != nil {
		k.Name = "merge sort of " + n.Shapes[s.order.Operand].DType.String()
	}
	return k, nil
}

func (s *sorter) run(rt *Runtime, in, out []tensor.Tensor, scratch []byte) error {
	if s.rows*s.length == 0 {
		return nil
	}
	half := alignUp(8 * s.length)
	positions, spare := tensor.View[int](scratch[:8*s.length]), tensor.View[int](scratch[half:half+8*s.length])
	rest := scratch[2*half:]
	compare, done, err := s.compare(rt, in, rest)
	if err != nil {
		return err
	}
	defer done()
	for row := range s.rows {
		base := row/s.inner*s.length*s.inner + row%s.inner
		for i := range positions {
			positions[i] = base + i*s.inner
		}
		sorted, err := mergeSort(positions, spare, compare)
		if err != nil {
			return err
		}
		for k := range s.operands {
			permute(in[k], out[k], sorted, base, s.inner)
		}
	}
	return nil
}

// less reports whether the element at position i belongs before the one at j.
type less func(i, j int) (bool, error)

// compare returns the order of the elements: a direct comparison where the comparator is one, otherwise a run of the
// comparator, whose parameters are the two elements of each operand in turn.
func (s *sorter) compare(rt *Runtime, in []tensor.Tensor, scratch []byte) (less, func(), error) {
	if s.order != nil {
		l, err := directOrder(in[s.order.Operand], s.order.Descending)
		return l, func() {}, err
	}
	f := s.comparator.acquire()
	sizes := make([]int, s.operands)
	for k := range sizes {
		sizes[k] = in[k].Shape.DType.Size()
	}
	for i, t := range in[s.operands:] {
		f.params[2*s.operands+i] = t.Data
	}
	f.results[0] = cut(scratch, 0, 1)
	arena := scratch[tensor.Align : tensor.Align+s.comparator.arena]
	return func(i, j int) (bool, error) {
		for k, size := range sizes {
			f.params[2*k] = cut(in[k].Data, i*size, size)
			f.params[2*k+1] = cut(in[k].Data, j*size, size)
		}
		err := f.run(rt, arena)
		return f.results[0][0] != 0, err
	}, func() { s.comparator.release(f) }, nil
}

// mergeSort sorts a, using b, and returns the one of the two that holds the result.
func mergeSort(a, b []int, before less) ([]int, error) {
	n := len(a)
	for width := 1; width < n; width *= 2 {
		for start := 0; start < n; start += 2 * width {
			mid, end := min(start+width, n), min(start+2*width, n)
			if err := merge(a[start:mid], a[mid:end], b[start:end], before); err != nil {
				return nil, err
			}
		}
		a, b = b, a
	}
	return a, nil
}

// merge merges two sorted lists into out; of equals, those of x come first.
func merge(x, y, out []int, before less) error {
	for k := range out {
		takeY := len(x) == 0
		if !takeY && len(y) > 0 {
			var err error
			if takeY, err = before(y[0], x[0]); err != nil {
				return err
			}
		}
		if takeY {
			out[k], y = y[0], y[1:]
		} else {
			out[k], x = x[0], x[1:]
		}
	}
	return nil
}

// permute writes the elements at the sorted positions to the row that begins at base.
func permute(in, out tensor.Tensor, sorted []int, base, stride int) {
	size := in.Shape.DType.Size()
	for i, from := range sorted {
		to := base + i*stride
		copy(out.Data[to*size:(to+1)*size], in.Data[from*size:])
	}
}

// SortOrderOf recognises a comparator that is nothing but LessThan or GreaterThan of one operand's two elements.
func SortOrderOf(f *ir.Func) *ir.SortOrder {
	n := f.Outputs[0].Node
	op := compute.OpType(n.Op)
	if op != compute.OpTypeLessThan && op != compute.OpTypeGreaterThan {
		return nil
	}
	l, r := paramIndex(n.Inputs[0].Node), paramIndex(n.Inputs[1].Node)
	if l < 0 || r < 0 || l/2 != r/2 || l == r || l >= len(f.Params)-len(f.Captures) || r >= len(f.Params)-len(f.Captures) {
		return nil
	}
	if !directlyOrdered(n.Inputs[0].Shape().DType) {
		return nil
	}
	return &ir.SortOrder{Operand: l / 2, Descending: (op == compute.OpTypeGreaterThan) == (l < r)}
}

func directlyOrdered(d dtypes.DType) bool {
	return (d.IsInt() || d.IsFloat()) && !d.IsPacked()
}

// directOrder compares the elements of x as numbers; NaN is neither before nor after anything.
func directOrder(x tensor.Tensor, descending bool) (less, error) {
	switch x.Shape.DType {
	case dtypes.Float32:
		return orderOf[float32](x, descending), nil
	case dtypes.Float64:
		return orderOf[float64](x, descending), nil
	case dtypes.Int8:
		return orderOf[int8](x, descending), nil
	case dtypes.Int16:
		return orderOf[int16](x, descending), nil
	case dtypes.Int32:
		return orderOf[int32](x, descending), nil
	case dtypes.Int64:
		return orderOf[int64](x, descending), nil
	case dtypes.Uint8:
		return orderOf[uint8](x, descending), nil
	case dtypes.Uint16:
		return orderOf[uint16](x, descending), nil
	case dtypes.Uint32:
		return orderOf[uint32](x, descending), nil
	case dtypes.Uint64:
		return orderOf[uint64](x, descending), nil
	case dtypes.Float16:
		v := tensor.Of[float16.Float16](x)
		return orderBy(func(i int) float32 { return v[i].Float32() }, descending), nil
	case dtypes.BFloat16:
		v := tensor.Of[bfloat16.BFloat16](x)
		return orderBy(func(i int) float32 { return v[i].Float32() }, descending), nil
	}
	return nil, fmt.Errorf("no order of %v", x.Shape.DType)
}

type number interface {
	~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}

func orderOf[T number](x tensor.Tensor, descending bool) less {
	v := tensor.Of[T](x)
	if descending {
		return func(i, j int) (bool, error) { return v[i] > v[j], nil }
	}
	return func(i, j int) (bool, error) { return v[i] < v[j], nil }
}

func orderBy(value func(i int) float32, descending bool) less {
	if descending {
		return func(i, j int) (bool, error) { return value(i) > value(j), nil }
	}
	return func(i, j int) (bool, error) { return value(i) < value(j), nil }
}
