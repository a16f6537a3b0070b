package safetensors

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
)

// ErrFormat is wrapped by the errors about files that break the rules of the format, damaged ones above all, as opposed
// to files that cannot be read.
var ErrFormat = errors.New("not a valid safetensors file")

// File is an open safetensors file. Several goroutines may read it at once.
type File struct {
	source   io.ReaderAt
	closer   io.Closer // nil if there is nothing to close
	data     int64     // where the data begins
	order    []string
	entries  map[string]entry
	metadata map[string]string
}

// Open opens the file at path and checks it; see the package's documentation.
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	file, err := open(f)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %s: %w", path, errors.Join(err, f.Close()))
	}
	file.closer = f
	return file, nil
}

func open(f *os.File) (*File, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("no regular file")
	}
	return read(f, info.Size())
}

// Read is [Open] for a file of size bytes that is elsewhere than on disk.
func Read(r io.ReaderAt, size int64) (*File, error) {
	f, err := read(r, size)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	return f, nil
}

func read(r io.ReaderAt, size int64) (*File, error) {
	text, err := readHeader(r, size)
	if err != nil {
		return nil, err
	}
	entries, metadata, err := parseHeader(text)
	if err == nil {
		err = checkLayout(entries, size-8-int64(len(text)))
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	f := &File{source: r, data: 8 + int64(len(text)), entries: map[string]entry{}, metadata: metadata}
	for _, e := range entries {
		f.order = append(f.order, e.name)
		f.entries[e.name] = e
	}
	return f, nil
}

// readHeader returns the header's text, of at most maxHeader bytes.
func readHeader(r io.ReaderAt, size int64) ([]byte, error) {
	if size < 8 {
		return nil, fmt.Errorf("%w: %d bytes, want at least the 8 of the header's length", ErrFormat, size)
	}
	var prefix [8]byte
	if err := readAt(r, prefix[:], 0); err != nil {
		return nil, err
	}
	switch n := binary.LittleEndian.Uint64(prefix[:]); {
	case n > maxHeader:
		return nil, fmt.Errorf("%w: a header of %d bytes; at most %d are allowed", ErrFormat, n, maxHeader)
	case n > uint64(size-8):
		return nil, fmt.Errorf("%w: a header of %d bytes in a file of %d: it is damaged or cut short", ErrFormat, n, size)
	default:
		text := make([]byte, n)
		return text, readAt(r, text, 8)
	}
}

// readAt fills b. io.ReaderAt may return io.EOF with the last byte.
func readAt(r io.ReaderAt, b []byte, offset int64) error {
	n, err := r.ReadAt(b, offset)
	if n == len(b) {
		return nil
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// checkLayout sorts entries by their place, and checks that each has the size of its tensor and that together they
// cover the size bytes of data, without overlap or hole.
func checkLayout(entries []entry, size int64) error {
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end), cmp.Compare(a.name, b.name))
	})
	end := 0
	for _, e := range entries {
		want, err := byteSize(e.dtype, e.shape)
		switch {
		case err != nil:
			return fmt.Errorf("tensor %q: %w", e.name, err)
		case e.end < e.begin || e.end-e.begin != want:
			return fmt.Errorf("tensor %q: data_offsets [%d %d], want %d bytes for %s of shape %v",
				e.name, e.begin, e.end, want, e.dtype, e.shape)
		case int64(e.end) > size:
			return fmt.Errorf("tensor %q ends at byte %d of the data, which has %d: the file is damaged or cut short",
				e.name, e.end, size)
		case e.begin < end:
			return fmt.Errorf("tensor %q begins at byte %d of the data, inside the tensor before it", e.name, e.begin)
		case e.begin > end:
			return fmt.Errorf("bytes %d to %d of the data, before tensor %q, belong to no tensor", end, e.begin, e.name)
		}
		end = e.end
	}
	if int64(end) != size {
		return fmt.Errorf("the tensors take %d bytes, and the file has %d", end, size)
	}
	return nil
}

// Names lists the tensors in the order of their data.
func (f *File) Names() []string { return slices.Clone(f.order) }

// Metadata returns a copy of the file's metadata, nil if it has none.
func (f *File) Metadata() map[string]string { return maps.Clone(f.metadata) }

// Info returns the dtype and shape of a tensor, and whether there is one of that name.
func (f *File) Info(name string) (dtype DType, shape []int, ok bool) {
	e, ok := f.entries[name]
	return e.dtype, slices.Clone(e.shape), ok
}

// Tensor reads a tensor.
func (f *File) Tensor(name string) (Tensor, error) {
	e, ok := f.entries[name]
	if !ok {
		return Tensor{}, fmt.Errorf("safetensors: there is no tensor %q in the file", name)
	}
	t := Tensor{Name: name, DType: e.dtype, Shape: slices.Clone(e.shape), Data: make([]byte, e.end-e.begin)}
	if err := readAt(f.source, t.Data, f.data+int64(e.begin)); err != nil {
		return Tensor{}, fmt.Errorf("safetensors: tensor %q: %w", name, err)
	}
	return t, nil
}

// Close closes the file. Tensors read from it stay.
func (f *File) Close() error {
	if f.closer == nil {
		return nil
	}
	if err := f.closer.Close(); err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	return nil
}
