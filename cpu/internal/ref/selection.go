package ref

import (
	"fmt"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
	"github.com/gomlx/compute/dtypes"
)

// wide is an element of 16 bytes.
type wide [2]uint64

// bySize picks the instance of a loop that only moves elements by their size in bytes; packed dtypes are spread.
func bySize(dt dtypes.DType, s1, s2, s4, s8, s16 evalFunc) evalFunc {
	switch {
	case !dt.IsSupported():
		return nil
	case dt.IsPacked():
		return onBytes(s1)
	}
	switch dt.Size() {
	case 1:
		return s1
	case 2:
		return s2
	case 4:
		return s4
	case 8:
		return s8
	case 16:
		return s16
	}
	return nil
}

// chooseWhere covers Where(condition, onTrue, onFalse); any of them may be a scalar.
func chooseWhere(n *ir.Node) evalFunc {
	if n.Inputs[0].Shape().DType != dtypes.Bool || !likeOutput(n, 1, 2) {
		return nil
	}
	return bySize(n.Shapes[0].DType, where[uint8], where[uint16], where[uint32], where[uint64], where[wide])
}

func where[T any](_ *ir.Node, in, out []tensor.Tensor) error {
	r, err := newRows(out[0].Shape.Dimensions, in[0].Shape.Dimensions, in[1].Shape.Dimensions, in[2].Shape.Dimensions)
	if err != nil {
		return err
	}
	cond, onTrue, onFalse, dst := boolView(in[0]), tensor.Of[T](in[1]), tensor.Of[T](in[2]), tensor.Of[T](out[0])
	var buf [blockLen]uint8
	r.each(func(at, n int, off, step []int) {
		a, b := off[1], off[2]
		for i, c := range cond.row(buf[:], off[0], step[0], n) {
			if c != 0 {
				dst[at+i] = onTrue[a]
			} else {
				dst[at+i] = onFalse[b]
			}
			a += step[1]
			b += step[2]
		}
	})
	return nil
}

// chooseClamp covers Clamp(min, x, max) as Min(Max(min, x), max), NaN in any of them giving NaN; min and max may be
// scalars.
func chooseClamp(n *ir.Node) evalFunc {
	if !likeOutput(n) {
		return nil
	}
	switch dt := n.Shapes[0].DType; {
	case dt == dtypes.Float64:
		return clamp(nativeView[float64], nativeSink[float64])
	case dt.IsFloat():
		return clamp(singleView, singleSink)
	case classOf(dt) == classInt:
		return clamp(intView, intSink)
	case classOf(dt) == classUint:
		return clamp(uintView, uintSink)
	}
	return nil
}

func clamp[T realNumber](from func(tensor.Tensor) view[T], to func(tensor.Tensor) sink[T]) evalFunc {
	return func(_ *ir.Node, in, out []tensor.Tensor) error {
		r, err := newRows(out[0].Shape.Dimensions, in[0].Shape.Dimensions, in[1].Shape.Dimensions, in[2].Shape.Dimensions)
		if err != nil {
			return err
		}
		lower, x, upper, dst := from(in[0]), from(in[1]), from(in[2]), to(out[0])
		var bufL, bufX, bufU, bufR [blockLen]T
		r.each(func(at, n int, off, step []int) {
			row := dst.row(bufR[:], at, n)
			l := lower.row(bufL[:], off[0], step[0], n)
			u := upper.row(bufU[:], off[2], step[2], n)
			for i, v := range x.row(bufX[:], off[1], step[1], n) {
				row[i] = min(max(l[i], v), u[i])
			}
			dst.put(row, at)
		})
		return nil
	}
}

// chooseCopy covers the operations whose outputs are the bytes of as many first inputs; DynamicReshape's others only
// said what the output's dimensions are.
func chooseCopy(n *ir.Node) evalFunc {
	for i, s := range n.Shapes {
		if i >= len(n.Inputs) || n.Inputs[i].Shape().DType != s.DType || !s.DType.IsSupported() {
			return nil
		}
	}
	return copyInputs
}

// copyInput copies the bytes of the first input.
func copyInput(_ *ir.Node, in, out []tensor.Tensor) error {
	if len(in[0].Data) != len(out[0].Data) {
		return fmt.Errorf("sizes differ: %d and %d bytes", len(in[0].Data), len(out[0].Data))
	}
	copy(out[0].Data, in[0].Data)
	return nil
}

// copyInputs makes every output the bytes of the input of the same number.
func copyInputs(n *ir.Node, in, out []tensor.Tensor) error {
	for i := range out {
		if err := copyInput(n, in[i:], out[i:]); err != nil {
			return err
		}
	}
	return nil
}

func sameSize(a, b tensor.Tensor) error {
	if a.Shape.Size() != b.Shape.Size() {
		return fmt.Errorf("sizes of %s and %s differ", a.Shape, b.Shape)
	}
	return nil
}
