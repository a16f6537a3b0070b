// Package atomicfile writes files whole or not at all: whatever happens while a file is written (an error, a full disk,
// a killed process, a power cut), its path then has either the old content or the new, never a part.
//
//	err := atomicfile.Write("weights.bin", func(w io.Writer) error {
//		_, err := w.Write(weights)
//		return err
//	})
//
// The content goes to a temporary file in the same folder, which is synced and then renamed; then the folder is synced.
// A process that is killed meanwhile leaves its temporary file behind. Its name starts with a dot and ends in ".tmp", so
// that nobody takes it for the file, and [Sweep] removes it.
package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// bufferSize is large enough for writes to reach the disk in pieces that it likes.
const bufferSize = 1 << 18

// maxBase is how many bytes of the file's name go into the temporary file's, which must not be longer than 255.
const maxBase = 200

// Write replaces the file at path, or makes it, with what fill writes; w is buffered. When Write returns nil the new
// content is on the disk. When it returns an error, which wraps fill's if it had one, the old content is still there,
// with one exception: where only the last step failed, the sync of the folder, a power cut may still bring the old
// content back, and the error says so.
//
// A new file gets mode 0666 less the umask, an existing one keeps its permissions. Of a symbolic link the file that it
// points to is replaced. Several writers of one path do not disturb each other: one of them is the last.
func Write(path string, fill func(w io.Writer) error) error {
	if err := write(path, fill); err != nil {
		return fmt.Errorf("atomicfile: %s: %w", path, err)
	}
	return nil
}

func write(path string, fill func(w io.Writer) error) (err error) {
	target, mode, err := resolve(path)
	if err != nil {
		return err
	}
	f, err := create(target)
	if err != nil {
		return err
	}
	renamed := false
	defer func() { // after a panic of fill too
		if !renamed {
			err = errors.Join(err, ignoreClosed(f.Close()), os.Remove(f.Name()))
		}
	}()
	if err := store(f, mode, fill); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), target); err != nil {
		return err
	}
	renamed = true
	if err := syncFolder(filepath.Dir(target)); err != nil {
		return fmt.Errorf("the file is written, but a power cut may undo that: %w", err)
	}
	return nil
}

// store fills, syncs and closes the temporary file f. Mode 0 leaves its permissions.
func store(f *os.File, mode fs.FileMode, fill func(w io.Writer) error) error {
	if mode != 0 {
		if err := f.Chmod(mode); err != nil {
			return err
		}
	}
	w := bufio.NewWriterSize(f, bufferSize)
	if err := fill(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return f.Close()
}

func ignoreClosed(err error) error {
	if errors.Is(err, fs.ErrClosed) {
		return nil
	}
	return err
}

// resolve follows symbolic links to the file to replace, and returns its permissions, 0 if it does not exist.
func resolve(path string) (target string, mode fs.FileMode, err error) {
	target, err = filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		if link, err := os.Readlink(path); err == nil {
			return "", 0, fmt.Errorf("is a symbolic link to %s, which does not exist", link)
		}
		return path, 0, nil
	}
	if err != nil {
		return "", 0, err
	}
	info, err := os.Stat(target)
	if err != nil {
		return "", 0, err
	}
	if !info.Mode().IsRegular() {
		return "", 0, errors.New("exists and is no regular file")
	}
	return target, info.Mode().Perm(), nil
}

// create makes a new temporary file beside target. os.CreateTemp would give it mode 0600, whatever the umask.
func create(target string) (*os.File, error) {
	folder, base := filepath.Split(target)
	base = base[:min(len(base), maxBase)]
	for {
		name := filepath.Join(folder, fmt.Sprintf(".%s.%016x%s", base, rand.Uint64(), suffix))
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
}
