package race

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// described are the fields that the format has for other things than how the hardware was paid for.
var described = []string{"version", "author", "authorEmail", "framework", "codeURL", "model", "timestamp", "logFilename", "costPerHour",
	"usedBlacklist", "commitHash", "latency", "cost", Top1, Top5, F1}

// onDemand refuses an entry that has a price and says, in its hardware, its misc or a field of its own, that it is that
// of a spot or preemptible machine: DAWNBench wants on-demand prices.
func onDemand(o *object) error {
	for _, name := range slices.Sorted(maps.Keys(o.fields)) {
		if slices.Contains(described, name) {
			continue
		}
		var v any
		if json.Unmarshal(o.fields[name].raw, &v) != nil {
			continue // a number too large for anything
		}
		if text, found := findSpot(name, v); found {
			return o.wrong(name, " says %q, and there is a price: spot prices are refused, want the on-demand price or none", short([]byte(text)))
		}
	}
	return nil
}

// findSpot looks for a spot price in a value and all that is in it; text is what says so. What is in an object whose name
// says it, as {"spot": {"price": 0.92}}, is of that name too.
func findSpot(name string, v any) (text string, found bool) {
	switch v := v.(type) {
	case string:
		if spot(v) {
			return v, true
		}
		return name + ": " + v, spot(name) && !denied(v)
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			inside := key
			if spot(name) {
				inside = name + " " + key
			}
			if text, found := findSpot(inside, v[key]); found {
				return text, true
			}
		}
		return "", false
	case []any:
		for _, item := range v {
			if text, found := findSpot(name, item); found {
				return text, true
			}
		}
		return "", false
	case nil:
		return "", false
	default: // "spot": true, "spotPrice": 0.9
		return fmt.Sprintf("%s: %v", name, v), v != false && v != 0.0 && spot(name)
	}
}

// denied tells whether a text under a name that speaks of spot machines says that it was none: "no", "0", "on-demand", or a
// sentence about them, which is judged by itself.
func denied(text string) bool {
	if price, err := strconv.ParseFloat(strings.TrimLeft(text, "$ "), 64); err == nil {
		return price == 0
	}
	words := wordsOf(text)
	return len(words) == 0 || speaksOf(words[:1], "no", "none", "not", "never", "false", "off") || mention(words, isOnDemand) ||
		slices.ContainsFunc(words, func(word string) bool { return isSpot("", word) })
}

// spot tells whether a text speaks of a spot or preemptible machine, unless it says that it is none, or that the price is
// an on-demand one: "ran on spot instances; the price is on-demand" does, "spot price (on demand would be 3.06)" does not.
func spot(text string) bool {
	found, acquitted := false, false
	for _, clause := range strings.FieldsFunc(text, func(c rune) bool { return strings.ContainsRune(";,.()", c) }) {
		words := wordsOf(clause)
		of, demand := mention(words, isSpot), mention(words, isOnDemand)
		if demand && !of && (!found || speaksOf(words, "price", "prices", "priced", "cost", "costs", "rate")) && !speaksOf(words, "would") {
			acquitted = true
		}
		found = found || of
	}
	return found && !acquitted
}

// mention tells whether words speak of something, and do not say that it is not so.
func mention(words []string, is func(before, word string) bool) bool {
	for i, word := range words {
		before := ""
		if i > 0 {
			before = words[i-1]
		}
		if is(before, word) && !negated(words[:i]) {
			return true
		}
	}
	return false
}

// negated tells whether words before another say that it is not so: "did not use", not "not on-demand but".
func negated(words []string) bool {
	for _, word := range slices.Backward(words[max(0, len(words)-4):]) {
		switch word {
		case "no", "non", "not", "never", "without", "instead", "than":
			return true
		case "but", "demand", "ondemand":
			return false
		}
	}
	return false
}

func speaksOf(words []string, any ...string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return slices.Contains(any, word) })
}

func isSpot(before, word string) bool {
	switch word {
	case "spot", "spotprice", "spotinstance", "spotinstances", "preemptible", "preemptibles", "preemptable", "interruptible":
		return true
	case "emptible":
		return before == "pre"
	case "priority":
		return before == "low"
	}
	return false
}

func isOnDemand(before, word string) bool {
	return word == "ondemand" || before == "on" && word == "demand"
}

// wordsOf are the words of a text in lower case; camelCase and snake_case are several.
func wordsOf(text string) []string {
	var b strings.Builder
	previous := ' '
	for _, c := range text {
		if unicode.IsUpper(c) && unicode.IsLower(previous) {
			b.WriteByte(' ')
		}
		previous = c
		b.WriteRune(unicode.ToLower(c))
	}
	return strings.FieldsFunc(b.String(), func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) })
}
