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

// progress is how much of n steps has passed at step k, from 0 to 1.
func progress(k, n int) float64 {
	if k <= 0 || n <= 0 {
		return 0
	}
	if k >= n {
		return 1
	}
	return float64(k) / float64(n)
}

// boundary is the step at which a stretch ends that takes x steps, x not necessarily whole: the first step that is not
// before x. What is within a millionth of a whole number is that number, because 0.9·782 + 0.1·782 is
// 782.0000000000001 in floating point and means 782.
func boundary(x float64) int {
	return int(math.Ceil(x - 1e-6))
}

// within is v, moved to the nearer of a and b if rounding brought it outside of them.
func within(v, a, b float64) float64 {
	return math.Max(math.Min(a, b), math.Min(math.Max(a, b), v))
}
