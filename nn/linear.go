package nn

import (
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Linear is a dense layer of vectors: y[n,o] = bias[o] + Σ_i x[n,i]·weight[i,o]. PyTorch keeps the weight as [out in].
type Linear struct {
	Features int  // of the output; used by Layer only
	NoBias   bool // Layer makes no bias
	Init     Init // of Layer's variables; zero means as PyTorch
}

// Layer applies the product to x [N in] with the variables "weight" [in out] and "bias" [out] of scope.
func (l Linear) Layer(scope *model.Scope, x *Node) *Node {
	l.check(x)
	if l.Features < 1 {
		exceptions.Panicf("nn: linear layer of %s in %s: %d features, want a positive number", x.Shape(), scope.Scope(), l.Features)
	}
	in := x.Shape().Dimensions[1]
	weight := l.Init.weights(scope, in, l.Features).VariableWithShape("weight", shapes.Make(x.DType(), in, l.Features))
	return l.Apply(x, weight.NodeValue(x), biasOf(scope, l.NoBias, l.Init, in, x, l.Features))
}

// Apply multiplies x [N in] by weight [in out] and adds bias [out], unless it is nil.
func (l Linear) Apply(x, weight, bias *Node) *Node {
	l.check(x)
	if weight.Rank() != 2 || weight.DType() != x.DType() || weight.Shape().Dimensions[0] != x.Shape().Dimensions[1] {
		exceptions.Panicf("nn: linear layer of %s with weight %s: want [%d out] of the same type",
			x.Shape(), weight.Shape(), x.Shape().Dimensions[1])
	}
	checkBias("linear layer", bias, x, weight.Shape().Dimensions[1])
	return addBias(MatMul(x, weight), bias)
}

func (l Linear) check(x *Node) {
	wantFloat("linear layer", x)
	if x.Rank() != 2 || x.Shape().Dimensions[1] < 1 {
		exceptions.Panicf("nn: linear layer of %s: want [N in]", x.Shape())
	}
}
