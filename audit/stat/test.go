package stat

import "math"

// ChiSquare returns Pearson's statistic of two rates, k1 of n1 and k2 of n2, without continuity correction, and the
// probability of one as large where the rates are equal. Both are NaN where a margin is zero.
func ChiSquare(k1, n1, k2, n2 float64) (statistic, p float64) {
	a, b, c, d := k1, n1-k1, k2, n2-k2
	det := a*d - b*c
	statistic = (n1 + n2) * det * det / (n1 * n2 * (a + c) * (b + d))
	return statistic, math.Erfc(math.Sqrt(statistic / 2))
}

// SmallestExpected returns the smallest count that a cell of the table of two rates would have if they were equal.
func SmallestExpected(k1, n1, k2, n2 float64) float64 {
	k := k1 + k2
	return min(n1, n2) * min(k, n1+n2-k) / (n1 + n2)
}

// Fisher returns the two-sided probability of Fisher's exact test of two rates: of all tables with these margins, the
// share that is as likely as this one or less. It is NaN unless 0 <= k <= n of both.
func Fisher(k1, n1, k2, n2 int64) float64 {
	if k1 < 0 || k1 > n1 || k2 < 0 || k2 > n2 {
		return math.NaN()
	}
	k := k1 + k2
	first, last := max(0, k-n2), min(k, n1)
	logP := func(x int64) float64 { return logChoose(n1, x) + logChoose(n2, k-x) - logChoose(n1+n2, k) }
	// Tables as likely as this one may differ from it by rounding.
	limit := logP(k1) + 1e-7
	var sum float64
	for x := first; x <= last; x++ {
		if l := logP(x); l <= limit {
			sum += math.Exp(l)
		}
	}
	return min(1, sum)
}

// McNemar returns the two-sided exact probability that of b+c pairs that changed, as few as min(b, c) changed one way,
// where both ways are equally likely. It is 1 where no pair changed.
func McNemar(b, c int64) float64 {
	n, k := b+c, min(b, c)
	if n == 0 {
		return 1
	}
	var sum float64
	for x := int64(0); x <= k; x++ {
		sum += math.Exp(logChoose(n, x) - float64(n)*math.Ln2)
	}
	return min(1, 2*sum)
}

// Holm returns the probabilities of a family of tests adjusted so that rejecting those of at most α has a false alarm with
// probability at most α. NaN stays NaN and is not part of the family.
func Holm(p []float64) []float64 {
	adjusted := nanLike(p)
	order := ascending(p)
	var highest float64
	for rank, i := range order {
		highest = max(highest, p[i]*float64(len(order)-rank))
		adjusted[i] = min(1, highest)
	}
	return adjusted
}

// BenjaminiHochberg returns the probabilities of a family of tests adjusted so that of the rejected at most α a share of at
// most α is false alarms on average. NaN stays NaN and is not part of the family.
func BenjaminiHochberg(p []float64) []float64 {
	adjusted := nanLike(p)
	order := ascending(p)
	lowest := 1.0
	for rank := len(order) - 1; rank >= 0; rank-- {
		i := order[rank]
		lowest = min(lowest, p[i]*float64(len(order))/float64(rank+1))
		adjusted[i] = lowest
	}
	return adjusted
}
