package optim

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// A clock is kept as [steps, product of beta1, product of beta2] in float64: no graph uses it, and it is restored to
// the bit with the other variables.
var clockShape = shapes.Make(dtypes.Float64, 3)

func newClock() *tensors.Tensor {
	return tensors.FromFlatDataAndDimensions([]float64{0, 1, 1}, 3)
}

func readClock(v *model.Variable) (c Clock, err error) {
	value, err := v.Value()
	if err != nil {
		return c, err
	}
	if !value.Shape().Equal(clockShape) {
		return c, fmt.Errorf("optim: %s is %s, want %s", v.Path(), value.Shape(), clockShape)
	}
	err = tensors.ConstFlatData(value, func(flat []float64) {
		c = Clock{Steps: int(flat[0]), Beta1: flat[1], Beta2: flat[2]}
	})
	return c, err
}

func writeClock(v *model.Variable, c Clock) error {
	value, err := v.Value()
	if err != nil {
		return err
	}
	return tensors.MutableFlatData(value, func(flat []float64) {
		flat[0], flat[1], flat[2] = float64(c.Steps), c.Beta1, c.Beta2
	})
}

// readClock reads the clock of all parameters of the row, which is one unless somebody has set the variables to
// something else since the updater was made.
func (r *row) readClock() (Clock, error) {
	first, err := readClock(r.params[0].clock)
	if err != nil {
		return first, err
	}
	for _, p := range r.params[1:] {
		if c, err := readClock(p.clock); err != nil {
			return first, err
		} else if c != first {
			return first, fmt.Errorf("optim: the state of %s is of step %d, that of %s of step %d: "+
				"restore state before the updater is made", r.params[0].Path(), first.Steps, p.Path(), c.Steps)
		}
	}
	return first, nil
}
