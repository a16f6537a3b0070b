package table

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/atelier-go/atelier/nearest"
)

// MissingColumnError is about a column that the rows do not have.
type MissingColumnError struct {
	Name string
	Have []string
}

// namedColumns is how many columns a message names.
const namedColumns = 40

func (e *MissingColumnError) Error() string {
	meant := ""
	if near := e.nearest(); near != "" {
		meant = fmt.Sprintf(" (did you mean %s?)", printable(near))
	}
	have := make([]string, 0, namedColumns)
	for _, name := range e.Have[:min(len(e.Have), namedColumns)] {
		have = append(have, printable(name))
	}
	more := ""
	if n := len(e.Have) - len(have); n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	return fmt.Sprintf("there is no column %q%s; there are %s%s", e.Name, meant, strings.Join(have, ", "), more)
}

// nearest returns the column that was meant where the name has a slip or two, or "".
func (e *MissingColumnError) nearest() string {
	best, least := "", 3
	for _, name := range e.Have {
		d := nearest.Distance(strings.ToLower(e.Name), strings.ToLower(strings.TrimSpace(name)))
		if d < least && 2*d < max(len(e.Name), 1) {
			best, least = name, d
		}
	}
	return best
}

// printable quotes a name that has spaces around it or what cannot be printed.
func printable(name string) string {
	if quoted := strconv.Quote(name); name == "" || name != strings.TrimSpace(name) || quoted != `"`+name+`"` {
		return quoted
	}
	return name
}

// TooManyValuesError is about a column of the category kind with more different values than its Column.MaxValues.
type TooManyValuesError struct {
	Name  string
	Limit int
}

func (e *TooManyValuesError) Error() string {
	return fmt.Sprintf("column %q has more than %d different values, which is all that it may have", e.Name, e.Limit)
}

// RowError is about a row: of CSV Line is the line of the file on which it begins, and Unit "line"; else Line is the row's
// number and Unit "row". Both count from 1.
type RowError struct {
	Line int64
	Unit string // "line" or "row"
	Err  error
}

func (e *RowError) Error() string { return fmt.Sprintf("%s %d: %v", e.Unit, e.Line, e.Err) }

func (e *RowError) Unwrap() error { return e.Err }
