package mitigate

import (
	"errors"
	"fmt"
	"math"

	"github.com/atelier-go/atelier/audit"
	"github.com/atelier-go/atelier/audit/stat"
)

// A Score is how many rows of a group have one score.
type Score struct {
	Value    float64 `json:"value"`
	Negative int64   `json:"negative"` // rows whose label is negative
	Positive int64   `json:"positive"`
}

// A Group is the scores of one group. A row is called positive if its score is at least the threshold.
type Group struct {
	Name   string  `json:"name"`
	Scores []Score `json:"scores"` // with increasing values
}

// check says what is wrong with groups.
func check(groups []Group) error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf("mitigate: "+format, args...)) }
	if len(groups) < 2 {
		fail("%d groups, want two or more", len(groups))
	}
	seen := map[string]bool{}
	for _, g := range groups {
		if g.Name == "" || seen[g.Name] {
			fail("a group is named %q, want a name of its own", g.Name)
		}
		seen[g.Name] = true
		for i, s := range g.Scores {
			if math.IsNaN(s.Value) || math.IsInf(s.Value, 0) || i > 0 && s.Value <= g.Scores[i-1].Value {
				fail("group %s: score %v after %v, want finite values that increase", g.Name, s.Value, g.Scores[max(i, 1)-1].Value)
				break
			}
			if s.Negative < 0 || s.Positive < 0 {
				fail("group %s: score %v has a negative count", g.Name, s.Value)
			}
		}
		if c := confusion(g, math.Inf(1)); c.TN == 0 || c.FN == 0 {
			fail("group %s: %d negative and %d positive labels, want some of both", g.Name, c.TN, c.FN)
		}
	}
	return errors.Join(errs...)
}

// confusion counts the rows of a group at a threshold.
func confusion(g Group, threshold float64) (c audit.Confusion) {
	for _, s := range g.Scores {
		if s.Value >= threshold {
			c.FP += s.Negative
			c.TP += s.Positive
		} else {
			c.TN += s.Negative
			c.FN += s.Positive
		}
	}
	return c
}

// rates are all metrics of a confusion, with Wilson's intervals; NaN where they are of no rows.
func rates(c audit.Confusion, conf float64) (estimates []audit.Estimate) {
	for _, m := range audit.Metrics() {
		estimates = append(estimates, rate(m, c, conf))
	}
	return estimates
}

func rate(m audit.Metric, c audit.Confusion, conf float64) audit.Estimate {
	k, n := m.Of(float64(c.TN), float64(c.FP), float64(c.FN), float64(c.TP))
	low, high := stat.Wilson(k, n, conf)
	return audit.Estimate{Metric: m.Name, Value: k / n, Low: low, High: high, Method: "wilson", K: k, N: n}
}
