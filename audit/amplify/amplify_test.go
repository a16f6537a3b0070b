package amplify

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/atelier-go/atelier/audit"
)

func near(t *testing.T, name string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s = %v, want %v ± %v", name, got, want, tolerance)
	}
}

func holds(t *testing.T, name string, e audit.Estimate) {
	t.Helper()
	if !(e.Low <= e.Value && e.Value <= e.High) {
		t.Errorf("%s: %v is not in its interval [%v, %v]", name, e.Value, e.Low, e.High)
	}
}

// painters has 40 women, 30 of whom paint, and 40 men, 10 of whom do; predicted of the women are said to paint, and of
// the men those who do. It is a fixture of Wang and Russakovsky.
func painters(t *testing.T, predicted int64) *Table {
	t.Helper()
	table, err := NewTable([]string{"woman", "man"}, []string{"paints", "does not"}, false, true)
	if err != nil {
		t.Fatal(err)
	}
	add := func(attribute, task, predictedTask int, n int64) {
		if n == 0 {
			return
		}
		if err := table.Add(Row{Attributes: []int{attribute}, Tasks: []int{task}, PredictedTasks: []int{predictedTask}}, n); err != nil {
			t.Fatal(err)
		}
	}
	right := min(predicted, 30)
	add(0, 0, 0, right)
	add(0, 0, 1, 30-right)
	add(0, 1, 0, predicted-right)
	add(0, 1, 1, 10-(predicted-right))
	add(1, 0, 0, 10)
	add(1, 1, 1, 30)
	return table
}

func TestPaintersOfWangAndRussakovsky(t *testing.T) {
	for _, test := range []struct {
		predicted           int64
		zhao, attributeTask float64
	}{{0, -.535714, -.375}, {15, -.177273, -.1875}, {30, 0, 0}, {40, .15, .125}} {
		table := painters(t, test.predicted)
		directional, err := table.AttributeToTask(Options{Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		near(t, "attribute to task", directional.Mean.Value, test.attributeTask, 5e-7)
		zhao, err := Zhao(table.Cooccurrence(false), table.Cooccurrence(true), Options{Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		near(t, "Zhao", zhao.Mean.Value, test.zhao, 5e-7)
		holds(t, "directional mean", directional.Mean)
		holds(t, "Zhao mean", zhao.Mean)
		for _, p := range directional.Pairs {
			holds(t, p.Attribute+" "+p.Task, p.Amplification)
		}
		for _, c := range zhao.Classes {
			holds(t, c.Name, c.Difference)
		}
		if test.predicted == 0 && !(directional.Mean.High < 0) {
			t.Errorf("no woman is said to paint: interval [%v, %v], want it below 0", directional.Mean.Low, directional.Mean.High)
		}
	}
}

// compas has the published cells of the two largest groups: TN, FP, FN, TP.
const compas = `race,recid,high
`

func compasCSV() string {
	var b strings.Builder
	b.WriteString("\ufeff" + compas)
	for race, cells := range map[string][4]int{"African-American": {990, 805, 532, 1369}, "Caucasian": {1139, 349, 461, 505},
		"Asian": {21, 2, 3, 6}} {
		for i, n := range cells {
			label, high := []string{"0", "0", "1", "1"}[i], []string{"0.0", "1.0", "0.0", "1.0"}[i]
			b.WriteString(strings.Repeat(race+","+label+","+high+"\n", n))
		}
	}
	return b.String()
}

func compasTable(t *testing.T) *Table {
	t.Helper()
	table, err := ReadTable(strings.NewReader(compasCSV()), Columns{Attribute: "race", Task: "recid", PredictedTask: "high",
		Only: []string{"African-American", "Caucasian"}})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestCompasAmplifies(t *testing.T) {
	table := compasTable(t)
	if table.Rows() != 3696+2454 || len(table.Tasks) != 2 {
		t.Fatalf("%d rows of tasks %q, want 6150 of 0 and 1", table.Rows(), table.Tasks)
	}
	r, err := table.AttributeToTask(Options{Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "mean", r.Mean.Value, .0597517, 5e-8)
	holds(t, "mean", r.Mean)
	if !(r.Mean.Low > .03 && r.Mean.High < .09) {
		t.Errorf("interval [%v, %v], want about ±0.02 around 0.06", r.Mean.Low, r.Mean.High)
	}
	// The same by the definition: (P(high|AA) - P(recid|AA) - (P(high|C) - P(recid|C)))/2.
	near(t, "by hand", ((805.-532)/3696-(349.-461)/2454)/2, r.Mean.Value, 1e-12)
	if _, err := table.TaskToAttribute(Options{}); err == nil || !strings.Contains(err.Error(), "no predicted attributes") {
		t.Errorf("task to attribute without predictions: error %v", err)
	}
}

// Exchanging the roles of attribute and task exchanges the two directions.
func TestDirectionsMirrorEachOther(t *testing.T) {
	mirrored, err := ReadTable(strings.NewReader(compasCSV()), Columns{Attribute: "recid", Task: "race", PredictedAttribute: "high"})
	if err != nil {
		t.Fatal(err)
	}
	plain, err := ReadTable(strings.NewReader(compasCSV()), Columns{Attribute: "race", Task: "recid", PredictedTask: "high"})
	if err != nil {
		t.Fatal(err)
	}
	a, errA := plain.AttributeToTask(Options{})
	b, errB := mirrored.TaskToAttribute(Options{})
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	near(t, "mean", b.Mean.Value, a.Mean.Value, 1e-14)
	if len(a.Pairs) != len(b.Pairs) || a.Independent != b.Independent {
		t.Errorf("%d pairs, %d independent; mirrored %d and %d", len(a.Pairs), a.Independent, len(b.Pairs), b.Independent)
	}
}

// Pairs that are exactly independent contribute nothing, and those that no row has are left out.
func TestIndependentAndEmptyPairs(t *testing.T) {
	table, err := NewTable([]string{"a", "b", "nobody"}, []string{"t"}, false, true)
	if err != nil {
		t.Fatal(err)
	}
	for a := range 2 {
		for _, n := range []struct {
			tasks, predicted []int
			n                int64
		}{{[]int{0}, []int{0}, 5}, {nil, []int{0}, 5}} {
			if err := table.Add(Row{Attributes: []int{a}, Tasks: n.tasks, PredictedTasks: n.predicted}, n.n); err != nil {
				t.Fatal(err)
			}
		}
	}
	r, err := table.AttributeToTask(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Independent != 2 || r.Empty != 1 || r.Mean.Value != 0 || len(r.Pairs) != 2 || r.Pairs[0].Predicted != 1 {
		t.Errorf("%+v, want two independent pairs, one empty, and a mean of 0", r)
	}
}

// The published program forgets rows without a task before it decides what goes together.
func TestAsPublishedDropsRowsWithoutTask(t *testing.T) {
	table, err := NewTable([]string{"a", "b"}, []string{"t", "u"}, false, true)
	if err != nil {
		t.Fatal(err)
	}
	add := func(a int, tasks, predicted []int, n int64) {
		if err := table.Add(Row{Attributes: []int{a}, Tasks: tasks, PredictedTasks: predicted}, n); err != nil {
			t.Fatal(err)
		}
	}
	// With the task-less rows a has t in 20 of 100 and b in 10 of 100; without them t is a's in 20 of 60, b's in 10 of 15.
	add(0, []int{0}, []int{0}, 20)
	add(0, []int{1}, []int{0}, 40)
	add(0, nil, nil, 40)
	add(1, []int{0}, []int{0}, 10)
	add(1, []int{1}, []int{1}, 5)
	add(1, nil, nil, 85)
	ours, err := table.AttributeToTask(Options{})
	if err != nil {
		t.Fatal(err)
	}
	published, err := table.AttributeToTask(Options{AsPublished: true})
	if err != nil {
		t.Fatal(err)
	}
	if ours.Pairs[0].Sign != 1 || published.Pairs[0].Sign != -1 {
		t.Errorf("signs %d and %d as published, want 1 and -1", ours.Pairs[0].Sign, published.Pairs[0].Sign)
	}
	trained, err := painters(t, 40).AttributeToTask(Options{Train: painters(t, 30)})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "signs from training", trained.Mean.Value, .125, 1e-12)
	if _, err := painters(t, 40).AttributeToTask(Options{Train: table}); err == nil {
		t.Error("a training table with other tasks is accepted")
	}
}

func TestZhaoLeavesOutWhatCannotBeMeasured(t *testing.T) {
	train := Counts{Classes: []string{"cooking", "rare", "never", "tied"}, Groups: []string{"man", "woman"},
		N: [][]int64{{33, 66}, {1, 2}, {60, 40}, {50, 50}}}
	predicted := Counts{Classes: train.Classes, Groups: train.Groups, N: [][]int64{{7, 36}, {5, 5}, {0, 0}, {90, 10}}}
	r, err := Zhao(train, predicted, Options{MinTrain: 50})
	if err != nil {
		t.Fatal(err)
	}
	// Women were 66.7% of cooking and became 83.7%; the tie counts as a class and adds nothing.
	near(t, "mean", r.Mean.Value, (36./43-66./99)/2, 1e-12)
	if r.RarelyTrained != 1 || r.NeverPredicted != 1 || r.Ties != 1 || r.Toward["woman"] != 1 || r.Violations != 2 {
		t.Errorf("%+v, want one class rare, one never predicted, one tied, and two violations", r)
	}
	near(t, "cooking", r.Classes[0].Predicted, .837, 5e-4)
	_, err = Zhao(train, predicted, Options{MinTrain: 1000})
	if err == nil || !strings.Contains(err.Error(), "none of the 4 classes") {
		t.Errorf("error %v, want one that no class is left", err)
	}
}

// Of three groups two can have more than their part; both count, and the larger names the class.
func TestZhaoOfThreeGroups(t *testing.T) {
	train := Counts{Classes: []string{"o"}, Groups: []string{"a", "b", "c"}, N: [][]int64{{40, 50, 10}}}
	predicted := Counts{Classes: []string{"o"}, Groups: []string{"a", "b", "c"}, N: [][]int64{{45, 53, 2}}}
	r, err := Zhao(train, predicted, Options{})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "mean", r.Mean.Value, .05+.03, 1e-12)
	if r.Classes[0].Toward != "b" {
		t.Errorf("toward %s, want b", r.Classes[0].Toward)
	}
}

func TestRatios(t *testing.T) {
	text := "verb,train,after\ncooking,0.333333333,0.1627907\nshopping,.2159,.1803\ntied,0.5,0.9\n"
	ratios, err := ReadRatios(strings.NewReader(text), "verb", "train", "after")
	if err != nil {
		t.Fatal(err)
	}
	r, err := ZhaoRatios([2]string{"man", "woman"}, ratios, Options{})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "mean", r.Mean.Value, (.333333333-.1627907+.2159-.1803)/3, 1e-12)
	holds(t, "mean", r.Mean)
	if r.Ties != 1 || r.Amplified != 2 || r.Toward["woman"] != 2 {
		t.Errorf("%+v, want one tie and two classes amplified toward women", r)
	}
	for name, bad := range map[string]string{
		"no column":     "verb,train\n",
		"[0, 1]":        "verb,train,after\nx,2,0\n",
		"line 2":        "verb,train,after\nx,0,NaN\n",
		"empty":         "",
		"two columns":   "verb,train,train,after\n",
		"wrong number":  "verb,train,after\nx,0\n",
		"extraneous or": "verb,train,after\n\"x\"y,0,0\n",
	} {
		if _, err := ReadRatios(strings.NewReader(bad), "verb", "train", "after"); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%q: error %v, want one with %q", bad, err, name)
		}
	}
	if _, err := ZhaoRatios([2]string{"man", "woman"}, nil, Options{}); err == nil {
		t.Error("no ratios are accepted")
	}
}

func TestBadInput(t *testing.T) {
	good := Counts{Classes: []string{"o"}, Groups: []string{"a", "b"}, N: [][]int64{{1, 2}}}
	for want, call := range map[string]func() error{
		"1 groups": func() error {
			return Counts{Classes: []string{"o"}, Groups: []string{"a"}, N: [][]int64{{1}}}.Validate()
		},
		"count -1": func() error {
			return Counts{Classes: good.Classes, Groups: good.Groups, N: [][]int64{{1, -1}}}.Validate()
		},
		"Conf = 2": func() error { _, err := Zhao(good, good, Options{Conf: 2}); return err },
		"Replicates = 2000000, want 1 to 1000000": func() error { _, err := Zhao(good, good, Options{Replicates: 2_000_000}); return err },
		"want the same": func() error {
			_, err := Zhao(good, Counts{Classes: []string{"p"}, Groups: good.Groups, N: good.N}, Options{})
			return err
		},
		"no rows": func() error {
			table, _ := NewTable(good.Groups, good.Classes, false, true)
			_, err := table.AttributeToTask(Options{})
			return err
		},
		"index 5":  func() error { return painters(t, 30).Add(Row{Attributes: []int{5}}, 1) },
		"adding 0": func() error { return painters(t, 30).Add(Row{}, 0) },
		"was made": func() error { return painters(t, 30).Add(Row{PredictedAttributes: []int{0}}, 1) },
		"predicts": func() error { _, err := NewTable(good.Groups, good.Classes, false, false); return err },
		"name the": func() error { _, err := ReadTable(strings.NewReader(compas), Columns{}); return err },
		"no row to": func() error {
			_, err := ReadTable(strings.NewReader(compas), Columns{Attribute: "race", Task: "recid", PredictedTask: "high"})
			return err
		},
		`no column "no"`: func() error {
			_, err := ReadTable(strings.NewReader(compas), Columns{Attribute: "no", Task: "recid"})
			return err
		},
	} {
		if err := call(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// A context that has ended ends what reads rows and what draws replicates, with its error.
func TestContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	good := Counts{Classes: []string{"o"}, Groups: []string{"a", "b"}, N: [][]int64{{1, 2}}}
	rows := "race,recid,high\n" + strings.Repeat("a,1,1\nb,0,1\n", rowsBetween)
	for name, call := range map[string]func() error{
		"Zhao":            func() error { _, err := Zhao(good, good, Options{Context: ctx}); return err },
		"AttributeToTask": func() error { _, err := painters(t, 40).AttributeToTask(Options{Context: ctx}); return err },
		"ReadTable": func() error {
			_, err := ReadTable(strings.NewReader(rows), Columns{Attribute: "race", Task: "recid", PredictedTask: "high", Context: ctx})
			return err
		},
	} {
		if err := call(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// The interval of a pair covers the true difference at least as often as it says, and with many rows about as often.
func TestPairIntervalCovers(t *testing.T) {
	rng := newRand(5)
	const trials = 4000
	for n, most := range map[int]float64{20: 1, 60: .985, 400: .965} {
		covered := 0
		for range trials {
			var gained, lost int64
			for range n {
				switch u := rng.Float64(); {
				case u < .1:
					gained++
				case u < .15:
					lost++
				}
			}
			if e := paired(1, gained, lost, int64(n), .95); e.Low <= .05 && .05 <= e.High {
				covered++
			}
		}
		if coverage := float64(covered) / trials; coverage < .94 || coverage > most {
			t.Errorf("%d rows: coverage %v, want in [0.94, %v]", n, coverage, most)
		}
	}
}
