package track

import (
	"fmt"
	"math"
	"strings"

	"github.com/atelier-go/atelier/audit"
	"github.com/atelier-go/atelier/audit/stat"
)

// A comparison is one of those that a gate makes.
type comparison struct {
	where    string
	estimate func(conf float64) audit.Estimate
}

// comparisons lists what the gate looks at, without rates of too few rows.
func (g Gate) comparisons(e Entry, previous *Entry, m audit.Metric) (family []comparison) {
	enough := func(r rate) bool { return r.n > 0 && r.n >= float64(e.Settings.MinN) }
	everybody, groups := e.Cells[0].rate(m), map[string][]rate{}
	var keys []string // of groups, in the order of the cells
	for _, c := range e.Cells[1:] {
		key := strings.Join(c.By, "\x00")
		if g.By != nil && key != strings.Join(g.By, "\x00") {
			continue
		}
		if r := c.rate(m); enough(r) {
			if groups[key] == nil {
				keys = append(keys, key)
			}
			groups[key] = append(groups[key], r)
		}
	}
	if g.Statistic == "" {
		if enough(everybody) {
			family = append(family, g.single(everybody))
		}
		return family
	}
	if g.Statistic == "drift" && g.By == nil {
		family = g.drifts(family, []rate{everybody}, previous, m, enough)
	}
	for _, key := range keys {
		switch g.Statistic {
		case "max", "min":
			for _, r := range groups[key] {
				family = append(family, g.single(r))
			}
		case "drift":
			family = g.drifts(family, groups[key], previous, m, enough)
		default:
			family = g.pairs(family, groups[key])
		}
	}
	return family
}

func (g Gate) single(r rate) comparison {
	return comparison{r.cell.Name(), func(conf float64) audit.Estimate { return r.wilson(g.Metric, conf, 0) }}
}

// pairs adds every pair of groups, the one with the higher rate first.
func (g Gate) pairs(family []comparison, groups []rate) []comparison {
	for i, a := range groups {
		for _, b := range groups[i+1:] {
			if a.value() < b.value() {
				family = append(family, g.pair(b, a))
			} else {
				family = append(family, g.pair(a, b))
			}
		}
	}
	return family
}

func (g Gate) pair(high, low rate) comparison {
	where := fmt.Sprintf("%s against %s", high.cell.Name(), strings.Join(low.cell.Values, ", "))
	if g.Statistic == "gap" {
		return comparison{where, func(conf float64) audit.Estimate { return difference(g.Metric, high, low, conf, 0) }}
	}
	return comparison{where, func(conf float64) audit.Estimate { return ratio(g.Metric, high, low, conf) }}
}

// ratio is high over low, with Katz's interval.
func ratio(metric string, high, low rate, conf float64) audit.Estimate {
	e := audit.Estimate{Metric: metric, Value: high.value() / low.value(), Method: "katz", N: math.Min(high.n, low.n)}
	e.Low, e.High = stat.Katz(high.k, high.n, low.k, low.n, conf)
	if high.k == 0 { // both are zero: alike as far as anybody can tell
		e.Value, e.Low, e.High = 1, 0, math.Inf(1)
	}
	return e
}

// drifts adds how far each rate moved since the previous audit, as a distance.
func (g Gate) drifts(family []comparison, rates []rate, previous *Entry, m audit.Metric, enough func(rate) bool) []comparison {
	if previous == nil {
		return family
	}
	for _, now := range rates {
		cell, found := previous.cell(now.cell)
		before := cell.rate(m)
		if !found || !enough(now) || !enough(before) {
			continue
		}
		family = append(family, comparison{now.cell.Name(), func(conf float64) audit.Estimate {
			return distance(difference(g.Metric, now, before, conf, 0))
		}})
	}
	return family
}

// distance is the absolute value of an estimate.
func distance(e audit.Estimate) audit.Estimate {
	low, high := e.Low, e.High
	e.Value = math.Abs(e.Value)
	switch {
	case high < 0:
		e.Low, e.High = -high, -low
	case low < 0:
		e.Low, e.High = 0, math.Max(-low, high)
	}
	return e
}
