package report

import (
	"fmt"

	"github.com/atelier-go/atelier/audit"
)

// choices show how the rates change with thresholds and filters that somebody chose.
func (r *auditReport) choices() []Block {
	var blocks []Block
	if v := r.Sensitivity.Thresholds; len(v) > 0 {
		blocks = append(blocks, Text{Text: "Whoever sets the threshold decides between two kinds of errors, and for whom."})
		blocks = append(blocks, r.variants("With other thresholds", "Threshold", v)...)
	}
	if v := r.Sensitivity.Filters; len(v) > 0 {
		blocks = append(blocks, Text{Text: "Rates depend on which rows are counted."})
		blocks = append(blocks, r.variants("With other rows", "Rows", v)...)
	}
	return blocks
}

// variants is a table for each column of groups, a row for each variant and group.
func (r *auditReport) variants(caption, first string, variants []audit.Variant) []Block {
	metrics := []string{"error", "fpr", "fnr", "fdr", "selection_rate"}
	if !r.binary() {
		metrics = metrics[:1]
	}
	var blocks []Block
	for _, by := range r.columns() {
		if len(by) != 1 {
			continue
		}
		t := Table{Caption: fmt.Sprintf("%s, by %s", caption, byName(by)), Columns: []Column{{Title: first}, {Title: byName(by)}, {Title: "n", Number: true}}}
		for _, name := range metrics {
			t.Columns = append(t.Columns, Column{Title: short[name], Number: true})
		}
		for _, v := range variants {
			for _, g := range append([]audit.Group{v.Overall}, v.Groups...) {
				if len(g.By) > 0 && byName(g.By) != byName(by) {
					continue
				}
				row := Row{Small: g.Small, Cells: []Cell{label(v.Name), label(g.Name()), number(g.N)}}
				for _, name := range metrics {
					row.Cells = append(row.Cells, rate(g.Metric(name)))
				}
				t.Rows = append(t.Rows, row)
			}
		}
		blocks = append(blocks, t)
	}
	return blocks
}

// baselines show what a rule of one or two columns would do.
func (r *auditReport) baselines() []Block {
	if len(r.Baselines) == 0 {
		return nil
	}
	blocks := []Block{Text{Text: "A rule that looks at one or two columns and predicts the most frequent label of the other rows with the same values. A model that is hardly " +
		"better has to justify its cost, and what it hides."}}
	for _, b := range r.Baselines {
		blocks = append(blocks, Text{Text: baselineSentence(b) + fmt.Sprintf(" The rule has %s.", plural(int64(b.Rules), "line", "lines"))})
		blocks = append(blocks, r.baselineTables(b)...)
	}
	return blocks
}

// baselineTables has the rule beside the model, for every group of one column.
func (r *auditReport) baselineTables(b audit.Baseline) []Block {
	metrics := []string{"error", "fpr", "fnr"}
	if !r.binary() {
		metrics = metrics[:1]
	}
	var blocks []Block
	for _, by := range r.columns() {
		if len(by) != 1 {
			continue
		}
		t := Table{Caption: fmt.Sprintf("Model and rule of %s, by %s", enumerate(b.Columns), byName(by)), Columns: []Column{{Title: byName(by)}, {Title: "n", Number: true}}}
		for _, name := range metrics {
			t.Columns = append(t.Columns, Column{Title: short[name] + ", model", Number: true}, Column{Title: short[name] + ", rule", Number: true})
		}
		for _, g := range b.Groups {
			model, ok := r.Group(g.By, g.Values)
			if !ok || byName(g.By) != byName(by) {
				continue
			}
			row := Row{Small: g.Small, Cells: []Cell{label(g.Name()), number(g.N)}}
			for _, name := range metrics {
				row.Cells = append(row.Cells, rate(model.Metric(name)), rate(g.Metric(name)))
			}
			t.Rows = append(t.Rows, row)
		}
		if len(t.Rows) > 0 {
			blocks = append(blocks, t)
		}
	}
	return blocks
}
