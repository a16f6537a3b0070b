package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/atelier-go/atelier/learn"
	"github.com/atelier-go/atelier/style"
)

// choice is a flag that takes one of some names.
type choice[T ~string] struct {
	value *T
	all   []T
}

func (c choice[T]) String() string { return string(*c.value) }
func (c choice[T]) Type() string   { return "name" }

func (c choice[T]) Set(s string) error {
	if !slices.Contains(c.all, T(s)) {
		return fmt.Errorf("want %s", names(c.all))
	}
	*c.value = T(s)
	return nil
}

// names are the words in a sentence.
func names[T ~string](all []T) string {
	words := make([]string, len(all))
	for i, v := range all {
		words[i] = string(v)
	}
	return strings.Join(words, ", ")
}

// layerList is a flag that takes layers with weights: relu1_1,relu3_1=0.5.
type layerList struct{ value *[]style.LayerWeight }

func (l layerList) Type() string { return "layers" }

func (l layerList) String() string {
	var words []string
	for _, v := range *l.value {
		words = append(words, weighted(v.Layer, v.Weight))
	}
	return strings.Join(words, ",")
}

func (l layerList) Set(s string) error {
	var all []style.LayerWeight
	err := eachWeighted(s, func(name string, weight float64) error {
		if slices.ContainsFunc(all, func(w style.LayerWeight) bool { return w.Layer == name }) {
			return fmt.Errorf("%s is there twice", name)
		}
		all = append(all, style.LayerWeight{Layer: name, Weight: weight})
		return nil
	})
	if err == nil {
		*l.value = all
	}
	return err
}

// lossList is a flag that takes losses with weights: gram,histogram=0.1.
type lossList struct{ value *[]style.LossWeight }

func (l lossList) Type() string { return "losses" }

func (l lossList) String() string {
	var words []string
	for _, v := range *l.value {
		words = append(words, weighted(string(v.Loss), v.Weight))
	}
	return strings.Join(words, ",")
}

func (l lossList) Set(s string) error {
	var all []style.LossWeight
	err := eachWeighted(s, func(name string, weight float64) error {
		loss := style.Loss(name)
		if !slices.Contains(style.AllLosses, loss) {
			return fmt.Errorf("there is no loss %q; want %s", name, names(style.AllLosses))
		}
		if slices.ContainsFunc(all, func(w style.LossWeight) bool { return w.Loss == loss }) {
			return fmt.Errorf("%s is there twice", name)
		}
		all = append(all, style.LossWeight{Loss: loss, Weight: weight})
		return nil
	})
	if err == nil {
		*l.value = all
	}
	return err
}

// weighted is a name with its weight, which is left out where it is 1.
func weighted(name string, weight float64) string {
	if weight == 1 {
		return name
	}
	return name + "=" + strconv.FormatFloat(weight, 'g', -1, 64)
}

// eachWeighted takes name=weight,name,... apart.
func eachWeighted(s string, do func(name string, weight float64) error) error {
	for word := range strings.SplitSeq(s, ",") {
		name, number, ok := strings.Cut(strings.TrimSpace(word), "=")
		if name == "" {
			return fmt.Errorf("a name is missing in %q; want name,name=weight", s)
		}
		weight := 1.0
		if ok {
			var err error
			if weight, err = strconv.ParseFloat(number, 64); err != nil || !(weight > 0) || math.IsInf(weight, 0) {
				return fmt.Errorf("the weight of %s is %q; want a number above 0", name, number)
			}
		}
		if err := do(name, weight); err != nil {
			return err
		}
	}
	return nil
}

// quantity is a flag that takes a number with a unit, such as 2GiB or 400M.
type quantity struct {
	value *int64
	unit  string // what is counted: "bytes" or "pixels"
	none  bool   // "none" is taken too, which is -1
	text  string // as it was given
}

func (q *quantity) Type() string { return q.unit }

func (q *quantity) String() string {
	if q.text != "" || q.value == nil {
		return q.text
	}
	if *q.value == 0 {
		return ""
	}
	if q.unit == "bytes" {
		return bytesText(*q.value)
	}
	return countText(*q.value)
}

// multiples are the units, the longest first where one ends in another.
var multiples = []struct {
	name  string
	times float64
}{
	{"kib", 1 << 10}, {"mib", 1 << 20}, {"gib", 1 << 30}, {"tib", 1 << 40},
	{"kb", 1e3}, {"mb", 1e6}, {"gb", 1e9}, {"tb", 1e12},
	{"k", 1e3}, {"m", 1e6}, {"g", 1e9}, {"t", 1e12}, {"", 1},
}

func (q *quantity) Set(s string) error {
	text := strings.ToLower(strings.TrimSpace(s))
	if text == "none" && q.none {
		*q.value, q.text = -1, text
		return nil
	}
	for _, m := range multiples {
		number, ok := strings.CutSuffix(text, m.name)
		if !ok {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || !(v*m.times >= 1 && v*m.times < math.MaxInt64) {
			break
		}
		*q.value, q.text = int64(v*m.times), s
		return nil
	}
	if q.unit == "bytes" {
		return fmt.Errorf("%q is no amount of memory; want one such as 512MiB or 2GiB", s)
	}
	return fmt.Errorf("%q is no number of %s; want one such as 400M", s, q.unit)
}

// bytesText is an amount of memory in words.
func bytesText(n int64) string {
	switch v := float64(n); {
	case v >= 1<<30:
		return strconv.FormatFloat(v/(1<<30), 'f', digits(v/(1<<30)), 64) + " GiB"
	case v >= 1<<20:
		return strconv.FormatFloat(v/(1<<20), 'f', digits(v/(1<<20)), 64) + " MiB"
	default:
		return strconv.FormatFloat(v/(1<<10), 'f', digits(v/(1<<10)), 64) + " KiB"
	}
}

// countText is a number in words: 134M.
func countText(n int64) string {
	for _, u := range []struct {
		name  string
		times float64
	}{{"G", 1e9}, {"M", 1e6}, {"k", 1e3}} {
		if v := float64(n) / u.times; v >= 1 {
			return strconv.FormatFloat(v, 'f', digits(v), 64) + u.name
		}
	}
	return strconv.FormatInt(n, 10)
}

// digits behind the point leave two or three that count; a whole number has none.
func digits(v float64) int {
	if v >= 10 || v == math.Trunc(v) {
		return 0
	}
	return 1
}

// goalFlag is a flag that takes a goal: top1=0.94.
type goalFlag struct{ value *learn.Goal }

func (g goalFlag) Type() string   { return "goal" }
func (g goalFlag) String() string { return g.value.String() }

func (g goalFlag) Set(s string) (err error) {
	*g.value, err = learn.ParseGoal(s)
	return err
}
