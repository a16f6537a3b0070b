package track

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/atelier-go/atelier/audit"
	"github.com/atelier-go/atelier/audit/stat"
)

// An Entry is one audit in the log.
type Entry struct {
	Time     time.Time      `json:"time"`
	Model    string         `json:"model"` // what names the model that was audited
	Source   audit.Source   `json:"source"`
	Settings audit.Settings `json:"settings"`
	Classes  []string       `json:"classes"`
	// Cells are the counts of everybody first, then of each group.
	Cells []Cell `json:"cells"`
}

// A Cell is the counts of one group.
type Cell struct {
	By        []string        `json:"by,omitempty"`
	Values    []string        `json:"values,omitempty"`
	Confusion audit.Confusion `json:"confusion"`
}

// Name is how a cell is called in messages: "everybody", or such as "race, sex: Other, Female".
func (c Cell) Name() string {
	if len(c.By) == 0 {
		return "everybody"
	}
	return strings.Join(c.By, ", ") + ": " + strings.Join(c.Values, ", ")
}

func (c Cell) is(other Cell) bool {
	return slices.Equal(c.By, other.By) && slices.Equal(c.Values, other.Values)
}

// FromAudit takes the counts of an audit. Audits of more than two classes, or of weighted rows, cannot be tracked: their
// rates do not follow from four counts.
func FromAudit(a *audit.Audit, model string, now time.Time) (Entry, error) {
	if model == "" {
		return Entry{}, errors.New("track: the model has no name")
	}
	if a.Settings.Weight != "" {
		return Entry{}, fmt.Errorf("track: the audit weighs rows by %s; only audits without weights can be tracked", a.Settings.Weight)
	}
	e := Entry{Time: now.UTC().Round(0), Model: model, Source: a.Source, Settings: a.Settings, Classes: a.Classes}
	for _, g := range append([]audit.Group{a.Overall}, a.Groups...) {
		if g.Confusion == nil {
			return Entry{}, fmt.Errorf("track: the audit has %d classes, want two", len(a.Classes))
		}
		e.Cells = append(e.Cells, Cell{By: g.By, Values: g.Values, Confusion: *g.Confusion})
	}
	return e, e.validate()
}

func (e Entry) validate() error {
	if len(e.Cells) == 0 || len(e.Cells[0].By) != 0 {
		return errors.New("track: the first cell is not that of everybody")
	}
	for i, c := range e.Cells {
		if len(c.By) != len(c.Values) {
			return fmt.Errorf("track: cell %d has %d columns and %d values", i, len(c.By), len(c.Values))
		}
		if f := c.Confusion; min(f.TN, f.FP, f.FN, f.TP) < 0 {
			return fmt.Errorf("track: cell %s has a negative count", c.Name())
		}
	}
	return nil
}

// cell returns the cell of the same group.
func (e Entry) cell(like Cell) (Cell, bool) {
	for _, c := range e.Cells {
		if c.is(like) {
			return c, true
		}
	}
	return Cell{}, false
}

// rate is a metric of a cell as k of n rows.
type rate struct {
	cell Cell
	k, n float64
}

func (c Cell) rate(m audit.Metric) rate {
	f := c.Confusion
	k, n := m.Of(float64(f.TN), float64(f.FP), float64(f.FN), float64(f.TP))
	return rate{c, k, n}
}

func (r rate) value() float64 { return r.k / r.n }

// wilson is the rate with its interval; NaN if it is of no rows.
func (r rate) wilson(metric string, conf float64, minN int) audit.Estimate {
	low, high := stat.Wilson(r.k, r.n, conf)
	return audit.Estimate{Metric: metric, Value: r.value(), Low: low, High: high, Method: "wilson", K: r.k, N: r.n,
		Small: r.n < float64(minN)}
}

// A Point is a rate at the time of one audit.
type Point struct {
	Time  time.Time      `json:"time"`
	Model string         `json:"model"`
	Rate  audit.Estimate `json:"rate"`
}

// Trend returns a metric of one group over time, everybody's if by is empty. Entries without the group are skipped. conf 0
// means 0.95.
func Trend(entries []Entry, metric string, by, values []string, conf float64) ([]Point, error) {
	m, err := metricNamed(metric)
	if err != nil {
		return nil, err
	}
	if conf, err = confidence(conf); err != nil {
		return nil, err
	}
	var points []Point
	for _, e := range entries {
		if c, found := e.cell(Cell{By: by, Values: values}); found {
			points = append(points, Point{e.Time, e.Model, c.rate(m).wilson(m.Name, conf, e.Settings.MinN)})
		}
	}
	return points, nil
}

func metricNamed(name string) (audit.Metric, error) {
	if m, known := audit.MetricNamed(name); known {
		return m, nil
	}
	var names []string
	for _, m := range audit.Metrics() {
		names = append(names, m.Name)
	}
	return audit.Metric{}, fmt.Errorf("track: no metric %q; there are %s", name, strings.Join(names, ", "))
}

func confidence(conf float64) (float64, error) {
	if conf == 0 {
		return 0.95, nil
	}
	if !(conf > 0 && conf < 1) {
		return 0, fmt.Errorf("track: confidence %v, want in (0, 1)", conf)
	}
	return conf, nil
}
