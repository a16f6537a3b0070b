package main

import (
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/atelier-go/atelier/data"
)

// The audit of an evaluation has the evaluation's errors, in as many groups as the file says.
func TestEvaluateByGroups(t *testing.T) {
	dir, recipe := write(t, quick)
	out := filepath.Join(dir, "run")
	if code, _, stderr := atelier(t, "train", recipe, "--out", out, "--threads", "2"); code != exitOK {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	rows := "picture,light\n"
	for i := range 60 { // of 64: four are of unknown light
		rows += strconv.Itoa(i) + "," + []string{"day", "night"}[i%2] + "\n"
	}
	groups, page := file(t, "light.csv", rows), filepath.Join(dir, "out.html")
	e := decode[evaluation](t, succeed(t, "eval", out, "--groups", groups, "--report", page, "--json", "--threads", "2"))
	a := e.Audit
	if a == nil || a.Overall.N != 64 || len(a.GroupsBy("light")) != 3 {
		t.Fatalf("audit %+v", a)
	}
	if accuracy := a.Overall.Metric("accuracy").Value; accuracy != float64(e.Metrics["accuracy"]) {
		t.Errorf("accuracy %v, of the evaluation %v", accuracy, e.Metrics["accuracy"])
	}
	for i, row := range e.Confusion {
		for j, n := range row {
			if a.Overall.Matrix[i][j] != n {
				t.Errorf("label %d called %d: %d, of the evaluation %d", i, j, a.Overall.Matrix[i][j], n)
			}
		}
	}
	if g, _ := a.Group([]string{"light"}, []string{"day"}); g.N != 30 {
		t.Errorf("%d by day, want 30", g.N)
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	lacks(t, string(text), "Error rate by light", "(missing)")
	lacks(t, succeed(t, "eval", out, "--groups", groups, "--threads", "2"), "labels down", "WHAT WAS FOUND")

	for _, c := range []struct{ args, want string }{
		{"--report out.html", "--groups is missing"},
		{"--groups GROUPS --report out.pdf", "out.pdf"},
		{"--groups nowhere.csv", "nowhere.csv"},
		{"--groups GROUPS --positive blob", "the classes are"},
	} {
		code, stdout, stderr := atelier(t, append([]string{"eval", out}, strings.Fields(strings.ReplaceAll(c.args, "GROUPS", groups))...)...)
		if code == exitOK || stdout != "" || !strings.Contains(stderr, c.want) {
			t.Errorf("eval %s: exit %d, %q, want %q", c.args, code, stderr, c.want)
		}
	}
}

func TestPictureGroups(t *testing.T) {
	pictures := &data.Memory{Pictures: make([]data.Picture, 3), Names: []string{"photos/cat/1.png", "photos/dog/1.png", "photos/dog/2.png"}}
	for _, c := range []struct{ text, want string }{
		{"name,light\ncat/1.png,day\nphotos/dog/1.png,night\n", ""},
		{"name,light\n1.png,day\n", "1.png may be photos/cat/1.png or photos/dog/1.png"},
		{"name,light\ncat/1.png,day\ncow/1.png,day\n", "1 of 2 rows are of no picture, such as cow/1.png; pictures are called as photos/cat/1.png is"},
		{"name,light\n2.png,day\n2.png,day\n", "line 3: 2.png is there twice"},
		{"name\n2.png\n", "has one column"},
		{"", "is empty"},
		{"name,light,light\n", "column 3 is called \"light\""},
		{"name,class\n", "column 2 is called \"class\""},
		{"name,light\n2.png\n", "wrong number of fields"},
	} {
		g, err := readPictureGroups(file(t, "groups.csv", c.text))
		var groups [][]string
		if err == nil {
			groups, err = g.of(pictures)
		}
		switch {
		case c.want == "" && (err != nil || groups[0][0] != "day" || groups[1][0] != "night" || groups[2][0] != ""):
			t.Errorf("%q: %v, %v", c.text, groups, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%q: %v, want %q", c.text, err, c.want)
		}
	}
}

// A prediction that is not a number is none.
func TestMostLikely(t *testing.T) {
	nan := float32(math.NaN())
	for _, c := range []struct {
		logits []float32
		want   int32
	}{{[]float32{1, 3, 2}, 1}, {[]float32{2, 2}, 0}, {[]float32{nan, 1}, -1}, {[]float32{1, nan}, -1}} {
		if got := mostLikely(c.logits); got != c.want {
			t.Errorf("%v: %d, want %d", c.logits, got, c.want)
		}
	}
}
