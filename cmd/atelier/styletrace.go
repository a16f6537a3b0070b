package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/atelier-go/atelier/style"
)

// traceFile is the file that gets a line for each iteration. A painting that goes on after it was killed makes iterations
// again that the file has already: from the first line that is written on, it has each once.
type traceFile struct {
	file    *os.File
	resumed bool // until the first line
}

// openTrace opens the file of --trace, and makes it the painting's.
func (p *painting) openTrace(o *style.Options) error {
	if p.f.trace == "" {
		return nil
	}
	mode := os.O_CREATE | os.O_RDWR
	switch {
	case p.f.resume:
	case p.f.force:
		mode |= os.O_TRUNC
	default:
		mode |= os.O_EXCL
	}
	file, err := os.OpenFile(p.f.trace, mode, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s %w", p.f.trace, errThere)
	}
	if err != nil {
		return err
	}
	p.trace = &traceFile{file: file, resumed: p.f.resume}
	o.Trace = p.trace
	return nil
}

func (p *painting) closeTrace() error {
	if p.trace == nil {
		return nil
	}
	return p.trace.file.Close()
}

// Write writes a line.
func (t *traceFile) Write(line []byte) (int, error) {
	if t.resumed {
		if err := t.cut(line); err != nil {
			return 0, err
		}
		t.resumed = false
	}
	return t.file.Write(line)
}

// cut takes away the iteration of a line and all after it, and leaves the file where the next line goes.
func (t *traceFile) cut(line []byte) error {
	var next style.TraceLine
	if err := json.Unmarshal(line, &next); err != nil {
		return err
	}
	end := int64(0)
	for lines := bufio.NewReader(t.file); ; {
		text, err := lines.ReadBytes('\n')
		var had style.TraceLine
		before := err == nil && json.Unmarshal(bytes.TrimSpace(text), &had) == nil &&
			(had.Scale < next.Scale || had.Scale == next.Scale && had.Iteration < next.Iteration)
		if !before { // the end, a line that was broken off, or one that is made again
			break
		}
		end += int64(len(text))
	}
	if err := t.file.Truncate(end); err != nil {
		return err
	}
	_, err := t.file.Seek(end, io.SeekStart)
	return err
}
