package mitigate

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/atelier-go/atelier/audit"
)

func near1(t *testing.T, name string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s = %v, want %v ± %v", name, got, want, tolerance)
	}
}

// compas has the published cells at deciles 5 and 8 of the two largest groups, as scores Low 1, Medium 5 and High 8.
func compas() []Group {
	return []Group{
		{"African-American", []Score{{1, 990, 532}, {5, 1511 - 990, 1160 - 532}, {8, 284, 741}}},
		{"Caucasian", []Score{{1, 1139, 461}, {5, 1407 - 1139, 771 - 461}, {8, 81, 195}}},
	}
}

func TestCompasThresholds(t *testing.T) {
	p, err := Thresholds(compas(), Options{Criterion: FPR, Tolerance: .08, Before: 5})
	if err != nil {
		t.Fatal(err)
	}
	if p.Groups[0].Before != (audit.Confusion{TN: 990, FP: 805, FN: 532, TP: 1369}) {
		t.Errorf("before: %+v, want the published cells", p.Groups[0].Before)
	}
	// 15.8% of black defendants at 8 and 23.4% of white ones at 5.
	if *p.Groups[0].Threshold != 8 || *p.Groups[1].Threshold != 5 {
		t.Errorf("thresholds %v and %v, want 8 and 5", *p.Groups[0].Threshold, *p.Groups[1].Threshold)
	}
	near1(t, "gap before", p.Before.Gap, 805./1795-349./1488, 1e-15)
	near1(t, "gap after", p.After.Gap, 349./1488-284./1795, 1e-15)
	near1(t, "cost", p.Cost.Value, p.Before.Accuracy.Value-p.After.Accuracy.Value, 1e-15)
	if !(p.Cost.Low <= p.Cost.Value && p.Cost.Value <= p.Cost.High && p.Cost.Low > 0) {
		t.Errorf("cost %+v, want an interval above 0", p.Cost)
	}
	if moved := int64(1511 - 990 + 1160 - 532); p.Changed != moved || p.Groups[0].ToNegative != moved || p.Groups[0].ToPositive != 0 {
		t.Errorf("%d changed, %d to negative, want %d", p.Changed, p.Groups[0].ToNegative, moved)
	}
	near1(t, "best accuracy", p.BestAccuracy.Value, (990.+1369+1139+505)/6150, 1e-15)
	if p.Best != 5 {
		t.Errorf("best single threshold %v, want 5", p.Best)
	}
	if _, err := json.Marshal(p); err != nil {
		t.Error(err)
	}
}

func TestNobodyAndEverybody(t *testing.T) {
	groups := []Group{{"a", []Score{{0, 90, 5}, {1, 2, 3}}}, {"b", []Score{{0, 80, 1}, {1, 10, 9}}}}
	p, err := Thresholds(groups, Options{Criterion: SelectionRate, Before: 1})
	if err != nil {
		t.Fatal(err)
	}
	if p.Groups[0].Threshold != nil || p.Groups[1].Threshold != nil || p.After.Confusion.TP+p.After.Confusion.FP != 0 {
		t.Errorf("%+v, want nobody called positive", p)
	}
	if _, err := json.Marshal(p); err != nil {
		t.Error(err)
	}
	// Predictive values need somebody.
	p, err = Thresholds(groups, Options{Criterion: PPV, Tolerance: 1, Before: 1})
	if err != nil || p.Groups[0].Threshold == nil {
		t.Errorf("%+v, error %v", p, err)
	}
	_, err = Thresholds(groups, Options{Criterion: PPV, Before: 1})
	var infeasible *Infeasible
	if !errors.As(err, &infeasible) {
		t.Fatalf("error %v, want that it cannot be met", err)
	}
	near1(t, "least tolerance", infeasible.Least, .1-8./100, 1e-6) // everybody: 10% of b are positive, 8% of a
}

// The search finds as many rows judged rightly as trying all combinations does, and fails where they do.
func TestSearchIsExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	failed := 0
	for trial := range 600 {
		criterion := Criteria()[trial%len(Criteria())]
		groups := randomGroups(rng, 2+trial%2, 1+rng.IntN(6))
		o := Options{Criterion: criterion, Tolerance: float64(rng.IntN(4)) / 20, Before: 2}
		p, err := Thresholds(groups, o)
		want := bruteForce(groups, o)
		var infeasible *Infeasible
		switch {
		case err == nil:
			if c := p.After.Confusion; c.TN+c.TP != want || p.After.Gap > o.Tolerance+1e-9 {
				t.Fatalf("%s: %d right with gap %v, want %d within %v\n%+v", criterion, c.TN+c.TP, p.After.Gap, want, o.Tolerance, groups)
			}
			if c := p.Before.Confusion; c.N() != p.After.Confusion.N() {
				t.Fatalf("rows went missing: %+v", p)
			}
			near1(t, "cost", p.Cost.Value, p.Before.Accuracy.Value-p.After.Accuracy.Value, 1e-12)
		case errors.As(err, &infeasible):
			failed++
			if want >= 0 {
				t.Fatalf("%s: %v, but %d can be right\n%+v", criterion, err, want, groups)
			}
			o.Tolerance = infeasible.Least
			if bruteForce(groups, o) < 0 {
				t.Fatalf("%s: tolerance %v cannot be met", criterion, infeasible.Least)
			}
			if o.Tolerance -= 1e-5; bruteForce(groups, o) >= 0 {
				t.Fatalf("%s: less than %v can be met", criterion, infeasible.Least)
			}
		default:
			t.Fatal(err)
		}
	}
	if failed == 0 {
		t.Error("no trial could not be met")
	}
}

func randomGroups(rng *rand.Rand, n, scores int) (groups []Group) {
	for i := range n {
		g := Group{Name: string(rune('a' + i)), Scores: []Score{{-1, 1 + rng.Int64N(5), 1 + rng.Int64N(3)}}}
		for s := range scores {
			g.Scores = append(g.Scores, Score{float64(s), rng.Int64N(9), rng.Int64N(9)})
		}
		groups = append(groups, g)
	}
	return groups
}

// bruteForce returns the most rows that can be right, -1 if the tolerance cannot be met.
func bruteForce(groups []Group, o Options) int64 {
	best := int64(-1)
	var visit func(i int, right int64, rates [][2]float64)
	visit = func(i int, right int64, rates [][2]float64) {
		if i == len(groups) {
			for m := range 2 {
				low, high := math.Inf(1), math.Inf(-1)
				for _, r := range rates {
					low, high = min(low, r[m]), max(high, r[m])
				}
				if high-low > o.Tolerance+rounding {
					return
				}
			}
			best = max(best, right)
			return
		}
		for _, c := range allChoices(groups[i], o.Criterion) {
			visit(i+1, right+c.right, append(rates[:i:i], c.rates))
		}
	}
	visit(0, 0, nil)
	return best
}

func TestManyScoresAreFast(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	groups := randomGroups(rng, 3, 50000)
	p, err := Thresholds(groups, Options{Criterion: TPR, Tolerance: .01, Before: 1})
	if err != nil || p.After.Gap > .01+1e-9 {
		t.Errorf("gap %v, error %v", p.After.Gap, err)
	}
	if _, err := Thresholds(groups, Options{Criterion: EqualisedOdds, Tolerance: .01}); err == nil || !strings.Contains(err.Error(), "round them") {
		t.Errorf("error %v, want one about too many scores", err)
	}
}

func TestPlansApplyToOtherRows(t *testing.T) {
	p, err := Thresholds(compas(), Options{Criterion: FPR, Tolerance: .08, Before: 5})
	if err != nil {
		t.Fatal(err)
	}
	same, err := p.Apply(compas())
	if err != nil || !reflect.DeepEqual(same, p) {
		t.Errorf("on the same rows: %+v, error %v", same, err)
	}
	half := compas()
	half[0].Scores[1].Negative /= 2
	held, err := p.Apply(half)
	if err != nil || *held.Groups[0].Threshold != 8 || held.After.Gap == p.After.Gap {
		t.Errorf("on others: %+v, error %v", held, err)
	}
	half[0].Name = "x"
	if _, err := p.Apply(half); err == nil {
		t.Error("a plan for other groups is applied")
	}
	if _, err := p.Apply(append(compas(), Group{"x", []Score{{1, 1, 1}}})); err == nil {
		t.Error("a plan for fewer groups is applied")
	}
}

func TestReweighing(t *testing.T) {
	// Kamiran and Calders' table of ten people: 2 of 5 women and 4 of 5 men get the job.
	cells := []Cell{{"woman", "yes", 2}, {"woman", "no", 3}, {"man", "yes", 4}, {"man", "no", 1}}
	w, err := Reweigh(cells)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{1.5, 2. / 3, .75, 2} {
		near1(t, cells[i].Group+" "+cells[i].Label, w.Cells[i].Weight, want, 1e-12)
	}
	near1(t, "gap before", w.GapBefore, .4, 1e-12)
	near1(t, "gap after", w.GapAfter, 0, 1e-12)
	near1(t, "effective", w.Effective, 100/(2*2.25+3*4./9+4*.5625+4), 1e-9)
	w, err = Reweigh([]Cell{{"a", "yes", 5}, {"a", "no", 5}, {"b", "no", 10}, {"b", "yes", 0}})
	if err != nil || len(w.Empty) != 1 || w.Empty[0] != (Cell{Group: "b", Label: "yes"}) || w.GapAfter == 0 {
		t.Errorf("%+v, error %v, want an empty cell and a gap that stays", w, err)
	}
	for _, bad := range [][]Cell{nil, {{"a", "yes", 1}, {"a", "no", 1}}, {{"a", "y", 1}, {"b", "y", 1}}, append(cells, cells[0]),
		append(cells[:3:3], Cell{"man", "no", -1})} {
		if _, err := Reweigh(bad); err == nil {
			t.Errorf("%v is weighed", bad)
		}
	}
}

func TestBadInput(t *testing.T) {
	good := Options{Criterion: TPR, Before: 5}
	for want, call := range map[string]func() ([]Group, Options){
		"no criterion":        func() ([]Group, Options) { return compas(), Options{Criterion: "fairness"} },
		"Tolerance = 2":       func() ([]Group, Options) { return compas(), Options{Criterion: TPR, Tolerance: 2} },
		"Before is NaN":       func() ([]Group, Options) { return compas(), Options{Criterion: TPR, Before: math.NaN()} },
		"Conf = -1":           func() ([]Group, Options) { return compas(), Options{Criterion: TPR, Conf: -1} },
		"1 groups":            func() ([]Group, Options) { return compas()[:1], good },
		"a name of its own":   func() ([]Group, Options) { g := compas(); g[1].Name = g[0].Name; return g, good },
		"values that":         func() ([]Group, Options) { g := compas(); g[1].Scores[1].Value = 1; return g, good },
		"score NaN":           func() ([]Group, Options) { g := compas(); g[1].Scores[0].Value = math.NaN(); return g, good },
		"negative count":      func() ([]Group, Options) { g := compas(); g[1].Scores[1].Positive = -1; return g, good },
		"want some of both":   func() ([]Group, Options) { return append(compas(), Group{"x", []Score{{1, 1, 0}}}), good },
		"0 negative and 0 po": func() ([]Group, Options) { return append(compas(), Group{Name: "x"}), good },
	} {
		groups, o := call()
		if _, err := Thresholds(groups, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
