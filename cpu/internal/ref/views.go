package ref

import (
	"math"

	"github.com/atelier-go/atelier/cpu/internal/tensor"
	"github.com/gomlx/compute/dtypes"
)

// blockLen is how many elements are widened at a time: a few such blocks stay in the L1 cache.
const blockLen = 512

type integer interface {
	int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64
}

type float interface{ float32 | float64 }

type realNumber interface{ integer | float }

// class groups dtypes by the type that operations which accumulate compute in: floats in float64, signed integers in
// int64, unsigned ones and Bool in uint64, complex numbers in complex128. Integer arithmetic wraps, and wrapping at
// 64 bits and then dropping the upper ones wraps as the narrower type does.
type class int

const (
	classNone class = iota
	classFloat
	classInt
	classUint
	classComplex
)

func classOf(dt dtypes.DType) class {
	switch {
	case dt.IsFloat():
		return classFloat
	case dt.IsComplex():
		return classComplex
	case dt == dtypes.Bool, dt.IsInt() && dt.IsUnsigned():
		return classUint
	case dt.IsInt():
		return classInt
	}
	return classNone
}

// view reads a tensor as elements of type A.
type view[A any] struct {
	direct []A // the elements themselves, where they are stored as A
	load   func(dst []A, off, stride int)
}

// row returns the n elements at off, off+stride, ...: the tensor's own memory where possible, else buf. A stride of 0
// repeats one element.
func (v view[A]) row(buf []A, off, stride, n int) []A {
	if v.direct != nil && stride == 1 {
		return v.direct[off : off+n : off+n]
	}
	buf = buf[:n]
	if stride == 0 && n > 0 {
		v.load(buf[:1], off, 1)
		fill(buf, buf[0])
		return buf
	}
	v.load(buf, off, stride)
	return buf
}

// at returns one element.
func (v view[A]) at(off int) A {
	if v.direct != nil {
		return v.direct[off]
	}
	var one [1]A
	v.load(one[:], off, 1)
	return one[0]
}

// sink writes elements of type A into a tensor, rounding or wrapping them to its dtype.
type sink[A any] struct {
	direct []A
	store  func(src []A, off, stride int)
}

// row returns where to compute the n elements at off: the tensor's own memory where possible, else buf. put stores it.
func (s sink[A]) row(buf []A, off, n int) []A {
	if s.direct != nil {
		return s.direct[off : off+n : off+n]
	}
	return buf[:n]
}

// put stores a row that was computed in what row returned.
func (s sink[A]) put(row []A, off int) {
	if s.direct == nil {
		s.store(row, off, 1)
	}
}

func fill[A any](dst []A, v A) {
	for i := range dst {
		dst[i] = v
	}
}

// The functions that build loops are kept from being inlined: the compiler does not inline into the copies of their
// closures that this would make, and the loops would call a function for every element.

//go:noinline
func loadReal[S, A realNumber](src []S) func(dst []A, off, stride int) {
	return func(dst []A, off, stride int) {
		if stride == 1 {
			for i, v := range src[off : off+len(dst)] {
				dst[i] = A(v)
			}
			return
		}
		for i := range dst {
			dst[i] = A(src[off])
			off += stride
		}
	}
}

//go:noinline
func loadWith[S, A any](src []S, widen func(S) A) func(dst []A, off, stride int) {
	return func(dst []A, off, stride int) {
		for i := range dst {
			dst[i] = widen(src[off])
			off += stride
		}
	}
}

//go:noinline
func storeReal[A, D realNumber](dst []D) func(src []A, off, stride int) {
	return func(src []A, off, stride int) {
		if stride == 1 {
			for i, v := range src {
				dst[off+i] = D(v)
			}
			return
		}
		for _, v := range src {
			dst[off] = D(v)
			off += stride
		}
	}
}

//go:noinline
func storeWith[A, D any](dst []D, narrow func(A) D) func(src []A, off, stride int) {
	return func(src []A, off, stride int) {
		for _, v := range src {
			dst[off] = narrow(v)
			off += stride
		}
	}
}

// intLoader reads any integer dtype or Bool as A, wrapping; nil for others.
func intLoader[A realNumber](t tensor.Tensor) func(dst []A, off, stride int) {
	switch t.Shape.DType {
	case dtypes.Int8:
		return loadReal[int8, A](tensor.Of[int8](t))
	case dtypes.Int16:
		return loadReal[int16, A](tensor.Of[int16](t))
	case dtypes.Int32:
		return loadReal[int32, A](tensor.Of[int32](t))
	case dtypes.Int64:
		return loadReal[int64, A](tensor.Of[int64](t))
	case dtypes.Uint8, dtypes.Bool:
		return loadReal[uint8, A](tensor.Of[uint8](t))
	case dtypes.Uint16:
		return loadReal[uint16, A](tensor.Of[uint16](t))
	case dtypes.Uint32:
		return loadReal[uint32, A](tensor.Of[uint32](t))
	case dtypes.Uint64:
		return loadReal[uint64, A](tensor.Of[uint64](t))
	}
	if t.Shape.DType.IsPacked() {
		return packedLoader[A](t)
	}
	return nil
}

// intStorer writes A to any integer dtype, dropping the upper bits, or to Bool as v != 0; nil for others.
func intStorer[A integer](t tensor.Tensor) func(src []A, off, stride int) {
	switch t.Shape.DType {
	case dtypes.Int8, dtypes.Uint8:
		return storeReal[A](tensor.Of[uint8](t))
	case dtypes.Int16, dtypes.Uint16:
		return storeReal[A](tensor.Of[uint16](t))
	case dtypes.Int32, dtypes.Uint32:
		return storeReal[A](tensor.Of[uint32](t))
	case dtypes.Int64, dtypes.Uint64:
		return storeReal[A](tensor.Of[uint64](t))
	case dtypes.Bool:
		return storeWith(tensor.Of[uint8](t), func(v A) uint8 {
			if v != 0 {
				return 1
			}
			return 0
		})
	}
	if t.Shape.DType.IsPacked() {
		return packedStorer[A](t)
	}
	return nil
}

// floatView reads floats, integers and Bool as float64. 64-bit integers above 2^53 are rounded to odd (oddInt64).
func floatView(t tensor.Tensor) view[float64] {
	switch t.Shape.DType {
	case dtypes.Float64:
		x := tensor.Of[float64](t)
		return view[float64]{x, loadReal[float64, float64](x)}
	case dtypes.Float32:
		return view[float64]{load: loadReal[float32, float64](tensor.Of[float32](t))}
	case dtypes.Float16:
		return view[float64]{load: loadF16[float64](tensor.Of[uint16](t))}
	case dtypes.BFloat16:
		return view[float64]{load: loadBF16[float64](tensor.Of[uint16](t))}
	case dtypes.Int64:
		return view[float64]{load: loadWith(tensor.Of[int64](t), oddInt64)}
	case dtypes.Uint64:
		return view[float64]{load: loadWith(tensor.Of[uint64](t), oddUint64)}
	}
	return view[float64]{load: intLoader[float64](t)}
}

// floatSink writes float64 to a float dtype, rounding to nearest even once.
func floatSink(t tensor.Tensor) sink[float64] {
	switch t.Shape.DType {
	case dtypes.Float64:
		x := tensor.Of[float64](t)
		return sink[float64]{x, storeReal[float64](x)}
	case dtypes.Float32:
		return sink[float64]{store: storeReal[float64](tensor.Of[float32](t))}
	case dtypes.Float16:
		return sink[float64]{store: storeF16[float64](tensor.Of[uint16](t))}
	case dtypes.BFloat16:
		return sink[float64]{store: storeWith(tensor.Of[uint16](t), roundBF16)}
	}
	return sink[float64]{}
}

// singleView and singleSink read and write the float dtypes up to 32 bits as float32, the precision in which their
// elementwise operations are computed.
func singleView(t tensor.Tensor) view[float32] {
	switch t.Shape.DType {
	case dtypes.Float16:
		return view[float32]{load: loadF16[float32](tensor.Of[uint16](t))}
	case dtypes.BFloat16:
		return view[float32]{load: loadBF16[float32](tensor.Of[uint16](t))}
	}
	return nativeView[float32](t)
}

func singleSink(t tensor.Tensor) sink[float32] {
	switch t.Shape.DType {
	case dtypes.Float16:
		return sink[float32]{store: storeF16[float32](tensor.Of[uint16](t))}
	case dtypes.BFloat16:
		return sink[float32]{store: storeBF16Single(tensor.Of[uint16](t))}
	}
	return nativeSink[float32](t)
}

// nativeView reads a tensor whose elements are stored as A.
func nativeView[A any](t tensor.Tensor) view[A] {
	x := tensor.Of[A](t)
	return view[A]{x, loadWith(x, func(v A) A { return v })}
}

func nativeSink[A any](t tensor.Tensor) sink[A] {
	x := tensor.Of[A](t)
	return sink[A]{x, storeWith(x, func(v A) A { return v })}
}

func intView(t tensor.Tensor) view[int64] {
	v := view[int64]{load: intLoader[int64](t)}
	if t.Shape.DType == dtypes.Int64 || t.Shape.DType == dtypes.Uint64 {
		v.direct = tensor.Of[int64](t)
	}
	return v
}

func intSink(t tensor.Tensor) sink[int64] {
	s := sink[int64]{store: intStorer[int64](t)}
	if t.Shape.DType == dtypes.Int64 || t.Shape.DType == dtypes.Uint64 {
		s.direct = tensor.Of[int64](t)
	}
	return s
}

func uintView(t tensor.Tensor) view[uint64] {
	v := view[uint64]{load: intLoader[uint64](t)}
	if t.Shape.DType == dtypes.Uint64 {
		v.direct = tensor.Of[uint64](t)
	}
	return v
}

func uintSink(t tensor.Tensor) sink[uint64] {
	s := sink[uint64]{store: intStorer[uint64](t)}
	if t.Shape.DType == dtypes.Uint64 {
		s.direct = tensor.Of[uint64](t)
	}
	return s
}

// complexView reads complex numbers, and real ones with a zero imaginary part, as complex128.
func complexView(t tensor.Tensor) view[complex128] {
	switch t.Shape.DType {
	case dtypes.Complex128:
		return nativeView[complex128](t)
	case dtypes.Complex64:
		return view[complex128]{load: loadWith(tensor.Of[complex64](t), func(v complex64) complex128 { return complex128(v) })}
	}
	re := floatView(t)
	return view[complex128]{load: func(dst []complex128, off, stride int) {
		for i := range dst {
			dst[i] = complex(re.at(off), 0)
			off += stride
		}
	}}
}

// complexSink writes complex numbers, or the real part alone to a float dtype.
func complexSink(t tensor.Tensor) sink[complex128] {
	switch t.Shape.DType {
	case dtypes.Complex128:
		return nativeSink[complex128](t)
	case dtypes.Complex64:
		return sink[complex128]{store: storeWith(tensor.Of[complex64](t), func(v complex128) complex64 { return complex64(v) })}
	}
	re := floatSink(t)
	return sink[complex128]{store: func(src []complex128, off, stride int) {
		for _, v := range src {
			one := [1]float64{real(v)}
			re.store(one[:], off, 1)
			off += stride
		}
	}}
}

// lowestInt, highestInt and highestUint are the bounds of an integer dtype.
func lowestInt(dt dtypes.DType) int64 { return math.MinInt64 >> (64 - dt.Bits()) }

func highestInt(dt dtypes.DType) int64 { return math.MaxInt64 >> (64 - dt.Bits()) }

func highestUint(dt dtypes.DType) uint64 {
	if dt == dtypes.Bool {
		return 1
	}
	return math.MaxUint64 >> (64 - dt.Bits())
}
