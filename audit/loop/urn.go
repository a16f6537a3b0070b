package loop

import (
	"errors"
	"fmt"
	"math"
)

// An Area is one place that patrols may be sent to.
type Area struct {
	Name string `json:"name"`
	// Discovered is the mean number of incidents that one patrol finds in a day.
	Discovered float64 `json:"discovered"`
	// Reported is the mean number of incidents that people report in a day, wherever the patrols are.
	Reported float64 `json:"reported,omitempty"`
	// Prior is the number of incidents on record at the start. It must be positive: an area without any record would
	// never be visited.
	Prior float64 `json:"prior"`
}

// Arrivals says how many incidents a visit finds, given their mean.
type Arrivals string

// The ways in which incidents arrive.
const (
	Poisson   Arrivals = "poisson"   // Poisson numbers: the default
	Bernoulli Arrivals = "bernoulli" // one incident with the mean as its probability, which must be at most 1
	Fixed     Arrivals = "fixed"     // exactly the mean, which need not be whole
)

// A Correction says how discovered incidents are recorded, so that they speak of the area and not of the patrols.
// Reported incidents are never corrected: they arrive wherever the patrols are. p is an area's share of the patrols.
type Correction string

// The corrections.
const (
	// None records all that is found: the loop runs away.
	None Correction = "none"
	// Reject records a discovered incident with probability min(p)/p, min over all areas. Shares converge to those of
	// the true rates for any number of areas.
	Reject Correction = "reject"
	// Weigh records it with weight 1/p: the same limit as Reject, nothing is thrown away, early days vary more.
	Weigh Correction = "weigh"
	// Complement records it with probability 1-p, as in Ensign et al. (2018). For two areas the limit is that of Reject;
	// for more it is not, and areas with low rates can vanish.
	Complement Correction = "complement"
)

// Urn is a model of patrols that go where incidents are on record.
type Urn struct {
	Areas []Area `json:"areas"` // two or more
	// Patrols is how many are sent a day, all by the record of the evening before; 0 means 1.
	Patrols int `json:"patrols,omitempty"`
	// DiscoveredWeight is the weight w of a discovered incident against 1-w of a reported one, in (0, 1]. Only their
	// ratio counts: the larger weight is scaled to one ball. 0 means 0.5, both alike. Without reports it has no effect.
	DiscoveredWeight float64 `json:"discovered_weight,omitempty"`
	// Decay is the share of its record that an area loses each day, in [0, 1); a record never decays below one ball.
	// Ensign's program thins at random instead, with the same mean.
	Decay      float64    `json:"decay,omitempty"`
	Arrivals   Arrivals   `json:"arrivals,omitempty"`   // "" means Poisson
	Correction Correction `json:"correction,omitempty"` // "" means None
}

// withDefaults returns u with every default written out.
func (u Urn) withDefaults() Urn {
	if u.Patrols == 0 {
		u.Patrols = 1
	}
	if u.DiscoveredWeight == 0 {
		u.DiscoveredWeight = 0.5
	}
	if u.Arrivals == "" {
		u.Arrivals = Poisson
	}
	if u.Correction == "" {
		u.Correction = None
	}
	return u
}

// weights returns the balls that a discovered and a reported incident are.
func (u Urn) weights() (discovered, reported float64) {
	if !u.hasReports() {
		return 1, 0
	}
	w := u.DiscoveredWeight
	larger := max(w, 1-w)
	return w / larger, (1 - w) / larger
}

func (u Urn) hasReports() bool {
	for _, a := range u.Areas {
		if a.Reported > 0 {
			return true
		}
	}
	return false
}

// Validate says all that is wrong with u.
func (u Urn) Validate() error {
	u = u.withDefaults()
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf("loop: "+format, args...)) }
	if len(u.Areas) < 2 {
		fail("%d areas, want two or more", len(u.Areas))
	}
	if u.Patrols < 0 {
		fail("Patrols = %d, want > 0", u.Patrols)
	}
	if !(u.DiscoveredWeight > 0 && u.DiscoveredWeight <= 1) {
		fail("DiscoveredWeight = %v, want in (0, 1]", u.DiscoveredWeight)
	}
	if !(u.Decay >= 0 && u.Decay < 1) {
		fail("Decay = %v, want in [0, 1)", u.Decay)
	}
	switch u.Arrivals {
	case Poisson, Bernoulli, Fixed:
	default:
		fail("Arrivals = %q, want %q, %q or %q", u.Arrivals, Poisson, Bernoulli, Fixed)
	}
	switch u.Correction {
	case None, Reject, Weigh, Complement:
	default:
		fail("Correction = %q, want %q, %q, %q or %q", u.Correction, None, Reject, Weigh, Complement)
	}
	return errors.Join(append(errs, u.validateAreas()...)...)
}

func (u Urn) validateAreas() (errs []error) {
	seen := map[string]bool{}
	incidents := 0.0
	for i, a := range u.Areas {
		fail := func(format string, args ...any) {
			errs = append(errs, fmt.Errorf("loop: area %d (%s): %s", i, a.Name, fmt.Sprintf(format, args...)))
		}
		switch {
		case a.Name == "":
			fail("has no name")
		case seen[a.Name]:
			fail("there is another of this name")
		}
		seen[a.Name] = true
		if !finite(a.Discovered) || a.Discovered < 0 {
			fail("Discovered = %v, want finite and not negative", a.Discovered)
		}
		if !finite(a.Reported) || a.Reported < 0 {
			fail("Reported = %v, want finite and not negative", a.Reported)
		}
		if !finite(a.Prior) || a.Prior <= 0 {
			fail("Prior = %v, want finite and positive: an area without a record is never visited", a.Prior)
		}
		if u.Arrivals == Bernoulli && (a.Discovered > 1 || a.Reported > 1) {
			fail("rates %v and %v, want at most 1 for Bernoulli arrivals", a.Discovered, a.Reported)
		}
		incidents += a.Discovered + a.Reported
	}
	if len(u.Areas) > 0 && incidents == 0 {
		errs = append(errs, errors.New("loop: no area has incidents, want a positive rate"))
	}
	return errs
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
