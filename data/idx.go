package data

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// maxIDX is the most bytes that an IDX file may hold: some that are corrupt announce terabytes.
const maxIDX = 8 << 30

// OpenIDX reads a pair of IDX files, as MNIST and its relatives are published: pictures [N H W] or [N H W 3] and labels
// [N], of bytes, plain or gzipped. classes are the names of the labels; nil names them "0", "1" and so on.
func OpenIDX(pictures, labels string, classes []string) (*Memory, error) {
	dims, pixels, err := readIDX(pictures)
	if err != nil {
		return nil, err
	}
	if len(dims) != 3 && (len(dims) != 4 || dims[3] != 3) {
		return nil, fmt.Errorf("data: %s: sizes are %v, want [N H W] or [N H W 3]", pictures, dims)
	}
	if slices.Contains(dims, 0) {
		return nil, fmt.Errorf("data: %s: sizes are %v: there are no pixels", pictures, dims)
	}
	count, of, err := readIDX(labels)
	if err != nil {
		return nil, err
	}
	if len(count) != 1 || count[0] != dims[0] {
		return nil, fmt.Errorf("data: %s: sizes are %v, want [%d], a label for each picture of %s", labels, count, dims[0], pictures)
	}
	h, w, c := dims[1], dims[2], 1
	if len(dims) == 4 {
		c = 3
	}
	m := &Memory{Pictures: cut(pixels, h, w, c), Labels: make([]int, len(of)), ClassNames: classes, Source: pictures}
	for i, l := range of {
		m.Labels[i] = int(l)
	}
	if classes == nil {
		m.ClassNames = numbered(int(slices.Max(of)) + 1)
	}
	if err := Check(m); err != nil {
		return nil, err
	}
	return m, nil
}

// cut makes pictures of consecutive bytes.
func cut(pixels []uint8, h, w, c int) []Picture {
	size := h * w * c
	pictures := make([]Picture, len(pixels)/size)
	for i := range pictures {
		pictures[i] = Picture{H: h, W: w, C: c, Pix: pixels[i*size : (i+1)*size : (i+1)*size]}
	}
	return pictures
}

func numbered(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = strconv.Itoa(i)
	}
	return names
}

// readIDX reads a file of bytes: two zeros, the type, the number of sizes, the sizes (32 bits, big end first), the data.
func readIDX(path string) (dims []int, values []uint8, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("data: %w", err)
	}
	defer f.Close()
	r, err := unzipped(f)
	if err == nil {
		dims, values, err = parseIDX(r)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("data: %s: %w", path, err)
	}
	return dims, values, nil
}

// unzipped is what a gzipped stream holds, or the stream itself where it is not gzipped.
func unzipped(r io.Reader) (io.Reader, error) {
	b := bufio.NewReader(r)
	if magic, err := b.Peek(2); err == nil && bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return gzip.NewReader(b)
	}
	return b, nil
}

func parseIDX(r io.Reader) (dims []int, values []uint8, err error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, nil, fmt.Errorf("not an IDX file: %w", err)
	}
	const unsigned = 8 // type of unsigned bytes
	if head[0] != 0 || head[1] != 0 || head[2] != unsigned || head[3] == 0 || head[3] > 4 {
		return nil, nil, fmt.Errorf("begins with % x, want 00 00 08 and 1 to 4 sizes: an IDX file of bytes", head)
	}
	n := int64(1)
	for range head[3] {
		var size uint32
		if err := binary.Read(r, binary.BigEndian, &size); err != nil {
			return nil, nil, fmt.Errorf("ends inside of its sizes: %w", err)
		}
		if dims = append(dims, int(size)); size > 0 && n > maxIDX/int64(size) {
			return nil, nil, fmt.Errorf("announces sizes %v and more: too many for memory", dims)
		}
		n *= int64(size)
	}
	// The memory for more than some megabytes grows with what the file really holds.
	var content bytes.Buffer
	content.Grow(int(min(n+bytes.MinRead, 64<<20)))
	if _, err := content.ReadFrom(io.LimitReader(r, n+1)); err != nil {
		return nil, nil, fmt.Errorf("after %d of %d bytes: %w", content.Len(), n, err)
	}
	values = content.Bytes()
	if int64(len(values)) != n {
		more := ""
		if int64(len(values)) > n {
			more = " or more"
		}
		return nil, nil, fmt.Errorf("has %d bytes%s, want %d for sizes %v", len(values), more, n, dims)
	}
	return dims, values, nil
}

// FashionMNISTDir is where Debian's package dataset-fashion-mnist has its files.
const FashionMNISTDir = "/usr/share/datasets/fashion-mnist"

// FashionMNIST reads the 60,000 training or 10,000 test pictures, 28x28 and grey, of Fashion-MNIST (Xiao, Rasul, Vollgraf
// 2017). dir has the published files, gzipped or not; "" is FashionMNISTDir.
func FashionMNIST(dir string, train bool) (*Memory, error) {
	dir = cmp.Or(dir, FashionMNISTDir)
	split := "t10k"
	if train {
		split = "train"
	}
	return OpenIDX(gzipped(filepath.Join(dir, split+"-images-idx3-ubyte")), gzipped(filepath.Join(dir, split+"-labels-idx1-ubyte")),
		[]string{"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"})
}

// gzipped is the path with .gz, unless only the file without it exists.
func gzipped(path string) string {
	if _, err := os.Stat(path + ".gz"); err != nil {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return path + ".gz"
}
