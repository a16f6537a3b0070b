package nn

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Dropout sets elements to zero at random, each with probability Rate, and divides the others by 1 - Rate (Srivastava et
// al., 2014). It does so in training only (model.Scope.IsTraining).
type Dropout struct {
	Rate float64 // in [0, 1); zero is off
}

// Layer applies dropout to x, with random numbers of scope's store: the store's state at the step's beginning decides
// what is dropped.
func (l Dropout) Layer(scope *model.Scope, x *Node) *Node {
	wantFloat("dropout", x)
	if !(l.Rate >= 0 && l.Rate < 1) {
		exceptions.Panicf("nn: dropout of %s: Rate = %v, want 0 ≤ Rate < 1", x.Shape(), l.Rate)
	}
	if l.Rate == 0 || modeOf(scope, x) != train {
		return x
	}
	shape := x.Shape().Clone()
	shape.DType = dtypes.Float32
	g := x.Graph()
	kept := GreaterOrEqual(scope.RandomUniform(g, shape), Scalar(g, dtypes.Float32, l.Rate))
	return Where(kept, MulScalar(x, 1/(1-l.Rate)), ScalarZero(g, x.DType()))
}
