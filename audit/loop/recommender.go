package loop

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
)

// A Policy decides which share of a round's recommendations each group gets.
type Policy string

// The policies.
const (
	// Clicks shows to each group by its share of all clicks so far: who was shown more has clicked more. This is the urn
	// without correction; the limit is 1 for the most interested group, or random between equals.
	Clicks Policy = "clicks"
	// ClickRate shows by clicks per exposure, so that how often a group was shown cancels. The limit is q/Σq.
	ClickRate Policy = "click-rate"
	// Blind does not know the group and shows to all alike.
	Blind Policy = "blind"
)

// A Group is the people of one kind whom a recommender serves.
type Group struct {
	Name     string  `json:"name"`
	Interest float64 `json:"interest"` // q, the probability that a person of the group clicks on what is shown, in (0, 1]
	// Clicks and Exposures are the history at the start, both positive.
	Clicks    float64 `json:"clicks"`
	Exposures float64 `json:"exposures"`
}

// Recommender is a loop in which clicks decide who is shown more: the numbers of exposures in a round are multinomial
// by the policy's shares, and clicks are binomial with each group's interest.
type Recommender struct {
	Groups []Group `json:"groups"` // two or more
	// Exposures is how often something is shown in a round; 0 means 100.
	Exposures int    `json:"exposures"`
	Policy    Policy `json:"policy"` // "" means Clicks
}

func (r Recommender) withDefaults() Recommender {
	r.Exposures = cmp.Or(r.Exposures, 100)
	r.Policy = cmp.Or(r.Policy, Clicks)
	return r
}

// Validate says all that is wrong with r.
func (r Recommender) Validate() error {
	r = r.withDefaults()
	var errs []error
	fail := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("loop: recommender: "+format, args...))
	}
	if len(r.Groups) < 2 {
		fail("%d groups, want two or more", len(r.Groups))
	}
	if r.Exposures < 0 {
		fail("Exposures = %d, want > 0", r.Exposures)
	}
	switch r.Policy {
	case Clicks, ClickRate, Blind:
	default:
		fail("Policy = %q, want %q, %q or %q", r.Policy, Clicks, ClickRate, Blind)
	}
	seen := map[string]bool{}
	for i, g := range r.Groups {
		if g.Name == "" || seen[g.Name] {
			fail("group %d has the name %q, want one of its own", i, g.Name)
		}
		seen[g.Name] = true
		if !(g.Interest > 0 && g.Interest <= 1) {
			fail("group %s: Interest = %v, want in (0, 1]", g.Name, g.Interest)
		}
		if !finite(g.Clicks) || g.Clicks <= 0 || !finite(g.Exposures) || g.Exposures <= 0 {
			fail("group %s: Clicks = %v and Exposures = %v at the start, want both positive", g.Name, g.Clicks, g.Exposures)
		}
	}
	return errors.Join(errs...)
}

// Run simulates r for o.Days rounds; shares are those of the exposures. The true share is that of the interest.
func (r Recommender) Run(o Options) (*Result, error) {
	o = o.withDefaults()
	if err := errors.Join(r.Validate(), o.validate(len(r.Groups))); err != nil {
		return nil, err
	}
	limit, err := r.Limit()
	if err != nil {
		return nil, err
	}
	r = r.withDefaults()
	var names []string
	for _, g := range r.Groups {
		names = append(names, g.Name)
	}
	result, err := simulate(o, names, r.trueShares(), func(rng *rand.Rand) process { return newShop(r, rng) })
	if err != nil {
		return nil, err
	}
	result.Limit = limit
	return result, nil
}

// Limit computes where the shares of exposures converge.
func (r Recommender) Limit() (Limit, error) {
	if err := r.Validate(); err != nil {
		return Limit{}, err
	}
	r = r.withDefaults()
	switch r.Policy {
	case ClickRate:
		shares := r.trueShares()
		return Limit{Shares: shares, Note: fmt.Sprintf("Clicks per exposure do not depend on who was shown more: shares "+
			"converge to those of the interest, %s.", percents(shares))}, nil
	case Blind:
		shares := make([]float64, len(r.Groups))
		for i := range shares {
			shares[i] = 1 / float64(len(shares))
		}
		return Limit{Shares: shares, Note: "The recommender does not know the group: all are shown alike."}, nil
	}
	limit, err := r.urn().Limit()
	if err != nil {
		return Limit{}, err
	}
	if limit.Shares != nil {
		limit.Note = fmt.Sprintf("The loop runs away: in the end only %s is shown anything, however small the difference "+
			"of the interest. The way there is slow.", r.Groups[largest(limit.Shares)].Name)
	} else {
		limit.Note = "The limit is random: chance and the history divide the exposures between groups of equal interest."
	}
	return limit, nil
}

// urn is the same loop in the words of patrols: an exposure is a visit, a click an incident.
func (r Recommender) urn() Urn {
	u := Urn{Patrols: r.Exposures, Arrivals: Bernoulli}
	for _, g := range r.Groups {
		u.Areas = append(u.Areas, Area{Name: g.Name, Discovered: g.Interest, Prior: g.Clicks})
	}
	return u
}

func (r Recommender) trueShares() []float64 { return r.urn().trueShares() }

// shop is one run of a [Recommender].
type shop struct {
	Recommender
	clicks, exposures []float64
	p                 []float64
	shown             []int
	rng               *rand.Rand
}

func newShop(r Recommender, rng *rand.Rand) *shop {
	s := &shop{Recommender: r, rng: rng, p: make([]float64, len(r.Groups)), shown: make([]int, len(r.Groups))}
	for _, g := range r.Groups {
		s.clicks = append(s.clicks, g.Clicks)
		s.exposures = append(s.exposures, g.Exposures)
	}
	return s
}

func (s *shop) shares(into []float64) {
	for i := range into {
		switch s.Policy {
		case ClickRate:
			into[i] = s.clicks[i] / s.exposures[i]
		case Blind:
			into[i] = 1
		default:
			into[i] = s.clicks[i]
		}
	}
	total := sum(into)
	for i := range into {
		into[i] /= total
	}
}

func (s *shop) day() {
	s.shares(s.p)
	multinomial(s.rng, s.Recommender.Exposures, s.p, s.shown)
	for i, n := range s.shown {
		s.exposures[i] += float64(n)
		s.clicks[i] += float64(binomial(s.rng, n, s.Groups[i].Interest))
	}
}
