package nn

import (
	"math"

	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/support/exceptions"
)

// SoftmaxCrossEntropy is the cross-entropy of softmax(logits) to integer labels, with PyTorch's label smoothing
// (Szegedy et al., 2016): of C classes, the label's has the probability 1 - LabelSmoothing + LabelSmoothing/C, each
// other LabelSmoothing/C.
type SoftmaxCrossEntropy struct {
	LabelSmoothing float64 // 0 to 1; zero means none
}

// Mean is the mean over all examples, in nats, of logits [... C] and labels [...], integers from 0 to C-1. A label
// outside makes it NaN.
func (l SoftmaxCrossEntropy) Mean(logits, labels *Node) *Node {
	each := l.Each(logits, labels)
	return MulScalar(ReduceAllSum(each), 1/float64(each.Shape().Size()))
}

// Each is every example's own, [...].
func (l SoftmaxCrossEntropy) Each(logits, labels *Node) *Node {
	l.check(logits, labels)
	g, dtype, rank := logits.Graph(), logits.DType(), logits.Rank()
	classes := logits.Shape().Dimensions[rank-1]

	// log softmax, shifted by the largest logit, whose gradient cancels.
	shifted := Sub(logits, StopGradient(ReduceAndKeep(logits, ReduceMax, -1)))
	logSum := Log(ReduceSum(Exp(shifted), -1))

	index := Iota(g, shapes.Make(labels.DType(), logits.Shape().Dimensions...), rank-1)
	isLabel := Equal(index, BroadcastToDims(InsertAxes(labels, -1), logits.Shape().Dimensions...))
	ofLabel := ReduceSum(Where(isLabel, shifted, ScalarZero(g, dtype)), -1)
	loss := Sub(logSum, ofLabel)
	if l.LabelSmoothing != 0 {
		meanLoss := Sub(logSum, MulScalar(ReduceSum(shifted, -1), 1/float64(classes)))
		loss = Add(MulScalar(loss, 1-l.LabelSmoothing), MulScalar(meanLoss, l.LabelSmoothing))
	}
	known := LogicalAnd(GreaterOrEqual(labels, Scalar(g, labels.DType(), 0)), LessThan(labels, Scalar(g, labels.DType(), classes)))
	return Where(known, loss, Scalar(g, dtype, math.NaN()))
}

func (l SoftmaxCrossEntropy) check(logits, labels *Node) {
	wantFloat("softmax cross-entropy", logits)
	rank := logits.Rank()
	if rank < 2 || logits.Shape().Size() == 0 {
		exceptions.Panicf("nn: softmax cross-entropy of logits %s: want [... C], at least one example", logits.Shape())
	}
	examples := shapes.Make(labels.DType(), logits.Shape().Dimensions[:rank-1]...)
	if !labels.DType().IsInt() || !labels.Shape().Equal(examples) {
		exceptions.Panicf("nn: softmax cross-entropy of logits %s with labels %s: want one integer for each example",
			logits.Shape(), labels.Shape())
	}
	if !(l.LabelSmoothing >= 0 && l.LabelSmoothing <= 1) {
		exceptions.Panicf("nn: softmax cross-entropy of %s: LabelSmoothing = %v, want 0 to 1", logits.Shape(), l.LabelSmoothing)
	}
}
