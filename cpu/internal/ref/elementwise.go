package ref

import (
	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
)

// Elementwise loops work on contiguous runs of at most blockLen elements; the types below read and write those.

// zip applies f to two runs. It is small enough to be inlined together with f, so that no call remains in the loop.
func zip[T, R any](dst []R, a, b []T, f func(x, y T) R) {
	for i := range dst {
		dst[i] = f(a[i], b[i])
	}
}

// apply applies f to a run.
func apply[T, R any](dst []R, a []T, f func(x T) R) {
	for i := range dst {
		dst[i] = f(a[i])
	}
}

type (
	unaryLoop[T, R any]  func(dst []R, a []T)
	binaryLoop[T, R any] func(dst []R, a, b []T)
)

// mapUnary runs loop over one operand. Nil loops give nil: the operation does not exist for the type.
func mapUnary[T, R any](loop unaryLoop[T, R], from func(tensor.Tensor) view[T], to func(tensor.Tensor) sink[R]) evalFunc {
	if loop == nil {
		return nil
	}
	return func(_ *ir.Node, in, out []tensor.Tensor) error {
		if err := sameSize(in[0], out[0]); err != nil {
			return err
		}
		a, dst := from(in[0]), to(out[0])
		var bufA [blockLen]T
		var bufR [blockLen]R
		for off, size := 0, out[0].Shape.Size(); off < size; off += blockLen {
			n := min(blockLen, size-off)
			row := dst.row(bufR[:], off, n)
			loop(row, a.row(bufA[:], off, 1, n))
			dst.put(row, off)
		}
		return nil
	}
}

// mapBinary runs loop over two broadcast operands.
func mapBinary[T, R any](loop binaryLoop[T, R], from func(tensor.Tensor) view[T], to func(tensor.Tensor) sink[R]) evalFunc {
	if loop == nil {
		return nil
	}
	return func(_ *ir.Node, in, out []tensor.Tensor) error {
		r, err := newRows(out[0].Shape.Dimensions, in[0].Shape.Dimensions, in[1].Shape.Dimensions)
		if err != nil {
			return err
		}
		a, b, dst := from(in[0]), from(in[1]), to(out[0])
		var bufA, bufB [blockLen]T
		var bufR [blockLen]R
		r.each(func(at, n int, off, step []int) {
			row := dst.row(bufR[:], at, n)
			loop(row, a.row(bufA[:], off[0], step[0], n), b.row(bufB[:], off[1], step[1], n))
			dst.put(row, at)
		})
		return nil
	}
}

// boolView and boolSink read and write Bool as bytes of 0 and 1.
func boolView(t tensor.Tensor) view[uint8] { return nativeView[uint8](t) }

func boolSink(t tensor.Tensor) sink[uint8] { return nativeSink[uint8](t) }

func bit(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}
