package data

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// idx is an IDX file of bytes 0, 1, 2...
func idx(dims ...int) []byte {
	b := []byte{0, 0, 8, byte(len(dims))}
	n := 1
	for _, d := range dims {
		b = binary.BigEndian.AppendUint32(b, uint32(d))
		n *= d
	}
	for i := range n {
		b = append(b, byte(i))
	}
	return b
}

func write(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestIDX(t *testing.T) {
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	z.Write(idx(3, 2, 4))
	z.Close()
	for name, content := range map[string][]byte{"plain": idx(3, 2, 4), "gzipped": zipped.Bytes()} {
		m, err := OpenIDX(write(t, name, content), write(t, "labels", idx(3)), nil)
		if err != nil {
			t.Fatal(err)
		}
		p, err := m.Read(1)
		if err != nil || p.Size() != "2x4x1" || !slices.Equal(p.Pix, []uint8{8, 9, 10, 11, 12, 13, 14, 15}) {
			t.Errorf("%s: picture 1 is %v, %v", name, p, err)
		}
		if !slices.Equal(m.Classes(), []string{"0", "1", "2"}) || m.Label(2) != 2 || m.Len() != 3 {
			t.Errorf("%s: %d pictures of classes %v", name, m.Len(), m.Classes())
		}
	}
	colours, err := OpenIDX(write(t, "rgb", idx(2, 1, 2, 3)), write(t, "labels", idx(2)), []string{"a", "b", "c"})
	if err != nil {
		t.Fatal(err)
	}
	if p, _ := colours.Read(1); p.Size() != "1x2x3" || p.Pix[0] != 6 {
		t.Errorf("RGB: %v", p)
	}
}

func TestIDXRefuses(t *testing.T) {
	floats := idx(3, 2, 2)
	floats[2] = 0x0d
	huge := append([]byte{0, 0, 8, 3}, bytes.Repeat([]byte{0xff}, 12)...)
	wraps := append([]byte{0, 0, 8, 2}, bytes.Repeat([]byte{0xff}, 8)...) // 2^64-2^33+1, which is below 0 in 64 bits
	large := append([]byte{0, 0, 8, 3}, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 4, 0)
	for _, c := range []struct {
		pictures, labels []byte
		classes          []string
		want             string
	}{
		{nil, idx(3), nil, "not an IDX file"},
		{floats, idx(3), nil, "begins with 00 00 0d 03"},
		{idx(3, 2, 2)[:9], idx(3), nil, "ends inside of its sizes"},
		{idx(3, 2, 2)[:20], idx(3), nil, "has 4 bytes, want 12"},
		{append(idx(3, 2, 2), 1, 2), idx(3), nil, "has 13 bytes or more, want 12"},
		{huge, idx(3), nil, "too many for memory"},
		{wraps, idx(3), nil, "too many for memory"},
		{large, idx(3), nil, "has 0 bytes, want 1073741824"},
		{idx(3, 2), idx(3), nil, "sizes are [3 2], want [N H W]"},
		{idx(3, 0, 2), idx(3), nil, "there are no pixels"},
		{idx(0, 2, 2), idx(0), nil, "there are no pixels"},
		{idx(3, 2, 2), idx(2), nil, "sizes are [2], want [3]"},
		{idx(3, 2, 2), idx(3), []string{"a", "b"}, "picture 2 has label 2, want 0 to 1"},
		{[]byte{0x1f, 0x8b, 0, 0}, idx(3), nil, "pictures: "},
	} {
		if _, err := OpenIDX(write(t, "pictures", c.pictures), write(t, "labels", c.labels), c.classes); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error is %v, want %q", err, c.want)
		}
	}
	if _, err := FashionMNIST(t.TempDir(), true); err == nil || !strings.Contains(err.Error(), "train-images-idx3-ubyte.gz") {
		t.Errorf("no Fashion-MNIST: %v", err)
	}
}

func TestCIFAR(t *testing.T) {
	// Records whose picture i is 100 red, i green, 7 blue, but for the first pixel of blue.
	records := func(n int, labels ...int) []byte {
		var b []byte
		for i := range n {
			for _, l := range labels {
				b = append(b, byte(l+i))
			}
			b = append(b, bytes.Repeat([]byte{100}, 1024)...)
			b = append(b, bytes.Repeat([]byte{byte(i)}, 1024)...)
			b = append(append(b, 9), bytes.Repeat([]byte{7}, 1023)...)
		}
		return b
	}
	dir := t.TempDir()
	put := func(name string, content []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 5 {
		put(fmt.Sprintf("data_batch_%d.bin", i+1), records(2, i))
	}
	put("test_batch.bin", records(3, 4))
	put("train.bin", records(2, 5, 60))
	put("test.bin", records(1, 19, 99))
	m, err := OpenCIFAR10(dir, true)
	if err != nil {
		t.Fatal(err)
	}
	if m.Len() != 10 || !slices.Equal(m.Labels, []int{0, 1, 1, 2, 2, 3, 3, 4, 4, 5}) || m.ClassNames[9] != "truck" {
		t.Errorf("%d pictures with labels %v", m.Len(), m.Labels)
	}
	if p := m.Pictures[3]; p.Size() != "32x32x3" || !slices.Equal(p.Pix[:6], []uint8{100, 1, 9, 100, 1, 7}) {
		t.Errorf("picture 3 is %s, %v...", p.Size(), p.Pix[:6])
	}
	if want := filepath.Join(dir, "data_batch_2.bin") + " picture 1"; m.Name(3) != want {
		t.Errorf("picture 3 is %s, want %s", m.Name(3), want)
	}
	if m, err = OpenCIFAR10(dir, false); err != nil || !slices.Equal(m.Labels, []int{4, 5, 6}) {
		t.Errorf("test: %v", err)
	}
	if m, err = OpenCIFAR100(dir, true, false); err != nil || !slices.Equal(m.Labels, []int{60, 61}) || len(m.ClassNames) != 100 {
		t.Errorf("100 classes: %v", err)
	}
	put("coarse_label_names.txt", []byte(strings.Repeat("c\n", 20)))
	if m, err = OpenCIFAR100(dir, true, true); err != nil || !slices.Equal(m.Labels, []int{5, 6}) || m.ClassNames[3] != "c" {
		t.Errorf("20 classes: %v", err)
	}
	put("coarse_label_names.txt", []byte("a\nb\n"))
	if _, err = OpenCIFAR100(dir, false, true); err == nil || !strings.Contains(err.Error(), "has 2 names, want 20") {
		t.Errorf("names: %v", err)
	}
	put("test_batch.bin", records(3, 4)[:5000])
	if _, err = OpenCIFAR10(dir, false); err == nil || !strings.Contains(err.Error(), "has 5000 bytes, want a multiple of 3073") {
		t.Errorf("cut short: %v", err)
	}
	put("test_batch.bin", records(3, 9))
	if _, err = OpenCIFAR10(dir, false); err == nil || !strings.Contains(err.Error(), "picture 1 has label 10, want 0 to 9") {
		t.Errorf("labels: %v", err)
	}
	if _, err = OpenCIFAR10(t.TempDir(), false); err == nil || !strings.Contains(err.Error(), "test_batch.bin") {
		t.Errorf("no files: %v", err)
	}
}

func FuzzIDX(f *testing.F) {
	f.Add(idx(3, 2, 2))
	f.Add([]byte{0, 0, 8, 1, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, file []byte) {
		dims, values, err := parseIDX(bytes.NewReader(file))
		if err != nil {
			return
		}
		n := 1
		for _, d := range dims {
			n *= d
		}
		if n != len(values) {
			t.Errorf("sizes %v with %d values", dims, len(values))
		}
	})
}
