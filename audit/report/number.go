package report

import (
	"math"
	"strconv"
	"strings"
)

// The signs of typography: what is unknown, and a minus as wide as a plus.
const (
	unknown   = "–"
	minusSign = "−"
)

// minus writes a number with a number of digits after the point.
func minus(x float64, digits int) string {
	if math.IsNaN(x) {
		return unknown
	}
	if math.IsInf(x, 0) {
		return strings.Replace(strconv.FormatFloat(x, 'f', -1, 64), "-", minusSign, 1)
	}
	text := strconv.FormatFloat(x, 'f', digits, 64)
	if strings.Trim(text, "-0.") == "" { // no negative zero
		return strings.TrimPrefix(text, "-")
	}
	return strings.Replace(text, "-", minusSign, 1)
}

// percent writes a rate as 44.8%.
func percent(x float64) string {
	if math.IsNaN(x) {
		return unknown
	}
	return minus(100*x, 1) + "%"
}

// points writes a difference of rates in percentage points: +21.4 pp.
func points(x float64) string {
	if math.IsNaN(x) {
		return unknown
	}
	return plus(minus(100*x, 1)) + " pp"
}

// bare is points without the unit.
func bare(x float64) string { return strings.TrimSuffix(points(x), " pp") }

// unsigned is a gap, which has no direction.
func unsigned(text string) string { return strings.ReplaceAll(text, "+", "") }

func plus(text string) string {
	if strings.HasPrefix(text, minusSign) || strings.Trim(text, "0.") == "" {
		return text
	}
	return "+" + text
}

// ratio writes a quotient: 1.91.
func ratio(x float64) string {
	if math.IsInf(x, 1) {
		return "∞"
	}
	return minus(x, 2)
}

// probability writes a p-value: 0.050, or < 0.001.
func probability(p float64) string {
	switch {
	case math.IsNaN(p):
		return unknown
	case p < 0.001:
		return "< 0.001"
	}
	return strconv.FormatFloat(p, 'f', 3, 64)
}

// count writes a number of things with thin groups of three digits: 7,214.
func count(n int64) string {
	text := strconv.FormatInt(n, 10)
	start := 0
	if n < 0 {
		start = 1
	}
	for i := len(text) - 3; i > start; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return strings.Replace(text, "-", minusSign, 1)
}

// plural is "1 row" or "3 rows".
func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return count(n) + " " + many
}

// enumerate joins words as a sentence does: a, b and c.
func enumerate(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// interval writes bounds with a writer of numbers: [42.6%, 47.2%].
func interval(low, high float64, write func(float64) string) string {
	if math.IsNaN(low) || math.IsNaN(high) {
		return ""
	}
	return "[" + write(low) + ", " + write(high) + "]"
}
