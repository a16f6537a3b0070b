package table

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"
)

// blockSize is small enough for a block and what is found in it to stay in a second-level cache.
const blockSize = 256 << 10

// blocks cuts a file into pieces that begin and end with records. Workers take them in turn.
type blocks struct {
	mu    sync.Mutex
	r     io.Reader
	carry []byte // read, but not yet part of a block
	line  int64  // on which the next block begins
	ended bool
}

// block is a piece of a file: data has whole records, each with its newline. It is whole but for padding, and behind it in
// its array are chunkBytes of zeros.
type block struct {
	whole    []byte
	data     []byte
	line     int64
	newlines int
	quotes   bool
}

// open skips a byte order mark.
func openBlocks(r io.Reader) (*blocks, error) {
	b := &blocks{r: r, line: 1}
	start := make([]byte, 3)
	n, err := io.ReadFull(r, start)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	start = start[:n]
	if bytes.HasPrefix(start, []byte("\xff\xfe")) || bytes.HasPrefix(start, []byte("\xfe\xff")) {
		return nil, errors.New("the file is UTF-16, want UTF-8")
	}
	if bytes.Equal(start, []byte("\xef\xbb\xbf")) {
		start = nil
	}
	b.carry = start
	return b, nil
}

// next fills the block with at least the given number of bytes, if there are as many. It returns io.EOF after the last.
func (b *blocks) next(to *block, size int) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	data := append(append(to.whole[:0], make([]byte, padding)...), b.carry...)
	size += padding
	b.carry = b.carry[:0]
	for {
		var err error
		if data, err = b.fill(data, size); err != nil {
			return err
		}
		end := len(data)
		if !b.ended {
			end = lastRecord(data)
		}
		if end > padding || b.ended {
			b.carry = append(b.carry, data[end:]...)
			return b.hand(to, data[:end])
		}
		if size = 2 * size; size > maxRecordBytes {
			return &RowError{b.line, "line", fmt.Errorf("a record of more than %d MiB, or a quote that is never closed", maxRecordBytes>>20)}
		}
	}
}

// fill reads until data has size bytes or the file ends.
func (b *blocks) fill(data []byte, size int) ([]byte, error) {
	if want := max(size, len(data)) + 1 + chunkBytes; cap(data) < want {
		data = append(make([]byte, 0, want), data...)
	}
	for len(data) < size && !b.ended {
		n, err := b.r.Read(data[len(data):size])
		data = data[:len(data)+n]
		if errors.Is(err, io.EOF) {
			b.ended = true
		} else if err != nil {
			return nil, err
		}
	}
	return data, nil
}

// hand makes a block of padding and data.
func (b *blocks) hand(to *block, whole []byte) error {
	if len(whole) == padding {
		return io.EOF
	}
	if whole[len(whole)-1] != '\n' {
		whole = append(whole, '\n')
	}
	clear(whole[len(whole) : len(whole)+chunkBytes])
	data := whole[padding:]
	*to = block{whole, data, b.line, bytes.Count(data, []byte("\n")), bytes.IndexByte(data, '"') >= 0}
	b.line += int64(to.newlines)
	return nil
}

// lastRecord returns where the last record that is whole ends: behind a newline that is not inside quotes. Outside of
// them, even numbers of quotes are on both sides; records that are not well-formed are found to be so later.
func lastRecord(data []byte) int {
	open := bytes.Count(data, []byte(`"`))%2 == 1
	for i := len(data) - 1; i >= 0; i-- {
		switch data[i] {
		case '"':
			open = !open
		case '\n':
			if !open {
				return i + 1
			}
		}
	}
	return 0
}
