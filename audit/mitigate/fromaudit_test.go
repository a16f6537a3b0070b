package mitigate

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/atelier-go/atelier/audit"
)

// The scores that come out of an audit are those that went in.
func TestFromAudit(t *testing.T) {
	want := compas()
	want = append(want, Group{"tiny", []Score{{1, 2, 1}, {5, 1, 1}, {8, 0, 1}}})
	rows := func(yield func([]string) bool) {
		var all [][]string
		for _, g := range want {
			for _, s := range g.Scores {
				for i := range s.Negative + s.Positive {
					label := "0"
					if i < s.Positive {
						label = "1"
					}
					all = append(all, []string{g.Name, label, fmt.Sprint(s.Value)})
				}
			}
		}
		rand.New(rand.NewPCG(1, 2)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		for _, row := range all {
			if !yield(row) {
				return
			}
		}
	}
	o := audit.Options{Rows: rows, Header: []string{"race", "label", "score"}, Label: "label", Score: "score", Threshold: 5,
		Groups: []string{"race"}, Replicates: 10}
	found, err := audit.Run(o)
	if err != nil {
		t.Fatal(err)
	}
	groups, left, err := FromAudit(found, "race")
	if err != nil || !reflect.DeepEqual(left, []string{"tiny"}) {
		t.Fatalf("left %q, error %v", left, err)
	}
	for i := range groups {
		groups[i].Scores[0].Value = 1 // the audit knows only that these are below 5
	}
	if !reflect.DeepEqual(groups, want[:2]) {
		t.Errorf("%+v, want %+v", groups, want[:2])
	}
	p, err := Thresholds(groups, Options{Criterion: FPR, Tolerance: .08, Before: 5})
	if err != nil || *p.Groups[0].Threshold != 8 {
		t.Errorf("%+v, error %v, want the threshold 8 for the first group", p, err)
	}
	cells := Cells(groups)
	if len(cells) != 4 || cells[0] != (Cell{"African-American", "negative", 1795}) || cells[3] != (Cell{"Caucasian", "positive", 966}) {
		t.Errorf("cells %v", cells)
	}
	if _, _, err := FromAudit(found, "sex"); err == nil {
		t.Error("groups of a column that was not audited")
	}
	o.Score, o.Prediction, o.Positive, o.PredictedPositive = "", "score", []string{"1"}, []string{"5", "8"}
	if found, err = audit.Run(o); err != nil {
		t.Fatal(err)
	}
	if _, _, err := FromAudit(found, "race"); err == nil {
		t.Error("thresholds of predictions")
	}
}
