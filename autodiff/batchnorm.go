package autodiff

import (
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// batchNormTrainingGradient is the rule of BatchNormForTraining(x, γ, β) → y, mean, variance, spelled out in ordinary
// operations so that it can be differentiated again:
//
//	(dx, dγ, dβ) of batchNormBackward + dmean/n + 2/n·(x-mean)·dvariance
func batchNormTrainingGradient(node *Node, v []*Node, _ shapes.Shape) []*Node {
	s, x, scale := staticOf(node), node.Inputs()[0], node.Inputs()[1]
	ch := channelsOf(x, s.int("featureAxis"))
	mean := ch.mean(x)
	centred := Sub(x, mean)
	variance := ch.mean(Square(centred))
	grads := ch.batchNormBackward(x, scale, mean, variance, v[0], s.field("epsilon").Float())
	if dMean := v[1]; !isZero(dMean) {
		grads[0] = Add(grads[0], MulScalar(ch.shaped(dMean), 1/ch.n))
	}
	if dVariance := v[2]; !isZero(dVariance) {
		grads[0] = Add(grads[0], Mul(centred, MulScalar(ch.shaped(dVariance), 2/ch.n)))
	}
	return grads
}

// batchNormGradientGradient is the rule of BatchNormGradient(x, γ, mean, variance, dy) → dx, dγ, dβ: the gradient of the
// same in ordinary operations, with respect to copies of the inputs because v may depend on the inputs too.
func batchNormGradientGradient(node *Node, v []*Node, _ shapes.Shape) []*Node {
	s, in := staticOf(node), make([]*Node, 5)
	for i, x := range node.Inputs() {
		in[i] = Identity(x)
	}
	ch := channelsOf(in[0], s.int("featureAxis"))
	outputs := ch.batchNormBackward(in[0], in[1], ch.shaped(in[2]), ch.shaped(in[3]), in[4], s.field("epsilon").Float())
	sum := ScalarZero(node.Graph(), in[0].DType())
	for i, y := range outputs {
		sum = Add(sum, ReduceAllSum(Mul(y, v[i])))
	}
	return Gradient(sum, in...)
}

// batchNormBackward is the gradient of y = x̂·γ + β, x̂ = (x-mean)·s, s = (variance+ε)^(-1/2), in training. With n
// elements in a channel:
//
//	dβ = Σ dy,  dγ = Σ dy·x̂,  dx = γ·s·(dy - dβ/n - x̂·dγ/n)
func (c channels) batchNormBackward(x, scale, mean, variance, dy *Node, eps float64) []*Node {
	inv := Rsqrt(AddScalar(variance, eps))
	xHat := Mul(Sub(x, mean), inv)
	dOffset, dScale := c.sum(dy), c.sum(Mul(dy, xHat))
	inner := Sub(Sub(dy, MulScalar(dOffset, 1/c.n)), Mul(xHat, MulScalar(dScale, 1/c.n)))
	dx := Mul(Mul(c.shaped(scale), inv), inner)
	return []*Node{dx, c.flat(dScale), c.flat(dOffset)}
}

// batchNormInferenceGradient is the rule of BatchNormForInference(x, γ, β, mean, variance).
func batchNormInferenceGradient(node, v *Node) []*Node {
	s, in := staticOf(node), node.Inputs()
	x, scale, mean, variance := in[0], in[1], in[3], in[4]
	ch := channelsOf(x, s.int("featureAxis"))

	inv := Rsqrt(AddScalar(ch.shaped(variance), s.field("epsilon").Float()))
	xHat := Mul(Sub(x, ch.shaped(mean)), inv)
	factor := Mul(ch.shaped(scale), inv)
	dOffset, dScale := ch.sum(v), ch.sum(Mul(v, xHat))
	dMean := Neg(Mul(dOffset, factor))
	dVariance := MulScalar(Mul(Mul(dScale, factor), inv), -0.5)
	return []*Node{Mul(v, factor), ch.flat(dScale), ch.flat(dOffset), ch.flat(dMean), ch.flat(dVariance)}
}

// channels reduces over all axes but one.
type channels struct {
	axis, size int
	n          float64 // elements per channel
	others     []int
	dims       []int // 1 but for the channels
}

func channelsOf(x *Node, axis int) channels {
	c := channels{axis: axis, size: x.Shape().Dimensions[axis], dims: make([]int, x.Rank())}
	c.n = float64(x.Shape().Size()) / float64(c.size)
	for a := range x.Rank() {
		c.dims[a] = 1
		if a != axis {
			c.others = append(c.others, a)
		}
	}
	c.dims[axis] = c.size
	return c
}

// shaped makes a vector over channels broadcastable with x.
func (c channels) shaped(p *Node) *Node { return Reshape(p, c.dims...) }

// flat undoes shaped.
func (c channels) flat(p *Node) *Node { return Reshape(p, c.size) }

func (c channels) sum(x *Node) *Node {
	if len(c.others) == 0 {
		return x
	}
	return c.shaped(ReduceSum(x, c.others...))
}

func (c channels) mean(x *Node) *Node { return MulScalar(c.sum(x), 1/c.n) }
