package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/atelier-go/atelier/audit/published"
)

// Studies is the report of published numbers that were recomputed, and how many of them differ.
func Studies(studies []published.Study) (d *Document, failed int) {
	t := Table{Caption: "Studies", Columns: []Column{{Title: "Study"}, {Title: "Numbers", Number: true}, {Title: "Reproduced", Number: true}, {Title: "Source"}}}
	var blocks, checks []Block
	for _, s := range studies {
		t.Rows = append(t.Rows, Row{Cells: []Cell{label(s.Name), number(int64(len(s.Checks))), number(int64(s.Passed())), label(s.Source)}})
		for _, c := range s.Failed() {
			failed++
			blocks = append(blocks, Text{Style: Finding, Text: fmt.Sprintf("%s, %s: printed %s, computed %s.", s.Name, c.Name, significant(c.Want), significant(c.Got))})
		}
		if s.Missing != "" {
			blocks = append(blocks, Text{Style: Caution, Text: s.Name + ": " + s.Missing})
		}
		checks = append(checks, checkTable(s))
	}
	return &Document{Title: "Published studies, recomputed", Sections: []Section{
		{"studies", "Studies", append([]Block{t}, blocks...)},
		{"numbers", "All numbers", checks},
	}}, failed
}

func checkTable(s published.Study) Table {
	t := Table{Caption: s.Name, Columns: []Column{{Title: "Number"}, {Title: "Printed", Number: true}, {Title: "Computed", Number: true}, {Title: "Reproduced"}}}
	for _, c := range s.Checks {
		verdict := "yes"
		if !c.OK {
			verdict = "no"
		}
		t.Rows = append(t.Rows, Row{Cells: []Cell{label(c.Name), {Text: significant(c.Want), Sort: c.Want}, {Text: significant(c.Got), Sort: c.Got}, label(verdict)}})
	}
	return t
}

// significant writes a number with up to ten digits that mean something.
func significant(x float64) string {
	if math.IsNaN(x) {
		return unknown
	}
	return strings.Replace(strconv.FormatFloat(x, 'g', 10, 64), "-", minusSign, 1)
}
