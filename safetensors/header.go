package safetensors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// maxHeader is the longest header that the format allows, in bytes.
const maxHeader = 100_000_000

// metadataKey is the one key of the header that is no tensor.
const metadataKey = "__metadata__"

// entry is what the header says about a tensor; its data is at [begin, end).
type entry struct {
	name       string
	dtype      DType
	shape      []int
	begin, end int
}

// parser reads the header token by token: decoding into a map would hide keys that come twice.
type parser struct {
	*json.Decoder
	entries  []entry
	metadata map[string]string
}

// parseHeader reads the header's JSON. It checks its form, not whether entries fit together.
func parseHeader(text []byte) (entries []entry, metadata map[string]string, err error) {
	if !bytes.HasPrefix(text, []byte("{")) {
		return nil, nil, errors.New("the header does not begin with {")
	}
	if !utf8.Valid(text) {
		return nil, nil, errors.New("the header is not UTF-8")
	}
	// Tokens alone pass some commas that JSON has not.
	if err := json.Unmarshal(text, &struct{}{}); err != nil {
		return nil, nil, fmt.Errorf("the header is no JSON: %w", err)
	}
	p := parser{Decoder: json.NewDecoder(bytes.NewReader(text))}
	p.UseNumber()
	if err := p.object(p.member); err != nil {
		return nil, nil, fmt.Errorf("the header, at byte %d: %w", p.InputOffset(), err)
	}
	return p.entries, p.metadata, nil
}

// member reads a tensor's entry or the metadata.
func (p *parser) member(key string) error {
	if key == metadataKey {
		return p.readMetadata()
	}
	e := entry{name: key}
	if err := p.readEntry(&e); err != nil {
		return fmt.Errorf("tensor %q: %w", key, err)
	}
	p.entries = append(p.entries, e)
	return nil
}

func (p *parser) readMetadata() error {
	p.metadata = map[string]string{}
	return p.object(func(key string) error {
		value, err := p.text()
		if err != nil {
			return fmt.Errorf("%s, key %q: %w", metadataKey, key, err)
		}
		p.metadata[key] = value
		return nil
	})
}

func (p *parser) readEntry(e *entry) error {
	var offsets []int
	var found int
	err := p.object(func(key string) (err error) {
		found++
		switch key {
		case "dtype":
			var name string
			name, err = p.text()
			e.dtype = DType(name)
		case "shape":
			e.shape, err = p.integers()
		case "data_offsets":
			offsets, err = p.integers()
		default: // the format's own library ignores what it does not know
			found--
			var ignored json.RawMessage
			err = p.Decode(&ignored)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if found != 3 {
		return errors.New("dtype, shape or data_offsets is missing")
	}
	if len(offsets) != 2 {
		return fmt.Errorf("data_offsets %v: want two", offsets)
	}
	e.begin, e.end = offsets[0], offsets[1]
	return nil
}

// object reads an object; member reads the value of a key.
func (p *parser) object(member func(key string) error) error {
	if err := p.delim('{'); err != nil {
		return err
	}
	seen := map[string]bool{}
	for p.More() {
		key, err := p.text()
		if err != nil {
			return err
		}
		if seen[key] {
			return fmt.Errorf("the key %q comes twice", key)
		}
		seen[key] = true
		if err := member(key); err != nil {
			return err
		}
	}
	return p.delim('}')
}

// integers reads an array of whole numbers, none negative.
func (p *parser) integers() ([]int, error) {
	if err := p.delim('['); err != nil {
		return nil, err
	}
	list := []int{}
	for p.More() {
		t, err := p.Token()
		if err != nil {
			return nil, err
		}
		number, ok := t.(json.Number)
		if !ok {
			return nil, fmt.Errorf("%v, want a number", t)
		}
		n, err := strconv.Atoi(number.String())
		if err != nil || n < 0 {
			return nil, fmt.Errorf("%s, want a whole number, not negative, of at most %d bits", number, strconv.IntSize-1)
		}
		list = append(list, n)
	}
	return list, p.delim(']')
}

func (p *parser) text() (string, error) {
	t, err := p.Token()
	if err != nil {
		return "", err
	}
	s, ok := t.(string)
	if !ok {
		return "", fmt.Errorf("%v, want a string", t)
	}
	return s, nil
}

func (p *parser) delim(want json.Delim) error {
	t, err := p.Token()
	if err != nil {
		return err
	}
	if t != want {
		return fmt.Errorf("%v, want %v", t, want)
	}
	return nil
}
