package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/atelier-go/atelier/audit"
)

// found is the summary: what a reader takes home who reads nothing else.
func (r *auditReport) found() []Block {
	e := r.Overall.Metric("error")
	first := fmt.Sprintf("The model is wrong for %s of the %s measured.", said(e, percent), plural(r.Source.Measured, "row", "rows"))
	if r.binary() {
		first += " " + called("negative", "positive", r.Overall.Metric("fpr")) + " " + called("positive", "negative", r.Overall.Metric("fnr"))
	}
	blocks := []Block{Text{Text: first}}
	if unmeasured := r.unmeasured(); unmeasured != "" {
		blocks = append(blocks, Text{Style: Caution, Text: unmeasured})
	}
	for _, by := range r.columns() {
		for _, metric := range r.headline() {
			if g, ok := r.Gap(metric, by...); ok {
				blocks = append(blocks, r.gapSentence(g))
			}
		}
	}
	for _, c := range r.Criteria {
		if c.Name == "demographic_parity_ratio" && c.Value.Defined() && !c.Holds && len(c.By) == 1 {
			blocks = append(blocks, Text{Style: sureStyle(c.Sure), Text: fmt.Sprintf("Selection rates by %s break the four-fifths rule: the lowest is %s of the "+
				"highest.%s", byName(c.By), said(c.Value, ratio), chance(c.Sure))})
		}
	}
	for _, n := range r.notes("finding") {
		blocks = append(blocks, Text{Text: n})
	}
	for _, n := range r.notes("odd") {
		blocks = append(blocks, Text{Style: Caution, Text: n})
	}
	for _, b := range r.Baselines {
		blocks = append(blocks, Text{Text: baselineSentence(b)})
	}
	if small := r.smallGroups(); small != "" {
		blocks = append(blocks, Text{Style: Caution, Text: small})
	}
	if missing := len(r.card.Missing()); missing > 0 {
		blocks = append(blocks, Text{Style: Caution, Text: fmt.Sprintf("%d of the %d texts that people must write about this model and its data are missing. "+
			"Numbers cannot say whether it should be used.", missing, len(cardKeys()))})
	}
	return blocks
}

// called says how many of those who are one thing were called another.
func called(are, other string, e audit.Estimate) string {
	if !e.Defined() {
		return fmt.Sprintf("Nobody measured is %s.", are)
	}
	return fmt.Sprintf("Of those who are %s it called %s %s.", are, said(e, percent), other)
}

// unmeasured says how many rows lack a label or a prediction, or nothing if none does.
func (r *auditReport) unmeasured() string {
	if len(r.Missing) == 0 || r.Missing[0].Label+r.Missing[0].Prediction == 0 {
		return ""
	}
	m := r.Missing[0]
	return fmt.Sprintf("Of %s, %s no label and %s no prediction: they are not in any rate.", plural(m.Rows, "row", "rows"), have(m.Label), have(m.Prediction))
}

func have(n int64) string {
	if n == 1 {
		return "1 has"
	}
	return count(n) + " have"
}

func sureStyle(sure bool) Style {
	if sure {
		return Finding
	}
	return Plain
}

func chance(sure bool) string {
	if sure {
		return ""
	}
	return " This may be chance."
}

// significant is the level below which a gap is told as found.
func (r *auditReport) significant() float64 { return 1 - r.Settings.Confidence }

// gapSentence says how large a gap is and whether it may be chance.
func (r *auditReport) gapSentence(g audit.Gap) Text {
	name := title(g.Metric) + " by " + byName(g.By)
	if g.Worst == "" || !g.Difference.Defined() {
		return Text{Style: Caution, Text: name + ": cannot be told. Fewer than two groups have enough rows for it."}
	}
	groups := r.GroupsBy(g.By...)
	worst, best := named(groups, g.Worst), named(groups, g.Best)
	if worst == nil || best == nil {
		return Text{Style: Caution, Text: name + ": cannot be told."}
	}
	values := fmt.Sprintf("%s for %s, %s for %s", said(worst.Metric(g.Metric), percent), g.Worst, said(best.Metric(g.Metric), percent), g.Best)
	size := gapCell(g.Difference).joined()
	switch {
	case !known(g.Null.P):
		return Text{Text: fmt.Sprintf("%s: %s, a gap of %s.", name, values, size)}
	case g.Null.P < r.significant():
		return Text{Style: Finding, Text: fmt.Sprintf("%s differs: %s, a gap of %s and a ratio of %s. Random groups of these sizes would differ by %s on "+
			"average, and as much as this with a probability of %s.", name, values, size, ratio(g.Ratio.Value),
			unsigned(points(g.Null.Mean)), chanceOf(g.Null.P))}
	}
	text := fmt.Sprintf("%s: no gap that these data can tell from chance: %s (p = %s).", name, values, probability(g.Null.P))
	if g.Difference.High > g.Difference.Value { // else no replicate differs, which says little
		text += fmt.Sprintf(" A gap of up to %s would not contradict them.", unsigned(points(g.Difference.High)))
	}
	return Text{Style: Quiet, Text: text}
}

func chanceOf(p float64) string {
	if p < 0.001 {
		return "less than 0.001"
	}
	return probability(p)
}

// mostNames are how many small groups a sentence names.
const mostNames = 8

// smallGroups names the groups that are too small to say anything about.
func (r *auditReport) smallGroups() string {
	var names []string
	for _, g := range r.Groups {
		if g.Small {
			names = append(names, fmt.Sprintf("%s (%s)", g.Name(), count(g.N)))
		}
	}
	if len(names) == 0 {
		return ""
	}
	more := ""
	if len(names) > mostNames {
		more = fmt.Sprintf(" and %d more", len(names)-mostNames)
		names = names[:mostNames]
	}
	list := enumerate(names)
	if more != "" {
		list = strings.Join(names, ", ") + more
	}
	return fmt.Sprintf("About these groups nearly nothing can be said, because fewer than %d rows are theirs: %s. They never make a headline here, "+
		"which does not mean that all is well for them.", r.Settings.MinN, list)
}

// notes are the audit's own sentences of a kind.
func (r *auditReport) notes(kind string) []string {
	var texts []string
	for _, n := range r.Notes {
		if n.Kind == kind {
			texts = append(texts, n.Text)
		}
	}
	return texts
}

// who says who is in the data, and who is not.
func (r *auditReport) who() []Block {
	left := r.Source.Rows - r.Source.Measured
	text := fmt.Sprintf("%s has %s. ", r.Source.Name, plural(r.Source.Rows, "row", "rows"))
	if left == 0 {
		text += "All were measured."
	} else {
		text += fmt.Sprintf("%s measured; %s not, because a label or a prediction is missing%s.", wasWere(r.Source.Measured), wasWere(left), r.filtered())
	}
	blocks := []Block{Text{Text: text}}
	for _, by := range r.columns() {
		if len(by) == 1 {
			blocks = append(blocks, r.sizes(by))
		}
	}
	blocks = append(blocks, r.missing()...)
	if notes := append(r.notes("odd"), r.notes("data")...); len(notes) > 0 {
		blocks = append(blocks, Text{Text: "Odd about the rows:"}, List(notes))
	}
	return append(blocks, Text{Style: Note, Text: fmt.Sprintf("Only these columns were read: %s. Nothing else of the data is in this report.",
		enumerate(r.asked()))})
}

func wasWere(n int64) string {
	if n == 1 {
		return "1 was"
	}
	return count(n) + " were"
}

func (r *auditReport) filtered() string {
	if len(r.Settings.Where) == 0 {
		return ""
	}
	return ", or because it is not so that " + enumerate(r.Settings.Where)
}

// asked are the columns that the audit was asked to read.
func (r *auditReport) asked() []string {
	var names []string
	add := func(columns ...string) {
		for _, c := range columns {
			if c != "" && !slices.Contains(names, c) {
				names = append(names, c)
			}
		}
	}
	add(r.Settings.Label, r.Settings.Prediction, r.Settings.Score, r.Settings.Weight)
	add(r.Settings.Groups...)
	for _, b := range r.Baselines {
		add(b.Columns...)
	}
	return names
}

// sizes has how many rows each group of a column has.
func (r *auditReport) sizes(by []string) Table {
	t := Table{Caption: "Rows by " + byName(by), Columns: []Column{
		{Title: byName(by)}, {Title: "n", Number: true}, {Title: "Share", Number: true},
	}}
	if r.binary() {
		t.Columns = append(t.Columns, Column{Title: "Positive", Explain: "the share whose label is positive", Number: true})
	}
	for _, g := range r.bySize(by) {
		share := float64(g.N) / float64(max(r.Overall.N, 1))
		row := Row{Small: g.Small, Cells: []Cell{label(g.Name()), number(g.N), {Text: percent(share), Sort: share}}}
		if r.binary() {
			row.Cells = append(row.Cells, rate(g.Metric("prevalence")))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// missing has the rows that could not be measured.
func (r *auditReport) missing() []Block {
	t := Table{Caption: "Rows that could not be measured", Columns: []Column{
		{Title: "Group"}, {Title: "Without a label", Number: true}, {Title: "Without a prediction", Number: true}, {Title: "Of all rows", Number: true},
	}}
	for _, m := range r.Missing {
		if m.Label == 0 && m.Prediction == 0 {
			continue
		}
		name := audit.Group{By: m.By, Values: m.Values}.Name()
		if len(m.By) > 0 {
			name = byName(m.By) + ": " + name
		}
		t.Rows = append(t.Rows, Row{Cells: []Cell{label(name), number(m.Label), number(m.Prediction), number(m.Rows)}})
	}
	if len(t.Rows) == 0 {
		return nil
	}
	return []Block{t}
}

// limits say what the data cannot tell.
func (r *auditReport) limits() []Block {
	list := List{
		"Who is not in the data is not in this report: people whom nobody measured, and groups that no column names.",
		"The label is taken for the truth. Where it was made by people or by a process that treats groups differently, such as an arrest for a crime, " +
			"the error rates inherit that, and equal rates may hide it.",
		"A difference says that the model's errors fall unequally, not why. Groups may differ in more than the column says.",
		"Intervals speak of chance alone: they hold if these rows are drawn like those that the model will meet. They do not cover data that were " +
			"collected, labelled or filtered wrongly.",
	}
	if len(r.Settings.Groups) > 1 && len(r.Settings.Crossings) == 0 {
		list = append(list, "Columns were looked at one by one: people for whom two of them come together may fare worse than either.")
	}
	return []Block{append(list, r.notes("limit")...)}
}

// method says how the numbers were made.
func (r *auditReport) method() []Block {
	level := percent0(r.Settings.Confidence)
	list := List{
		fmt.Sprintf("Rates have Wilson's intervals at %s; of fewer than %d rows the exact ones of Clopper and Pearson are shown.", level, r.Settings.MinN),
		"Differences of two rates have Newcombe's intervals, ratios Katz's. Groups are compared with Pearson's χ² test, or Fisher's where counts are small; " +
			"p-values are adjusted for the number of comparisons by Holm and by Benjamini and Hochberg.",
		fmt.Sprintf("Gaps among several groups have percentiles of %s bootstrap replicates, drawn from the counts (seed %d).", count(int64(r.Settings.Replicates)), r.Settings.Seed),
	}
	for _, g := range r.Gaps {
		if g.Null.Permutations > 0 {
			list = append(list, fmt.Sprintf("How large gaps are by chance comes from %s random assignments of rows to groups of the same sizes.", count(int64(g.Null.Permutations))))
			break
		}
	}
	if r.Settings.Weight != "" {
		list = append(list, fmt.Sprintf("Rows have the weights of %s; intervals use the effective number of rows, (Σw)²/Σw².", r.Settings.Weight))
	}
	if slices.ContainsFunc(r.AUC, func(a audit.AUC) bool { return a.Resolution > 0 }) {
		list = append(list, "Scores are kept as histograms; the area under the curve is within the resolution given.")
	}
	if r.Source.SHA256 != "" {
		list = append(list, fmt.Sprintf("The file has %s bytes and the SHA-256 %s.", count(r.Source.Bytes), r.Source.SHA256))
	}
	return []Block{list}
}

// baselineSentence compares the model with a rule.
func baselineSentence(b audit.Baseline) string {
	compare := "about as often as"
	switch diff := math.Abs(b.Difference); {
	case diff >= 0.005 && b.Difference > 0:
		compare = unsigned(points(b.Difference)) + " more often than"
	case diff >= 0.005:
		compare = unsigned(points(-b.Difference)) + " less often than"
	}
	return fmt.Sprintf("The model is right in %s of the rows, %s a rule that looks at %s alone and predicts the most frequent label, which is right in %s.",
		said(b.Model, percent), compare, enumerate(b.Columns), said(b.Accuracy, percent))
}
