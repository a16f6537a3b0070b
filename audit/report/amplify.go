package report

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/atelier-go/atelier/audit"
	"github.com/atelier-go/atelier/audit/amplify"
)

// Amplification is the report of bias amplification; any of the results may be nil.
func Amplification(name string, zhao *amplify.ZhaoResult, directional ...*amplify.DirectionalResult) *Document {
	d := &Document{Title: "Bias amplification in " + name, Subtitle: "Are the predictions more biased than the data?"}
	if zhao != nil {
		d.Sections = append(d.Sections, Section{"zhao", "Among those with a class", zhaoBlocks(zhao)})
	}
	for i, r := range directional {
		if r != nil {
			d.Sections = append(d.Sections, Section{fmt.Sprintf("direction%d", i+1), "From " + r.Direction, directionalBlocks(r)})
		}
	}
	d.Sections = append(d.Sections, Section{"limits", "What this cannot tell", []Block{List{
		"The labels are taken for the truth, so a bias in them is not seen; only what predictions add to it is.",
		"The first measure cannot say whether the class or the group was predicted wrongly; the directional ones can, if both are predicted separately.",
		"Numbers of different measures do not compare. One training run's amplification varies with its seed: measure several.",
	}}})
	return d
}

// amplified says in a sentence what a mean amplification is.
func amplified(e audit.Estimate, conf string) Text {
	size := difference(e).joined()
	switch low, high := bounds(e); {
	case known(low, high) && low > 0:
		return Text{Style: Finding, Text: fmt.Sprintf("Bias is amplified: %s on average%s.", size, conf)}
	case known(low, high) && high < 0:
		return Text{Style: Quiet, Text: fmt.Sprintf("Bias is weaker than in the data: %s on average%s.", size, conf)}
	}
	return Text{Style: Quiet, Text: fmt.Sprintf("No amplification that these data can tell from chance: %s on average%s.", size, conf)}
}

func zhaoBlocks(z *amplify.ZhaoResult) []Block {
	var toward []string
	for _, group := range slices.Sorted(maps.Keys(z.Toward)) {
		toward = append(toward, fmt.Sprintf("%d toward %s", z.Toward[group], group))
	}
	blocks := []Block{
		Text{Text: "For each class: is the group that dominates it in training more dominant in the predictions? (Zhao et al., Men Also Like Shopping, 2017.)"},
		amplified(z.Mean, fmt.Sprintf(" over %d classes (%s)", len(z.Classes), minus(z.Mean.Value, 10))),
		Text{Text: fmt.Sprintf("Biased in training are %s, and %d toward none. Amplified are %d classes; the shares of %d moved by more than the margin, "+
			"and all together by %.3f.", enumerate(toward), z.Ties, z.Amplified, z.Violations, z.Distance)},
	}
	if z.RarelyTrained > 0 || z.NeverPredicted > 0 {
		blocks = append(blocks, Text{Style: Note, Text: fmt.Sprintf("Left out: %d classes that training has too few rows of, and %d that are never predicted.",
			z.RarelyTrained, z.NeverPredicted)})
	}
	t := Table{Caption: "Classes, the most amplified first", Columns: []Column{
		{Title: "Class"}, {Title: "Toward"}, {Title: "In training", Number: true}, {Title: "Predicted", Number: true}, {Title: "Amplified by", Number: true},
	}}
	classes := slices.Clone(z.Classes)
	slices.SortStableFunc(classes, func(a, b amplify.Class) int { return descending(a.Difference.Value, b.Difference.Value) })
	for _, c := range classes {
		toward := c.Toward
		if toward == "" {
			toward = "none"
		}
		cell := difference(c.Difference)
		if c.Difference.Low == c.Difference.High { // only shares are known
			cell.Sub = ""
		}
		t.Rows = append(t.Rows, Row{Cells: []Cell{label(c.Name), label(toward), shareOf(c.Train, c.TrainN), shareOf(c.Predicted, c.PredictedN), cell}})
	}
	return append(blocks, t)
}

func descending(a, b float64) int {
	switch {
	case a > b || math.IsNaN(b) && !math.IsNaN(a):
		return -1
	case a < b || math.IsNaN(a) && !math.IsNaN(b):
		return 1
	}
	return 0
}

// shareOf is a share with the rows it is of, if they are known.
func shareOf(share float64, n int64) Cell {
	c := Cell{Text: percent(share), Sort: share}
	if n > 0 {
		c.Sub = "of " + count(n)
	}
	return c
}

func directionalBlocks(r *amplify.DirectionalResult) []Block {
	what := "Are tasks predicted more often for those whose attribute goes with them?"
	if r.Direction == "task to attribute" {
		what = "Are attributes predicted more often for those with a task that goes with them?"
	}
	blocks := []Block{
		Text{Text: what + " (Wang and Russakovsky, Directional Bias Amplification, 2021.)"},
		amplified(r.Mean, fmt.Sprintf(" over %d pairs (%s)", len(r.Pairs), minus(r.Mean.Value, 10))),
	}
	if r.Independent > 0 || r.Empty > 0 {
		blocks = append(blocks, Text{Style: Note, Text: fmt.Sprintf("%d pairs are exactly independent and count as zero; %d have no rows and do not count.",
			r.Independent, r.Empty)})
	}
	t := Table{Caption: "Pairs, the most amplified first", Columns: []Column{
		{Title: "Attribute"}, {Title: "Task"}, {Title: "Go together"}, {Title: "n", Number: true}, {Title: "True", Number: true},
		{Title: "Predicted", Number: true}, {Title: "Amplified by", Number: true},
	}}
	pairs := slices.Clone(r.Pairs)
	slices.SortStableFunc(pairs, func(a, b amplify.Pair) int { return descending(a.Amplification.Value, b.Amplification.Value) })
	for _, p := range pairs {
		together := "neither"
		switch {
		case p.Sign > 0:
			together = "more often"
		case p.Sign < 0:
			together = "less often"
		}
		t.Rows = append(t.Rows, Row{Cells: []Cell{label(p.Attribute), label(p.Task), label(together), number(p.N),
			{Text: percent(p.True), Sort: p.True}, {Text: percent(p.Predicted), Sort: p.Predicted}, difference(p.Amplification)}})
	}
	return append(blocks, t)
}
