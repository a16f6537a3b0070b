package table

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Filter is a condition on one column: its value, a comparison, and what it is compared with.
type Filter struct {
	Column string
	// Op is one of = != < <= > >=.
	Op string
	// Value is compared as a number where it is one: rows whose value is not a number then do not meet the condition,
	// but for "!=". Else it is compared as text, which puts dates written as 2014-04-01 in their order.
	Value string
}

// operators are in the order in which they are looked for: longer ones first.
var operators = []string{"<=", ">=", "!=", "==", "=", "<", ">"}

// ParseFilter reads a condition such as "days<=30", "charge != O" or "date<=2014-04-01".
func ParseFilter(text string) (Filter, error) {
	at := strings.IndexAny(text, "<>=!")
	if at <= 0 {
		return Filter{}, fmt.Errorf("table: condition %q, want a column, one of = != < <= > >=, and a value", text)
	}
	for _, op := range operators {
		if value, found := strings.CutPrefix(text[at:], op); found {
			if op == "==" {
				op = "="
			}
			return Filter{Column: strings.TrimSpace(text[:at]), Op: op, Value: strings.TrimSpace(value)}, nil
		}
	}
	return Filter{}, fmt.Errorf("table: condition %q: after %q want one of = != < <= > >=", text, text[:at])
}

func (f Filter) String() string { return f.Column + f.Op + f.Value }

// condition returns the function that decides whether a field meets the filter.
func (f Filter) condition() (func(field []byte) bool, error) {
	compare, ok := map[string]func(c int) bool{
		"=": func(c int) bool { return c == 0 }, "!=": func(c int) bool { return c != 0 },
		"<": func(c int) bool { return c < 0 }, "<=": func(c int) bool { return c <= 0 },
		">": func(c int) bool { return c > 0 }, ">=": func(c int) bool { return c >= 0 },
	}[f.Op]
	if !ok {
		return nil, fmt.Errorf("condition %q: there is no comparison %q", f, f.Op)
	}
	number, err := strconv.ParseFloat(f.Value, 64)
	if err != nil || math.IsNaN(number) {
		return func(field []byte) bool { return compare(strings.Compare(string(field), f.Value)) }, nil
	}
	return func(field []byte) bool {
		v, err := parseNumber(field)
		if err != nil || math.IsNaN(v) {
			return f.Op == "!="
		}
		switch {
		case v < number:
			return compare(-1)
		case v > number:
			return compare(1)
		}
		return compare(0)
	}, nil
}
