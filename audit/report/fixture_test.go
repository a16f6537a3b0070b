package report_test

import (
	"fmt"
	"math"
	"slices"

	"github.com/atelier-go/atelier/audit"
	"github.com/atelier-go/atelier/audit/stat"
)

// cell is a race and sex of COMPAS, as ProPublica published the counts.
type cell struct {
	race, sex string
	audit.Confusion
}

func confusion(tn, fp, fn, tp int64) audit.Confusion {
	return audit.Confusion{TN: tn, FP: fp, FN: fn, TP: tp}
}

var cells = []cell{
	{"African-American", "Female", confusion(241, 164, 74, 173)},
	{"African-American", "Male", confusion(749, 641, 458, 1196)},
	{"Caucasian", "Female", confusion(257, 111, 86, 113)},
	{"Caucasian", "Male", confusion(882, 238, 375, 392)},
	{"Asian", "Female", confusion(1, 0, 1, 0)},
	{"Asian", "Male", confusion(20, 2, 2, 6)},
}

// compas is an audit of these counts, put together by hand: what it has not is not made up.
func compas() *audit.Audit {
	a := &audit.Audit{
		Source: audit.Source{Name: "compas.csv", Rows: 6184, Columns: []string{"name", "race", "sex", "label", "score"},
			Bytes: 1 << 20, SHA256: "00ff"},
		Settings: audit.Settings{Label: "label", Score: "score", Threshold: 5, Groups: []string{"race", "sex"},
			Crossings: [][]string{{"race", "sex"}}, Confidence: .95, MinN: 30, Replicates: 1000, Seed: 1},
		Classes: []string{"0", "1"},
		Missing: []audit.Missing{{Label: 2, Rows: 6184}},
		Notes:   []audit.Note{{Kind: "limit", Text: "A limit that the audit notes."}, {Kind: "data", Text: "An oddity."}},
	}
	var all audit.Confusion
	byRace, bySex := map[string]audit.Confusion{}, map[string]audit.Confusion{}
	for _, c := range cells {
		all, byRace[c.race], bySex[c.sex] = sum(all, c.Confusion), sum(byRace[c.race], c.Confusion), sum(bySex[c.sex], c.Confusion)
	}
	a.Overall = group(all, nil)
	a.Source.Measured = a.Overall.N
	for _, race := range []string{"African-American", "Asian", "Caucasian"} {
		a.Groups = append(a.Groups, group(byRace[race], []string{"race"}, race))
	}
	for _, sex := range []string{"Female", "Male"} {
		a.Groups = append(a.Groups, group(bySex[sex], []string{"sex"}, sex))
	}
	for _, c := range cells {
		a.Groups = append(a.Groups, group(c.Confusion, []string{"race", "sex"}, c.race, c.sex))
	}
	for _, by := range [][]string{{"race"}, {"sex"}, {"race", "sex"}} {
		for _, metric := range []string{"fpr", "fnr", "fdr"} {
			a.Gaps = append(a.Gaps, gap(a, metric, by))
		}
	}
	for _, g := range a.Groups {
		v := func(name string) float64 { return g.Metric(name).Value }
		p := v("prevalence")
		a.Impossibility = append(a.Impossibility, audit.Impossibility{By: g.By, Values: g.Values, Prevalence: p, PPV: v("ppv"), FDR: v("fdr"),
			FNR: v("fnr"), FPR: v("fpr"), Implied: p / (1 - p) * (1 - v("ppv")) / v("ppv") * (1 - v("fnr")), Shared: .3})
	}
	a.Criteria = []audit.Criterion{{Name: "demographic_parity_ratio", By: []string{"race"}, Bound: .8, Sure: true,
		Value: audit.Estimate{Value: .59, Low: .56, High: .62, Method: "bootstrap", N: 6182}}}
	a.Baselines = []audit.Baseline{{Columns: []string{"sex"}, Rules: 2, Difference: .1, Groups: a.GroupsBy("sex"),
		Accuracy: estimate("accuracy", 3400, 6182), Model: a.Overall.Metric("accuracy")}}
	a.AUC = []audit.AUC{{Value: audit.Estimate{Value: .702, Low: .69, High: .714, Method: "delong", N: 6182}}}
	for _, race := range []string{"African-American", "Caucasian"} {
		c := audit.Calibration{By: []string{"race"}, Values: []string{race}}
		for score := range 10 {
			s := float64(score + 1)
			c.Bins = append(c.Bins, audit.CalibrationBin{From: s, To: s, Score: s, N: 300, Rate: estimate("prevalence", 30+20*s, 300)})
		}
		a.Calibration = append(a.Calibration, c)
	}
	a.Sensitivity.Thresholds = []audit.Variant{{Name: "threshold 8", Threshold: 8, N: 6182, Overall: a.Overall, Groups: a.GroupsBy("race")}}
	return a
}

func sum(a, b audit.Confusion) audit.Confusion {
	return confusion(a.TN+b.TN, a.FP+b.FP, a.FN+b.FN, a.TP+b.TP)
}

func group(c audit.Confusion, by []string, values ...string) audit.Group {
	g := audit.Group{By: by, Values: values, N: c.N(), Confusion: &c, Matrix: [][]int64{{c.TN, c.FP}, {c.FN, c.TP}}, Small: c.N() < 30}
	for _, m := range audit.Metrics() {
		k, n := m.Of(float64(c.TN), float64(c.FP), float64(c.FN), float64(c.TP))
		g.Metrics = append(g.Metrics, estimate(m.Name, k, n))
	}
	return g
}

func estimate(metric string, k, n float64) audit.Estimate {
	e := audit.Estimate{Metric: metric, Value: k / n, Method: "wilson", K: k, N: n, Small: n < 30}
	e.Low, e.High = math.NaN(), math.NaN()
	if n > 0 {
		e.Low, e.High = stat.Wilson(k, n, .95)
		if e.Small {
			e.ExactLow, e.ExactHigh = stat.ClopperPearson(int64(k), int64(n), .95)
		}
	}
	return e
}

// gap compares groups with the largest one.
func gap(a *audit.Audit, metric string, by []string) audit.Gap {
	groups := a.GroupsBy(by...)
	large := slices.DeleteFunc(slices.Clone(groups), func(g audit.Group) bool { return g.Metric(metric).Small })
	slices.SortFunc(large, func(x, y audit.Group) int { return int(1e9 * (y.Metric(metric).Value - x.Metric(metric).Value)) })
	worst, best := large[0], large[len(large)-1]
	w, b := worst.Metric(metric), best.Metric(metric)
	g := audit.Gap{By: by, Metric: metric, Worst: worst.Name(), Best: best.Name(), Reference: best.Name(),
		Difference: audit.Estimate{Value: w.Value - b.Value, Low: w.Value - b.Value - .03, High: w.Value - b.Value + .03, Method: "bootstrap", N: w.N + b.N},
		Ratio:      audit.Estimate{Value: w.Value / b.Value, Low: w.Value/b.Value - .2, High: w.Value/b.Value + .2, Method: "bootstrap", N: w.N + b.N},
		Null:       audit.Null{P: .001, Mean: .02, Quantile: .04, Permutations: 1000}}
	if slices.Equal(by, []string{"sex"}) {
		g.Null.P = .6
	}
	for _, other := range groups {
		if other.Name() == g.Reference {
			continue
		}
		o := other.Metric(metric)
		p := audit.Pair{Group: other.Name(), Difference: audit.Estimate{Value: o.Value - b.Value, Method: "newcombe", Small: o.Small},
			Ratio: audit.Estimate{Value: o.Value / b.Value, Method: "katz", Small: o.Small}}
		p.Difference.Low, p.Difference.High = stat.Newcombe(o.K, o.N, b.K, b.N, .95)
		p.Ratio.Low, p.Ratio.High = stat.Katz(o.K, o.N, b.K, b.N, .95)
		p.Test.Method = "chi2"
		p.Test.Statistic, p.Test.P = stat.ChiSquare(o.K, o.N, b.K, b.N)
		p.Test.Holm, p.Test.BH = p.Test.P, p.Test.P
		g.Pairs = append(g.Pairs, p)
	}
	return g
}

// manyClasses is an audit of three classes.
func manyClasses() *audit.Audit {
	a := &audit.Audit{
		Source:   audit.Source{Name: "pets.csv", Rows: 90, Measured: 90, Columns: []string{"is", "said", "light"}},
		Settings: audit.Settings{Label: "is", Prediction: "said", Groups: []string{"light"}, Confidence: .95, MinN: 10, Replicates: 100},
		Classes:  []string{"cat", "dog", "fox"},
	}
	matrix := [][]int64{{20, 5, 5}, {1, 28, 1}, {0, 10, 20}}
	g := audit.Group{N: 90, Matrix: matrix}
	g.Metrics = append(g.Metrics, estimate("error", 22, 90), estimate("accuracy", 68, 90))
	for i, class := range a.Classes {
		g.Metrics = append(g.Metrics, estimate(fmt.Sprintf("fnr:%s", class), 30-float64(matrix[i][i]), 30))
	}
	a.Overall = g
	for _, light := range []string{"day", "night"} {
		half := g
		half.By, half.Values = []string{"light"}, []string{light}
		a.Groups = append(a.Groups, half)
	}
	return a
}
