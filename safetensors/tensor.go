package safetensors

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
)

// Tensor is an array with a name. A scalar has the empty shape.
type Tensor struct {
	Name  string // any text but "__metadata__"
	DType DType
	Shape []int
	// Data holds the elements, row-major and little-endian.
	Data []byte
	// Stream, if not nil, is called by Write to write the elements, and Data must be nil: so tensors that are elsewhere
	// need not all be copied first. [File.Tensor] leaves it nil.
	Stream func(w io.Writer) error
}

// FromFloat32 returns a tensor F32 with a copy of values. [Write] refuses it if shape has another number of elements.
func FromFloat32(name string, shape []int, values []float32) Tensor {
	data := make([]byte, 0, 4*len(values))
	for _, v := range values {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
	}
	return Tensor{Name: name, DType: F32, Shape: slices.Clone(shape), Data: data}
}

// Float32 returns the elements of a tensor F16, BF16, F32 or F64. The first three are exact; F64 is rounded to the
// nearest, and to an infinity where it is out of range.
func (t Tensor) Float32() ([]float32, error) {
	var decode func(b []byte) float32
	switch t.DType {
	case F16:
		decode = func(b []byte) float32 { return fromHalf(binary.LittleEndian.Uint16(b)) }
	case BF16:
		decode = func(b []byte) float32 { return math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16) }
	case F32:
		decode = func(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) }
	case F64:
		decode = func(b []byte) float32 { return float32(math.Float64frombits(binary.LittleEndian.Uint64(b))) }
	default:
		return nil, fmt.Errorf("safetensors: tensor %q is %q, which does not convert to float32: want F16, BF16, F32 or F64",
			t.Name, string(t.DType))
	}
	if err := t.checkData(); err != nil {
		return nil, fmt.Errorf("safetensors: tensor %q: %w", t.Name, err)
	}
	width := t.DType.Bits() / 8
	values := make([]float32, len(t.Data)/width)
	for i := range values {
		values[i] = decode(t.Data[i*width:])
	}
	return values, nil
}

// checkData checks that Data is what dtype and shape ask for.
func (t Tensor) checkData() error {
	size, err := byteSize(t.DType, t.Shape)
	if err != nil {
		return err
	}
	if len(t.Data) != size {
		return fmt.Errorf("%d bytes of data, want %d for %s of shape %v", len(t.Data), size, t.DType, t.Shape)
	}
	return nil
}

// fromHalf converts an IEEE 754 binary16: a sign, 5 bits of exponent (bias 15) and 10 of fraction.
func fromHalf(h uint16) float32 {
	sign := uint32(h>>15) << 31
	exponent, fraction := uint32(h>>10)&0x1f, uint32(h)&0x3ff
	switch exponent {
	case 0: // zero and subnormals: multiples of 2^-24, which are normal as float32
		return math.Float32frombits(sign | math.Float32bits(float32(fraction)*0x1p-24))
	case 0x1f: // infinity and NaN, whose payload stays
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}
