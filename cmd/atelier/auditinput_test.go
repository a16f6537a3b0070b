package main

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/atelier-go/atelier/audit"
)

// What cannot be audited is said in one line, with the file, the line and what to do; the exit code is not 0.
func TestAuditRefuses(t *testing.T) {
	var many strings.Builder
	many.WriteString("g,y,p,s\n")
	for i := range 100_000 {
		fmt.Fprintf(&many, "v%d,1,0,0.5\n", i)
	}
	for name, c := range map[string]struct {
		text, args, want string
	}{
		"empty":           {"", "", "rows.csv: there are no rows, not even a header"},
		"header alone":    {"g,y,p\n", "", "rows.csv: there are no rows, only a header"},
		"missing column":  {"group,label,p\na,1,1\n", "", `rows.csv: there is no column "g"; there are group, label, p`},
		"slip":            {"g,y,prediction\na,1,1\n", "--prediction predicton", `there is no column "predicton" (did you mean prediction?); there are g, y, prediction`},
		"semicolons":      {"g;y;p\na;1;1\n", "", `fields seem to be separated by ";": --comma ";"`},
		"tabs":            {"g\ty\tp\na\t1\t1\n", "", "--comma \"tab\""},
		"spaces":          {"g, y, p\na, 1, 1\n", "", "--trim drops"},
		"carriage return": {"g,y,p\ra,1,1\rb,0,1\r", "", "carriage return alone"},
		"too few fields":  {"g,y,p\na,1,1\nb,0\n", "", "rows.csv: line 3: 2 fields, want 3 as in the header"},
		"too many fields": {"g,y,p\n\"a\n\",1,1\nb,0,1,7\n", "", "rows.csv: line 4: 4 fields, want 3 as in the header"},
		"open quote":      {"g,y,p\na,1,1\n\"b,0,1\nc,1,0\n", "", "rows.csv: line 3: a quote that is never closed"},
		"bare quote":      {"g,y,p\na,1,1\nb\"c,0,1\n", "", "rows.csv: line 3: a quote in a field that does not begin with one"},
		"headers differ":  {"g,y,p,y\na,1,1,1\nb,0,1,1\n", "", `rows.csv: line 3: column "y" occurs twice, as fields 2 and 4, with different values, "0" and "1": name one of them, such as "y#2"`},
		"UTF-16":          {"\xff\xfeg\x00", "", "rows.csv: the file is UTF-16, want UTF-8"},
		"Latin-1":         {"g,y,p\na,1,1\nn\xf1,0,1\n", "", `rows.csv: line 3: column "g": "n\xf1" is not UTF-8: convert the file`},
		"no label":        {"g,y,p\na,NaN,1\na,,1\n", "", `rows.csv: no row has a label in column "y"`},
		"many groups":     {many.String(), "", "rows.csv: line 1002: column \"g\" has more than 1000 different values, which is all that it may have; --max-values allows more, up to 65535"},
		"too many groups": {many.String(), "--max-values 65535", "line 65537: column \"g\" has more than 65535 different values, which is all that it may have; group its values first"},
		"far too many":    {many.String(), "--max-values 100000", "--max-values is 100000, want 1 to 65535"},
		"many labels":     {strings.ReplaceAll(many.String(), "g,y", "y,g"), "", "line 1002: column \"y\" has more than 1000 different values, which is all that it may have; labels and predictions have few classes"},
		"text labels":     {"g,y,p\na,spam,ham\nb,ham,ham\n", "", `rows.csv: column "y" has labels "ham", "spam": which is positive? --positive says so`},
		"other texts":     {"g,y,p\na,0,Low\nb,1,High\n", "", "--positive and --predicted-positive say so"},
		"many classes":    {"g,y,s\na,x,0.5\na,y,0.5\na,z,0.5\n", "SCORE", `has 3 labels ("x", "y", "z"): a score needs to know which are positive; --positive says so`},
		"not a number":    {"g,y,s\na,1,0.5\nb,0,high\n", "SCORE", `rows.csv: line 3: column "s": "high" is not a finite number`},
		"infinite":        {"g,y,s\na,1,0.5\nb,0,-inf\n", "SCORE", `rows.csv: line 3: column "s": "-inf" is not a finite number`},
		"weight":          {"g,y,p,w\na,1,1,1\nb,0,1,-2\n", "--weight w", `rows.csv: line 3: weight "-2": want at least 0`},
		"nobody is left":  {"g,y,p\na,1,1\n", "--where g=b", "rows.csv: of 1 rows none meets g=b"},
	} {
		t.Run(name, func(t *testing.T) {
			path := file(t, "rows.csv", c.text)
			args := []string{"audit", path, "--label", "y", "--group", "g", "--threads", "1"}
			if c.args == "SCORE" {
				args = append(args, "--score", "s")
			} else {
				args = append(append(args, "--prediction", "p"), strings.Fields(c.args)...)
			}
			refused(t, args, c.want)
		})
	}
}

// refused runs a command line that must fail with one line on stderr alone.
func refused(t *testing.T, args []string, want string) {
	t.Helper()
	code, stdout, stderr := atelier(t, args...)
	if code == exitOK || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, want) {
		t.Errorf("exit %d, stdout %.200q, stderr %q, want one line with %q", code, stdout, stderr, want)
	}
}

// What is odd but can be counted is marked, on the terminal too.
func TestAuditMarks(t *testing.T) {
	for name, c := range map[string]struct {
		text, score string
		want        []string
	}{
		"missing":          {"g,y,p\na,NaN,1\na,1,1\nb,,0\nb,0,NA\nb,0,1\n", "", []string{"Of 5 rows, 2 have no label and 1 has no prediction"}},
		"one row":          {"g,y,p\na,1,1\n" + strings.Repeat("b,0,1\nb,1,1\n", 40), "", []string{"fewer than 30 rows are theirs: a (1)", "Every prediction is 1"}},
		"constant":         {"g,y,s\n" + strings.Repeat("a,1,0.5\nb,0,0.5\n", 40), "s", []string{"Every score is 0.5: the model does not tell rows apart"}},
		"nobody negative":  {"g,y,p\n" + strings.Repeat("a,1,0\nb,1,1\n", 40), "", []string{"Nobody measured is negative.", "No measured row has the label 0"}},
		"quotes, newlines": {"g,y,p\n\"a,x\",1,1\n\"b \"\"q\"\"\r\nz\",0,1\n", "", []string{"a,x (1)", `b "q" z (1)`}},
		"byte order mark":  {"\xef\xbb\xbfg,y,p\na,1,1\nb,0,1\n", "", []string{"2 rows measured"}},
		"equal headers":    {"g,y,p,y\na,1,1,1\nb,0,1,0\n", "", []string{"several columns named y"}},
		"three classes":    {"g,y,p\n" + strings.Repeat("a,cat,cat\nb,dog,cat\nb,bird,bird\n", 20), "", []string{"Rates of class bird by g"}},
		"terminal codes":   {"g,y,p\na\x1b[2J,1,1\nb,0,1\n", "", []string{"a\ufffd[2J (1)"}},
	} {
		t.Run(name, func(t *testing.T) {
			page := filepath.Join(t.TempDir(), "out.txt")
			args := []string{"audit", file(t, "rows.csv", c.text), "--label", "y", "--group", "g", "--replicates", "20", "--report", page}
			if c.score != "" {
				args = append(args, "--score", c.score)
			} else {
				args = append(args, "--prediction", "p")
			}
			terminal := succeed(t, args...)
			whole, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			text := strings.Join(strings.Fields(string(whole)), " ")
			lacks(t, text, c.want...)
			if name != "equal headers" && name != "three classes" { // which are below
				lacks(t, strings.Join(strings.Fields(terminal), " "), c.want...)
			}
		})
	}
}

// parquetRow has what is bad about columns too.
type parquetRow struct {
	G    string   `parquet:"g,dict"`
	Y    *float64 `parquet:"y,optional"`
	P    int64    `parquet:"p"`
	Text string   `parquet:"text"`
	List []string `parquet:"list,list"`
}

// Parquet's rows are refused and marked as those of CSV are, with the row's number for a line.
func TestAuditOfParquet(t *testing.T) {
	number := func(v float64) *float64 { return &v }
	rows := []parquetRow{{G: "a", Y: number(1), P: 1, Text: "x"}, {G: "b", Y: number(math.NaN()), Text: "n\xf1"}, {G: "b", P: 1}, {G: "b", Y: number(0), P: 1}}
	var many []parquetRow
	for i := range 2000 {
		many = append(many, parquetRow{G: fmt.Sprint("v", i), Y: number(1)})
	}
	write := func(rows []parquetRow) string {
		var b bytes.Buffer
		w := parquet.NewGenericWriter[parquetRow](&b)
		if _, err := w.Write(rows); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return file(t, "rows.parquet", b.String())
	}
	good := write(rows)
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	args := func(path, more string) []string {
		return append([]string{"audit", path, "--group", "g", "--replicates", "20"}, strings.Fields(more)...)
	}
	lacks(t, strings.Join(strings.Fields(succeed(t, args(good, "--label y --prediction p")...)), " "),
		"Of 4 rows, 2 have no label and 0 have no prediction", "2 rows measured", "a (1) and b (1)")
	for name, c := range map[string]struct{ path, args, want string }{
		"empty":          {file(t, "rows.parquet", ""), "--label y --prediction p", "rows.parquet: this is no Parquet file, or a damaged one"},
		"not Parquet":    {file(t, "rows.parquet", "g,y,p\na,1,1\n"), "--label y --prediction p", "rows.parquet: this is no Parquet file, or a damaged one"},
		"cut off":        {file(t, "rows.parquet", string(whole[:len(whole)/2])), "--label y --prediction p", "rows.parquet: this is no Parquet file, or a damaged one"},
		"no rows":        {write(nil), "--label y --prediction p", "rows.parquet: there are no rows"},
		"missing column": {good, "--label z --prediction p", `rows.parquet: there is no column "z"; there are g, y, p, text, list`},
		"list":           {good, "--label y --prediction list", `rows.parquet: column "list" is nested or has lists, want one value per row`},
		"not a number":   {good, "--label y --score text", `rows.parquet: row 1: column "text": "x" is not a finite number`},
		"not UTF-8":      {good, "--label y --prediction text", `rows.parquet: row 2: column "text": "n\xf1" is not UTF-8`},
		"many groups":    {write(many), "--label y --prediction p", `column "g" has more than 1000 different values, which is all that it may have; --max-values allows more`},
	} {
		t.Run(name, func(t *testing.T) { refused(t, args(c.path, c.args), c.want) })
	}
}

// Every command that reads rows reads Parquet too, and finds in it what it finds in CSV.
func TestAuditCommandsReadParquet(t *testing.T) {
	text, err := os.ReadFile(compas(t))
	if err != nil {
		t.Fatal(err)
	}
	type defendant struct {
		Race  string  `parquet:"race,dict"`
		Label float64 `parquet:"two_year_recid"`
		High  int32   `parquet:"high"`
		Score int64   `parquet:"decile_score"`
	}
	var rows []defendant
	csv := []string{"race,two_year_recid,high,decile_score"}
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n")[1:] {
		fields := strings.Split(line, ",")
		var r defendant
		r.Race = fields[2]
		if _, err := fmt.Sscan(fields[3]+" "+fields[4], &r.Label, &r.Score); err != nil {
			t.Fatal(err)
		}
		if r.Score >= 5 {
			r.High = 1
		}
		rows = append(rows, r)
		csv = append(csv, fmt.Sprintf("%s,%v,%d,%d", r.Race, r.Label, r.High, r.Score))
	}
	var b bytes.Buffer
	if err := parquet.Write(&b, rows); err != nil {
		t.Fatal(err)
	}
	paths := []string{file(t, "rows.csv", strings.Join(csv, "\n")), file(t, "rows.parquet", b.String())}
	for _, command := range []string{
		"amplify --attribute race --task two_year_recid --predicted-task high --only African-American,Caucasian --replicates 20",
		"thresholds --label two_year_recid --score decile_score --threshold 5 --group race --only African-American,Caucasian --criterion fpr --tolerance 0.5",
		"reweigh --label two_year_recid --group race",
	} {
		var found []string
		for _, path := range paths {
			args := strings.Fields(command)
			found = append(found, succeed(t, append([]string{"audit", args[0], path, "--json"}, args[1:]...)...))
		}
		if found[0] != found[1] {
			t.Errorf("%s finds in CSV\n%.500s\nand in Parquet\n%.500s", command, found[0], found[1])
		}
	}
}

// Of scores that are all different, counts at the thresholds are exact, of rows that were held out too.
func TestAuditThresholdsOfManyScores(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	write := func() (path string, count func(group string, threshold float64) audit.Confusion) {
		type row struct {
			group string
			label int
			score float64
		}
		var rows []row
		text := "g,y,s\n"
		for range 3000 {
			x := row{[]string{"a", "b"}[r.IntN(2)], r.IntN(2), 0}
			x.score = min(0.999, max(0.001, 0.5+0.2*r.NormFloat64()+0.2*float64(x.label)))
			if x.group == "b" {
				x.score *= 0.8
			}
			rows = append(rows, x)
			text += fmt.Sprintf("%s,%d.0,%v\n", x.group, x.label, x.score)
		}
		return file(t, "rows.csv", text), func(group string, threshold float64) (c audit.Confusion) {
			for _, x := range rows {
				if x.group != group {
					continue
				}
				cells := []*int64{&c.TN, &c.FP, &c.FN, &c.TP}
				at := 2 * x.label
				if x.score >= threshold {
					at++
				}
				*cells[at]++
			}
			return c
		}
	}
	path, count := write()
	held, countHeld := write()
	found := decode[planned](t, succeed(t, "audit", "thresholds", path, "--label", "y", "--score", "s", "--threshold", "0.61", "--group", "g", "--criterion", "fpr",
		"--held-out", held, "--json"))
	if gap := found.Plan.After.Gap; gap > 0.02 || found.Plan.Before.Gap < 0.05 {
		t.Errorf("a gap of %v after, %v before", gap, found.Plan.Before.Gap)
	}
	for i, g := range found.Plan.Groups {
		for _, c := range []struct {
			what      string
			got, want audit.Confusion
		}{
			{"before", g.Before, count(g.Name, 0.61)}, {"after", g.After, count(g.Name, *g.Threshold)},
			{"held out, before", found.HeldOut.Groups[i].Before, countHeld(g.Name, 0.61)},
			{"held out, after", found.HeldOut.Groups[i].After, countHeld(g.Name, *g.Threshold)},
		} {
			if c.got != c.want {
				t.Errorf("%s, %s: %+v, want %+v", g.Name, c.what, c.got, c.want)
			}
		}
	}
}
