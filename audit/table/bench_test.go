package table_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/atelier-go/atelier/audit/table"
)

// BenchmarkCSV counts 200,000 rows of six columns, four of which are crossed.
func BenchmarkCSV(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	var text bytes.Buffer
	text.WriteString("id,race,sex,label,pred,score\n")
	const rows = 200_000
	for i := range rows {
		race := []string{"African-American", "Caucasian", "Hispanic", "Other"}[r.IntN(4)]
		fmt.Fprintf(&text, "%d,%s,%s,%d,%d,%d\n", i, race, []string{"Male", "Female"}[r.IntN(2)], r.IntN(2), r.IntN(2), 1+r.IntN(10))
	}
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			b.SetBytes(int64(text.Len()))
			for b.Loop() {
				c, err := table.CSV(bytes.NewReader(text.Bytes()), table.Spec{
					Columns: []table.Column{{Name: "race"}, {Name: "sex"}, {Name: "label"}, {Name: "score", Kind: table.Number}},
					Crosses: [][]int{{0, 1, 2, 3}}, Workers: workers,
				})
				if err != nil || c.Rows != rows {
					b.Fatalf("%d rows, error %v", c.Rows, err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
		})
	}
}
