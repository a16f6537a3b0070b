// Package tensor holds the backend's view of a value in memory: a shape and the bytes that hold it.
//
// It knows nothing of graphs, operations or ownership. Layout is dense and row-major.
package tensor

import (
	"unsafe"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// Align is the alignment in bytes of every buffer the backend allocates: one cache line, one ZMM register.
const Align = 64

// Tensor is a dense row-major array. Data is exactly ByteSize(Shape) long; for packed sub-byte types that is the
// packed size. A tensor with no elements has empty Data.
type Tensor struct {
	Shape shapes.Shape
	Data  []byte
}

// ByteSize is the number of bytes that hold a value of the given shape.
func ByteSize(s shapes.Shape) int {
	return s.DType.SizeForDimensions(s.Dimensions...)
}

// New allocates a zeroed tensor, aligned to Align.
func New(s shapes.Shape) Tensor {
	return Tensor{Shape: s, Data: Alloc(ByteSize(s))}
}

// Alloc returns n zeroed bytes aligned to Align. The capacity is n, so an append cannot reach a neighbour.
func Alloc(n int) []byte {
	if n == 0 {
		return nil
	}
	raw := make([]byte, n+Align-1)
	off := int(-uintptr(unsafe.Pointer(unsafe.SliceData(raw))) & (Align - 1))
	return raw[off : off+n : off+n]
}

// View reinterprets bytes as elements of type T. len(b) must be a multiple of T's size.
func View[T any](b []byte) []T {
	var zero T
	n := len(b) / int(unsafe.Sizeof(zero))
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), n)
}

// Bytes reinterprets elements as the bytes that hold them.
func Bytes[T any](s []T) []byte {
	if len(s) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(s[0])))
}

// Of returns the elements of t. The caller states the Go type of t's dtype; it is not checked.
func Of[T any](t Tensor) []T { return View[T](t.Data) }

// Flat returns the elements of t as a Go slice of the dtype's own type, sharing t's memory.
func (t Tensor) Flat() any {
	n := t.Shape.Size()
	if n == 0 || len(t.Data) == 0 {
		return dtypes.MakeAnySlice(t.Shape.DType, 0)
	}
	return dtypes.UnsafeAnySliceFromBytes(unsafe.Pointer(unsafe.SliceData(t.Data)), t.Shape.DType, n)
}
