package mitigate

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/atelier-go/atelier/audit"
	"github.com/atelier-go/atelier/audit/stat"
)

// Options says which thresholds to look for.
type Options struct {
	Criterion Criterion
	// Tolerance is how far apart the groups' rates may be, in [0, 1]. Scores with few values rarely allow 0.
	Tolerance float64
	Before    float64 // the one threshold that decides for all now
	Conf      float64 // of intervals, in (0, 1); 0 means 0.95
}

// A Plan is thresholds by group, and what they change.
type Plan struct {
	Criterion Criterion `json:"criterion"`
	Tolerance float64   `json:"tolerance"`
	// Groups has the thresholds, in the order of the groups that were given.
	Groups []GroupPlan `json:"groups"`
	Before Outcome     `json:"before"`
	After  Outcome     `json:"after"`
	// Best is the one threshold for all that makes the fewest errors, and BestAccuracy its accuracy: what the criterion
	// costs is also the difference to that.
	Best         float64        `json:"best"`
	BestAccuracy audit.Estimate `json:"best_accuracy"`
	// Cost is the accuracy of Before less that of After, of the same rows, with the interval of Bonett and Price.
	Cost audit.Estimate `json:"cost"`
	// Changed is how many rows get another decision.
	Changed int64 `json:"changed"`

	before, conf float64
}

// GroupPlan is one group's threshold and what it does to that group.
type GroupPlan struct {
	Name string `json:"name"`
	// Threshold is the lowest score that is called positive; +Inf, in JSON nil, calls nobody so.
	Threshold *float64         `json:"threshold"`
	Before    audit.Confusion  `json:"before"`
	After     audit.Confusion  `json:"after"`
	Rates     []audit.Estimate `json:"rates"`        // after, in the order of [audit.Metrics]
	RatesWere []audit.Estimate `json:"rates_before"` // before
	// ToPositive and ToNegative are rows whose decision changes.
	ToPositive int64 `json:"to_positive"`
	ToNegative int64 `json:"to_negative"`
}

// An Outcome is all groups together.
type Outcome struct {
	Confusion audit.Confusion `json:"confusion"`
	Accuracy  audit.Estimate  `json:"accuracy"`
	// Gap is the largest difference between groups of the criterion's rates, of two rates the larger gap.
	Gap float64 `json:"gap"`
}

// maxChoices bounds the work for [EqualisedOdds], which grows with the square of the thresholds.
const maxChoices = 4000

// Thresholds finds the threshold of each group for which the criterion's rates differ by at most o.Tolerance and the
// fewest rows of all groups are judged wrongly. The search is exact: every threshold that changes a decision is looked
// at. Rates that are undefined, such as the ppv where nobody is called positive, are not chosen. Where no thresholds meet
// the tolerance the error is an [*Infeasible] with the least gap there is.
//
// Calling everybody, or nobody, positive makes many rates equal; Plan shows if that is what was found.
func Thresholds(groups []Group, o Options) (*Plan, error) {
	if o.Conf == 0 {
		o.Conf = 0.95
	}
	if err := errors.Join(check(groups), o.validate()); err != nil {
		return nil, err
	}
	choices := make([][]choice, len(groups))
	for i, g := range groups {
		choices[i] = allChoices(g, o.Criterion)
		if len(choices[i]) == 0 {
			return nil, fmt.Errorf("mitigate: group %s has no threshold at which %s is defined", g.Name, o.Criterion)
		}
		if len(choices[i]) > maxChoices && o.Criterion == EqualisedOdds {
			return nil, fmt.Errorf("mitigate: group %s has %d different scores, want at most %d for %s; round them",
				g.Name, len(choices[i]), maxChoices, o.Criterion)
		}
	}
	chosen := search(choices, o.Tolerance, len(o.Criterion.metrics()))
	if chosen == nil {
		return nil, &Infeasible{Criterion: o.Criterion, Tolerance: o.Tolerance,
			Least: leastTolerance(choices, o.Tolerance, len(o.Criterion.metrics()))}
	}
	thresholds := make([]float64, len(chosen))
	for i, c := range chosen {
		thresholds[i] = c.threshold
	}
	return newPlan(groups, thresholds, o)
}

func (o Options) validate() error {
	var errs []error
	if !slices.Contains(Criteria(), o.Criterion) {
		errs = append(errs, fmt.Errorf("mitigate: no criterion %q; there are %q", o.Criterion, Criteria()))
	}
	if !(o.Tolerance >= 0 && o.Tolerance <= 1) {
		errs = append(errs, fmt.Errorf("mitigate: Tolerance = %v, want in [0, 1]", o.Tolerance))
	}
	if math.IsNaN(o.Before) {
		errs = append(errs, errors.New("mitigate: Before is NaN, want the threshold that decides now"))
	}
	if !(o.Conf > 0 && o.Conf < 1) {
		errs = append(errs, fmt.Errorf("mitigate: Conf = %v, want in (0, 1)", o.Conf))
	}
	return errors.Join(errs...)
}

// Infeasible is the error of [Thresholds] where no thresholds meet the tolerance.
type Infeasible struct {
	Criterion Criterion
	Tolerance float64
	Least     float64 // the smallest tolerance that can be met, within 1e-6
}

func (e *Infeasible) Error() string {
	return fmt.Sprintf("mitigate: no thresholds bring %s of all groups within %v of each other; the closest are %.6f apart",
		e.Criterion, e.Tolerance, e.Least)
}

// allChoices lists what a group's thresholds do, the lowest first; the last calls nobody positive.
func allChoices(g Group, criterion Criterion) (choices []choice) {
	c := confusion(g, math.Inf(-1))
	add := func(threshold float64) {
		ch := choice{threshold: threshold, counts: c, right: c.TN + c.TP}
		for i, name := range criterion.metrics() {
			m, _ := audit.MetricNamed(name)
			k, n := m.Of(float64(c.TN), float64(c.FP), float64(c.FN), float64(c.TP))
			if n == 0 {
				return
			}
			ch.rates[i] = k / n
		}
		choices = append(choices, ch)
	}
	for _, s := range g.Scores {
		if s.Negative+s.Positive == 0 {
			continue
		}
		add(s.Value)
		c.FP, c.TN = c.FP-s.Negative, c.TN+s.Negative
		c.TP, c.FN = c.TP-s.Positive, c.FN+s.Positive
	}
	add(math.Inf(1))
	return choices
}

// leastTolerance halves the interval in which the smallest tolerance that can be met lies; at 1 all choices are met.
func leastTolerance(choices [][]choice, infeasible float64, metrics int) float64 {
	low, high := infeasible, 1.0
	for high-low > 1e-7 {
		middle := (low + high) / 2
		if search(choices, middle, metrics) == nil {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}

// Apply judges other rows of the same groups with the plan's thresholds: those that were held out. Groups must have the
// names and the order of the plan's.
func (p *Plan) Apply(groups []Group) (*Plan, error) {
	if err := check(groups); err != nil {
		return nil, err
	}
	if len(groups) != len(p.Groups) {
		return nil, fmt.Errorf("mitigate: %d groups for a plan of %d", len(groups), len(p.Groups))
	}
	thresholds := make([]float64, len(groups))
	for i, g := range p.Groups {
		if groups[i].Name != g.Name {
			return nil, fmt.Errorf("mitigate: group %d is %s, in the plan %s", i, groups[i].Name, g.Name)
		}
		thresholds[i] = math.Inf(1)
		if g.Threshold != nil {
			thresholds[i] = *g.Threshold
		}
	}
	return newPlan(groups, thresholds, Options{Criterion: p.Criterion, Tolerance: p.Tolerance, Before: p.before, Conf: p.conf})
}

func newPlan(groups []Group, thresholds []float64, o Options) (*Plan, error) {
	p := &Plan{Criterion: o.Criterion, Tolerance: o.Tolerance, before: o.Before, conf: o.Conf}
	var before, after []audit.Confusion
	var gained, lost int64 // rows that only Before, or only After, judges rightly
	for i, g := range groups {
		gp := GroupPlan{Name: g.Name, Before: confusion(g, o.Before), After: confusion(g, thresholds[i])}
		if t := thresholds[i]; !math.IsInf(t, 1) {
			gp.Threshold = &t
		}
		gp.Rates, gp.RatesWere = rates(gp.After, o.Conf), rates(gp.Before, o.Conf)
		// One of the thresholds is the higher, so that decisions of a group change one way only.
		positives, negatives := gp.After.TP-gp.Before.TP, gp.After.FP-gp.Before.FP
		gp.ToPositive, gp.ToNegative = max(0, positives+negatives), max(0, -positives-negatives)
		gained += max(0, -positives) + max(0, negatives)
		lost += max(0, positives) + max(0, -negatives)
		p.Changed += gp.ToPositive + gp.ToNegative
		p.Groups = append(p.Groups, gp)
		before, after = append(before, gp.Before), append(after, gp.After)
	}
	p.Before, p.After = outcome(before, o), outcome(after, o)
	p.Best, p.BestAccuracy = bestSingle(groups, o.Conf)
	n := p.Before.Confusion.N()
	p.Cost = audit.Estimate{Metric: "accuracy", Value: float64(gained-lost) / float64(n), Method: "bonett-price", N: float64(n)}
	p.Cost.Low, p.Cost.High = stat.BonettPrice(gained, lost, n, o.Conf)
	return p, nil
}

func outcome(groups []audit.Confusion, o Options) (all Outcome) {
	for _, c := range groups {
		all.Confusion = audit.Confusion{TN: all.Confusion.TN + c.TN, FP: all.Confusion.FP + c.FP,
			FN: all.Confusion.FN + c.FN, TP: all.Confusion.TP + c.TP}
	}
	accuracy, _ := audit.MetricNamed("accuracy")
	all.Accuracy = rate(accuracy, all.Confusion, o.Conf)
	for _, name := range o.Criterion.metrics() {
		m, _ := audit.MetricNamed(name)
		low, high := math.Inf(1), math.Inf(-1)
		for _, c := range groups {
			if r := rate(m, c, o.Conf); r.Defined() {
				low, high = min(low, r.Value), max(high, r.Value)
			}
		}
		all.Gap = max(all.Gap, high-low)
	}
	return all
}

// bestSingle is the threshold for all with the fewest errors, of equals the lowest.
func bestSingle(groups []Group, conf float64) (threshold float64, accuracy audit.Estimate) {
	all := map[float64]Score{}
	for _, g := range groups {
		for _, s := range g.Scores {
			all[s.Value] = Score{s.Value, all[s.Value].Negative + s.Negative, all[s.Value].Positive + s.Positive}
		}
	}
	pooled := Group{}
	for _, s := range all {
		pooled.Scores = append(pooled.Scores, s)
	}
	slices.SortFunc(pooled.Scores, func(a, b Score) int { return cmp.Compare(a.Value, b.Value) })
	best := choice{right: -1}
	for _, c := range allChoices(pooled, Accuracy) {
		if better(c, best) {
			best = c
		}
	}
	threshold = best.threshold
	if math.IsInf(threshold, 1) { // as a number above all scores, which JSON can have
		threshold = math.Nextafter(pooled.Scores[len(pooled.Scores)-1].Value, math.Inf(1))
	}
	m, _ := audit.MetricNamed("accuracy")
	return threshold, rate(m, best.counts, conf)
}
