package loop

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/atelier-go/atelier/audit/stat"
)

// Below these a loop of single draws is faster than a rejection sampler.
const (
	fewTrials = 16
	lowMean   = 8
)

// poisson draws a Poisson number.
func poisson(rng *rand.Rand, mean float64) float64 {
	if mean == 0 {
		return 0
	}
	if mean >= lowMean {
		return distuv.Poisson{Lambda: mean, Src: rng}.Rand()
	}
	n, product, stop := 0.0, rng.Float64(), math.Exp(-mean)
	for product > stop {
		n++
		product *= rng.Float64()
	}
	return n
}

// binomial draws the number of successes in n trials.
func binomial(rng *rand.Rand, n int, p float64) int {
	if n > fewTrials {
		return int(stat.Binomial(rng, int64(n), p))
	}
	successes := 0
	for range n {
		if rng.Float64() < p {
			successes++
		}
	}
	return successes
}

// multinomial draws into counts how n trials fall, p being probabilities that sum to 1.
func multinomial(rng *rand.Rand, n int, p []float64, counts []int) {
	clear(counts)
	if n <= fewTrials {
		for range n {
			counts[categorical(rng, p)]++
		}
		return
	}
	rest := 1.0
	for i := range p[:len(p)-1] {
		counts[i] = binomial(rng, n, p[i]/rest)
		n -= counts[i]
		rest -= p[i]
		if n == 0 {
			return
		}
	}
	counts[len(p)-1] = n
}

func categorical(rng *rand.Rand, p []float64) int {
	u := rng.Float64()
	for i, x := range p[:len(p)-1] {
		if u -= x; u < 0 {
			return i
		}
	}
	return len(p) - 1
}
