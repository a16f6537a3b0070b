package table_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/atelier-go/atelier/audit/table"
)

// FuzzMerge makes rows of any bytes: whatever they are, wherever they are cut into shards and in whatever order they come,
// counts of the shards merge to those of the whole.
func FuzzMerge(f *testing.F) {
	f.Add([]byte("abcabcab"), uint64(1))
	f.Add([]byte{0, 255, 128, 7, 7, 7, 7, 9}, uint64(2))
	many := make([]byte, 3*3000) // more scores than have bins of their own
	r := rand.New(rand.NewPCG(1, 1))
	for i := range many {
		many[i] = byte(r.IntN(256))
	}
	f.Add(many, uint64(3))
	f.Fuzz(func(t *testing.T, data []byte, seed uint64) {
		var rows [][]string
		for ; len(data) >= 3; data = data[3:] {
			score := fmt.Sprint(float64(int(data[1])<<8|int(data[2]))/256 - 100)
			if data[1] == 'c' {
				score = ""
			}
			rows = append(rows, []string{fmt.Sprint(data[0] % 5), fmt.Sprint(data[0] >> 6), score, fmt.Sprint(data[2] % 7)})
		}
		spec := table.Spec{
			Columns: []table.Column{{Name: "a"}, {Name: "b"}, {Name: "score", Kind: table.Number, Cuts: []float64{-3.2, 0, 0.1}}},
			Crosses: [][]int{{0, 1, 2}, {2}, {1}}, Where: []table.Filter{{Column: "d", Op: "<", Value: "6"}},
			Filters: []table.Filter{{Column: "a", Op: "=", Value: "3"}},
		}
		count := func(rows [][]string) *table.Counts {
			c, err := table.Rows([]string{"a", "b", "score", "d"}, slices.Values(rows), spec)
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		whole := count(rows)
		r := rand.New(rand.NewPCG(seed, 0))
		r.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		same(t, "in another order", count(rows), whole)
		var shards []*table.Counts
		for from := 0; from < len(rows) || len(shards) == 0; {
			to := min(len(rows), from+r.IntN(len(rows)+1))
			shards = append(shards, count(rows[from:to]))
			from = to
		}
		merged, err := table.Merge(shards...)
		if err != nil {
			t.Fatal(err)
		}
		same(t, fmt.Sprint(len(shards), " shards merged"), merged, whole)
		slices.Reverse(shards)
		if merged, err = table.Merge(shards...); err != nil {
			t.Fatal(err)
		}
		same(t, "shards merged backwards", merged, whole)
	})
}

func same(t *testing.T, name string, got, want *table.Counts) {
	t.Helper()
	if got.Rows != want.Rows || !slices.EqualFunc(got.Values, want.Values, slices.Equal[[]string]) ||
		!slices.EqualFunc(got.Bins, want.Bins, slices.Equal[[]table.Bin]) {
		t.Fatalf("%s: %d rows of %v and %v, want %d of %v and %v", name, got.Rows, got.Values, got.Bins, want.Rows, want.Values, want.Bins)
	}
	for i := range want.Crosses {
		if len(got.Crosses[i].Cells)+len(want.Crosses[i].Cells) > 0 && !reflect.DeepEqual(got.Crosses[i].Cells, want.Crosses[i].Cells) {
			t.Fatalf("%s: cross %d has %v, want %v", name, i, got.Crosses[i].Cells, want.Crosses[i].Cells)
		}
	}
}
