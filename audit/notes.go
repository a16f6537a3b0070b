package audit

import (
	"fmt"
	"strings"

	"github.com/atelier-go/atelier/audit/table"
)

// notes says in words what readers of the numbers must know.
func (f *found) notes(a *Audit, counts *table.Counts) []Note {
	var notes []Note
	say := func(kind, format string, args ...any) {
		notes = append(notes, Note{kind, fmt.Sprintf(format, args...)})
	}
	for _, g := range a.Gaps {
		if g.Metric == "error" && g.Worst != "" {
			f.sayGap(say, g)
		}
	}
	if len(a.Missing) > 0 {
		m := a.Missing[0]
		say("data", "Of %d rows, %d have no label and %d no prediction; they are not measured.", m.Rows, m.Label, m.Prediction)
	}
	if len(counts.Twins) > 0 {
		say("data", "The file has several columns named %s, with equal values in every row.", strings.Join(counts.Twins, ", "))
	}
	for i, class := range a.Classes {
		var of int64
		for _, n := range a.Overall.Matrix[i] {
			of += n
		}
		if of == 0 {
			say("odd", "No measured row has the label %s: rates that condition on it are undefined.", class)
		}
	}
	if f.bins == nil && len(a.Classes) > 1 {
		if class := only(a.Overall.Matrix); class >= 0 {
			say("odd", "Every prediction is %s: the model does not tell rows apart.", a.Classes[class])
		}
	}
	if len(f.bins) == 1 && f.bins[0].From == f.bins[0].To {
		say("odd", "Every score is %g: the model does not tell rows apart.", f.bins[0].From)
	}
	for _, u := range a.AUC {
		if len(u.By) == 0 && u.Resolution > 0 {
			say("limit", "Scores have so many values that they are counted in ranges: an area under the curve may be off by up to %.2g. Rates at thresholds are exact.", u.Resolution)
		}
	}
	var small []string
	for _, g := range a.Groups {
		if g.Small {
			small = append(small, fmt.Sprintf("%s (%d)", g.Name(), g.N))
		}
	}
	if len(small) > 0 {
		say("limit", "Fewer than %d rows: %s. What is said of them is marked, and they are never the worst or best group.", f.MinN, strings.Join(small, ", "))
	}
	say("limit", "Labels are taken as true. Where they were recorded differently for different groups, no rate shows it.")
	return notes
}

// only returns the class that all rows are predicted to be, or -1.
func only(matrix [][]int64) int {
	class := -1
	for _, row := range matrix {
		for i, n := range row {
			if n > 0 && class >= 0 && class != i {
				return -1
			} else if n > 0 {
				class = i
			}
		}
	}
	return class
}

func (f *found) sayGap(say func(kind, format string, args ...any), g Gap) {
	by := strings.Join(g.By, " and ")
	level := fmt.Sprintf("%g%%", 100*f.Confidence)
	switch {
	case g.Difference.Value == 0:
		say("finding", "By %s, all groups have the same error rate.", by)
	case g.Null.P != g.Null.P:
		say("finding", "By %s, %s has the highest error rate and %s the lowest: %.1f points apart (%s interval %.1f to %.1f).",
			by, g.Worst, g.Best, 100*g.Difference.Value, level, 100*g.Difference.Low, 100*g.Difference.High)
	case g.Null.P <= 1-f.Confidence:
		say("finding", "By %s, %s has the highest error rate and %s the lowest: %.1f points apart, more than chance explains (p = %.2g).",
			by, g.Worst, g.Best, 100*g.Difference.Value, g.Null.P)
	default:
		say("finding", "By %s, error rates are %.1f points apart, which may be chance (p = %.2g).", by, 100*g.Difference.Value, g.Null.P)
	}
}
