package schedule

import (
	"fmt"
	"math/big"
	"strconv"
)

// maxSteps is how long a run may be: beyond it rounding to a millionth of a step would mean nothing.
const maxSteps = 1 << 31

// Lengths gives each phase a whole number of steps. Phase i lasts epochs[i] epochs of stepsPerEpoch[i] steps each; a
// phase that is measured in steps has these as its epochs, and 1 step per epoch.
//
// A phase ends at the first step that is not before the sum of epochs·stepsPerEpoch up to it, fastai's rule, so what a
// fraction takes from one phase it gives to the next and no step is lost. Sums are exact: 0.9 + 0.1 epochs of 782 steps
// are 782. Each phase has at least one step.
//
// Errors: lists of different lengths, epochs that are not above zero, epochs without steps, more than 2³¹ steps.
func Lengths(epochs []float64, stepsPerEpoch []int) ([]int, error) {
	if len(epochs) != len(stepsPerEpoch) {
		return nil, fmt.Errorf("schedule: epochs of %d phases, steps per epoch of %d", len(epochs), len(stepsPerEpoch))
	}
	lengths := make([]int, len(epochs))
	end, sum := 0, new(big.Rat)
	for i, e := range epochs {
		if !(e > 0) || e > maxSteps {
			return nil, fmt.Errorf("schedule: phase %d has %v epochs, want a number above 0 and at most %d", i, e, maxSteps)
		}
		if stepsPerEpoch[i] < 1 {
			return nil, fmt.Errorf("schedule: phase %d has %d steps per epoch, want at least 1", i, stepsPerEpoch[i])
		}
		sum.Add(sum, new(big.Rat).Mul(decimal(e), big.NewRat(int64(stepsPerEpoch[i]), 1)))
		x, _ := sum.Float64()
		if x > maxSteps {
			return nil, fmt.Errorf("schedule: %v steps up to phase %d, want at most %d", x, i, maxSteps)
		}
		next := max(boundary(x), end+1)
		lengths[i], end = next-end, next
	}
	return lengths, nil
}

// decimal is the number that a person wrote: the shortest decimal that reads as x, 0.1 rather than
// 0.1000000000000000055.
func decimal(x float64) *big.Rat {
	r, ok := new(big.Rat).SetString(strconv.FormatFloat(x, 'g', -1, 64))
	if !ok {
		return new(big.Rat) // not reached: the number is finite
	}
	return r
}
