package chart_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/atelier-go/atelier/chart"
)

// matrix is a table of n classes whose diagonal is heavy.
func matrix(n int) chart.Matrix {
	m := chart.Matrix{Title: "Confusion", Rows: "label", Columns: "prediction"}
	for i := range n {
		m.Names = append(m.Names, fmt.Sprintf("class %d", i))
		row := make([]int64, n)
		for k := range row {
			row[k] = int64((i + 2*k) % 3)
		}
		row[i] += 40
		m.Counts = append(m.Counts, row)
	}
	return m
}

// grid is drawn pictures of several shapes with captions.
func grid(n int) chart.Grid {
	g := chart.Grid{Title: "Most wrong"}
	for i := range n {
		p := image.NewRGBA(image.Rect(0, 0, 40+10*(i%3), 30+15*(i%2)))
		for y := range p.Rect.Dy() {
			for x := range p.Rect.Dx() {
				p.SetRGBA(x, y, color.RGBA{uint8(4 * x), uint8(4 * y), uint8(40 * i), 255})
			}
		}
		g.Cells = append(g.Cells, chart.Cell{Picture: p, Lines: []string{"teapot, 3 %", "taken for bucket, 97 %", "a/very/long/path/to/a/picture/that/has/to/be/cut.jpeg"}})
	}
	return g
}

// Matrices and grids become files of each kind, twice the same; `go test -artifacts` keeps them to be looked at.
func TestTables(t *testing.T) {
	dir := t.ArtifactDir()
	for name, d := range map[string]interface{ Save(path string) error }{
		"matrix2": matrix(2), "matrix20": matrix(20), "matrix90": matrix(90), "matrix300": matrix(300), "grid": grid(7), "grid1": grid(1),
	} {
		for _, ext := range []string{".png", ".svg"} {
			if err := d.Save(filepath.Join(dir, name+ext)); err != nil {
				t.Errorf("%s%s: %v", name, ext, err)
			}
		}
	}
	var a, b bytes.Buffer
	if err := matrix(5).WritePNG(&a); err != nil {
		t.Fatal(err)
	}
	if err := matrix(5).WritePNG(&b); err != nil || !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Errorf("another file the second time, %v", err)
	}
}

// A cell is as dark as its share of the row, with its number; zeros have none.
func TestMatrixCells(t *testing.T) {
	m := chart.Matrix{Rows: "label", Columns: "prediction", Names: []string{"cat", "dog"}, Counts: [][]int64{{9, 0}, {0, 0}}}
	var b bytes.Buffer
	if err := m.WriteSVG(&b); err != nil {
		t.Fatal(err)
	}
	got := texts(t, b.String())
	if !slices.Equal(got, []string{"prediction", "label", "cat", "dog", "cat", "dog", "9"}) {
		t.Errorf("texts %q", got)
	}
	b.Reset()
	if err := m.WritePNG(&b); err != nil {
		t.Fatal(err)
	}
	p, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	size, counts := p.Bounds().Size(), map[color.RGBA]int{}
	for y := range size.Y {
		for x := range size.X {
			r, g, b, _ := p.At(x, y).RGBA()
			counts[color.RGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), 255}]++
		}
	}
	if blue := counts[color.RGBA{0, 0x72, 0xb2, 255}]; blue < 3000 || blue > 64*64 {
		t.Errorf("%d blue pixels, want the cell's %d but for its edge and number", blue, 64*64)
	}
}

// Pictures are in the grid, upright and in their order.
func TestGridPictures(t *testing.T) {
	half := image.NewRGBA(image.Rect(0, 0, 8, 8)) // red above, black below
	for i := range half.Pix {
		half.Pix[i] = 255
		if i%4 == 1 || i%4 == 2 || i >= 4*8*4 && i%4 == 0 {
			half.Pix[i] = 0
		}
	}
	var b bytes.Buffer
	if err := (chart.Grid{Cells: []chart.Cell{{Picture: half}}, Side: 100}).WritePNG(&b); err != nil {
		t.Fatal(err)
	}
	p, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	for y, want := range map[int]uint32{18 + 20: 0xffff, 18 + 80: 0} {
		if r, g, _, _ := p.At(18+50, y).RGBA(); r != want || g != 0 {
			t.Errorf("row %d: red %d, green %d", y, r, g)
		}
	}
}

func TestTablesRefuse(t *testing.T) {
	empty := image.NewRGBA(image.Rectangle{})
	for want, d := range map[string]interface{ Save(path string) error }{
		"want a name that ends in .png or .svg": matrix(2),
		"without pictures":                      chart.Grid{},
		"picture 0 of a grid is empty":          chart.Grid{Cells: []chart.Cell{{Picture: empty}}},
		"row 0 of a matrix has the number -1":   chart.Matrix{Names: []string{"a"}, Counts: [][]int64{{-1}}},
		"row 0 of a matrix has 2 numbers":       chart.Matrix{Names: []string{"a"}, Counts: [][]int64{{1, 2}}},
		"a matrix with 0 rows and 1 names":      chart.Matrix{Names: []string{"a"}},
		"a matrix of 0 names":                   chart.Matrix{},
		"a grid with -1 columns":                chart.Grid{Columns: -1, Cells: grid(1).Cells},
		"pixels, want at most 10000":            chart.Grid{Side: 20000, Cells: grid(1).Cells},
	} {
		name := filepath.Join(t.TempDir(), "x.png")
		if strings.HasPrefix(want, "want a name") {
			name += ".gif"
		}
		if err := d.Save(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
