package nn

import (
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
)

// BatchNorm normalises each channel, the last axis, to mean 0 and variance 1 over all other axes, then scales and
// shifts it: y = (x - mean)·(variance + Eps)^(-1/2)·weight + bias (Ioffe and Szegedy, 2015), with the conventions of
// PyTorch's BatchNorm1d and 2d. In training, mean and the biased variance are the batch's, and running averages follow
// them:
//
//	running = (1 - Momentum)·running + Momentum·batch
//
// where the batch's variance is the unbiased one. Otherwise the running averages are used. See [ParamCalibrate] for a
// third mode.
type BatchNorm struct {
	Eps      float64 // zero means 1e-5
	Momentum float64 // weight of the newest batch in the running averages, in (0, 1]; zero means 0.1
	// Frozen uses the running averages in training too and leaves them alone; weight and bias still get gradients. A norm
	// is frozen too if the variable of its weight is not trainable, as in groups of layers that are not trained.
	Frozen bool
	// ZeroWeight starts the weight at 0 instead of 1, for the last norm of a residual block (Goyal et al., 2017).
	ZeroWeight bool
	// NoWeight makes no variable "weight": the norm shifts but does not scale, and is frozen if its bias is not trainable.
	NoWeight bool
}

// Layer applies the norm with the variables "weight" and "bias", and "running_mean" and "running_var", which are not
// trainable, of scope. The scope's store says whether the graph is training (model.Scope.IsTraining).
func (l BatchNorm) Layer(scope *model.Scope, x *Node) *Node {
	channels := l.check(x)
	shape := shapes.Make(x.DType(), channels)
	start := 1.0
	if l.ZeroWeight {
		start = 0
	}
	var weight *model.Variable
	if !l.NoWeight {
		weight = constant(scope, start).VariableWithShape("weight", shape)
	}
	bias := constant(scope, 0).VariableWithShape("bias", shape)
	offset := bias.NodeValue(x)
	trained, scale := bias, Ones(x.Graph(), shape)
	if weight != nil {
		trained, scale = weight, weight.NodeValue(x)
	}
	runningMean := constant(scope, 0).VariableWithShape("running_mean", shape).SetTrainable(false)
	runningVar := constant(scope, 1).VariableWithShape("running_var", shape).SetTrainable(false)
	m := modeOf(scope, x)
	if l.Frozen || !trained.Trainable || m == infer {
		return l.Infer(x, scale, offset, runningMean.NodeValue(x), runningVar.NodeValue(x))
	}
	if m == calibrate {
		y, mean, variance := l.train(x, scale, offset)
		runningMean.SetNodeValue(mean)
		runningVar.SetNodeValue(variance)
		return y
	}
	y, mean, variance := l.Train(x, scale, offset)
	n := float64(x.Shape().Size() / channels)
	l.follow(runningMean, mean)
	l.follow(runningVar, MulScalar(variance, n/(n-1)))
	return y
}

// follow moves a running average towards the batch's value.
func (l BatchNorm) follow(running *model.Variable, batch *Node) {
	momentum := l.Momentum
	if momentum == 0 {
		momentum = 0.1
	}
	old := running.NodeValue(batch)
	running.SetNodeValue(StopGradient(Add(MulScalar(old, 1-momentum), MulScalar(batch, momentum))))
}

// Train normalises x [... C] with the batch's moments, which it returns too: the mean and the biased variance, both
// [C], as running averages want them. No gradient flows through these two.
func (l BatchNorm) Train(x, scale, offset *Node) (y, mean, variance *Node) {
	channels := l.check(x)
	l.checkVectors(x, scale, offset)
	if x.Shape().Size()/channels < 2 {
		exceptions.Panicf("nn: batch norm of %s: training needs more than one value per channel", x.Shape())
	}
	return l.train(x, scale, offset)
}

// train is Train for any number of values; the variance of one is 0.
func (l BatchNorm) train(x, scale, offset *Node) (y, mean, variance *Node) {
	channels := l.check(x)
	axes := make([]int, x.Rank()-1)
	for i := range axes {
		axes[i] = i
	}
	m := momentsOf(x, epsOr(l.Eps, 1e-5), axes...)
	flat := func(v *Node) *Node { return StopGradient(Reshape(v, channels)) }
	y = Add(Mul(m.normalised(x), perChannel(scale, x.Rank())), perChannel(offset, x.Rank()))
	return y, flat(m.mean), flat(m.variance)
}

// Infer normalises x [... C] with given moments [C], as one product and one sum.
func (l BatchNorm) Infer(x, scale, offset, mean, variance *Node) *Node {
	l.check(x)
	l.checkVectors(x, scale, offset, mean, variance)
	factor := Mul(scale, Rsqrt(AddScalar(variance, epsOr(l.Eps, 1e-5))))
	shift := Sub(offset, Mul(mean, factor))
	return Add(Mul(x, perChannel(factor, x.Rank())), perChannel(shift, x.Rank()))
}

func (l BatchNorm) check(x *Node) (channels int) {
	wantFloat("batch norm", x)
	if x.Rank() < 2 || x.Shape().Size() == 0 {
		exceptions.Panicf("nn: batch norm of %s: want at least one element, batch first and channels last", x.Shape())
	}
	if !(l.Momentum >= 0 && l.Momentum <= 1) {
		exceptions.Panicf("nn: batch norm of %s: Momentum = %v, want 0 to 1", x.Shape(), l.Momentum)
	}
	return x.Shape().Dimensions[x.Rank()-1]
}

func (l BatchNorm) checkVectors(x *Node, vectors ...*Node) {
	channels := x.Shape().Dimensions[x.Rank()-1]
	for _, v := range vectors {
		if v.Rank() != 1 || v.Shape().Dimensions[0] != channels || v.DType() != x.DType() {
			exceptions.Panicf("nn: batch norm of %s with %s: want vectors [%d] of the same type", x.Shape(), v.Shape(), channels)
		}
	}
}
