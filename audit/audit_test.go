package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/atelier-go/atelier/audit"
)

// compas are the counts of ProPublica's article, as in its published notebook, and those of crossings.
var compas = map[string]audit.Confusion{
	"everybody":                 {TN: 2681, FP: 1282, FN: 1216, TP: 2035},
	"African-American":          {TN: 990, FP: 805, FN: 532, TP: 1369},
	"Caucasian":                 {TN: 1139, FP: 349, FN: 461, TP: 505},
	"Hispanic":                  {TN: 318, FP: 87, FN: 129, TP: 103},
	"Other":                     {TN: 208, FP: 36, FN: 90, TP: 43},
	"Asian":                     {TN: 21, FP: 2, FN: 3, TP: 6},
	"Native American":           {TN: 5, FP: 3, FN: 1, TP: 9},
	"Female":                    {TN: 609, FP: 288, FN: 195, TP: 303},
	"Male":                      {TN: 2072, FP: 994, FN: 1021, TP: 1732},
	"African-American × Female": {TN: 241, FP: 164, FN: 74, TP: 173},
	"African-American × Male":   {TN: 749, FP: 641, FN: 458, TP: 1196},
	"Caucasian × Female":        {TN: 257, FP: 111, FN: 86, TP: 113},
	"Caucasian × Male":          {TN: 882, FP: 238, FN: 375, TP: 392},
	"Asian × Female":            {TN: 1, FN: 1},
	"Native American × Female":  {TN: 1, TP: 3},
}

var header = []string{"race", "sex", "label", "prediction"}

// compasRows yields a row for each of the counts of race by sex, with those of small groups made up to their margins.
func compasRows() iter.Seq[[]string] {
	cells := map[[2]string]audit.Confusion{}
	for _, race := range []string{"African-American", "Caucasian", "Hispanic", "Other", "Asian", "Native American"} {
		female, ok := compas[race+" × Female"]
		if !ok { // the rest of the women, for whom the article's counts are split so that they add up
			female = map[string]audit.Confusion{
				"Hispanic": {TN: 63, FP: 7, FN: 24, TP: 9}, "Other": {TN: 46, FP: 6, FN: 10, TP: 5},
			}[race]
		}
		all := compas[race]
		cells[[2]string{race, "Female"}] = female
		cells[[2]string{race, "Male"}] = audit.Confusion{
			TN: all.TN - female.TN, FP: all.FP - female.FP, FN: all.FN - female.FN, TP: all.TP - female.TP,
		}
	}
	return func(yield func([]string) bool) {
		for group, c := range cells {
			for i, n := range []int64{c.TN, c.FP, c.FN, c.TP} {
				for range n {
					if !yield([]string{group[0], group[1], fmt.Sprint(i / 2), fmt.Sprint(i % 2)}) {
						return
					}
				}
			}
		}
	}
}

func compasOptions() audit.Options {
	return audit.Options{
		Rows: compasRows(), Header: header, Label: "label", Prediction: "prediction", Groups: []string{"race", "sex"},
		Reference: map[string]string{"race": "Caucasian"}, Replicates: 200,
	}
}

func run(t testing.TB, o audit.Options) *audit.Audit {
	t.Helper()
	a, err := audit.Run(o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s = %.10g, want %.10g", what, got, want)
	}
}

func TestCOMPAS(t *testing.T) {
	a := run(t, compasOptions())
	seen := 0
	for _, g := range append([]audit.Group{a.Overall}, a.Groups...) {
		if want, known := compas[g.Name()]; known {
			seen++
			if *g.Confusion != want {
				t.Errorf("%s: %+v, want %+v", g.Name(), *g.Confusion, want)
			}
		}
	}
	if seen != len(compas) {
		t.Errorf("%d groups, want %d", seen, len(compas))
	}
	for _, c := range []struct {
		group, metric    string
		value, low, high float64
	}{
		{"everybody", "fpr", 32.35, 30.91, 33.82}, {"everybody", "fnr", 37.40, 35.76, 39.08},
		{"everybody", "ppv", 61.35, 0, 0}, {"everybody", "npv", 68.80, 0, 0}, {"everybody", "prevalence", 45.07, 0, 0},
		{"African-American", "fpr", 44.85, 42.56, 47.16}, {"African-American", "fnr", 27.99, 26.01, 30.05},
		{"African-American", "fdr", 37.03, 0, 0}, {"African-American", "npv", 65.05, 0, 0}, {"African-American", "prevalence", 51.43, 0, 0},
		{"Caucasian", "fpr", 23.45, 21.37, 25.67}, {"Caucasian", "fnr", 47.72, 44.59, 50.88},
		{"Caucasian", "fdr", 40.87, 0, 0}, {"Caucasian", "npv", 71.19, 0, 0}, {"Caucasian", "prevalence", 39.36, 0, 0},
		{"Hispanic", "fpr", 21.48, 0, 0}, {"Hispanic", "fnr", 55.60, 0, 0}, {"Other", "fpr", 14.75, 0, 0}, {"Other", "fnr", 67.67, 0, 0},
		{"Asian", "fpr", 8.70, 2.42, 26.80}, {"Native American", "fpr", 37.50, 13.68, 69.43}, {"Native American", "precision", 75, 0, 0},
		{"Female", "fpr", 32.11, 0, 0}, {"Male", "fnr", 37.09, 0, 0}, {"African-American × Female", "ppv", 51.34, 0, 0},
		{"African-American × Male", "fpr", 46.12, 0, 0}, {"Caucasian × Female", "fpr", 30.16, 0, 0}, {"Caucasian × Male", "fnr", 48.89, 0, 0},
	} {
		for _, g := range append([]audit.Group{a.Overall}, a.Groups...) {
			if g.Name() != c.group {
				continue
			}
			e := g.Metric(c.metric)
			near(t, c.group+" "+c.metric, 100*e.Value, c.value, 0.00501)
			if c.high > 0 {
				near(t, c.group+" "+c.metric+" low", 100*e.Low, c.low, 0.00501)
				near(t, c.group+" "+c.metric+" high", 100*e.High, c.high, 0.00501)
			}
		}
	}
}

func TestCOMPASPairs(t *testing.T) {
	a := run(t, compasOptions())
	for _, c := range []struct {
		metric           string
		value, low, high float64
		statistic        float64
	}{{"fpr", 21.39, 18.21, 24.50, 163.34}, {"fnr", -19.74, -23.46, -15.99, 10.50 * 10.50}, {"ppv", 3.84, 0, 0, 3.83}} {
		gap, _ := a.Gap(c.metric, "race")
		if gap.Reference != "Caucasian" || gap.Pairs[0].Group != "African-American" {
			t.Fatalf("%s: %s with %s, want African-American with Caucasian", c.metric, gap.Pairs[0].Group, gap.Reference)
		}
		p := gap.Pairs[0]
		near(t, c.metric+" difference", 100*p.Difference.Value, c.value, 0.00501)
		near(t, c.metric+" statistic", p.Test.Statistic, c.statistic, 0.05)
		if c.high != 0 {
			near(t, c.metric+" low", 100*p.Difference.Low, c.low, 0.00501)
			near(t, c.metric+" high", 100*p.Difference.High, c.high, 0.00501)
		}
	}
	ppv, _ := a.Gap("ppv", "race")
	near(t, "p of PPV", ppv.Pairs[0].Test.P, 0.0504, 5e-5)
	fpr, _ := a.Gap("fpr", "race")
	if fpr.Worst != "African-American" || fpr.Best != "Other" {
		t.Errorf("worst %s and best %s, want African-American and Other: smaller groups are not compared", fpr.Worst, fpr.Best)
	}
	if fpr.Null.P > 0.01 || !(fpr.Null.Quantile < fpr.Difference.Value) {
		t.Errorf("the gap of %v is chance: %+v", fpr.Difference.Value, fpr.Null)
	}
	for _, i := range a.Impossibility {
		if !math.IsNaN(i.Implied) && i.FPR > 0 {
			near(t, strings.Join(i.Values, " ")+" implied FPR", i.Implied, i.FPR, 1e-15)
		}
	}
	crossed, _ := a.Gap("fpr", "race", "sex")
	if crossed.Worst != "African-American × Male" || crossed.Best != "Hispanic × Female" {
		t.Errorf("worst %s and best %s of the crossing", crossed.Worst, crossed.Best)
	}
	// By hand: (641/1390 - 7/70) - (805/1795 - 87/405) - (994/3066 - 288/897).
	near(t, "superadditivity", crossed.Superadditivity.Value,
		(641.0/1390-7.0/70)-(805.0/1795-87.0/405)-(994.0/3066-288.0/897), 1e-14)
}

// Two groups alone have the article's numbers of definitions of fairness.
func TestCriteria(t *testing.T) {
	o := compasOptions()
	rows := o.Rows
	o.Rows = func(yield func([]string) bool) {
		for row := range rows {
			if (row[0] == "African-American" || row[0] == "Caucasian") && !yield(row) {
				return
			}
		}
	}
	want := map[string]float64{
		"demographic_parity_difference": 0.2402, "demographic_parity_ratio": 0.5916, "equalised_odds_difference": 0.2139,
		"equal_opportunity_difference": 0.1974,
	}
	for _, c := range run(t, o).Criteria {
		if slices.Equal(c.By, []string{"race"}) {
			near(t, c.Name, c.Value.Value, want[c.Name], 5e-5)
			if c.Holds || !c.Sure {
				t.Errorf("%s = %v holds: %v, surely: %v; want neither chance nor fairness", c.Name, c.Value, c.Holds, c.Sure)
			}
		}
	}
}

// The file has one row per defendant; its score is 1 for medium and high risk.
func TestCOMPASFile(t *testing.T) {
	a := run(t, audit.Options{
		Path: compasFile(t), Label: "label_value", Score: "score", Threshold: 1, Groups: []string{"race", "sex"}, Replicates: 100, Hash: true,
		Baselines: [][]string{{"age_cat"}}, Filters: []string{"age_cat!=25 - 45", "race=Caucasian"},
	})
	for _, g := range append([]audit.Group{a.Overall}, a.Groups...) {
		if want, known := compas[g.Name()]; known && *g.Confusion != want {
			t.Errorf("%s: %+v, want %+v", g.Name(), *g.Confusion, want)
		}
	}
	if a.Source.Rows != 7214 || len(a.Source.SHA256) != 64 {
		t.Errorf("source %+v", a.Source)
	}
	if c := *a.Sensitivity.Filters[1].Overall.Confusion; c != compas["Caucasian"] {
		t.Errorf("only Caucasians: %+v, want %+v", c, compas["Caucasian"])
	}
	text, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(text, []byte("Greater than 45")) {
		t.Error("the result has values of a column that is not of groups")
	}
}

// ProPublica's own file, with names: the columns that occur twice, quotes, the published filter of 6,172 rows.
func TestProPublicaTraps(t *testing.T) {
	path := filepath.Join(t.TempDir(), "traps.csv")
	text := "name,race,decile_score,days,decile_score,charge,two_year_recid\n" +
		"\"Doe, Jane\",A,8,3,8,\"Poss 3,4 MDMA (Ecstasy)\",1\n" +
		"\"O\"\"Hara\nJohn\",B,2,40,2,F,0\n" + "x,A,4,,4,F,1\ny,B,9,-1,9,F,0\n"
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	a := run(t, audit.Options{
		Path: path, Label: "two_year_recid", Score: "decile_score", Threshold: 5, Groups: []string{"race"}, Where: []string{"days<=30"},
	})
	if got, want := *a.Overall.Confusion, (audit.Confusion{FP: 1, TP: 1}); got != want {
		t.Errorf("%+v, want %+v: rows without days do not meet the condition", got, want)
	}
	if text, _ := json.Marshal(a); strings.Contains(string(text), "Jane") || strings.Contains(string(text), "MDMA") {
		t.Error("a name or charge is in the result")
	}
	if !slices.ContainsFunc(a.Notes, func(n audit.Note) bool { return strings.Contains(n.Text, "decile_score") }) {
		t.Error("no note says that a column occurs twice")
	}
}

// JSON has everything, and undefined numbers as null.
func TestJSON(t *testing.T) {
	a := run(t, compasOptions())
	text, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	var back audit.Audit
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(&back)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(text, again) {
		t.Error("what is read from JSON is written differently")
	}
	g, _ := back.Group([]string{"race", "sex"}, []string{"Asian", "Female"})
	if ppv := g.Metric("ppv"); ppv.Defined() || !math.IsNaN(ppv.Low) {
		t.Errorf("PPV of no row called positive is %+v", ppv)
	}
}

// The bits do not depend on the number of workers or the order of rows, and do on the seed.
func TestSameBits(t *testing.T) {
	var first []byte
	for _, workers := range []int{1, 2, 7} {
		o := compasOptions()
		o.Workers, o.Seed = workers, 3
		text, err := json.Marshal(run(t, o)) // the rows come in the random order of a map
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = text
		} else if !bytes.Equal(text, first) {
			t.Errorf("%d workers find something else", workers)
		}
	}
	o := compasOptions()
	o.Seed = 4
	if text, _ := json.Marshal(run(t, o)); bytes.Equal(text, first) {
		t.Error("another seed draws the same")
	}
}

// Integer weights are so many rows, but for what is known: intervals are wider.
func TestWeights(t *testing.T) {
	one := compasOptions()
	weighted := one
	weighted.Header = append(slices.Clone(header), "weight")
	weighted.Weight = "weight"
	rows := one.Rows
	weighted.Rows = func(yield func([]string) bool) {
		for row := range rows {
			w := "1"
			if row[1] == "Female" {
				w = "3"
			}
			if !yield(append(row, w)) {
				return
			}
		}
	}
	a := run(t, weighted)
	fpr := a.Overall.Metric("fpr")
	near(t, "weighted FPR", fpr.Value, (994+3*288.0)/(3066+3*897.0), 1e-12)
	near(t, "effective rows", fpr.N, math.Pow(3066+3*897.0, 2)/(3066+9*897.0), 1e-9)
	female, _ := a.Group([]string{"sex"}, []string{"Female"})
	plain, _ := run(t, one).Group([]string{"sex"}, []string{"Female"})
	if f, p := female.Metric("fpr"), plain.Metric("fpr"); math.Abs(f.Low-p.Low) > 1e-12 || math.Abs(f.N-p.N) > 1e-9 {
		t.Errorf("equal weights of a group change it: %+v, want %+v", f, p)
	}
	gap, _ := a.Gap("fpr", "race")
	if !(gap.Difference.Low < gap.Difference.Value && gap.Difference.Value < gap.Difference.High) || !math.IsNaN(gap.Null.P) {
		t.Errorf("gap of weighted rows: %+v, null %+v", gap.Difference, gap.Null)
	}
}

// Scores: thresholds are exact, calibration adds up, the area under the curve is that of all pairs.
func TestScores(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	type row struct {
		score float64
		label int
	}
	for name, draw := range map[string]func() float64{
		"deciles": func() float64 { return float64(1 + r.IntN(10)) }, "probabilities": r.Float64, "log odds": r.NormFloat64,
	} {
		var rows []row
		var texts [][]string
		for range 4000 {
			score := draw()
			x := row{score, 0}
			if r.Float64() < 1/(1+math.Exp(-score)) {
				x.label = 1
			}
			rows = append(rows, x)
			texts = append(texts, []string{"all", fmt.Sprint(x.label), fmt.Sprint(score)})
		}
		a := run(t, audit.Options{
			Rows: slices.Values(texts), Header: []string{"g", "y", "s"}, Label: "y", Score: "s", Threshold: 0.37, Groups: []string{"g"},
			Thresholds: []float64{0.1234567, 5}, Replicates: 20,
		})
		var wins, pairs float64
		for _, p := range rows {
			for _, n := range rows {
				if p.label == 1 && n.label == 0 {
					pairs++
					if p.score > n.score {
						wins++
					} else if p.score == n.score {
						wins += 0.5
					}
				}
			}
		}
		near(t, name+" AUC", a.AUC[0].Value.Value, wins/pairs, a.AUC[0].Resolution+1e-12)
		if a.AUC[0].Resolution > 1e-3 || (name == "deciles") != (a.AUC[0].Resolution == 0) {
			t.Errorf("%s: resolution %v", name, a.AUC[0].Resolution)
		}
		count := func(threshold float64) (c audit.Confusion) {
			for _, x := range rows {
				*[]*int64{&c.TN, &c.FN, &c.FP, &c.TP}[2*btoi(x.score >= threshold)+x.label]++
			}
			return c
		}
		if got, want := *a.Overall.Confusion, count(0.37); got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
		for _, v := range a.Sensitivity.Thresholds {
			if got, want := *v.Overall.Confusion, count(v.Threshold); got != want {
				t.Errorf("%s, %s: %+v, want %+v", name, v.Name, got, want)
			}
		}
		for _, c := range a.Calibration {
			var n int64
			for _, b := range c.Bins {
				n += b.N
				var inside, positive float64
				for _, x := range rows {
					if x.score >= b.From && (x.score < b.To || b.From == b.To && x.score == b.From) {
						inside++
						positive += float64(x.label)
					}
				}
				if b.To < 1 || name != "probabilities" {
					near(t, fmt.Sprint(name, " rows from ", b.From), float64(b.N), inside, 0)
					near(t, fmt.Sprint(name, " rate from ", b.From), b.Rate.Value, positive/inside, 1e-12)
				}
			}
			if n != int64(len(rows)) || (c.Error != nil) != (name == "probabilities") {
				t.Errorf("%s: calibration of %d rows, error %v", name, n, c.Error)
			}
		}
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Of more classes than two there are rates of each against the others.
func TestMulticlass(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	classes := []string{"bird", "cat", "dog"}
	var rows [][]string
	matrix := [3][3]float64{}
	for range 3000 {
		l, p := r.IntN(3), r.IntN(3)
		if r.IntN(2) == 0 {
			p = l
		}
		matrix[l][p]++
		rows = append(rows, []string{[]string{"x", "y"}[r.IntN(2)], classes[l], classes[p]})
	}
	a := run(t, audit.Options{Rows: slices.Values(rows), Header: []string{"g", "l", "p"}, Label: "l", Prediction: "p", Groups: []string{"g"}, Replicates: 50})
	if !slices.Equal(a.Classes, classes) || a.Overall.Confusion != nil {
		t.Fatalf("classes %v, confusion %v", a.Classes, a.Overall.Confusion)
	}
	near(t, "accuracy", a.Overall.Metric("accuracy").Value, (matrix[0][0]+matrix[1][1]+matrix[2][2])/3000, 1e-12)
	near(t, "recall of cats", a.Overall.Metric("tpr:cat").Value, matrix[1][1]/(matrix[1][0]+matrix[1][1]+matrix[1][2]), 1e-12)
	near(t, "precision of dogs", a.Overall.Metric("ppv:dog").Value, matrix[2][2]/(matrix[0][2]+matrix[1][2]+matrix[2][2]), 1e-12)
	if gap, ok := a.Gap("fpr:bird", "g"); !ok || gap.Worst == "" {
		t.Errorf("gap %+v", gap)
	}
}

// A rule leaves out the row that it judges: of groups of one row each it knows nothing but which label is more frequent.
func TestBaseline(t *testing.T) {
	var rows [][]string
	for i := range 200 {
		label := fmt.Sprint(btoi(i%4 == 0))
		rows = append(rows, []string{"g", fmt.Sprint("id", i), label, label, "1"})
	}
	a := run(t, audit.Options{
		Rows: slices.Values(rows), Header: []string{"g", "id", "copy", "label", "prediction"}, Label: "label", Prediction: "prediction",
		Groups: []string{"g"}, Baselines: [][]string{{"id"}, {"copy"}},
	})
	if b := a.Baselines[0]; b.Accuracy.Value != 0.75 || b.Rules != 200 || b.Model.Value != 0.25 || b.Difference != -0.5 {
		t.Errorf("rule of identifiers %+v", b)
	}
	if b := a.Baselines[1]; b.Accuracy.Value != 1 {
		t.Errorf("a rule that knows the label has accuracy %v", b.Accuracy.Value)
	}
}

// Chance alone has gaps, but p-values of the permutation null are then spread evenly.
func TestNullIsCalibrated(t *testing.T) {
	below := 0
	const audits = 200
	for seed := range uint64(audits) {
		r := rand.New(rand.NewPCG(seed, 9))
		var rows [][]string
		for range 400 {
			rows = append(rows, []string{fmt.Sprint(r.IntN(4)), fmt.Sprint(r.IntN(2)), fmt.Sprint(r.IntN(2))})
		}
		a := run(t, audit.Options{Rows: slices.Values(rows), Header: []string{"g", "l", "p"}, Label: "l", Prediction: "p", Groups: []string{"g"}, Replicates: 99, Seed: seed})
		gap, _ := a.Gap("error", "g")
		if gap.Null.P <= 0.1 {
			below++
		}
	}
	// Binomial(200, 0.1): below 8 or above 34 has probability 1e-3.
	if below < 8 || below > 34 {
		t.Errorf("p <= 0.1 in %d of %d audits of chance, want some 20", below, audits)
	}
}

// What is positive can be said of labels, of predictions, of both, or is plain; a model need not predict it.
func TestPositive(t *testing.T) {
	for name, c := range map[string]struct {
		rows                []string // label and prediction
		positive, predicted []string
		want                audit.Confusion
		classes             []string
	}{
		"plain":           {[]string{"0 1", "1 1.0", "1 0"}, nil, nil, audit.Confusion{FP: 1, TP: 1, FN: 1}, []string{"0", "1"}},
		"words":           {[]string{"No YES", "Yes yes"}, nil, nil, audit.Confusion{FP: 1, TP: 1}, []string{"No", "Yes"}},
		"one class":       {[]string{"1 1", "1 1"}, nil, nil, audit.Confusion{TP: 2}, []string{"0", "1"}},
		"of both":         {[]string{"ham spam", "spam ham"}, []string{"spam"}, nil, audit.Confusion{FP: 1, FN: 1}, []string{"ham", "spam"}},
		"never predicted": {[]string{"ham ham", "spam ham"}, []string{"spam"}, nil, audit.Confusion{TN: 1, FN: 1}, []string{"ham", "spam"}},
		"of predictions":  {[]string{"0 Low", "1 High", "0 Medium"}, nil, []string{"Medium", "High"}, audit.Confusion{TN: 1, TP: 1, FP: 1}, []string{"0", "1"}},
		"several":         {[]string{"a x", "b y", "c x"}, []string{"a", "b"}, []string{"x"}, audit.Confusion{TP: 1, FN: 1, FP: 1}, []string{"c", "a or b"}},
	} {
		var rows [][]string
		for _, r := range c.rows {
			label, prediction, _ := strings.Cut(r, " ")
			rows = append(rows, []string{"g", label, prediction})
		}
		a := run(t, audit.Options{
			Rows: slices.Values(rows), Header: []string{"g", "l", "p"}, Label: "l", Prediction: "p", Groups: []string{"g"},
			Positive: c.positive, PredictedPositive: c.predicted, Replicates: 1,
		})
		if *a.Overall.Confusion != c.want || !slices.Equal(a.Classes, c.classes) {
			t.Errorf("%s: %+v of %v, want %+v of %v", name, *a.Overall.Confusion, a.Classes, c.want, c.classes)
		}
	}
}

func TestBadInput(t *testing.T) {
	rows := [][]string{{"a", "1", "0"}, {"b", "0", "1"}}
	for name, c := range map[string]struct {
		change func(*audit.Options)
		want   string
	}{
		"no rows":            {func(o *audit.Options) { o.Rows = slices.Values([][]string{}) }, "there are no rows"},
		"no source":          {func(o *audit.Options) { o.Rows = nil }, "want one of Path and Rows"},
		"no label":           {func(o *audit.Options) { o.Label = "" }, "want a column of labels"},
		"no outcome":         {func(o *audit.Options) { o.Prediction = "" }, "want one column, of predictions or of scores"},
		"no groups":          {func(o *audit.Options) { o.Groups = nil }, "at least one column of groups"},
		"missing column":     {func(o *audit.Options) { o.Label = "truth" }, `no column "truth"; there are g, l, p`},
		"group twice":        {func(o *audit.Options) { o.Groups = []string{"g", "g"} }, `"g" is named twice`},
		"group is label":     {func(o *audit.Options) { o.Groups = []string{"l"} }, `"l" is of groups and of the outcome`},
		"crossing":           {func(o *audit.Options) { o.Crossings = [][]string{{"g", "p"}} }, `"p" is not a column of groups`},
		"reference":          {func(o *audit.Options) { o.Reference = map[string]string{"g": "c"} }, `the reference of "g" is "c"; there are "a", "b"`},
		"confidence":         {func(o *audit.Options) { o.Confidence = 95 }, "confidence 95"},
		"threshold":          {func(o *audit.Options) { o.Threshold = math.NaN() }, "threshold NaN"},
		"workers":            {func(o *audit.Options) { o.Workers = 1 << 30 }, "1073741824 workers, want 0 to 4096"},
		"condition":          {func(o *audit.Options) { o.Where = []string{"g"} }, `condition "g"`},
		"nobody":             {func(o *audit.Options) { o.Where = []string{"g=z"} }, "of 2 rows none meets g=z"},
		"positive":           {func(o *audit.Options) { o.Positive = []string{"yes"} }, `no label is "yes"`},
		"predicted positive": {func(o *audit.Options) { o.PredictedPositive = []string{"yes"} }, `no prediction is "yes"`},
		"labels of text":     {func(o *audit.Options) { o.Rows = slices.Values([][]string{{"a", "ham", "spam"}}) }, "which is positive?"},
		"many labels, scored": {func(o *audit.Options) {
			o.Rows, o.Score, o.Prediction = slices.Values([][]string{{"a", "x", "1"}, {"a", "y", "1"}, {"a", "z", "1"}}), "p", ""
		}, "3 labels"},
		"no labels": {func(o *audit.Options) { o.Rows = slices.Values([][]string{{"a", "NaN", "1"}}) }, "no row has a label"},
		"ragged":    {func(o *audit.Options) { o.Rows = slices.Values([][]string{{"a", "1", "1"}, {"a"}}) }, "row 2: 1 fields, want 3"},
	} {
		t.Run(name, func(t *testing.T) {
			o := audit.Options{Rows: slices.Values(rows), Header: []string{"g", "l", "p"}, Label: "l", Prediction: "p", Groups: []string{"g"}, Replicates: 10}
			c.change(&o)
			_, err := audit.Run(o)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

// An audit ends with its context, be it while rows come or while replicates are drawn.
func TestContextEnds(t *testing.T) {
	for name, rows := range map[string]int{"rows without end": math.MaxInt, "a million replicates": 2000} {
		ctx, cancel := context.WithCancel(t.Context())
		source := func(yield func([]string) bool) {
			for i := range rows {
				if i == 1500 { // in the last batch of the shorter one
					cancel()
				}
				if !yield([]string{[]string{"a", "b"}[i%2], fmt.Sprint(i / 2 % 2), fmt.Sprint(i / 3 % 2)}) {
					return
				}
			}
		}
		a, err := audit.Run(audit.Options{Rows: source, Header: []string{"g", "l", "p"}, Label: "l", Prediction: "p", Groups: []string{"g"},
			Replicates: 1_000_000, Context: ctx})
		if !errors.Is(err, context.Canceled) || a != nil {
			t.Errorf("%s: error %v", name, err)
		}
		cancel()
	}
}

// What is odd but can be counted is counted and marked.
func TestMarked(t *testing.T) {
	rows := [][]string{{"lonely", "1", "0.5"}, {"b", "NaN", "0.5"}, {"b", "1.0", ""}, {"b", "1", "0.5"}, {"", "0", "0.5"}}
	a := run(t, audit.Options{Rows: slices.Values(rows), Header: []string{"g", "l", "s"}, Label: "l", Score: "s", Threshold: 0.5, Groups: []string{"g"}, Replicates: 10})
	if len(a.Groups) != 3 || !a.Groups[0].Small || a.Groups[0].Name() != "(missing)" {
		t.Errorf("groups %+v", a.Groups)
	}
	if want := (audit.Missing{Label: 1, Prediction: 1, Rows: 5}); !reflect.DeepEqual(a.Missing[0], want) {
		t.Errorf("missing %+v, want %+v", a.Missing[0], want)
	}
	gap, _ := a.Gap("error", "g")
	if gap.Worst != "" || gap.Difference.Defined() {
		t.Errorf("groups of one row have the gap %+v", gap)
	}
	if !slices.ContainsFunc(a.Notes, func(n audit.Note) bool { return strings.Contains(n.Text, "Every score is 0.5") }) {
		t.Errorf("notes %v, want one that scores are constant", a.Notes)
	}
	if area := a.AUC[0].Value; area.Value != 0.5 || !(area.Low < 0.4 && area.High > 0.6) {
		t.Errorf("area of a constant score %+v", area)
	}
}

// FuzzRates audits any counts: rates are in [0, 1], intervals have their estimates, groups add up.
func FuzzRates(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8})
	f.Add([]byte{0, 0, 0, 1, 255, 0, 0, 0})
	f.Fuzz(func(t *testing.T, counts []byte) {
		var rows [][]string
		for i, n := range counts[:min(len(counts), 12)] {
			for range n {
				rows = append(rows, []string{fmt.Sprint(i / 4), fmt.Sprint(i / 2 % 2), fmt.Sprint(i % 2)})
			}
		}
		if len(rows) == 0 {
			return
		}
		a, err := audit.Run(audit.Options{Rows: slices.Values(rows), Header: []string{"g", "l", "p"}, Label: "l", Prediction: "p", Groups: []string{"g"}, MinN: 1, Replicates: 20})
		if err != nil {
			t.Fatal(err)
		}
		check := func(e audit.Estimate, lowest, highest float64) {
			if e.Defined() && e.Method != "" && !(e.Low <= e.Value && e.Value <= e.High && e.Low >= lowest && e.High <= highest) {
				t.Errorf("%+v", e)
			}
		}
		var n int64
		for _, g := range a.Groups {
			n += g.N
			for _, e := range g.Metrics {
				check(e, 0, 1)
				if e.ExactHigh > 0 && !(e.ExactLow <= e.Value && e.Value <= e.ExactHigh) {
					t.Errorf("exact %+v", e)
				}
			}
		}
		if n != a.Overall.N || n != int64(len(rows)) {
			t.Errorf("groups of %d rows, all are %d", n, len(rows))
		}
		for _, gap := range a.Gaps {
			check(gap.Difference, 0, 1)
			check(gap.Ratio, 1, math.Inf(1))
			if p := gap.Null.P; !math.IsNaN(p) && !(p > 0 && p <= 1) {
				t.Errorf("null %+v", gap.Null)
			}
			for _, p := range gap.Pairs {
				check(p.Difference, -1, 1)
				check(p.Ratio, 0, math.Inf(1))
				if q := p.Test.P; !math.IsNaN(q) && !(q >= 0 && q <= 1 && p.Test.Holm >= q && p.Test.Holm >= p.Test.BH && p.Test.BH >= q) {
					t.Errorf("test %+v", p.Test)
				}
			}
		}
		if _, err := json.Marshal(a); err != nil {
			t.Error(err)
		}
	})
}
