package autodiff_test

import (
	"fmt"
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/atelier-go/atelier/autodiff"
	"github.com/atelier-go/atelier/autodiff/gradtest"
)

// convCase is a two-dimensional convolution; scalars apply to height, the second of a pair to width.
type convCase struct {
	n, h, w, in, out           int
	kh, kw                     int
	strides, pads, inDil, kDil []int // pads: top, bottom, left, right; nil is none
	channelGroups, batchGroups int   // 0 means 1
}

var (
	nhwc = compute.ConvolveAxesConfig{
		InputBatch: 0, InputChannels: 3, InputSpatial: []int{1, 2},
		KernelInputChannels: 2, KernelOutputChannels: 3, KernelSpatial: []int{0, 1},
		OutputBatch: 0, OutputChannels: 3, OutputSpatial: []int{1, 2},
	}
	nchw = compute.ConvolveAxesConfig{
		InputBatch: 0, InputChannels: 1, InputSpatial: []int{2, 3},
		KernelInputChannels: 1, KernelOutputChannels: 0, KernelSpatial: []int{2, 3},
		OutputBatch: 0, OutputChannels: 1, OutputSpatial: []int{2, 3},
	}
)

func (c convCase) apply(x, k *Node, axes compute.ConvolveAxesConfig) *Node {
	var pads [][2]int
	if c.pads != nil {
		pads = [][2]int{{c.pads[0], c.pads[1]}, {c.pads[2], c.pads[3]}}
	}
	return ConvGeneral(x, k, axes, c.strides, pads, c.inDil, c.kDil, max(1, c.channelGroups), max(1, c.batchGroups))
}

func (c convCase) inputs() (x, k *tensors.Tensor) {
	return gradtest.Normal(1, c.n, c.h, c.w, c.in), gradtest.Normal(2, c.kh, c.kw, c.in/max(1, c.channelGroups), c.out)
}

func (c convCase) String() string {
	return fmt.Sprintf("x=%dx%dx%dx%d,k=%dx%dx%d,s=%v,p=%v,xd=%v,kd=%v,g=%d,b=%d",
		c.n, c.h, c.w, c.in, c.kh, c.kw, c.out, c.strides, c.pads, c.inDil, c.kDil, c.channelGroups, c.batchGroups)
}

var convCases = []convCase{
	{n: 2, h: 5, w: 4, in: 3, out: 2, kh: 3, kw: 3, pads: []int{1, 1, 1, 1}},
	{n: 2, h: 5, w: 4, in: 3, out: 2, kh: 3, kw: 3},
	{n: 1, h: 6, w: 5, in: 2, out: 3, kh: 3, kw: 3, strides: []int{2, 2}, pads: []int{1, 1, 1, 1}},
	{n: 1, h: 7, w: 8, in: 2, out: 2, kh: 3, kw: 2, strides: []int{3, 2}, pads: []int{0, 1, 1, 0}},
	// Even kernels.
	{n: 1, h: 5, w: 5, in: 2, out: 2, kh: 2, kw: 2},
	{n: 2, h: 6, w: 6, in: 1, out: 2, kh: 2, kw: 2, strides: []int{2, 2}},
	{n: 1, h: 6, w: 6, in: 2, out: 2, kh: 4, kw: 4, pads: []int{1, 2, 1, 2}},
	{n: 1, h: 6, w: 6, in: 2, out: 2, kh: 4, kw: 4, strides: []int{2, 2}, pads: []int{1, 1, 1, 1}},
	{n: 1, h: 8, w: 8, in: 1, out: 2, kh: 4, kw: 4, strides: []int{4, 4}},
	{n: 1, h: 7, w: 7, in: 2, out: 1, kh: 4, kw: 2, strides: []int{2, 3}, pads: []int{2, 0, 1, 1}, kDil: []int{1, 2}},
	// Kernels of one element; strides that skip the end of the input.
	{n: 2, h: 4, w: 4, in: 3, out: 2, kh: 1, kw: 1},
	{n: 1, h: 5, w: 4, in: 2, out: 3, kh: 1, kw: 1, strides: []int{2, 2}},
	{n: 1, h: 9, w: 8, in: 1, out: 1, kh: 3, kw: 3, strides: []int{4, 3}},
	// Paddings beyond the kernel, and negative.
	{n: 1, h: 4, w: 4, in: 2, out: 2, kh: 3, kw: 3, pads: []int{3, 3, 4, 2}},
	{n: 1, h: 4, w: 4, in: 2, out: 2, kh: 2, kw: 2, strides: []int{2, 2}, pads: []int{3, 2, 2, 5}},
	{n: 1, h: 6, w: 7, in: 2, out: 2, kh: 3, kw: 3, pads: []int{-1, 1, 0, -2}},
	{n: 1, h: 6, w: 7, in: 1, out: 2, kh: 1, kw: 1, strides: []int{2, 2}, pads: []int{2, 1, -1, -1}},
	// Dilations of kernel, input and both.
	{n: 1, h: 7, w: 7, in: 2, out: 2, kh: 3, kw: 3, pads: []int{2, 2, 2, 2}, kDil: []int{2, 2}},
	{n: 1, h: 8, w: 7, in: 1, out: 2, kh: 2, kw: 3, strides: []int{2, 1}, pads: []int{1, 0, 2, 1}, kDil: []int{3, 2}},
	{n: 1, h: 3, w: 4, in: 2, out: 2, kh: 3, kw: 3, pads: []int{1, 1, 1, 1}, inDil: []int{2, 3}},
	{n: 1, h: 4, w: 3, in: 2, out: 2, kh: 2, kw: 3, strides: []int{2, 1}, pads: []int{1, 2, 2, 2}, inDil: []int{3, 2}, kDil: []int{2, 1}},
	// An image smaller than the kernel, an image of one element.
	{n: 1, h: 2, w: 2, in: 2, out: 2, kh: 5, kw: 5, pads: []int{2, 2, 2, 2}},
	{n: 1, h: 1, w: 1, in: 3, out: 2, kh: 3, kw: 3, pads: []int{1, 1, 1, 1}},
	{n: 3, h: 1, w: 1, in: 1, out: 1, kh: 1, kw: 1},
	// Groups of channels, depthwise with and without a multiplier.
	{n: 2, h: 4, w: 5, in: 4, out: 6, kh: 3, kw: 3, pads: []int{1, 1, 1, 1}, channelGroups: 2},
	{n: 1, h: 5, w: 5, in: 4, out: 4, kh: 2, kw: 2, strides: []int{2, 2}, pads: []int{1, 0, 0, 1}, channelGroups: 2},
	{n: 2, h: 4, w: 4, in: 3, out: 3, kh: 3, kw: 3, pads: []int{1, 1, 1, 1}, channelGroups: 3},
	{n: 1, h: 5, w: 4, in: 2, out: 6, kh: 3, kw: 2, strides: []int{2, 1}, pads: []int{1, 1, 0, 1}, channelGroups: 2},
	{n: 1, h: 7, w: 7, in: 3, out: 6, kh: 3, kw: 3, pads: []int{3, 3, 2, 2}, kDil: []int{2, 2}, channelGroups: 3},
	{n: 1, h: 3, w: 3, in: 4, out: 2, kh: 2, kw: 2, pads: []int{1, 1, 1, 1}, inDil: []int{2, 2}, channelGroups: 2},
	// Groups of the batch.
	{n: 4, h: 4, w: 4, in: 2, out: 4, kh: 3, kw: 3, pads: []int{1, 1, 1, 1}, batchGroups: 2},
	{n: 6, h: 5, w: 4, in: 1, out: 3, kh: 2, kw: 2, strides: []int{2, 1}, pads: []int{0, 1, 1, 0}, batchGroups: 3},
}

func TestConvolutionGradients(t *testing.T) {
	for _, c := range convCases {
		t.Run(c.String(), func(t *testing.T) {
			t.Parallel()
			x, k := c.inputs()
			check(t, func(in []*Node) *Node { return c.apply(in[0], in[1], nhwc) }, x, k)
		})
	}
}

func TestConvolutionGradientsChannelsFirst(t *testing.T) {
	for _, i := range []int{2, 7, 13, 18, 25, 27, 31} {
		c := convCases[i]
		t.Run(c.String(), func(t *testing.T) {
			x, k := gradtest.Normal(1, c.n, c.in, c.h, c.w), gradtest.Normal(2, c.out, c.in/max(1, c.channelGroups), c.kh, c.kw)
			check(t, func(in []*Node) *Node { return c.apply(in[0], in[1], nchw) }, x, k)
		})
	}
}

func TestConvolutionGradientsOneAndThreeDimensions(t *testing.T) {
	check(t, func(in []*Node) *Node {
		return Convolve(in[0], in[1]).Strides(2).PaddingPerDim([][2]int{{1, 2}}).Done()
	}, gradtest.Normal(1, 2, 7, 2), gradtest.Normal(2, 4, 2, 3))
	check(t, func(in []*Node) *Node {
		return Convolve(in[0], in[1]).StridePerAxis(2, 1, 1).PaddingPerDim([][2]int{{1, 0}, {0, 1}, {2, 0}}).Done()
	}, gradtest.Normal(1, 1, 3, 3, 4, 2), gradtest.Normal(2, 2, 2, 3, 2, 1))
}

// A third derivative runs the rule on the convolutions that the second made.
func TestConvolutionThirdOrder(t *testing.T) {
	autodiff.Install()
	for _, i := range []int{0, 7, 24, 30} {
		c := convCases[i]
		x, k := c.inputs()
		gradtest.Config{Backend: testBackend(t), Order: 3}.Check(t, func(in []*Node) *Node {
			return Tanh(MulScalar(c.apply(in[0], in[1], nhwc), 0.2))
		}, x, k)
	}
}

// The gradients are one convolution each: backends recognise them by their axes and run them as such.
func TestConvolutionGradientIsOneConvolution(t *testing.T) {
	autodiff.Install()
	for _, i := range []int{2, 24, 26, 30} {
		c := convCases[i]
		t.Run(c.String(), func(t *testing.T) {
			g := NewGraph(testBackend(t), "count")
			x, k := c.inputs()
			nx, nk := Parameter(g, "x", x.Shape()), Parameter(g, "k", k.Shape())
			grads := Gradient(ReduceAllSum(Square(c.apply(nx, nk, nhwc))), nx, nk)
			convs := 0
			for _, node := range g.Nodes() {
				switch node.Type() {
				case NodeTypeConvGeneral:
					convs++
				case NodeTypeConcatenate, NodeTypeSlice:
					t.Errorf("the gradient has a %s", node.Type())
				}
			}
			if convs != 3 || len(grads) != 2 {
				t.Errorf("forward and gradients have %d convolutions, want 3", convs)
			}
		})
	}
}
