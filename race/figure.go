package race

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/atelier-go/atelier/chart"
)

// maxBoards are as many as a picture has room for.
const maxBoards = 10

// labelled is how many of a board's standings have their names beside their results.
const labelled = 6

// Figure draws the boards of training: the scores of every entry over the hours of training, and over the cost of those
// that have a price, with the goal and the results. Both axes of time and cost are logarithmic.
func Figure(boards []Board) (chart.Figure, error) {
	f := chart.Figure{Title: "Time and cost to a goal"}
	count := 0
	for _, b := range boards {
		if b.Inference {
			continue
		}
		if count++; count > maxBoards {
			return f, fmt.Errorf("race: a picture has room for %d boards: give fewer folders, or one goal for all", maxBoards)
		}
		f.Panels = append(f.Panels, b.panel("hours of training", func(*Entry) float64 { return 1 }, hours))
		if p := b.panel("USD", func(e *Entry) float64 { return e.CostPerHour }, dollars); len(p.Lines) > 0 {
			f.Panels = append(f.Panels, p)
		}
	}
	if count == 0 {
		return f, errors.New("race: there is no training to draw")
	}
	return f, nil
}

// panel draws scores over hours times an entry's price; entries whose price is 0 are left out.
func (b Board) panel(unit string, price func(*Entry) float64, amount func(Standing) string) chart.Panel {
	p := chart.Panel{
		X: chart.Axis{Label: b.name() + ": " + unit, Log: true},
		Y: chart.Axis{Label: scoreLabel(b.Goal)},
	}
	low, high := math.Inf(1), math.Inf(-1)
	for _, s := range b.Standings {
		perHour := price(s.Entry)
		if perHour == 0 {
			continue
		}
		line, column := chart.Line{}, s.Entry.Progress.column(b.Goal.Column)
		for _, r := range s.Entry.Progress.Rows {
			if x := r.Hours * perHour; x > 0 {
				line.X, line.Y = append(line.X, x), append(line.Y, r.Scores[column])
				low, high = min(low, x), max(high, x)
			}
		}
		if len(line.X) == 0 {
			continue
		}
		p.Lines = append(p.Lines, line)
		if s.Reached && len(p.Marks) < labelled {
			p.Marks = append(p.Marks, chart.Mark{X: s.Seconds / 3600 * perHour, Y: s.Score, Label: s.Entry.Model + ", " + amount(s)})
		}
	}
	if len(p.Lines) > 0 {
		goal := chart.Line{Name: "goal: " + b.Goal.String(), X: []float64{low, high}, Y: []float64{b.Goal.Value, b.Goal.Value}, Dashed: true}
		p.Lines = append([]chart.Line{goal}, p.Lines...)
	}
	return p
}

func scoreLabel(g Goal) string {
	if percent(g.Column) {
		return g.Column + ", %"
	}
	return g.Column
}

// name is the board's in a few words.
func (b Board) name() string {
	kind := "training"
	if b.Inference {
		kind = "inference"
	}
	if b.Task != "" {
		kind = b.Task + " " + kind
	}
	switch {
	case strings.HasPrefix(b.Metric, "tta_"):
		kind += " with several views"
	case b.Metric != "":
		kind += " with averaged weights (" + b.Metric[:3] + ")"
	}
	return kind
}

// Title is what a board is about.
func (b Board) Title() string { return b.name() + " to " + b.Goal.String() }

func hours(s Standing) string   { return Duration(s.Seconds) }
func dollars(s Standing) string { return Dollars(s.Cost) }
