package track

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/atelier-go/atelier/audit"
)

// A Gate is a limit that fails a build when it is crossed.
type Gate struct {
	Text      string // as it was parsed
	Metric    string
	Statistic string   // "", "gap", "ratio", "max", "min" or "drift"
	By        []string // the column or crossing of groups; nil means all
	Below     bool     // crossed when below Limit, else when above
	Limit     float64
}

// statistics are the parts of a gate after the dot: which way one can be crossed, and what limits make sense.
var statistics = map[string]struct {
	below, above bool
	least, most  float64
}{
	"":      {true, true, 0, 1},
	"gap":   {false, true, 0, 1},
	"ratio": {false, true, 1, math.Inf(1)},
	"max":   {false, true, 0, 1},
	"min":   {true, false, 0, 1},
	"drift": {false, true, 0, 1},
}

var gateSyntax = regexp.MustCompile(`^([a-z_]+)(?:\.([a-z_]+))?(?:@([^<>=@]+))?\s*([<>])\s*([^<>=\s]+)$`)

// ParseGate reads METRIC[.STATISTIC][@COLUMN,...]>LIMIT, or < instead of >. The metrics are those of [audit.Metrics].
//
//	accuracy<0.8          of everybody
//	fpr.gap@race>0.1      the largest difference between two groups
//	fpr.ratio>1.25        the largest rate over the smallest
//	fnr.max@race,sex>0.4  the highest rate of a group of the crossing
//	tpr.min<0.5           the lowest
//	fpr.drift>0.05        how far everybody's rate or a group's moved since the audit before, either way
//
// Without columns all columns and crossings count. Anything else is an error that says what is wrong.
func ParseGate(text string) (Gate, error) {
	wrong := func(format string, args ...any) (Gate, error) {
		return Gate{}, fmt.Errorf("track: gate %q: %s", text, fmt.Sprintf(format, args...))
	}
	parts := gateSyntax.FindStringSubmatch(strings.TrimSpace(text))
	if parts == nil {
		return wrong("want METRIC[.STATISTIC][@COLUMN,...]>LIMIT such as fpr.gap@race>0.1, with > or <")
	}
	m, err := metricNamed(parts[1])
	if err != nil {
		return wrong("%s", strings.TrimPrefix(err.Error(), "track: "))
	}
	rule, known := statistics[parts[2]]
	if !known {
		return wrong("no statistic %q; there are gap, ratio, max, min and drift", parts[2])
	}
	g := Gate{Text: strings.TrimSpace(text), Metric: m.Name, Statistic: parts[2], Below: parts[4] == "<"}
	if g.Below && !rule.below || !g.Below && !rule.above {
		return wrong("%s is crossed the other way only", parts[2])
	}
	g.Limit, err = strconv.ParseFloat(parts[5], 64)
	if err != nil || !(g.Limit >= rule.least && g.Limit <= rule.most) || math.IsInf(g.Limit, 0) {
		return wrong("limit %q, want a number in [%v, %v]", parts[5], rule.least, rule.most)
	}
	if parts[3] == "" {
		return g, nil
	}
	if parts[2] == "" {
		return wrong("%s alone is everybody's; say .max or .min for groups", m.Name)
	}
	for column := range strings.SplitSeq(parts[3], ",") {
		column = strings.TrimSpace(column)
		if column == "" || slices.Contains(g.By, column) {
			return wrong("column %q is empty or named twice", column)
		}
		g.By = append(g.By, column)
	}
	return g, nil
}

// A State is what became of a gate.
type State string

// The states of a gate.
const (
	Passed     State = "passed"     // the estimate is on the right side of the limit
	Unsure     State = "unsure"     // the estimate crosses the limit, but chance may explain it
	Crossed    State = "crossed"    // the interval of a comparison lies beyond the limit
	Unmeasured State = "unmeasured" // there was nothing to compare: too few rows, or no audit before
)

// A Verdict is what a gate says of an audit.
type Verdict struct {
	Gate  string `json:"gate"`
	State State  `json:"state"`
	// Where is the group or pair of groups that decided: the surest crossing, else the one closest to the limit.
	Where string `json:"where,omitempty"`
	// Estimate is Where's, with an interval that holds for all Comparisons together.
	Estimate    audit.Estimate `json:"estimate"`
	Comparisons int            `json:"comparisons"`
	Text        string         `json:"text"` // the verdict as a sentence
}

// Check applies the gate to an audit; previous is the audit before it, which only drift needs, or nil. Rates of fewer
// rows than the audit's MinN are not compared.
//
// A gate is crossed when the interval of at least one comparison lies beyond the limit, each at the confidence
// 1-(1-conf)/m where m comparisons are made (Bonferroni). So a gate whose limit is kept is crossed by chance in at most
// 1-conf of all audits, however many groups there are.
func (g Gate) Check(e Entry, previous *Entry, o Options) (Verdict, error) {
	conf, err := confidence(o.Conf)
	if err != nil {
		return Verdict{}, err
	}
	m, err := metricNamed(g.Metric)
	if err != nil {
		return Verdict{}, err
	}
	if err := e.validate(); err != nil {
		return Verdict{}, err
	}
	if err := g.checkColumns(e); err != nil {
		return Verdict{}, err
	}
	family := g.comparisons(e, previous, m)
	v := Verdict{Gate: g.Text, State: Unmeasured, Comparisons: len(family),
		Estimate: audit.Estimate{Metric: g.Metric, Value: math.NaN(), Low: math.NaN(), High: math.NaN()}}
	level := 1 - (1-conf)/float64(max(1, len(family)))
	best := math.Inf(-1)
	for _, c := range family {
		estimate := c.estimate(level)
		state, margin := g.judge(estimate)
		if rank := float64(order[state])*1e6 + margin; v.State == Unmeasured || rank > best {
			best = rank
			v.State, v.Where, v.Estimate = state, c.where, estimate
		}
	}
	v.Text = g.sentence(v, previous, conf)
	return v, nil
}

var order = map[State]int{Passed: 0, Unsure: 1, Crossed: 2}

// judge says on which side of the limit an estimate is, and how far beyond it, or beyond it for sure.
func (g Gate) judge(e audit.Estimate) (State, float64) {
	value, bound := e.Value-g.Limit, e.Low-g.Limit
	if g.Below {
		value, bound = g.Limit-e.Value, g.Limit-e.High
	}
	switch {
	case bound > 0:
		return Crossed, min(bound, 1e5)
	case value > 0:
		return Unsure, max(bound, -1e5)
	default:
		return Passed, max(value, -1e5)
	}
}

// checkColumns fails if the audit lacks the gate's columns.
func (g Gate) checkColumns(e Entry) error {
	if g.By == nil {
		return nil
	}
	var have []string
	for _, c := range e.Cells[1:] {
		if slices.Equal(c.By, g.By) {
			return nil
		}
		if by := strings.Join(c.By, ","); !slices.Contains(have, by) {
			have = append(have, by)
		}
	}
	return fmt.Errorf("track: gate %q: the audit has no groups by %s; it has %q", g.Text, strings.Join(g.By, ","), have)
}

func (g Gate) sentence(v Verdict, previous *Entry, conf float64) string {
	switch v.State {
	case Unmeasured:
		if g.Statistic == "drift" && previous == nil {
			return fmt.Sprintf("%s: there is no audit before this one to compare with.", g.Text)
		}
		return fmt.Sprintf("%s: too few rows to compare.", g.Text)
	case Crossed:
		return fmt.Sprintf("%s is crossed, at %.0f%% confidence: %s has %.3f [%.3f, %.3f].", g.Text, 100*conf, v.Where,
			v.Estimate.Value, v.Estimate.Low, v.Estimate.High)
	case Unsure:
		return fmt.Sprintf("%s may be crossed: %s has %.3f, but its interval [%.3f, %.3f] reaches the limit.", g.Text, v.Where,
			v.Estimate.Value, v.Estimate.Low, v.Estimate.High)
	}
	return fmt.Sprintf("%s is kept: closest is %s with %.3f [%.3f, %.3f].", g.Text, v.Where, v.Estimate.Value,
		v.Estimate.Low, v.Estimate.High)
}
