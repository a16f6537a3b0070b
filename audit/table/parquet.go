package table

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// rangeRows is how many rows of a file a worker takes at once.
const rangeRows = 256 << 10

// ParquetFile counts the rows of a Parquet file. Columns must be flat: text, whole numbers, floats, booleans and dates are
// compared as they would be written in CSV, dates as 2014-04-01; null is an empty value.
func ParquetFile(path string, spec Spec) (*Counts, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	counts, err := Parquet(f, info.Size(), spec)
	return counts, inFile(path, err)
}

// Parquet counts the rows of a Parquet file of so many bytes.
func Parquet(r io.ReaderAt, size int64, spec Spec) (*Counts, error) {
	if err := spec.validate(); err != nil {
		return nil, err
	}
	counts, err := countParquet(r, size, &spec)
	if err != nil {
		return nil, fmt.Errorf("table: %w", err)
	}
	return counts, nil
}

// rowRange are rows of a row group; before is how many come before them in the file.
type rowRange struct {
	group               parquet.RowGroup
	first, rows, before int64
}

func countParquet(r io.ReaderAt, size int64, spec *Spec) (counts *Counts, err error) {
	defer damaged(&err)
	file, err := parquet.OpenFile(r, size, parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, fmt.Errorf("this is no Parquet file, or a damaged one: %w", err)
	}
	var header []string
	columns := file.Root().Columns()
	for _, c := range columns {
		header = append(header, c.Name())
	}
	fields, err := findColumns(spec, header)
	if err != nil {
		return nil, err
	}
	roles := make([]parquetRole, len(fields))
	for i, f := range fields {
		if roles[i], err = newParquetRole(columns[f.at]); err != nil {
			return nil, err
		}
		if len(f.twins) > 0 {
			return nil, fmt.Errorf("the file has several columns named %q", f.name)
		}
	}
	source := &ranges{groups: file.RowGroups()}
	parts := make([]*Counts, spec.workers())
	errs := make([]error, len(parts))
	var group sync.WaitGroup
	var stop stopped
	for i := range parts {
		group.Go(func() {
			if parts[i], errs[i] = countRanges(spec, roles, source, &stop); errs[i] != nil {
				stop.now()
			}
		})
	}
	group.Wait()
	if err := earliest(errs); err != nil {
		return nil, err
	}
	return combine(parts, header, fields)
}

// damaged makes an error of a panic: the decoder panics where a damaged file makes no sense to it.
func damaged(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("the Parquet file is damaged: %v", p)
	}
}

// ranges hands out a file's rows, in ranges whose size does not depend on who reads them.
type ranges struct {
	mu     sync.Mutex
	groups []parquet.RowGroup
	first  int64 // row of groups[0]
	before int64 // rows of groups that are done
}

// next returns the next range; more is false where there is none.
func (r *ranges) next() (next rowRange, more bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.groups) > 0 {
		g := r.groups[0]
		n := g.NumRows()
		if r.first < n {
			next = rowRange{g, r.first, min(rangeRows, n-r.first), r.before + r.first}
			r.first += next.rows
			return next, true
		}
		r.groups, r.first, r.before = r.groups[1:], 0, r.before+n
	}
	return rowRange{}, false
}

// parquetRole is a column of a file that a worker reads.
type parquetRole struct {
	column   int
	date     bool
	unsigned bool
}

func newParquetRole(c *parquet.Column) (parquetRole, error) {
	if !c.Leaf() || c.Repeated() {
		return parquetRole{}, fmt.Errorf("column %q is nested or has lists, want one value per row", c.Name())
	}
	role := parquetRole{column: c.Index()}
	logical := format.LogicalTypeValue(nil)
	if t := c.Type().LogicalType(); t != nil {
		logical = t.Value
	}
	readable := c.Type().Kind() != parquet.Int96 && c.Type().Kind() != parquet.FixedLenByteArray
	switch t := logical.(type) {
	case *format.DateType:
		role.date = true
	case *format.IntType:
		role.unsigned = !t.IsSigned
	case *format.DecimalType, *format.TimestampType, *format.TimeType:
		readable = false
	}
	if !readable {
		return role, fmt.Errorf("column %q is of type %s, want text, a number, a boolean or a date", c.Name(), c.Type())
	}
	return role, nil
}

// countRanges counts the ranges that one worker gets.
func countRanges(spec *Spec, roles []parquetRole, source *ranges, stop *stopped) (counts *Counts, err error) {
	defer damaged(&err)
	w, err := newWorker(spec)
	if err != nil {
		return nil, err
	}
	p := parquetWorker{worker: w}
	for !stop.is() {
		if err := spec.ended(); err != nil {
			return nil, err
		}
		r, more := source.next()
		if !more {
			break
		}
		if err := p.count(r, roles); err != nil {
			return nil, err
		}
	}
	return w.finish()
}

type parquetWorker struct {
	*worker
	text []byte
}

// count counts a range.
func (w *parquetWorker) count(r rowRange, roles []parquetRole) error {
	cursors := make([]*cursor, 0, len(roles))
	defer func() {
		for _, c := range cursors {
			c.close()
		}
	}()
	chunks := r.group.ColumnChunks()
	for i, role := range roles {
		cursors = append(cursors, &cursor{parquetRole: role, role: i, pages: chunks[role.column].Pages()})
		if err := cursors[i].pages.SeekToRow(r.first); err != nil {
			return err
		}
	}
	for done := int64(0); done < r.rows; done += batchRows {
		n := int(min(batchRows, r.rows-done))
		w.begin()
		first := n
		var failed error
		for _, c := range cursors {
			row, err := c.read(w, n)
			if errors.As(err, new(*valueError)) {
				if row < first {
					first, failed = row, err
				}
			} else if err != nil {
				return err
			}
		}
		row, err := first, failed
		if err == nil {
			row, err = w.worker.count(n)
		}
		if err != nil {
			return &RowError{r.before + done + int64(row) + 1, "row", err}
		}
	}
	return nil
}

// valueError is about a value that cannot be counted, not about reading.
type valueError struct{ error }

func (e *valueError) Unwrap() error { return e.error }

// unset marks values of a dictionary that no row has had yet.
const unset = ^uint32(0)

// cursor reads a column of a row group.
type cursor struct {
	parquetRole
	role  int
	pages parquet.Pages

	page    parquet.Page
	left    int     // rows of the page that are left
	levels  []byte  // of those rows, zero where there is no value; nil where all have one
	indices []int32 // of those rows' values in the dictionary
	values  parquet.ValueReader
	buffer  []parquet.Value

	dictionary parquet.Dictionary
	codes      []uint32 // of the dictionary's values, or unset
}

func (c *cursor) close() {
	parquet.Release(c.page)
	c.pages.Close()
}

// read codes the next n rows. It stops at a value that cannot be counted, whose row it returns.
func (c *cursor) read(w *parquetWorker, n int) (row int, err error) {
	for i := 0; i < n; {
		if c.left == 0 {
			if err := c.turn(); err != nil {
				return 0, err
			}
			continue
		}
		m := min(n-i, c.left)
		code := c.plain
		if c.values == nil {
			code = c.indexed
		}
		if row, err := code(w, i, m); err != nil {
			return row, err
		}
		i += m
		c.left -= m
	}
	return 0, nil
}

// turn goes to the next page.
func (c *cursor) turn() error {
	parquet.Release(c.page)
	page, err := c.pages.ReadPage()
	c.page = page
	if errors.Is(err, io.EOF) {
		return errors.New("a column has fewer values than the file has rows")
	} else if err != nil {
		return err
	}
	c.left = int(page.NumRows())
	c.levels, c.indices, c.values = nil, nil, nil
	dictionary := page.Dictionary()
	if dictionary == nil {
		c.values = page.Values()
		return nil
	}
	if page.NumNulls() > 0 {
		c.levels = page.DefinitionLevels()
	}
	data := page.Data()
	c.indices = data.Int32()
	if dictionary != c.dictionary {
		c.dictionary = dictionary
		c.codes = slices.Repeat([]uint32{unset}, dictionary.Len())
	}
	return nil
}

// indexed codes rows i to i+m of the batch from a page with a dictionary.
func (c *cursor) indexed(w *parquetWorker, i, m int) (row int, err error) {
	for j := i; j < i+m; j++ {
		if c.levels != nil {
			present := c.levels[0] != 0
			if c.levels = c.levels[1:]; !present {
				if err := w.setValue(c, j, parquet.NullValue()); err != nil {
					return j, err
				}
				continue
			}
		}
		index := c.indices[0]
		c.indices = c.indices[1:]
		if c.role >= len(w.coders) { // a condition or weight
			err = w.setValue(c, j, c.dictionary.Index(index))
		} else if code := c.codes[index]; code != unset {
			w.codes[c.role][j] = code
		} else {
			err = w.setValue(c, j, c.dictionary.Index(index))
			c.codes[index] = w.codes[c.role][j]
		}
		if err != nil {
			return j, err
		}
	}
	return 0, nil
}

// plain codes rows i to i+m of the batch from a page without a dictionary.
func (c *cursor) plain(w *parquetWorker, i, m int) (row int, err error) {
	if c.buffer == nil {
		c.buffer = make([]parquet.Value, batchRows)
	}
	for m > 0 {
		n, err := c.values.ReadValues(c.buffer[:m])
		if n == 0 {
			if err == nil || errors.Is(err, io.EOF) {
				err = errors.New("a page has fewer values than rows")
			}
			return 0, err
		}
		for j, v := range c.buffer[:n] {
			if err := w.setValue(c, i+j, v); err != nil {
				return i + j, err
			}
		}
		i, m = i+n, m-n
	}
	return 0, nil
}

// setValue codes row i of the batch in the cursor's column.
func (w *parquetWorker) setValue(c *cursor, i int, v parquet.Value) error {
	w.text = c.appendValue(append(w.text[:0], make([]byte, padding)...), v)
	n := len(w.text)
	w.text = append(w.text, make([]byte, padding)...)
	if err := w.set(c.role, i, w.text, padding, n); err != nil {
		return &valueError{err}
	}
	return nil
}

// appendValue writes a value as CSV would have it; null is empty.
func (r parquetRole) appendValue(b []byte, v parquet.Value) []byte {
	switch {
	case v.IsNull():
		return b
	case r.date:
		return time.Unix(int64(v.Int32())*24*60*60, 0).UTC().AppendFormat(b, time.DateOnly)
	}
	switch kind := v.Kind(); {
	case kind == parquet.Int32 && r.unsigned:
		return strconv.AppendUint(b, uint64(v.Uint32()), 10)
	case kind == parquet.Int64 && r.unsigned:
		return strconv.AppendUint(b, v.Uint64(), 10)
	}
	switch v.Kind() {
	case parquet.Boolean:
		return strconv.AppendBool(b, v.Boolean())
	case parquet.Int32:
		return strconv.AppendInt(b, int64(v.Int32()), 10)
	case parquet.Int64:
		return strconv.AppendInt(b, v.Int64(), 10)
	case parquet.Float:
		return appendFloat(b, float64(v.Float()), 32)
	case parquet.Double:
		return appendFloat(b, v.Double(), 64)
	default:
		return append(b, v.ByteArray()...)
	}
}

// appendFloat writes a whole number without a point, so that labels kept as floats are those of others.
func appendFloat(b []byte, f float64, bits int) []byte {
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return strconv.AppendInt(b, int64(f), 10)
	}
	return strconv.AppendFloat(b, f, 'g', -1, bits)
}
