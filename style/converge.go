package style

import "slices"

// ConvergedWithin is over how many iterations the loss must decrease for a scale to go on.
const ConvergedWithin = 20

// converged tells whether the least loss of the last iterations is hardly below that of those before.
func converged(totals []float64, tolerance float64) bool {
	if tolerance < 0 || len(totals) < 2*ConvergedWithin {
		return false
	}
	from := len(totals) - ConvergedWithin
	before, now := slices.Min(totals[from-ConvergedWithin:from]), slices.Min(totals[from:])
	return now > before*(1-tolerance)
}
