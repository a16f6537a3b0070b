package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/atelier-go/atelier/audit"
)

// headline are the metrics whose gaps are drawn and told in the summary.
func (r *auditReport) headline() []string {
	if r.binary() {
		return []string{"fpr", "fnr"}
	}
	return []string{"error"}
}

// gaps are the differences between groups: all in tables, the headline's drawn.
func (r *auditReport) gaps() []Block {
	if len(r.Gaps) == 0 {
		return nil
	}
	blocks := []Block{Text{Text: "A gap is the largest value less the smallest among the groups that are large enough. Such a difference is never " +
		"below zero, so its interval says how large the gap is, not whether there is one. The column “by chance” says that: how large the gap " +
		"would be if groups had been dealt to people at random, in 95 of 100 dealings at most, and p is how often it would be as large as here."}}
	if c := r.Settings.Confidence; c != 0.95 && c != 0 {
		blocks[0] = Text{Text: strings.Replace(blocks[0].(Text).Text, "95 of 100", percent0(c)+" of", 1)}
	}
	for _, by := range r.columns() {
		if t := r.gapTable(by); len(t.Rows) > 0 {
			blocks = append(blocks, t)
		}
		for _, metric := range r.headline() {
			if g, ok := r.Gap(metric, by...); ok {
				blocks = append(blocks, r.gapFigures(g)...)
			}
		}
	}
	return append(blocks, r.criteria()...)
}

func (r *auditReport) gapTable(by []string) Table {
	t := Table{Caption: "Gaps by " + byName(by), Columns: []Column{
		{Title: "Metric"}, {Title: "Highest or worst"}, {Title: "Lowest or best"},
		{Title: "Difference", Number: true}, {Title: "Ratio", Number: true},
		{Title: "By chance", Explain: "how large the gap would be between random groups of these sizes", Number: true},
		{Title: "p", Explain: "how often random groups would have a gap as large", Number: true},
	}}
	crossed := false
	for _, g := range r.Gaps {
		if !slices.Equal(g.By, by) {
			continue
		}
		row := Row{Cells: []Cell{label(title(g.Metric)), label(cmp.Or(g.Worst, unknown)), label(cmp.Or(g.Best, unknown)),
			gapCell(g.Difference), estimate(g.Ratio, ratio),
			{Text: unsigned(points(g.Null.Quantile)), Sort: g.Null.Quantile}, {Text: probability(g.Null.P), Sort: g.Null.P}}}
		if len(by) == 2 {
			crossed = true
			e := audit.Estimate{Value: math.NaN()}
			if g.Superadditivity != nil {
				e = *g.Superadditivity
			}
			row.Cells = append(row.Cells, difference(e))
		}
		t.Rows = append(t.Rows, row)
	}
	if crossed {
		t.Columns = append(t.Columns, Column{Title: "Beyond the sum", Explain: "how much larger the gap is than the gaps of the two columns together", Number: true})
	}
	return t
}

// gapCell is the cell of a gap, which has no sign.
func gapCell(e audit.Estimate) Cell {
	c := difference(e)
	c.Text, c.Sub = unsigned(c.Text), unsigned(c.Sub)
	return c
}

// gapFigures draw one gap: each group against the reference, and the steps from the best to the worst.
func (r *auditReport) gapFigures(g audit.Gap) []Block {
	var blocks []Block
	if s := r.differences(g); len(s.Rows) > 0 {
		blocks = append(blocks, s, pairTable(g))
	}
	if w, ok := r.waterfall(g); ok {
		blocks = append(blocks, w)
	}
	return blocks
}

// differences draw every group's difference from the reference, with its sign.
func (r *auditReport) differences(g audit.Gap) Strips {
	s := Strips{
		Title:   fmt.Sprintf("%s by %s: difference from %s", title(g.Metric), byName(g.By), g.Reference),
		Caption: "In percentage points (pp), with Newcombe's interval. An interval that crosses zero leaves open which of the two is higher.",
		Line:    math.NaN(),
	}
	var ends []float64
	for _, p := range g.Pairs {
		if len(s.Rows) == mostGroups {
			s.Caption += fmt.Sprintf(" The first %d groups; the table has all.", mostGroups)
			break
		}
		low, high := bounds(p.Difference)
		s.Rows = append(s.Rows, Strip{Label: p.Group, Value: p.Difference.Value, Low: low, High: high,
			Text: difference(p.Difference).joined(), Small: p.Difference.Small})
		ends = append(ends, p.Difference.Value, low, high)
	}
	s.Scale = scaleOver(" pp", ends...)
	return s
}

// pairTable compares all groups with the reference.
func pairTable(g audit.Gap) Table {
	t := Table{Caption: fmt.Sprintf("%s by %s, against %s", title(g.Metric), byName(g.By), g.Reference), Columns: []Column{
		{Title: byName(g.By)}, {Title: "Difference", Number: true}, {Title: "Ratio", Number: true}, {Title: "Test"},
		{Title: "p", Number: true}, {Title: "p, Holm", Explain: "adjusted so that any false alarm in this family is as rare", Number: true},
		{Title: "p, B–H", Explain: "adjusted so that the share of false alarms is bounded (Benjamini and Hochberg)", Number: true},
	}}
	for _, p := range g.Pairs {
		t.Rows = append(t.Rows, Row{Small: p.Difference.Small, Cells: []Cell{
			label(p.Group), difference(p.Difference), estimate(p.Ratio, ratio), label(testName(p.Test.Method)),
			{Text: probability(p.Test.P), Sort: p.Test.P}, {Text: probability(p.Test.Holm), Sort: p.Test.Holm},
			{Text: probability(p.Test.BH), Sort: p.Test.BH},
		}})
	}
	return t
}

func testName(method string) string {
	switch method {
	case "chi2":
		return "χ²"
	case "fisher":
		return "Fisher's exact"
	}
	return cmp.Or(method, unknown)
}

// waterfall shows how a gap is made: of a crossing of two columns by its columns, of one column by the groups between.
func (r *auditReport) waterfall(g audit.Gap) (Waterfall, bool) {
	if g.Worst == "" || g.Best == "" || g.Worst == g.Best {
		return Waterfall{}, false
	}
	groups := r.GroupsBy(g.By...)
	worst, best := named(groups, g.Worst), named(groups, g.Best)
	if worst == nil || best == nil {
		return Waterfall{}, false
	}
	w := Waterfall{Title: fmt.Sprintf("%s by %s: from the best group to the worst", title(g.Metric), byName(g.By))}
	var ok bool
	switch len(g.By) {
	case 1:
		w.Caption = "Each step is the difference to the next group."
		w.Steps, ok = ladder(groups, g.Metric)
	case 2:
		w.Caption = "The steps are the differences between the values of each column alone; the last is what crossing them adds."
		w.Steps, ok = r.decomposed(g, *worst, *best)
	}
	if !ok {
		return Waterfall{}, false
	}
	var ends []float64
	for _, s := range w.Steps {
		ends = append(ends, s.From, s.To)
	}
	w.Scale = scaleOver("%", ends...)
	return w, true
}

func named(groups []audit.Group, name string) *audit.Group {
	for i := range groups {
		if groups[i].Name() == name {
			return &groups[i]
		}
	}
	return nil
}

func total(label string, value float64) Step {
	return Step{Label: label, To: value, Text: percent(value), Total: true}
}

func step(label string, from, to float64) Step {
	return Step{Label: label, From: from, To: to, Text: points(to - from)}
}

// ladder goes through the groups of a column from the best to the worst.
func ladder(groups []audit.Group, metric string) ([]Step, bool) {
	groups = slices.DeleteFunc(slices.Clone(groups), func(g audit.Group) bool {
		e := g.Metric(metric)
		return e.Small || !e.Defined()
	})
	if len(groups) < 3 || len(groups) > mostGroups { // of two there is nothing between
		return nil, false
	}
	m, _ := split(metric)
	slices.SortStableFunc(groups, func(a, b audit.Group) int {
		order := cmp.Compare(a.Metric(metric).Value, b.Metric(metric).Value)
		if m.Better > 0 {
			return -order
		}
		return order
	})
	steps := []Step{total(groups[0].Name(), groups[0].Metric(metric).Value)}
	for i, g := range groups[1:] {
		steps = append(steps, step("to "+g.Name(), groups[i].Metric(metric).Value, g.Metric(metric).Value))
	}
	last := groups[len(groups)-1]
	return append(steps, total(last.Name(), last.Metric(metric).Value)), true
}

// decomposed takes the gap of a crossing of two columns apart: what each column alone explains, and the rest.
func (r *auditReport) decomposed(g audit.Gap, worst, best audit.Group) ([]Step, bool) {
	from, to := best.Metric(g.Metric).Value, worst.Metric(g.Metric).Value
	steps := []Step{total(g.Best, from)}
	at := from
	for i, column := range g.By {
		a, okA := r.Group([]string{column}, []string{best.Values[i]})
		b, okB := r.Group([]string{column}, []string{worst.Values[i]})
		if !okA || !okB {
			return nil, false
		}
		change := b.Metric(g.Metric).Value - a.Metric(g.Metric).Value
		if !known(change) {
			return nil, false
		}
		name := fmt.Sprintf("%s: %s to %s", column, a.Name(), b.Name())
		if best.Values[i] == worst.Values[i] {
			name = column + ": the same"
		}
		steps = append(steps, step(name, at, at+change))
		at += change
	}
	return append(steps, step("what crossing adds", at, to), total(g.Worst, to)), true
}

// criteria are the definitions of fairness with a name.
func (r *auditReport) criteria() []Block {
	if len(r.Criteria) == 0 {
		return nil
	}
	t := Table{Caption: "Definitions of fairness by name", Columns: []Column{
		{Title: "Definition"}, {Title: "By"}, {Title: "Value", Number: true}, {Title: "Bound"}, {Title: "Verdict"},
	}}
	for _, c := range r.Criteria {
		value, bound := gapCell(c.Value), "at most "+unsigned(points(c.Bound))
		if strings.HasSuffix(c.Name, "_ratio") {
			value, bound = estimate(c.Value, ratio), "at least "+ratio(c.Bound)
		}
		t.Rows = append(t.Rows, Row{Small: c.Value.Small, Cells: []Cell{
			label(criterionName(c.Name)), label(byName(c.By)), value, label(bound), label(verdict(c)),
		}})
	}
	t.Notes = []string{"Only groups that are large enough count. The bound of the ratio is the four-fifths rule of the United States' Equal Employment " +
		"Opportunity Commission; that of differences is a convention. Keeping to a bound does not make a model fair."}
	return []Block{t}
}

// verdict says whether a criterion holds and how sure that is.
func verdict(c audit.Criterion) string {
	switch {
	case !c.Value.Defined():
		return "cannot be told"
	case c.Holds && c.Sure:
		return "keeps to it"
	case c.Holds:
		return "keeps to it, but may be chance"
	case c.Sure:
		return "does not keep to it"
	}
	return "does not keep to it, but may be chance"
}

// criterionName is a criterion's name for people.
func criterionName(name string) string {
	switch name {
	case "demographic_parity_difference":
		return "Demographic parity, difference of selection rates"
	case "demographic_parity_ratio":
		return "Demographic parity, ratio of selection rates (four-fifths rule)"
	case "equalised_odds_difference":
		return "Equalised odds, largest difference of TPR or FPR"
	case "equal_opportunity_difference":
		return "Equal opportunity, difference of TPR"
	}
	return strings.ReplaceAll(name, "_", " ")
}
