package track

import (
	"errors"
	"fmt"
	"math"

	"github.com/atelier-go/atelier/audit"
	"github.com/atelier-go/atelier/audit/stat"
)

// A Change is how a metric of one group moved between two audits.
type Change struct {
	By     []string       `json:"by,omitempty"`
	Values []string       `json:"values,omitempty"`
	Metric string         `json:"metric"`
	Before audit.Estimate `json:"before"`
	After  audit.Estimate `json:"after"`
	// Difference is After less Before, with Newcombe's interval.
	Difference audit.Estimate `json:"difference"`
	// P is that of the hypothesis that nothing changed: chi-squared, or Fisher's where an expected count is below 5. Holm
	// is P adjusted for all changes of one [Drift].
	P    float64 `json:"p"`
	Holm float64 `json:"holm"`
	// Moved is whether the interval leaves out 0, Alarm whether the change holds among all that were looked at. A rate of
	// few rows is never an alarm.
	Moved bool `json:"moved"`
	Alarm bool `json:"alarm"`
}

// Drift is what changed between two audits.
type Drift struct {
	Changes []Change `json:"changes"`
	// Appeared and Vanished are groups that only one of the audits has.
	Appeared []string `json:"appeared,omitempty"`
	Vanished []string `json:"vanished,omitempty"`
	// Notes say what makes the two hard to compare, such as another threshold.
	Notes []string `json:"notes,omitempty"`
}

// Options are those of [Compare] and [Gate.Check].
type Options struct {
	Conf float64 // of intervals and alarms, in (0, 1); 0 means 0.95
}

// Compare says what changed from one audit to another in the named metrics, or in all if there are none. Rates of no rows in
// either are left out. The rows of the two audits are taken to be different people; a note says if the files are the same.
func Compare(before, after Entry, metrics []string, o Options) (*Drift, error) {
	conf, err := confidence(o.Conf)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(before.validate(), after.validate()); err != nil {
		return nil, err
	}
	if len(metrics) == 0 {
		for _, m := range audit.Metrics() {
			metrics = append(metrics, m.Name)
		}
	}
	d := &Drift{Notes: incomparable(before, after)}
	for _, name := range metrics {
		m, err := metricNamed(name)
		if err != nil {
			return nil, err
		}
		for _, c := range after.Cells {
			if old, found := before.cell(c); found {
				d.add(m, old, c, conf, max(before.Settings.MinN, after.Settings.MinN))
			}
		}
	}
	d.Appeared, d.Vanished = missing(after, before), missing(before, after)
	d.adjust(conf)
	return d, nil
}

func (d *Drift) add(m audit.Metric, before, after Cell, conf float64, minN int) {
	a, b := after.rate(m), before.rate(m)
	if a.n == 0 || b.n == 0 {
		return
	}
	d.Changes = append(d.Changes, Change{By: after.By, Values: after.Values, Metric: m.Name,
		Before: b.wilson(m.Name, conf, minN), After: a.wilson(m.Name, conf, minN),
		Difference: difference(m.Name, a, b, conf, minN), P: sameP(a, b)})
}

// adjust sets what depends on all changes together.
func (d *Drift) adjust(conf float64) {
	p := make([]float64, len(d.Changes))
	for i, c := range d.Changes {
		p[i] = c.P
	}
	for i, holm := range stat.Holm(p) {
		c := &d.Changes[i]
		c.Holm = holm
		c.Moved = c.Difference.Low > 0 || c.Difference.High < 0
		c.Alarm = c.Moved && holm <= 1-conf && !c.Difference.Small
	}
}

// difference is a - b of different rows.
func difference(metric string, a, b rate, conf float64, minN int) audit.Estimate {
	low, high := stat.Newcombe(a.k, a.n, b.k, b.n, conf)
	n := math.Min(a.n, b.n)
	return audit.Estimate{Metric: metric, Value: a.value() - b.value(), Low: low, High: high, Method: "newcombe", N: n,
		Small: n < float64(minN)}
}

func sameP(a, b rate) float64 {
	if stat.SmallestExpected(a.k, a.n, b.k, b.n) < 5 {
		return stat.Fisher(int64(a.k), int64(a.n), int64(b.k), int64(b.n))
	}
	_, p := stat.ChiSquare(a.k, a.n, b.k, b.n)
	return p
}

// missing names the groups of e that other lacks.
func missing(e, other Entry) (names []string) {
	for _, c := range e.Cells {
		if _, found := other.cell(c); !found {
			names = append(names, c.Name())
		}
	}
	return names
}

func incomparable(before, after Entry) (notes []string) {
	note := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	if before.Source.SHA256 != "" && before.Source.SHA256 == after.Source.SHA256 {
		note("Both audits read the same file: the rows are the same people, so the intervals of differences do not apply.")
	}
	a, b := before.Settings, after.Settings
	for _, s := range []struct{ what, before, after string }{
		{"label column", a.Label, b.Label},
		{"prediction column", a.Prediction, b.Prediction},
		{"score column", a.Score, b.Score},
		{"threshold", fmt.Sprint(a.Threshold), fmt.Sprint(b.Threshold)},
		{"filters", fmt.Sprint(a.Where), fmt.Sprint(b.Where)},
		{"classes", fmt.Sprint(before.Classes), fmt.Sprint(after.Classes)},
	} {
		if s.before != s.after {
			note("The %s changed from %s to %s: a change of rates may come from that.", s.what, s.before, s.after)
		}
	}
	return notes
}
