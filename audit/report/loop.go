package report

import (
	"fmt"
	"math"

	"github.com/atelier-go/atelier/audit/loop"
)

// Loop is the report of a feedback loop: where it goes by formula, and where the simulated runs went.
func Loop(title string, r *loop.Result) *Document {
	last := len(r.Days) - 1
	found := []Block{Text{Style: loopStyle(r), Text: r.Limit.Note}}
	if last >= 0 {
		found = append(found, Text{Text: fmt.Sprintf("%s runs of %s each (seed %d). In the band are %s of the runs.", count(int64(r.Runs)),
			plural(int64(r.Days[last]), "day", "days"), r.Seed, percent0(r.Conf))})
	}
	return &Document{Title: title, Subtitle: "What becomes of a system that learns from its own decisions", Sections: []Section{
		{"found", "Where it ends", append(found, loopTable(r))},
		{"time", "Over time", []Block{loopCurve(r), timeTable(r)}},
		{"limits", "What this cannot tell", []Block{List{
			"It is a model: rates do not change, nobody moves, and incidents do not depend on patrols or recommendations.",
			"A limit may be far away. Shares after any number of days you care about are those of the runs, not those of the formula.",
		}}},
	}}
}

// loopStyle marks limits that differ from the true shares by more than a point, and those that are left to chance.
func loopStyle(r *loop.Result) Style {
	if len(r.Limit.Shares) != len(r.Series) {
		return Finding
	}
	for i, s := range r.Series {
		if math.Abs(r.Limit.Shares[i]-s.TrueShare) > 0.01 {
			return Finding
		}
	}
	return Quiet
}

func loopTable(r *loop.Result) Table {
	t := Table{Caption: "Shares at the end", Columns: []Column{
		{Title: "Name"}, {Title: "True share", Number: true}, {Title: "Limit by formula", Number: true},
		{Title: "Mean of the runs", Explain: "with the band that holds most runs", Number: true}, {Title: "Standard deviation", Number: true},
	}}
	for i, s := range r.Series {
		limit := Cell{Text: "by chance", Sort: math.NaN()}
		if i < len(r.Limit.Shares) {
			limit = Cell{Text: minus(r.Limit.Shares[i], 5), Sort: r.Limit.Shares[i]}
		}
		at := len(s.Mean) - 1
		t.Rows = append(t.Rows, Row{Cells: []Cell{label(s.Name), {Text: minus(s.TrueShare, 5), Sort: s.TrueShare}, limit,
			{Text: minus(s.Mean[at], 5), Sub: interval(s.Low[at], s.High[at], decimals), Sort: s.Mean[at]}, {Text: minus(s.SD, 5), Sort: s.SD}}})
	}
	return t
}

// timeTable has the means at about ten of the days.
func timeTable(r *loop.Result) Table {
	t := Table{Caption: "Mean share after some days", Columns: []Column{{Title: "Day", Number: true}}}
	for _, s := range r.Series {
		t.Columns = append(t.Columns, Column{Title: s.Name, Number: true})
	}
	step := max(1, (len(r.Days)-1+9)/10)
	for i := 0; i < len(r.Days); i += step {
		row := Row{Cells: []Cell{number(int64(r.Days[i]))}}
		for _, s := range r.Series {
			row.Cells = append(row.Cells, Cell{Text: decimals(s.Mean[i]), Sub: interval(s.Low[i], s.High[i], decimals), Sort: s.Mean[i]})
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// loopCurve draws the mean shares with their bands.
func loopCurve(r *loop.Result) Curve {
	last := len(r.Days) - 1
	c := Curve{Title: "Shares over time", X: "day", Y: "share", XLow: float64(r.Days[0]), XHigh: float64(max(r.Days[last], r.Days[0]+1)),
		Caption: fmt.Sprintf("Means of the runs; in the bars are %s of them.", percent0(r.Conf))}
	step := max(1, last/20)
	for _, s := range r.Series {
		line := CurveLine{Label: s.Name}
		for i := 0; i <= last; i += step {
			line.X, line.Y = append(line.X, float64(r.Days[i])), append(line.Y, s.Mean[i])
			line.Low, line.High = append(line.Low, s.Low[i]), append(line.High, s.High[i])
		}
		c.Lines = append(c.Lines, line)
	}
	return c
}
