package mitigate

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/atelier-go/atelier/audit"
)

// FromAudit takes the scores of the groups of one column, or of a crossing of several, from an audit of scores. What an
// audit knows of scores is its confusion at each threshold that it tried ([audit.Options.Thresholds]), so each score is
// one of these, and thresholds are chosen among them. The lowest [Score], one less than the lowest threshold, has the rows
// below all of them.
//
// Groups that lack negative or positive labels, or have fewer rows than the audit's MinN, get no threshold of their own;
// their names are left.
func FromAudit(a *audit.Audit, by ...string) (groups []Group, left []string, err error) {
	switch {
	case a.Settings.Score == "":
		return nil, nil, errors.New("mitigate: the audit is of predictions; thresholds need scores")
	case a.Settings.Weight != "":
		return nil, nil, fmt.Errorf("mitigate: the audit weighs rows by %s; thresholds are for rows without weights", a.Settings.Weight)
	case len(a.GroupsBy(by...)) == 0:
		return nil, nil, fmt.Errorf("mitigate: the audit has no groups by %s", strings.Join(by, ","))
	}
	variants := append([]audit.Variant{{Threshold: a.Settings.Threshold, Groups: a.Groups}}, a.Sensitivity.Thresholds...)
	slices.SortStableFunc(variants, func(x, y audit.Variant) int {
		switch {
		case x.Threshold < y.Threshold:
			return -1
		case x.Threshold > y.Threshold:
			return 1
		}
		return 0
	})
	variants = slices.CompactFunc(variants, func(x, y audit.Variant) bool { return x.Threshold == y.Threshold })
	for _, g := range a.GroupsBy(by...) {
		c := g.Confusion
		if c == nil {
			return nil, nil, fmt.Errorf("mitigate: the audit has %d classes, want two", len(a.Classes))
		}
		if g.Small || c.TN+c.FP == 0 || c.FN+c.TP == 0 {
			left = append(left, g.Name())
			continue
		}
		scores, err := scoresOf(variants, g)
		if err != nil {
			return nil, nil, err
		}
		groups = append(groups, Group{Name: g.Name(), Scores: scores})
	}
	return groups, left, nil
}

// scoresOf counts what lies between each threshold and the next, given the variants in increasing order.
func scoresOf(variants []audit.Variant, g audit.Group) ([]Score, error) {
	total := *g.Confusion
	last := audit.Confusion{FP: total.TN + total.FP, TP: total.FN + total.TP} // everybody is called positive
	scores := []Score{{Value: variants[0].Threshold - 1}}
	for _, v := range variants {
		at := slices.IndexFunc(v.Groups, func(o audit.Group) bool {
			return slices.Equal(o.By, g.By) && slices.Equal(o.Values, g.Values)
		})
		if at < 0 || v.Groups[at].Confusion == nil || v.Groups[at].N != g.N {
			return nil, fmt.Errorf("mitigate: at threshold %v the audit has not the same rows of %s", v.Threshold, g.Name())
		}
		c := *v.Groups[at].Confusion
		s := &scores[len(scores)-1]
		s.Negative, s.Positive = last.FP-c.FP, last.TP-c.TP
		last = c
		scores = append(scores, Score{Value: v.Threshold, Negative: c.FP, Positive: c.TP})
	}
	return scores, nil
}

// Cells are the rows of groups by label, for [Reweigh], as "negative" and "positive".
func Cells(groups []Group) (cells []Cell) {
	for _, g := range groups {
		var n Score
		for _, s := range g.Scores {
			n.Negative += s.Negative
			n.Positive += s.Positive
		}
		cells = append(cells, Cell{g.Name, "negative", n.Negative}, Cell{g.Name, "positive", n.Positive})
	}
	return cells
}
