// Package track keeps the audits of a model over time, says what changed between them, and fails a build when a limit is
// crossed with confidence.
//
//	entry, err := track.FromAudit(found, "model-7", time.Now())
//	previous, err := track.Append("audits.jsonl", entry)
//	gate, err := track.ParseGate("fpr.gap@race>0.1")
//	verdict, err := gate.Check(entry, previous, track.Options{})
//	if verdict.State == track.Crossed { os.Exit(1) }
//
// The log is a file of JSON lines that is only ever appended to. An entry has the counts that an audit rests on, not only
// its rates, so that the history can be asked for any other rate later; they are few whatever the number of rows. Each line
// has a hash of itself and the line before: [Read] notices an entry that was changed, removed or put in between.
//
// Rates have Wilson's intervals, differences Newcombe's, ratios Katz's. Where several comparisons are made, an alarm
// keeps to the confidence for all of them together (Holm for [Compare], Bonferroni for [Gate.Check]).
package track
