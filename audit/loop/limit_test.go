package loop

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// oakland has the rates of Ensign et al.'s two areas with the most incidents, and their records at the start.
func oakland(weight float64) Urn {
	return Urn{
		Areas: []Area{
			{Name: "top1", Discovered: 3.68511, Reported: 3.68511, Prior: 609},
			{Name: "top2", Discovered: 2.816466, Reported: 2.816466, Prior: 379},
		},
		DiscoveredWeight: weight,
	}
}

func limitOf(t *testing.T, u Urn) Limit {
	t.Helper()
	limit, err := u.Limit()
	if err != nil {
		t.Fatal(err)
	}
	return limit
}

func near(t *testing.T, name string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s = %v, want %v ± %v", name, got, want, tolerance)
	}
}

func TestReportsSoftenTheLimit(t *testing.T) {
	for weight, want := range map[float64]float64{0: .59890, .5: .59890, .6: .61429, .7: .63874, .8: .68259, .9: .77589} {
		near(t, "top1", limitOf(t, oakland(weight)).Shares[0], want, 5e-6)
	}
	random := oakland(0)
	random.Areas[1] = Area{Name: "random", Discovered: 2.35592, Reported: 2.35592, Prior: 7}
	near(t, "top1 vs random", limitOf(t, random).Shares[0], .65943, 5e-6)
	near(t, "truth", random.trueShares()[0], .61001, 5e-6)
	near(t, "truth", oakland(0).trueShares()[0], .56680, 5e-6)
}

// The share of two areas is a root of a quadratic in [0, 1] with a negative slope (Renlund), for any rates.
func TestLimitIsTheRootOfTheQuadratic(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		u := oakland(0)
		for i := range u.Areas {
			u.Areas[i].Discovered, u.Areas[i].Reported = 5*rng.Float64(), 5*rng.Float64()
		}
		reports := [2]float64{u.Areas[0].Reported, u.Areas[1].Reported}
		a, b := u.Areas[0].Discovered+reports[0], reports[1]
		c, d := reports[0], u.Areas[1].Discovered+reports[1]
		near(t, "share", limitOf(t, u).Shares[0], stableRoot(c+d-a-b, a-2*c-d, c), 1e-9)
	}
}

func stableRoot(a, b, c float64) float64 {
	disc := math.Sqrt(b*b - 4*a*c)
	for _, x := range []float64{(-b + disc) / (2 * a), (-b - disc) / (2 * a)} {
		if x >= 0 && x <= 1 && 2*a*x+b < 0 {
			return x
		}
	}
	return math.NaN()
}

func three(correction Correction) Urn {
	return Urn{Correction: correction, Arrivals: Bernoulli, Areas: []Area{
		{Name: "A", Discovered: .6, Prior: 1}, {Name: "B", Discovered: .3, Prior: 1}, {Name: "C", Discovered: .1, Prior: 1}}}
}

func TestLimitsOfThreeAreas(t *testing.T) {
	for correction, want := range map[Correction][]float64{
		None:       {1, 0, 0},
		Reject:     {.6, .3, .1},
		Weigh:      {.6, .3, .1},
		Complement: {2. / 3, 1. / 3, 0}, // the third area vanishes
	} {
		limit := limitOf(t, three(correction))
		for i := range want {
			near(t, string(correction), limit.Shares[i], want[i], 1e-12)
		}
	}
	if note := limitOf(t, three(Complement)).Note; !strings.Contains(note, "two areas only") {
		t.Errorf("the note does not warn: %s", note)
	}
}

// At a limit of every kind the balls added in a day have the proportions of those there.
func TestLimitsAreFixedPoints(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for trial := range 400 {
		u := Urn{Correction: []Correction{None, Reject, Weigh, Complement}[trial%4], Patrols: 1 + trial%3,
			DiscoveredWeight: 1 - rng.Float64()*.99}
		for i := range 2 + trial%5 {
			a := Area{Name: string(rune('A' + i)), Discovered: rng.Float64() * 4, Prior: 1}
			if trial%8 < 4 && i != trial%3 {
				a.Reported = rng.Float64() * 4
			}
			u.Areas = append(u.Areas, a)
		}
		limit := limitOf(t, u)
		a, b := u.withDefaults().drift()
		x, g := limit.Shares, make([]float64, len(a))
		for i := range g {
			switch u.Correction {
			case None:
				g[i] = a[i]*x[i] + b[i]
			case Reject:
				g[i] = a[i]*smallest(x) + b[i]
			case Weigh:
				g[i] = a[i] + b[i]
			case Complement:
				g[i] = a[i]*x[i]*(1-x[i]) + b[i]
			}
		}
		if u.Correction == Reject && smallest(x) < 1e-9 {
			continue // nobody goes there, so that g is zero without reports
		}
		for i := range x {
			near(t, string(u.Correction)+" share", x[i]*sum(g), g[i], 1e-8)
		}
		near(t, "sum", sum(x), 1, 1e-9)
	}
}

func TestTiesAreRandom(t *testing.T) {
	u := Urn{Arrivals: Fixed, Areas: []Area{
		{Name: "A", Discovered: 2, Prior: 10}, {Name: "B", Discovered: 2, Prior: 2}, {Name: "C", Discovered: 1, Prior: 50}}}
	limit := limitOf(t, u)
	if limit.Shares != nil || len(limit.Tied) != 2 || limit.Dirichlet[0] != 5 || limit.Dirichlet[1] != 1 {
		t.Errorf("fixed arrivals: %+v, want Dirichlet(5, 1) of areas 0 and 1", limit)
	}
	u.Arrivals = Poisson
	if limit = limitOf(t, u); limit.Tied == nil || limit.Dirichlet != nil {
		t.Errorf("Poisson arrivals: %+v, want a tie whose law is not known", limit)
	}
	u.Correction = Reject
	if limit = limitOf(t, u); limit.Tied != nil {
		t.Errorf("corrected: %+v, want a certain limit", limit)
	}
}

func TestReportsInALesserAreaOnly(t *testing.T) {
	u := Urn{Areas: []Area{{Name: "A", Discovered: 3, Prior: 1}, {Name: "B", Discovered: 1, Reported: 1, Prior: 1}}}
	near(t, "A", limitOf(t, u).Shares[0], .5, 1e-9) // x_B = 1/(3-1)
}

func TestValidateNamesAllThatIsWrong(t *testing.T) {
	u := Urn{Decay: 1, Patrols: -1, Arrivals: "often", Correction: "some", DiscoveredWeight: math.NaN(),
		Areas: []Area{{Name: "A", Discovered: -1, Prior: 1}, {Name: "A", Discovered: math.Inf(1)}}}
	err := u.Validate()
	for _, want := range []string{"Decay = 1", "Patrols = -1", `"often"`, `"some"`, "DiscoveredWeight = NaN",
		"Discovered = -1", "another of this name", "Discovered = +Inf", "Prior = 0"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want it to contain %s", err, want)
		}
	}
	if _, err := u.Run(Options{Days: 1}); err == nil {
		t.Error("a wrong urn runs")
	}
	if err := (Urn{Areas: []Area{{Name: "A", Prior: 1}, {Name: "B", Prior: 1}}}).Validate(); err == nil {
		t.Error("an urn without incidents is accepted")
	}
	if err := (Urn{}).Validate(); err == nil {
		t.Error("an urn without areas is accepted")
	}
	bernoulli := Urn{Arrivals: Bernoulli, Areas: []Area{{Name: "A", Discovered: 2, Prior: 1}, {Name: "B", Prior: 1}}}
	if err := bernoulli.Validate(); err == nil {
		t.Error("a probability of 2 is accepted")
	}
}
