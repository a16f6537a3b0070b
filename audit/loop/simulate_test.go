package loop

import (
	"context"
	"errors"
	"math"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat/distuv"
)

func run(t *testing.T, u Urn, o Options) *Result {
	t.Helper()
	result, err := u.Run(o)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func last(s Series) float64 { return s.Mean[len(s.Mean)-1] }

func two(rateA, rateB, priorA, priorB float64) Urn {
	return Urn{Arrivals: Bernoulli, Areas: []Area{
		{Name: "A", Discovered: rateA, Prior: priorA}, {Name: "B", Discovered: rateB, Prior: priorB}}}
}

// Without a correction the share grows slowly towards 1: 0.678 after 1,000 days.
func TestNaiveUrnRunsAwaySlowly(t *testing.T) {
	result := run(t, two(.6, .5, 60, 40), Options{Days: 1000, Runs: 2000, Seed: 1, At: []int{0, 1000}})
	near(t, "share at the start", result.Series[0].Mean[0], .6, 1e-12)
	near(t, "share after 1,000 days", last(result.Series[0]), .678, .005)
	near(t, "true share", result.Series[0].TrueShare, .5455, 1e-4)
	if s := result.Limit.Shares; s[0] != 1 {
		t.Errorf("limit %v, want [1 0]", s)
	}
}

// Between equal rates the limit has the law of the prior. The quantiles of the runs are those of the Beta distribution.
func TestEqualRatesEndInABetaDistribution(t *testing.T) {
	for _, test := range []struct {
		arrivals       Arrivals
		rate           float64
		priorA, priorB float64
		mean, sd       float64
	}{
		{Bernoulli, .5, 1, 1, .5, .2887},
		{Bernoulli, .5, 5, 1, 5. / 6, .1409},
		{Fixed, 2, 4, 6, .4, .2},
	} {
		u := two(test.rate, test.rate, test.priorA, test.priorB)
		u.Arrivals = test.arrivals
		result := run(t, u, Options{Days: 2000, Runs: 2000, Seed: 5, At: []int{2000}})
		alpha := result.Limit.Dirichlet
		beta := distuv.Beta{Alpha: alpha[0], Beta: alpha[1]}
		s := result.Series[0]
		near(t, "Beta mean", beta.Mean(), test.mean, 1e-9)
		near(t, "Beta sd", beta.StdDev(), test.sd, 5e-5)
		near(t, "mean", last(s), test.mean, 4*test.sd/math.Sqrt(2000))
		near(t, "sd", s.SD, test.sd, .015)
		near(t, "low quantile", s.Low[0], beta.Quantile(.025), .03)
		near(t, "high quantile", s.High[0], beta.Quantile(.975), .03)
	}
}

func TestCorrectionsReachTheTrueShares(t *testing.T) {
	for _, correction := range []Correction{Reject, Weigh} {
		result := run(t, three(correction), Options{Days: 20000, Runs: 40, Seed: 3, At: []int{20000}})
		for i, want := range []float64{.6, .3, .1} {
			near(t, string(correction)+" "+result.Series[i].Name, last(result.Series[i]), want, .02)
		}
	}
	// 1-p reaches them for two areas, and loses the third of three.
	u := two(.6, .5, 1, 1)
	u.Correction = Complement
	near(t, "complement of two", last(run(t, u, Options{Days: 20000, Runs: 40, Seed: 3}).Series[0]), .5455, .01)
	third := last(run(t, three(Complement), Options{Days: 20000, Runs: 40, Seed: 3}).Series[2])
	if third > .02 {
		t.Errorf("complement of three: the third area has %v, want it to vanish", third)
	}
}

// An unfair record at the start is forgotten: 90:10 with equal rates is 0.6077 after 1,000 days.
func TestCorrectionForgetsThePrior(t *testing.T) {
	u := two(.5, .5, 90, 10)
	u.Correction = Reject
	result := run(t, u, Options{Days: 10000, Runs: 200, Seed: 3, At: []int{1000, 10000}})
	near(t, "1,000 days", result.Series[0].Mean[0], .6077, .01)
	near(t, "10,000 days", result.Series[0].Mean[1], .5086, .01)
}

func TestReportsAreNotCorrected(t *testing.T) {
	u := oakland(0)
	u.Correction = Reject
	result := run(t, u, Options{Days: 20000, Runs: 20, Seed: 3})
	near(t, "top1", last(result.Series[0]), .5668, .003)
	near(t, "limit", result.Limit.Shares[0], .5668, 5e-6)
	uncorrected := oakland(0)
	near(t, "uncorrected", last(run(t, uncorrected, Options{Days: 20000, Runs: 20, Seed: 3}).Series[0]), .5989, .005)
}

func TestBatchesAndDecayKeepTheLimit(t *testing.T) {
	u := three(Reject)
	u.Patrols, u.Decay, u.Arrivals = 40, .01, Poisson
	result := run(t, u, Options{Days: 4000, Runs: 60, Seed: 9})
	for i, want := range []float64{.6, .3, .1} {
		near(t, result.Series[i].Name, last(result.Series[i]), want, .03)
	}
	if !strings.Contains(result.Limit.Note, "never settle") {
		t.Errorf("note %q, want it to speak of the decay", result.Limit.Note)
	}
}

func TestResultDoesNotDependOnProcessors(t *testing.T) {
	o := Options{Days: 50, Runs: 33, Seed: 4}
	u := oakland(.7)
	want := run(t, u, o)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if got := run(t, u, o); !reflect.DeepEqual(got, want) {
		t.Error("one processor gives other numbers")
	}
	o.Seed++
	if got := run(t, u, o); reflect.DeepEqual(got.Series, want.Series) {
		t.Error("another seed gives the same numbers")
	}
}

func TestBandHoldsTheMedian(t *testing.T) {
	result := run(t, oakland(0), Options{Days: 30, Runs: 100, Seed: 4})
	if len(result.Days) != 31 {
		t.Errorf("%d days noted, want 31", len(result.Days))
	}
	for _, s := range result.Series {
		for d := range s.Mean {
			if !(s.Low[d] <= s.Median[d] && s.Median[d] <= s.High[d]) {
				t.Fatalf("%s day %d: band [%v, %v], median %v", s.Name, d, s.Low[d], s.High[d], s.Median[d])
			}
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for name, o := range map[string]Options{
		"Days":   {},
		"Runs":   {Days: 1, Runs: -1},
		"Conf":   {Days: 1, Conf: 1},
		"At":     {Days: 5, At: []int{2, 2}},
		"empty":  {Days: 5, At: []int{}},
		"number": {Days: 1 << 20, Runs: 1 << 30},
	} {
		if _, err := oakland(0).Run(o); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%+v: error %v, want one about %s", o, err, name)
		}
	}
}

// A simulation of more days than there is time for ends with its context.
func TestContextEnds(t *testing.T) {
	for name, run := range map[string]func(Options) (*Result, error){"urn": oakland(0).Run, "recommender": meetups(Clicks, .3).Run} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		if r, err := run(Options{Days: 1 << 40, Runs: 3, Seed: 1, Context: ctx}); !errors.Is(err, context.DeadlineExceeded) || r != nil {
			t.Errorf("%s: %v, error %v", name, r != nil, err)
		}
		cancel()
	}
}

func TestSamplersHaveTheirMeansAndVariances(t *testing.T) {
	rng := newRNG(8)
	const n = 40000
	check := func(name string, mean, variance float64, draw func() float64) {
		total, squares := 0.0, 0.0
		for range n {
			x := draw()
			total += x
			squares += (x - mean) * (x - mean)
		}
		near(t, name+" mean", total/n, mean, 5*math.Sqrt(variance/n))
		near(t, name+" variance", squares/n/variance, 1, .06)
	}
	for _, mean := range []float64{.1, 3, 7.9, 8.1, 200} {
		check("Poisson", mean, mean, func() float64 { return poisson(rng, mean) })
	}
	for _, trials := range []int{1, 16, 17, 1000} {
		check("binomial", .3*float64(trials), .21*float64(trials), func() float64 { return float64(binomial(rng, trials, .3)) })
		counts := make([]int, 3)
		check("multinomial", .2*float64(trials), .16*float64(trials), func() float64 {
			multinomial(rng, trials, []float64{.5, .3, .2}, counts)
			if counts[0]+counts[1]+counts[2] != trials {
				t.Fatalf("counts %v, want their sum to be %d", counts, trials)
			}
			return float64(counts[2])
		})
	}
}
