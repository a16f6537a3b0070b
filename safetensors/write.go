package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/atelier-go/atelier/atomicfile"
)

// Save writes the file at path, whole or not at all (see package atomicfile).
func Save(path string, tensors []Tensor, metadata map[string]string) error {
	return atomicfile.Write(path, func(w io.Writer) error { return Write(w, tensors, metadata) })
}

// Write writes a file to w, tensor by tensor; metadata may be nil. It checks all but what streams write before it
// writes the first byte: names must differ, and data must have the size that dtype and shape say.
func Write(w io.Writer, tensors []Tensor, metadata map[string]string) error {
	if err := check(tensors, metadata); err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	tensors = slices.SortedFunc(slices.Values(tensors), func(a, b Tensor) int {
		return cmp.Or(cmp.Compare(b.DType.rank(), a.DType.rank()), cmp.Compare(a.Name, b.Name))
	})
	header, err := formatHeader(tensors, metadata)
	if err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	if _, err := w.Write(header); err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	for _, t := range tensors {
		if err := t.write(w); err != nil {
			return fmt.Errorf("safetensors: tensor %q: %w", t.Name, err)
		}
	}
	return nil
}

// check returns all that is wrong with what Write is to write.
func check(tensors []Tensor, metadata map[string]string) error {
	var wrong []error
	seen := map[string]bool{}
	for _, t := range tensors {
		if err := t.check(); err != nil {
			wrong = append(wrong, fmt.Errorf("tensor %q: %w", t.Name, err))
		}
		if seen[t.Name] {
			wrong = append(wrong, fmt.Errorf("there are two tensors %q", t.Name))
		}
		seen[t.Name] = true
	}
	for key, value := range metadata {
		if !utf8.ValidString(key) || !utf8.ValidString(value) {
			wrong = append(wrong, fmt.Errorf("metadata %q: %q is not UTF-8", key, value))
		}
	}
	return errors.Join(wrong...)
}

func (t Tensor) check() error {
	if t.Name == metadataKey {
		return errors.New("this name is reserved")
	}
	if !utf8.ValidString(t.Name) {
		return errors.New("the name is not UTF-8")
	}
	if t.Stream == nil {
		return t.checkData()
	}
	if t.Data != nil {
		return errors.New("it has both Data and Stream")
	}
	_, err := byteSize(t.DType, t.Shape)
	return err
}

// description is a tensor's entry in the header.
type description struct {
	DType   DType  `json:"dtype"`
	Shape   []int  `json:"shape"`
	Offsets [2]int `json:"data_offsets"`
}

// formatHeader returns the header with its length before it, such that the data starts at a multiple of 8 bytes.
func formatHeader(tensors []Tensor, metadata map[string]string) ([]byte, error) {
	text := bytes.NewBuffer(make([]byte, 8))
	member := func(separator byte, key string, value any) error {
		for _, part := range []any{key, value} {
			text.WriteByte(separator)
			e := json.NewEncoder(text)
			e.SetEscapeHTML(false)
			if err := e.Encode(part); err != nil {
				return err
			}
			text.Truncate(text.Len() - 1) // Encode ends with a newline
			separator = ':'
		}
		return nil
	}
	separator := byte('{')
	if metadata != nil {
		if err := member(separator, metadataKey, metadata); err != nil {
			return nil, err
		}
		separator = ','
	}
	offset := 0
	for _, t := range tensors {
		size, err := byteSize(t.DType, t.Shape)
		if err != nil {
			return nil, err
		}
		if size > math.MaxInt-offset {
			return nil, errors.New("the tensors together have more bytes than a file can have")
		}
		d := description{DType: t.DType, Shape: append([]int{}, t.Shape...), Offsets: [2]int{offset, offset + size}}
		if err := member(separator, t.Name, d); err != nil {
			return nil, err
		}
		separator, offset = ',', offset+size
	}
	if separator == '{' {
		text.WriteByte('{')
	}
	text.WriteByte('}')
	for text.Len()%8 != 0 {
		text.WriteByte(' ')
	}
	header := text.Bytes()
	if n := len(header) - 8; n > maxHeader {
		return nil, fmt.Errorf("the header would have %d bytes; at most %d are allowed", n, maxHeader)
	}
	binary.LittleEndian.PutUint64(header, uint64(len(header)-8))
	return header, nil
}

// write writes the tensor's elements.
func (t Tensor) write(w io.Writer) error {
	if t.Stream == nil {
		_, err := w.Write(t.Data)
		return err
	}
	size, err := byteSize(t.DType, t.Shape)
	if err != nil {
		return err
	}
	c := counter{w: w}
	if err := t.Stream(&c); err != nil {
		return err
	}
	if c.n != size {
		return fmt.Errorf("%d bytes from Stream, want %d for %s of shape %v", c.n, size, t.DType, t.Shape)
	}
	return nil
}

// counter counts the bytes written to w.
type counter struct {
	w io.Writer
	n int
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += n
	return n, err
}
