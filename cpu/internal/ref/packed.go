package ref

import (
	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// Packed dtypes hold several values in a byte, the first in the lowest bits; the last byte is padded with zeros.
// A signed value is sign-extended: Int1 holds 0 and -1.

func packedLoader[A realNumber](t tensor.Tensor) func(dst []A, off, stride int) {
	bits := uint(t.Shape.DType.Bits())
	signed := !t.Shape.DType.IsUnsigned()
	return func(dst []A, off, stride int) {
		for i := range dst {
			bit := uint(off) * bits
			v := t.Data[bit/8] >> (bit % 8) << (8 - bits)
			if signed {
				dst[i] = A(int8(v) >> (8 - bits))
			} else {
				dst[i] = A(v >> (8 - bits))
			}
			off += stride
		}
	}
}

func packedStorer[A integer](t tensor.Tensor) func(src []A, off, stride int) {
	bits := uint(t.Shape.DType.Bits())
	mask := byte(1)<<bits - 1
	return func(src []A, off, stride int) {
		for _, v := range src {
			bit := uint(off) * bits
			at := &t.Data[bit/8]
			*at = *at&^(mask<<(bit%8)) | (byte(v)&mask)<<(bit%8)
			off += stride
		}
	}
}

// clearPadding zeroes the last byte of a packed tensor, part of which no element may cover.
func clearPadding(t tensor.Tensor) {
	if n := len(t.Data); n > 0 && t.Shape.DType.IsPacked() {
		t.Data[n-1] = 0
	}
}

// byteDType is the dtype that holds one value of a packed dtype in a byte of its own.
func byteDType(dt dtypes.DType) dtypes.DType {
	if dt.IsUnsigned() {
		return dtypes.Uint8
	}
	return dtypes.Int8
}

// onBytes evaluates an operation that only moves elements, with packed operands spread to a byte each and the
// results packed again. It allocates for every packed tensor: addressing single bits would cost more.
func onBytes(eval evalFunc) evalFunc {
	return func(n *ir.Node, in, out []tensor.Tensor) error {
		in, out = append([]tensor.Tensor(nil), in...), append([]tensor.Tensor(nil), out...)
		packed := make(map[int]tensor.Tensor)
		for i, t := range in {
			if t.Shape.DType.IsPacked() {
				in[i] = spread(t.Shape)
				copyInts(in[i], t)
			}
		}
		for i, t := range out {
			if t.Shape.DType.IsPacked() {
				out[i], packed[i] = spread(t.Shape), t
			}
		}
		if err := eval(n, in, out); err != nil {
			return err
		}
		for i, t := range packed {
			copyInts(t, out[i])
		}
		return nil
	}
}

// spread allocates a tensor of the same dimensions with a byte for each element.
func spread(s shapes.Shape) tensor.Tensor {
	s = s.Clone()
	s.DType = byteDType(s.DType)
	return tensor.New(s)
}

func copyInts(dst, src tensor.Tensor) {
	from, to := intView(src), intSink(dst)
	var buf [blockLen]int64
	for off, size := 0, src.Shape.Size(); off < size; off += blockLen {
		row := from.row(buf[:], off, 1, min(blockLen, size-off))
		to.store(row, off, 1)
	}
}
