package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
)

const suffix = ".tmp"

var temporary = regexp.MustCompile(`^\..+\.[0-9a-f]{16}` + regexp.QuoteMeta(suffix) + `$`)

// Sweep removes from a folder what killed writers left there, and returns the names of the files removed. Call it when
// nobody else writes into the folder: files that are being written look the same.
func Sweep(folder string) (removed []string, err error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("atomicfile: %w", err)
	}
	var failed []error
	for _, e := range entries {
		if !e.Type().IsRegular() || !temporary.MatchString(e.Name()) {
			continue
		}
		switch err := os.Remove(filepath.Join(folder, e.Name())); {
		case err == nil:
			removed = append(removed, e.Name())
		case !errors.Is(err, fs.ErrNotExist):
			failed = append(failed, fmt.Errorf("atomicfile: %w", err))
		}
	}
	return removed, errors.Join(failed...)
}
