package pth

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

var errEmptyStack = errors.New("a pickle that takes a value where there is none")

func (m *machine) push(v any) error {
	m.stack = append(m.stack, v)
	return nil
}

// bottom is the lowest place of the stack that may be taken: values below a mark belong to what was begun before.
func (m *machine) bottom() int {
	if len(m.marks) == 0 {
		return 0
	}
	return m.marks[len(m.marks)-1]
}

func (m *machine) pop() (any, error) {
	items, err := m.popFrom(len(m.stack) - 1)
	if err != nil {
		return nil, err
	}
	return items[0], nil
}

// popFrom takes the values from a place of the stack on.
func (m *machine) popFrom(from int) ([]any, error) {
	if from < m.bottom() {
		return nil, errEmptyStack
	}
	items := append([]any(nil), m.stack[from:]...)
	clear(m.stack[from:])
	m.stack = m.stack[:from]
	return items, nil
}

// popMark takes the last mark and returns its place.
func (m *machine) popMark() (int, error) {
	if len(m.marks) == 0 {
		return 0, errEmptyStack
	}
	at := m.bottom()
	m.marks = m.marks[:len(m.marks)-1]
	return at, nil
}

func (m *machine) byte() (byte, error) {
	if m.rest == 0 {
		return 0, fmt.Errorf("a pickle of more than %d bytes", maxPickle)
	}
	m.rest--
	b, err := m.source.ReadByte()
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return b, err
}

// bytes reads n bytes. It takes memory as they come, not as n promises.
func (m *machine) bytes(n int) ([]byte, error) {
	b := make([]byte, 0, min(n, 1<<10))
	for range n {
		c, err := m.byte()
		if err != nil {
			return nil, err
		}
		b = append(b, c)
	}
	return b, nil
}

// unsigned reads a number of 1 or 4 bytes.
func (m *machine) unsigned(width int) (uint32, error) {
	var full [4]byte
	b, err := m.bytes(width)
	copy(full[:], b)
	n := binary.LittleEndian.Uint32(full[:])
	if err == nil && n > 1<<31-1 {
		err = fmt.Errorf("a pickle with a length or number of %d", n)
	}
	return n, err
}

// line reads up to the end of a line.
func (m *machine) line() (string, error) {
	var b []byte
	for {
		c, err := m.byte()
		if err != nil {
			return "", err
		}
		if c == '\n' {
			return string(b), nil
		}
		b = append(b, c)
	}
}

// maxKey is the longest key of a dictionary, or of a storage, in bytes.
const maxKey = 1 << 12

// set sets keys of a dictionary to values, which alternate in items.
func (m *machine) set(d *dict, items []any) error {
	if m.entries += len(items) / 2; m.entries > maxEntries {
		return fmt.Errorf("dictionaries of more than %d entries together", maxEntries)
	}
	for i := 0; i < len(items); i += 2 {
		key := items[i]
		switch text := key.(type) {
		case string:
			if len(text) > maxKey {
				return fmt.Errorf("a dictionary with a key of %d bytes: want at most %d", len(text), maxKey)
			}
		case int64:
		default:
			return fmt.Errorf("a dictionary with a key that is %s", kindOf(key))
		}
		if d.values == nil { // many are empty
			d.values = map[any]any{}
		}
		if _, ok := d.values[key]; !ok {
			d.keys = append(d.keys, key)
		}
		d.values[key] = items[i+1]
	}
	return nil
}

// kindOf names a value's type for errors.
func kindOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "nothing"
	case global:
		return v.String()
	case tuple:
		return "a tuple"
	case *list:
		return "a list"
	case *dict:
		return "a dictionary"
	case string:
		return "a text"
	case int64, big, float64, bool:
		return "a number"
	case storage:
		return "a storage"
	case tensor:
		return "a tensor"
	default:
		return fmt.Sprintf("%T", v)
	}
}
