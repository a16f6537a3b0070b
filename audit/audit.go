package audit

import (
	"slices"
	"strings"
)

// Audit is what an audit found: plain data, which reports show and JSON keeps.
type Audit struct {
	Source   Source   `json:"source"`
	Settings Settings `json:"settings"`
	// Classes are the labels, in the order of rows and columns of [Group.Matrix]. Of two classes the second is positive.
	Classes []string `json:"classes"`
	// Overall is everybody who was measured.
	Overall Group `json:"overall"`
	// Groups are the marginals of each column of groups, then the crossings, each sorted by its values.
	Groups []Group `json:"groups"`
	// Gaps has one entry for each metric and each column of groups or crossing.
	Gaps []Gap `json:"gaps"`
	// Criteria are demographic parity and the other definitions of fairness by name, one each per column or crossing.
	Criteria []Criterion `json:"criteria,omitempty"`
	// Calibration and AUC are there where the predictions are scores: overall first, then as in Groups.
	Calibration []Calibration `json:"calibration,omitempty"`
	AUC         []AUC         `json:"auc,omitempty"`
	// Impossibility is Chouldechova's identity for each group of two classes, as in Groups.
	Impossibility []Impossibility `json:"impossibility,omitempty"`
	// Baselines are rules of one or two columns beside the model.
	Baselines []Baseline `json:"baselines,omitempty"`
	// Sensitivity is how the rates change with the threshold and with which rows are counted.
	Sensitivity Sensitivity `json:"sensitivity"`
	// Missing are rows that could not be measured, by group.
	Missing []Missing `json:"missing,omitempty"`
	// Notes are sentences about what was found and what the data cannot tell.
	Notes []Note `json:"notes,omitempty"`
}

// Source is where the rows came from.
type Source struct {
	// Name is the file's name without its folder, or what the caller named his rows.
	Name string `json:"name"`
	// Rows are all rows that were read, Measured those with a label and a prediction that pass [Options.Where].
	Rows     int64 `json:"rows"`
	Measured int64 `json:"measured"`
	// Bytes and SHA256 are of the file; zero and empty for rows of a callback.
	Bytes  int64  `json:"bytes,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
	// Columns are the columns that the rows have; of those that were not asked for nothing is kept but their names.
	Columns []string `json:"columns"`
}

// Settings are the options an audit ran with, with their defaults filled in.
type Settings struct {
	Label      string   `json:"label"`
	Prediction string   `json:"prediction,omitempty"`
	Score      string   `json:"score,omitempty"`
	Weight     string   `json:"weight,omitempty"`
	Threshold  float64  `json:"threshold"`
	Groups     []string `json:"groups"`
	// Crossings are the sets of columns that were crossed.
	Crossings [][]string `json:"crossings,omitempty"`
	Where     []string   `json:"where,omitempty"`
	// Confidence is the level of all intervals, such as 0.95.
	Confidence float64 `json:"confidence"`
	// MinN is the number of rows below which an estimate is marked small.
	MinN       int    `json:"min_n"`
	Replicates int    `json:"replicates"`
	Seed       uint64 `json:"seed"`
}

// Estimate is a number with its uncertainty. Value is NaN where the number is undefined, such as a rate of no rows; then
// so are Low and High. JSON has null for NaN, and "Inf" or "-Inf" as strings.
type Estimate struct {
	Metric string
	Value  float64
	// Low and High are the interval at the audit's confidence, made by Method: "wilson", "newcombe", "katz", "bootstrap",
	// "delong", or empty where there is none. See package stat.
	Low, High float64
	Method    string
	// ExactLow and ExactHigh are Clopper and Pearson's interval, of rates that are Small; else both are zero.
	ExactLow, ExactHigh float64
	// K of N rows make a rate; N alone is the number of rows that any other estimate rests on. Of weighted rows they are
	// the effective number: N is (Σw)²/Σw², and K the rate's share of it.
	K, N float64
	// Small marks an estimate of fewer than Settings.MinN rows.
	Small bool
}

// Defined reports whether the estimate has a value.
func (e Estimate) Defined() bool { return e.Value == e.Value }

// Confusion counts rows of two classes by what is true and what was predicted.
type Confusion struct {
	TN int64 `json:"tn"`
	FP int64 `json:"fp"`
	FN int64 `json:"fn"`
	TP int64 `json:"tp"`
}

// N is the number of rows.
func (c Confusion) N() int64 { return c.TN + c.FP + c.FN + c.TP }

// Group is a set of rows that share values of one or several columns.
type Group struct {
	// By are the columns and Values this group's value in each. Both are empty for everybody.
	By     []string `json:"by,omitempty"`
	Values []string `json:"values,omitempty"`
	N      int64    `json:"n"`
	// Weight is the sum of the rows' weights, zero where rows have none.
	Weight float64 `json:"weight,omitempty"`
	// Confusion is of two classes; Matrix of any number: Matrix[label][prediction].
	Confusion *Confusion `json:"confusion,omitempty"`
	Matrix    [][]int64  `json:"matrix"`
	// Metrics are in the order of [Metrics]; of more than two classes those that each class has too, such as "tpr:cat".
	Metrics []Estimate `json:"metrics"`
	// Small marks a group of fewer than Settings.MinN rows.
	Small bool `json:"small,omitempty"`
}

// Name is the group's values joined by " × ", an empty value as "(missing)", or "everybody".
func (g Group) Name() string {
	if len(g.Values) == 0 {
		return "everybody"
	}
	names := make([]string, len(g.Values))
	for i, v := range g.Values {
		if names[i] = v; v == "" {
			names[i] = "(missing)"
		}
	}
	return strings.Join(names, " × ")
}

// Metric returns the estimate of that name; where the group has none its Metric is empty and its Value NaN.
func (g Group) Metric(name string) Estimate { return find(g.Metrics, name) }

// Gap is how much a metric differs between the groups of a column or crossing.
type Gap struct {
	By     []string `json:"by"`
	Metric string   `json:"metric"`
	// Worst and Best are the groups with the worst and the best value among those that are not small; of metrics where
	// neither direction is better (prevalence, selection rate) the highest and the lowest. Empty where fewer than two
	// groups are large enough, and then Difference and Ratio are undefined.
	Worst string `json:"worst,omitempty"`
	Best  string `json:"best,omitempty"`
	// Difference is the largest value less the smallest, and Ratio the largest over the smallest; percentiles of the
	// bootstrap, which say how large the gap is but not whether there is one: no resample has a gap below zero.
	Difference Estimate `json:"difference"`
	Ratio      Estimate `json:"ratio"`
	// Null answers that: how large the gap would be if group and outcome had nothing to do with each other.
	Null Null `json:"null"`
	// Reference is the group that each of Pairs is compared with.
	Reference string `json:"reference"`
	Pairs     []Pair `json:"pairs"`
	// Superadditivity is, of a crossing of two columns, how much the gap between Worst and Best exceeds the sum of the
	// gaps of the two columns alone.
	Superadditivity *Estimate `json:"superadditivity,omitempty"`
}

// Pair compares a group with the reference.
type Pair struct {
	Group string `json:"group"`
	// Difference is the group's value less the reference's (Newcombe), Ratio the group's over the reference's (Katz).
	Difference Estimate `json:"difference"`
	Ratio      Estimate `json:"ratio"`
	Test       Test     `json:"test"`
}

// Test is a test of the hypothesis that a group and the reference have the same rate. P is NaN where there is none.
type Test struct {
	// Method is "chi2" (Pearson's, without continuity correction) or, where an expected count is below 5, "fisher".
	Method    string
	Statistic float64
	P         float64
	// Holm and BH are P adjusted for the family of all comparisons of this gap: Holm's bounds the chance of any
	// false alarm, Benjamini and Hochberg's the share of false alarms among what is found.
	Holm, BH float64
}

// Null is the distribution of the largest difference between groups when outcomes are dealt to groups at random.
// P and Quantile are NaN where there is none, as of weighted rows.
type Null struct {
	// P is the share of permutations, this one included, with a gap as large as the one found.
	P float64
	// Mean and Quantile (at the audit's confidence) are of the gaps of the permutations.
	Mean, Quantile float64
	Permutations   int
}

// Criterion is a definition of fairness applied to the groups of a column or crossing that are not small.
type Criterion struct {
	// Name is "demographic_parity_difference", "demographic_parity_ratio", "equalised_odds_difference" or
	// "equal_opportunity_difference".
	Name  string   `json:"name"`
	By    []string `json:"by"`
	Value Estimate `json:"value"`
	// Bound is what Holds compares with: of the ratio 0.8, the four-fifths rule; of differences 0.1. Holds is whether
	// Value keeps to it, and Sure whether all of the interval is on that side.
	Bound float64 `json:"bound"`
	Holds bool    `json:"holds"`
	Sure  bool    `json:"sure"`
}

// Calibration is how often rows of a score were positive, for one group.
type Calibration struct {
	By     []string         `json:"by,omitempty"`
	Values []string         `json:"values,omitempty"`
	Bins   []CalibrationBin `json:"bins"`
	// Error is the expected calibration error: the mean of |score - rate| over rows; nil unless scores are in [0, 1].
	Error *float64 `json:"error,omitempty"`
}

// CalibrationBin is the rows whose score is in [From, To]; To alone may be the next bin's From, which then has it.
type CalibrationBin struct {
	From  float64  `json:"from"`
	To    float64  `json:"to"`
	Score float64  `json:"score"` // the mean score
	N     int64    `json:"n"`
	Rate  Estimate `json:"rate"` // the share of positive labels
}

// AUC is the area under the receiver operating characteristic of one group: the chance that a positive row has a higher
// score than a negative one, where equal scores count half.
type AUC struct {
	By     []string `json:"by,omitempty"`
	Values []string `json:"values,omitempty"`
	Value  Estimate `json:"value"`
	// Resolution bounds how far Value may be from the area of the scores themselves, because scores with many values
	// are kept as a histogram; zero where each value has a bin.
	Resolution float64 `json:"resolution,omitempty"`
}

// Impossibility is Chouldechova's identity for one group: FPR = p/(1-p) · (1-PPV)/PPV · (1-FNR), where p is the
// prevalence. As it holds for every group, groups of different prevalence cannot have the same PPV, FPR and FNR.
type Impossibility struct {
	By         []string
	Values     []string
	Prevalence float64
	PPV        float64
	FDR        float64
	FNR        float64
	FPR        float64
	// Implied is the right side of the identity, which differs from FPR by rounding alone.
	Implied float64
	// Shared is what FPR this group's prevalence implies if its PPV and FNR were everybody's.
	Shared float64
}

// Baseline is a rule that predicts, for each value of one or two columns, the label that most other rows with that value
// have. Each row is judged by the rule that the others make (leave one out), so the rule has not seen what it predicts.
type Baseline struct {
	Columns []string `json:"columns"`
	// Rules is the number of different values, each a line of the rule.
	Rules int `json:"rules"`
	// Accuracy is the rule's, of rows with a label, and Model the model's, of those that have a prediction too.
	Accuracy Estimate `json:"accuracy"`
	Model    Estimate `json:"model"`
	// Difference is the model's accuracy less the rule's.
	Difference float64 `json:"difference"`
	// Groups has, for the groups of each column, the rule's confusion and metrics.
	Groups []Group `json:"groups"`
}

// Sensitivity is how rates depend on choices of whoever made the audit.
type Sensitivity struct {
	Thresholds []Variant `json:"thresholds,omitempty"`
	Filters    []Variant `json:"filters,omitempty"`
}

// Variant is the audit with another threshold or of fewer rows.
type Variant struct {
	// Name says what is different, such as "threshold 8" or "days<=30".
	Name      string  `json:"name"`
	Threshold float64 `json:"threshold"`
	N         int64   `json:"n"`
	Overall   Group   `json:"overall"`
	Groups    []Group `json:"groups"`
}

// Missing counts the rows of a group that could not be measured, and why.
type Missing struct {
	By     []string `json:"by,omitempty"`
	Values []string `json:"values,omitempty"`
	// Label and Prediction are rows where it is empty or NaN; a row may lack both. Rows are all of the group's.
	Label      int64 `json:"label"`
	Prediction int64 `json:"prediction"`
	Rows       int64 `json:"rows"`
}

// Note is a sentence for the reader of a report.
type Note struct {
	// Kind is "finding", "odd" (what makes rates say little, such as scores that are all equal), "limit" (what the data
	// cannot tell) or "data" (what else to know about the rows).
	Kind string `json:"kind"`
	Text string `json:"text"`
}

// GroupsBy returns the groups of one column, or of the crossing of several.
func (a *Audit) GroupsBy(columns ...string) []Group {
	var found []Group
	for _, g := range a.Groups {
		if slices.Equal(g.By, columns) {
			found = append(found, g)
		}
	}
	return found
}

// Group returns the group with these values of these columns.
func (a *Audit) Group(by, values []string) (Group, bool) {
	for _, g := range a.Groups {
		if slices.Equal(g.By, by) && slices.Equal(g.Values, values) {
			return g, true
		}
	}
	return Group{}, false
}

// Gap returns the gap of a metric between the groups of a column or crossing.
func (a *Audit) Gap(metric string, by ...string) (Gap, bool) {
	for _, g := range a.Gaps {
		if g.Metric == metric && slices.Equal(g.By, by) {
			return g, true
		}
	}
	return Gap{}, false
}
