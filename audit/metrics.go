package audit

import "math"

// Metric is a rate of two classes by name.
type Metric struct {
	// Name is how options, gates and reports call it; Also are other names of the same rate.
	Name string
	Also []string
	// Title is for people, and Question what the rate answers.
	Title, Question string
	// Better is +1 where a higher value is better, -1 where a lower one is, and 0 where neither is.
	Better int
	// Of takes the rate's numerator and denominator from the counts, each a sum of cells.
	Of func(tn, fp, fn, tp float64) (k, n float64)
}

// metrics are in the order in which groups have them.
var metrics = []Metric{
	{"error", nil, "Error rate", "How often is the model wrong?", -1,
		func(tn, fp, fn, tp float64) (float64, float64) { return fp + fn, tn + fp + fn + tp }},
	{"accuracy", nil, "Accuracy", "How often is the model right?", 1,
		func(tn, fp, fn, tp float64) (float64, float64) { return tn + tp, tn + fp + fn + tp }},
	{"fpr", []string{"fallout"}, "False positive rate", "Of those who are negative, how many were called positive?", -1,
		func(tn, fp, _, _ float64) (float64, float64) { return fp, fp + tn }},
	{"fnr", []string{"miss_rate"}, "False negative rate", "Of those who are positive, how many were called negative?", -1,
		func(_, _, fn, tp float64) (float64, float64) { return fn, fn + tp }},
	{"tpr", []string{"recall", "sensitivity"}, "True positive rate (recall)",
		"Of those who are positive, how many were called positive?", 1,
		func(_, _, fn, tp float64) (float64, float64) { return tp, fn + tp }},
	{"tnr", []string{"specificity"}, "True negative rate", "Of those who are negative, how many were called negative?", 1,
		func(tn, fp, _, _ float64) (float64, float64) { return tn, fp + tn }},
	{"ppv", []string{"precision"}, "Positive predictive value (precision)",
		"Of those called positive, how many are positive?", 1,
		func(_, fp, _, tp float64) (float64, float64) { return tp, fp + tp }},
	{"npv", nil, "Negative predictive value", "Of those called negative, how many are negative?", 1,
		func(tn, _, fn, _ float64) (float64, float64) { return tn, tn + fn }},
	{"fdr", nil, "False discovery rate", "Of those called positive, how many are negative?", -1,
		func(_, fp, _, tp float64) (float64, float64) { return fp, fp + tp }},
	{"for", nil, "False omission rate", "Of those called negative, how many are positive?", -1,
		func(tn, _, fn, _ float64) (float64, float64) { return fn, tn + fn }},
	{"selection_rate", nil, "Selection rate", "How many were called positive?", 0,
		func(tn, fp, fn, tp float64) (float64, float64) { return fp + tp, tn + fp + fn + tp }},
	{"prevalence", []string{"base_rate"}, "Prevalence", "How many are positive?", 0,
		func(tn, fp, fn, tp float64) (float64, float64) { return fn + tp, tn + fp + fn + tp }},
}

// Metrics are the rates of two classes, in the order in which groups have them.
func Metrics() []Metric { return append([]Metric(nil), metrics...) }

// MetricNamed returns the rate of that name, or of which it is another name.
func MetricNamed(name string) (Metric, bool) {
	for _, m := range metrics {
		if m.Name == name {
			return m, true
		}
		for _, also := range m.Also {
			if also == name {
				return m, true
			}
		}
	}
	return Metric{}, false
}

// find returns the estimate of that name, or of which it is another name, or one without a value.
func find(estimates []Estimate, name string) Estimate {
	if m, known := MetricNamed(name); known {
		name = m.Name
	}
	for _, e := range estimates {
		if e.Metric == name {
			return e
		}
	}
	return Estimate{Value: math.NaN(), Low: math.NaN(), High: math.NaN()}
}
