package style

import (
	"errors"
	"math"
)

// evaluator is [Objective.Evaluate] of the present scale.
type evaluator func(x, gradient []float32) (Losses, error)

// method changes a picture [h w 3] to lower a loss. It keeps state from iteration to iteration, and from scale to scale.
type method interface {
	// start begins a scale at a picture.
	start(x []float32, h, w int)
	// iterate makes a step. The losses are those of a picture on the way. errNotFinite leaves it at the last picture
	// whose loss was finite, errNoProgress at one that cannot be made better.
	iterate(evaluate evaluator) (Losses, error)
	// picture is what has been reached, within 0 to 1; the caller's to keep.
	picture() []float32
	// restart forgets what led to a loss that is not finite, and makes smaller steps from now on.
	restart()
	// save and load keep the state between processes.
	save(s *state)
	load(s *state) error
}

var (
	errNotFinite  = errors.New("style: the loss is not finite")
	errNoProgress = errors.New("style: no step makes the loss smaller")
)

// finite tells whether a loss and its gradient can be used.
func finite(l Losses, gradient []float32) bool {
	sum := l.Total + sumAbs(gradient) // infinite or NaN if one of them is
	return !math.IsNaN(sum) && !math.IsInf(sum, 0)
}

func sumAbs(v []float32) (sum float64) {
	for _, x := range v {
		sum += math.Abs(float64(x))
	}
	return sum
}

// smaller is the factor of steps after a restart.
const smaller = 0.25
