package table_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"

	"github.com/atelier-go/atelier/audit/table"
)

// tallied renders counts so that those of equal values are equal: each cell as its values and number.
func tallied(c *table.Counts, cross int) map[string]int64 {
	cells := map[string]int64{}
	for _, cell := range c.Crosses[cross].Cells {
		var key []string
		for j, column := range c.Crosses[cross].Columns {
			if c.Bins[column] == nil {
				key = append(key, c.Values[column][cell.Codes[j]])
			} else if cell.Codes[j] < 0 {
				key = append(key, "missing")
			} else {
				key = append(key, fmt.Sprint(c.Bins[column][cell.Codes[j]].From))
			}
		}
		cells[fmt.Sprintf("%q %d", key, cell.Mask)] += cell.N
	}
	return cells
}

// FuzzCSV counts every combination of all columns as encoding/csv reads them, errors included.
func FuzzCSV(f *testing.F) {
	for _, seed := range []string{
		"a,b\n1,2\n1,2\n", "a,b\r\n1,\"x\r\ny\"\r\n\r\n,\r\n", "\xef\xbb\xbfa,b\nx,y", "a,b\n\"x\"\"y\",\"\"\n", "a,b\n1\n2,3,4\n",
		"a,b\n\"x\n", "a,b\nx\"y,z\n", "a,b\n\"x\"y,z\n", "a,b\n1,2\r", "a,b\n\n\n1,2\n", "a\n\n1\n", "a,b\n1,2\r\r\n", "\n\na,b\n1,2\n",
		"a,b\n\"x,\",\"\n\"\n1,2\n", "a,b\n\r1,2\n", "a,b\n1,2\n\r\n", "a,b\n\r", "\xef\xbb\xbf",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			t.Skip("other than UTF-8 is refused")
		}
		want, header, wantErr := standard(text)
		var spec table.Spec
		var cross []int
		for i, name := range header {
			if name == "" || slices.Contains(header[:i], name) || strings.Contains(name, "#") || i == 8 {
				t.Skip("names that stand for other columns")
			}
			spec.Columns = append(spec.Columns, table.Column{Name: name})
			cross = append(cross, i)
		}
		spec.Crosses = [][]int{cross}
		counts, err := table.CSV(strings.NewReader(text), spec)
		if (err != nil) != (wantErr != nil) {
			t.Fatalf("error %v, encoding/csv has %v", err, wantErr)
		}
		if err != nil {
			var row *table.RowError
			var parse *csv.ParseError
			if errors.As(err, &row) && errors.As(wantErr, &parse) && row.Line != int64(parse.StartLine) {
				t.Fatalf("error %v, encoding/csv has it on line %d: %v", err, parse.StartLine, wantErr)
			}
			return
		}
		if got := tallied(counts, 0); !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: counted %v, encoding/csv has %v", text, got, want)
		}
	})
}

// standard counts with encoding/csv.
func standard(text string) (counts map[string]int64, header []string, err error) {
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\xef\xbb\xbf")))
	header, err = r.Read()
	if err != nil {
		return nil, nil, err
	}
	counts = map[string]int64{}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return counts, header, nil
		} else if err != nil {
			return nil, header, err
		}
		counts[fmt.Sprintf("%q 0", row)]++
	}
}

// random draws rows with awkward fields, more than a block of them.
func random(n int) (header []string, rows [][]string) {
	r := rand.New(rand.NewPCG(1, 2))
	header = []string{"name", "race", "sex", "label", "score", "days", "w"}
	races := []string{"African-American", "Caucasian", "a rather long name, with a comma", "says \"so\"", "two\nlines", ""}
	for i := range n {
		score := fmt.Sprintf("%.3f", r.Float64())
		if i%97 == 0 {
			score = "NaN"
		}
		rows = append(rows, []string{
			fmt.Sprint("person ", i), races[r.IntN(len(races))], []string{"m", "f"}[r.IntN(2)], fmt.Sprint(r.IntN(2)), score,
			fmt.Sprint(r.IntN(100) - 50), fmt.Sprint(r.IntN(9)),
		})
	}
	return header, rows
}

func written(t testing.TB, header []string, rows [][]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if err := w.Write(header); err != nil {
		t.Fatal(err)
	}
	if err := w.WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var spec = table.Spec{
	Columns: []table.Column{{Name: "race"}, {Name: "sex"}, {Name: "label"}, {Name: "score", Kind: table.Number}},
	Crosses: [][]int{{0, 1, 2, 3}, {1}},
	Where:   []table.Filter{{Column: "days", Op: "<=", Value: "30"}},
	Filters: []table.Filter{{Column: "days", Op: ">", Value: "0"}, {Column: "sex", Op: "=", Value: "f"}},
}

// The same counts come of any number of workers, of rows in any order, of parts that are merged, of a callback and of
// loops that count as simply as can be.
func TestSameCounts(t *testing.T) {
	header, rows := random(40_000)
	want := map[string]int64{}
	for _, row := range rows {
		var days int
		fmt.Sscan(row[5], &days)
		if days > 30 {
			continue
		}
		mask := 0
		if days > 0 {
			mask |= 1
		}
		if row[2] == "f" {
			mask |= 2
		}
		score := "missing"
		if row[4] != "NaN" {
			var v float64
			fmt.Sscan(row[4], &v)
			score = fmt.Sprint(v)
		}
		want[fmt.Sprintf("%q %d", []string{row[1], row[2], row[3], score}, mask)]++
	}
	var first *table.Counts
	check := func(name string, c *table.Counts, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := tallied(c, 0); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %d cells, want %d", name, len(got), len(want))
		}
		if first == nil {
			first = c
		} else if !reflect.DeepEqual(c.Crosses, first.Crosses) || !reflect.DeepEqual(c.Bins, first.Bins) || c.Rows != first.Rows {
			t.Errorf("%s: other counts", name)
		}
	}
	text := written(t, header, rows)
	for _, workers := range []int{1, 2, 5} {
		s := spec
		s.Workers = workers
		c, err := table.CSV(bytes.NewReader(text), s)
		check(fmt.Sprint(workers, " workers"), c, err)
	}
	c, err := table.Rows(header, slices.Values(rows), spec)
	check("callback", c, err)
	var parts []*table.Counts
	for part := range slices.Chunk(rows, 7_777) {
		c, err := table.CSV(bytes.NewReader(written(t, header, part)), spec)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, c)
	}
	c, err = table.Merge(parts...)
	check("merged parts", c, err)
	slices.SortFunc(rows, func(a, b []string) int { return strings.Compare(a[4], b[4]) })
	c, err = table.CSV(bytes.NewReader(written(t, header, rows)), spec)
	check("sorted rows", c, err)
	crlf := bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))
	c, err = table.CSV(bytes.NewReader(crlf), spec)
	check("CRLF", c, err)
}

// Of more numbers than have bins, each row is in a bin that has its number, and counts from each cut on are exact.
func TestManyNumbers(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	cuts := []float64{-0.25, 0, 0.123456, 0.5, 0.9}
	var rows [][]string
	above := make([]int64, len(cuts))
	for range 30_000 {
		v := r.NormFloat64() / 3
		for i, c := range cuts {
			if v >= c {
				above[i]++
			}
		}
		rows = append(rows, []string{fmt.Sprint(v), "x"})
	}
	s := table.Spec{Columns: []table.Column{{Name: "score", Kind: table.Number, Cuts: cuts}}, Crosses: [][]int{{0}}}
	whole, err := table.Rows([]string{"score", "other"}, slices.Values(rows), s)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range cuts {
		var n int64
		for _, cell := range whole.Crosses[0].Cells {
			if whole.Bins[0][cell.Codes[0]].From >= c {
				n += cell.N
			}
		}
		if n != above[i] {
			t.Errorf("%d rows from %v on, want %d", n, c, above[i])
		}
	}
	for i, b := range whole.Bins[0] {
		if !(b.From < b.To) || i > 0 && b.From < whole.Bins[0][i-1].To {
			t.Fatalf("bin %v after %v", b, whole.Bins[0][i-1])
		}
		if width := b.To - b.From; width > math.Max(math.Abs(b.From), math.Abs(b.To))/256 {
			t.Fatalf("bin %v is too wide", b)
		}
	}
	// A part with few numbers has them exactly until it is merged.
	few, err := table.Rows([]string{"score", "other"}, slices.Values(rows[:100]), s)
	if err != nil {
		t.Fatal(err)
	}
	rest, err := table.Rows([]string{"score", "other"}, slices.Values(rows[100:]), s)
	if err != nil {
		t.Fatal(err)
	}
	merged, err := table.Merge(few, rest)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(merged.Crosses, whole.Crosses) || !reflect.DeepEqual(merged.Bins, whole.Bins) {
		t.Error("parts make other counts than the whole")
	}
}

func TestWeights(t *testing.T) {
	s := table.Spec{Columns: []table.Column{{Name: "g"}}, Crosses: [][]int{{0}}, Weight: "w"}
	c, err := table.CSV(strings.NewReader("g,w\na,0.5\nb,2\na,3\n"), s)
	if err != nil {
		t.Fatal(err)
	}
	want := []table.Cell{{Codes: []int{0}, N: 2, W: 3.5, W2: 9.25}, {Codes: []int{1}, N: 1, W: 2, W2: 4}}
	if !reflect.DeepEqual(c.Crosses[0].Cells, want) {
		t.Errorf("cells %+v, want %+v", c.Crosses[0].Cells, want)
	}
}

// What is wrong with rows is said with its line.
func TestBadInput(t *testing.T) {
	var many strings.Builder
	many.WriteString("g,x\n")
	for i := range 100_000 {
		fmt.Fprintf(&many, "v%d,1\n", i)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		text, want string
		spec       func(*table.Spec)
	}{
		"empty":            {"", "no rows, not even a header", nil},
		"missing column":   {"a,b\n1,2\n", `there is no column "g"; there are a, b`, nil},
		"ragged":           {"g,x\na,1\nb\n", "line 3: 1 fields, want 2", nil},
		"too many fields":  {"g,x\na,1\n\nb,1,2\n", "line 4: 3 fields, want 2", nil},
		"bare quote":       {"g,x\na\"b,1\n", "line 2: a quote in a field", nil},
		"after quote":      {"g,x\n\"a\"b,1\n", "line 2: text after the quote", nil},
		"open quote":       {"g,x\na,1\n\"b,1\nc,1\n", "line 3: a quote that is never closed", nil},
		"many values":      {many.String(), `column "g" has more than 1000 different values`, nil},
		"not a number":     {"g,x\na,1\nb,high\n", `line 3: column "x": "high" is not a finite number`, nil},
		"infinite":         {"g,x\na,inf\n", `line 2: column "x": "inf" is not a finite number`, nil},
		"not UTF-8":        {"g,x\na,1\nn\xf1,1\n", `line 3: column "g": "n\xf1" is not UTF-8`, nil},
		"header not UTF-8": {"g,x,\xf1\na,1,1\n", `line 1: the name of a column, "\xf1", is not UTF-8`, nil},
		"slip":             {"race,groups,x\na,b,1\n", `there is no column "group" (did you mean groups?); there are race, groups, x`, func(s *table.Spec) { s.Columns[0].Name = "group" }},
		"spaces":           {"\" g\",x\na,1\n", `there is no column "g" (did you mean " g"?); there are " g", x`, nil},
		"many columns":     {strings.Repeat("a,", 99) + "a\n", `a, a and 60 more`, nil},
		"UTF-16":           {"\xff\xfeg\x00", "UTF-16", nil},
		"twins differ":     {"g,x,g\na,1,a\na,1,b\n", `line 3: column "g" occurs twice, as fields 1 and 3, with different values, "a" and "b"`, nil},
		"no such twin":     {"g,x\na,1\n", `there is no column "g#2"`, func(s *table.Spec) { s.Columns[0].Name = "g#2" }},
		"weight":           {"g,x\na,1\nb,-1\n", `line 3: weight "-1": want at least 0`, func(s *table.Spec) { s.Columns, s.Crosses, s.Weight = s.Columns[:1], [][]int{{0}}, "x" }},
		"missing weight":   {"g,x\na,\n", `line 2: weight "": want at least 0`, func(s *table.Spec) { s.Columns, s.Crosses, s.Weight = s.Columns[:1], [][]int{{0}}, "x" }},
		"workers":          {"g,x\n", "1000000000 workers, want 0 to 4096", func(s *table.Spec) { s.Workers = 1_000_000_000 }},
		"context":          {"g,x\na,1\n", "context canceled", func(s *table.Spec) { s.Context = ended }},
		"comma":            {"g,x\n", `comma '"' cannot separate fields`, func(s *table.Spec) { s.Comma = '"' }},
		"cross":            {"g,x\n", "cross [7]: there are 2 columns", func(s *table.Spec) { s.Crosses = [][]int{{7}} }},
		"condition":        {"g,x\n", `there is no comparison "~"`, func(s *table.Spec) { s.Where = []table.Filter{{"g", "~", "1"}} }},
	} {
		t.Run(name, func(t *testing.T) {
			s := table.Spec{
				Columns: []table.Column{{Name: "g"}, {Name: "x", Kind: table.Number}}, Crosses: [][]int{{0, 1}}, Workers: 1,
			}
			if c.spec != nil {
				c.spec(&s)
			}
			_, err := table.CSV(strings.NewReader(c.text), s)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

// Columns of the same name are one if they agree, and each can be named.
func TestTwins(t *testing.T) {
	text := "g,x,g\na,1,a\nb,1,b\n"
	s := table.Spec{Columns: []table.Column{{Name: "g"}}, Crosses: [][]int{{0}}}
	c, err := table.CSV(strings.NewReader(text), s)
	if err != nil || !slices.Equal(c.Twins, []string{"g"}) {
		t.Errorf("twins %v, error %v, want g", c.Twins, err)
	}
	s.Columns[0].Name = "g#2"
	c, err = table.CSV(strings.NewReader("g,x,g\na,1,c\n"), s)
	if err != nil || !slices.Equal(c.Values[0], []string{"c"}) {
		t.Errorf("values %v, error %v, want c", c.Values, err)
	}
}

func TestParseFilter(t *testing.T) {
	for text, want := range map[string]table.Filter{
		"days<=30": {"days", "<=", "30"}, " charge != O ": {"charge", "!=", "O"}, "a==b": {"a", "=", "b"}, "x>": {"x", ">", ""},
	} {
		if got, err := table.ParseFilter(text); err != nil || got != want {
			t.Errorf("%q is %v (%v), want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "days", "<3", "a!3"} {
		if f, err := table.ParseFilter(text); err == nil {
			t.Errorf("%q is %v, want an error", text, f)
		}
	}
}

// row has the types of Parquet that can be counted.
type row struct {
	Race  *string  `parquet:"race,optional,dict"`
	Sex   string   `parquet:"sex"`
	Label bool     `parquet:"label"`
	Score *float64 `parquet:"score,optional"`
	Big   uint64   `parquet:"big"`
	Day   int32    `parquet:"day,date"`
	Days  int64    `parquet:"days,dict"`
	W     float32  `parquet:"w"`
}

// Parquet's rows are counted as those of the same CSV, nulls and pages of any size included.
func TestParquet(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	var rows []row
	var texts [][]string
	for range 20_000 {
		p := row{Sex: []string{"m", "f"}[r.IntN(2)], Label: r.IntN(2) == 1, Big: math.MaxUint64 - uint64(r.IntN(2)), Day: int32(16000 + r.IntN(3)),
			Days: r.Int64N(100) - 50, W: float32(r.IntN(4)) / 4}
		text := []string{"", p.Sex, fmt.Sprint(p.Label), "", fmt.Sprint(p.Big), []string{"2013-10-22", "2013-10-23", "2013-10-24"}[p.Day-16000],
			fmt.Sprint(p.Days), fmt.Sprint(p.W)}
		if r.IntN(5) > 0 {
			p.Race = &[]string{"a", "b", "c"}[r.IntN(3)]
			text[0] = *p.Race
		}
		if r.IntN(5) > 0 {
			score := float64(r.IntN(20)) / 8
			p.Score, text[3] = &score, fmt.Sprint(score)
		}
		rows, texts = append(rows, p), append(texts, text)
	}
	var b bytes.Buffer
	w := parquet.NewGenericWriter[row](&b, parquet.MaxRowsPerRowGroup(7000), parquet.PageBufferSize(3000))
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	s := table.Spec{
		Columns: []table.Column{{Name: "race"}, {Name: "sex"}, {Name: "label"}, {Name: "score", Kind: table.Number}, {Name: "big"}, {Name: "day"}},
		Crosses: [][]int{{0, 1, 2, 3}, {4, 5}},
		Where:   []table.Filter{{Column: "days", Op: "<=", Value: "30"}},
		Filters: []table.Filter{{Column: "race", Op: "=", Value: ""}, {Column: "day", Op: "<", Value: "2013-10-23"}},
	}
	for _, weight := range []string{"", "w"} {
		s.Weight = weight
		got, err := table.Parquet(bytes.NewReader(b.Bytes()), int64(b.Len()), s)
		if err != nil {
			t.Fatal(err)
		}
		want, err := table.Rows([]string{"race", "sex", "label", "score", "big", "day", "days", "w"}, slices.Values(texts), s)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got.Crosses, want.Crosses) || !reflect.DeepEqual(got.Values, want.Values) || got.Rows != want.Rows {
			t.Errorf("weight %q: Parquet and callback differ: %v and %v", weight, got.Values, want.Values)
		}
	}
	s.Columns[1].Kind = table.Number
	if _, err := table.Parquet(bytes.NewReader(b.Bytes()), int64(b.Len()), s); err == nil || !strings.Contains(err.Error(), `row 1: column "sex"`) {
		t.Errorf("error %v, want that of row 1", err)
	}
}

// A damaged file is an error or counts something, whatever byte is damaged and wherever it is cut off, but never a panic.
func TestDamagedParquet(t *testing.T) {
	var b bytes.Buffer
	w := parquet.NewGenericWriter[row](&b)
	if _, err := w.Write(make([]row, 50)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	s := table.Spec{
		Columns: []table.Column{{Name: "race"}, {Name: "score", Kind: table.Number}, {Name: "day"}}, Crosses: [][]int{{0, 1, 2}}, Workers: 1,
	}
	count := func(file []byte) error {
		_, err := table.Parquet(bytes.NewReader(file), int64(len(file)), s)
		return err
	}
	if err := count(b.Bytes()); err != nil {
		t.Fatal(err)
	}
	failed := 0
	for i := 0; i < b.Len(); i += 3 {
		if count(b.Bytes()[:i]) == nil {
			t.Errorf("no error of the first %d of %d bytes", i, b.Len())
		}
		file := bytes.Clone(b.Bytes())
		file[i] ^= 1 << (i % 8)
		if count(file) != nil {
			failed++
		}
	}
	if failed == 0 {
		t.Error("no damage is an error")
	}
}
