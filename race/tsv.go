package race

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// ReadTSV reads the progress of an entry: a header with epoch, hours and scores in any order, separated by tabs, and a line
// for each epoch. file is what messages call it.
func ReadTSV(file string, text []byte) (*Progress, error) {
	t := tsv{file: file}
	for line := range bytes.Lines(bytes.TrimPrefix(text, []byte("\ufeff"))) {
		t.line++
		cells := strings.Split(strings.TrimRight(string(line), "\r\n"), "\t")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		var err error
		switch {
		case t.places == nil:
			err = t.header(cells)
		case len(cells) > 1 || cells[0] != "": // blank lines are no epochs
			err = t.row(cells)
		}
		if err != nil {
			return nil, err
		}
	}
	if len(t.progress.Rows) == 0 {
		return nil, &FormatError{file, max(1, t.line), "there are no epochs"}
	}
	return &t.progress, nil
}

// tsv is a file that is being read.
type tsv struct {
	file     string
	line     int
	places   []int // of each cell: that of a score, or the next two
	progress Progress
}

const (
	placeEpoch = -1
	placeHours = -2
)

func (t *tsv) wrong(format string, args ...any) error {
	return &FormatError{t.file, t.line, fmt.Sprintf(format, args...)}
}

func (t *tsv) header(names []string) error {
	for i, name := range names {
		place := len(t.progress.Columns)
		switch {
		case slices.Contains(names[:i], name):
			return t.wrong("the column %q is there twice", name)
		case name == columnEpoch:
			place = placeEpoch
		case name == columnHours:
			place = placeHours
		case name == "":
			return t.wrong("a column has no name: want epoch, hours and scores, separated by tabs")
		default:
			t.progress.Columns = append(t.progress.Columns, name)
		}
		t.places = append(t.places, place)
	}
	if !slices.Contains(t.places, placeEpoch) || !slices.Contains(t.places, placeHours) || len(t.progress.Columns) == 0 {
		return t.wrong("the columns are %s: want epoch, hours and at least one score, separated by tabs", strings.Join(names, ", "))
	}
	return nil
}

func (t *tsv) row(cells []string) error {
	if len(cells) != len(t.places) {
		return t.wrong("%d values, the header has %d columns", len(cells), len(t.places))
	}
	r := Row{Scores: make([]float64, len(t.progress.Columns))}
	for i, cell := range cells {
		name, to, most := columnEpoch, &r.Epoch, math.MaxFloat64
		switch place := t.places[i]; place {
		case placeEpoch:
		case placeHours:
			name, to, most = columnHours, &r.Hours, mostHours
		default:
			name, to = t.progress.Columns[place], &r.Scores[place]
			most = largest(name)
		}
		v, err := strconv.ParseFloat(cell, 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return t.wrong("%s is %q: want a number", name, short([]byte(cell)))
		}
		if v > most || v < 0 && (most < math.MaxFloat64 || t.places[i] < 0) {
			return t.wrong("%s is %v: want %s", name, v, wanted(most))
		}
		*to = v
	}
	if n := len(t.progress.Rows); n > 0 && r.Hours < t.progress.Rows[n-1].Hours {
		return t.wrong("hours are %v after %v: want hours of training since the start", r.Hours, t.progress.Rows[n-1].Hours)
	}
	t.progress.Rows = append(t.progress.Rows, r)
	return nil
}

// mostHours is more than a century.
const mostHours = 1e6

// largest is the largest value of a score, math.MaxFloat64 if nothing is known of it.
func largest(column string) float64 {
	switch {
	case percent(column):
		return 100
	case column == F1:
		return 1
	default:
		return math.MaxFloat64
	}
}

func wanted(most float64) string {
	if most == math.MaxFloat64 {
		return "a number that is not negative"
	}
	return fmt.Sprintf("0 to %v", most)
}

// WriteTSV writes progress with every digit.
func (p *Progress) WriteTSV(w io.Writer) error {
	if len(p.Columns) == 0 {
		return errors.New("race: progress without a score")
	}
	var b bytes.Buffer
	b.WriteString(columnEpoch + "\t" + columnHours + "\t" + strings.Join(p.Columns, "\t") + "\n")
	for i, r := range p.Rows {
		if len(r.Scores) != len(p.Columns) {
			return fmt.Errorf("race: row %d has %d scores, there are %d columns", i, len(r.Scores), len(p.Columns))
		}
		b.WriteString(number(r.Epoch) + "\t" + number(r.Hours))
		for _, v := range r.Scores {
			b.WriteString("\t" + number(v))
		}
		b.WriteByte('\n')
	}
	_, err := w.Write(b.Bytes())
	return err
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
