package imageio

import (
	"archive/zip"
	"cmp"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// Published photos, as cameras and other programs wrote them, decode to what PIL shows. The data lies beside the
// repository, or where $ATELIER_DATA says.
func TestPublishedPhotosArePIL(t *testing.T) {
	for _, c := range []struct {
		file    string
		step    int
		largest int
		mean    float64
	}{
		{"cifar10-jpeg/cifar10-jpeg.zip", 400, 4, 0.1},
		{"tinyimagenet20/tinyimagenet20.zip", 150, 4, 0.1},
		{"photos/photos1000.zip", 40, 4, 0.1},
	} {
		t.Run(filepath.Base(c.file), func(t *testing.T) {
			path := filepath.Join(cmp.Or(os.Getenv("ATELIER_DATA"), filepath.Join("..", "..", "shared", "data")), filepath.FromSlash(c.file))
			archive, err := zip.OpenReader(path)
			if err != nil {
				t.Skipf("the data is not there (%v); $ATELIER_DATA names another folder", err)
			}
			defer archive.Close()
			reference := startPIL(t)
			worst, sum, n := 0, 0.0, 0.0
			for i := 0; i < len(archive.File); i += c.step {
				r, err := archive.File[i].Open()
				if err != nil {
					t.Fatal(err)
				}
				file, err := io.ReadAll(r)
				if err != nil {
					t.Fatal(err)
				}
				r.Close()
				p, err := Decode(file, Options{})
				if err != nil {
					t.Fatalf("%s: %v", archive.File[i].Name, err)
				}
				d, mean := difference(t, p, reference.decode(file, 3))
				worst, sum, n = max(worst, d), sum+mean, n+1
			}
			t.Logf("%g pictures: largest difference %d, mean %.4f", n, worst, sum/n)
			if worst > c.largest || sum/n > c.mean {
				t.Errorf("differs from PIL by %d, on average by %.3f, want at most %d and %g", worst, sum/n, c.largest, c.mean)
			}
		})
	}
}
