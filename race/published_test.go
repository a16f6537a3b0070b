package race_test

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/atelier-go/atelier/race"
)

// result is a time to the goal in seconds, and its cost in USD, 0 where the entry has no price.
type result struct{ seconds, cost float64 }

// is compares with what was printed to a digit or two.
func (r result) is(s race.Standing) bool {
	return math.Abs(s.Seconds-r.seconds) <= 0.05+r.seconds/2000 && math.Abs(s.Cost-r.cost) <= 0.0005+r.cost/2000
}

// All entries of DAWNBench's repository are read, and the times and costs are those that it published. A checkout of it is
// the folder dawn-bench-entries in what $ATELIER_DATA names.
func TestPublishedEntries(t *testing.T) {
	data := os.Getenv("ATELIER_DATA")
	dir := filepath.Join(data, "dawn-bench-entries")
	if info, err := os.Stat(dir); data == "" || err != nil || !info.IsDir() {
		t.Skip("$ATELIER_DATA has no folder dawn-bench-entries, a checkout of DAWNBench's repository of that name")
	}
	for task, c := range map[string]struct {
		training int
		fastest  []result // in this order
		others   []result
		slowest  result
		cheapest float64
	}{
		"CIFAR10": {
			31,
			[]result{{9.4, 0}, {10.7, 0}, {28, 0}, {44.4, 0.105}, {57, 0}, {71.8, 0.021}, {73.8, 0}, {74, 0.063}, {101.9, 0.042}, {174, 1.183}, {340.6, 0.290}, {404.1, 0.258}},
			[]result{{286014, 42.35}},
			result{370088, 54.79}, 0.021,
		},
		"ImageNet": {
			27,
			[]result{{157.6, 14.43}},
			[]result{{1085.2, 118.07}, {1297.7, 7.425}, {10647, 72.40}},
			result{1161696, 2323.39}, 7.425,
		},
	} {
		t.Run(task, func(t *testing.T) {
			files, err := filepath.Glob(filepath.Join(dir, task, "*", "*.json"))
			if err != nil {
				t.Fatal(err)
			}
			entries, err := race.ReadAll(filepath.Join(dir, task))
			if err != nil || len(entries) != len(files) || len(entries) == 0 {
				t.Errorf("%d entries of %d files, %v", len(entries), len(files), err)
			}
			boards := race.Boards(entries, race.ByTime)
			if len(boards) != 2 || boards[0].Inference || !boards[1].Inference || len(boards[0].Standings) != c.training {
				t.Fatalf("%d boards, want one of training with %d entries and one of inference", len(boards), c.training)
			}
			s := boards[0].Standings
			for i, want := range c.fastest {
				if !want.is(s[i]) {
					t.Errorf("place %d: %s took %v s and $%v, want %v", i+1, s[i].Entry.File, s[i].Seconds, s[i].Cost, want)
				}
			}
			for _, want := range c.others {
				found := false
				for _, standing := range s {
					found = found || want.is(standing)
				}
				if !found {
					t.Errorf("no entry has %v", want)
				}
			}
			if last := s[len(s)-1]; !last.Reached || !c.slowest.is(last) {
				t.Errorf("the last is %+v, want %v", last, c.slowest)
			}
			if s := race.Boards(entries, race.ByCost)[0].Standings[0]; math.Abs(s.Cost-c.cheapest) > 0.0005 {
				t.Errorf("the cheapest is %s with $%v, want $%v", s.Entry.File, s.Cost, c.cheapest)
			}
		})
	}
}
