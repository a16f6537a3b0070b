package ref

import (
	"fmt"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
	"github.com/gomlx/compute/dtypes"
)

// chooseConvert covers ConvertDType.
//
// Floats become integers by truncation, clamped to the integer's range, NaN becoming 0. Integers become narrower ones
// by dropping the upper bits. Anything becomes a float by rounding to nearest even, once. Bool is 0 and 1, and
// anything but zero, NaN included, becomes true. Complex numbers become real by dropping the imaginary part, and true
// unless both parts are zero.
func chooseConvert(n *ir.Node) evalFunc {
	from, to := n.Inputs[0].Shape().DType, n.Shapes[0].DType
	src, dst := classOf(from), classOf(to)
	if src == classNone || dst == classNone {
		return nil
	}
	if from == to {
		return copyInput
	}
	switch {
	case to == dtypes.Bool:
		return convertToBool(src)
	case dst == classComplex:
		return mapUnary(func(d, a []complex128) { copy(d, a) }, complexView, complexSink)
	case src == classComplex && dst == classFloat:
		return mapUnary(func(d []float64, a []complex128) {
			apply(d, a, func(x complex128) float64 { return real(x) })
		}, complexView, floatSink)
	case src == classComplex:
		return floatToInteger(from, to)
	case src == classFloat && dst == classFloat:
		return mapUnary(func(d, a []float64) { copy(d, a) }, floatView, floatSink)
	case src == classFloat:
		return floatToInteger(from, to)
	case dst == classFloat:
		return integerToFloat(from, to)
	default:
		return mapUnary(func(d, a []int64) { copy(d, a) }, intView, intSink)
	}
}

func convertToBool(src class) evalFunc {
	switch src {
	case classFloat:
		return mapUnary(func(d []uint8, a []float64) { apply(d, a, func(x float64) uint8 { return bit(x != 0) }) }, floatView, boolSink)
	case classComplex:
		return mapUnary(func(d []uint8, a []complex128) { apply(d, a, func(x complex128) uint8 { return bit(x != 0) }) }, complexView, boolSink)
	}
	return mapUnary(func(d []uint8, a []int64) { apply(d, a, func(x int64) uint8 { return bit(x != 0) }) }, intView, boolSink)
}

func realParts(t tensor.Tensor) view[float64] {
	c := complexView(t)
	return view[float64]{load: func(dst []float64, off, stride int) {
		for i := range dst {
			dst[i] = real(c.at(off))
			off += stride
		}
	}}
}

func floatToInteger(from, to dtypes.DType) evalFunc {
	source := floatView
	if from.IsComplex() {
		source = realParts
	}
	if classOf(to) == classUint {
		highest := highestUint(to)
		return mapUnary(func(d []uint64, a []float64) {
			for i, x := range a {
				d[i] = clampUint(x, highest)
			}
		}, source, uintSink)
	}
	lowest, highest := lowestInt(to), highestInt(to)
	return mapUnary(func(d []int64, a []float64) {
		for i, x := range a {
			d[i] = clampInt(x, lowest, highest)
		}
	}, source, intSink)
}

func clampInt(x float64, lowest, highest int64) int64 {
	switch {
	case x != x:
		return 0
	case x <= float64(lowest):
		return lowest
	case x >= float64(highest): // of int64, 2^63, which itself does not fit
		return highest
	}
	return int64(x)
}

func clampUint(x float64, highest uint64) uint64 {
	switch {
	case x != x, x <= 0:
		return 0
	case x >= float64(highest):
		return highest
	}
	return uint64(x)
}

// integerToFloat rounds 64-bit integers once: straight to float64, or by way of an odd-rounded one to narrower floats.
func integerToFloat(from, to dtypes.DType) evalFunc {
	copyRow := func(d, a []float64) { copy(d, a) }
	if to == dtypes.Float64 {
		switch from {
		case dtypes.Int64:
			return mapUnary(func(d []float64, a []int64) { apply(d, a, func(x int64) float64 { return float64(x) }) }, intView, floatSink)
		case dtypes.Uint64:
			return mapUnary(func(d []float64, a []uint64) { apply(d, a, func(x uint64) float64 { return float64(x) }) }, uintView, floatSink)
		}
	}
	return mapUnary(copyRow, floatView, floatSink)
}

// chooseBitcast covers Bitcast: the same bytes, little-endian, seen as another dtype.
func chooseBitcast(n *ir.Node) evalFunc {
	if !n.Inputs[0].Shape().DType.IsSupported() || !n.Shapes[0].DType.IsSupported() {
		return nil
	}
	return copyInput
}

// chooseIota covers Iota: the index along one axis.
func chooseIota(n *ir.Node) evalFunc {
	switch classOf(n.Shapes[0].DType) {
	case classFloat:
		return countUp(floatSink, func(i int) float64 { return float64(i) })
	case classInt:
		return countUp(intSink, func(i int) int64 { return int64(i) })
	case classUint:
		return countUp(uintSink, func(i int) uint64 { return uint64(i) })
	case classComplex:
		return countUp(complexSink, func(i int) complex128 { return complex(float64(i), 0) })
	}
	return nil
}

func countUp[A any](to func(tensor.Tensor) sink[A], number func(int) A) evalFunc {
	return func(n *ir.Node, _, out []tensor.Tensor) error {
		axis := n.Attr.(ir.IotaAttr).Axis
		dims := out[0].Shape.Dimensions
		if axis < 0 || axis >= len(dims) {
			return fmt.Errorf("axis %d of rank %d", axis, len(dims))
		}
		dst := to(out[0])
		inner, dim := product(dims[axis+1:]), dims[axis]
		var buf [blockLen]A
		for off, size := 0, out[0].Shape.Size(); off < size; off += blockLen {
			row := buf[:min(blockLen, size-off)]
			for i := range row {
				row[i] = number((off + i) / inner % dim)
			}
			dst.store(row, off, 1)
		}
		return nil
	}
}

// chooseDynamicShape covers DynamicShape and DynamicDimensionSize, whose operands have concrete shapes by now.
func chooseDynamicShape(n *ir.Node) evalFunc {
	if !n.Shapes[0].DType.IsInt() {
		return nil
	}
	return func(n *ir.Node, in, out []tensor.Tensor) error {
		sizes := in[0].Shape.Dimensions
		if a, ok := n.Attr.(ir.DynamicSizeAttr); ok {
			if a.Axis < 0 || a.Axis >= len(sizes) {
				return fmt.Errorf("axis %d of rank %d", a.Axis, len(sizes))
			}
			sizes = sizes[a.Axis : a.Axis+1]
		}
		if out[0].Shape.Size() != len(sizes) {
			return fmt.Errorf("%d sizes do not fit %s", len(sizes), out[0].Shape)
		}
		dst := intSink(out[0])
		for i, size := range sizes {
			if !fitsInt(size, out[0].Shape.DType) {
				return fmt.Errorf("a dimension of %d does not fit %s", size, out[0].Shape.DType)
			}
			dst.store([]int64{int64(size)}, i, 1)
		}
		return nil
	}
}
