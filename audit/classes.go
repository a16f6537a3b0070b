package audit

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/atelier-go/atelier/audit/table"
)

// opposites are values that need nobody to say which is positive: negative first.
var opposites = [][2]string{{"0", "1"}, {"-1", "1"}, {"false", "true"}, {"no", "yes"}, {"n", "y"}, {"negative", "positive"}}

// UnclearError is about labels or predictions of which nobody can tell which are positive, unless Options.Positive or
// Options.PredictedPositive says so.
type UnclearError struct{ text string }

func (e *UnclearError) Error() string { return e.text }

func unclear(format string, args ...any) error { return &UnclearError{fmt.Sprintf(format, args...)} }

// classes says what labels and predictions are: class numbers of their texts, -1 where there is none.
type classes struct {
	names             []string
	label, prediction []int // by code; prediction is nil of scores
}

// canonical writes numbers in one way, so that 1 and 1.0 are one class.
func canonical(text string) string {
	if v, err := strconv.ParseFloat(text, 64); err == nil {
		return strconv.FormatFloat(v+0, 'g', -1, 64)
	}
	return text
}

func canonicals(texts []string) []string {
	if texts == nil { // of scores
		return nil
	}
	all := make([]string, len(texts))
	for i, t := range texts {
		if !table.Missing(t) {
			all[i] = canonical(t)
		}
	}
	return all
}

// distinct returns the texts that are not missing, each once, numbers in their order and then others in theirs.
func distinct(texts ...[]string) []string {
	all := slices.DeleteFunc(slices.Concat(texts...), func(t string) bool { return t == "" })
	slices.Sort(all)
	all = slices.Compact(all)
	sort.SliceStable(all, func(i, j int) bool {
		a, errA := strconv.ParseFloat(all[i], 64)
		b, errB := strconv.ParseFloat(all[j], 64)
		if errA == nil && errB == nil {
			return a < b
		}
		return errA == nil && errB != nil
	})
	return all
}

// findClasses decides what the classes are. Predictions are nil where there are scores.
func (o *Options) findClasses(labels, predictions []string) (classes, error) {
	scored := predictions == nil
	labels, predictions = canonicals(labels), canonicals(predictions)
	values := distinct(labels)
	if len(values) == 0 {
		return classes{}, fmt.Errorf("no row has a label in column %q", o.Label)
	}
	if len(o.Positive) > 0 || len(o.PredictedPositive) > 0 {
		return o.named(labels, predictions)
	}
	all := distinct(labels, predictions)
	for _, pair := range opposites {
		if !slices.ContainsFunc(all, func(v string) bool { l := strings.ToLower(v); return l != pair[0] && l != pair[1] }) {
			of := func(text string) int { return slices.Index(pair[:], strings.ToLower(text)) }
			return classes{classNames(pair, slices.Concat(values, all)), each(labels, of), each(predictions, of)}, nil
		}
	}
	switch {
	case len(values) > 2 && scored:
		return classes{}, unclear("column %q has %d labels (%s): a score needs to know which are positive",
			o.Label, len(values), some(values))
	case len(all) <= 2:
		return classes{}, unclear("column %q has labels %s: which is positive?", o.Label, some(all))
	case len(values) <= 2:
		return classes{}, unclear("labels are %s, but predictions %s: which are positive?", some(values), some(distinct(predictions)))
	case len(all) > maxClasses:
		return classes{}, fmt.Errorf("%d classes (%s), want at most %d: is column %q of labels?", len(all), some(all), maxClasses, o.Label)
	}
	of := func(text string) int { return slices.Index(all, text) }
	return classes{all, each(labels, of), each(predictions, of)}, nil
}

// named makes two classes of what the options call positive and the rest.
func (o *Options) named(labels, predictions []string) (classes, error) {
	knownLabels, knownPredictions := distinct(labels), distinct(predictions)
	positive, predicted := canonicals(o.Positive), canonicals(o.PredictedPositive)
	if len(positive) == 0 {
		if positive = positives(knownLabels); positive == nil {
			positive = predicted
		}
	}
	for _, p := range positive {
		if !slices.Contains(knownLabels, p) {
			return classes{}, fmt.Errorf("no label is %q, which is to be positive; column %q has %s", p, o.Label, some(knownLabels))
		}
	}
	for _, p := range predicted {
		if !slices.Contains(knownPredictions, p) && o.Prediction != "" {
			return classes{}, fmt.Errorf("no prediction is %q, which is to be positive; column %q has %s", p, o.Prediction, some(knownPredictions))
		}
	}
	if len(predicted) == 0 {
		predicted = positive
		// A model may never predict a class, but then it predicts others that labels have.
		for _, p := range knownPredictions {
			if !slices.Contains(knownLabels, p) {
				return classes{}, unclear("labels are %s, but predictions %s: which predictions are positive?", some(knownLabels), some(knownPredictions))
			}
		}
	}
	in := func(set []string) func(string) int {
		return func(text string) int { return oneIf(slices.Contains(set, text)) }
	}
	negative := slices.DeleteFunc(knownLabels, func(v string) bool { return slices.Contains(positive, v) })
	names := []string{strings.Join(negative, " or "), strings.Join(positive, " or ")}
	if len(negative) == 0 || len(negative) > 3 {
		names[0] = "not " + names[1]
	}
	return classes{names, each(labels, in(positive)), each(predictions, in(predicted))}, nil
}

// positives returns the values that need nobody to call them positive, nil where there are others than those and their
// opposites.
func positives(values []string) []string {
	for _, pair := range opposites {
		var found []string
		others := false
		for _, v := range values {
			l := strings.ToLower(v)
			others = others || l != pair[0] && l != pair[1]
			if l == pair[1] {
				found = append(found, v)
			}
		}
		if !others {
			return found
		}
	}
	return nil
}

func oneIf(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// each returns the class of each text that is not missing.
func each(texts []string, of func(string) int) []int {
	all := make([]int, len(texts))
	for i, t := range texts {
		if all[i] = -1; t != "" {
			all[i] = of(t)
		}
	}
	return all
}

// classNames returns the pair as the first of the values write it.
func classNames(pair [2]string, values []string) []string {
	names := pair[:]
	for i, p := range names {
		for _, v := range values {
			if strings.EqualFold(v, p) {
				names[i] = v
				break
			}
		}
	}
	return names
}

// some quotes up to ten values.
func some(values []string) string {
	const most = 10
	var b strings.Builder
	for i, v := range values {
		if i == most {
			fmt.Fprintf(&b, " and %d more", len(values)-most)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.Quote(v))
	}
	return b.String()
}
