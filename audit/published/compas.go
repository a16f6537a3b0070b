package published

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"github.com/atelier-go/atelier/audit"
	"github.com/atelier-go/atelier/audit/stat"
)

// A compasGroup is one row of ProPublica's cross-tabs: all 7,214 people, a score of Medium or High being positive, a new
// charge within two years the outcome.
type compasGroup struct {
	race, sex string // empty for all
	counts    audit.Confusion
	printed   map[string]float64 // metrics in percent
}

func (g compasGroup) name() string {
	switch {
	case g.race == "" && g.sex == "":
		return "All"
	case g.race == "" || g.sex == "":
		return g.race + g.sex
	}
	return g.race + " × " + g.sex
}

func percents(fpr, fnr, ppv, npv, prevalence float64) map[string]float64 {
	return map[string]float64{"fpr": fpr, "fnr": fnr, "ppv": ppv, "npv": npv, "prevalence": prevalence}
}

var compasMetrics = []string{"fpr", "fnr", "ppv", "npv", "prevalence"}

// compas are the cells. The first three rows are printed in ProPublica's notebook; the others follow from the same data.
var compas = []compasGroup{
	{"", "", audit.Confusion{TN: 2681, FP: 1282, FN: 1216, TP: 2035}, percents(32.35, 37.40, 61.35, 68.80, 45.07)},
	{"African-American", "", audit.Confusion{TN: 990, FP: 805, FN: 532, TP: 1369}, percents(44.85, 27.99, 62.97, 65.05, 51.43)},
	{"Caucasian", "", audit.Confusion{TN: 1139, FP: 349, FN: 461, TP: 505}, percents(23.45, 47.72, 59.13, 71.19, 39.36)},
	{"Hispanic", "", audit.Confusion{TN: 318, FP: 87, FN: 129, TP: 103}, percents(21.48, 55.60, 54.21, 71.14, 36.42)},
	{"Other", "", audit.Confusion{TN: 208, FP: 36, FN: 90, TP: 43}, percents(14.75, 67.67, 54.43, 69.80, 35.28)},
	{"Asian", "", audit.Confusion{TN: 21, FP: 2, FN: 3, TP: 6}, percents(8.70, 33.33, 75.00, 87.50, 28.12)},
	{"Native American", "", audit.Confusion{TN: 5, FP: 3, FN: 1, TP: 9}, percents(37.50, 10.00, 75.00, 83.33, 55.56)},
	{"", "Female", audit.Confusion{TN: 609, FP: 288, FN: 195, TP: 303}, percents(32.11, 39.16, 51.27, 75.75, 35.70)},
	{"", "Male", audit.Confusion{TN: 2072, FP: 994, FN: 1021, TP: 1732}, percents(32.42, 37.09, 63.54, 66.99, 47.31)},
	{"African-American", "Female", audit.Confusion{TN: 241, FP: 164, FN: 74, TP: 173}, map[string]float64{"fpr": 40.49, "fnr": 29.96, "ppv": 51.34}},
	{"African-American", "Male", audit.Confusion{TN: 749, FP: 641, FN: 458, TP: 1196}, map[string]float64{"fpr": 46.12, "fnr": 27.69, "ppv": 65.11}},
	{"Caucasian", "Female", audit.Confusion{TN: 257, FP: 111, FN: 86, TP: 113}, map[string]float64{"fpr": 30.16, "fnr": 43.22, "ppv": 50.45}},
	{"Caucasian", "Male", audit.Confusion{TN: 882, FP: 238, FN: 375, TP: 392}, map[string]float64{"fpr": 21.25, "fnr": 48.89, "ppv": 62.22}},
	{"Asian", "Female", audit.Confusion{TN: 1, FP: 0, FN: 1, TP: 0}, nil},
	{"Native American", "Female", audit.Confusion{TN: 1, FP: 0, FN: 0, TP: 3}, nil},
}

// COMPAS recomputes the cells and rates of ProPublica's analysis, with the intervals of the two largest groups and of what
// is between them. Cells are counted from the file if it is there, and else taken as printed.
func COMPAS(o Options) (Study, error) {
	s := Study{Name: "COMPAS", Source: "Larson et al. 2016, all 7,214 people"}
	groups := compas
	counted, err := countCompas(o.Data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s.Missing = "compas_for_aequitas.csv is not there: the cells are taken as printed"
	case err != nil:
		return s, err
	default:
		groups = counted
		for i, g := range groups {
			want := compas[i].counts
			s.check(g.name()+" TN", float64(want.TN), float64(g.counts.TN), 0)
			s.check(g.name()+" FP", float64(want.FP), float64(g.counts.FP), 0)
			s.check(g.name()+" FN", float64(want.FN), float64(g.counts.FN), 0)
			s.check(g.name()+" TP", float64(want.TP), float64(g.counts.TP), 0)
		}
	}
	for _, g := range groups {
		for _, metric := range compasMetrics {
			if want, printed := g.printed[metric]; printed {
				s.check(g.name()+" "+metric, want, 100*value(g.counts, metric), 0.005)
			}
		}
	}
	s.checkWilson(groups)
	s.checkGaps(groups[1].counts, groups[2].counts)
	s.checkIdentity(groups)
	return s, nil
}

// checkWilson checks the intervals of rates.
func (s *Study) checkWilson(groups []compasGroup) {
	for i, want := range [][4]float64{{30.91, 33.82, 35.76, 39.08}, {42.56, 47.16, 26.01, 30.05}, {21.37, 25.67, 44.59, 50.88}} {
		for j, metric := range []string{"fpr", "fnr"} {
			k, n := fraction(groups[i].counts, metric)
			low, high := stat.Wilson(k, n, 0.95)
			s.check(groups[i].name()+" "+metric+" low", want[2*j], 100*low, 0.005)
			s.check(groups[i].name()+" "+metric+" high", want[2*j+1], 100*high, 0.005)
		}
	}
}

// checkGaps checks differences (Newcombe) and ratios (Katz) of African-American and Caucasian defendants.
func (s *Study) checkGaps(black, white audit.Confusion) {
	difference := func(metric string, want, wantLow, wantHigh float64) {
		k1, n1 := fraction(black, metric)
		k2, n2 := fraction(white, metric)
		low, high := stat.Newcombe(k1, n1, k2, n2, 0.95)
		s.check("difference of "+metric, want, 100*(k1/n1-k2/n2), 0.005)
		s.check("difference of "+metric+" low", wantLow, 100*low, 0.005)
		s.check("difference of "+metric+" high", wantHigh, 100*high, 0.005)
	}
	ratio := func(metric string, a, b audit.Confusion, want, wantLow, wantHigh float64) {
		k1, n1 := fraction(a, metric)
		k2, n2 := fraction(b, metric)
		low, high := stat.Katz(k1, n1, k2, n2, 0.95)
		s.check("ratio of "+metric, want, k1/n1/(k2/n2), 0.0005)
		s.check("ratio of "+metric+" low", wantLow, low, 0.0005)
		s.check("ratio of "+metric+" high", wantHigh, high, 0.0005)
	}
	difference("fpr", 21.39, 18.21, 24.50)
	difference("fnr", -19.74, -23.46, -15.99)
	ratio("fpr", black, white, 1.912, 1.721, 2.124)
	ratio("fnr", white, black, 1.705, 1.546, 1.880)
	k1, n1 := fraction(black, "ppv")
	k2, n2 := fraction(white, "ppv")
	chi2, p := stat.ChiSquare(k1, n1, k2, n2)
	s.check("chi-squared of ppv", 3.83, chi2, 0.005)
	s.check("p of ppv", 0.0504, p, 0.00005)
	s.check("demographic parity difference", 0.2402, value(black, "selection_rate")-value(white, "selection_rate"), 0.00005)
	s.check("demographic parity ratio", 0.5916, value(white, "selection_rate")/value(black, "selection_rate"), 0.00005)
}

// checkIdentity checks Chouldechova's identity where all its rates are defined.
func (s *Study) checkIdentity(groups []compasGroup) {
	for _, g := range groups {
		p, ppv, fnr := value(g.counts, "prevalence"), value(g.counts, "ppv"), value(g.counts, "fnr")
		if implied := p / (1 - p) * (1 - ppv) / ppv * (1 - fnr); !math.IsNaN(implied) {
			s.check(g.name()+" identity", value(g.counts, "fpr"), implied, 1e-12)
		}
	}
}

// countCompas audits the de-identified file of the Aequitas project and returns the groups in the order of compas. The error
// is fs.ErrNotExist if there is none.
func countCompas(folder string) ([]compasGroup, error) {
	path := filepath.Join(folder, "compas_for_aequitas.csv")
	if _, err := os.Stat(path); folder == "" || err != nil {
		return nil, cmp.Or(err, fs.ErrNotExist)
	}
	found, err := audit.Run(audit.Options{Path: path, Label: "label_value", Score: "score", Threshold: 1,
		Groups: []string{"race", "sex"}, Replicates: replicates})
	if err != nil {
		return nil, err
	}
	var groups []compasGroup
	for _, want := range compas {
		g, known := found.Overall, true
		if by, values := want.key(); by != nil {
			g, known = found.Group(by, values)
		}
		if !known || g.Confusion == nil {
			return nil, fmt.Errorf("%s: there are no counts of %s", path, want.name())
		}
		groups = append(groups, compasGroup{want.race, want.sex, *g.Confusion, want.printed})
	}
	return groups, nil
}

// key is how an audit names the group.
func (g compasGroup) key() (by, values []string) {
	if g.race != "" {
		by, values = append(by, "race"), append(values, g.race)
	}
	if g.sex != "" {
		by, values = append(by, "sex"), append(values, g.sex)
	}
	return by, values
}
