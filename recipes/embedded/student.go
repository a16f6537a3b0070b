package main

import (
	"math"

	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/nn"
)

// The student's input is torchvision's: RGB in 0 to 1, with this mean subtracted, divided by this deviation.
var (
	inputMean = []float32{0.485, 0.456, 0.406}
	inputStd  = []float32{0.229, 0.224, 0.225}
)

// normalise is the student's input of pictures x [N H W 3], sRGB in 0 to 1.
func normalise(x *Node) *Node {
	g := x.Graph()
	mean, std := Reshape(Const(g, inputMean), 1, 1, 1, 3), Reshape(Const(g, inputStd), 1, 1, 1, 3)
	return Div(Sub(x, mean), std)
}

// student is a network of the teacher's shape that learns. What it learns of a layer are not its weights W but V [9·in out],
//
//	W = root·V,  bias = c - meanᵀ·W,
//
// where mean and root are the whitening of the patches of photos that the layer sees (see whitening). So it sees patches
// whose components have mean 0, variance 1 and no correlation, and the regression of a layer is well conditioned: with the
// patches themselves, whose variances differ by a factor of a million, gradients move a few directions only
// (Desjardins et al., Natural neural networks, 2015).
type student struct {
	whitening []*whitening
}

// weights are layer i's kernel [3 3 in out] and bias [out].
func (s *student) weights(scope *model.Scope, g *Graph, i int) (kernel, bias *Node) {
	l, w := layers[i], s.whitening[i]
	stddev := 0.1 / math.Sqrt(float64(l.patch()))
	random := func(g *Graph, shape shapes.Shape) *Node {
		return MulScalar(scope.Store().RandomNormal(g, shape), stddev)
	}
	zero := func(g *Graph, shape shapes.Shape) *Node { return Zeros(g, shape) }
	scope = scope.At("%s", l.name)
	v := scope.WithInitializer(random).VariableWithShape("weight", shapes.Make(float, l.patch(), l.out)).NodeValue(g)
	c := scope.WithInitializer(zero).VariableWithShape("bias", shapes.Make(float, l.out)).NodeValue(g)
	matrix := MatMul(ConstTensor(g, w.root), v)
	shift := MatMul(Reshape(ConstTensor(g, w.mean), 1, l.patch()), matrix)
	return Reshape(matrix, 3, 3, l.in, l.out), Sub(c, Reshape(shift, l.out))
}

// alone computes each layer before its ReLU from the teacher's features before it.
func (s *student) alone(scope *model.Scope, x *Node, features []*Node) (before []*Node) {
	inputs := append([]*Node{normalise(x)}, features...)
	for i, l := range layers {
		kernel, bias := s.weights(scope, x.Graph(), i)
		before = append(before, convolve(l.enter(inputs[i]), kernel, bias))
	}
	return before
}

// whole computes all layers' features from the picture.
func (s *student) whole(scope *model.Scope, x *Node) (features []*Node) {
	y := normalise(x)
	for i, l := range layers {
		kernel, bias := s.weights(scope, x.Graph(), i)
		y = nn.ReLU(convolve(l.enter(y), kernel, bias))
		features = append(features, y)
	}
	return features
}
