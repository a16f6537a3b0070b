package nn

import (
	"cmp"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
)

// nhwc are the axes of pictures [N H W C] and kernels [KH KW in out].
var nhwc = compute.ConvolveAxesConfig{
	InputBatch: batchAxis, InputChannels: channelAxis, InputSpatial: []int{heightAxis, widthAxis},
	KernelInputChannels: 2, KernelOutputChannels: 3, KernelSpatial: []int{0, 1},
	OutputBatch: batchAxis, OutputChannels: channelAxis, OutputSpatial: []int{heightAxis, widthAxis},
}

// Conv2D is a convolution (cross-correlation, as everywhere in deep learning) of pictures:
//
//	y[n,i,j,o] = bias[o] + Σ_{a,b,c} x[n, i·stride+a·dilation-top, j·stride+b·dilation-left, c]·kernel[a,b,c,o]
//
// Output sizes are floor((size + padding - dilation·(kernel-1) - 1)/stride) + 1, as in PyTorch.
type Conv2D struct {
	Channels int     // of the output; used by Layer only, Apply reads them from the kernel
	Kernel   Size    // used by Layer only; zero means 3
	Stride   Size    // zero means 1
	Padding  Padding // zero means none; negative numbers cut off
	Mode     PadMode // what is beyond the edges; zero means zeros
	Dilation Size    // distance of the kernel's elements; zero means 1
	// Groups cuts input and output channels into that many parts that do not see each other; zero means 1. As many groups
	// as input channels make a depthwise convolution.
	Groups int
	NoBias bool // Layer makes no bias
	Init   Init // of Layer's variables; zero means as PyTorch
}

// Layer applies the convolution with the variables "weight" [KH KW in/groups out] and "bias" [out] of scope, in x's
// floating-point type.
func (c Conv2D) Layer(scope *model.Scope, x *Node) *Node {
	wantPicture("convolution", x)
	kernel, groups, in := c.Kernel.or(Side(3)), max(1, c.Groups), channelsOf(x)
	if c.Channels < 1 || c.Groups < 0 || in%groups != 0 || c.Channels%groups != 0 || !kernel.atLeast(1) {
		exceptions.Panicf("nn: convolution of %s in %s: %d channels, kernel %s, %d groups: want positive numbers, and "+
			"groups that divide both numbers of channels", x.Shape(), scope.Scope(), c.Channels, kernel, cmp.Or(c.Groups, 1))
	}
	fanIn, fanOut := kernel.H*kernel.W*in/groups, kernel.H*kernel.W*c.Channels
	weight := c.Init.weights(scope, fanIn, fanOut).
		VariableWithShape("weight", shapes.Make(x.DType(), kernel.H, kernel.W, in/groups, c.Channels))
	return c.Apply(x, weight.NodeValue(x), biasOf(scope, c.NoBias, c.Init, fanIn, x, c.Channels))
}

// biasOf is a convolution's bias, nil for none.
func biasOf(scope *model.Scope, none bool, init Init, fanIn int, x *Node, channels int) *Node {
	if none {
		return nil
	}
	return init.biases(scope, fanIn).VariableWithShape("bias", shapes.Make(x.DType(), channels)).NodeValue(x)
}

// Apply convolves x [N H W in] with kernel [KH KW in/groups out] and adds bias [out], unless it is nil.
func (c Conv2D) Apply(x, kernel, bias *Node) *Node {
	stride, dilation, groups := c.Stride.or(Side(1)), c.Dilation.or(Side(1)), max(1, c.Groups)
	c.check(x, kernel, bias, stride, dilation)
	k := kernel.Shape().Dimensions
	extent := Size{(k[0]-1)*dilation.H + 1, (k[1]-1)*dilation.W + 1}
	pad := c.Padding.resolve(sizeOf(x), extent, stride)
	if c.Mode != PadZeros {
		x, pad = Pad2D(x, pad, c.Mode), Padding{}
	}
	size := sizeOf(x)
	if size.H+pad.Top+pad.Bottom < extent.H || size.W+pad.Left+pad.Right < extent.W {
		exceptions.Panicf("nn: convolution of %s: the kernel %s, dilated %s, is larger than the picture padded by %s",
			x.Shape(), kernel.Shape(), extent, pad)
	}
	pads := pad.pairs()
	y := ConvGeneral(x, kernel, nhwc, stride.both(), pads[:], nil, dilation.both(), groups, 1)
	return addBias(y, bias)
}

func (c Conv2D) check(x, kernel, bias *Node, stride, dilation Size) {
	wantPicture("convolution", x)
	if kernel.Rank() != 4 || kernel.DType() != x.DType() {
		exceptions.Panicf("nn: convolution of %s with kernel %s: want a kernel [KH KW in/groups out] of the same type",
			x.Shape(), kernel.Shape())
	}
	k, groups := kernel.Shape().Dimensions, max(1, c.Groups)
	if c.Groups < 0 || k[2]*groups != channelsOf(x) || k[3]%groups != 0 {
		exceptions.Panicf("nn: convolution of %s with kernel %s in %d groups: want as many input channels in the kernel as "+
			"a group has, and output channels that the groups divide", x.Shape(), kernel.Shape(), cmp.Or(c.Groups, 1))
	}
	if !stride.atLeast(1) || !dilation.atLeast(1) || !(Size{k[0], k[1]}).atLeast(1) {
		exceptions.Panicf("nn: convolution of %s with kernel %s: stride %s, dilation %s: want positive numbers",
			x.Shape(), kernel.Shape(), stride, dilation)
	}
	checkBias("convolution", bias, x, k[3])
}

func checkBias(layer string, bias, x *Node, channels int) {
	if bias != nil && (bias.DType() != x.DType() || bias.Rank() != 1 || bias.Shape().Dimensions[0] != channels) {
		exceptions.Panicf("nn: %s of %s with bias %s: want [%d] of the same type", layer, x.Shape(), bias.Shape(), channels)
	}
}

// addBias adds a vector over channels, broadcast.
func addBias(y, bias *Node) *Node {
	if bias == nil {
		return y
	}
	return Add(y, perChannel(bias, y.Rank()))
}

// perChannel makes a vector over channels, the last axis, broadcastable to the given rank.
func perChannel(v *Node, rank int) *Node {
	dims := make([]int, rank)
	for i := range dims {
		dims[i] = 1
	}
	dims[rank-1] = v.Shape().Dimensions[0]
	return Reshape(v, dims...)
}
