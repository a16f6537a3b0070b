package nn

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Padding is how many pixels are added around a picture. The zero value adds none ("valid").
type Padding struct {
	Top, Bottom, Left, Right int

	same bool
}

// Same is the padding that makes an output's size the input's divided by the stride, rounded up. Where the number of
// pixels is odd the one more goes to the bottom and the right, as PyTorch's padding="same" and TensorFlow's do.
var Same = Padding{same: true}

// Border pads n pixels on every side, as PyTorch's padding=n.
func Border(n int) Padding { return Padding{Top: n, Bottom: n, Left: n, Right: n} }

func (p Padding) String() string {
	if p.same {
		return "same"
	}
	return fmt.Sprintf("%d,%d,%d,%d", p.Top, p.Bottom, p.Left, p.Right)
}

func (p Padding) pairs() [2][2]int { return [2][2]int{{p.Top, p.Bottom}, {p.Left, p.Right}} }

// resolve gives Same its numbers for an input and a kernel that, dilated, has the extent k.
func (p Padding) resolve(in, k, stride Size) Padding {
	if !p.same {
		return p
	}
	before := func(in, k, stride int) (int, int) {
		out := (in + stride - 1) / stride
		total := max(0, (out-1)*stride+k-in)
		return total / 2, total - total/2
	}
	var r Padding
	r.Top, r.Bottom = before(in.H, k.H, stride.H)
	r.Left, r.Right = before(in.W, k.W, stride.W)
	return r
}

// PadMode is what a picture is continued with.
type PadMode int

const (
	// PadZeros continues with zeros.
	PadZeros PadMode = iota
	// PadReflect mirrors the picture at the middle of its edge pixels, which are not repeated: c b | a b c | b a. The
	// padding must be smaller than the picture.
	PadReflect
	// PadReplicate repeats the edge pixels: a a | a b c | c c.
	PadReplicate
)

func (m PadMode) String() string {
	switch m {
	case PadZeros:
		return "zeros"
	case PadReflect:
		return "reflect"
	case PadReplicate:
		return "replicate"
	default:
		return fmt.Sprintf("PadMode(%d)", int(m))
	}
}

// Pad2D continues x [N H W C] by p. Negative numbers cut off, with PadZeros only. It panics if p is Same, which needs a
// kernel, if the mode cannot reach that far, or if nothing would be left.
func Pad2D(x *Node, p Padding, mode PadMode) *Node {
	wantPicture("padding", x)
	if p.same {
		exceptions.Panicf("nn: padding of %s: Same needs a kernel to pad for", x.Shape())
	}
	size := sizeOf(x)
	for i, pair := range p.pairs() {
		n := size.both()[i]
		switch {
		case mode < PadZeros || mode > PadReplicate:
			exceptions.Panicf("nn: padding of %s: unknown mode %s", x.Shape(), mode)
		case mode != PadZeros && min(pair[0], pair[1]) < 0:
			exceptions.Panicf("nn: %s padding of %s by %s: negative", mode, x.Shape(), p)
		case mode == PadReflect && max(pair[0], pair[1]) >= max(1, n):
			exceptions.Panicf("nn: reflect padding of %s by %s: want less than the picture's size", x.Shape(), p)
		case mode == PadReplicate && n == 0:
			exceptions.Panicf("nn: replicate padding of %s: there is no edge", x.Shape())
		case n+pair[0]+pair[1] < 1, -pair[0] >= n && pair[0] < 0, -pair[1] >= n && pair[1] < 0:
			exceptions.Panicf("nn: padding of %s by %s: nothing is left", x.Shape(), p)
		}
	}
	for i, pair := range p.pairs() {
		x = padAxis(x, heightAxis+i, pair[0], pair[1], mode)
	}
	return x
}

// padAxis is Pad2D along one axis.
func padAxis(x *Node, axis, before, after int, mode PadMode) *Node {
	n := x.Shape().Dimensions[axis]
	if before == 0 && after == 0 {
		return x
	}
	if mode == PadZeros {
		x = cut(x, axis, max(0, -before), n-max(0, -after))
		if before <= 0 && after <= 0 {
			return x
		}
		axes := make([]PadAxis, x.Rank())
		axes[axis] = PadAxis{Start: max(0, before), End: max(0, after)}
		return Pad(x, ScalarZero(x.Graph(), x.DType()), axes...)
	}
	edge := func(first, size int) *Node { // what is put where first is the pixel next to the picture's edge
		if mode == PadReflect {
			return Reverse(cut(x, axis, first, first+size), axis)
		}
		dims := append([]int(nil), x.Shape().Dimensions...)
		dims[axis] = size
		return BroadcastToDims(cut(x, axis, first, first+1), dims...)
	}
	var parts []*Node
	if before > 0 {
		first := 0
		if mode == PadReflect {
			first = 1
		}
		parts = append(parts, edge(first, before))
	}
	parts = append(parts, x)
	if after > 0 {
		first := n - 1
		if mode == PadReflect {
			first = n - 1 - after
		}
		parts = append(parts, edge(first, after))
	}
	return Concatenate(parts, axis)
}

// cut is x[from:to] along one axis.
func cut(x *Node, axis, from, to int) *Node {
	if from == 0 && to == x.Shape().Dimensions[axis] {
		return x
	}
	specs := make([]SliceAxisSpec, x.Rank())
	for a := range specs {
		specs[a] = AxisRange()
	}
	specs[axis] = AxisRange(from, to)
	return Slice(x, specs...)
}
