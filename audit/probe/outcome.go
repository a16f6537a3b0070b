package probe

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
)

// words splits a text into words in small letters. An apostrophe or hyphen between letters is part of a word.
func words(text string) []string {
	runes := []rune(strings.ToLower(text))
	inside := func(i int) bool {
		r := runes[i]
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) {
			return true
		}
		return (r == '\'' || r == '’' || r == '-') && i > 0 && i+1 < len(runes) && unicode.IsLetter(runes[i-1]) &&
			unicode.IsLetter(runes[i+1])
	}
	var found []string
	for i := 0; i < len(runes); i++ {
		start := i
		for i < len(runes) && inside(i) {
			i++
		}
		if i > start {
			found = append(found, string(runes[start:i]))
		}
	}
	return found
}

// sort sets the outcome of an answer.
func (s *Suite) sort(it *Item, lexicon map[string]string) error {
	switch {
	case s.Threshold != nil:
		x, err := strconv.ParseFloat(strings.TrimSpace(it.Output), 64)
		if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
			return fmt.Errorf("probe: the answer to %q is %q, want a number for the threshold", it.Input, excerpt(it.Output))
		}
		it.score, it.Outcome = x, Negative
		if x >= *s.Threshold {
			it.Outcome = Positive
		}
	case s.Outcomes == nil:
		it.Outcome = strings.TrimSpace(it.Output)
		if it.Outcome == "" {
			return fmt.Errorf("probe: the answer to %q is empty", it.Input)
		}
	default:
		it.Outcome = Other
		for _, w := range words(it.Output) {
			switch outcome, known := lexicon[w]; {
			case !known || outcome == it.Outcome:
			case it.Outcome == Other:
				it.Outcome = outcome
			default:
				it.Outcome = Mixed
				return nil
			}
		}
	}
	return nil
}

// lexicon has the outcome of each word.
func (s *Suite) lexicon() map[string]string {
	lexicon := map[string]string{}
	for _, o := range s.Outcomes {
		for _, w := range o.Words {
			lexicon[strings.ToLower(w)] = o.Name
		}
	}
	return lexicon
}

// excerpt is the beginning of a text, for messages.
func excerpt(text string) string {
	const most = 200
	text = strings.ToValidUTF8(strings.TrimSpace(text), "�")
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}
