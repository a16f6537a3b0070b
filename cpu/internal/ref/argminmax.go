package ref

import (
	"fmt"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
	"github.com/gomlx/compute/dtypes"
)

// chooseArgMinMax covers ArgMinMax: the first index of the smallest or largest element along an axis, or of the first
// NaN.
func chooseArgMinMax(n *ir.Node) evalFunc {
	if !n.Shapes[0].DType.IsInt() {
		return nil
	}
	isMin := n.Attr.(ir.ArgMinMaxAttr).IsMin
	switch classOf(n.Inputs[0].Shape().DType) {
	case classFloat:
		if isMin {
			return argMinMax(floatView, func(x, best float64) bool { return x < best || x != x && best == best })
		}
		return argMinMax(floatView, func(x, best float64) bool { return x > best || x != x && best == best })
	case classInt:
		return argMinMax(intView, better[int64](isMin))
	case classUint:
		return argMinMax(uintView, better[uint64](isMin))
	}
	return nil
}

func better[A integer](isMin bool) func(x, best A) bool {
	if isMin {
		return func(x, best A) bool { return x < best }
	}
	return func(x, best A) bool { return x > best }
}

func argMinMax[A any](from func(tensor.Tensor) view[A], better func(x, best A) bool) evalFunc {
	return func(n *ir.Node, in, out []tensor.Tensor) error {
		axis, dims := n.Attr.(ir.ArgMinMaxAttr).Axis, in[0].Shape.Dimensions
		if axis < 0 || axis >= len(dims) {
			return fmt.Errorf("axis %d of rank %d", axis, len(dims))
		}
		dim, inner := dims[axis], product(dims[axis+1:])
		outer := product(dims[:axis])
		if outer*inner != out[0].Shape.Size() {
			return fmt.Errorf("%d elements do not fit %s", outer*inner, out[0].Shape)
		}
		if outer*inner == 0 {
			return nil
		}
		if dim == 0 {
			return fmt.Errorf("no elements along axis %d", axis)
		}
		if !fitsInt(dim-1, out[0].Shape.DType) {
			return fmt.Errorf("index %d does not fit %s", dim-1, out[0].Shape.DType)
		}
		x, dst := from(in[0]), intSink(out[0])
		if inner == 1 {
			argOfRuns(x, dst, outer, dim, better)
		} else {
			argOfColumns(x, dst, outer, dim, inner, better)
		}
		return nil
	}
}

func argOfRuns[A any](x view[A], dst sink[int64], outer, dim int, better func(x, best A) bool) {
	var buf [blockLen]A
	for i := range outer {
		best, arg := x.at(i*dim), 0
		for done := 0; done < dim; done += blockLen {
			for j, v := range x.row(buf[:], i*dim+done, 1, min(blockLen, dim-done)) {
				if better(v, best) {
					best, arg = v, done+j
				}
			}
		}
		dst.store([]int64{int64(arg)}, i, 1)
	}
}

func argOfColumns[A any](x view[A], dst sink[int64], outer, dim, inner int, better func(x, best A) bool) {
	var buf, best [blockLen]A
	var arg [blockLen]int64
	for i := range outer {
		for done := 0; done < inner; done += blockLen {
			n := min(blockLen, inner-done)
			off := i*dim*inner + done
			copy(best[:n], x.row(buf[:], off, 1, n))
			clear(arg[:n])
			for k := 1; k < dim; k++ {
				for j, v := range x.row(buf[:], off+k*inner, 1, n) {
					if better(v, best[j]) {
						best[j], arg[j] = v, int64(k)
					}
				}
			}
			dst.store(arg[:n], i*inner+done, 1)
		}
	}
}

// fitsInt reports whether an integer dtype holds v, which is not negative.
func fitsInt(v int, dt dtypes.DType) bool {
	if dt.IsUnsigned() {
		return uint64(v) <= highestUint(dt)
	}
	return int64(v) <= highestInt(dt)
}
