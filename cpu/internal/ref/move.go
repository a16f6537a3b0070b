package ref

import (
	"fmt"
	"slices"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
	"github.com/gomlx/compute"
)

// chooseMove covers the operations that only move elements; each is a strided copy, or a few.
func chooseMove(n *ir.Node) evalFunc {
	moved := []int{0}
	switch compute.OpType(n.Op) {
	case compute.OpTypePad, compute.OpTypeDynamicUpdateSlice:
		if len(n.Inputs) < 2 {
			return nil
		}
		moved = []int{0, 1}
	case compute.OpTypeConcatenate:
		moved = nil
	}
	if !likeOutput(n, moved...) {
		return nil
	}
	switch compute.OpType(n.Op) {
	case compute.OpTypeTranspose:
		return bySize(n.Shapes[0].DType, transpose[uint8], transpose[uint16], transpose[uint32], transpose[uint64], transpose[wide])
	case compute.OpTypeBroadcastInDim:
		return bySize(n.Shapes[0].DType, broadcast[uint8], broadcast[uint16], broadcast[uint32], broadcast[uint64], broadcast[wide])
	case compute.OpTypeReverse:
		return bySize(n.Shapes[0].DType, reverse[uint8], reverse[uint16], reverse[uint32], reverse[uint64], reverse[wide])
	case compute.OpTypeSlice:
		return bySize(n.Shapes[0].DType, slice[uint8], slice[uint16], slice[uint32], slice[uint64], slice[wide])
	case compute.OpTypePad:
		return bySize(n.Shapes[0].DType, pad[uint8], pad[uint16], pad[uint32], pad[uint64], pad[wide])
	case compute.OpTypeConcatenate:
		return bySize(n.Shapes[0].DType, concatenate[uint8], concatenate[uint16], concatenate[uint32], concatenate[uint64], concatenate[wide])
	case compute.OpTypeDynamicSlice:
		return bySize(n.Shapes[0].DType, dynamicSlice[uint8], dynamicSlice[uint16], dynamicSlice[uint32], dynamicSlice[uint64], dynamicSlice[wide])
	case compute.OpTypeDynamicUpdateSlice:
		return bySize(n.Shapes[0].DType, dynamicUpdateSlice[uint8], dynamicUpdateSlice[uint16], dynamicUpdateSlice[uint32], dynamicUpdateSlice[uint64], dynamicUpdateSlice[wide])
	}
	return nil
}

func transpose[T any](n *ir.Node, in, out []tensor.Tensor) error {
	perm, dims := n.Attr.(ir.TransposeAttr).Perm, out[0].Shape.Dimensions
	from := stridesOf(in[0].Shape.Dimensions)
	if len(perm) != len(from) || len(dims) != len(from) {
		return fmt.Errorf("permutation %v of rank %d", perm, len(from))
	}
	strides := make([]int, len(perm))
	for i, axis := range perm {
		if axis < 0 || axis >= len(from) || dims[i] != in[0].Shape.Dimensions[axis] {
			return fmt.Errorf("permutation %v", perm)
		}
		strides[i] = from[axis]
	}
	if err := sameSize(in[0], out[0]); err != nil {
		return err
	}
	run(newStridedCopy(dims, stridesOf(dims), strides), tensor.Of[T](out[0]), 0, tensor.Of[T](in[0]), 0)
	return nil
}

func broadcast[T any](n *ir.Node, in, out []tensor.Tensor) error {
	axes, shape, dims := n.Attr.(ir.BroadcastAttr).Axes, in[0].Shape.Dimensions, out[0].Shape.Dimensions
	if len(axes) != len(shape) {
		return fmt.Errorf("%d axes for rank %d", len(axes), len(shape))
	}
	strides := make([]int, len(dims))
	for i, s := range stridesOf(shape) {
		switch axis := axes[i]; {
		case axis < 0 || axis >= len(dims):
			return fmt.Errorf("axis %d of rank %d", axis, len(dims))
		case shape[i] == dims[axis]:
			strides[axis] = s
		case shape[i] != 1:
			return fmt.Errorf("dimension %d does not broadcast to %d", shape[i], dims[axis])
		}
	}
	run(newStridedCopy(dims, stridesOf(dims), strides), tensor.Of[T](out[0]), 0, tensor.Of[T](in[0]), 0)
	return nil
}

func reverse[T any](n *ir.Node, in, out []tensor.Tensor) error {
	if err := sameSize(in[0], out[0]); err != nil || in[0].Shape.Size() == 0 {
		return err
	}
	dims := in[0].Shape.Dimensions
	strides, start := stridesOf(dims), 0
	for _, axis := range n.Attr.(ir.ReverseAttr).Axes {
		if axis < 0 || axis >= len(dims) {
			return fmt.Errorf("axis %d of rank %d", axis, len(dims))
		}
		start += (dims[axis] - 1) * strides[axis]
		strides[axis] = -strides[axis]
	}
	run(newStridedCopy(dims, stridesOf(dims), strides), tensor.Of[T](out[0]), 0, tensor.Of[T](in[0]), start)
	return nil
}

func slice[T any](n *ir.Node, in, out []tensor.Tensor) error {
	a, dims, shape := n.Attr.(ir.SliceAttr), out[0].Shape.Dimensions, in[0].Shape.Dimensions
	strides, start := stridesOf(shape), 0
	if len(a.Starts) != len(shape) || len(dims) != len(shape) || len(a.Strides) != 0 && len(a.Strides) != len(shape) {
		return fmt.Errorf("starts %v and strides %v for rank %d", a.Starts, a.Strides, len(shape))
	}
	for axis := range dims {
		step := 1
		if len(a.Strides) != 0 {
			step = a.Strides[axis]
		}
		last := a.Starts[axis] + (dims[axis]-1)*step
		if step < 1 || a.Starts[axis] < 0 || dims[axis] > 0 && last >= shape[axis] {
			return fmt.Errorf("axis %d: %d elements from %d in steps of %d", axis, dims[axis], a.Starts[axis], step)
		}
		start += a.Starts[axis] * strides[axis]
		strides[axis] *= step
	}
	run(newStridedCopy(dims, stridesOf(dims), strides), tensor.Of[T](out[0]), 0, tensor.Of[T](in[0]), start)
	return nil
}

// pad fills the output and then copies what negative padding leaves of the operand into it.
func pad[T any](n *ir.Node, in, out []tensor.Tensor) error {
	shape, dims := in[0].Shape.Dimensions, out[0].Shape.Dimensions
	config := n.Attr.(ir.PadAttr).Axes
	if in[1].Shape.Size() != 1 {
		return fmt.Errorf("fill value is %s, want a scalar", in[1].Shape)
	}
	if len(dims) != len(shape) || len(config) > len(shape) {
		return fmt.Errorf("%d paddings for rank %d", len(config), len(shape))
	}
	dst := tensor.Of[T](out[0])
	fill(dst, tensor.Of[T](in[1])[0])
	count, to, from := slices.Clone(shape), stridesOf(dims), stridesOf(shape)
	dstOff, srcOff := 0, 0
	for axis, c := range config {
		// Element i lands on Start + i·step, of which those within [0, dim) are copied.
		step := c.Interior + 1
		if c.Interior < 0 {
			return fmt.Errorf("axis %d: interior padding %d", axis, c.Interior)
		}
		first := max(0, ceilDiv(-c.Start, step))
		end := min(shape[axis], ceilDiv(dims[axis]-c.Start, step))
		count[axis] = max(0, end-first)
		srcOff += first * from[axis]
		dstOff += (c.Start + first*step) * to[axis]
		to[axis] *= step
	}
	for axis := len(config); axis < len(dims); axis++ {
		if dims[axis] != shape[axis] {
			return fmt.Errorf("axis %d is not padded", axis)
		}
	}
	run(newStridedCopy(count, to, from), dst, dstOff, tensor.Of[T](in[0]), srcOff)
	return nil
}

// ceilDiv is ⌈a/b⌉ for positive b.
func ceilDiv(a, b int) int {
	q := a / b
	if a%b > 0 {
		q++
	}
	return q
}

func concatenate[T any](n *ir.Node, in, out []tensor.Tensor) error {
	axis, dims := n.Attr.(ir.ConcatenateAttr).Axis, out[0].Shape.Dimensions
	if axis < 0 || axis >= len(dims) {
		return fmt.Errorf("axis %d of rank %d", axis, len(dims))
	}
	strides, at := stridesOf(dims), 0
	for _, t := range in {
		shape := t.Shape.Dimensions
		if len(shape) != len(dims) || at+shape[axis] > dims[axis] || !equalBut(axis, shape, dims) {
			return fmt.Errorf("operand %s does not fit", t.Shape)
		}
		run(newStridedCopy(shape, strides, stridesOf(shape)), tensor.Of[T](out[0]), at*strides[axis], tensor.Of[T](t), 0)
		at += shape[axis]
	}
	if at != dims[axis] {
		return fmt.Errorf("operands have %d along axis %d", at, axis)
	}
	return nil
}

func equalBut(axis int, a, b []int) bool {
	for i := range a {
		if i != axis && a[i] != b[i] {
			return false
		}
	}
	return true
}

func dynamicSlice[T any](_ *ir.Node, in, out []tensor.Tensor) error {
	dims, shape := out[0].Shape.Dimensions, in[0].Shape.Dimensions
	start, err := clampedStart(in[1:], shape, dims)
	if err != nil {
		return err
	}
	run(newStridedCopy(dims, stridesOf(dims), stridesOf(shape)), tensor.Of[T](out[0]), 0, tensor.Of[T](in[0]), start)
	return nil
}

func dynamicUpdateSlice[T any](n *ir.Node, in, out []tensor.Tensor) error {
	if err := copyInput(n, in, out); err != nil {
		return err
	}
	dims, shape := in[1].Shape.Dimensions, in[0].Shape.Dimensions
	start, err := clampedStart(in[2:], shape, dims)
	if err != nil {
		return err
	}
	run(newStridedCopy(dims, stridesOf(shape), stridesOf(dims)), tensor.Of[T](out[0]), start, tensor.Of[T](in[1]), 0)
	return nil
}

// clampedStart is the offset in an array of the given shape of a window of dims that starts at the given scalar
// indices, moved so far that it lies within the array.
func clampedStart(indices []tensor.Tensor, shape, dims []int) (int, error) {
	if len(indices) != len(shape) || len(dims) != len(shape) {
		return 0, fmt.Errorf("%d start indices and a window of rank %d for rank %d", len(indices), len(dims), len(shape))
	}
	start := 0
	for axis, stride := range stridesOf(shape) {
		if indices[axis].Shape.Size() != 1 || !indices[axis].Shape.DType.IsInt() {
			return 0, fmt.Errorf("start index %d is %s, want an integer scalar", axis, indices[axis].Shape)
		}
		if dims[axis] > shape[axis] {
			return 0, fmt.Errorf("a window of %v does not fit %v", dims, shape)
		}
		start += clampIndex(indexView(indices[axis]).at(0), shape[axis]-dims[axis]) * stride
	}
	return start, nil
}

// indexView reads integers as int64, unsigned ones beyond its range as its largest value.
func indexView(t tensor.Tensor) view[int64] {
	v := intView(t)
	if t.Shape.DType.IsUnsigned() {
		u := uintView(t)
		return view[int64]{load: func(dst []int64, off, stride int) {
			for i := range dst {
				dst[i] = int64(min(u.at(off), 1<<63-1))
				off += stride
			}
		}}
	}
	return v
}

// clampIndex moves i into [0, last].
func clampIndex(i int64, last int) int {
	return int(min(max(i, 0), int64(last)))
}
