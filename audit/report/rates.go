package report

import (
	"fmt"
	"math"

	"github.com/atelier-go/atelier/audit"
)

// The rates in tables. Those of the second are one less those of the first.
var (
	wrongRates = []string{"error", "fpr", "fnr", "fdr", "for", "selection_rate", "prevalence"}
	rightRates = []string{"accuracy", "tnr", "tpr", "ppv", "npv"}
)

// smallNote explains few.
const smallNote = few + " rests on fewer than %d cases: it is shown, but nothing should be concluded from it."

// rates are the errors of every group.
func (r *auditReport) rates() []Block {
	var blocks []Block
	if r.binary() {
		is, called := r.positive()
		blocks = append(blocks, Text{Text: fmt.Sprintf("Positive means that %s; called positive means that %s. Of a hundred such intervals about %s have the true rate in them.",
			is, called, trim(math.Round(1000*r.Settings.Confidence)/10))})
	}
	for _, by := range r.columns() {
		blocks = append(blocks, r.strips("error", by, r.rateScale(by, "error")))
		if r.binary() {
			blocks = append(blocks, r.rateTable("Error rates by "+byName(by), by, wrongRates, ""))
			continue
		}
		blocks = append(blocks, r.rateTable("Accuracy and error by "+byName(by), by, []string{"error", "accuracy"}, ""))
		for _, class := range r.Classes {
			blocks = append(blocks, r.rateTable(fmt.Sprintf("Rates of class %s by %s", class, byName(by)), by, wrongRates[1:], ":"+class))
		}
	}
	return blocks
}

// percent0 is a level such as 95%.
func percent0(x float64) string { return trim(math.Round(1000*x)/10) + "%" }

// rateTable has a row for each group of a column, and everybody's last.
func (r *auditReport) rateTable(caption string, by []string, metrics []string, suffix string) Table {
	t := Table{Caption: caption, Columns: []Column{{Title: byName(by)}, {Title: "n", Explain: "rows that were measured", Number: true}}}
	for _, name := range metrics {
		m, _ := split(name)
		t.Columns = append(t.Columns, Column{Title: short[name], Explain: m.Title + ". " + m.Question, Number: true})
	}
	anySmall := false
	for _, g := range append(r.bySize(by), r.Overall) {
		row := Row{Cells: []Cell{label(g.Name()), number(g.N)}, Small: g.Small}
		for _, name := range metrics {
			e := g.Metric(name + suffix)
			row.Cells = append(row.Cells, rate(e))
			anySmall = anySmall || e.Small && e.Defined()
		}
		t.Rows = append(t.Rows, row)
	}
	if anySmall {
		t.Notes = append(t.Notes, fmt.Sprintf(smallNote, r.Settings.MinN))
	}
	return t
}

// counts are the cells that everything is computed from, and the rates that are one less another.
func (r *auditReport) counts() []Block {
	var blocks []Block
	for _, by := range r.columns() {
		if r.binary() {
			blocks = append(blocks, r.cells(by), r.rateTable("The rates of being right by "+byName(by), by, rightRates, ""))
			continue
		}
		blocks = append(blocks, r.matrices(by))
	}
	return blocks
}

// cells has the four counts of each group.
func (r *auditReport) cells(by []string) Table {
	t := Table{Caption: "Counts by " + byName(by), Columns: []Column{
		{Title: byName(by)},
		{Title: "TN", Explain: "true negatives: negative, called negative", Number: true},
		{Title: "FP", Explain: "false positives: negative, called positive", Number: true},
		{Title: "FN", Explain: "false negatives: positive, called negative", Number: true},
		{Title: "TP", Explain: "true positives: positive, called positive", Number: true},
		{Title: "n", Number: true},
	}}
	for _, g := range append(r.GroupsBy(by...), r.Overall) {
		c := g.Confusion
		if c == nil {
			c = &audit.Confusion{}
		}
		t.Rows = append(t.Rows, Row{Small: g.Small, Cells: []Cell{
			label(g.Name()), number(c.TN), number(c.FP), number(c.FN), number(c.TP), number(g.N),
		}})
	}
	return t
}

// matrices has a row for each group and label, with the predictions across.
func (r *auditReport) matrices(by []string) Table {
	t := Table{Caption: "Counts by " + byName(by), Columns: []Column{{Title: byName(by)}, {Title: "label"}}}
	for _, class := range r.Classes {
		t.Columns = append(t.Columns, Column{Title: "called " + class, Number: true})
	}
	for _, g := range append(r.GroupsBy(by...), r.Overall) {
		for i, class := range r.Classes {
			row := Row{Cells: []Cell{label(g.Name()), label(class)}, Small: g.Small}
			for j := range r.Classes {
				row.Cells = append(row.Cells, number(g.Matrix[i][j]))
			}
			t.Rows = append(t.Rows, row)
		}
	}
	return t
}

// twoQuestions shows FPR and FDR side by side, and why they cannot all be equal.
func (r *auditReport) twoQuestions() []Block {
	if !r.binary() {
		return nil
	}
	blocks := []Block{Text{Text: "A false alarm is counted in two ways, which can rank groups in opposite order. The false positive rate starts from what " +
		"is true: of those who are negative, how many were called positive? It is the question of somebody who is judged. The false " +
		"discovery rate starts from what the model says: of those it called positive, how many are negative? It is the question of " +
		"somebody who acts on the model's word."}}
	for _, by := range r.columns() {
		scale := r.rateScale(by, "fpr", "fdr")
		blocks = append(blocks, Columns{{r.strips("fpr", by, scale)}, {r.strips("fdr", by, scale)}})
		if text, found := r.reversal(by); found {
			blocks = append(blocks, text)
		}
	}
	return append(blocks, r.impossibility()...)
}

// reversal finds the two largest groups whose order differs between FPR and FDR, where chance does not explain at least one
// of the differences. It is a finding where it explains neither.
func (r *auditReport) reversal(by []string) (Text, bool) {
	groups := r.bySize(by)
	for i, a := range groups {
		for _, b := range groups[i+1:] {
			fprA, fprB, fdrA, fdrB := a.Metric("fpr"), b.Metric("fpr"), a.Metric("fdr"), b.Metric("fdr")
			if fprA.Small || fprB.Small || fdrA.Small || fdrB.Small || !((fprA.Value-fprB.Value)*(fdrA.Value-fdrB.Value) < 0) {
				continue
			}
			text := Text{}
			sure := "The intervals of the first do not overlap; the second may be chance."
			switch first, second := apart(fprA, fprB), apart(fdrA, fdrB); {
			case first && second:
				text.Style, sure = Finding, "Neither's intervals overlap."
			case second:
				sure = "The intervals of the second do not overlap; the first may be chance."
			case !first:
				continue
			}
			text.Text = fmt.Sprintf("The two rates order %s and %s differently: FPR %s against %s, FDR %s against %s. %s",
				a.Name(), b.Name(), percent(fprA.Value), percent(fprB.Value), percent(fdrA.Value), percent(fdrB.Value), sure)
			return text, true
		}
	}
	return Text{}, false
}

// apart reports whether two intervals have nothing in common.
func apart(a, b audit.Estimate) bool { return a.High < b.Low || b.High < a.Low }

// impossibility tells Chouldechova's identity and shows it for every group.
func (r *auditReport) impossibility() []Block {
	if len(r.Impossibility) == 0 {
		return nil
	}
	blocks := []Block{Text{Text: "No model that errs can have equal PPV, FPR and FNR in groups with different shares of positives: FPR = p/(1−p) · " +
		"(1−PPV)/PPV · (1−FNR), where p is that share (Chouldechova 2017). So which of them should be equal is a decision for people, not " +
		"for the data. The last column is the FPR that a group would have if its PPV and FNR were everybody's."}}
	for _, by := range r.columns() {
		t := Table{Caption: "The identity by " + byName(by), Columns: []Column{
			{Title: byName(by)}, {Title: "Positive", Number: true}, {Title: "PPV", Number: true}, {Title: "FNR", Number: true},
			{Title: "FPR", Number: true}, {Title: "FPR by the identity", Number: true}, {Title: "FPR with everybody's PPV and FNR", Number: true},
		}}
		for _, i := range r.Impossibility {
			group := audit.Group{By: i.By, Values: i.Values}
			if byName(i.By) != byName(by) {
				continue
			}
			row := Row{Cells: []Cell{label(group.Name())}}
			if g, ok := r.Group(i.By, i.Values); ok {
				row.Small = g.Small
			}
			for _, v := range []float64{i.Prevalence, i.PPV, i.FNR, i.FPR, i.Implied, i.Shared} {
				row.Cells = append(row.Cells, Cell{Text: percent(v), Sort: v})
			}
			t.Rows = append(t.Rows, row)
		}
		if len(t.Rows) > 0 {
			blocks = append(blocks, t)
		}
	}
	return blocks
}
