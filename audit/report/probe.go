package report

import (
	"fmt"
	"math"

	"github.com/atelier-go/atelier/audit"
	"github.com/atelier-go/atelier/audit/probe"
)

// Probe is the report of template probes.
func Probe(name string, r *probe.Result) *Document {
	share := said(r.Changed, percent)
	found := Text{Style: Quiet, Text: fmt.Sprintf("In none of %s does the answer depend on %s: %s.", plural(int64(r.Frames), "sentence frame", "sentence frames"), r.Contrast, share)}
	if r.Changed.Value > 0 {
		found = Text{Style: Finding, Text: fmt.Sprintf("The answer depends on %s in %s of %s that differ in nothing else.", r.Contrast, share,
			plural(int64(r.Frames), "sentence frame", "sentence frames"))}
	}
	blocks := []Block{Text{Text: fmt.Sprintf("%s were asked.", plural(int64(r.Inputs), "sentence", "sentences"))}, found}
	if e := r.Unexpected; e != nil {
		blocks = append(blocks, Text{Text: fmt.Sprintf("In %s of the sentences the outcome is not the expected one.", said(*e, percent))})
	}
	blocks = append(blocks, rowsTable("Outcomes by "+r.Contrast, r.Contrast, r.Outcomes, r.Values))
	d := &Document{Title: "Probe of " + name, Subtitle: "The same question about different " + r.Contrast, Sections: []Section{{"found", "What was found", blocks}}}
	if pairs := pairBlocks(r); len(pairs) > 0 {
		d.Sections = append(d.Sections, Section{"pairs", "Pairs", pairs})
	}
	var slots []Block
	for _, t := range r.Slots {
		slots = append(slots, rowsTable("Outcomes by "+t.Slot, t.Slot, r.Outcomes, t.Rows))
	}
	if len(slots) > 0 {
		d.Sections = append(d.Sections, Section{"slots", "By slot", slots})
	}
	d.Sections = append(d.Sections, Section{"answers", "Answers", []Block{answers(r)}}, Section{"limits", "What this cannot tell", []Block{List{
		"Sentences of a template are alike, and templates are no sample of a language: intervals hold for sentences like these.",
		"An outcome is told by words in the answer; answers that say the same in other words count as other.",
	}}})
	return d
}

func rowsTable(caption, slot string, outcomes []string, rows []probe.Row) Table {
	t := Table{Caption: caption, Columns: []Column{{Title: slot}, {Title: "n", Number: true}}}
	for _, o := range outcomes {
		t.Columns = append(t.Columns, Column{Title: o, Number: true})
	}
	var changed, unexpected, reference bool
	for _, r := range rows {
		changed, unexpected, reference = changed || r.Changed != nil, unexpected || r.Unexpected != nil, reference || r.Reference != nil
	}
	add := func(is bool, title, explain string) {
		if is {
			t.Columns = append(t.Columns, Column{Title: title, Explain: explain, Number: true})
		}
	}
	add(changed, "Depends", "the share of frames in which the answer depends on the contrast")
	add(unexpected, "Unexpected", "the share of sentences whose outcome is not the expected one")
	add(reference, "Known share", "from elsewhere; ≠ where the share found departs from it")
	for _, r := range rows {
		row := Row{Cells: []Cell{label(r.Value), number(int64(r.N))}}
		for _, e := range r.Shares {
			row.Cells = append(row.Cells, rate(e))
		}
		optional := func(is bool, e *audit.Estimate) {
			if is && e == nil {
				row.Cells = append(row.Cells, Cell{Text: unknown, Sort: math.NaN()})
			} else if is {
				row.Cells = append(row.Cells, rate(*e))
			}
		}
		optional(changed, r.Changed)
		optional(unexpected, r.Unexpected)
		if reference {
			c := Cell{Text: unknown, Sort: math.NaN()}
			if r.Reference != nil {
				c = Cell{Text: percent(*r.Reference), Sort: *r.Reference}
				if r.Departs {
					c.Text = "≠ " + c.Text
				}
			}
			row.Cells = append(row.Cells, c)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// pairBlocks compare the values of the contrast with each other.
func pairBlocks(r *probe.Result) []Block {
	tests := Table{Caption: "Paired differences", Columns: []Column{
		{Title: "Pair"}, {Title: "Outcome"}, {Title: "Both", Number: true}, {Title: "Only first", Number: true}, {Title: "Only second", Number: true},
		{Title: "Second less first", Number: true}, {Title: "p", Explain: "McNemar's exact test", Number: true}, {Title: "p, Holm", Number: true},
	}}
	scores := Table{Caption: "Differences of the numbers", Columns: []Column{{Title: "Pair"}, {Title: "Second less first", Number: true}}}
	for _, p := range r.Pairs {
		name := p.A + " – " + p.B
		for _, t := range p.Tests {
			tests.Rows = append(tests.Rows, Row{Cells: []Cell{label(name), label(t.Outcome), number(int64(t.Both)), number(int64(t.OnlyA)), number(int64(t.OnlyB)),
				difference(t.Difference), {Text: probability(t.P), Sort: t.P}, {Text: probability(t.Holm), Sort: t.Holm}}})
		}
		if p.Score != nil {
			scores.Rows = append(scores.Rows, Row{Cells: []Cell{label(name), estimate(*p.Score, decimals)}})
		}
	}
	var blocks []Block
	for _, t := range []Table{tests, scores} {
		if len(t.Rows) > 0 {
			blocks = append(blocks, t)
		}
	}
	return blocks
}

// mostAnswers are how many answers a report shows; JSON has all.
const mostAnswers = 200

func answers(r *probe.Result) Table {
	t := Table{Caption: "Sentences and answers", Columns: []Column{{Title: "Sentence"}, {Title: "Answer"}, {Title: "Outcome"}}}
	for i, item := range r.Items {
		if i == mostAnswers {
			t.Notes = append(t.Notes, fmt.Sprintf("The first %d of %s; JSON has all.", mostAnswers, count(int64(len(r.Items)))))
			break
		}
		t.Rows = append(t.Rows, Row{Cells: []Cell{label(item.Input), label(item.Output), label(item.Outcome)}})
	}
	return t
}
