package table

import (
	"bytes"
	"errors"
)

var (
	errBareQuote = errors.New("a quote in a field that does not begin with one")
	errQuote     = errors.New("text after the quote that closes a field")
	errOpenQuote = errors.New("a quote that is never closed")
)

// records reads records with quotes, one after the other.
type records struct {
	data  []byte // ends with a newline
	comma byte
	trim  bool
	line  int64 // of the next byte to read

	begin int64  // the line on which the record begins
	text  []byte // padding, its fields without their quotes, padding
	ends  []int  // where each field ends in text
}

// next reads a record, skipping empty lines; more is false where there is none.
func (r *records) next() (more bool, err error) {
	r.clear()
	for {
		rest := bytes.TrimPrefix(r.data, []byte("\r"))
		if len(rest) == 0 || rest[0] != '\n' {
			break
		}
		r.data = rest[1:]
		r.line++
	}
	if len(r.data) == 0 {
		return false, nil
	}
	r.begin = r.line
	for last := false; !last; {
		if last, err = r.field(); err != nil {
			return false, err
		}
	}
	r.pad()
	return true, nil
}

// clear begins a record's fields.
func (r *records) clear() {
	r.text, r.ends = r.text[:0], r.ends[:0]
	r.pad()
}

func (r *records) pad() { r.text = append(r.text, make([]byte, padding)...) }

// span returns where a field is in text.
func (r *records) span(column int) (from, to int) {
	from = padding
	if column > 0 {
		from = r.ends[column-1]
	}
	return from, r.ends[column]
}

// field reads a field and what ends it; last is true where that is the record's end.
func (r *records) field() (last bool, err error) {
	if r.trim {
		r.data = bytes.TrimLeft(r.data, " \t")
	}
	if len(r.data) > 0 && r.data[0] == '"' {
		r.data = r.data[1:]
		return r.quoted()
	}
	newline := bytes.IndexByte(r.data, '\n')
	end := bytes.IndexByte(r.data[:newline], r.comma)
	if end < 0 {
		end, last = newline, true
		r.line++
	}
	field := r.data[:end]
	r.data = r.data[end+1:]
	if last {
		field = bytes.TrimSuffix(field, []byte("\r"))
	}
	if bytes.IndexByte(field, '"') >= 0 {
		return last, errBareQuote
	}
	if r.trim {
		field = bytes.TrimRight(field, " \t")
	}
	r.text = append(r.text, field...)
	r.ends = append(r.ends, len(r.text))
	return last, nil
}

// quoted reads a field after the quote that opens it.
func (r *records) quoted() (last bool, err error) {
	for {
		end := bytes.IndexByte(r.data, '"')
		if end < 0 {
			return false, errOpenQuote
		}
		inside := r.data[:end]
		r.line += int64(bytes.Count(inside, []byte("\n")))
		r.text = append(r.text, bytes.ReplaceAll(inside, []byte("\r\n"), []byte("\n"))...)
		r.data = r.data[end+1:]
		switch {
		case len(r.data) == 0:
			return false, errOpenQuote // the newline behind the last record was inside
		case r.data[0] == '"':
			r.text = append(r.text, '"')
			r.data = r.data[1:]
			continue
		case r.data[0] == r.comma:
			r.data = r.data[1:]
		case r.data[0] == '\n':
			r.data, r.line, last = r.data[1:], r.line+1, true
		case bytes.HasPrefix(r.data, []byte("\r\n")):
			r.data, r.line, last = r.data[2:], r.line+1, true
		default:
			return false, errQuote
		}
		r.ends = append(r.ends, len(r.text))
		return last, nil
	}
}
