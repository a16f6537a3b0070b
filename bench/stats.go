package bench

import (
	"slices"
)

// Stats summarises repeated measurements of one quantity.
type Stats struct {
	N      int     `json:"n"`
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
	// Spread is (Max-Min)/Median.
	Spread float64 `json:"spread"`
}

// summarize returns the statistics of xs, the zero Stats for none.
func summarize(xs []float64) Stats {
	if len(xs) == 0 {
		return Stats{}
	}
	sorted := slices.Sorted(slices.Values(xs))
	n := len(sorted)
	s := Stats{N: n, Median: (sorted[(n-1)/2] + sorted[n/2]) / 2, Min: sorted[0], Max: sorted[n-1]}
	if s.Median != 0 {
		s.Spread = (s.Max - s.Min) / s.Median
	}
	return s
}
