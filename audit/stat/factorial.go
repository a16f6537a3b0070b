package stat

import (
	"cmp"
	"math"
	"slices"
)

// stirlingTail is what Stirling's formula lacks, ln k! - ((k+½)ln(k+1) - (k+1) + ½ln 2π), where its series is inexact.
var stirlingTail = func() (tail [16]float64) {
	for k := range tail {
		lf, _ := math.Lgamma(float64(k + 1))
		x := float64(k + 1)
		tail[k] = lf - ((x-0.5)*math.Log(x) - x + 0.5*math.Log(2*math.Pi))
	}
	return tail
}()

// tail returns ln k! - ((k+½)ln(k+1) - (k+1) + ½ln 2π).
func tail(k float64) float64 {
	if k < float64(len(stirlingTail)) {
		return stirlingTail[int(k)]
	}
	x := 1 / (k + 1)
	xx := x * x
	return (1.0/12 - (1.0/360-(1.0/1260-xx/1680)*xx)*xx) * x
}

// logFactorial returns ln k!.
func logFactorial(k int64) float64 {
	x := float64(k + 1)
	return (x-0.5)*math.Log(x) - x + 0.5*math.Log(2*math.Pi) + tail(float64(k))
}

// logChoose returns the logarithm of the number of ways to take k of n.
func logChoose(n, k int64) float64 { return logFactorial(n) - logFactorial(k) - logFactorial(n-k) }

// ascending returns the indices of the numbers that are not NaN, from the smallest to the largest.
func ascending(p []float64) []int {
	var order []int
	for i, v := range p {
		if !math.IsNaN(v) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	return order
}

func nanLike(p []float64) []float64 {
	s := make([]float64, len(p))
	for i := range s {
		s[i] = math.NaN()
	}
	return s
}
