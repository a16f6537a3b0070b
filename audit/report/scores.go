package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/atelier-go/atelier/audit"
)

// scores are calibration and the area under the ROC curve.
func (r *auditReport) scores() []Block {
	var blocks []Block
	if len(r.AUC) > 0 {
		blocks = append(blocks, Text{Text: "The AUC is the chance that somebody positive has a higher score than somebody negative: 50% is guessing. It does not " +
			"depend on the threshold, and two groups with the same AUC may still have different error rates."}, r.areas())
	}
	if len(r.Calibration) > 0 {
		blocks = append(blocks, Text{Text: "A score is calibrated if, among those with the same score, the share of positives is the same for every group: then a " +
			"score means the same for everybody."})
	}
	for _, by := range r.columns() {
		if len(by) != 1 {
			continue
		}
		if c, ok := r.curve(by); ok {
			blocks = append(blocks, c, r.calibrationTable(by))
		}
	}
	return blocks
}

// areas has the AUC of every group.
func (r *auditReport) areas() Table {
	t := Table{Caption: "Area under the ROC curve", Columns: []Column{{Title: "Group"}, {Title: "n", Number: true}, {Title: "AUC", Number: true}}}
	coarse := slices.ContainsFunc(r.AUC, func(a audit.AUC) bool { return a.Resolution > 0 })
	if coarse {
		t.Columns = append(t.Columns, Column{Title: "Resolution", Number: true})
	}
	for _, a := range r.AUC {
		name := audit.Group{By: a.By, Values: a.Values}.Name()
		row := Row{Small: a.Value.Small, Cells: []Cell{label(name), number(int64(math.Round(a.Value.N))), estimate(a.Value, decimals)}}
		if coarse {
			row.Cells = append(row.Cells, Cell{Text: "±" + minus(a.Resolution, 4), Sort: a.Resolution})
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func decimals(x float64) string { return minus(x, 3) }

// mostCurves are how many groups a calibration chart shows, the largest.
const mostCurves = 4

// curve draws the calibration of the largest groups of a column that are not small.
func (r *auditReport) curve(by []string) (Curve, bool) {
	var all []audit.Calibration
	for _, g := range r.bySize(by) {
		if g.Small || len(all) == mostCurves {
			continue
		}
		for _, c := range r.Calibration {
			if slices.Equal(c.By, by) && slices.Equal(c.Values, g.Values) {
				all = append(all, c)
			}
		}
	}
	if len(all) == 0 {
		return Curve{}, false
	}
	low, high := math.Inf(1), math.Inf(-1)
	for _, c := range all {
		for _, b := range c.Bins {
			low, high = math.Min(low, b.Score), math.Max(high, b.Score)
		}
	}
	if !(high > low) { // a score that is constant has nothing to draw
		return Curve{}, false
	}
	c := Curve{Title: "Calibration by " + byName(by), Y: "share of positives", X: "score", XLow: low, XHigh: high,
		Caption: "How often people with a score were positive, with intervals."}
	if low >= 0 && high <= 1 {
		c.XLow, c.XHigh, c.Diagonal = 0, 1, "a score that is the probability itself."
	}
	for _, calibration := range all {
		line := CurveLine{Label: audit.Group{Values: calibration.Values}.Name()}
		for _, b := range calibration.Bins {
			if b.N == 0 {
				continue
			}
			line.X, line.Y = append(line.X, b.Score), append(line.Y, b.Rate.Value)
			line.Low, line.High = append(line.Low, b.Rate.Low), append(line.High, b.Rate.High)
		}
		c.Lines = append(c.Lines, line)
	}
	return c, true
}

// calibrationTable has the share of positives for every range of scores and group.
func (r *auditReport) calibrationTable(by []string) Table {
	t := Table{Caption: "Share of positives by score and " + byName(by), Columns: []Column{{Title: byName(by)}, {Title: "Score", Number: true},
		{Title: "n", Number: true}, {Title: "Positive", Number: true}}}
	var errs []string
	for _, c := range r.Calibration {
		if !slices.Equal(c.By, by) {
			continue
		}
		name := audit.Group{By: c.By, Values: c.Values}.Name()
		for _, b := range c.Bins {
			span := trim(b.From)
			if b.To != b.From {
				span += " to " + trim(b.To)
			}
			t.Rows = append(t.Rows, Row{Small: b.Rate.Small, Cells: []Cell{label(name), {Text: span, Sort: b.Score}, number(b.N), rate(b.Rate)}})
		}
		if c.Error != nil {
			errs = append(errs, fmt.Sprintf("%s %s", name, minus(*c.Error, 3)))
		}
	}
	if len(errs) > 0 {
		t.Notes = append(t.Notes, "Expected calibration error: "+strings.Join(errs, ", ")+".")
	}
	return t
}
