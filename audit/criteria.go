package audit

import "math"

const (
	differenceBound = 0.1
	fourFifths      = 0.8
)

// criterion is a definition of fairness as a function of some contests' values.
type criterion struct {
	name       string
	contests   []*contest
	of         func(high, low []float64) float64 // of each contest the extremes
	ratio      bool
	side       int
	replicates []float64
}

// criteria are those of each side, where there are two classes.
func (f *found) criteria(contests []*contest) []*criterion {
	if len(f.classes) != 2 {
		return nil
	}
	difference := func(high, low []float64) (worst float64) {
		for i := range high {
			worst = max(worst, high[i]-low[i])
		}
		return worst
	}
	var all []*criterion
	for side := range f.sides {
		of := func(names ...string) (found []*contest) {
			for _, name := range names {
				for _, c := range contests {
					if c.sideAt == side && c.rate.name == name {
						found = append(found, c)
					}
				}
			}
			return found
		}
		selection := of("selection_rate")
		all = append(all,
			&criterion{name: "demographic_parity_difference", contests: selection, of: difference, side: side},
			&criterion{name: "demographic_parity_ratio", contests: selection, side: side, ratio: true,
				of: func(high, low []float64) float64 { return low[0] / high[0] }},
			&criterion{name: "equalised_odds_difference", contests: of("tpr", "fpr"), of: difference, side: side},
			&criterion{name: "equal_opportunity_difference", contests: of("tpr"), of: difference, side: side},
		)
	}
	return all
}

// value returns the criterion where the values of a contest's sets are these; NaN where too few sets are large enough.
func (c *criterion) value(values func(*contest) []float64) float64 {
	var high, low [2]float64
	for i, contest := range c.contests {
		if contest.high < 0 {
			return math.NaN()
		}
		high[i], low[i] = contest.extremes(values(contest))
	}
	return c.of(high[:len(c.contests)], low[:len(c.contests)])
}

// judge makes what people see of a criterion.
func (f *found) judge(c *criterion) Criterion {
	value := c.value(func(contest *contest) []float64 {
		values, _ := f.ratesOf(contest)
		return values
	})
	_, n := c.contests[0].rate.share(f.all.tally)
	e := f.percentile(c.name, value, c.replicates, n, false)
	j := Criterion{Name: c.name, By: f.by(c.side), Value: e, Bound: differenceBound}
	if c.ratio {
		j.Bound = fourFifths
		j.Holds = value >= fourFifths
		j.Sure = e.Low >= fourFifths || e.High < fourFifths
		return j
	}
	j.Holds = value <= differenceBound
	j.Sure = e.High <= differenceBound || e.Low > differenceBound
	return j
}
