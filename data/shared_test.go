package data

import (
	"cmp"
	"os"
	"path/filepath"
	"testing"
)

// shared is a file of the published data that lies beside the repository, or where $ATELIER_DATA says; the test is
// skipped where it is missing.
func shared(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(cmp.Or(os.Getenv("ATELIER_DATA"), filepath.Join("..", "..", "shared", "data")), filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the data is not there (%v); $ATELIER_DATA names another folder", err)
	}
	return path
}

func openShared(t testing.TB, name string, o FilesOptions) *Files {
	t.Helper()
	f, err := OpenZip(shared(t, name), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func fashion(t testing.TB, train bool) *Memory {
	t.Helper()
	if _, err := os.Stat(FashionMNISTDir); err != nil {
		t.Skip("Fashion-MNIST is not there: apt install dataset-fashion-mnist")
	}
	m, err := FashionMNIST("", train)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestPublishedArchives(t *testing.T) {
	if testing.Short() {
		t.Skip("it reads large archives")
	}
	for _, c := range []struct {
		file         string
		options      FilesOptions
		n, classes   int
		first, size  string
		lastOfLabels string
	}{
		{"cifar10-jpeg/cifar10-jpeg.zip", FilesOptions{Dir: "train"}, 50000, 10, "train/airplane/0000.jpg", "32x32x3", "truck"},
		{"cifar10-jpeg/cifar10-jpeg.zip", FilesOptions{Dir: "test", Channels: 1}, 10000, 10, "test/airplane/0000.jpg", "32x32x1", "truck"},
		{"tinyimagenet20/tinyimagenet20.zip", FilesOptions{Dir: "val"}, 0, 20, "", "64x64x3", ""},
		{"photos/photos1000.zip", FilesOptions{Layout: ByFile}, 1000, 1000, "n01440764_tench.jpg", "", "n15075141_toilet_tissue"},
	} {
		t.Run(c.file+" "+c.options.Dir, func(t *testing.T) {
			f := openShared(t, c.file, c.options)
			classes := f.Classes()
			if c.n > 0 && f.Len() != c.n || len(classes) != c.classes {
				t.Errorf("%d pictures of %d classes, want %d of %d", f.Len(), len(classes), c.n, c.classes)
			}
			if c.first != "" && f.names[0] != c.first || c.lastOfLabels != "" && classes[len(classes)-1] != c.lastOfLabels {
				t.Errorf("the first is %s, want %s; the last class %s, want %s", f.names[0], c.first, classes[len(classes)-1], c.lastOfLabels)
			}
			perClass := map[int]int{}
			for i := range f.Len() {
				perClass[f.Label(i)]++
			}
			for l := range classes {
				if perClass[l] != f.Len()/len(classes) {
					t.Errorf("class %s has %d pictures, want %d", classes[l], perClass[l], f.Len()/len(classes))
				}
			}
			for i := 0; i < f.Len(); i += f.Len() / 50 {
				if p, err := f.Read(i); err != nil || c.size != "" && p.Size() != c.size {
					t.Errorf("%s is %s, %v, want %s", f.Name(i), p.Size(), err, c.size)
				}
			}
		})
	}
}

func TestFashionMNIST(t *testing.T) {
	if testing.Short() {
		t.Skip("it reads all pictures")
	}
	for _, train := range []bool{true, false} {
		m := fashion(t, train)
		counts := make([]int, 10)
		for _, l := range m.Labels {
			counts[l]++
		}
		for l, n := range counts {
			if n != map[bool]int{true: 6000, false: 1000}[train] {
				t.Errorf("training %v: %d of class %s", train, n, m.ClassNames[l])
			}
		}
		if p := m.Pictures[0]; p.Size() != "28x28x1" {
			t.Errorf("pictures are %s", p.Size())
		}
		if train {
			// The published mean and deviation of the training pictures.
			sum, squares, n := 0.0, 0.0, 0.0
			for _, p := range m.Pictures {
				for _, v := range p.Pix {
					x := float64(v) / 255
					sum, squares, n = sum+x, squares+x*x, n+1
				}
			}
			if mean, variance := sum/n, squares/n-sum/n*sum/n; mean < 0.2859 || mean > 0.2861 || variance < 0.3529*0.3529 || variance > 0.3531*0.3531 {
				t.Errorf("mean %.4f and variance %.4f, want 0.2860 and 0.1246", mean, variance)
			}
		}
	}
}
