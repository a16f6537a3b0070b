package autodiff

import (
	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
)

// convolution is a ConvGeneral with every argument spelled out.
type convolution struct {
	node, x, k                 *Node
	axes                       compute.ConvolveAxesConfig
	strides, inDil, kDil       []int
	pads                       [][2]int
	channelGroups, batchGroups int
}

func convolutionOf(node *Node) convolution {
	s := staticOf(node)
	n := node.Rank() - 2
	return convolution{
		node: node, x: node.Inputs()[0], k: node.Inputs()[1],
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
	c := convolutionOf(node)
	if v.Shape().Size() == 0 {
		return []*Node{ZerosLike(c.x), ZerosLike(c.k)}
	}
	return []*Node{c.inputGradient(v), c.kernelGradient(v)}
}

// inputGradient convolves v with the kernel reversed in space and its channels swapped; strides and the input's
// dilations change places.
func (c convolution) inputGradient(v *Node) *Node {
	k, groups := c.k, c.channelGroups
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
func (c convolution) kernelGradient(v *Node) *Node {
	axes := compute.ConvolveAxesConfig{
		InputBatch: c.axes.InputChannels, InputChannels: c.axes.InputBatch, InputSpatial: c.axes.InputSpatial,
		KernelInputChannels:  c.axes.OutputBatch,
		KernelOutputChannels: c.axes.OutputChannels,
		KernelSpatial:        c.axes.OutputSpatial,
		OutputBatch:          c.axes.KernelInputChannels,
		OutputChannels:       c.axes.KernelOutputChannels,
		OutputSpatial:        c.axes.KernelSpatial,
	}
	return ConvGeneral(c.x, v, axes, c.kDil, c.kernelPads(), c.inDil, c.strides, c.batchGroups, c.channelGroups)
}

// dilated is the extent of n elements d apart.
func dilated(n, d int) int { return (n-1)*d + 1 }

// extents are the dilated sizes of input, kernel and output along spatial axis i.
func (c convolution) extents(i int) (in, kernel, out int) {
	in = dilated(c.x.Shape().Dimensions[c.axes.InputSpatial[i]], c.inDil[i])
	kernel = dilated(c.k.Shape().Dimensions[c.axes.KernelSpatial[i]], c.kDil[i])
	out = dilated(c.node.Shape().Dimensions[c.axes.OutputSpatial[i]], c.strides[i])
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
