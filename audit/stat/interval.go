package stat

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// NormalQuantile returns the x below which a standard normal variable is with probability p.
func NormalQuantile(p float64) float64 { return -math.Sqrt2 * math.Erfcinv(2*p) }

// Wilson returns the score interval of k of n, which need not be whole. Both bounds are NaN unless 0 <= k <= n and n > 0.
func Wilson(k, n, conf float64) (low, high float64) {
	if !(n > 0 && k >= 0 && k <= n) {
		return math.NaN(), math.NaN()
	}
	z := NormalQuantile((1 + conf) / 2)
	p, zz := k/n, z*z
	centre := (p + zz/(2*n)) / (1 + zz/n)
	half := z / (1 + zz/n) * math.Sqrt(p*(1-p)/n+zz/(4*n*n))
	// At p of 0 and 1 the bound is p itself, which rounding might miss.
	return max(0, min(centre-half, p)), min(1, max(centre+half, p))
}

// ClopperPearson returns the exact interval of k of n: each bound is the rate at which k or more, or k or fewer, of n have
// the probability (1-conf)/2. Both are NaN unless 0 <= k <= n and n > 0.
func ClopperPearson(k, n int64, conf float64) (low, high float64) {
	if n <= 0 || k < 0 || k > n {
		return math.NaN(), math.NaN()
	}
	tail := (1 - conf) / 2
	low, high = 0, 1
	if k > 0 { // P(X >= k | p) = I_p(k, n-k+1) rises with p
		low = bisect(func(p float64) bool { return mathext.RegIncBeta(float64(k), float64(n-k+1), p) < tail })
	}
	if k < n { // P(X <= k | p) = 1 - I_p(k+1, n-k) falls with p
		high = bisect(func(p float64) bool { return 1-mathext.RegIncBeta(float64(k+1), float64(n-k), p) > tail })
	}
	return low, high
}

// bisect returns the point of [0, 1] at which below, true first, becomes false.
func bisect(below func(float64) bool) float64 {
	low, high := 0.0, 1.0
	for {
		mid := (low + high) / 2
		if mid <= low || mid >= high {
			return mid
		}
		if below(mid) {
			low = mid
		} else {
			high = mid
		}
	}
}

// Newcombe returns the interval of the difference of two rates, k1 of n1 less k2 of n2, made of their Wilson intervals.
func Newcombe(k1, n1, k2, n2, conf float64) (low, high float64) {
	low1, high1 := Wilson(k1, n1, conf)
	low2, high2 := Wilson(k2, n2, conf)
	p1, p2 := k1/n1, k2/n2
	d := p1 - p2
	return d - math.Hypot(p1-low1, high2-p2), d + math.Hypot(high1-p1, p2-low2)
}

// Katz returns the interval of the ratio of two rates, k1 of n1 over k2 of n2, normal in its logarithm. Where a rate is
// zero, half a row is added to each count (Walter 1975) for the bounds, of which the one on the side of zero or infinity
// is zero or infinity; where both are zero the ratio is undefined, and the bounds are NaN.
func Katz(k1, n1, k2, n2, conf float64) (low, high float64) {
	if !(n1 > 0 && n2 > 0 && k1 >= 0 && k2 >= 0 && k1+k2 > 0) {
		return math.NaN(), math.NaN()
	}
	zero1, zero2 := k1 == 0, k2 == 0
	if zero1 || zero2 {
		k1, n1, k2, n2 = k1+0.5, n1+0.5, k2+0.5, n2+0.5
	}
	ratio := (k1 / n1) / (k2 / n2)
	// 1/k - 1/n of each; never below zero but by rounding.
	se := math.Sqrt(max(0, 1/k1-1/n1+1/k2-1/n2))
	spread := math.Exp(NormalQuantile((1+conf)/2) * se)
	low, high = ratio/spread, ratio*spread
	if zero1 {
		low = 0
	}
	if zero2 {
		high = math.Inf(1)
	}
	return low, high
}

// Percentiles returns the interval between the (1-conf)/2 and (1+conf)/2 quantiles of a sorted sample, which linear
// interpolation finds between its values. Both are NaN of an empty sample.
func Percentiles(sorted []float64, conf float64) (low, high float64) {
	return Quantile(sorted, (1-conf)/2), Quantile(sorted, (1+conf)/2)
}

// Quantile returns the q quantile of a sorted sample, between its values by linear interpolation; NaN of an empty one.
func Quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	at := q * float64(len(sorted)-1)
	below := int(math.Floor(at))
	if below+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	if below < 0 {
		return sorted[0]
	}
	share, low, high := at-float64(below), sorted[below], sorted[below+1]
	if share == 0 || low == high { // infinities too
		return low
	}
	return low + share*(high-low)
}
