package stat

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Student returns the interval of the mean of the variable that x is a sample of. It is all numbers if x has but one value,
// and both bounds are NaN if it has none.
func Student(x []float64, conf float64) (low, high float64) {
	n := float64(len(x))
	if n == 0 {
		return math.NaN(), math.NaN()
	}
	var mean, squares float64
	for _, v := range x {
		mean += v / n
	}
	for _, v := range x {
		squares += (v - mean) * (v - mean)
	}
	if n == 1 {
		return math.Inf(-1), math.Inf(1)
	}
	half := distuv.StudentsT{Sigma: 1, Nu: n - 1}.Quantile((1+conf)/2) * math.Sqrt(squares/(n-1)/n)
	return mean - half, mean + half
}
