package track

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/atelier-go/atelier/filelock"
)

// A line of the log. Hash is that of the line before it followed by the bytes of Entry, so that readers need not know how
// an entry was written.
type line struct {
	Hash  string          `json:"hash"`
	Entry json.RawMessage `json:"entry"`
}

func chain(previous string, entry []byte) string {
	h := sha256.New()
	h.Write([]byte(previous))
	h.Write(entry)
	return hex.EncodeToString(h.Sum(nil))
}

// Read returns all entries of the log at path, oldest first, after checking the hashes. It fails with the number of the
// first line that is cut short, changed, or not preceded by the line it was written after.
func Read(path string) ([]Entry, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("track: %w", err)
	}
	entries, _, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("track: %s: %w", path, err)
	}
	return entries, nil
}

// parse returns the entries and the last line's hash.
func parse(text []byte) (entries []Entry, last string, err error) {
	for number := 1; len(text) > 0; number++ {
		raw, rest, whole := bytes.Cut(text, []byte("\n"))
		if !whole {
			return nil, "", fmt.Errorf("line %d is cut short: it has no line feed; remove it to go on", number)
		}
		text = rest
		var l line
		if err := json.Unmarshal(raw, &l); err != nil {
			return nil, "", fmt.Errorf("line %d is no entry: %w", number, err)
		}
		if l.Hash != chain(last, l.Entry) {
			return nil, "", fmt.Errorf("line %d has a wrong hash: it, or a line before it, was changed, removed or added", number)
		}
		last = l.Hash
		var e Entry
		if err := json.Unmarshal(l.Entry, &e); err != nil {
			return nil, "", fmt.Errorf("line %d is no entry: %w", number, err)
		}
		if err := e.validate(); err != nil {
			return nil, "", fmt.Errorf("line %d: %w", number, err)
		}
		entries = append(entries, e)
	}
	return entries, last, nil
}

// Append adds an entry to the log at path, which is made if it does not exist, and returns the entry before it, nil if
// there was none. The log is checked first; a log that was tampered with is left as it is. When err is nil the
// entry is on the disk; when it is not nothing was added. On Unix several processes may append at once.
func Append(path string, e Entry) (previous *Entry, err error) {
	if err := e.validate(); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("track: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }() // also unlocks
	if err := filelock.Wait(file); err != nil {
		return nil, fmt.Errorf("track: %s: %w", path, err)
	}
	text, err := io.ReadAll(file)
	if err != nil {
		return nil, fmt.Errorf("track: %w", err)
	}
	entries, last, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("track: %s: %w", path, err)
	}
	if err := write(file, int64(len(text)), e, last); err != nil {
		return nil, fmt.Errorf("track: %w", err)
	}
	if len(entries) > 0 {
		previous = &entries[len(entries)-1]
	}
	return previous, nil
}

// write adds a line to a file of the given size. If that fails it takes back what was written.
func write(file *os.File, size int64, e Entry, last string) error {
	raw, err := json.Marshal(e)
	if err != nil {
		return err
	}
	text, err := json.Marshal(line{Hash: chain(last, raw), Entry: raw})
	if err != nil {
		return err
	}
	if _, err := file.Write(append(text, '\n')); err != nil {
		return errors.Join(err, file.Truncate(size))
	}
	return file.Sync()
}
