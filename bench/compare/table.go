package main

import (
	"fmt"
	"math"
	"strings"
)

// table is outcomes in Markdown, one line for each variant in the order of their first runs.
func table(all []outcome) string {
	var order []string
	by := map[string][]outcome{}
	for _, o := range all {
		if by[o.variant] == nil {
			order = append(order, o.variant)
		}
		by[o.variant] = append(by[o.variant], o)
	}
	var b strings.Builder
	b.WriteString("| variant | n | mean | sd | min | max | seeds | minutes a run |\n|---|---|---|---|---|---|---|---|\n")
	for _, name := range order {
		b.WriteString(line(name, by[name]))
	}
	return b.String()
}

// line is one variant's. Runs that diverged are counted and left out of the mean.
func line(name string, runs []outcome) string {
	var values []float64
	var seeds []string
	seconds := 0.0
	for _, r := range runs {
		seconds += r.seconds
		if math.IsNaN(r.value) {
			seeds = append(seeds, "diverged")
			continue
		}
		values = append(values, 100*r.value)
		seeds = append(seeds, fmt.Sprintf("%.2f", 100*r.value))
	}
	minutes := seconds / 60 / float64(len(runs))
	if len(values) == 0 {
		return fmt.Sprintf("| %s | 0 | | | | | %s | %.1f |\n", name, strings.Join(seeds, ", "), minutes)
	}
	mean, sd, low, high := describeValues(values)
	return fmt.Sprintf("| %s | %d | %.2f | %.2f | %.2f | %.2f | %s | %.1f |\n",
		name, len(values), mean, sd, low, high, strings.Join(seeds, ", "), minutes)
}

// describeValues is the mean, the standard deviation of a sample (0 for one value), and the range.
func describeValues(values []float64) (mean, sd, low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, v := range values {
		mean += v / float64(len(values))
		low, high = min(low, v), max(high, v)
	}
	if len(values) < 2 {
		return mean, 0, low, high
	}
	for _, v := range values {
		sd += (v - mean) * (v - mean)
	}
	return mean, math.Sqrt(sd / float64(len(values)-1)), low, high
}
