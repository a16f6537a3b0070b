package nn

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/support/exceptions"
)

// UpsampleNearest repeats every pixel factor.H times down and factor.W times across, as PyTorch's Upsample with integer
// factors and mode "nearest". Zero in factor means 1.
func UpsampleNearest(x *Node, factor Size) *Node {
	wantPicture("nearest upsampling", x)
	f := factor.or(Side(1))
	if !f.atLeast(1) {
		exceptions.Panicf("nn: nearest upsampling of %s by %s: want positive factors", x.Shape(), factor)
	}
	if f == Side(1) {
		return x
	}
	n, size, c := x.Shape().Dimensions[batchAxis], sizeOf(x), channelsOf(x)
	x = Reshape(x, n, size.H, 1, size.W, 1, c)
	x = BroadcastToDims(x, n, size.H, f.H, size.W, f.W, c)
	return Reshape(x, n, size.H*f.H, size.W*f.W, c)
}

// Bilinear resamples pictures to any size, as PyTorch's Upsample with mode "bilinear": each output pixel is a mean of
// the four input pixels around its position, weighted by distance. Shrinking by more than 2 skips pixels, as PyTorch's
// without antialiasing.
type Bilinear struct {
	Output Size // required
	// AlignCorners puts the centres of the corner pixels of input and output at the same place; otherwise their outer
	// corners are. PyTorch's align_corners.
	AlignCorners bool
}

// Apply resamples x [N H W C].
func (b Bilinear) Apply(x *Node) *Node {
	wantPicture("bilinear resampling", x)
	if !b.Output.atLeast(1) || !sizeOf(x).atLeast(1) {
		exceptions.Panicf("nn: bilinear resampling of %s to %s: want positive sizes", x.Shape(), b.Output)
	}
	if x.Shape().Size() == 0 {
		return emptyLike(x, b.Output)
	}
	if size := sizeOf(x); !b.AlignCorners && b.Output == (Size{2 * size.H, 2 * size.W}) {
		return doubled(x)
	}
	for i, n := range b.Output.both() {
		x = line{size: sizeOf(x).both()[i], n: n, align: b.AlignCorners}.resample(x, heightAxis+i)
	}
	return x
}

// doubled is bilinear resampling to twice the size as a transposed convolution of each channel, which is one operation
// forward and back. Every output pixel gets four of the kernel's weights, and none of them is zero.
func doubled(x *Node) *Node {
	line := []float64{0.25, 0.75, 0.75, 0.25}
	weights := make([]float64, 0, len(line)*len(line))
	for _, h := range line {
		for _, w := range line {
			weights = append(weights, h*w)
		}
	}
	side, channels := len(line), channelsOf(x)
	kernel := Reshape(ConstAsDType(x.Graph(), x.DType(), weights), side, side, 1, 1)
	kernel = BroadcastToDims(kernel, side, side, 1, channels)
	// The edge is repeated once and what it makes of its own is cut off.
	return ConvTranspose2D{Stride: Side(2), Padding: Border(3), Groups: channels}.
		Apply(Pad2D(x, Border(1), PadReplicate), kernel, nil)
}
