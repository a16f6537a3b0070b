package nn

import (
	"fmt"
	"math"

	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Init is the distribution of a convolution's initial weights. Random numbers come from the scope's store.
type Init int

const (
	// InitTorch is PyTorch's default (kaiming_uniform with a = √5): weights and biases uniform within ±1/√fanIn, fanIn
	// the number of weights that one output sums over. For transposed convolutions PyTorch's fanIn is KH·KW·out/groups.
	InitTorch Init = iota
	// InitHeIn is He et al. (2015) for the forward pass: normal with variance 2/fanIn; biases are zero.
	InitHeIn
	// InitHeOut is the same for the backward pass, as torchvision's ResNets: variance 2/fanOut, fanOut = KH·KW·out,
	// over all groups; biases are zero.
	InitHeOut
	// InitHeUniform is InitHeIn's variance, 2/fanIn, uniform: within ±√(6/fanIn), as torchvision's SqueezeNets; biases are
	// zero.
	InitHeUniform
	// InitSmall is normal with deviation 0.01, however many weights an output sums over, as the dense layers of torchvision's
	// VGGs; biases are zero.
	InitSmall
)

func (i Init) String() string {
	switch i {
	case InitTorch:
		return "torch"
	case InitHeIn:
		return "he-in"
	case InitHeOut:
		return "he-out"
	case InitHeUniform:
		return "he-uniform"
	case InitSmall:
		return "small"
	default:
		return fmt.Sprintf("Init(%d)", int(i))
	}
}

// weights gives a scope the initializer of a layer's weights.
func (i Init) weights(scope *model.Scope, fanIn, fanOut int) *model.Scope {
	switch i {
	case InitTorch:
		return uniform(scope, torchBound(fanIn))
	case InitHeIn:
		return normal(scope, math.Sqrt(2/float64(max(1, fanIn))))
	case InitHeOut:
		return normal(scope, math.Sqrt(2/float64(max(1, fanOut))))
	case InitHeUniform:
		return uniform(scope, math.Sqrt(6/float64(max(1, fanIn))))
	case InitSmall:
		return normal(scope, 0.01)
	default:
		exceptions.Panicf("nn: unknown initialization %s of %s", i, scope.Scope())
		return nil
	}
}

// biases gives a scope the initializer of a layer's biases.
func (i Init) biases(scope *model.Scope, fanIn int) *model.Scope {
	if i == InitTorch {
		return uniform(scope, torchBound(fanIn))
	}
	return constant(scope, 0)
}

// torchBound is the largest number that PyTorch's default draws.
func torchBound(fanIn int) float64 { return 1 / math.Sqrt(float64(max(1, fanIn))) }

// uniform draws within ±bound.
func uniform(scope *model.Scope, bound float64) *model.Scope {
	return scope.WithInitializer(func(g *Graph, shape shapes.Shape) *Node {
		return AddScalar(MulScalar(scope.Store().RandomUniform(g, shape), 2*bound), -bound)
	})
}

func normal(scope *model.Scope, stddev float64) *model.Scope {
	return scope.WithInitializer(func(g *Graph, shape shapes.Shape) *Node {
		return MulScalar(scope.Store().RandomNormal(g, shape), stddev)
	})
}

func constant(scope *model.Scope, value float64) *model.Scope {
	return scope.WithInitializer(func(g *Graph, shape shapes.Shape) *Node {
		return BroadcastToShape(Scalar(g, shape.DType, value), shape)
	})
}
