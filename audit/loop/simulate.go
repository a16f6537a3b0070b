package loop

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
)

// Options says how to simulate.
type Options struct {
	Days int `json:"days"` // of one run; rounds, for a recommender
	Runs int `json:"runs"` // independent runs; 0 means 1,000
	Seed uint64
	// At are the days at whose end shares are noted, increasing, 0 being the start. Nil means 101 days evenly from 0 to
	// Days, or every day if there are fewer.
	At []int `json:"-"`
	// Conf is the share of runs inside the band, in (0, 1); 0 means 0.95.
	Conf float64 `json:"conf"`
	// Context ends the simulation early, with its error; nil means that nothing does.
	Context context.Context `json:"-"`
}

// ended is the context's error where that has ended.
func (o Options) ended() error {
	if o.Context == nil {
		return nil
	}
	return o.Context.Err()
}

// Result is what a simulation found.
type Result struct {
	Days   []int    `json:"days"` // when shares were noted
	Runs   int      `json:"runs"`
	Seed   uint64   `json:"seed"`
	Conf   float64  `json:"conf"`
	Series []Series `json:"series"` // one for each area or group
	Limit  Limit    `json:"limit"`
}

// A Series is the share of one area or group over time, summed up over the runs.
type Series struct {
	Name      string  `json:"name"`
	TrueShare float64 `json:"true_share"` // what a fair record would show
	// Mean, Low, Median and High have one value for each of the result's days. Conf of the runs lie in [Low, High].
	Mean   []float64 `json:"mean"`
	Low    []float64 `json:"low"`
	Median []float64 `json:"median"`
	High   []float64 `json:"high"`
	// SD is the standard deviation over the runs at the last day.
	SD float64 `json:"sd"`
}

// maxNoted bounds the memory for shares: runs × days noted × areas.
const maxNoted = 1 << 27

func (o Options) withDefaults() Options {
	o.Runs = cmp.Or(o.Runs, 1000)
	o.Conf = cmp.Or(o.Conf, 0.95)
	if o.At == nil && o.Days > 0 {
		n := min(o.Days, 100)
		for i := range n + 1 {
			o.At = append(o.At, i*o.Days/n)
		}
	}
	return o
}

func (o Options) validate(areas int) error {
	var errs []error
	if o.Days <= 0 {
		errs = append(errs, fmt.Errorf("loop: Days = %d, want > 0", o.Days))
	}
	if o.Runs < 0 {
		errs = append(errs, fmt.Errorf("loop: Runs = %d, want > 0", o.Runs))
	}
	if !(o.Conf > 0 && o.Conf < 1) {
		errs = append(errs, fmt.Errorf("loop: Conf = %v, want in (0, 1)", o.Conf))
	}
	for i, day := range o.At {
		if day < 0 || day > o.Days || i > 0 && day <= o.At[i-1] {
			errs = append(errs, fmt.Errorf("loop: At = %v, want days in [0, %d] that increase", o.At, o.Days))
			break
		}
	}
	if o.At != nil && len(o.At) == 0 {
		errs = append(errs, errors.New("loop: At is empty, want one day or more"))
	}
	if float64(o.Runs)*float64(len(o.At))*float64(areas) > maxNoted {
		errs = append(errs, fmt.Errorf("loop: %d runs, %d days noted and %d areas make more than %d numbers; note fewer days",
			o.Runs, len(o.At), areas, maxNoted))
	}
	return errors.Join(errs...)
}

// A process is one run of a loop.
type process interface {
	day()
	shares(into []float64)
}

// Run simulates u and computes its limit. Runs are spread over the processors; each has its own generator, seeded by
// Seed and its number.
func (u Urn) Run(o Options) (*Result, error) {
	o = o.withDefaults()
	if err := errors.Join(u.Validate(), o.validate(len(u.Areas))); err != nil {
		return nil, err
	}
	limit, err := u.Limit()
	if err != nil {
		return nil, err
	}
	u = u.withDefaults()
	var names []string
	for _, a := range u.Areas {
		names = append(names, a.Name)
	}
	result, err := simulate(o, names, u.trueShares(), func(rng *rand.Rand) process { return newUrnProcess(u, rng) })
	if err != nil {
		return nil, err
	}
	result.Limit = limit
	return result, nil
}

// daysBetween is after how many days of a run the context is looked at.
const daysBetween = 1000

// simulate runs o.Runs processes and sums them up.
func simulate(o Options, names []string, truth []float64, start func(*rand.Rand) process) (*Result, error) {
	// noted: [series day run]
	noted := make([][][]float64, len(names))
	for i := range noted {
		noted[i] = make([][]float64, len(o.At))
		for d := range noted[i] {
			noted[i][d] = make([]float64, o.Runs)
		}
	}
	var wg sync.WaitGroup
	workers := min(runtime.GOMAXPROCS(0), o.Runs)
	for w := range workers {
		wg.Go(func() {
			shares := make([]float64, len(names))
			for run := w; run < o.Runs; run += workers {
				p := start(rand.New(rand.NewPCG(o.Seed, uint64(run))))
				day := 0
				for d, at := range o.At {
					for ; day < at; day++ {
						if day%daysBetween == 0 && o.ended() != nil {
							return
						}
						p.day()
					}
					p.shares(shares)
					for i, s := range shares {
						noted[i][d][run] = s
					}
				}
			}
		})
	}
	wg.Wait()
	if err := o.ended(); err != nil {
		return nil, fmt.Errorf("loop: %w", err)
	}
	result := &Result{Days: o.At, Runs: o.Runs, Seed: o.Seed, Conf: o.Conf}
	for i, name := range names {
		result.Series = append(result.Series, summarise(name, truth[i], noted[i], o.Conf))
	}
	return result, nil
}

// summarise reduces the shares of all runs, [day][run], which it sorts.
func summarise(name string, truth float64, noted [][]float64, conf float64) Series {
	s := Series{Name: name, TrueShare: truth}
	for _, shares := range noted {
		mean := sum(shares) / float64(len(shares))
		variance := 0.0
		for _, x := range shares {
			variance += (x - mean) * (x - mean)
		}
		s.SD = 0
		if len(shares) > 1 {
			s.SD = math.Sqrt(variance / float64(len(shares)-1))
		}
		slices.Sort(shares)
		s.Mean = append(s.Mean, mean)
		s.Low = append(s.Low, quantile(shares, (1-conf)/2))
		s.Median = append(s.Median, quantile(shares, 0.5))
		s.High = append(s.High, quantile(shares, (1+conf)/2))
	}
	return s
}

// quantile interpolates between the order statistics of sorted, as R's type 7.
func quantile(sorted []float64, q float64) float64 {
	h := q * float64(len(sorted)-1)
	i := int(h)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (h-float64(i))*(sorted[i+1]-sorted[i])
}
