package probe

import (
	"context"
	"fmt"
	"slices"

	"github.com/atelier-go/atelier/audit"
	"github.com/atelier-go/atelier/audit/stat"
)

// Options says how sure intervals are.
type Options struct {
	Conf float64 // in (0, 1); 0 means 0.95
}

// Result is what a suite found.
type Result struct {
	Contrast string `json:"contrast"`
	// Inputs are all sentences, Frames those that differ in more than the contrast.
	Inputs int `json:"inputs"`
	Frames int `json:"frames"`
	// Outcomes are those that occurred, in the order of the suite, else of the alphabet.
	Outcomes []string `json:"outcomes"`
	// Values has a row for each value of the contrast, Slots a table for each other slot.
	Values []Row   `json:"values"`
	Slots  []Table `json:"slots,omitempty"`
	// Changed is the share of frames in which not all values of the contrast have the same outcome.
	Changed audit.Estimate `json:"changed"`
	// Pairs compares each value of the contrast with each other.
	Pairs []Pair `json:"pairs"`
	// Unexpected is the share of sentences whose outcome is not the expected one: the round-trip flips of a translator.
	// Nil if nothing is expected.
	Unexpected *audit.Estimate `json:"unexpected,omitempty"`
	Items      []*Item         `json:"items"`
}

// A Table has a row for each value of a slot.
type Table struct {
	Slot string `json:"slot"`
	Rows []Row  `json:"rows"`
}

// A Row is the outcomes of the sentences that have one value of a slot.
type Row struct {
	Value string `json:"value"`
	N     int    `json:"n"`
	// Shares are those of the result's outcomes, in their order.
	Shares []audit.Estimate `json:"shares"`
	// Changed is as in [Result], of the frames with this value; nil in the rows of the contrast.
	Changed *audit.Estimate `json:"changed,omitempty"`
	// Unexpected is as in [Result].
	Unexpected *audit.Estimate `json:"unexpected,omitempty"`
	// Reference is the known share of the suite's reference outcome, and Departs whether the interval of the share found
	// leaves it out.
	Reference *float64 `json:"reference,omitempty"`
	Departs   bool     `json:"departs,omitempty"`
}

// A Pair compares the answers for two values of the contrast, frame by frame.
type Pair struct {
	A       string         `json:"a"`
	B       string         `json:"b"`
	Changed audit.Estimate `json:"changed"` // the share of frames with different outcomes
	Tests   []Test         `json:"tests"`   // one for each outcome that one of the two has
	// Score is the mean of B's number less A's, with Student's interval; nil unless answers are numbers.
	Score *audit.Estimate `json:"score,omitempty"`
}

// A Test asks whether an outcome is as frequent for both values of a [Pair].
type Test struct {
	Outcome string `json:"outcome"`
	// Both, OnlyA, OnlyB and Neither count the frames where the outcome is that of both values, of one, of none.
	Both    int `json:"both"`
	OnlyA   int `json:"only_a"`
	OnlyB   int `json:"only_b"`
	Neither int `json:"neither"`
	// Difference is the share of B less that of A, with the interval of Bonett and Price for pairs.
	Difference audit.Estimate `json:"difference"`
	P          float64        `json:"p"`    // McNemar's exact test
	Holm       float64        `json:"holm"` // P adjusted for all tests of the result
}

// Run sends the suite's sentences to p in one call and sums up its answers.
func (s *Suite) Run(ctx context.Context, p Predictor, o Options) (*Result, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	if o.Conf == 0 {
		o.Conf = 0.95
	}
	if !(o.Conf > 0 && o.Conf < 1) {
		return nil, fmt.Errorf("probe: Conf = %v, want in (0, 1)", o.Conf)
	}
	frames, err := s.expand()
	if err != nil {
		return nil, err
	}
	items := slices.Concat(frames...)
	inputs := make([]string, len(items))
	for i, it := range items {
		inputs[i] = it.Input
	}
	outputs, err := p.Predict(ctx, inputs)
	if err == nil {
		err = complete(inputs, outputs)
	}
	if err != nil {
		return nil, err
	}
	lexicon := s.lexicon()
	for i, it := range items {
		it.Output = outputs[i]
		if err := s.sort(it, lexicon); err != nil {
			return nil, err
		}
	}
	return s.sum(frames, items, o.Conf), nil
}

// sum makes the tables of answers that are sorted.
func (s *Suite) sum(frames []frame, items []*Item, conf float64) *Result {
	r := &Result{Contrast: s.Contrast, Inputs: len(items), Frames: len(frames), Outcomes: s.occurring(items), Items: items,
		Changed: changed(frames, conf), Unexpected: s.unexpected(items, conf)}
	for slot := range s.Slots {
		var rows []Row
		for v := range s.Slots[slot].Values {
			rows = append(rows, s.row(r.Outcomes, frames, slot, v, conf))
		}
		if s.Slots[slot].Name == s.Contrast {
			r.Values = rows
		} else {
			r.Slots = append(r.Slots, Table{s.Slots[slot].Name, rows})
		}
	}
	values := s.Slots[s.slot(s.Contrast)].Values
	var p []float64
	for a := range values {
		for b := a + 1; b < len(values); b++ {
			pair := s.pair(r.Outcomes, frames, a, b, conf)
			for _, t := range pair.Tests {
				p = append(p, t.P)
			}
			r.Pairs = append(r.Pairs, pair)
		}
	}
	adjusted := stat.Holm(p)
	for i := range r.Pairs {
		for j := range r.Pairs[i].Tests {
			r.Pairs[i].Tests[j].Holm, adjusted = adjusted[0], adjusted[1:]
		}
	}
	return r
}

// occurring lists the outcomes of the items.
func (s *Suite) occurring(items []*Item) (outcomes []string) {
	found := map[string]bool{}
	for _, it := range items {
		found[it.Outcome] = true
	}
	named := []string{Positive, Negative}
	if s.Threshold == nil {
		named = nil
		for _, o := range s.Outcomes {
			named = append(named, o.Name)
		}
	}
	for _, name := range named {
		if found[name] {
			outcomes = append(outcomes, name)
			delete(found, name)
		}
	}
	var rest []string
	for name := range found {
		rest = append(rest, name)
	}
	slices.Sort(rest)
	return append(outcomes, rest...)
}

// row sums up the sentences with one value of a slot.
func (s *Suite) row(outcomes []string, frames []frame, slot, value int, conf float64) Row {
	row := Row{Value: s.Slots[slot].Values[value].Name}
	var items []*Item
	var with []frame
	for _, f := range frames {
		before := len(items)
		for _, it := range f {
			if it.values[slot] == value {
				items = append(items, it)
			}
		}
		if len(items) > before {
			with = append(with, f)
		}
	}
	row.N = len(items)
	for _, outcome := range outcomes {
		k := 0
		for _, it := range items {
			if it.Outcome == outcome {
				k++
			}
		}
		row.Shares = append(row.Shares, wilson(outcome, k, len(items), conf))
	}
	row.Unexpected = s.unexpected(items, conf)
	if s.Slots[slot].Name != s.Contrast {
		c := changed(with, conf)
		row.Changed = &c
	}
	if r := s.Reference; r != nil && r.Slot == s.Slots[slot].Name {
		if share, known := r.Shares[row.Value]; known {
			k := 0
			for _, it := range items {
				if it.Outcome == r.Outcome {
					k++
				}
			}
			e := wilson(r.Outcome, k, len(items), conf)
			row.Reference, row.Departs = &share, share < e.Low || share > e.High
		}
	}
	return row
}

// unexpected is the share of items whose outcome is not the one that their value of the contrast should have; nil if
// none of them should have any.
func (s *Suite) unexpected(items []*Item, conf float64) *audit.Estimate {
	k, n := 0, 0
	for _, it := range items {
		if want, known := s.Expect[it.Values[s.Contrast]]; known {
			n++
			if it.Outcome != want {
				k++
			}
		}
	}
	if n == 0 {
		return nil
	}
	e := wilson("unexpected", k, n, conf)
	return &e
}

func changed(frames []frame, conf float64) audit.Estimate {
	k := 0
	for _, f := range frames {
		if slices.ContainsFunc(f, func(it *Item) bool { return it.Outcome != f[0].Outcome }) {
			k++
		}
	}
	return wilson("changed", k, len(frames), conf)
}

func wilson(metric string, k, n int, conf float64) audit.Estimate {
	low, high := stat.Wilson(float64(k), float64(n), conf)
	return audit.Estimate{Metric: metric, Value: float64(k) / float64(n), Low: low, High: high, Method: "wilson",
		K: float64(k), N: float64(n)}
}

// pair compares the values a and b of the contrast.
func (s *Suite) pair(outcomes []string, frames []frame, a, b int, conf float64) Pair {
	values := s.Slots[s.slot(s.Contrast)].Values
	pair := Pair{A: values[a].Name, B: values[b].Name}
	k := 0
	var scores []float64
	for _, f := range frames {
		if f[a].Outcome != f[b].Outcome {
			k++
		}
		scores = append(scores, f[b].score-f[a].score)
	}
	pair.Changed = wilson("changed", k, len(frames), conf)
	for _, outcome := range outcomes {
		t := test(outcome, frames, a, b, conf)
		if t.Neither < len(frames) {
			pair.Tests = append(pair.Tests, t)
		}
	}
	if s.Threshold != nil {
		low, high := stat.Student(scores, conf)
		pair.Score = &audit.Estimate{Metric: "score", Value: mean(scores), Low: low, High: high, Method: "student",
			N: float64(len(scores))}
	}
	return pair
}

func test(outcome string, frames []frame, a, b int, conf float64) Test {
	t := Test{Outcome: outcome}
	for _, f := range frames {
		switch inA, inB := f[a].Outcome == outcome, f[b].Outcome == outcome; {
		case inA && inB:
			t.Both++
		case inA:
			t.OnlyA++
		case inB:
			t.OnlyB++
		default:
			t.Neither++
		}
	}
	n := len(frames)
	low, high := stat.BonettPrice(int64(t.OnlyB), int64(t.OnlyA), int64(n), conf)
	t.Difference = audit.Estimate{Metric: outcome, Value: float64(t.OnlyB-t.OnlyA) / float64(n), Low: low, High: high,
		Method: "bonett-price", N: float64(n)}
	t.P = stat.McNemar(int64(t.OnlyA), int64(t.OnlyB))
	return t
}

func mean(x []float64) (m float64) {
	for _, v := range x {
		m += v / float64(len(x))
	}
	return m
}
