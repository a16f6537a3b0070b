package audit

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"

	"github.com/atelier-go/atelier/audit/stat"
)

// blockReplicates is how many replicates have a seed of their own, so that the bits do not depend on who draws which.
const blockReplicates = 50

// streams of random numbers, one each for what is drawn.
const (
	streamBootstrap = 0
	streamNull      = 1 << 32
)

// parallel runs items on the processors that the options allow, until the context ends.
func (o *Options) parallel(items int, run func(item int)) {
	workers := o.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	var group sync.WaitGroup
	next := make(chan int, items)
	for i := range items {
		next <- i
	}
	close(next)
	for range min(workers, items) {
		group.Go(func() {
			for i := range next {
				if o.ended() != nil {
					return
				}
				run(i)
			}
		})
	}
	group.Wait()
}

// compare makes the gaps and criteria of all sides.
func (f *found) compare() ([]Gap, []Criterion, error) {
	for column, value := range f.Reference {
		i := slices.Index(f.Groups, column)
		if !slices.ContainsFunc(f.sides[i], func(s set) bool { return s.values[0] == value }) {
			var have []string
			for _, s := range f.sides[i] {
				have = append(have, s.values[0])
			}
			return nil, nil, fmt.Errorf("the reference of %q is %q; there are %s", column, value, some(have))
		}
	}
	contests := f.contests()
	criteria := f.criteria(contests)
	f.bootstrap(contests, criteria)
	f.nulls(contests)
	if err := f.ended(); err != nil {
		return nil, nil, err
	}
	var gaps []Gap
	for _, c := range contests {
		gaps = append(gaps, f.gap(c))
	}
	var all []Criterion
	for _, c := range criteria {
		all = append(all, f.judge(c))
	}
	return gaps, all, nil
}

// bootstrap draws the atoms' cells anew, again and again, and keeps what the contests and criteria are then.
func (f *found) bootstrap(contests []*contest, criteria []*criterion) {
	for _, c := range contests {
		c.differences, c.ratios, c.superadditivity = f.empty(), f.empty(), f.empty()
	}
	for _, c := range criteria {
		c.replicates = f.empty()
	}
	blocks := (f.Replicates + blockReplicates - 1) / blockReplicates
	f.parallel(blocks, func(block int) {
		r := rand.New(rand.NewPCG(f.Seed, streamBootstrap+uint64(block)))
		d := f.newDraw()
		for i := block * blockReplicates; i < min(f.Replicates, (block+1)*blockReplicates); i++ {
			d.draw(r)
			for _, c := range contests {
				if c.high < 0 {
					continue
				}
				values := d.values(c)
				high, low := c.extremes(values)
				c.differences[i], c.ratios[i] = high-low, high/low
				if c.margins != nil {
					c.superadditivity[i] = c.excess(values, func(column int) []float64 { return d.of(column, c.rate.name) })
				}
			}
			for _, c := range criteria {
				c.replicates[i] = c.value(d.values)
			}
		}
	})
}

func (f *found) empty() []float64 {
	s := make([]float64, f.Replicates)
	for i := range s {
		s[i] = math.NaN()
	}
	return s
}

// draw is a resample: the cells of each set, and the rates that they make.
type draw struct {
	f       *found
	weights []int64 // all atoms' cells as they are
	counts  []int64 // drawn
	w, w2   []float64
	cells   []float64
	rates   [][][]float64 // rates[side][rate][set]
	rateAt  map[string]int
}

func (f *found) newDraw() *draw {
	d := &draw{f: f, rateAt: map[string]int{}, cells: make([]float64, len(f.classes)*len(f.classes))}
	for _, a := range f.atoms {
		d.weights = append(d.weights, a.tally.n...)
		d.w = append(d.w, a.tally.w...)
		d.w2 = append(d.w2, a.tally.w2...)
	}
	d.counts = make([]int64, len(d.weights))
	for i, r := range f.rates {
		d.rateAt[r.name] = i
	}
	for _, side := range f.sides {
		of := make([][]float64, len(f.rates))
		for i := range of {
			of[i] = make([]float64, len(side))
		}
		d.rates = append(d.rates, of)
	}
	return d
}

// draw resamples and computes every rate of every set. Rows without weights are drawn with replacement, as many as there
// are; the sum of a cell's weights has a gamma distribution with the mean and variance that it has when every row is
// drawn a Poisson number of times.
func (d *draw) draw(r *rand.Rand) {
	if d.f.Weight == "" {
		stat.Multinomial(r, d.f.all.tally.rows(), d.weights, d.counts)
	}
	drawn := make([]float64, len(d.weights))
	for i := range drawn {
		if d.f.Weight == "" {
			drawn[i] = float64(d.counts[i])
		} else if d.w2[i] > 0 {
			drawn[i] = stat.Gamma(r, d.w[i]*d.w[i]/d.w2[i]) * d.w2[i] / d.w[i]
		}
	}
	size := len(d.cells)
	for side, sets := range d.f.sides {
		for i, s := range sets {
			clear(d.cells)
			for _, atom := range s.atoms {
				for j := range d.cells {
					d.cells[j] += drawn[atom*size+j]
				}
			}
			for j, rate := range d.f.rates {
				k, n := rate.of(d.cells)
				d.rates[side][j][i] = k / n
			}
		}
	}
}

// of returns the values of a rate at the sets of a side.
func (d *draw) of(side int, rate string) []float64 { return d.rates[side][d.rateAt[rate]] }

// values returns the values of a contest's rate at its sets.
func (d *draw) values(c *contest) []float64 { return d.of(c.sideAt, c.rate.name) }

// nulls finds the permutation nulls of all contests. That of a rate is that of its complement too, which is not drawn
// again.
func (f *found) nulls(contests []*contest) {
	if f.Weight != "" {
		return
	}
	var drawn []*contest
	first := map[string]*contest{}
	same := map[*contest]*contest{}
	for _, c := range contests {
		if c.high < 0 {
			continue
		}
		c.countLarge()
		id := fmt.Sprint(c.sideAt, c.n, c.k, c.large)
		complement := fmt.Sprint(c.sideAt, c.n, c.complement(), c.large)
		if other := first[id]; other != nil {
			same[c] = other
			continue
		}
		first[id], first[complement] = c, c
		drawn = append(drawn, c)
	}
	f.parallel(len(drawn), func(i int) { drawn[i].gaps = f.permute(drawn[i]) })
	for c, other := range same {
		c.gaps = other.gaps
	}
}

// countLarge counts the rows of the large sets, and those that make the rate.
func (c *contest) countLarge() {
	for _, at := range c.large {
		k, n := c.rate.share(c.side[at].tally)
		c.k, c.n = append(c.k, int64(math.Round(k))), append(c.n, int64(math.Round(n)))
	}
}

func (c *contest) complement() []int64 {
	rest := make([]int64, len(c.k))
	for i, k := range c.k {
		rest[i] = c.n[i] - k
	}
	return rest
}

// permute deals outcomes to the large sets at random, again and again, and returns the differences of highest and lowest
// rate, from the smallest.
func (f *found) permute(c *contest) []float64 {
	var all, positive int64
	for i, n := range c.n {
		all, positive = all+n, positive+c.k[i]
	}
	r := rand.New(rand.NewPCG(f.Seed, streamNull+uint64(c.id)))
	gaps := make([]float64, f.Replicates)
	for i := range gaps {
		if i%blockReplicates == 0 && f.ended() != nil {
			break
		}
		left, rest := positive, all
		high, low := 0.0, 1.0
		for _, size := range c.n {
			k := stat.Hypergeometric(r, left, rest-left, size)
			left, rest = left-k, rest-size
			v := float64(k) / float64(size)
			high, low = max(high, v), min(low, v)
		}
		gaps[i] = high - low
	}
	slices.Sort(gaps)
	return gaps
}

// null says how a difference compares with those of permutations.
func (f *found) null(gaps []float64, difference float64) Null {
	if gaps == nil {
		return Null{P: math.NaN(), Mean: math.NaN(), Quantile: math.NaN()}
	}
	reached := 1 // the one that was found
	var sum float64
	for _, g := range gaps {
		sum += g
		if g >= difference-1e-12 { // equal gaps may differ by rounding
			reached++
		}
	}
	return Null{
		P: float64(reached) / float64(len(gaps)+1), Mean: sum / float64(len(gaps)),
		Quantile: stat.Quantile(gaps, f.Confidence), Permutations: len(gaps),
	}
}
