package nn

import (
	"cmp"

	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"

	"github.com/atelier-go/atelier/autodiff"
)

// ConvTranspose2D is the transposed convolution of PyTorch's ConvTranspose2d: what a convolution with the same settings
// does to gradients on their way to its input. Each input pixel adds kernel·x to a window of the output, the windows
// stride pixels apart. Output sizes are (size-1)·stride - padding + dilation·(kernel-1) + OutputPadding + 1.
type ConvTranspose2D struct {
	Channels      int     // of the output; used by Layer only, Apply reads them from the kernel
	Kernel        Size    // used by Layer only; zero means 3
	Stride        Size    // zero means 1
	Padding       Padding // cut off the output: what the convolution would pad; zero means none, Same is not known here
	OutputPadding Size    // rows and columns more at the bottom and the right; less than stride or dilation
	Dilation      Size    // distance of the kernel's elements; zero means 1
	Groups        int     // zero means 1
	NoBias        bool    // Layer makes no bias
	Init          Init    // of Layer's variables; zero means as PyTorch
}

// Layer applies the transposed convolution with the variables "weight" [KH KW out/groups in] and "bias" [out] of scope,
// in x's floating-point type.
func (c ConvTranspose2D) Layer(scope *model.Scope, x *Node) *Node {
	wantPicture("transposed convolution", x)
	kernel, groups, in := c.Kernel.or(Side(3)), max(1, c.Groups), channelsOf(x)
	if c.Channels < 1 || c.Groups < 0 || in%groups != 0 || c.Channels%groups != 0 || !kernel.atLeast(1) {
		exceptions.Panicf("nn: transposed convolution of %s in %s: %d channels, kernel %s, %d groups: want positive "+
			"numbers, and groups that divide both numbers of channels", x.Shape(), scope.Scope(), c.Channels, kernel, cmp.Or(c.Groups, 1))
	}
	fanIn, fanOut := kernel.H*kernel.W*c.Channels/groups, kernel.H*kernel.W*in
	weight := c.Init.weights(scope, fanIn, fanOut).
		VariableWithShape("weight", shapes.Make(x.DType(), kernel.H, kernel.W, c.Channels/groups, in))
	return c.Apply(x, weight.NodeValue(x), biasOf(scope, c.NoBias, c.Init, fanIn, x, c.Channels))
}

// Apply spreads x [N H W in] with kernel [KH KW out/groups in], the kernel of the convolution that is transposed, and
// adds bias [out], unless it is nil.
func (c ConvTranspose2D) Apply(x, kernel, bias *Node) *Node {
	stride, dilation, groups := c.Stride.or(Side(1)), c.Dilation.or(Side(1)), max(1, c.Groups)
	c.check(x, kernel, bias, stride, dilation)
	size, k, pads := sizeOf(x), kernel.Shape().Dimensions, c.Padding.pairs()
	spatial := make([]int, 2)
	for i, n := range size.both() {
		extra := c.OutputPadding.both()[i]
		spatial[i] = (n-1)*stride.both()[i] - pads[i][0] - pads[i][1] + dilation.both()[i]*(k[i]-1) + extra + 1
		if spatial[i] < 1 {
			exceptions.Panicf("nn: transposed convolution of %s with kernel %s: padding %s leaves nothing",
				x.Shape(), kernel.Shape(), c.Padding)
		}
		pads[i][1] -= extra // the convolution of the larger picture does not reach what was added
	}
	y := autodiff.ConvTranspose(x, kernel, spatial, nhwc, stride.both(), pads[:], dilation.both(), groups)
	return addBias(y, bias)
}

func (c ConvTranspose2D) check(x, kernel, bias *Node, stride, dilation Size) {
	wantPicture("transposed convolution", x)
	if kernel.Rank() != 4 || kernel.DType() != x.DType() {
		exceptions.Panicf("nn: transposed convolution of %s with kernel %s: want a kernel [KH KW out/groups in] of the "+
			"same type", x.Shape(), kernel.Shape())
	}
	k, groups := kernel.Shape().Dimensions, max(1, c.Groups)
	if c.Groups < 0 || k[3] != channelsOf(x) || k[3]%groups != 0 {
		exceptions.Panicf("nn: transposed convolution of %s with kernel %s in %d groups: want x's channels last in the "+
			"kernel, divided by the groups", x.Shape(), kernel.Shape(), cmp.Or(c.Groups, 1))
	}
	if !stride.atLeast(1) || !dilation.atLeast(1) || !(Size{k[0], k[1]}).atLeast(1) || c.Padding.same {
		exceptions.Panicf("nn: transposed convolution of %s with kernel %s: stride %s, dilation %s, padding %s: want "+
			"positive strides and dilations and explicit padding", x.Shape(), kernel.Shape(), stride, dilation, c.Padding)
	}
	if extra := c.OutputPadding; !extra.atLeast(0) ||
		extra.H >= max(stride.H, dilation.H) || extra.W >= max(stride.W, dilation.W) {
		exceptions.Panicf("nn: transposed convolution of %s: output padding %s, want less than the larger of stride %s and "+
			"dilation %s", x.Shape(), extra, stride, dilation)
	}
	checkBias("transposed convolution", bias, x, k[2]*groups)
}
