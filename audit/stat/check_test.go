package stat_test

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/atelier-go/atelier/audit/stat"
)

// Wilson's bounds are the rates whose score test has exactly the interval's z.
func TestWilsonInvertsTheScoreTest(t *testing.T) {
	for _, conf := range []float64{0.5, 0.9, 0.95, 0.999} {
		z := distuv.UnitNormal.Quantile((1 + conf) / 2)
		for _, n := range []float64{1, 2, 7, 30, 1000, 1e7, 12.5} {
			for _, share := range []float64{0, 0.01, 0.3, 0.5, 1} {
				p := share
				low, high := stat.Wilson(p*n, n, conf)
				for _, bound := range []float64{low, high} {
					if bound == p {
						continue
					}
					near(t, fmt.Sprintf("z of %v of %v at %v", p*n, n, bound), math.Abs(p-bound)/math.Sqrt(bound*(1-bound)/n), z, 1e-6*z)
				}
			}
		}
	}
}

// Clopper and Pearson's bounds leave half of what is outside in each tail, summed term by term in exact arithmetic.
func TestClopperPearsonSumsTails(t *testing.T) {
	tail := func(n, from, to int64, p float64) float64 {
		sum, odds := new(big.Float).SetPrec(200), new(big.Float).SetPrec(200)
		for k := from; k <= to; k++ {
			term := new(big.Float).SetPrec(200).SetInt(new(big.Int).Binomial(n, k))
			for i := range n {
				if odds.SetFloat64(p); i >= k {
					odds.Sub(big.NewFloat(1).SetPrec(200), odds)
				}
				term.Mul(term, odds)
			}
			sum.Add(sum, term)
		}
		f, _ := sum.Float64()
		return f
	}
	for _, c := range [][2]int64{{0, 3}, {1, 4}, {2, 5}, {9, 10}, {13, 40}, {60, 60}} {
		k, n := c[0], c[1]
		low, high := stat.ClopperPearson(k, n, 0.9)
		if k > 0 {
			near(t, fmt.Sprint("upper tail at the lower bound of ", c), tail(n, k, n, low), 0.05, 1e-12)
		}
		if k < n {
			near(t, fmt.Sprint("lower tail at the upper bound of ", c), tail(n, 0, k, high), 0.05, 1e-12)
		}
	}
}

// An interval covers the truth about as often as it says; the coverage is summed over all outcomes, not simulated.
func TestCoverage(t *testing.T) {
	mean := func(interval func(k, n float64) (low, high float64)) float64 {
		const n = 40
		var sum float64
		points := 0
		for p := 0.05; p < 0.96; p += 0.013 {
			b := distuv.Binomial{N: n, P: p}
			for k := range n + 1 {
				if low, high := interval(float64(k), n); low <= p && p <= high {
					sum += b.Prob(float64(k))
				}
			}
			points++
		}
		return sum / float64(points)
	}
	wilson := mean(func(k, n float64) (float64, float64) { return stat.Wilson(k, n, 0.95) })
	near(t, "Wilson's mean coverage", wilson, 0.95, 0.006)
	exact := mean(func(k, n float64) (float64, float64) { return stat.ClopperPearson(int64(k), int64(n), 0.95) })
	if exact < 0.95 || exact > 0.985 {
		t.Errorf("Clopper and Pearson's mean coverage is %v", exact)
	}
	var newcombe, katz float64
	const n1, n2, p1, p2 = 35, 50, 0.4, 0.25
	for k1 := range n1 + 1 {
		for k2 := range n2 + 1 {
			weight := distuv.Binomial{N: n1, P: p1}.Prob(float64(k1)) * distuv.Binomial{N: n2, P: p2}.Prob(float64(k2))
			if low, high := stat.Newcombe(float64(k1), n1, float64(k2), n2, 0.95); low <= p1-p2 && p1-p2 <= high {
				newcombe += weight
			}
			if low, high := stat.Katz(float64(k1), n1, float64(k2), n2, 0.95); low <= p1/p2 && p1/p2 <= high {
				katz += weight
			}
		}
	}
	near(t, "Newcombe's coverage", newcombe, 0.95, 0.01)
	near(t, "Katz's coverage", katz, 0.95, 0.015)
}

// The distributions of tests are gonum's, and tables counted one by one.
func TestTests(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		n1, n2 := 1+r.Int64N(12), 1+r.Int64N(12)
		k1, k2 := r.Int64N(n1+1), r.Int64N(n2+1)
		near(t, fmt.Sprintf("Fisher of %d/%d and %d/%d", k1, n1, k2, n2), stat.Fisher(k1, n1, k2, n2), fisher(k1, n1, k2, n2), 1e-12)
		x, p := stat.ChiSquare(float64(k1), float64(n1), float64(k2), float64(n2))
		if k1+k2 == 0 || k1+k2 == n1+n2 {
			if !math.IsNaN(p) {
				t.Errorf("chi2 of rates that are all 0 or 1 has p = %v", p)
			}
			continue
		}
		var sum float64 // Σ (observed-expected)²/expected
		rate := float64(k1+k2) / float64(n1+n2)
		smallest := math.Inf(1)
		for _, cell := range [][2]float64{{float64(k1), float64(n1) * rate}, {float64(n1 - k1), float64(n1) * (1 - rate)},
			{float64(k2), float64(n2) * rate}, {float64(n2 - k2), float64(n2) * (1 - rate)}} {
			sum += (cell[0] - cell[1]) * (cell[0] - cell[1]) / cell[1]
			smallest = min(smallest, cell[1])
		}
		near(t, "chi2", x, sum, 1e-9)
		near(t, "p of chi2", p, distuv.ChiSquared{K: 1}.Survival(x), 1e-9)
		near(t, "smallest expected count", stat.SmallestExpected(float64(k1), float64(n1), float64(k2), float64(n2)), smallest, 1e-9)
		b := distuv.Binomial{N: float64(n1), P: 0.5}
		near(t, fmt.Sprintf("McNemar of %d and %d", k1, n1-k1), stat.McNemar(k1, n1-k1), min(1, 2*b.CDF(float64(min(k1, n1-k1)))), 1e-9)
	}
	near(t, "Fisher's tea", stat.Fisher(3, 4, 1, 4), 34.0/70, 1e-12)
	near(t, "McNemar of 0 and 0", stat.McNemar(0, 0), 1, 0)
	if p := stat.Fisher(5, 4, 1, 2); !math.IsNaN(p) {
		t.Errorf("Fisher of 5/4 is %v", p)
	}
}

// fisher counts tables in whole numbers.
func fisher(k1, n1, k2, n2 int64) float64 {
	ways := func(x int64) *big.Int {
		return new(big.Int).Mul(new(big.Int).Binomial(n1, x), new(big.Int).Binomial(n2, k1+k2-x))
	}
	sum, observed := new(big.Int), ways(k1)
	for x := max(0, k1+k2-n2); x <= min(k1+k2, n1); x++ {
		if w := ways(x); w.Cmp(observed) <= 0 {
			sum.Add(sum, w)
		}
	}
	f, _ := new(big.Rat).SetFrac(sum, new(big.Int).Binomial(n1+n2, k1+k2)).Float64()
	return f
}

// The example of Benjamini and Hochberg's paper: at 0.05 Holm's (as Bonferroni's) rejects three, theirs four of fifteen.
func TestAdjustments(t *testing.T) {
	p := []float64{0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1}
	shuffled := slices.Clone(p)
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(p), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	shuffled = append(shuffled, math.NaN())
	count := func(adjusted []float64) (n int) {
		for _, v := range adjusted {
			if v <= 0.05 {
				n++
			}
		}
		return n
	}
	holm, bh := stat.Holm(shuffled), stat.BenjaminiHochberg(shuffled)
	if count(holm) != 3 || count(bh) != 4 {
		t.Errorf("%d and %d rejected, want 3 and 4", count(holm), count(bh))
	}
	if !math.IsNaN(holm[15]) || !math.IsNaN(bh[15]) {
		t.Error("NaN has become a probability")
	}
	for i, v := range shuffled[:15] {
		// By definition: Holm's is the largest over smaller ones, BH's the smallest over larger ones.
		var wantHolm float64
		wantBH := 1.0
		for j, w := range p {
			if w <= v {
				wantHolm = max(wantHolm, min(1, w*float64(15-j)))
			}
			if w >= v {
				wantBH = min(wantBH, w*15/float64(j+1))
			}
		}
		near(t, "Holm", holm[i], wantHolm, 1e-15)
		near(t, "Benjamini and Hochberg", bh[i], wantBH, 1e-15)
	}
}

// The area of bins is that of all pairs; its variance that of placements taken one by one.
func TestAUC(t *testing.T) {
	negative, positive := []float64{5, 3, 0, 2}, []float64{1, 2, 4, 4}
	var x, y []float64
	for i := range negative {
		x = append(x, slices.Repeat([]float64{float64(i)}, int(negative[i]))...)
		y = append(y, slices.Repeat([]float64{float64(i)}, int(positive[i]))...)
	}
	psi := func(a, b float64) float64 {
		switch {
		case a < b:
			return 1
		case a == b:
			return 0.5
		}
		return 0
	}
	v10, v01 := make([]float64, len(y)), make([]float64, len(x))
	var area, tied float64
	for j, b := range y {
		for i, a := range x {
			v10[j] += psi(a, b) / float64(len(x))
			v01[i] += psi(a, b) / float64(len(y))
			area += psi(a, b) / float64(len(x)*len(y))
			if a == b {
				tied += 1 / float64(len(x)*len(y))
			}
		}
	}
	variance := func(v []float64) (s float64) {
		for _, p := range v {
			s += (p - area) * (p - area) / float64(len(v)-1)
		}
		return s
	}
	got, gotVariance, gotTied := stat.AUC(negative, positive)
	near(t, "area", got, area, 1e-14)
	near(t, "variance", gotVariance, variance(v10)/float64(len(y))+variance(v01)/float64(len(x)), 1e-14)
	near(t, "tied", gotTied, tied, 1e-14)
	low, high := stat.AUCInterval(got, gotVariance, 10, 11, 0.95)
	near(t, "the interval's middle in logits", math.Log(low/(1-low))+math.Log(high/(1-high)), 2*math.Log(got/(1-got)), 1e-9)
	if a, _, _ := stat.AUC([]float64{1}, []float64{0}); !math.IsNaN(a) {
		t.Errorf("area without positives is %v", a)
	}
	for _, a := range []float64{0, 0.5, 1} { // no variance: all bins are one, or the classes do not overlap
		low, high := stat.AUCInterval(a, 0, 20, 30, 0.95)
		mirrorLow, mirrorHigh := stat.AUCInterval(1-a, 0, 20, 30, 0.95)
		if !(low <= a && a <= high && high-low > 0.05) {
			t.Errorf("interval of %v is [%v, %v]", a, low, high)
		}
		near(t, "mirrored low", 1-mirrorHigh, low, 1e-9)
		near(t, "mirrored high", 1-mirrorLow, high, 1e-9)
	}
}

// chiSquare tests draws of whole numbers against their distribution, whose cells of few expected draws are merged.
func chiSquare(t *testing.T, name string, draws int, draw func() int64, prob func(k int64) float64, last int64) {
	t.Helper()
	seen := map[int64]int{}
	for range draws {
		k := draw()
		if k < 0 || k > last {
			t.Fatalf("%s drew %d of %d", name, k, last)
		}
		seen[k]++
	}
	var x, expected float64
	observed, cells := 0, 0
	left, counted := float64(draws), 0
	for k := int64(0); k <= last; k++ {
		expected += prob(k) * float64(draws)
		observed += seen[k]
		if expected >= 20 && left-expected >= 20 {
			x += (float64(observed) - expected) * (float64(observed) - expected) / expected
			left, counted = left-expected, counted+observed
			expected, observed = 0, 0
			cells++
		}
	}
	rest := float64(draws - counted)
	x += (rest - left) * (rest - left) / left
	if p := (distuv.ChiSquared{K: float64(cells)}).Survival(x); p < 1e-4 || cells == 0 {
		t.Errorf("%s: chi2 = %.1f of %d cells, p = %.2g", name, x, cells+1, p)
	}
}

// Draws have their distributions, on both sides of every switch of algorithm.
func TestDraws(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for _, c := range []struct {
		n int64
		p float64
	}{{1, 0.5}, {20, 0.1}, {20, 0.49}, {20, 0.51}, {25, 0.4}, {50, 0.97}, {100, 0.1}, {100, 0.11}, {1000, 0.3}, {100_000, 0.0002}, {100_000, 0.002}} {
		b := distuv.Binomial{N: float64(c.n), P: c.p}
		chiSquare(t, fmt.Sprint("Binomial ", c), 200_000, func() int64 { return stat.Binomial(r, c.n, c.p) },
			func(k int64) float64 { return b.Prob(float64(k)) }, c.n)
	}
	for _, c := range [][3]int64{{5, 5, 5}, {3, 40, 10}, {40, 3, 10}, {50, 60, 55}, {50, 60, 30}, {200, 100, 120}, {30, 1000, 500}, {11, 5000, 2000}, {500, 600, 1090}} {
		good, bad, sample := c[0], c[1], c[2]
		ways := func(n, k int64) float64 {
			l := func(x int64) float64 { v, _ := math.Lgamma(float64(x + 1)); return v }
			return l(n) - l(k) - l(n-k)
		}
		chiSquare(t, fmt.Sprint("Hypergeometric ", c), 200_000, func() int64 { return stat.Hypergeometric(r, good, bad, sample) },
			func(k int64) float64 {
				if k > good || sample-k > bad || k > sample {
					return 0
				}
				return math.Exp(ways(good, k) + ways(bad, sample-k) - ways(good+bad, sample))
			}, sample)
	}
}

// At sizes whose distributions cannot be listed, mean and variance are right.
func TestLargeDraws(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	const draws = 100_000
	moments := func(name string, draw func() float64, mean, variance float64) {
		var sum, squares float64
		for range draws {
			v := draw() - mean
			sum += v
			squares += v * v
		}
		near(t, name+": mean, in its standard errors", sum/draws/math.Sqrt(variance/draws), 0, 4)
		near(t, name+": variance", squares/draws/variance, 1, 4*math.Sqrt(3.0/draws))
	}
	const n, p = 10_000_000_000, 0.3
	moments("Binomial", func() float64 { return float64(stat.Binomial(r, n, p)) }, n*p, n*p*(1-p))
	const good, bad, sample = 3_000_000, 7_000_000, 1_000_000.0
	share := good / float64(good+bad)
	moments("Hypergeometric", func() float64 { return float64(stat.Hypergeometric(r, good, bad, sample)) }, sample*share,
		sample*share*(1-share)*(good+bad-sample)/(good+bad-1))
	moments("Gamma", func() float64 { return stat.Gamma(r, 40) }, 40, 40)
	moments("Gamma of shape below 1", func() float64 { return stat.Gamma(r, 0.999) }, 0.999, 0.999)
	weights := []int64{500, 0, 300, 200}
	counts := make([]int64, 4)
	moments("Multinomial", func() float64 {
		stat.Multinomial(r, 1000, weights, counts)
		if counts[0]+counts[2]+counts[3] != 1000 || counts[1] != 0 {
			t.Fatalf("drew %v", counts)
		}
		return float64(counts[2])
	}, 300, 300*0.7)
}

// FuzzIntervals holds the intervals to what every interval must be.
func FuzzIntervals(f *testing.F) {
	f.Add(int64(3), int64(8), int64(0), int64(5), 0.95)
	f.Add(int64(0), int64(1), int64(1), int64(1), 0.5)
	f.Fuzz(func(t *testing.T, k1, n1, k2, n2 int64, conf float64) {
		const most = 1 << 40
		if k1 < 0 || k1 > n1 || n1 < 1 || n1 > most || k2 < 0 || k2 > n2 || n2 < 1 || n2 > most || !(conf > 0.001 && conf < 0.9999) {
			return
		}
		a, n, b, m := float64(k1), float64(n1), float64(k2), float64(n2)
		inside := func(name string, low, value, high, lowest, highest float64) {
			if !(lowest <= low && low <= value && value <= high && high <= highest) {
				t.Errorf("%s of %v/%v and %v/%v at %v: [%v, %v] of %v", name, k1, n1, k2, n2, conf, low, high, value)
			}
		}
		low, high := stat.Wilson(a, n, conf)
		inside("Wilson", low, a/n, high, 0, 1)
		mirrorLow, mirrorHigh := stat.Wilson(n-a, n, conf)
		near(t, "mirrored low", 1-mirrorHigh, low, 1e-9)
		near(t, "mirrored high", 1-mirrorLow, high, 1e-9)
		low, high = stat.Newcombe(a, n, b, m, conf)
		inside("Newcombe", low, a/n-b/m, high, -1-1e-12, 1+1e-12)
		if k1+k2 > 0 {
			low, high = stat.Katz(a, n, b, m, conf)
			inside("Katz", low, (a/n)/(b/m), high, 0, math.Inf(1))
		}
		if n1 < 1e6 {
			low, high = stat.ClopperPearson(k1, n1, conf)
			inside("Clopper and Pearson", low, a/n, high, 0, 1)
		}
	})
}
