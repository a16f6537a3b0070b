package audit

import (
	"math"
	"slices"

	"github.com/atelier-go/atelier/audit/stat"
)

// contest is a rate compared between the sets of a side: which of them are large enough, and what the bootstrap found.
type contest struct {
	id     int
	rate   rate
	side   []set
	sideAt int
	large  []int // sets that are not small for this rate

	high, low int // of large, those with the highest and the lowest value; -1 where fewer than two are large

	margins                              [][2]int // of a crossing, by column: the sets of its side with high's and low's value
	differences, ratios, superadditivity []float64

	k, n []int64   // of the large sets, the rate's numerator and denominator
	gaps []float64 // of permutations
}

// contests prepares every rate of every side.
func (f *found) contests() []*contest {
	var all []*contest
	for at, side := range f.sides {
		for _, r := range f.rates {
			c := &contest{id: len(all), rate: r, side: side, sideAt: at, high: -1, low: -1}
			for i, s := range side {
				if k, n := r.share(s.tally); n >= float64(f.MinN) && n > 0 {
					c.large = append(c.large, i)
					if v := k / n; c.high < 0 || v > c.value(c.high) {
						c.high = i
					}
					if v := k / n; c.low < 0 || v < c.value(c.low) {
						c.low = i
					}
				}
			}
			if len(c.large) < 2 {
				c.high, c.low = -1, -1
			}
			if c.low == c.high && c.low >= 0 { // all are equal
				c.high, c.low = c.large[0], c.large[1]
			}
			c.findMargins(f)
			all = append(all, c)
		}
	}
	return all
}

func (c *contest) value(i int) float64 {
	k, n := c.rate.share(c.side[i].tally)
	return k / n
}

// findMargins finds, for each column of a crossing, the sets of that column alone that have high's and low's values.
func (c *contest) findMargins(f *found) {
	if c.high < 0 || len(c.side[c.high].by) < 2 {
		return
	}
	for j, column := range c.side[c.high].by {
		margin := f.sides[column] // the first sides are those of the columns, in their order
		find := func(s set) int {
			return slices.IndexFunc(margin, func(m set) bool { return m.codes[0] == s.codes[j] })
		}
		c.margins = append(c.margins, [2]int{find(c.side[c.high]), find(c.side[c.low])})
	}
}

// extremes returns the highest and the lowest of values at the large sets.
func (c *contest) extremes(values []float64) (high, low float64) {
	high, low = math.Inf(-1), math.Inf(1)
	for _, i := range c.large {
		if v := values[i]; v == v {
			high, low = max(high, v), min(low, v)
		}
	}
	if high < low {
		return math.NaN(), math.NaN()
	}
	return high, low
}

// excess returns how much the gap of high and low exceeds those of their columns.
func (c *contest) excess(values []float64, margins func(column int) []float64) float64 {
	sum := values[c.high] - values[c.low]
	for j, m := range c.margins {
		of := margins(c.side[c.high].by[j])
		sum -= of[m[0]] - of[m[1]]
	}
	return sum
}

// percentile makes an estimate of a value and its replicates.
func (f *found) percentile(metric string, value float64, replicates []float64, n float64, small bool) Estimate {
	e := undefined(metric)
	e.Value, e.N, e.Small = value, n, small
	kept := slices.DeleteFunc(slices.Clone(replicates), math.IsNaN)
	if math.IsNaN(value) || len(kept) == 0 {
		return e
	}
	slices.Sort(kept)
	e.Low, e.High = stat.Percentiles(kept, f.Confidence)
	// Resampled extremes are further apart than those found, sometimes all of them: the interval keeps the estimate.
	e.Low, e.High, e.Method = min(e.Low, value), max(e.High, value), "bootstrap"
	return e
}

// gap makes what people see of a contest.
func (f *found) gap(c *contest) Gap {
	g := Gap{By: f.by(c.sideAt), Metric: c.rate.name, Difference: undefined(c.rate.name), Ratio: undefined(c.rate.name)}
	g.Null = f.null(nil, 0)
	if c.high >= 0 {
		high, low := c.value(c.high), c.value(c.low)
		g.Null = f.null(c.gaps, high-low)
		_, n := c.rate.share(f.all.tally)
		g.Worst, g.Best = c.side[c.high].shown.Name(), c.side[c.low].shown.Name()
		if c.rate.better > 0 {
			g.Worst, g.Best = g.Best, g.Worst
		}
		g.Difference = f.percentile(c.rate.name, high-low, c.differences, n, false)
		g.Ratio = f.percentile(c.rate.name, high/low, c.ratios, n, false)
		if c.margins != nil {
			values, margins := f.ratesOf(c)
			e := f.percentile(c.rate.name, c.excess(values, margins), c.superadditivity, n, false)
			g.Superadditivity = &e
		}
	}
	f.pairs(&g, c)
	return g
}

// by returns the names of a side's columns.
func (f *found) by(side int) []string {
	var names []string
	for _, column := range f.columns()[side] {
		names = append(names, f.Groups[column])
	}
	return names
}

// ratesOf returns the values of a contest's sets, and a function for those of the sides of single columns.
func (f *found) ratesOf(c *contest) ([]float64, func(column int) []float64) {
	of := func(side []set) []float64 {
		values := make([]float64, len(side))
		for i, s := range side {
			k, n := c.rate.share(s.tally)
			values[i] = k / n
		}
		return values
	}
	return of(c.side), func(column int) []float64 { return of(f.sides[column]) }
}

// pairs compares each set with the reference.
func (f *found) pairs(g *Gap, c *contest) {
	reference := f.reference(c.side, g.By)
	if reference < 0 {
		return
	}
	r := c.side[reference]
	g.Reference = r.shown.Name()
	k2, n2 := c.rate.share(r.tally)
	var ps []float64
	for i, s := range c.side {
		if i == reference {
			continue
		}
		k1, n1 := c.rate.share(s.tally)
		p := Pair{Group: s.shown.Name(), Difference: undefined(c.rate.name), Ratio: undefined(c.rate.name)}
		small := min(n1, n2) < float64(f.MinN)
		if n1 > 0 && n2 > 0 {
			d, q := &p.Difference, &p.Ratio
			d.Value, d.Method, d.N, d.Small = k1/n1-k2/n2, "newcombe", n1+n2, small
			d.Low, d.High = stat.Newcombe(min(k1, n1), n1, min(k2, n2), n2, f.Confidence)
			q.Value, q.Method, q.N, q.Small = (k1/n1)/(k2/n2), "katz", n1+n2, small
			q.Low, q.High = stat.Katz(min(k1, n1), n1, min(k2, n2), n2, f.Confidence)
		}
		p.Test = test(k1, n1, k2, n2)
		ps = append(ps, p.Test.P)
		g.Pairs = append(g.Pairs, p)
	}
	holm, bh := stat.Holm(ps), stat.BenjaminiHochberg(ps)
	for i := range g.Pairs {
		g.Pairs[i].Test.Holm, g.Pairs[i].Test.BH = holm[i], bh[i]
	}
}

// reference returns the set that others are compared with: the one that the options name, or that of most rows.
func (f *found) reference(side []set, by []string) int {
	var want []string
	for _, column := range by {
		if v, named := f.Reference[column]; named {
			want = append(want, v)
		}
	}
	largest := -1
	for i, s := range side {
		if len(want) == len(by) && slices.Equal(s.values, want) {
			return i
		}
		if largest < 0 || s.tally.rows() > side[largest].tally.rows() {
			largest = i
		}
	}
	return largest
}

// test tests whether two rates are equal: by Fisher's test where an expected count is below 5 and rows are not weighted.
func test(k1, n1, k2, n2 float64) Test {
	t := Test{Statistic: math.NaN(), P: math.NaN()}
	if n1 == 0 || n2 == 0 || k1+k2 == 0 || k1+k2 == n1+n2 {
		return t
	}
	if stat.SmallestExpected(k1, n1, k2, n2) < 5 && whole(k1) && whole(n1) && whole(k2) && whole(n2) {
		t.Method, t.P = "fisher", stat.Fisher(int64(k1), int64(n1), int64(k2), int64(n2))
		return t
	}
	t.Method = "chi2"
	t.Statistic, t.P = stat.ChiSquare(k1, n1, k2, n2)
	return t
}
