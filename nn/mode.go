package nn

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// ParamCalibrate is the name of a bool parameter of a scope. Where it is true, graphs measure the statistics of their
// batch norms instead of training: a BatchNorm that is not frozen normalises with the batch's moments and leaves these
// themselves, the mean and the biased variance, in its running variables; Dropout is off. Statistics over a data set,
// as averaged weights need them, follow from those of its batches: with n values of mean m and variance v each,
//
//	M = Σ n·m / Σ n,   V = Σ n·(v + (m - M)²) / Σ n
const ParamCalibrate = "nn_calibrate"

// mode is what a layer does that has several.
type mode int

const (
	infer mode = iota
	train
	calibrate
)

func modeOf(scope *model.Scope, x *Node) mode {
	switch {
	case model.GetParamOr(scope, ParamCalibrate, false):
		return calibrate
	case scope.IsTraining(x.Graph()):
		return train
	default:
		return infer
	}
}
