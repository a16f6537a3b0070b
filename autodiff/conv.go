package autodiff

import (
	"slices"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/support/exceptions"
)

// convolution is a ConvGeneral with every argument spelled out, and the sizes of input, kernel and output.
type convolution struct {
	x, k, y                    []int
	axes                       compute.ConvolveAxesConfig
	strides, inDil, kDil       []int
	pads                       [][2]int
	channelGroups, batchGroups int
}

func convolutionOf(node *Node) convolution {
	s := staticOf(node)
	n := node.Rank() - 2
	return convolution{
		x: node.Inputs()[0].Shape().Dimensions, k: node.Inputs()[1].Shape().Dimensions, y: node.Shape().Dimensions,
		axes:    s.convAxes(),
		strides: s.intsOr("strides", n, 1),
		inDil:   s.intsOr("inputDilations", n, 1),
		kDil:    s.intsOr("kernelDilations", n, 1),
		pads:    s.pairs("paddings", n),

		channelGroups: max(1, s.int("channelGroupCount")),
		batchGroups:   max(1, s.int("batchGroupCount")),
	}
}

// convGradient gives both gradients of a convolution as one convolution each, whatever the strides, paddings,
// dilations and groups, so that they can be differentiated in turn by the same rule.
func convGradient(node, v *Node) []*Node {
	c, x, k := convolutionOf(node), node.Inputs()[0], node.Inputs()[1]
	if v.Shape().Size() == 0 {
		return []*Node{ZerosLike(x), ZerosLike(k)}
	}
	return []*Node{c.inputGradient(v, k), c.kernelGradient(v, x)}
}

// ConvTranspose returns the transpose of a convolution: the x-shaped tensor dx with ⟨dx, x⟩ = ⟨v, conv(x, k)⟩ for every
// x. It is the convolution's gradient with respect to its input, and what neural networks call a transposed
// convolution. axes, strides, pads, dilations (of the kernel) and groups (of channels) are those of the convolution,
// all spelled out; spatial are the spatial sizes of x. It is one ConvGeneral.
//
// It panics, as graph-building functions do, if no convolution of an input of that size has an output of v's.
func ConvTranspose(v, k *Node, spatial []int, axes compute.ConvolveAxesConfig,
	strides []int, pads [][2]int, dilations []int, groups int) *Node {
	n := len(spatial)
	c := convolution{
		x: make([]int, n+2), k: k.Shape().Dimensions, y: v.Shape().Dimensions, axes: axes,
		strides: strides, inDil: slices.Repeat([]int{1}, n), kDil: dilations, pads: pads,
		channelGroups: groups, batchGroups: 1,
	}
	for i, axis := range axes.InputSpatial {
		c.x[axis] = spatial[i]
		in, kernel, _ := c.extents(i)
		padded := in + pads[i][0] + pads[i][1]
		if size := c.y[axes.OutputSpatial[i]]; padded < kernel || (padded-kernel)/strides[i]+1 != size {
			exceptions.Panicf("autodiff: transposed convolution of %s with kernel %s, strides %v, paddings %v, dilations %v "+
				"cannot have spatial sizes %v", v.Shape(), k.Shape(), strides, pads, dilations, spatial)
		}
	}
	return c.inputGradient(v, k)
}

// inputGradient convolves v with the kernel reversed in space and its channels swapped; strides and the input's
// dilations change places.
func (c convolution) inputGradient(v, k *Node) *Node {
	groups := c.channelGroups
	if g := max(c.channelGroups, c.batchGroups); g > 1 {
		// A group's outputs must become its inputs: [I/g, O] is regrouped to [g·(I/g), O/g].
		k = splitAxis(k, c.axes.KernelOutputChannels, g)
		k = mergeAxis(k, c.axes.KernelOutputChannels, c.axes.KernelInputChannels)
		groups = g
	}
	axes := compute.ConvolveAxesConfig{
		InputBatch: c.axes.OutputBatch, InputChannels: c.axes.OutputChannels, InputSpatial: c.axes.OutputSpatial,
		KernelInputChannels:  c.axes.KernelOutputChannels,
		KernelOutputChannels: c.axes.KernelInputChannels,
		KernelSpatial:        c.axes.KernelSpatial,
		OutputBatch:          c.axes.InputBatch, OutputChannels: c.axes.InputChannels, OutputSpatial: c.axes.InputSpatial,
	}
	if spatial := reversible(k, c.axes.KernelSpatial); len(spatial) > 0 {
		k = Reverse(k, spatial...)
	}
	dx := ConvGeneral(v, k, axes, c.inDil, c.inputPads(), c.strides, c.kDil, groups, 1)
	if c.batchGroups > 1 {
		// The groups came out side by side as channels; they are parts of the batch.
		dx = splitAxis(dx, c.axes.InputChannels, c.batchGroups)
		dx = mergeAxis(dx, c.axes.InputChannels, c.axes.InputBatch)
	}
	return dx
}

// kernelGradient convolves x with v as the kernel: the sum runs over the batch, so batch and channels change places,
// and so do strides and the kernel's dilations. Groups of channels become groups of the batch and back.
func (c convolution) kernelGradient(v, x *Node) *Node {
	axes := compute.ConvolveAxesConfig{
		InputBatch: c.axes.InputChannels, InputChannels: c.axes.InputBatch, InputSpatial: c.axes.InputSpatial,
		KernelInputChannels:  c.axes.OutputBatch,
		KernelOutputChannels: c.axes.OutputChannels,
		KernelSpatial:        c.axes.OutputSpatial,
		OutputBatch:          c.axes.KernelInputChannels,
		OutputChannels:       c.axes.KernelOutputChannels,
		OutputSpatial:        c.axes.KernelSpatial,
	}
	return ConvGeneral(x, v, axes, c.kDil, c.kernelPads(), c.inDil, c.strides, c.batchGroups, c.channelGroups)
}

// dilated is the extent of n elements d apart.
func dilated(n, d int) int { return (n-1)*d + 1 }

// extents are the dilated sizes of input, kernel and output along spatial axis i.
func (c convolution) extents(i int) (in, kernel, out int) {
	in = dilated(c.x[c.axes.InputSpatial[i]], c.inDil[i])
	kernel = dilated(c.k[c.axes.KernelSpatial[i]], c.kDil[i])
	out = dilated(c.y[c.axes.OutputSpatial[i]], c.strides[i])
	return in, kernel, out
}

// inputPads are the paddings of v in inputGradient. They are negative where the padding of x was larger than the
// kernel less one.
func (c convolution) inputPads() [][2]int {
	pads := make([][2]int, len(c.pads))
	for i, p := range c.pads {
		in, kernel, out := c.extents(i)
		before := kernel - 1 - p[0]
		pads[i] = [2]int{before, in + kernel - 1 - out - before}
	}
	return pads
}

// kernelPads are the paddings of x in kernelGradient. The second is negative where the strides skip the input's end.
func (c convolution) kernelPads() [][2]int {
	pads := make([][2]int, len(c.pads))
	for i, p := range c.pads {
		in, kernel, out := c.extents(i)
		pads[i] = [2]int{p[0], out + kernel - 1 - in - p[0]}
	}
	return pads
}

// reversible are the axes along which reversing k changes anything.
func reversible(k *Node, axes []int) []int {
	var r []int
	for _, axis := range axes {
		if k.Shape().Dimensions[axis] > 1 {
			r = append(r, axis)
		}
	}
	return r
}

// splitAxis makes an axis of size g·n two: g, then n.
func splitAxis(x *Node, axis, g int) *Node {
	dims := make([]int, 0, x.Rank()+1)
	for i, d := range x.Shape().Dimensions {
		if i == axis {
			dims = append(dims, g, d/g)
			continue
		}
		dims = append(dims, d)
	}
	return Reshape(x, dims...)
}

// mergeAxis removes the axis at position from and makes it the slow part of the axis that then is at position into.
func mergeAxis(x *Node, from, into int) *Node {
	var perm, dims []int
	for i, d := range x.Shape().Dimensions {
		if i != from {
			perm, dims = append(perm, i), append(dims, d)
		}
	}
	moved := x.Shape().Dimensions[from]
	perm = append(perm[:into], append([]int{from}, perm[into:]...)...)
	dims[into] *= moved
	return Reshape(TransposeAllAxes(x, perm...), dims...)
}
