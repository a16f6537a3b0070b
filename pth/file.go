package pth

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"

	"github.com/atelier-go/atelier/safetensors"
)

// ErrFormat is wrapped by the errors about files that are not of the format, damaged, or refused, as opposed to files that
// cannot be read.
var ErrFormat = errors.New("not a file of tensors that PyTorch wrote")

// File is an open file of tensors. Several goroutines may read it at once.
type File struct {
	source  io.ReaderAt
	closer  io.Closer // nil if there is nothing to close
	order   []string
	tensors map[string]placed
}

// placed is a tensor and the byte at which its storage begins.
type placed struct {
	tensor
	at int64
}

// magic is how the formats begin.
var (
	magicZip = []byte("PK\x03\x04")
	// magicLegacy is a pickle of the number 0x1950a86a20f9469cfc6c.
	magicLegacy = []byte("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.")
)

// Begins tells whether a file that begins like this, with at least 15 bytes if it has them, may be one of PyTorch's.
func Begins(prefix []byte) bool {
	return bytes.HasPrefix(prefix, magicZip) || bytes.HasPrefix(prefix, magicLegacy)
}

// Open opens the file at path and checks it; see the package's documentation.
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("pth: %w", err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("no regular file")
	}
	var file *File
	if err == nil {
		file, err = read(f, info.Size())
	}
	if err != nil {
		return nil, fmt.Errorf("pth: %s: %w", path, errors.Join(err, f.Close()))
	}
	file.closer = f
	return file, nil
}

// Read is [Open] for a file of size bytes that is elsewhere than on disk.
func Read(r io.ReaderAt, size int64) (*File, error) {
	f, err := read(r, size)
	if err != nil {
		return nil, fmt.Errorf("pth: %w", err)
	}
	return f, nil
}

func read(r io.ReaderAt, size int64) (*File, error) {
	prefix := make([]byte, min(size, int64(len(magicLegacy))))
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, size), prefix); err != nil {
		return nil, err
	}
	load := readZip
	switch {
	case bytes.HasPrefix(prefix, magicZip):
	case bytes.HasPrefix(prefix, magicLegacy):
		load = readLegacy
	default:
		return nil, fmt.Errorf("%w: it begins neither as a zip archive nor as their older files do", ErrFormat)
	}
	root, places, err := load(r, size)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	f := &File{source: r, tensors: map[string]placed{}}
	c := collector{file: f, places: places}
	if err := c.collect("", root, 0); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if len(f.order) == 0 {
		return nil, fmt.Errorf("%w: it has %s without tensors", ErrFormat, kindOf(root))
	}
	return f, nil
}

// Bounds of what a dictionary that has others many times unfolds to: how deep it goes, how many entries are looked at, how
// many of them are tensors, and how long all names are together.
const (
	maxDepth   = 8
	maxEntries = 1 << 20
	maxTensors = 1 << 17
	maxNames   = 64 << 20 // bytes
)

// collector finds the tensors in dictionaries of dictionaries.
type collector struct {
	file    *File
	places  map[string]int64 // where storages begin
	entries int              // that were looked at
	names   int              // bytes of the names that were made
}

func (c *collector) collect(prefix string, v any, depth int) error {
	d, ok := v.(*dict)
	if !ok {
		return nil
	}
	if depth == maxDepth {
		return fmt.Errorf("dictionaries in dictionaries, %d deep", depth)
	}
	for _, key := range d.keys {
		if c.entries++; c.entries > maxEntries {
			return fmt.Errorf("dictionaries that unfold to more than %d entries", maxEntries)
		}
		switch v := d.values[key].(type) {
		case tensor:
			name, err := c.name(prefix, key, "")
			if err != nil {
				return err
			}
			if _, ok := c.file.tensors[name]; ok || len(c.file.order) == maxTensors {
				return fmt.Errorf("the tensor %q comes twice, or there are more than %d", shorten(name), maxTensors)
			}
			c.file.order = append(c.file.order, name)
			c.file.tensors[name] = placed{v, c.places[v.key]}
		case *dict:
			inside, err := c.name(prefix, key, ".")
			if err != nil {
				return err
			}
			if err := c.collect(inside, v, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// name joins the parts of a name.
func (c *collector) name(prefix string, key any, suffix string) (string, error) {
	text, ok := key.(string)
	if !ok {
		text = strconv.FormatInt(key.(int64), 10) // keys are nothing else
	}
	if c.names += len(prefix) + len(text) + len(suffix); c.names > maxNames {
		return "", fmt.Errorf("names of more than %d bytes together", maxNames)
	}
	return prefix + text + suffix, nil
}

// Names lists the tensors in the file's order.
func (f *File) Names() []string { return slices.Clone(f.order) }

// Info returns the dtype and shape of a tensor, and whether there is one of that name.
func (f *File) Info(name string) (dtype safetensors.DType, shape []int, ok bool) {
	t, ok := f.tensors[name]
	if !ok {
		return "", nil, false
	}
	return t.dtype, t.sizes(), true
}

func (t tensor) sizes() []int {
	shape := make([]int, len(t.shape))
	for i, n := range t.shape {
		shape[i] = int(n)
	}
	return shape
}

// Tensor reads a tensor, in row-major order whatever its order in the file.
func (f *File) Tensor(name string) (safetensors.Tensor, error) {
	t, ok := f.tensors[name]
	if !ok {
		return safetensors.Tensor{}, fmt.Errorf("pth: there is no tensor %q in the file", name)
	}
	data, err := t.read(f.source)
	if err != nil {
		return safetensors.Tensor{}, fmt.Errorf("pth: tensor %q: %w", name, err)
	}
	return safetensors.Tensor{Name: name, DType: t.dtype, Shape: t.sizes(), Data: data}, nil
}

// read reads the part of the storage that the tensor reaches, and puts its elements in order.
func (t placed) read(r io.ReaderAt) ([]byte, error) {
	if slices.Contains(t.shape, 0) {
		return []byte{}, nil
	}
	width := int64(t.dtype.Bits() / 8)
	count, reach, contiguous := int64(1), int64(1), true
	for i := len(t.shape) - 1; i >= 0; i-- {
		contiguous = contiguous && (t.strides[i] == count || t.shape[i] == 1)
		count *= t.shape[i]
		reach += (t.shape[i] - 1) * t.strides[i]
	}
	data := make([]byte, reach*width)
	section := io.NewSectionReader(r, t.at+(t.storage.first+t.first)*width, int64(len(data)))
	if _, err := io.ReadFull(section, data); err != nil {
		return nil, err
	}
	if contiguous {
		return data, nil
	}
	ordered := make([]byte, 0, count*width)
	index := make([]int64, len(t.shape))
	for range count {
		at := int64(0)
		for i, n := range index {
			at += n * t.strides[i]
		}
		ordered = append(ordered, data[at*width:(at+1)*width]...)
		for i := len(index) - 1; i >= 0; i-- {
			if index[i]++; index[i] < t.shape[i] {
				break
			}
			index[i] = 0
		}
	}
	return ordered, nil
}

// Close closes the file. Tensors read from it stay.
func (f *File) Close() error {
	if f.closer == nil {
		return nil
	}
	if err := f.closer.Close(); err != nil {
		return fmt.Errorf("pth: %w", err)
	}
	return nil
}
