package table

import (
	"fmt"
	"iter"
)

// Rows counts rows that a callback yields, each with a value for every column of the header.
func Rows(header []string, rows iter.Seq[[]string], spec Spec) (*Counts, error) {
	if err := spec.validate(); err != nil {
		return nil, err
	}
	counts, err := countRows(header, rows, &spec)
	if err != nil {
		return nil, fmt.Errorf("table: %w", err)
	}
	return counts, nil
}

func countRows(header []string, rows iter.Seq[[]string], spec *Spec) (*Counts, error) {
	fields, err := findColumns(spec, header)
	if err != nil {
		return nil, err
	}
	w, err := newWorker(spec)
	if err != nil {
		return nil, err
	}
	c := &csvWorker{worker: w, fields: fields, columns: len(header)}
	n := 0
	w.begin()
	for row := range rows {
		r := &c.records
		r.clear()
		for _, text := range row {
			r.text = append(r.text, text...)
			r.ends = append(r.ends, len(r.text))
		}
		r.pad()
		if err := c.record(n); err != nil {
			return nil, &RowError{w.rows + int64(n) + 1, "row", err}
		}
		if n++; n == batchRows {
			if n, err = 0, c.flush(n); err != nil {
				return nil, err
			}
			if err := spec.ended(); err != nil {
				return nil, err
			}
		}
	}
	if err := c.flush(n); err != nil {
		return nil, err
	}
	part, err := w.finish()
	if err != nil {
		return nil, err
	}
	return combine([]*Counts{part}, header, fields)
}

// flush counts n rows of a batch and begins the next.
func (w *csvWorker) flush(n int) error {
	before := w.rows
	if row, err := w.count(n); err != nil {
		return &RowError{before + int64(row) + 1, "row", err}
	}
	w.begin()
	return nil
}
