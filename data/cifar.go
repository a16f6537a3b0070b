package data

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const cifarSide = 32

var cifar10Classes = []string{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"}

// OpenCIFAR10 reads the binary version of CIFAR-10 (Krizhevsky 2009): data_batch_1.bin to data_batch_5.bin, or
// test_batch.bin, in a folder. Pictures are 32x32, RGB.
func OpenCIFAR10(dir string, train bool) (*Memory, error) {
	files := []string{"test_batch.bin"}
	if train {
		files = []string{"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"}
	}
	return openCIFAR(dir, files, 1, 0, cifar10Classes)
}

// OpenCIFAR100 reads the binary version of CIFAR-100: train.bin or test.bin in a folder. coarse takes the 20 groups for
// classes instead of the 100 kinds. Classes are named by fine_label_names.txt and coarse_label_names.txt beside it, or
// numbered where these are missing.
func OpenCIFAR100(dir string, train, coarse bool) (*Memory, error) {
	file, names, at, n := "test.bin", "fine_label_names.txt", 1, 100
	if train {
		file = "train.bin"
	}
	if coarse {
		names, at, n = "coarse_label_names.txt", 0, 20
	}
	classes, err := readLines(filepath.Join(dir, names))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		classes = numbered(n)
	case err != nil:
		return nil, fmt.Errorf("data: %w", err)
	case len(classes) != n:
		return nil, fmt.Errorf("data: %s has %d names, want %d", filepath.Join(dir, names), len(classes), n)
	}
	return openCIFAR(dir, []string{file}, 2, at, classes)
}

// openCIFAR reads records of some labels, of which number at counts, and a picture: a plane of red, green and blue each.
func openCIFAR(dir string, files []string, labels, at int, classes []string) (*Memory, error) {
	const plane = cifarSide * cifarSide
	record := labels + 3*plane
	m := &Memory{ClassNames: classes}
	for _, file := range files {
		path := filepath.Join(dir, file)
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("data: %w", err)
		}
		if len(content) == 0 || len(content)%record != 0 {
			return nil, fmt.Errorf("data: %s has %d bytes, want a multiple of %d", path, len(content), record)
		}
		n := len(content) / record
		pixels := make([]uint8, n*3*plane)
		for i := range n {
			r := content[i*record : (i+1)*record]
			interleave(pixels[i*3*plane:(i+1)*3*plane], r[labels:])
			m.Labels = append(m.Labels, int(r[at]))
			m.Names = append(m.Names, fmt.Sprintf("%s picture %d", path, i))
		}
		m.Pictures = append(m.Pictures, cut(pixels, cifarSide, cifarSide, 3)...)
	}
	if err := Check(m); err != nil {
		return nil, err
	}
	return m, nil
}

// interleave makes RGB pixels of three planes.
func interleave(dst, planes []uint8) {
	n := len(planes) / 3
	for i := range n {
		dst[3*i], dst[3*i+1], dst[3*i+2] = planes[i], planes[n+i], planes[2*n+i]
	}
}

// readLines are the lines of a file that are not blank.
func readLines(path string) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var lines []string
	s := bufio.NewScanner(f)
	for s.Scan() {
		if line := strings.TrimSpace(s.Text()); line != "" {
			lines = append(lines, line)
		}
	}
	return lines, s.Err()
}
