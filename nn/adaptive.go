package nn

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/support/exceptions"
)

// AdaptivePool pools pictures of any size to one size, as PyTorch's adaptive pooling: output row i is over the input rows
// from floor(i·H/out) up to, not including, ceil((i+1)·H/out), and columns likewise. Windows overlap where the sizes do
// not divide, and repeat pixels where the output is larger.
type AdaptivePool struct {
	Output Size // zero means 1 by 1: global pooling
}

// Max is the largest value of each window, with the conventions of [Pool.Max].
func (p AdaptivePool) Max(x *Node) *Node {
	out := p.check("adaptive max pooling", x)
	if pool, ok := p.uniform(x); ok {
		return pool.Max(x)
	}
	// Columns first: then the first maximum in row-major order wins.
	maxOf := func(x *Node, axis int) *Node { return windowAlong(axis, x).Max(x) }
	return adapt(adapt(x, widthAxis, out.W, maxOf), heightAxis, out.H, maxOf)
}

// Mean is the mean of each window.
func (p AdaptivePool) Mean(x *Node) *Node {
	out := p.check("adaptive mean pooling", x)
	if out == Side(1) {
		n := sizeOf(x)
		return MulScalar(ReduceAndKeep(x, ReduceSum, heightAxis, widthAxis), 1/float64(n.H*n.W))
	}
	if pool, ok := p.uniform(x); ok {
		return pool.Mean(x)
	}
	meanOf := func(x *Node, axis int) *Node { return windowAlong(axis, x).Mean(x) }
	return adapt(adapt(x, widthAxis, out.W, meanOf), heightAxis, out.H, meanOf)
}

// Concat is fastai's AdaptiveConcatPool2d: Max's channels, then Mean's.
func (p AdaptivePool) Concat(x *Node) *Node {
	return Concatenate([]*Node{p.Max(x), p.Mean(x)}, channelAxis)
}

func (p AdaptivePool) check(layer string, x *Node) Size {
	wantPicture(layer, x)
	out := p.Output.or(Side(1))
	if !out.atLeast(1) || !sizeOf(x).atLeast(1) {
		exceptions.Panicf("nn: %s of %s to %s: want positive sizes", layer, x.Shape(), out)
	}
	return out
}

// uniform is the ordinary pooling that does the same, if the sizes divide.
func (p AdaptivePool) uniform(x *Node) (Pool, bool) {
	in, out := sizeOf(x), p.Output.or(Side(1))
	return Pool{Kernel: Size{in.H / out.H, in.W / out.W}}, in.H%out.H == 0 && in.W%out.W == 0
}

// windowAlong is a pool whose one window is all of x along an axis.
func windowAlong(axis int, x *Node) Pool {
	kernel := Side(1)
	if axis == heightAxis {
		kernel.H = x.Shape().Dimensions[axis]
	} else {
		kernel.W = x.Shape().Dimensions[axis]
	}
	return Pool{Kernel: kernel}
}

// adapt makes n windows of an axis, each reduced to one element by reduce.
func adapt(x *Node, axis, n int, reduce func(x *Node, axis int) *Node) *Node {
	size, parts := x.Shape().Dimensions[axis], make([]*Node, n)
	for i := range parts {
		parts[i] = reduce(cut(x, axis, i*size/n, ((i+1)*size+n-1)/n), axis)
	}
	return Concatenate(parts, axis)
}
