package amplify

import (
	"errors"
	"fmt"
	"math"

	"github.com/atelier-go/atelier/audit"
)

// A Class is one class's part of [ZhaoResult].
type Class struct {
	Name   string `json:"name"`
	Toward string `json:"toward"` // the group that training is biased toward; "" if its groups are tied
	// Train and Predicted are the shares of Toward, or of the first group in a tie.
	Train      float64        `json:"train"`
	Predicted  float64        `json:"predicted"`
	TrainN     int64          `json:"train_n,omitempty"`     // rows; 0 where only ratios are known
	PredictedN int64          `json:"predicted_n,omitempty"` // rows
	Difference audit.Estimate `json:"difference"`            // Predicted - Train: positive is amplified
	Violation  bool           `json:"violation"`             // the difference is larger than the margin, either way
}

// ZhaoResult is the amplification of Zhao et al. (2017).
type ZhaoResult struct {
	Mean    audit.Estimate `json:"mean"` // over all classes, ties counting as 0
	Classes []Class        `json:"classes"`
	// Toward is how many classes are biased toward each group in training, Ties how many toward none.
	Toward     map[string]int `json:"toward"`
	Ties       int            `json:"ties"`
	Amplified  int            `json:"amplified"`  // classes with a positive difference toward their group
	Violations int            `json:"violations"` // classes whose shares moved by more than the margin
	Distance   float64        `json:"distance"`   // sum of how far the shares moved
	// RarelyTrained and NeverPredicted are how many classes were left out, because training has too few rows of them or
	// the model never predicts them.
	RarelyTrained  int `json:"rarely_trained"`
	NeverPredicted int `json:"never_predicted"`
}

// Zhao computes
//
//	1/|O| · Σ_g Σ_{o: b*(o,g) > 1/|G|} b~(o,g) - b*(o,g)
//
// where b(o,g) is the share of group g in class o, b* in training and b~ in the predictions. O are the classes that are
// predicted at all and have more than o.MinTrain rows in training, ties included, which contribute nothing. The intervals of
// classes are Newcombe's for differences; that of the mean is a bootstrap of both tables as multinomials over their cells,
// with the groups that classes are biased toward held fixed.
func Zhao(train, predicted Counts, o Options) (*ZhaoResult, error) {
	o = o.withDefaults()
	if err := errors.Join(train.Validate(), predicted.Validate(), o.validate(), sameNames(train, predicted)); err != nil {
		return nil, err
	}
	r := &ZhaoResult{Toward: map[string]int{}}
	var kept []int
	for i, name := range train.Classes {
		_, trainN := share(train.N[i], 0)
		_, predictedN := share(predicted.N[i], 0)
		switch {
		case trainN == 0 || trainN <= o.MinTrain:
			r.RarelyTrained++
			continue
		case predictedN == 0:
			r.NeverPredicted++
			continue
		}
		kept = append(kept, i)
		toward := biasedToward(train.N[i])
		g := 0
		c := Class{Name: name, TrainN: trainN, PredictedN: predictedN}
		if len(toward) > 0 {
			g = toward[0]
			c.Toward = train.Groups[g]
		}
		c.Train, _ = share(train.N[i], g)
		c.Predicted, _ = share(predicted.N[i], g)
		c.Difference = newcombe(predicted.N[i][g], predictedN, train.N[i][g], trainN, o.Conf)
		r.add(c, o.Margin, len(toward) > 0)
	}
	if len(kept) == 0 {
		return nil, fmt.Errorf("amplify: none of the %d classes is left: %d are too rare in training, %d are never predicted",
			len(train.Classes), r.RarelyTrained, r.NeverPredicted)
	}
	var err error
	if r.Mean, err = bootstrapZhao(train, predicted, kept, o); err != nil {
		return nil, err
	}
	return r, nil
}

// biasedToward returns the groups with more than their equal part of a class, the largest first. Three groups can have two
// such.
func biasedToward(row []int64) (groups []int) {
	n := int64(0)
	for _, x := range row {
		n += x
	}
	for g, x := range row {
		if x*int64(len(row)) > n {
			groups = append(groups, g)
			if last := len(groups) - 1; row[groups[0]] < x {
				groups[0], groups[last] = g, groups[0]
			}
		}
	}
	return groups
}

func (r *ZhaoResult) add(c Class, margin float64, biased bool) {
	moved := math.Abs(c.Predicted - c.Train)
	c.Violation = moved > margin
	if c.Violation {
		r.Violations++
	}
	r.Distance += moved
	if biased {
		r.Toward[c.Toward]++
		if c.Predicted > c.Train {
			r.Amplified++
		}
	} else {
		r.Ties++
	}
	r.Classes = append(r.Classes, c)
}

func sameNames(a, b Counts) error {
	for i := range max(len(a.Classes), len(b.Classes)) {
		if i >= len(a.Classes) || i >= len(b.Classes) || a.Classes[i] != b.Classes[i] {
			return fmt.Errorf("amplify: training has %d classes and the predictions %d, or others at place %d; want the same",
				len(a.Classes), len(b.Classes), i)
		}
	}
	for i := range max(len(a.Groups), len(b.Groups)) {
		if i >= len(a.Groups) || i >= len(b.Groups) || a.Groups[i] != b.Groups[i] {
			return fmt.Errorf("amplify: training has groups %q and the predictions %q; want the same", a.Groups, b.Groups)
		}
	}
	return nil
}

// meanAmplification is Zhao's sum over the classes kept, given the groups that each is biased toward. Classes that a
// replicate does not predict, or does not train, are left out of it. It is NaN if none is left.
func meanAmplification(train, predicted [][]int64, kept []int, toward [][]int) float64 {
	total, classes := 0.0, 0
	for k, i := range kept {
		_, trainN := share(train[i], 0)
		_, predictedN := share(predicted[i], 0)
		if trainN == 0 || predictedN == 0 {
			continue
		}
		classes++
		for _, g := range toward[k] {
			total += float64(predicted[i][g])/float64(predictedN) - float64(train[i][g])/float64(trainN)
		}
	}
	return total / float64(classes)
}

// A Ratio is a class of which only the share of the first of two groups is known.
type Ratio struct {
	Class            string
	Train, Predicted float64 // in [0, 1]
}

// ZhaoRatios computes Zhao's measure of two groups from the first one's shares. A ratio within 1e-9 of one half is a
// tie. Without counts a class has no interval: Low and High are NaN; that of the mean is Student's, which takes the classes
// for a sample of such.
func ZhaoRatios(groups [2]string, ratios []Ratio, o Options) (*ZhaoResult, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	if len(ratios) == 0 {
		return nil, errors.New("amplify: no ratios")
	}
	r := &ZhaoResult{Toward: map[string]int{}}
	var contributions []float64
	for _, x := range ratios {
		if !(x.Train >= 0 && x.Train <= 1) || !(x.Predicted >= 0 && x.Predicted <= 1) {
			return nil, fmt.Errorf("amplify: class %s: ratios %v and %v, want in [0, 1]", x.Class, x.Train, x.Predicted)
		}
		c := Class{Name: x.Class, Train: x.Train, Predicted: x.Predicted}
		biased := math.Abs(x.Train-0.5) > 1e-9
		switch {
		case biased && x.Train > 0.5:
			c.Toward = groups[0]
		case biased:
			c.Toward, c.Train, c.Predicted = groups[1], 1-x.Train, 1-x.Predicted
		}
		d := c.Predicted - c.Train
		c.Difference = audit.Estimate{Metric: metric, Value: d, Low: math.NaN(), High: math.NaN()}
		r.add(c, o.Margin, biased)
		if !biased {
			d = 0
		}
		contributions = append(contributions, d)
	}
	r.Mean = student(contributions, o.Conf)
	return r, nil
}
