package table

import (
	"errors"
	"fmt"
	"math"
)

// batchRows is how many rows are coded column by column before they are counted.
const batchRows = 1024

var errTooManyCells = fmt.Errorf("more than %d combinations of values: cross fewer columns", maxCells)

// worker counts a part of the rows on its own.
type worker struct {
	spec     *Spec
	coders   []*coder
	counters []*counter
	where    []func([]byte) bool
	filters  []func([]byte) bool

	codes  [][]uint32 // codes[column][row of the batch]
	drop   []bool     // rows that do not meet Where
	mask   []uint32   // the Filters that rows meet
	weight []float64
	rows   int64
}

func newWorker(s *Spec) (*worker, error) {
	w := &worker{spec: s, drop: make([]bool, batchRows), mask: make([]uint32, batchRows), weight: make([]float64, batchRows)}
	for i := range s.Columns {
		w.coders = append(w.coders, newCoder(&s.Columns[i]))
		w.codes = append(w.codes, make([]uint32, batchRows))
	}
	for _, cross := range s.Crosses {
		places, err := s.layout(cross)
		if err != nil {
			return nil, err
		}
		w.counters = append(w.counters, newCounter(places, s.Weight != ""))
	}
	var err error
	if w.where, err = conditions(s.Where); err != nil {
		return nil, err
	}
	w.filters, err = conditions(s.Filters)
	return w, err
}

func conditions(filters []Filter) ([]func([]byte) bool, error) {
	var all []func([]byte) bool
	for _, f := range filters {
		c, err := f.condition()
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// set codes row i of the batch in the role-th column that the worker reads: those of the spec, then those of its
// conditions, then its weight.
func (w *worker) set(role, i int, buf []byte, from, to int) error {
	if role < len(w.coders) {
		code, err := w.coders[role].code(buf, from, to)
		w.codes[role][i] = code
		return err
	}
	role -= len(w.coders)
	if role < len(w.where) {
		w.drop[i] = w.drop[i] || !w.where[role](buf[from:to])
		return nil
	}
	role -= len(w.where)
	if role < len(w.filters) {
		if w.filters[role](buf[from:to]) {
			w.mask[i] |= 1 << role
		}
		return nil
	}
	v, err := parseNumber(buf[from:to])
	if err == nil && !(v >= 0) {
		err = errors.New("want at least 0")
	}
	if err != nil {
		return fmt.Errorf("weight %q: %w", buf[from:to], err)
	}
	w.weight[i] = v
	return nil
}

// roles are the names of the columns that a worker reads.
func (s *Spec) roles() []string {
	var names []string
	for _, c := range s.Columns {
		names = append(names, c.Name)
	}
	for _, f := range s.Where {
		names = append(names, f.Column)
	}
	for _, f := range s.Filters {
		names = append(names, f.Column)
	}
	if s.Weight != "" {
		names = append(names, s.Weight)
	}
	return names
}

// begin clears the batch.
func (w *worker) begin() {
	clear(w.drop)
	clear(w.mask)
}

// count counts the first n rows of the batch. The row it returns with an error is the one it could not count.
func (w *worker) count(n int) (row int, err error) {
	w.rows += int64(n)
	for i, c := range w.counters {
		if done, err := w.dense(c, w.spec.Crosses[i], n); err != nil {
			return n - 1, err
		} else if done {
			continue
		}
		if row, err := w.cross(c, w.spec.Crosses[i], n); err != nil {
			return row, err
		}
	}
	return 0, nil
}

func (w *worker) cross(c *counter, columns []int, n int) (row int, err error) {
	for i := range n {
		if w.drop[i] {
			continue
		}
		var k key
		for j, column := range columns {
			p := c.places[j]
			k[p.word%keyWords] |= uint64(w.codes[column][i]) << (p.shift & 63)
		}
		if len(c.places) > len(columns) {
			p := c.places[len(columns)]
			k[p.word] |= uint64(w.mask[i]) << p.shift
		}
		at, ok := c.at(&k)
		if !ok {
			return i, errTooManyCells
		}
		c.slots[at].n++
		if c.w != nil {
			c.w[at] += w.weight[i]
			c.w2[at] += w.weight[i] * w.weight[i]
		}
	}
	return 0, nil
}

// finite reports whether the sums of weights are: squares of large ones may not be.
func (c *counter) finite() bool {
	for _, v := range c.w2 {
		if math.IsInf(v, 0) {
			return false
		}
	}
	return true
}
