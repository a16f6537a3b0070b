package race

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// FormatError is something wrong with a file.
type FormatError struct {
	File    string
	Line    int // from 1; 0 if it is about the whole file
	Problem string
}

func (e *FormatError) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Problem
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Problem)
}

// maxSize is the largest file that is read: published ones have a few kilobytes.
const maxSize = 16 << 20

// read is a file's text without the mark that says that it is UTF-8.
func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxSize {
		return nil, &FormatError{File: path, Problem: fmt.Sprintf("it has more than %d MiB, which no entry has", maxSize>>20)}
	}
	return bytes.TrimPrefix(text, []byte("\ufeff")), nil
}

// object is a JSON object whose fields know their lines.
type object struct {
	file   string
	fields map[string]field
}

type field struct {
	raw  json.RawMessage
	line int
}

// parseObject reads one JSON object and nothing else.
func parseObject(file string, text []byte) (*object, error) {
	wrong := func(offset int64, format string, args ...any) error {
		return &FormatError{file, 1 + bytes.Count(text[:min(int(offset), len(text))], []byte("\n")), fmt.Sprintf(format, args...)}
	}
	var whole json.RawMessage
	if err := json.Unmarshal(text, &whole); err != nil {
		offset := int64(len(text))
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			offset = syntax.Offset
		}
		return nil, wrong(offset, "this is not JSON: %v", err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, wrong(d.InputOffset(), "want a JSON object")
	}
	o := &object{file, map[string]field{}}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, wrong(d.InputOffset(), "%v", err)
		}
		name, at := key.(string), d.InputOffset()
		if _, twice := o.fields[name]; twice {
			return nil, wrong(at, "%s is there twice", name)
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return nil, wrong(d.InputOffset(), "%v", err)
		}
		o.fields[name] = field{raw, 1 + bytes.Count(text[:at], []byte("\n"))}
	}
	return o, nil
}

// has tells whether a field is there and not null.
func (o *object) has(name string) bool {
	f, there := o.fields[name]
	return there && string(f.raw) != "null"
}

func (o *object) wrong(name, format string, args ...any) error {
	return &FormatError{o.file, o.fields[name].line, name + fmt.Sprintf(format, args...)}
}

// value reads a field that may be missing or null, which leave to as it is.
func (o *object) value(name, want string, to any) error {
	if o.has(name) && json.Unmarshal(o.fields[name].raw, to) != nil {
		return o.wrong(name, " is %s: want %s", short(o.fields[name].raw), want)
	}
	return nil
}

// mostAmount is so large that no product of amounts and hours is infinite.
const mostAmount = 1e12

// amount reads a number that is not negative; there is false if the field is missing or null.
func (o *object) amount(name string) (v float64, there bool, err error) {
	if err := o.value(name, "a number", &v); err != nil {
		return 0, false, err
	}
	if !(v >= 0 && v <= mostAmount) {
		return 0, false, o.wrong(name, " is %v: want %s", v, wanted(mostAmount))
	}
	return v, o.has(name), nil
}

// short is the beginning of a text, for messages.
func short(raw []byte) string {
	const most = 40
	text := []rune(string(bytes.Join(bytes.Fields(raw), []byte(" "))))
	if len(text) > most {
		return string(text[:most]) + "..."
	}
	return string(text)
}
