package data

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Mixup trains on pairs of examples (Zhang et al. 2018): pixels are λ·a + (1-λ)·b, and the loss is λ times that of a's
// label plus 1-λ times that of b's, with λ from Beta(Alpha, Alpha). The partners are a random permutation of the batch;
// every pair has its own λ, as the paper's formula has it (its code draws one a batch).
type Mixup struct {
	Alpha float64 `json:"alpha"` // 0: nothing is mixed. 0.1 to 0.4 are usual
}

// Check says what is wrong with Alpha.
func (m Mixup) Check() error {
	if !(m.Alpha >= 0) || math.IsInf(m.Alpha, 0) {
		return fmt.Errorf("data: Mixup: Alpha is %g, want 0 or more", m.Alpha)
	}
	return nil
}

// apply mixes a batch, in place.
func (m Mixup) apply(b *Batch, r *rand.Rand, partner []int) []int {
	b.Mixed, b.Lambda = resized(b.Mixed, b.N), resized(b.Lambda, b.N)
	partner = resized(partner, b.N)
	for k := range partner {
		partner[k] = k
	}
	shuffle(partner, r)
	b.original = resized(b.original, len(b.Pixels))
	copy(b.original, b.Pixels)
	size := b.H * b.W * b.C
	for k, j := range partner {
		lambda := float32(beta(r, m.Alpha))
		b.Mixed[k], b.Lambda[k] = b.Labels[j], lambda
		dst, other := b.example(k), b.original[j*size:(j+1)*size]
		for i, v := range other[:len(dst)] {
			dst[i] = float32(lambda*dst[i]) + float32((1-lambda)*v)
		}
	}
	return partner
}

// beta draws from Beta(a, a) by two gammas. In logarithms, so that a small a does not make 0/0.
func beta(r *rand.Rand, a float64) float64 {
	x, y := logGamma(r, a), logGamma(r, a)
	return 1 / (1 + math.Exp(y-x))
}

// logGamma draws the logarithm of a number from Gamma(a, 1): Marsaglia and Tsang (2000), for a < 1 by their
// Gamma(a) = Gamma(a+1)·U^(1/a).
func logGamma(r *rand.Rand, a float64) float64 {
	boost := 0.0
	if a < 1 {
		boost = math.Log(1-r.Float64()) / a
		a++
	}
	d := a - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := r.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v = v * v * v
		if math.Log(1-r.Float64()) < 0.5*x*x+d-d*v+d*math.Log(v) {
			return math.Log(d*v) + boost
		}
	}
}
