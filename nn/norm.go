package nn

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/support/exceptions"
)

// InstanceNorm normalises each channel of each picture to mean 0 and variance 1 over its pixels, as PyTorch's
// InstanceNorm2d without weights: (x - mean)·(variance + Eps)^(-1/2), with the biased variance. Multiply and add per
// channel for conditional and adaptive instance norm.
type InstanceNorm struct {
	Eps float64 // zero means 1e-5
}

// Apply normalises x [N H W C], in training and inference alike.
func (l InstanceNorm) Apply(x *Node) *Node {
	wantPicture("instance norm", x)
	if size := sizeOf(x); size.H*size.W < 2 {
		exceptions.Panicf("nn: instance norm of %s: want more than one pixel", x.Shape())
	}
	return momentsOf(x, epsOr(l.Eps, 1e-5), heightAxis, widthAxis).normalised(x)
}

// PixelNorm divides each pixel by the root mean square of its channels, as Karras et al. (2018), "Progressive growing of
// GANs": x·(mean(x²) + Eps)^(-1/2).
type PixelNorm struct {
	Eps float64 // zero means 1e-8, the paper's
}

// Apply normalises x, whose last axis are the channels.
func (l PixelNorm) Apply(x *Node) *Node {
	wantFloat("pixel norm", x)
	if x.Rank() < 1 || x.Shape().Dimensions[x.Rank()-1] < 1 {
		exceptions.Panicf("nn: pixel norm of %s: want channels last, at least one", x.Shape())
	}
	eps := epsOr(l.Eps, 1e-8)
	n := float64(x.Shape().Dimensions[x.Rank()-1])
	meanSquare := MulScalar(ReduceAndKeep(Square(x), ReduceSum, -1), 1/n)
	return Mul(x, Rsqrt(AddScalar(meanSquare, eps)))
}

func epsOr(eps, def float64) float64 {
	switch {
	case eps == 0:
		return def
	case eps > 0:
		return eps
	default:
		exceptions.Panicf("nn: Eps = %v, want > 0", eps)
		return 0
	}
}
