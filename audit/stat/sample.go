package stat

import (
	"math"
	"math/rand/v2"
)

// inversionMean is the mean below which walking up from zero is faster than rejection, and rejection not yet valid.
const inversionMean = 10

// Binomial draws how many of n trials succeed when each does with probability p, exactly: by inversion where few are
// expected, else by transformed rejection with squeeze (BTRS), whose cost does not depend on n.
func Binomial(r *rand.Rand, n int64, p float64) int64 {
	switch {
	case n <= 0 || p <= 0:
		return 0
	case p >= 1:
		return n
	case p > 0.5:
		return n - Binomial(r, n, 1-p)
	case float64(n)*p < inversionMean:
		return binomialInversion(r, n, p)
	default:
		return binomialRejection(r, float64(n), p)
	}
}

// binomialInversion walks up the distribution from zero.
func binomialInversion(r *rand.Rand, n int64, p float64) int64 {
	odds := p / (1 - p)
	start := math.Exp(float64(n) * math.Log1p(-p))
	for {
		u, f := r.Float64(), start
		for k := int64(0); k <= n; k++ {
			if u < f {
				return k
			}
			u -= f
			f *= odds * float64(n-k) / float64(k+1)
			if f < 1e-300 { // u was in the rounding of the sum: draw again
				break
			}
		}
	}
}

// binomialRejection is Hörmann's algorithm BTRS, for p of at most a half and n·p of at least 10.
func binomialRejection(r *rand.Rand, n, p float64) int64 {
	q := 1 - p
	sd := math.Sqrt(n * p * q)
	b := 1.15 + 2.53*sd
	a := -0.0873 + 0.0248*b + 0.01*p
	c := n*p + 0.5
	vr := 0.92 - 4.2/b
	odds := p / q
	alpha := (2.83 + 5.1/b) * sd
	m := math.Floor((n + 1) * p)
	for {
		u, v := r.Float64()-0.5, r.Float64()
		us := 0.5 - math.Abs(u)
		k := math.Floor((2*a/us+b)*u + c)
		if us >= 0.07 && v <= vr {
			return int64(k)
		}
		if k < 0 || k > n {
			continue
		}
		// ln of the probability of k over that of the mode m, by Stirling's formula with its tails: differences of
		// whole log-factorials would lose digits where n is large.
		bound := (m+0.5)*math.Log((m+1)/(odds*(n-m+1))) + (n+1)*math.Log((n-m+1)/(n-k+1)) +
			(k+0.5)*math.Log(odds*(n-k+1)/(k+1)) + tail(m) + tail(n-m) - tail(k) - tail(n-k)
		if math.Log(v*alpha/(a/(us*us)+b)) <= bound {
			return int64(k)
		}
	}
}

// Multinomial draws how n rows fall into cells whose chances are proportional to weights, into counts, exactly: each
// cell is binomial given those before it. Nothing falls into a cell of weight zero; all weights zero is only for n = 0.
func Multinomial(r *rand.Rand, n int64, weights []int64, counts []int64) {
	var rest int64
	for _, w := range weights {
		rest += w
	}
	for i, w := range weights {
		if rest == w { // the last cell that can have rows takes all, whatever rounding says
			counts[i], n = n, 0
		} else {
			counts[i] = Binomial(r, n, float64(w)/float64(rest))
			n -= counts[i]
		}
		rest -= w
	}
}

// Hypergeometric draws how many of sample rows are good when they are taken without replacement from good and bad ones,
// exactly; sample is at most good+bad.
func Hypergeometric(r *rand.Rand, good, bad, sample int64) int64 {
	all := good + bad
	switch {
	case sample <= 0 || good <= 0:
		return 0
	case bad <= 0:
		return sample
	case sample > all/2: // what is not taken is a sample too
		return good - Hypergeometric(r, good, bad, all-sample)
	case good > bad:
		return sample - Hypergeometric(r, bad, good, sample)
	case sample < good && sample < inversionMean:
		return drawOneByOne(r, good, all, sample)
	case good < inversionMean: // sample and good are exchangeable
		return drawOneByOne(r, sample, all, good)
	default:
		return hypergeometricRejection(r, good, bad, sample)
	}
}

// drawOneByOne takes sample rows from all.
func drawOneByOne(r *rand.Rand, good, all, sample int64) int64 {
	left := good
	for i := range sample {
		if r.Int64N(all-i) < left {
			left--
		}
	}
	return good - left
}

// hypergeometricRejection is Stadlober's ratio of uniforms HRUA, for good <= bad and a sample of at most half of all.
func hypergeometricRejection(r *rand.Rand, good, bad, sample int64) int64 {
	g, b, s := float64(good), float64(bad), float64(sample)
	all := g + b
	mean := s * g / all
	variance := mean * (b / all) * (all - s) / (all - 1)
	shift := mean + 0.5
	c := math.Sqrt(variance + 0.5)
	const d1, d2 = 1.7155277699214135, 0.8989161620588988 // 2√(2/e) and 3-2√(3/e)
	h := d1*c + d2
	mode := math.Floor((s + 1) * (g + 1) / (all + 2))
	logWeight := func(k float64) float64 {
		i := int64(k)
		return -logFactorial(i) - logFactorial(good-i) - logFactorial(sample-i) - logFactorial(bad-sample+i)
	}
	atMode := logWeight(mode)
	most := min(s, g)
	for {
		u, v := r.Float64(), r.Float64()
		k := math.Floor(shift + h*(v-0.5)/u)
		if !(k >= 0 && k <= most) {
			continue
		}
		t := logWeight(k) - atMode
		if u*(4-u)-3 <= t {
			return int64(k)
		}
		if u*(u-t) < 1 && 2*math.Log(u) <= t {
			return int64(k)
		}
	}
}

// Gamma draws from the gamma distribution of this shape, which is above zero, and scale 1 (Marsaglia and Tsang 2000).
func Gamma(r *rand.Rand, shape float64) float64 {
	if shape < 1 { // a draw of shape+1 is too large by this factor
		return Gamma(r, shape+1) * math.Pow(1-r.Float64(), 1/shape)
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := r.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v *= v * v
		if math.Log(1-r.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}
