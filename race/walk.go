package race

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ReadAll reads the entries in folders and the folders below them, and entries named by their JSON files, sorted by path
// and each once. In folders, JSON files that are no entries are passed over. The error has a line for each file that is
// wrong; the entries beside it are whole.
func ReadAll(paths ...string) ([]*Entry, error) {
	f := finder{seen: map[string]bool{}}
	for _, path := range paths {
		f.add(path)
	}
	slices.Sort(f.files)
	var entries []*Entry
	for _, file := range f.files {
		e, err := Read(file)
		if err != nil {
			f.errs = append(f.errs, err)
			continue
		}
		entries = append(entries, e)
	}
	return entries, errors.Join(f.errs...)
}

// finder collects the paths of entries.
type finder struct {
	seen  map[string]bool // absolute paths, without links
	files []string
	errs  []error
}

// add takes a file, or all entries below a folder.
func (f *finder) add(path string) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		f.errs = append(f.errs, err)
	case !info.IsDir() && strings.ToLower(filepath.Ext(path)) != ".json":
		f.errs = append(f.errs, fmt.Errorf("%s: want a folder, or the JSON file of an entry", path))
	case !info.IsDir():
		f.take(path)
	default:
		f.walk(path)
	}
}

func (f *finder) walk(dir string) {
	root := dir + string(filepath.Separator) // behind which a folder that is a link is entered
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			f.errs = append(f.errs, err)
			return nil
		}
		if hidden(d.Name()) && path != root {
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		if d.Type().IsRegular() {
			f.file(path)
		}
		return nil
	})
	if err != nil {
		f.errs = append(f.errs, err)
	}
}

// hidden are folders of version control and files that are being written.
func hidden(name string) bool { return strings.HasPrefix(name, ".") && name != "." && name != ".." }

// file takes a file below a folder if it is an entry's.
func (f *finder) file(path string) {
	switch filepath.Ext(path) {
	case ".json":
		if isProgress(tsvOf(path)) || isEntry(path) {
			f.take(path)
		}
	case ".tsv":
		json := strings.TrimSuffix(path, ".tsv") + ".json"
		if _, err := os.Stat(json); err == nil || !isProgress(path) {
			return
		}
		f.errs = append(f.errs, &FormatError{path, 0, filepath.Base(json) + " is missing beside it: want what the epochs are of"})
	}
}

func (f *finder) take(path string) {
	whole, err := filepath.Abs(path)
	if real, failed := filepath.EvalSymlinks(whole); failed == nil {
		whole = real
	}
	if err != nil || f.seen[whole] {
		return
	}
	f.seen[whole] = true
	f.files = append(f.files, path)
}

// isProgress tells whether there is a TSV file that is meant as an entry's.
func isProgress(path string) bool {
	text, err := read(path)
	if err != nil {
		return false
	}
	header, _, _ := bytes.Cut(text, []byte("\n"))
	names := strings.Fields(string(header))
	return slices.Contains(names, columnEpoch) && slices.Contains(names, columnHours)
}
