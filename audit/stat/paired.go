package stat

import "math"

// BonettPrice returns the interval of the difference of two rates of the same n rows, of which gained rows count for the
// first rate only and lost for the second only: Wald's after one row is added to each of the two (Bonett and Price, 2012).
// It is wide rather than narrow where few rows differ. Both bounds are NaN unless the counts are not negative, at most n
// together, and n > 0.
func BonettPrice(gained, lost, n int64, conf float64) (low, high float64) {
	if n <= 0 || gained < 0 || lost < 0 || gained > n-lost {
		return math.NaN(), math.NaN()
	}
	g, l, d := float64(gained+1)/float64(n+2), float64(lost+1)/float64(n+2), float64(gained-lost)/float64(n)
	half := NormalQuantile((1+conf)/2) * math.Sqrt((g+l-(g-l)*(g-l))/float64(n+2))
	return max(min(g-l-half, d), -1), min(max(g-l+half, d), 1)
}
