package report

import (
	"fmt"
	"math"

	"github.com/atelier-go/atelier/audit"
	"github.com/atelier-go/atelier/audit/mitigate"
)

// Thresholds is the report of thresholds by group. heldOut has the plan applied to other rows, or is nil.
func Thresholds(name, score string, p, heldOut *mitigate.Plan) *Document {
	d := &Document{Title: "Thresholds by group for " + name, Subtitle: fmt.Sprintf("%s alike within %s", criterionWords(p.Criterion), unsigned(points(p.Tolerance)))}
	d.Sections = append(d.Sections, Section{"found", "What it takes, and what it costs", planBlocks(score, p)})
	if heldOut != nil {
		d.Sections = append(d.Sections, Section{"held-out", "On rows that were held out", planBlocks(score, heldOut)})
	}
	limits := List{
		"Other thresholds for other groups treat people by their group. Whether that is allowed, and right, is not for a program to say.",
		"Rates cannot all be equal where groups have different shares of positives: see what became of the others.",
	}
	if heldOut == nil {
		limits = append(limits, "Thresholds that were chosen on these rows look better on them than on others. Judge them by rows that were held out.")
	}
	d.Sections = append(d.Sections, Section{"limits", "What this cannot tell", []Block{limits}})
	return d
}

func criterionWords(c mitigate.Criterion) string {
	switch c {
	case mitigate.SelectionRate:
		return "selection rates"
	case mitigate.Accuracy:
		return "accuracies"
	case mitigate.EqualisedOdds:
		return "true and false positive rates"
	}
	return title(string(c)) + "s"
}

func planBlocks(score string, p *mitigate.Plan) []Block {
	cost := gapCell(p.Cost)
	blocks := []Block{
		Text{Text: fmt.Sprintf("The gap falls from %s to %s.", unsigned(points(p.Before.Gap)), unsigned(points(p.After.Gap)))},
		Text{Text: fmt.Sprintf("Accuracy goes from %s to %s: a cost of %s. %s another decision. The one threshold for all with the fewest errors, %s, has %s.",
			said(p.Before.Accuracy, percent), said(p.After.Accuracy, percent), cost.joined(), gets(p.Changed), trim(p.Best), said(p.BestAccuracy, percent))},
	}
	t := Table{Caption: "Thresholds", Columns: []Column{{Title: "Group"}, {Title: score + " at least", Number: true}, {Title: "n", Number: true},
		{Title: "Now called positive", Number: true}, {Title: "Now called negative", Number: true}}}
	for _, g := range p.Groups {
		cell := Cell{Text: "nobody"}
		if g.Threshold != nil {
			cell = Cell{Text: trim(*g.Threshold), Sort: *g.Threshold}
		}
		t.Rows = append(t.Rows, Row{Cells: []Cell{label(g.Name), cell, number(g.After.N()), number(g.ToPositive), number(g.ToNegative)}})
	}
	for _, g := range p.Groups {
		if called := g.After.FP + g.After.TP; called == 0 || called == g.After.N() {
			blocks = append(blocks, Text{Style: Caution, Text: fmt.Sprintf("Of %s everybody gets the same decision: that makes rates equal and the score useless.", g.Name)})
		}
	}
	return append(blocks, t, planRates(p))
}

func gets(n int64) string {
	if n == 1 {
		return "1 row gets"
	}
	return count(n) + " rows get"
}

// planRates are the rates of each group before and after.
func planRates(p *mitigate.Plan) Table {
	metrics := []string{"accuracy", "fpr", "fnr", "ppv", "selection_rate"}
	t := Table{Caption: "Rates before and after", Columns: []Column{{Title: "Group"}}}
	for _, m := range metrics {
		t.Columns = append(t.Columns, Column{Title: short[m] + " before", Number: true}, Column{Title: "after", Number: true})
	}
	for _, g := range p.Groups {
		row := Row{Cells: []Cell{label(g.Name)}}
		before, after := audit.Group{Metrics: g.RatesWere}, audit.Group{Metrics: g.Rates}
		for _, m := range metrics {
			row.Cells = append(row.Cells, rate(before.Metric(m)), rate(after.Metric(m)))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// Weights is the report of weights for training rows.
func Weights(name string, w *mitigate.Weights) *Document {
	t := Table{Caption: "Weights", Columns: []Column{{Title: "Group"}, {Title: "Label"}, {Title: "n", Number: true}, {Title: "Weight of each row", Number: true}}}
	for _, c := range w.Cells {
		t.Rows = append(t.Rows, Row{Cells: []Cell{label(c.Group), label(c.Label), number(c.N), {Text: minus(c.Weight, 6), Sort: c.Weight}}})
	}
	blocks := []Block{Text{Text: fmt.Sprintf("With these weights the share of a label differs by %s between groups; without, by %s. The %s are then worth %s (Kish).",
		unsigned(points(w.GapAfter)), unsigned(points(w.GapBefore)), plural(w.Rows, "row", "rows"), count(int64(math.Round(w.Effective))))}, t}
	for _, c := range w.Empty {
		blocks = append(blocks, Text{Style: Caution, Text: fmt.Sprintf("No row of %s has the label %s: no weight makes up for that.", c.Group, c.Label)})
	}
	return &Document{Title: "Weights of training rows of " + name, Subtitle: "Which make label and group independent", Sections: []Section{
		{"weights", "Weights", blocks},
		{"limits", "What this cannot tell", []Block{List{"What the weights do to a model's errors shows only after it was trained with them."}}},
	}}
}
