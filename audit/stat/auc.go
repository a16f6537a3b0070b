package stat

import "math"

// AUC returns the area under the receiver operating characteristic of scores that are counted in bins, from the lowest
// score to the highest: the chance that a positive row's score is above a negative one's, where those of one bin count
// half. The variance is DeLong's; zero where fewer than two rows of a class make it undefined. Both are NaN where a class
// has no row.
//
// tied is the share of pairs that are in one bin; if scores in a bin differ, their own area is within tied/2 of area.
func AUC(negative, positive []float64) (area, variance, tied float64) {
	var n, m float64
	for i := range negative {
		n += negative[i]
		m += positive[i]
	}
	if n == 0 || m == 0 {
		return math.NaN(), math.NaN(), math.NaN()
	}
	var below float64 // negatives in lower bins
	for i := range negative {
		area += positive[i] * (below + negative[i]/2)
		tied += positive[i] * negative[i]
		below += negative[i]
	}
	area /= n * m
	// The placement of a positive is the share of negatives below it, of a negative that of positives above it; both
	// have the area as their mean.
	var ofPositives, ofNegatives, above float64
	above = m
	below = 0
	for i := range negative {
		above -= positive[i]
		p := (below+negative[i]/2)/n - area
		q := (above+positive[i]/2)/m - area
		ofPositives += positive[i] * p * p
		ofNegatives += negative[i] * q * q
		below += negative[i]
	}
	if m > 1 {
		variance += ofPositives / (m - 1) / m
	}
	if n > 1 {
		variance += ofNegatives / (n - 1) / n
	}
	return area, variance, tied / (n * m)
}

// AUCInterval returns the interval of an area with its variance, normal in the area's logit. Where the variance is zero,
// as where the classes do not overlap or all scores are equal, it is Newcombe's, for which only the numbers of rows of the
// classes matter.
func AUCInterval(area, variance, negatives, positives, conf float64) (low, high float64) {
	if math.IsNaN(area) {
		return area, area
	}
	z := NormalQuantile((1 + conf) / 2)
	if variance > 0 {
		centre := math.Log(area / (1 - area))
		half := z * math.Sqrt(variance) / (area * (1 - area))
		return logistic(centre - half), logistic(centre + half)
	}
	within := func(t float64) bool { return math.Abs(area-t) <= z*math.Sqrt(hanleyMcNeil(t, negatives, positives)) }
	low = bisect(func(t float64) bool { return t < area && !within(t) })
	high = bisect(func(t float64) bool { return t <= area || within(t) })
	return min(low, area), max(high, area)
}

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// hanleyMcNeil returns the variance of an area of t, as Newcombe's method 5 takes it.
func hanleyMcNeil(t, n, m float64) float64 {
	star := (n+m)/2 - 1
	return t * (1 - t) * (1 + star*((1-t)/(2-t)+t/(1+t))) / (n * m)
}
