package loop

import "math/rand/v2"

// urnProcess is one run of an [Urn].
type urnProcess struct {
	urn                  Urn
	discovered, reported float64 // balls for an incident
	balls                []float64
	visits               []int
	p                    []float64 // shares of the evening before
	rng                  *rand.Rand
}

func newUrnProcess(u Urn, rng *rand.Rand) *urnProcess {
	run := &urnProcess{urn: u, rng: rng, visits: make([]int, len(u.Areas)), p: make([]float64, len(u.Areas))}
	run.discovered, run.reported = u.weights()
	for _, a := range u.Areas {
		run.balls = append(run.balls, a.Prior)
	}
	return run
}

func (r *urnProcess) shares(into []float64) {
	total := sum(r.balls)
	for i, b := range r.balls {
		into[i] = b / total
	}
}

func (r *urnProcess) day() {
	r.shares(r.p)
	multinomial(r.rng, r.urn.Patrols, r.p, r.visits)
	least := 0.0
	if r.urn.Correction == Reject {
		least = smallest(r.p)
	}
	for i, n := range r.visits {
		if n > 0 {
			r.balls[i] += r.discovered * r.recorded(i, n, least)
		}
	}
	if r.reported > 0 {
		for i, a := range r.urn.Areas {
			r.balls[i] += r.reported * r.arrivals(a.Reported, 1)
		}
	}
	if r.urn.Decay > 0 {
		for i, b := range r.balls {
			r.balls[i] = max(b*(1-r.urn.Decay), min(b, 1))
		}
	}
}

// recorded returns what n patrols add to the record of area i, after the correction.
func (r *urnProcess) recorded(i, n int, least float64) float64 {
	rate := r.urn.Areas[i].Discovered
	switch r.urn.Correction {
	case Reject:
		return r.thinned(rate, n, least/r.p[i])
	case Complement:
		return r.thinned(rate, n, 1-r.p[i])
	case Weigh:
		return r.arrivals(rate, n) / r.p[i]
	default:
		return r.arrivals(rate, n)
	}
}

// thinned returns the incidents that remain when each is kept with probability keep. A Poisson or Bernoulli number that
// is thinned is one of a lower rate; a fixed amount is kept or not as a whole, visit by visit.
func (r *urnProcess) thinned(rate float64, n int, keep float64) float64 {
	if r.urn.Arrivals == Fixed {
		return rate * float64(binomial(r.rng, n, keep))
	}
	return r.arrivals(rate*keep, n)
}

// arrivals returns the incidents of n visits with the given mean each.
func (r *urnProcess) arrivals(rate float64, n int) float64 {
	switch r.urn.Arrivals {
	case Bernoulli:
		return float64(binomial(r.rng, n, rate))
	case Fixed:
		return rate * float64(n)
	default:
		return poisson(r.rng, rate*float64(n))
	}
}
