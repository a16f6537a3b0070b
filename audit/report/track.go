package report

import (
	"fmt"
	"slices"

	"github.com/atelier-go/atelier/audit"
	"github.com/atelier-go/atelier/audit/track"
)

// Tracked is the report of an audit that was added to a log: the gates' verdicts, and what changed since the audit before.
// drift is nil where there was none.
func Tracked(entry track.Entry, before *track.Entry, verdicts []track.Verdict, drift *track.Drift) *Document {
	d := &Document{Title: "Audit of " + entry.Model + " in its log", Subtitle: fmt.Sprintf("%s, %s, %s", entry.Time.UTC().Format("2 January 2006 15:04 UTC"),
		entry.Source.Name, plural(entry.Source.Measured, "row", "rows"))}
	if len(verdicts) > 0 {
		d.Sections = append(d.Sections, Section{"gates", "Gates", gateBlocks(verdicts)})
	}
	if before == nil || drift == nil {
		d.Sections = append(d.Sections, Section{"drift", "Since the audit before", []Block{Text{Text: "This is the first audit in the log."}}})
		return d
	}
	d.Sections = append(d.Sections, Section{"drift", "Since the audit before", driftBlocks(*before, drift)})
	return d
}

// changedGroup names the group of a change.
func changedGroup(c track.Change) string {
	name := audit.Group{By: c.By, Values: c.Values}.Name()
	if len(c.By) > 0 {
		name = byName(c.By) + ": " + name
	}
	return name
}

func gateBlocks(verdicts []track.Verdict) []Block {
	var blocks []Block
	for _, v := range verdicts {
		style := Plain
		switch v.State {
		case track.Crossed:
			style = Finding
		case track.Passed:
			style = Quiet
		case track.Unsure, track.Unmeasured:
			style = Caution
		}
		blocks = append(blocks, Text{Style: style, Text: v.Text})
	}
	return blocks
}

func driftBlocks(before track.Entry, drift *track.Drift) []Block {
	alarms := 0
	t := Table{Caption: "What moved", Columns: []Column{
		{Title: "Group"}, {Title: "Metric"}, {Title: "Before", Number: true}, {Title: "Now", Number: true}, {Title: "Change", Number: true},
		{Title: "p, Holm", Number: true}, {Title: "Verdict"},
	}}
	changes := slices.DeleteFunc(slices.Clone(drift.Changes), func(c track.Change) bool { return !c.Moved && !c.Alarm })
	for _, c := range changes {
		verdict := "may be chance among so many"
		if c.Alarm {
			verdict = "moved"
			alarms++
		}
		t.Rows = append(t.Rows, Row{Small: c.Difference.Small, Cells: []Cell{label(changedGroup(c)), label(title(c.Metric)), rate(c.Before), rate(c.After),
			difference(c.Difference), {Text: probability(c.Holm), Sort: c.Holm}, label(verdict)}})
	}
	text := Text{Style: Quiet, Text: fmt.Sprintf("Nothing moved since %s that cannot be chance among %d rates.", before.Time.UTC().Format("2 January 2006"), len(drift.Changes))}
	if alarms > 0 {
		text = Text{Style: Finding, Text: fmt.Sprintf("%s of %d moved since %s.", plural(int64(alarms), "rate", "rates"), len(drift.Changes), before.Time.UTC().Format("2 January 2006"))}
	}
	blocks := []Block{text}
	if len(t.Rows) > 0 {
		blocks = append(blocks, t)
	}
	if len(drift.Appeared) > 0 {
		blocks = append(blocks, Text{Text: "New groups: " + enumerate(drift.Appeared) + "."})
	}
	if len(drift.Vanished) > 0 {
		blocks = append(blocks, Text{Text: "Groups that are gone: " + enumerate(drift.Vanished) + "."})
	}
	if len(drift.Notes) > 0 {
		blocks = append(blocks, List(drift.Notes))
	}
	return blocks
}
