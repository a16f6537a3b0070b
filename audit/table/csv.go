package table

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// CSVFile counts the rows of a CSV file.
func CSVFile(path string, spec Spec) (*Counts, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	counts, err := CSV(f, spec)
	return counts, inFile(path, err)
}

// inFile puts the file's name into an error about what is in it.
func inFile(path string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("table: %w", fmt.Errorf("%s: %w", path, errors.Unwrap(err)))
}

// CSV counts the rows of CSV, which it reads once from beginning to end.
func CSV(r io.Reader, spec Spec) (*Counts, error) {
	if err := spec.validate(); err != nil {
		return nil, err
	}
	counts, err := countCSV(r, &spec)
	if err != nil {
		return nil, fmt.Errorf("table: %w", err)
	}
	return counts, nil
}

func countCSV(r io.Reader, spec *Spec) (*Counts, error) {
	source, err := openBlocks(r)
	if err != nil {
		return nil, err
	}
	header := spec.Header
	if header == nil {
		if header, err = source.header(spec); err != nil {
			return nil, err
		}
	}
	fields, err := findColumns(spec, header)
	if err != nil {
		return nil, err
	}
	parts := make([]*Counts, spec.workers())
	errs := make([]error, len(parts))
	var group sync.WaitGroup
	var stop stopped
	for i := range parts {
		group.Go(func() {
			if parts[i], errs[i] = countBlocks(source, spec, fields, len(header), &stop); errs[i] != nil {
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

// combine merges what workers counted.
func combine(parts []*Counts, header []string, fields []field) (*Counts, error) {
	counts, err := Merge(parts...)
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	counts.Columns = header
	for i, column := range counts.spec.Columns {
		if len(fields[i].twins) > 0 {
			counts.Twins = append(counts.Twins, column.Name)
		}
	}
	return counts, nil
}

// stopped tells workers that one of them has failed.
type stopped struct {
	mu  sync.Mutex
	yes bool
}

func (s *stopped) now() { s.mu.Lock(); s.yes = true; s.mu.Unlock() }

func (s *stopped) is() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.yes }

// earliest returns the error of the first row that has one, or else any.
func earliest(errs []error) error {
	var first error
	var line int64
	for _, err := range errs {
		var row *RowError
		switch {
		case err == nil:
		case !errors.As(err, &row):
			if first == nil {
				first = err
			}
		case line == 0 || row.Line < line:
			first, line = err, row.Line
		}
	}
	return first
}

// field is where a role's column is, and others of the same name.
type field struct {
	name  string
	at    int
	twins []int
}

// findColumns finds the columns that a worker reads.
func findColumns(spec *Spec, header []string) ([]field, error) {
	var fields []field
	for _, name := range spec.roles() {
		f := field{name: name, at: slices.Index(header, name)}
		if f.at < 0 {
			f.at = occurrence(header, name)
		} else {
			for i := f.at + 1; i < len(header); i++ {
				if header[i] == name {
					f.twins = append(f.twins, i)
				}
			}
		}
		if f.at < 0 {
			return nil, &MissingColumnError{name, header}
		}
		fields = append(fields, f)
	}
	return fields, nil
}

// occurrence finds NAME#2, the second column called NAME, or returns -1.
func occurrence(header []string, name string) int {
	cut := strings.LastIndexByte(name, '#')
	if cut < 0 {
		return -1
	}
	left, err := strconv.Atoi(name[cut+1:])
	if err != nil || left < 1 {
		return -1
	}
	for i, h := range header {
		if h == name[:cut] {
			if left--; left == 0 {
				return i
			}
		}
	}
	return -1
}

// header reads the first record.
func (b *blocks) header(spec *Spec) ([]string, error) {
	for size := 4 << 10; ; size *= 2 {
		var first block
		if err := b.next(&first, size); errors.Is(err, io.EOF) {
			return nil, errors.New("there are no rows, not even a header")
		} else if err != nil {
			return nil, err
		}
		r := records{data: first.data, comma: spec.comma(), trim: spec.Trim, line: first.line}
		more, err := r.next()
		if err != nil {
			return nil, &RowError{r.begin, "line", err}
		}
		if !more { // empty lines alone
			continue
		}
		b.carry = append(bytes.Clone(r.data), b.carry...)
		b.line = r.line
		names := make([]string, len(r.ends))
		for i := range names {
			from, to := r.span(i)
			if names[i] = string(r.text[from:to]); !utf8.ValidString(names[i]) {
				return nil, &RowError{r.begin, "line", fmt.Errorf("the name of a column, %q, is not UTF-8: convert the file", names[i])}
			}
		}
		return names, nil
	}
}

// countBlocks counts the blocks that one worker gets.
func countBlocks(source *blocks, spec *Spec, fields []field, columns int, stop *stopped) (*Counts, error) {
	w, err := newWorker(spec)
	if err != nil {
		return nil, err
	}
	c := &csvWorker{worker: w, fields: fields, columns: columns}
	var b block
	for !stop.is() {
		if err := spec.ended(); err != nil {
			return nil, err
		}
		if err := source.next(&b, blockSize); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		if err := c.block(&b); err != nil {
			return nil, err
		}
	}
	return w.finish()
}

type csvWorker struct {
	*worker
	fields  []field
	columns int
	at      []uint32 // positions of delimiters in block.whole, after that before the first field
	records records
}

// block counts a block's rows: where there are no quotes and every row has as many commas as it should, by the positions
// of its delimiters, else record by record.
func (w *csvWorker) block(b *block) error {
	if !b.quotes && w.columns > 1 {
		if room := len(b.data) + 1 + chunkRoom; cap(w.at) < room {
			w.at = make([]uint32, 0, room)
		}
		w.at = delimiters(append(w.at[:0], padding-1), b.whole, padding, w.spec.comma())
		if regular(w.at[1:], b.whole, w.columns, b.newlines) {
			return w.plain(b)
		}
	}
	return w.quoted(b)
}

// regular reports whether each newline comes behind columns-1 commas.
func regular(at []uint32, data []byte, columns, newlines int) bool {
	if len(at) != columns*newlines {
		return false
	}
	for i := columns - 1; i < len(at); i += columns {
		if data[at[i]] != '\n' {
			return false
		}
	}
	return true
}

// plain counts a regular block.
func (w *csvWorker) plain(b *block) error {
	data := b.whole[:len(b.whole)+padding]
	for first := 0; first < b.newlines; first += batchRows {
		n := min(batchRows, b.newlines-first)
		at := w.at[first*w.columns:]
		w.begin()
		row, err := w.batch(data, at, n)
		if err == nil {
			row, err = w.count(n)
		}
		if err != nil {
			return &RowError{b.line + int64(first+row), "line", err}
		}
	}
	return nil
}

// batch codes n rows column by column. The row returned with an error is the first that has one.
func (w *csvWorker) batch(data []byte, at []uint32, n int) (row int, err error) {
	for role, f := range w.fields {
		code := w.codeColumn
		if role >= len(w.coders) || len(f.twins) > 0 || w.spec.Trim {
			code = w.setColumn
		}
		// Rows from the first that has an error on need not be coded.
		if i, e := code(role, data, at, n); e != nil {
			n, row, err = i, i, e
		}
	}
	return row, err
}

// setColumn codes a column of n rows, whatever it is for.
func (w *csvWorker) setColumn(role int, data []byte, at []uint32, n int) (row int, err error) {
	f := &w.fields[role]
	for i := range n {
		from, to := w.span(data, at, i, f.at)
		if err := w.set(role, i, data, from, to); err != nil {
			return i, err
		}
		for _, twin := range f.twins {
			if a, b := w.span(data, at, i, twin); !bytes.Equal(data[from:to], data[a:b]) {
				return i, differ(*f, twin, data[from:to], data[a:b])
			}
		}
	}
	return 0, nil
}

// codeColumn codes a column of the spec: as setColumn does, but short texts that are where the dictionary looks for them
// first, which is most of all fields of most files, without a call.
func (w *csvWorker) codeColumn(role int, data []byte, at []uint32, n int) (row int, err error) {
	k, column := w.coders[role], w.fields[role].at
	last := column == w.columns-1
	out := w.codes[role][:n]
	entries, shift := k.dict.entries, k.dict.shift
	numbers := k.column.Kind == Number
	known := !numbers || k.ofNum != nil // whether texts have codes, not bins
	at = at[column:]
	for i := range out {
		from, to := int(at[0]+1), int(at[1])
		if i+1 < len(out) {
			at = at[w.columns:]
		}
		if last && to > from && data[to-1] == '\r' {
			to--
		}
		if to-from == 1 {
			if code := k.ofByte[data[from]]; code != 0 && known {
				out[i] = code - 1
				continue
			}
		}
		first, end := ends(data, from, to)
		e := &entries[hashText(first, end)>>(shift&63)&uint64(len(entries)-1)]
		if e.first == first && e.last == end && e.mark == uint32(to-from+1) && known {
			if out[i] = e.code; numbers {
				out[i] = k.ofText[e.code]
			}
			continue
		}
		if out[i], err = k.code(data, from, to); err != nil {
			return i, err
		}
		entries, shift = k.dict.entries, k.dict.shift
		known = !numbers || k.ofNum != nil
	}
	return 0, nil
}

// span returns where a row's field is. at is of the batch's first row, and begins with the delimiter before it.
func (w *csvWorker) span(data []byte, at []uint32, row, column int) (from, to int) {
	i := row*w.columns + column
	from, to = int(at[i]+1), int(at[i+1])
	if column == w.columns-1 && to > from && data[to-1] == '\r' {
		to--
	}
	if w.spec.Trim {
		for from < to && (data[from] == ' ' || data[from] == '\t') {
			from++
		}
		for from < to && (data[to-1] == ' ' || data[to-1] == '\t') {
			to--
		}
	}
	return from, to
}

func differ(f field, twin int, a, b []byte) error {
	return fmt.Errorf("column %q occurs twice, as fields %d and %d, with different values, %q and %q: name one of them, such as %q",
		f.name, f.at+1, twin+1, a, b, f.name+"#2")
}

// quoted counts any block.
func (w *csvWorker) quoted(b *block) error {
	w.records.data, w.records.line = b.data, b.line
	w.records.comma, w.records.trim = w.spec.comma(), w.spec.Trim
	lines := make([]int64, 0, batchRows)
	flush := func() error {
		row, err := w.count(len(lines))
		if err != nil {
			return &RowError{lines[row], "line", err}
		}
		lines = lines[:0]
		w.begin()
		return nil
	}
	w.begin()
	for {
		more, err := w.records.next()
		if err == nil && more {
			err = w.record(len(lines))
		}
		if err != nil {
			return &RowError{w.records.begin, "line", err}
		}
		if !more {
			return flush()
		}
		if lines = append(lines, w.records.begin); len(lines) == batchRows {
			if err := flush(); err != nil {
				return err
			}
		}
	}
}

// record codes the record that was read as row i of the batch.
func (w *csvWorker) record(i int) error {
	r := &w.records
	if len(r.ends) != w.columns {
		return fmt.Errorf("%d fields, want %d as in the header", len(r.ends), w.columns)
	}
	for role, f := range w.fields {
		from, to := r.span(f.at)
		if err := w.set(role, i, r.text, from, to); err != nil {
			return err
		}
		for _, twin := range f.twins {
			if a, b := r.span(twin); !bytes.Equal(r.text[from:to], r.text[a:b]) {
				return differ(f, twin, r.text[from:to], r.text[a:b])
			}
		}
	}
	return nil
}
