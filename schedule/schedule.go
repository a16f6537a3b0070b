package schedule

import "math"

// Schedule is a hyper-parameter over a stretch of n steps.
type Schedule interface {
	// At is the value at step k of n, 0 ≤ k ≤ n. It is a pure function. At(0, n) is the first value, At(n, n) the end;
	// a stretch of no steps has its first value. A k outside of the stretch has the value of the nearer end.
	At(k, n int) float64
	// Check says what is wrong with the settings, naming the field and its value; nil if nothing is.
	Check() error
}

// tolerance is by how much a number of steps may be off a whole one and mean it: 0.9·782 + 0.1·782 is 782.0000000000001
// in floating point.
const tolerance = 1e-6

// boundary is the step at which a stretch ends that takes x steps, x not necessarily whole: the first that is not before x.
func boundary(x float64) int {
	return int(math.Ceil(x - tolerance))
}

// orDefault is v, or what the zero value of a setting means.
func orDefault(v, zero float64) float64 {
	if v == 0 {
		return zero
	}
	return v
}
