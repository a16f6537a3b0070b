package track

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/atelier-go/atelier/audit"
	"github.com/atelier-go/atelier/audit/stat"
)

// compas is an audit with the published cells of ProPublica's analysis.
func compas() *audit.Audit {
	group := func(race string, tn, fp, fn, tp int64) audit.Group {
		g := audit.Group{Confusion: &audit.Confusion{TN: tn, FP: fp, FN: fn, TP: tp}}
		if race != "" {
			g.By, g.Values = []string{"race"}, []string{race}
		}
		return g
	}
	return &audit.Audit{
		Source:   audit.Source{Name: "compas.csv", Rows: 7214, Measured: 7214, SHA256: "11"},
		Settings: audit.Settings{Label: "recid", Score: "score", Threshold: 5, Groups: []string{"race"}, MinN: 30},
		Classes:  []string{"0", "1"},
		Overall:  group("", 2681, 1282, 1216, 2035),
		Groups: []audit.Group{group("African-American", 990, 805, 532, 1369), group("Caucasian", 1139, 349, 461, 505),
			group("Native American", 5, 3, 1, 9)},
	}
}

func entry(t *testing.T) Entry {
	t.Helper()
	e, err := FromAudit(compas(), "decile", time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// scaled has n times the rows.
func scaled(e Entry, n int64) Entry {
	cells := append([]Cell(nil), e.Cells...)
	for i, c := range cells {
		f := c.Confusion
		cells[i].Confusion = audit.Confusion{TN: n * f.TN, FP: n * f.FP, FN: n * f.FN, TP: n * f.TP}
	}
	e.Cells = cells
	return e
}

func TestLogKeepsEntries(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audits.jsonl")
	first := entry(t)
	if previous, err := Append(path, first); err != nil || previous != nil {
		t.Fatalf("first: previous %v, error %v", previous, err)
	}
	second := scaled(first, 2)
	second.Time = second.Time.Add(time.Hour)
	previous, err := Append(path, second)
	if err != nil || !reflect.DeepEqual(*previous, first) {
		t.Fatalf("second: previous %+v, error %v, want the first entry", previous, err)
	}
	entries, err := Read(path)
	if err != nil || !reflect.DeepEqual(entries, []Entry{first, second}) {
		t.Fatalf("entries %+v, error %v", entries, err)
	}
	points, err := Trend(entries, "fpr", []string{"race"}, []string{"Caucasian"}, 0)
	if err != nil || len(points) != 2 || math.Abs(points[0].Rate.Value-349./1488) > 1e-15 || points[1].Rate.N != 2976 {
		t.Errorf("trend %+v, error %v", points, err)
	}
	if _, err := Trend(entries, "wrongness", nil, nil, 0); err == nil {
		t.Error("a trend of an unknown metric")
	}
}

func TestLogNoticesTampering(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audits.jsonl")
	for range 3 {
		if _, err := Append(path, entry(t)); err != nil {
			t.Fatal(err)
		}
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(whole), "\n")
	for want, text := range map[string]string{
		"line 2 has a wrong hash": lines[0] + strings.Replace(lines[1], "805", "705", 1) + lines[2],
		"line 2 has":              lines[0] + lines[2],
		"line 1 has":              lines[1] + lines[2],
		"line 4 has":              string(whole) + lines[1],
		"line 3 is cut short":     strings.TrimSuffix(string(whole), "}\n"),
		"line 1 is no entry":      "{\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
		if _, err := Append(path, entry(t)); err == nil {
			t.Errorf("%s: appended all the same", want)
		}
		if after, _ := os.ReadFile(path); string(after) != text {
			t.Errorf("%s: the log was changed", want)
		}
	}
	if _, err := Read(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a log that does not exist is read")
	}
}

func TestManyAppendAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audits.jsonl")
	e := entry(t)
	var wg sync.WaitGroup
	for range 12 {
		wg.Go(func() {
			if _, err := Append(path, e); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if entries, err := Read(path); err != nil || len(entries) != 12 {
		t.Errorf("%d entries, error %v, want 12", len(entries), err)
	}
}

func TestOnlyPlainAuditsAreTracked(t *testing.T) {
	weighted, many := compas(), compas()
	weighted.Settings.Weight = "w"
	many.Groups[0].Confusion = nil
	for _, a := range []*audit.Audit{weighted, many} {
		if _, err := FromAudit(a, "m", time.Now()); err == nil {
			t.Error("an audit whose rates do not follow from counts is tracked")
		}
	}
	if _, err := FromAudit(compas(), "", time.Now()); err == nil {
		t.Error("a model without a name is tracked")
	}
	if _, err := Append(filepath.Join(t.TempDir(), "x"), Entry{}); err == nil {
		t.Error("an empty entry is appended")
	}
}

func TestCompareFindsWhatChanged(t *testing.T) {
	before, after := entry(t), entry(t)
	after.Source.SHA256, after.Settings.Threshold = "22", 8
	after.Cells = append([]Cell(nil), after.Cells...)
	after.Cells[2].Confusion = audit.Confusion{TN: 1407, FP: 81, FN: 771, TP: 195} // Caucasian at decile 8
	after.Cells[3].Values = []string{"Asian"}
	d, err := Compare(before, after, []string{"fpr", "recall"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Changes) != 6 || len(d.Appeared) != 1 || d.Appeared[0] != "race: Asian" || d.Vanished[0] != "race: Native American" {
		t.Fatalf("%+v", d)
	}
	for _, c := range d.Changes {
		caucasian := len(c.Values) == 1 && c.Values[0] == "Caucasian"
		if c.Alarm != caucasian || c.Moved != caucasian {
			t.Errorf("%v %s: moved %v, alarm %v", c.Values, c.Metric, c.Moved, c.Alarm)
		}
		low, high := stat.Newcombe(c.After.K, c.After.N, c.Before.K, c.Before.N, .95)
		if c.Difference.Low != low || c.Difference.High != high || c.Difference.Value != c.After.Value-c.Before.Value {
			t.Errorf("%v %s: difference %+v", c.Values, c.Metric, c.Difference)
		}
	}
	if len(d.Notes) != 1 || !strings.Contains(d.Notes[0], "threshold changed from 5 to 8") {
		t.Errorf("notes %q", d.Notes)
	}
	if d, err = Compare(before, before, nil, Options{}); err != nil || !strings.Contains(d.Notes[0], "same file") {
		t.Errorf("the same audit twice: notes %v, error %v", d, err)
	}
	if _, err := json.Marshal(d); err != nil {
		t.Error(err)
	}
	if _, err := Compare(before, after, []string{"no"}, Options{}); err == nil {
		t.Error("an unknown metric is compared")
	}
}

func TestGatesParse(t *testing.T) {
	for text, want := range map[string]Gate{
		"fpr.gap>0.1":                {Metric: "fpr", Statistic: "gap", Limit: .1},
		" recall.min@race, sex < .5": {Metric: "tpr", Statistic: "min", By: []string{"race", "sex"}, Below: true, Limit: .5},
		"accuracy<0.8":               {Metric: "accuracy", Below: true, Limit: .8},
		"selection_rate.ratio>1.25":  {Metric: "selection_rate", Statistic: "ratio", Limit: 1.25},
		"fnr.drift@race>5e-2":        {Metric: "fnr", Statistic: "drift", By: []string{"race"}, Limit: .05},
	} {
		want.Text = strings.TrimSpace(text)
		if got, err := ParseGate(text); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v, error %v, want %+v", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"":                    "want METRIC",
		"fpr":                 "want METRIC",
		"fpr.gap=0.1":         "want METRIC",
		"fpr.gap>=0.1":        "want METRIC",
		"fpr.gap>0.1>0.2":     "want METRIC",
		"fprr.gap>0.1":        `no metric "fprr"; there are error, accuracy, fpr`,
		"fpr.gaps>0.1":        `no statistic "gaps"`,
		"fpr.gap<0.1":         "the other way",
		"fpr.min>0.1":         "the other way",
		"fpr.gap>ten":         `limit "ten"`,
		"fpr.gap>NaN":         "want a number",
		"fpr.gap>10":          "in [0, 1]",
		"fpr.ratio>0.8":       "in [1, +Inf]",
		"fpr.ratio>Inf":       "want a number",
		"fpr@race>0.1":        "say .max or .min",
		"fpr.gap@race,>0.1":   "empty or named twice",
		"fpr.gap@sex,sex>0.1": "empty or named twice",
	} {
		if _, err := ParseGate(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}

func check(t *testing.T, gate string, e Entry, previous *Entry) Verdict {
	t.Helper()
	g, err := ParseGate(gate)
	if err != nil {
		t.Fatal(err)
	}
	v, err := g.Check(e, previous, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if v.Text == "" {
		t.Errorf("%s: no sentence", gate)
	}
	if _, err := json.Marshal(v); err != nil {
		t.Error(err)
	}
	return v
}

func TestGatesNeedConfidence(t *testing.T) {
	e := entry(t)
	for gate, want := range map[string]State{
		"fpr.gap>0.1":    Crossed, // 0.214 [0.182, 0.245]
		"fpr.gap>0.2":    Unsure,
		"fpr.gap>0.3":    Passed,
		"fpr.ratio>1.25": Crossed, // 1.91 [1.72, 2.12]
		"fpr.ratio>1.8":  Unsure,
		"fpr.ratio>2":    Passed,
		"fnr.max>0.4":    Crossed, // 0.477
		"fnr.max>0.47":   Unsure,
		"tpr.min<0.6":    Crossed, // 0.523
		"accuracy<0.7":   Crossed, // 0.654
		"accuracy<0.6":   Passed,
		"fpr.drift>0.01": Unmeasured,
	} {
		if v := check(t, gate, e, nil); v.State != want {
			t.Errorf("%s: %s, want %s: %s", gate, v.State, want, v.Text)
		}
	}
	v := check(t, "fpr.gap>0.1", e, nil)
	if v.Where != "race: African-American against Caucasian" || v.Comparisons != 1 {
		t.Errorf("%+v, want the two large groups compared once: the third has 8 negatives", v)
	}
	low, high := stat.Newcombe(805, 1795, 349, 1488, .95)
	if v.Estimate.Low != low || v.Estimate.High != high {
		t.Errorf("interval [%v, %v], want [%v, %v]", v.Estimate.Low, v.Estimate.High, low, high)
	}
	e.Settings.MinN = 0
	if v := check(t, "fpr.gap>0.1", e, nil); v.Comparisons != 3 || v.State != Crossed {
		t.Errorf("%+v, want three comparisons", v)
	}
	e.Settings.MinN = 1000000
	if v := check(t, "fpr.gap>0.1", e, nil); v.State != Unmeasured || !strings.Contains(v.Text, "too few") {
		t.Errorf("%+v, want nothing to compare", v)
	}
	g, _ := ParseGate("fpr.gap@sex>0.1")
	if _, err := g.Check(e, nil, Options{}); err == nil || !strings.Contains(err.Error(), `no groups by sex; it has ["race"]`) {
		t.Errorf("error %v, want one that names the groups there are", err)
	}
}

func TestDriftGate(t *testing.T) {
	before, after := entry(t), entry(t)
	if v := check(t, "fpr.drift>0.05", after, &before); v.State != Passed || v.Estimate.Value != 0 || v.Comparisons != 3 {
		t.Errorf("no change: %+v", v)
	}
	after.Cells = append([]Cell(nil), after.Cells...)
	after.Cells[2].Confusion = audit.Confusion{TN: 1407, FP: 81, FN: 771, TP: 195}
	if v := check(t, "fpr.drift>0.05", after, &before); v.State != Crossed || v.Where != "race: Caucasian" {
		t.Errorf("fewer false positives: %+v, want the fall to count", v)
	}
}

// Groups that have no errors at all are alike; one that has some against one that has none has no upper bound.
func TestRatioOfZeros(t *testing.T) {
	e := entry(t)
	e.Cells = []Cell{e.Cells[0], {By: []string{"g"}, Values: []string{"a"}, Confusion: audit.Confusion{TN: 100}},
		{By: []string{"g"}, Values: []string{"b"}, Confusion: audit.Confusion{TN: 100}}}
	if v := check(t, "fpr.ratio>1.2", e, nil); v.State != Passed || v.Estimate.Value != 1 {
		t.Errorf("%+v, want the groups to be alike", v)
	}
	e.Cells[2].Confusion = audit.Confusion{TN: 50, FP: 50}
	if v := check(t, "fpr.ratio>1.2", e, nil); v.State != Crossed || !math.IsInf(v.Estimate.Value, 1) {
		t.Errorf("%+v, want a crossed gate", v)
	}
}

// Where all groups have the rate of the limit's null, a gate is crossed in few audits, though ten groups make 45 pairs.
func TestGatesAreRarelyCrossedByChance(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	g, err := ParseGate("error.gap>0")
	if err != nil {
		t.Fatal(err)
	}
	crossed := 0
	const trials = 400
	for range trials {
		e := Entry{Cells: []Cell{{}}}
		for i := range 10 {
			wrong := stat.Binomial(rng, 500, .2)
			e.Cells = append(e.Cells, Cell{By: []string{"g"}, Values: []string{string(rune('a' + i))},
				Confusion: audit.Confusion{TN: 500 - wrong, FP: wrong}})
		}
		v, err := g.Check(e, nil, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if v.State == Crossed {
			crossed++
		}
	}
	if share := float64(crossed) / trials; share > .07 || share == 0 {
		t.Errorf("crossed in %v of audits without a gap, want at most 0.05 and not never", share)
	}
}

func FuzzParseGate(f *testing.F) {
	for _, text := range []string{"fpr.gap@race,sex>0.1", "accuracy<.8", "tpr.min < 1", "x.y@z>1"} {
		f.Add(text)
	}
	e := Entry{Cells: []Cell{{Confusion: audit.Confusion{TN: 5, FP: 5, FN: 5, TP: 5}},
		{By: []string{"race"}, Values: []string{"a"}, Confusion: audit.Confusion{TN: 5, TP: 5}},
		{By: []string{"race"}, Values: []string{"b"}, Confusion: audit.Confusion{FP: 5, FN: 5}}}}
	f.Fuzz(func(t *testing.T, text string) {
		g, err := ParseGate(text)
		if err != nil {
			return
		}
		again, err := ParseGate(g.Text)
		if err != nil || !reflect.DeepEqual(again, g) {
			t.Fatalf("%q parses to %+v, and then to %+v, error %v", text, g, again, err)
		}
		if v, err := g.Check(e, &e, Options{}); err == nil && v.State == "" {
			t.Fatalf("%q: no state", text)
		}
	})
}

// Whatever the log has in it, reading it fails or returns entries that can be compared.
func FuzzParseLog(f *testing.F) {
	raw, err := json.Marshal(Entry{Cells: []Cell{{Confusion: audit.Confusion{TN: 1, FP: 2}}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte(`{"cells":[{},{"by":["a"],"values":["b"],"confusion":{"tp":5}}]}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if !json.Valid(raw) {
			return
		}
		text, err := json.Marshal(line{Hash: chain("", compact(raw)), Entry: raw})
		if err != nil {
			t.Fatal(err)
		}
		entries, _, err := parse(append(text, '\n'))
		if err != nil {
			if strings.Contains(err.Error(), "hash") {
				t.Fatalf("%v\n%s", err, raw)
			}
			return
		}
		if _, err := Compare(entries[0], entries[0], nil, Options{}); err != nil {
			t.Fatal(err)
		}
	})
}

// compact is what json.Marshal makes of raw JSON.
func compact(raw []byte) []byte {
	text, err := json.Marshal(json.RawMessage(raw))
	if err != nil {
		panic(err)
	}
	return text
}
