package data

import (
	"archive/zip"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// folder is a folder of the file system.
type folder string

// maxDepth ends the search in folders that link to themselves.
const maxDepth = 32

func (f folder) list() (names, folders []string, err error) {
	var walk func(dir string, depth int) error
	walk = func(dir string, depth int) error {
		if depth > maxDepth {
			return fmt.Errorf("folders are more than %d deep: %s", maxDepth, dir)
		}
		entries, err := os.ReadDir(filepath.Join(string(f), filepath.FromSlash(dir)))
		if err != nil {
			return err
		}
		for _, e := range entries {
			name := path.Join(dir, e.Name())
			mode := e.Type()
			if mode&fs.ModeSymlink != 0 {
				info, err := os.Stat(filepath.Join(string(f), filepath.FromSlash(name)))
				if err != nil {
					return err
				}
				mode = info.Mode()
			}
			// Pipes and devices are left out: to open one could wait forever.
			if mode.IsRegular() {
				names = append(names, name)
			} else if mode.IsDir() {
				folders = append(folders, name)
				if err := walk(name, depth+1); err != nil {
					return err
				}
			}
		}
		return nil
	}
	err = walk("", 0)
	return names, folders, err
}

func (f folder) read(dst []byte, name string) ([]byte, error) {
	file, err := os.Open(filepath.Join(string(f), filepath.FromSlash(name)))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	return fill(dst, file, info.Size())
}

func (f folder) Close() error { return nil }

// archive is a zip file.
type archive struct {
	file   *os.File
	reader *zip.Reader
	byName map[string]*zip.File
	dirs   []string // that have an entry of their own
}

func newArchive(name string) (*archive, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	a, err := listArchive(file)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), file.Close())
	}
	return a, nil
}

func listArchive(file *os.File) (*archive, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	reader, err := zip.NewReader(file, info.Size())
	if err != nil {
		return nil, err
	}
	a := &archive{file: file, reader: reader, byName: map[string]*zip.File{}}
	for _, f := range reader.File {
		if f.Mode().IsDir() {
			a.dirs = append(a.dirs, strings.Trim(f.Name, "/"))
			continue
		}
		if a.byName[f.Name] != nil {
			return nil, fmt.Errorf("has %s twice", f.Name)
		}
		a.byName[f.Name] = f
	}
	return a, nil
}

func (a *archive) list() (names, folders []string, err error) {
	for _, f := range a.reader.File {
		if !f.Mode().IsDir() {
			names = append(names, f.Name)
		}
	}
	return names, a.dirs, nil
}

func (a *archive) read(dst []byte, name string) ([]byte, error) {
	f := a.byName[name]
	if f == nil {
		return nil, fs.ErrNotExist
	}
	const encrypted = 1
	if f.Flags&encrypted != 0 {
		return nil, errors.New("is encrypted")
	}
	if f.Method == zip.Store {
		return a.stored(dst, f)
	}
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if dst, err = fill(dst, r, int64(min(f.UncompressedSize64, maxFile+1))); err != nil {
		return nil, err
	}
	// The reader compares the checksum when it ends.
	if n, err := r.Read(make([]byte, 1)); n > 0 || err != io.EOF {
		return nil, errors.Join(fmt.Errorf("does not end after %d bytes", len(dst)), err)
	}
	return dst, nil
}

// stored reads a file that is not compressed, without the readers that archive/zip allocates.
func (a *archive) stored(dst []byte, f *zip.File) ([]byte, error) {
	offset, err := f.DataOffset()
	if err != nil {
		return nil, err
	}
	if f.CompressedSize64 != f.UncompressedSize64 {
		return nil, fmt.Errorf("is stored in %d bytes but has %d", f.CompressedSize64, f.UncompressedSize64)
	}
	size := int64(min(f.UncompressedSize64, maxFile+1))
	dst, err = fill(dst, io.NewSectionReader(a.file, offset, size), size)
	if err != nil {
		return nil, err
	}
	if crc32.ChecksumIEEE(dst) != f.CRC32 {
		return nil, zip.ErrChecksum
	}
	return dst, nil
}

func (a *archive) Close() error { return a.file.Close() }

// fill appends size bytes.
func fill(dst []byte, r io.Reader, size int64) ([]byte, error) {
	if size > maxFile {
		return nil, fmt.Errorf("has more than the limit of %d bytes", maxFile)
	}
	n := len(dst)
	dst = slices.Grow(dst, int(size))[:n+int(size)]
	if _, err := io.ReadFull(r, dst[n:]); err != nil {
		return nil, fmt.Errorf("has fewer than %d bytes: %w", size, err)
	}
	return dst, nil
}
