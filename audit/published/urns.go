package published

import (
	"fmt"

	"github.com/atelier-go/atelier/audit/loop"
)

// Urns recomputes the limits of Ensign et al.'s urns with the rates of Oakland, the failure of their correction for three
// areas, and what corrects for any number, by formula and by simulation.
func Urns(Options) (Study, error) {
	s := Study{Name: "Predictive policing", Source: "Ensign et al. 2018; limits by Renlund 2010"}
	const top1, top2, random = 3.68511, 2.816466, 2.35592 // incidents a day
	for _, want := range []struct{ rate, weight, limit float64 }{
		{top2, 0.5, 0.59890}, {top2, 0.6, 0.61429}, {top2, 0.7, 0.63874}, {top2, 0.8, 0.68259}, {top2, 0.9, 0.77589},
		{random, 0.5, 0.65943},
	} {
		u := loop.Urn{DiscoveredWeight: want.weight, Areas: []loop.Area{
			{Name: "A", Discovered: top1, Reported: top1, Prior: 1}, {Name: "B", Discovered: want.rate, Reported: want.rate, Prior: 1}}}
		limit, err := u.Limit()
		if err != nil {
			return s, err
		}
		s.check(fmt.Sprintf("rates %v and %v, weight %v", top1, want.rate, want.weight), want.limit, limit.Shares[0], 5e-6)
	}
	return s, s.threeAreas()
}

// threeAreas checks areas with the rates 0.6, 0.3 and 0.1: where each correction leads, and that simulations go there.
func (s *Study) threeAreas() error {
	for _, want := range []struct {
		correction loop.Correction
		limit      [3]float64
	}{
		{loop.None, [3]float64{1, 0, 0}},
		{loop.Complement, [3]float64{2. / 3, 1. / 3, 0}},
		{loop.Reject, [3]float64{0.6, 0.3, 0.1}},
		{loop.Weigh, [3]float64{0.6, 0.3, 0.1}},
	} {
		u := loop.Urn{Correction: want.correction, Arrivals: loop.Bernoulli, Areas: []loop.Area{
			{Name: "A", Discovered: 0.6, Prior: 1}, {Name: "B", Discovered: 0.3, Prior: 1}, {Name: "C", Discovered: 0.1, Prior: 1}}}
		r, err := u.Run(loop.Options{Days: 10000, Runs: 100, Seed: 2018, At: []int{10000}})
		if err != nil {
			return err
		}
		for i, series := range r.Series {
			name := fmt.Sprintf("three areas, %s, %s", want.correction, series.Name)
			s.check(name+", limit", want.limit[i], r.Limit.Shares[i], 1e-9)
			if want.correction == loop.Reject || want.correction == loop.Weigh {
				s.check(name+", simulated", want.limit[i], series.Mean[0], 0.02)
			}
		}
	}
	return nil
}
