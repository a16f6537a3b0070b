package amplify

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/atelier-go/atelier/audit/table"
)

// Columns names the columns of a CSV file that [ReadTable] reads. Attribute, Task and one of the predicted ones are
// needed.
type Columns struct {
	Attribute, Task                   string
	PredictedAttribute, PredictedTask string
	// Only, if not nil, are the values of Attribute to keep; rows with another are skipped.
	Only []string
	// Context ends the reading early, with its error; nil means that nothing does.
	Context context.Context
}

// rowsBetween is after how many rows the context is looked at.
const rowsBetween = 1000

// maxValues guards against columns that are numbers or names rather than classes.
const maxValues = 10000

// ReadTable reads a CSV file with a header, one row per person or picture, into a table with one attribute and one task for
// each value, in the order of the alphabet. A task or attribute that is missing, as [table.Missing] says, is none. Where the
// values of a column and of its predictions are all numbers they are compared as numbers: 1 and 1.0 are one class.
func ReadTable(r io.Reader, c Columns) (*Table, error) {
	names := []string{c.Attribute, c.Task, c.PredictedAttribute, c.PredictedTask}
	if c.Attribute == "" || c.Task == "" {
		return nil, errors.New("amplify: name the column of the attribute and that of the task")
	}
	rows := map[[4]string]int64{}
	read := 0
	err := readColumns(r, names, func(line int, v []string) error {
		if read++; read%rowsBetween == 0 && c.Context != nil && c.Context.Err() != nil {
			return c.Context.Err()
		}
		if c.Only != nil && !slices.Contains(c.Only, v[0]) {
			return nil
		}
		rows[[4]string(v)]++
		if len(rows) > MaxPatterns {
			return fmt.Errorf("line %d: more than %d different rows; are the columns classes?", line, MaxPatterns)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return tableOf(rows, c)
}

// ReadParquet reads a Parquet file as [ReadTable] does CSV.
func ReadParquet(path string, c Columns) (*Table, error) {
	if c.Attribute == "" || c.Task == "" {
		return nil, errors.New("amplify: name the column of the attribute and that of the task")
	}
	spec := table.Spec{Context: c.Context}
	var places, cross []int // places[i] is which of the four the i-th column is
	for i, name := range []string{c.Attribute, c.Task, c.PredictedAttribute, c.PredictedTask} {
		if name != "" {
			cross = append(cross, len(spec.Columns))
			places = append(places, i)
			spec.Columns = append(spec.Columns, table.Column{Name: name, MaxValues: maxValues})
		}
	}
	spec.Crosses = [][]int{cross}
	counts, err := table.ParquetFile(path, spec)
	if err != nil {
		return nil, fmt.Errorf("amplify: %w", err)
	}
	rows := map[[4]string]int64{}
	for _, cell := range counts.Crosses[0].Cells {
		var row [4]string
		for j, code := range cell.Codes {
			row[places[j]] = counts.Values[j][code]
		}
		if c.Only == nil || slices.Contains(c.Only, row[0]) {
			rows[row] += cell.N
		}
	}
	if len(rows) > MaxPatterns {
		return nil, fmt.Errorf("amplify: more than %d different rows; are the columns classes?", MaxPatterns)
	}
	return tableOf(rows, c)
}

// tableOf makes a table of rows counted by attribute, task, predicted attribute and predicted task.
func tableOf(rows map[[4]string]int64, c Columns) (*Table, error) {
	if len(rows) == 0 {
		return nil, fmt.Errorf("amplify: no row to measure, %s being one of %q", c.Attribute, c.Only)
	}
	rows = canonical(rows)
	values := [2]map[string]int{{}, {}} // of attributes and of tasks, predicted or not
	for row := range rows {
		for i, v := range row {
			if v != "" {
				values[i%2][v] = 0
			}
		}
	}
	var sorted [2][]string
	for i, set := range values {
		if len(set) > maxValues {
			return nil, fmt.Errorf("amplify: column %s has %d values, want at most %d; is it a class?",
				[]string{c.Attribute, c.Task}[i], len(set), maxValues)
		}
		for v := range set {
			sorted[i] = append(sorted[i], v)
		}
		slices.Sort(sorted[i])
		for at, v := range sorted[i] {
			set[v] = at
		}
	}
	t, err := NewTable(sorted[0], sorted[1], c.PredictedAttribute != "", c.PredictedTask != "")
	if err != nil {
		return nil, err
	}
	keys := make([][4]string, 0, len(rows))
	for row := range rows {
		keys = append(keys, row)
	}
	slices.SortFunc(keys, func(a, b [4]string) int { return slices.Compare(a[:], b[:]) })
	for _, row := range keys {
		var indices [4][]int
		for i, v := range row {
			if v != "" {
				indices[i] = []int{values[i%2][v]}
			}
		}
		if err := t.Add(Row{indices[0], indices[1], indices[2], indices[3]}, rows[row]); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// canonical empties values that are missing, and writes numbers in one way, where all values of attributes, or all of tasks,
// are numbers.
func canonical(rows map[[4]string]int64) map[[4]string]int64 {
	numbers := [2]bool{true, true}
	for row := range rows {
		for i, v := range row {
			if _, err := strconv.ParseFloat(v, 64); err != nil && !table.Missing(v) {
				numbers[i%2] = false
			}
		}
	}
	merged := map[[4]string]int64{}
	for row, n := range rows {
		for i, v := range row {
			if table.Missing(v) {
				row[i] = ""
			} else if x, err := strconv.ParseFloat(v, 64); err == nil && numbers[i%2] {
				row[i] = strconv.FormatFloat(x, 'g', -1, 64)
			}
		}
		merged[row] += n
	}
	return merged
}

// ReadRatios reads a CSV file with a header and one class per row: its name and the shares of the first of two groups, in
// training and as predicted.
func ReadRatios(r io.Reader, class, train, predicted string) ([]Ratio, error) {
	var ratios []Ratio
	err := readColumns(r, []string{class, train, predicted}, func(line int, v []string) error {
		x := Ratio{Class: v[0]}
		for i, into := range []*float64{&x.Train, &x.Predicted} {
			var err error
			if *into, err = strconv.ParseFloat(v[i+1], 64); err != nil || !(*into >= 0 && *into <= 1) {
				return fmt.Errorf("line %d: column %s has %q, want a share in [0, 1]", line, []string{train, predicted}[i], v[i+1])
			}
		}
		ratios = append(ratios, x)
		return nil
	})
	return ratios, err
}

// readColumns calls row with the values of the named columns and the line, for each row. A column without a name has empty
// values.
func readColumns(r io.Reader, names []string, row func(line int, values []string) error) error {
	buffered := bufio.NewReader(r)
	if bom, _ := buffered.Peek(3); string(bom) == "\ufeff" {
		_, _ = buffered.Discard(3)
	}
	in := csv.NewReader(buffered)
	in.ReuseRecord = true
	header, err := in.Read()
	if errors.Is(err, io.EOF) {
		return errors.New("amplify: the file is empty, want a header")
	}
	if err != nil {
		return fmt.Errorf("amplify: %w", err)
	}
	at, err := find(header, names)
	if err != nil {
		return err
	}
	values := make([]string, len(names))
	for {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("amplify: %w", err)
		}
		for i, column := range at {
			values[i] = ""
			if column >= 0 {
				values[i] = strings.Clone(record[column])
			}
		}
		line, _ := in.FieldPos(0)
		if err := row(line, values); err != nil {
			return fmt.Errorf("amplify: %w", err)
		}
	}
}

// find returns where the named columns are in the header, -1 for those without a name.
func find(header, names []string) ([]int, error) {
	var at []int
	for _, name := range names {
		if name == "" {
			at = append(at, -1)
			continue
		}
		i := slices.Index(header, name)
		if i < 0 {
			return nil, fmt.Errorf("amplify: no column %q; there are %q", name, header)
		}
		if slices.Contains(header[i+1:], name) {
			return nil, fmt.Errorf("amplify: two columns are named %q", name)
		}
		at = append(at, i)
	}
	return at, nil
}
