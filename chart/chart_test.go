package chart_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/atelier-go/atelier/chart"
)

func svg(t *testing.T, f chart.Figure) string {
	t.Helper()
	var b bytes.Buffer
	if err := f.WriteSVG(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func picture(t *testing.T, f chart.Figure) image.Image {
	t.Helper()
	var b bytes.Buffer
	if err := f.WritePNG(&b); err != nil {
		t.Fatal(err)
	}
	m, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// texts are what an SVG says.
func texts(t *testing.T, svg string) []string {
	t.Helper()
	var out []string
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatalf("not XML: %v", err)
		}
		if s, ok := token.(xml.CharData); ok && strings.TrimSpace(string(s)) != "" {
			out = append(out, string(s))
		}
	}
}

// Every figure of the gallery becomes a file of each kind, twice the same; `go test -artifacts` keeps them to be looked at.
func TestGallery(t *testing.T) {
	dir := t.ArtifactDir()
	for name, f := range figures() {
		for _, ext := range []string{".png", ".SVG"} {
			path := filepath.Join(dir, name+ext)
			if err := f.Save(path); err != nil {
				t.Fatal(err)
			}
			first, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			write := f.WritePNG
			if ext == ".SVG" {
				write = f.WriteSVG
				texts(t, string(first))
			}
			var again bytes.Buffer
			if err := write(&again); err != nil || !bytes.Equal(first, again.Bytes()) {
				t.Errorf("%s%s is another file the second time, %v", name, ext, err)
			}
		}
	}
}

func TestSize(t *testing.T) {
	f := chart.Figure{Panels: make([]chart.Panel, 2)}
	if got := picture(t, f).Bounds().Size(); got != image.Pt(1200, 840) {
		t.Errorf("%v pixels", got)
	}
	f.Width, f.Height = 500, 336
	if got := picture(t, f).Bounds().Size(); got != image.Pt(500, 336) {
		t.Errorf("%v pixels", got)
	}
	if s := svg(t, f); !strings.Contains(s, `width="500px" height="336px" viewBox="0 0 500 336"`) {
		t.Errorf("%.300s", s)
	}
}

func TestSaysWhatItShows(t *testing.T) {
	got := texts(t, svg(t, rates()))
	for _, want := range []string{
		"Learning rate and momentum", "learning rate", "momentum", "step", "head", "body",
		"1  SGD, wd 1e-4", "2  Adam, beta2 0.99, wd 1e-2", "3  AdamW, wd 0.1, decoupled", "1e-4", "0.01", "0.90", "2000",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is not in %q", want, got)
		}
	}
	if got := texts(t, svg(t, small())); !slices.Contains(got, "0") || !slices.Contains(got, "2000") {
		t.Errorf("the smallest picture has no numbers along x: %q", got)
	}
	odd := texts(t, svg(t, difficult()))
	for _, want := range []string{"Δ <difficult> & \"odd\" \uFFFD β₁", "no data"} {
		if !slices.Contains(odd, want) {
			t.Errorf("%q is not in %q", want, odd)
		}
	}
}

func TestNothingToDraw(t *testing.T) {
	nan := math.NaN()
	for _, p := range []chart.Panel{
		{},
		{Lines: []chart.Line{{}}},
		{Lines: []chart.Line{{X: []float64{1}, Y: []float64{nan}}}},
		{Lines: []chart.Line{{X: []float64{math.Inf(1), 2}, Y: []float64{1, math.Inf(-1)}}}},
		{Y: chart.Axis{Log: true}, Lines: []chart.Line{{X: []float64{1, 2}, Y: []float64{0, -1}}}, Marks: []chart.Mark{{X: 1, Y: 0, Label: "x"}}},
		{Boundaries: []chart.Boundary{{X: 5, Label: "b"}}},
		{X: chart.Axis{Min: 1, Max: 2}, Y: chart.Axis{Min: 1, Max: 2}},
	} {
		if got := texts(t, svg(t, chart.Figure{Panels: []chart.Panel{p}})); !slices.Contains(got, "no data") {
			t.Errorf("%+v says %q", p, got)
		}
	}
}

var stroke = regexp.MustCompile(`d="([^"]*)" style="fill:none;stroke:#0072B2`)

// strokes are the paths in the first color: lines, without their sample in the legend.
func strokes(t *testing.T, l chart.Line, y chart.Axis) []string {
	var out []string
	for _, m := range stroke.FindAllStringSubmatch(svg(t, chart.Figure{Panels: []chart.Panel{{Y: y, Lines: []chart.Line{l}}}}), -1) {
		out = append(out, m[1])
	}
	return out
}

func TestGapsInterruptLines(t *testing.T) {
	nan := math.NaN()
	l := chart.Line{X: []float64{0, 1, 2, 3, 4, 5}, Y: []float64{1, 2, nan, 3, 4, 5}}
	if got := strokes(t, l, chart.Axis{}); len(got) != 2 || strings.Count(got[0], "L") != 1 || strings.Count(got[1], "L") != 2 {
		t.Errorf("NaN: %q", got)
	}
	l.Y = []float64{1, 10, 0, -5, 100, 1000}
	if got := strokes(t, l, chart.Axis{Log: true}); len(got) != 2 || strings.Count(got[0], "L") != 1 || strings.Count(got[1], "L") != 1 {
		t.Errorf("not above zero on a logarithmic axis: %q", got)
	}
	if got := strokes(t, l, chart.Axis{}); len(got) != 1 || strings.Count(got[0], "L") != 5 {
		t.Errorf("on a linear axis: %q", got)
	}
}

func TestLinesOfOneNameShareColorAndEntry(t *testing.T) {
	f := finder()
	s := svg(t, f)
	for _, name := range []string{"wd 1e-2", "wd 1e-3", "wd 1e-4"} {
		if n := strings.Count(s, ">"+name+"<"); n != 1 {
			t.Errorf("%s is there %d times", name, n)
		}
	}
	for _, c := range []string{"#0072B2", "#D55E00", "#009E73"} {
		if !strings.Contains(s, "stroke:"+c) {
			t.Errorf("no line has the color %s", c)
		}
	}
	if strings.Contains(s, "stroke:#CC79A7") {
		t.Error("a line has a fourth color")
	}
}

// The line is where its numbers are: a rising line has its color low on the left and high on the right.
func TestLineIsWhereItsNumbersAre(t *testing.T) {
	f := chart.Figure{Panels: []chart.Panel{{Lines: []chart.Line{{X: []float64{0, 1}, Y: []float64{0, 1}}}}}}
	m := picture(t, f)
	blue := color.RGBA{0x00, 0x72, 0xb2, 0xff}
	first, last := image.Point{}, image.Point{}
	for x := range m.Bounds().Dx() {
		for y := range m.Bounds().Dy() {
			if m.At(x, y) == blue {
				if first == (image.Point{}) {
					first = image.Pt(x, y)
				}
				last = image.Pt(x, y)
			}
		}
	}
	if first.X > 120 || first.Y < 300 || last.X < 1100 || last.Y > 80 {
		t.Errorf("from %v to %v", first, last)
	}
}

func TestRefuses(t *testing.T) {
	one := []float64{1}
	panel := func(p chart.Panel) chart.Figure { return chart.Figure{Panels: []chart.Panel{{}, p}} }
	for _, c := range []struct {
		f    chart.Figure
		want string
	}{
		{chart.Figure{}, "a figure without panels"},
		{chart.Figure{Panels: make([]chart.Panel, 1), Width: 10}, "width is 10 pixels, want 240 to 10000"},
		{chart.Figure{Panels: make([]chart.Panel, 1), Width: 100_000}, "width is 100000 pixels"},
		{chart.Figure{Panels: make([]chart.Panel, 3), Height: -1}, "height is -1 pixels, want 486 to 10000 for 3 panels"},
		{chart.Figure{Panels: make([]chart.Panel, 100)}, "height is 42000 pixels"},
		{panel(chart.Panel{Lines: []chart.Line{{Name: "loss", X: one}}}), `panel 1: line 0 ("loss") has 1 x and 0 y`},
		{panel(chart.Panel{Lines: []chart.Line{{}, {X: one, Y: one, Low: one}}}), `panel 1: line 1 ("") has 1 points and a band of 1 low and 0 high`},
		{panel(chart.Panel{X: chart.Axis{Min: 2, Max: 1}}), "panel 1: axis X goes from 2 to 1"},
		{panel(chart.Panel{Y: chart.Axis{Max: 1, Log: true}}), "panel 1: axis Y goes from 0 to 1"},
		{panel(chart.Panel{Y: chart.Axis{Max: math.NaN()}}), "panel 1: axis Y goes from 0 to NaN"},
	} {
		for _, err := range []error{c.f.WritePNG(io.Discard), c.f.WriteSVG(io.Discard)} {
			if err == nil || !strings.Contains(err.Error(), "chart: "+c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
		}
	}
}

func TestSaveRefuses(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.png")
	if err := os.WriteFile(path, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := (chart.Figure{}).Save(path); err == nil {
		t.Error("an empty figure is saved")
	}
	if text, err := os.ReadFile(path); string(text) != "old" {
		t.Errorf("the old file is %q, %v", text, err)
	}
	for _, name := range []string{"a.gif", "a", "png"} {
		if err := rates().Save(filepath.Join(dir, name)); err == nil || !strings.Contains(err.Error(), "want a name that ends in .png or .svg") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := rates().Save(filepath.Join(dir, "none", "a.png")); err == nil {
		t.Error("saved into a folder that is not there")
	}
}

// Whatever the numbers and words, a figure that is accepted is drawn, with room between its axes.
func FuzzFigure(f *testing.F) {
	f.Add(0.0, 1.0, 0.5, "loss", false, 400, 300)
	f.Add(1e-5, 10.0, 1e150, "<&\"'\x00\xff", true, 240, 220)
	f.Add(math.Inf(1), -1e-300, 5e-324, "", true, 1200, 9000)
	f.Fuzz(func(t *testing.T, a, b, c float64, word string, log bool, width, height int) {
		if width > 2000 || height > 2000 {
			return
		}
		x, y := []float64{a, b, c, a + b, b * c}, []float64{c, a, b, a - c, a / b}
		p := chart.Panel{
			X: chart.Axis{Label: word, Log: log}, Y: chart.Axis{Label: word, Log: log},
			Boundaries: []chart.Boundary{{a, word}, {b, word}, {c, word + word}},
			Marks:      []chart.Mark{{a, c, word}, {b, a, word}},
		}
		for i := range len(word) % 9 {
			p.Lines = append(p.Lines, chart.Line{Name: word[:i], X: x, Y: y, Low: y, High: x, Dashed: i == 1, Faint: i == 2})
		}
		cut := p
		cut.X.Label, cut.Y.Min, cut.Y.Max = "", a, b
		figure := chart.Figure{Title: word, Panels: []chart.Panel{cut, p}, Width: width, Height: height}
		var out bytes.Buffer
		if figure.WriteSVG(&out) == nil {
			texts(t, out.String())
			if strings.Contains(out.String(), "NaN") && !strings.Contains(word, "NaN") || strings.Contains(out.String(), "+Inf") && !strings.Contains(word, "Inf") {
				t.Error("a place in the picture is not a number")
			}
		}
	})
}
