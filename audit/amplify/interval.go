package amplify

import (
	"math"
	"math/bits"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/atelier-go/atelier/audit"
	"github.com/atelier-go/atelier/audit/stat"
)

// metric is the name that estimates of this package have.
const metric = "amplification"

// newcombe is the difference of two shares of different rows, k1/n1 - k2/n2.
func newcombe(k1, n1, k2, n2 int64, conf float64) audit.Estimate {
	low, high := stat.Newcombe(float64(k1), float64(n1), float64(k2), float64(n2), conf)
	return audit.Estimate{Metric: metric, Value: float64(k1)/float64(n1) - float64(k2)/float64(n2), Low: low, High: high,
		Method: "newcombe", N: float64(min(n1, n2))}
}

// bonettPrice is sign times the difference of two shares of the same n rows, of which gained rows have the first only
// and lost the second only: Wald's interval after one row is added to each of the two (Bonett and Price, 2012).
func bonettPrice(sign int, gained, lost, n int64, conf float64) audit.Estimate {
	g, l := float64(gained+1)/float64(n+2), float64(lost+1)/float64(n+2)
	half := distuv.UnitNormal.Quantile((1+conf)/2) * math.Sqrt((g+l-(g-l)*(g-l))/float64(n+2))
	value, low, high := float64(gained-lost)/float64(n), max(g-l-half, -1), min(g-l+half, 1)
	if sign < 0 {
		value, low, high = -value, -high, -low
	}
	if sign == 0 {
		value, low, high = 0, 0, 0 // no direction to be amplified
	}
	return audit.Estimate{Metric: metric, Value: value, Low: min(low, value), High: max(high, value), Method: "bonett-price",
		N: float64(n)}
}

// student is the mean of x with Student's interval.
func student(x []float64, conf float64) audit.Estimate {
	n := float64(len(x))
	mean, squares := 0.0, 0.0
	for _, v := range x {
		mean += v / n
	}
	for _, v := range x {
		squares += (v - mean) * (v - mean)
	}
	e := audit.Estimate{Metric: metric, Value: mean, Low: math.Inf(-1), High: math.Inf(1), Method: "student", N: n}
	if n > 1 {
		t := distuv.StudentsT{Sigma: 1, Nu: n - 1}.Quantile((1 + conf) / 2)
		half := t * math.Sqrt(squares/(n-1)/n)
		e.Low, e.High = mean-half, mean+half
	}
	return e
}

// compareProducts returns the sign of a·b - c·d for numbers that are not negative, without rounding.
func compareProducts(a, b, c, d int64) int {
	high1, low1 := bits.Mul64(uint64(a), uint64(b))
	high2, low2 := bits.Mul64(uint64(c), uint64(d))
	switch {
	case high1 > high2 || high1 == high2 && low1 > low2:
		return 1
	case high1 == high2 && low1 == low2:
		return 0
	}
	return -1
}
