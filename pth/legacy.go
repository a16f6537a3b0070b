package pth

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// counted is a reader that knows how far it is.
type counted struct {
	*bufio.Reader
	at int64
}

func (c *counted) ReadByte() (byte, error) {
	b, err := c.Reader.ReadByte()
	if err == nil {
		c.at++
	}
	return b, err
}

// readLegacy reads a file of pickles: a magic number, the version, facts about the machine, the object, and the keys of
// the storages. Then come the storages, each with its number of elements before it.
func readLegacy(r io.ReaderAt, size int64) (any, map[string]int64, error) {
	source := &counted{Reader: bufio.NewReader(io.NewSectionReader(r, 0, size))}
	dtypes := map[string]storage{}
	refuse := func(any) (any, error) { return nil, errors.New("a storage before the tensors") }
	keep := func(id any) (any, error) {
		v, err := storageOf(id)
		if err != nil {
			return nil, err
		}
		s := v.(storage)
		if known, ok := dtypes[s.key]; ok && (known.dtype != s.dtype || known.whole != s.whole) {
			return nil, fmt.Errorf("storage %q is described in two ways", shorten(s.key))
		}
		dtypes[s.key] = s
		return s, nil
	}
	var values [5]any
	for i := range values {
		persistent := refuse
		if i == 3 {
			persistent = keep
		}
		v, err := unpickle(source, persistent)
		if err != nil {
			return nil, nil, err
		}
		values[i] = v
	}
	if err := checkMachine(values[1], values[2]); err != nil {
		return nil, nil, err
	}
	keys, ok := values[4].(*list)
	if !ok {
		return nil, nil, fmt.Errorf("the storages' keys are %s: want a list", kindOf(values[4]))
	}
	places, err := storages(r, source.at, size, keys.items, dtypes)
	return values[3], places, err
}

// checkMachine checks the version, and that numbers lie as they are read here.
func checkMachine(version, facts any) error {
	if version != int64(1001) {
		return errors.New("a file of pickles of a version other than 1001")
	}
	d, ok := facts.(*dict)
	if !ok {
		return fmt.Errorf("the facts about the machine are %s: want a dictionary", kindOf(facts))
	}
	if little, ok := d.values["little_endian"].(bool); !ok || !little {
		return errors.New("numbers in big-endian byte order: want little")
	}
	return nil
}

// storages finds the storages from byte at on.
func storages(r io.ReaderAt, at, size int64, keys []any, known map[string]storage) (map[string]int64, error) {
	places := map[string]int64{}
	for _, k := range keys {
		key, _ := k.(string)
		s, ok := known[key]
		if _, twice := places[key]; !ok || twice {
			return nil, fmt.Errorf("storage %q has no tensor, or comes twice", shorten(key))
		}
		var prefix [8]byte
		if _, err := io.ReadFull(io.NewSectionReader(r, at, 8), prefix[:]); err != nil {
			return nil, err
		}
		n := binary.LittleEndian.Uint64(prefix[:])
		at += 8
		width := int64(s.dtype.Bits() / 8)
		if n != uint64(s.whole) || n > uint64((size-at)/width) {
			return nil, fmt.Errorf("storage %q has %d elements in %d bytes: want %d of type %s", shorten(key), n, size-at, s.whole, s.dtype)
		}
		places[key] = at
		at += int64(n) * width
	}
	for key := range known {
		if _, ok := places[key]; !ok {
			return nil, fmt.Errorf("storage %q is not in the file", shorten(key))
		}
	}
	return places, nil
}
