package nn

import (
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
)

// line is linear resampling of one axis from size to n elements: y[o] = (1-t)·x[i] + t·x[i+1], where i + t is the
// position of output o among the inputs.
type line struct {
	size, n int
	align   bool // positions map ends to ends, otherwise outer edges to outer edges
}

// position is the exact position of output o as a fraction. It may lie up to half a pixel outside.
func (l line) position(o int) (num, den int) {
	switch {
	case !l.align:
		return (2*o+1)*l.size - l.n, 2 * l.n // (o + 1/2)·size/n - 1/2
	case l.n > 1:
		return o * (l.size - 1), l.n - 1
	default:
		return 0, 1
	}
}

// tap is the input at or before output o's position, -1 if that is before the first, and the weight of the next input.
func (l line) tap(o int) (i int, t float64) {
	num, den := l.position(o)
	i = num / den
	if num < 0 {
		i = -1
	}
	return i, float64(num-i*den) / float64(den)
}

// resample is along an axis of a picture.
func (l line) resample(x *Node, axis int) *Node {
	switch {
	case l.size == l.n: // the identity, however aligned
		return x
	case l.size == 1:
		dims := slices.Clone(x.Shape().Dimensions)
		dims[axis] = l.n
		return BroadcastToDims(x, dims...)
	case l.n == 1 && l.align:
		return cut(x, axis, 0, 1)
	}
	if period := l.period(); period <= maxPhases {
		return l.phases(x, axis, period)
	}
	return l.gathered(x, axis)
}

// maxPhases bounds the size of the graph that phases makes: a few nodes for each.
const maxPhases = 16

// intervals are the lengths whose ratio is the scale.
func (l line) intervals() (from, to int) {
	if l.align {
		return l.size - 1, l.n - 1
	}
	return l.size, l.n
}

// period is the number of outputs after which the weights repeat: 2 for doubling, 3 for 3/2, 1 for halving.
func (l line) period() int {
	from, to := l.intervals()
	return to / gcd(from, to)
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// phases computes all outputs of the same weight together, as a mean of two strided slices, and interleaves them.
func (l line) phases(x *Node, axis, period int) *Node {
	from, to := l.intervals()
	count := to / period
	step := from / count
	padded := padAxis(x, axis, 1, 1, PadReplicate) // inputs -1 and size are the edge
	at := func(i int) *Node {
		specs := make([]SliceAxisSpec, x.Rank())
		for a := range specs {
			specs[a] = AxisRange()
		}
		specs[axis] = AxisRange(i+1, i+1+(count-1)*step+1).Stride(step)
		return Slice(padded, specs...)
	}
	parts := make([]*Node, period)
	for o := range parts {
		i, t := l.tap(o)
		parts[o] = at(i)
		if t != 0 { // a product with 0 would make NaN of an infinity that is not part of this output
			parts[o] = Add(MulScalar(parts[o], 1-t), MulScalar(at(i+1), t))
		}
		parts[o] = InsertAxes(parts[o], axis+1)
	}
	dims := slices.Clone(x.Shape().Dimensions)
	dims[axis] = to
	y := parts[0]
	if period > 1 {
		y = Concatenate(parts, axis+1)
	}
	y = Reshape(y, dims...)
	if l.align { // the end itself, where a further period would begin
		y = Concatenate([]*Node{y, cut(x, axis, l.size-1, l.size)}, axis)
	}
	return y
}

// gathered reads both neighbours of every output by their indices, with the axis moved to the front.
func (l line) gathered(x *Node, axis int) *Node {
	g, dtype := x.Graph(), x.DType()
	before, after := make([][]int32, l.n), make([][]int32, l.n)
	weights, inner := make([]float64, l.n), make([]bool, l.n)
	for o := range l.n {
		i, t := l.tap(o)
		before[o] = []int32{int32(min(max(i, 0), l.size-1))}
		after[o] = []int32{int32(min(i+1, l.size-1))}
		weights[o], inner[o] = t, t != 0
	}
	perm := []int{axis}
	for a := range x.Rank() {
		if a != axis {
			perm = append(perm, a)
		}
	}
	front := TransposeAllAxes(x, perm...)
	column := func(v *Node) *Node { return Reshape(v, l.n, 1, 1, 1) }
	t := column(ConstAsDType(g, dtype, weights))
	a, b := Gather(front, Const(g, before)), Gather(front, Const(g, after))
	second := Mul(b, t)
	used := BroadcastToDims(column(Const(g, inner)), second.Shape().Dimensions...)
	y := Add(Mul(a, OneMinus(t)), Where(used, second, ScalarZero(g, dtype)))
	inverse := make([]int, len(perm))
	for to, from := range perm {
		inverse[from] = to
	}
	return TransposeAllAxes(y, inverse...)
}
