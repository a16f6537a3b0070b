package published

import (
	"fmt"
	"iter"

	"github.com/atelier-go/atelier/audit"
)

// faces are the faces of one skin type and gender that a classifier detected, and how many it got wrong.
type faces struct{ wrong, n int64 }

// A classifier of Gender Shades, with its counts and the values printed of it. The counts were reconstructed: they are
// whole numbers from which all printed values follow. Denominators are below the 271, 318, 296 and 385 faces of the
// benchmark because some were not detected.
type classifier struct {
	name           string
	df, dm, lf, lm faces
	// printed has Table 4's rows for All, F, M, D, L, DF, DM, LF, LM in percent, by the names printed there. What is
	// printed as PPV and TPR is the other way round of what these mean elsewhere.
	printed map[string][9]float64
}

var printedRows = [4]string{"PPV", "Error", "TPR", "FPR"}

var classifiers = []classifier{
	{"MSFT", faces{55, 264}, faces{18, 300}, faces{5, 296}, faces{0, 385}, map[string][9]float64{
		"PPV":   {93.7, 89.3, 97.4, 87.1, 99.3, 79.2, 94.0, 98.3, 100},
		"Error": {6.3, 10.7, 2.6, 12.9, 0.7, 20.8, 6.0, 1.7, 0.0},
		"TPR":   {93.7, 96.5, 91.7, 87.1, 99.3, 92.1, 83.7, 100, 98.7},
		"FPR":   {6.3, 8.3, 3.5, 12.9, 0.7, 16.3, 7.9, 1.3, 0.0},
	}},
	{"Face++", faces{89, 258}, faces{2, 294}, faces{29, 296}, faces{3, 385}, map[string][9]float64{
		"PPV":   {90.0, 78.7, 99.3, 83.5, 95.3, 65.5, 99.3, 90.2, 99.2},
		"Error": {10.0, 21.3, 0.7, 16.5, 4.7, 34.5, 0.7, 9.8, 0.8},
		"TPR":   {90.0, 98.9, 85.1, 83.5, 95.3, 98.8, 76.6, 98.9, 92.9},
		"FPR":   {10.0, 14.9, 1.1, 16.5, 4.7, 23.4, 1.2, 7.1, 1.1},
	}},
	{"IBM", faces{94, 271}, faces{38, 317}, faces{21, 296}, faces{1, 385}, map[string][9]float64{
		"PPV":   {87.9, 79.7, 94.4, 77.6, 96.8, 65.3, 88.0, 92.9, 99.7},
		"Error": {12.1, 20.3, 5.6, 22.4, 3.2, 34.7, 12.0, 7.1, 0.3},
		"TPR":   {87.9, 92.1, 85.2, 77.6, 96.8, 82.3, 74.8, 99.6, 94.8},
		"FPR":   {12.1, 14.8, 7.9, 22.4, 3.2, 25.2, 17.7, 5.2, 0.4},
	}},
}

// The metrics that the printed rows are, with female as the positive class, of a group that has both genders.
var (
	ofBoth    = map[string]string{"PPV": "accuracy", "Error": "error", "TPR": "accuracy", "FPR": "error"}
	ofFemales = map[string]string{"PPV": "tpr", "Error": "fnr", "TPR": "ppv", "FPR": "for"}
	ofMales   = map[string]string{"PPV": "tnr", "Error": "fpr", "TPR": "npv", "FPR": "fdr"}
)

// strata are the columns of the table: the skin types that are counted, and what the rows mean there.
var strata = [9]struct {
	name, skin string // all skin types if empty
	meaning    map[string]string
}{
	{"All", "", ofBoth}, {"F", "", ofFemales}, {"M", "", ofMales}, {"D", "darker", ofBoth}, {"L", "lighter", ofBoth},
	{"DF", "darker", ofFemales}, {"DM", "darker", ofMales}, {"LF", "lighter", ofFemales}, {"LM", "lighter", ofMales},
}

// GenderShades audits the rows of [GenderShadesRows] and compares with all 108 values of Table 4 of "Gender Shades".
func GenderShades(Options) (Study, error) {
	s := Study{Name: "Gender Shades", Source: "Buolamwini and Gebru 2018, Table 4"}
	found, err := audit.Run(audit.Options{Rows: GenderShadesRows(), Header: GenderShadesHeader, Name: s.Name,
		Label: "gender", Prediction: "predicted", Positive: []string{"female"}, Groups: []string{"classifier", "skin"},
		Replicates: replicates})
	if err != nil {
		return s, err
	}
	for _, c := range classifiers {
		for _, row := range printedRows {
			for i, stratum := range strata {
				by, values := []string{"classifier"}, []string{c.name}
				if stratum.skin != "" {
					by, values = append(by, "skin"), append(values, stratum.skin)
				}
				g, known := found.Group(by, values)
				if !known {
					return s, fmt.Errorf("the audit lacks the group %v", values)
				}
				metric := stratum.meaning[row]
				s.check(fmt.Sprintf("%s %s (%s) of %s", c.name, row, metric, stratum.name), c.printed[row][i],
					100*g.Metric(metric).Value, 0.05)
			}
		}
	}
	return s, nil
}

// replicates are few: no printed number is of a bootstrap.
const replicates = 10

// value is a metric of a confusion; NaN if it is of no rows.
func value(c audit.Confusion, metric string) float64 {
	k, n := fraction(c, metric)
	return k / n
}

func fraction(c audit.Confusion, metric string) (k, n float64) {
	m, _ := audit.MetricNamed(metric)
	return m.Of(float64(c.TN), float64(c.FP), float64(c.FN), float64(c.TP))
}

// GenderShadesHeader names the columns of [GenderShadesRows].
var GenderShadesHeader = []string{"classifier", "skin", "gender", "predicted"}

// GenderShadesRows are the counts as rows, one for each of the 3,747 faces that the three classifiers detected.
func GenderShadesRows() iter.Seq[[]string] {
	other := map[string]string{"female": "male", "male": "female"}
	return func(yield func([]string) bool) {
		for _, c := range classifiers {
			for _, cell := range []struct {
				skin, gender string
				faces
			}{{"darker", "female", c.df}, {"darker", "male", c.dm}, {"lighter", "female", c.lf}, {"lighter", "male", c.lm}} {
				for i := range cell.n {
					predicted := cell.gender
					if i < cell.wrong {
						predicted = other[cell.gender]
					}
					if !yield([]string{c.name, cell.skin, cell.gender, predicted}) {
						return
					}
				}
			}
		}
	}
}
