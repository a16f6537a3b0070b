package weights

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/atelier-go/atelier/pth"
	"github.com/atelier-go/atelier/safetensors"
)

// File is an open file of weights, of one of the formats that [Open] knows.
type File struct {
	name   string
	source io.ReaderAt
	size   int64
	closer io.Closer
	contents
}

// contents is what the formats have in common.
type contents interface {
	// Names are the tensors' names.
	Names() []string
	// Shape is a tensor's, and whether there is one of that name.
	Shape(name string) ([]int, bool)
	// Float32 reads a tensor, row-major.
	Float32(name string) ([]float32, error)
	// Metadata is what else the file says, nil if nothing.
	Metadata() map[string]string
}

// Open opens a file of weights: safetensors, or PyTorch's .pth. What it is is seen from its first bytes, not its name.
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("no regular file")
	}
	var file *File
	if err == nil {
		file, err = read(path, f, info.Size())
	}
	if err != nil {
		return nil, fmt.Errorf("weights: %s: %w", path, errors.Join(err, f.Close()))
	}
	file.closer = f
	return file, nil
}

// Read is [Open] for a file of size bytes that is elsewhere than on disk. Errors call it name.
func Read(name string, r io.ReaderAt, size int64) (*File, error) {
	f, err := read(name, r, size)
	if err != nil {
		return nil, fmt.Errorf("weights: %s: %w", name, err)
	}
	return f, nil
}

func read(name string, r io.ReaderAt, size int64) (*File, error) {
	file := &File{name: name, source: r, size: size}
	prefix := make([]byte, min(size, 16))
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, size), prefix); err != nil {
		return nil, err
	}
	if pth.Begins(prefix) {
		f, err := pth.Read(r, size)
		if err != nil {
			return nil, err
		}
		file.contents = torchFile{f}
		return file, nil
	}
	f, err := safetensors.Read(r, size)
	if err != nil {
		return nil, err
	}
	file.contents = safeFile{f}
	return file, nil
}

// Name is the path of the file, or what Read was told.
func (f *File) Name() string { return f.name }

// Close closes the file. What was read from it stays.
func (f *File) Close() error {
	if f.closer == nil {
		return nil
	}
	if err := f.closer.Close(); err != nil {
		return fmt.Errorf("weights: %w", err)
	}
	return nil
}

// SHA256 is the hash of the whole file, in hexadecimal.
func (f *File) SHA256() (string, error) {
	hash := sha256.New()
	if _, err := io.Copy(hash, io.NewSectionReader(f.source, 0, f.size)); err != nil {
		return "", fmt.Errorf("weights: %s: %w", f.name, err)
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// some lists names for an error, not too many.
func some(names []string) string {
	const most = 8
	if len(names) == 0 {
		return "nothing"
	}
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

// safeFile is a safetensors file.
type safeFile struct{ *safetensors.File }

func (f safeFile) Shape(name string) ([]int, bool) {
	_, shape, ok := f.Info(name)
	return shape, ok
}

func (f safeFile) Float32(name string) ([]float32, error) {
	t, err := f.Tensor(name)
	if err != nil {
		return nil, err
	}
	return t.Float32()
}

// torchFile is one of PyTorch's.
type torchFile struct{ *pth.File }

func (f torchFile) Shape(name string) ([]int, bool) {
	_, shape, ok := f.Info(name)
	return shape, ok
}

func (f torchFile) Float32(name string) ([]float32, error) {
	t, err := f.Tensor(name)
	if err != nil {
		return nil, err
	}
	return t.Float32()
}

// Metadata is nil: these files have none.
func (torchFile) Metadata() map[string]string { return nil }
