package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// modelCard is the card's nine sections: what people wrote, and what the audit knows.
func (r *auditReport) modelCard() []Block {
	blocks := []Block{Text{Text: "After Mitchell et al., Model Cards for Model Reporting, 2019. What nobody has written is shown as missing."}}
	for _, s := range modelSections {
		fields := append(r.card.fields("", s), r.measured(s.key)...)
		if s.key == "model_details" { // one of them suffices
			fields = slices.DeleteFunc(fields, func(f Field) bool {
				return len(f.Text) == 0 && (f.Name == "References" || f.Name == "Citation")
			})
		}
		blocks = append(blocks, Fields{Caption: s.title, Fields: fields})
	}
	return append(blocks, Fields{Caption: questions.title, Fields: append(r.card.fields("", questions), r.measured(questions.key)...)})
}

// measured are the fields of a section that the audit fills in.
func (r *auditReport) measured(section string) []Field {
	given := func(name string, text ...string) Field { return Field{Name: name, Text: text, Given: true} }
	switch section {
	case "factors":
		return []Field{given("Evaluation factors", "Measured by "+enumerate(r.bys())+".")}
	case "metrics":
		fields := []Field{
			given("Performance measures", r.measures()),
			given("Uncertainty", fmt.Sprintf("Intervals at %s: Wilson, Newcombe, Katz, and a bootstrap; see How this was computed.", percent0(r.Settings.Confidence))),
		}
		if r.Settings.Score != "" {
			fields = append(fields, given("Decision threshold", fmt.Sprintf("%s of at least %s counts as positive.", r.Settings.Score, trim(r.Settings.Threshold))))
		}
		return fields
	case "evaluation_data":
		return []Field{given("Data", fmt.Sprintf("%s, %s of which %s measured.", r.Source.Name, plural(r.Source.Rows, "row", "rows"), wasWere(r.Source.Measured)))}
	case "quantitative_analyses":
		return []Field{given("Unitary results", r.results(1)), given("Intersectional results", r.results(2))}
	case questions.key:
		fields := []Field{given("What are the error rates for different groups?", r.results(1))}
		if len(r.Baselines) == 0 {
			return append(fields, Field{Name: "How accurate is a simple rule?", Hint: "No rule was measured beside the model: name one or two columns for it."})
		}
		var texts []string
		for _, b := range r.Baselines {
			texts = append(texts, baselineSentence(b))
		}
		return append(fields, given("How accurate is a simple rule?", texts...))
	}
	return nil
}

func (r *auditReport) measures() string {
	if !r.binary() {
		return "Error and accuracy, and the rates of each class."
	}
	return "Error, accuracy, false and true positive and negative rates, predictive values, false discovery and omission rates, selection rate."
}

// results say the error of all groups of columns (of = 1) or of crossings that are large enough, and where to look further.
func (r *auditReport) results(of int) string {
	var parts []string
	for _, by := range r.columns() {
		if of == 1 != (len(by) == 1) {
			continue
		}
		var groups []string
		for _, g := range r.bySize(by) {
			if !g.Small && len(groups) < mostNames {
				groups = append(groups, g.Name()+" "+said(g.Metric("error"), percent))
			}
		}
		if len(groups) > 0 {
			parts = append(parts, fmt.Sprintf("Error by %s: %s.", byName(by), strings.Join(groups, "; ")))
		}
	}
	if len(parts) == 0 {
		return "Not measured: no columns were crossed, or no group is large enough."
	}
	return strings.Join(parts, " ")
}

// datasheet is that of the data, as far as they and people fill it in.
func (r *auditReport) datasheet() []Block {
	blocks := []Block{Text{Text: "After Gebru et al., Datasheets for Datasets, 2018, of the data that the model was judged by."}}
	for _, s := range dataSections {
		fields := r.card.fields(datasheetKey+".", s)
		if s.key == "composition" {
			fields = append(fields, r.composition()...)
		}
		if s.key == "distribution" && r.Source.SHA256 != "" {
			fields = append(fields, Field{Name: "File", Given: true, Text: []string{
				fmt.Sprintf("%s, %s bytes, SHA-256 %s.", r.Source.Name, count(r.Source.Bytes), r.Source.SHA256)}})
		}
		blocks = append(blocks, Fields{Caption: s.title, Fields: fields})
	}
	return blocks
}

// composition is what the data say of themselves.
func (r *auditReport) composition() []Field {
	var labels, groups []string
	for i, class := range r.Classes {
		var n int64
		for _, c := range r.Overall.Matrix[i] {
			n += c
		}
		labels = append(labels, fmt.Sprintf("%s %s (%s)", class, count(n), percent(float64(n)/float64(max(r.Overall.N, 1)))))
	}
	for _, by := range r.columns() {
		if len(by) != 1 {
			continue
		}
		var sizes []string
		for _, g := range r.bySize(by) {
			if len(sizes) == mostGroups {
				sizes = append(sizes, "and smaller ones")
				break
			}
			sizes = append(sizes, fmt.Sprintf("%s %s", g.Name(), count(g.N)))
		}
		groups = append(groups, byName(by)+": "+strings.Join(sizes, ", ")+".")
	}
	return []Field{
		{Name: "Rows", Given: true, Text: []string{fmt.Sprintf("%s; %s measured.", count(r.Source.Rows), wasWere(r.Source.Measured))}},
		{Name: "Labels", Given: true, Text: []string{r.Settings.Label + ": " + strings.Join(labels, ", ") + "."}},
		{Name: "Groups", Given: true, Text: groups},
		{Name: "Missing values", Given: true, Text: []string{r.missingText()}},
	}
}

func (r *auditReport) missingText() string {
	var parts []string
	for _, m := range r.Missing {
		if len(m.By) == 0 && m.Label+m.Prediction > 0 {
			parts = append(parts, fmt.Sprintf("%s without a label, %s without a prediction", plural(m.Label, "row", "rows"), count(m.Prediction)))
		}
	}
	for _, g := range r.Groups {
		if len(g.By) == 1 && g.Values[0] == "" {
			parts = append(parts, fmt.Sprintf("%s without %s", plural(g.N, "row", "rows"), g.By[0]))
		}
	}
	return cmp.Or(strings.Join(parts, "; "), "None in the columns that were read") + "."
}
