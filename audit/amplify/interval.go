package amplify

import (
	"math/bits"

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

// paired is sign times the difference of two shares of the same n rows, of which gained rows have the first only and
// lost the second only.
func paired(sign int, gained, lost, n int64, conf float64) audit.Estimate {
	e := audit.Estimate{Metric: metric, Method: "bonett-price", N: float64(n)}
	if sign == 0 {
		return e // no direction to be amplified
	}
	e.Value = float64(gained-lost) / float64(n)
	e.Low, e.High = stat.BonettPrice(gained, lost, n, conf)
	if sign < 0 {
		e.Value, e.Low, e.High = -e.Value, -e.High, -e.Low
	}
	return e
}

// student is the mean of x with Student's interval.
func student(x []float64, conf float64) audit.Estimate {
	e := audit.Estimate{Metric: metric, Method: "student", N: float64(len(x))}
	for _, v := range x {
		e.Value += v / e.N
	}
	e.Low, e.High = stat.Student(x, conf)
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
