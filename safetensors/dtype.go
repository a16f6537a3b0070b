package safetensors

import (
	"fmt"
	"math"
	"math/bits"
)

// DType is the type of a tensor's elements, by its name in the file.
type DType string

// The usual dtypes. [File.Tensor] gives the bytes of the format's small floats too: "F8_E5M2", "F8_E4M3", "F8_E8M0",
// "F6_E2M3", "F6_E3M2" and "F4".
const (
	Bool DType = "BOOL"
	U8   DType = "U8"
	I8   DType = "I8"
	U16  DType = "U16"
	I16  DType = "I16"
	F16  DType = "F16"
	BF16 DType = "BF16"
	U32  DType = "U32"
	I32  DType = "I32"
	F32  DType = "F32"
	C64  DType = "C64"
	U64  DType = "U64"
	I64  DType = "I64"
	F64  DType = "F64"
)

// widths has every dtype of the format in the order in which the format's library sorts them: files are written in the
// opposite one.
var widths = []struct {
	dtype DType
	bits  int
}{
	{Bool, 8},
	{"F4", 4}, {"F6_E2M3", 6}, {"F6_E3M2", 6},
	{U8, 8}, {I8, 8},
	{"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8},
	{I16, 16}, {U16, 16}, {F16, 16}, {BF16, 16},
	{I32, 32}, {U32, 32}, {F32, 32},
	{C64, 64}, {F64, 64}, {I64, 64}, {U64, 64},
}

// rank is the dtype's place in widths, -1 if the format has no such dtype.
func (d DType) rank() int {
	for i, w := range widths {
		if w.dtype == d {
			return i
		}
	}
	return -1
}

// Bits returns the bits that an element takes, 0 for a dtype that the format does not have.
func (d DType) Bits() int {
	if i := d.rank(); i >= 0 {
		return widths[i].bits
	}
	return 0
}

// byteSize returns the bytes of a tensor.
func byteSize(dtype DType, shape []int) (int, error) {
	width := dtype.Bits()
	if width == 0 {
		return 0, fmt.Errorf("dtype %q is not one of the format's", string(dtype))
	}
	size := uint64(width)
	for _, n := range shape {
		if n < 0 {
			return 0, fmt.Errorf("shape %v has a negative dimension", shape)
		}
		high, low := bits.Mul64(size, uint64(n))
		if high != 0 {
			return 0, fmt.Errorf("a tensor %s of shape %v has more bytes than fit in memory", dtype, shape)
		}
		size = low
	}
	if size%8 != 0 {
		return 0, fmt.Errorf("a tensor %s of shape %v has %d bits, no whole number of bytes", dtype, shape, size)
	}
	if size/8 > math.MaxInt {
		return 0, fmt.Errorf("a tensor %s of shape %v has more bytes than fit in memory", dtype, shape)
	}
	return int(size / 8), nil
}
