package race

import (
	"cmp"
	"slices"
)

// Order is what standings are sorted by.
type Order string

// The orders.
const (
	ByTime Order = "time"
	ByCost Order = "cost"
)

// Orders are all of them.
func Orders() []Order { return []Order{ByTime, ByCost} }

// Board is the standings of entries that can be compared: the same task, kind and goal, measured in the same way.
type Board struct {
	Task      string `json:"task"`
	Inference bool   `json:"inference"` // false: training
	Goal      Goal   `json:"goal"`
	// Metric is what the goal's column shows, as Entry.Metric has it: empty where it was measured plainly.
	Metric    string     `json:"metric,omitempty"`
	Standings []Standing `json:"standings"`
}

// Standing is an entry's place.
type Standing struct {
	Reached bool `json:"reached"`
	// Seconds are those of training to the goal, and of inference the latency; Cost is in USD, 0 if the entry has no price.
	// Both are 0 if the goal was not reached.
	Seconds float64 `json:"seconds,omitempty"`
	Cost    float64 `json:"cost,omitempty"`
	Epoch   float64 `json:"epoch,omitempty"` // of training, that reached the goal; the best one if none did
	Score   float64 `json:"score"`           // in that epoch
	Entry   *Entry  `json:"entry"`
}

// Standing is an entry's result.
func (e *Entry) Standing() Standing {
	if in := e.Inference; in != nil {
		s := Standing{Reached: e.Goal.Reached(in.Score), Score: in.Score, Entry: e}
		if s.Reached {
			s.Seconds, s.Cost = in.Latency/1000, in.Cost
		}
		return s
	}
	row, score, ok := e.Progress.First(e.Goal)
	s := Standing{Reached: ok, Epoch: row.Epoch, Score: score, Entry: e}
	if ok {
		s.Seconds, s.Cost = row.Hours*3600, row.Hours*e.CostPerHour
	}
	return s
}

// Boards ranks entries, those that did not reach their goal last, by their best score. By cost those without a price come
// after those with one. Boards are in the order of their tasks, training first.
func Boards(entries []*Entry, by Order) []Board {
	var boards []Board
	for _, e := range entries {
		of := Board{Task: e.Task, Inference: e.Inference != nil, Goal: e.Goal, Metric: e.Metric(e.Goal.Column)}
		i := slices.IndexFunc(boards, of.same)
		if i < 0 {
			i = len(boards)
			boards = append(boards, of)
		}
		boards[i].Standings = append(boards[i].Standings, e.Standing())
	}
	for _, b := range boards {
		slices.SortStableFunc(b.Standings, func(x, y Standing) int { return compare(x, y, by) })
	}
	slices.SortStableFunc(boards, func(a, b Board) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Task, b.Task), cmp.Compare(a.Goal.Column, b.Goal.Column),
			cmp.Compare(a.Goal.Value, b.Goal.Value), cmp.Compare(a.Metric, b.Metric))
	})
	return boards
}

// same tells whether two boards are about the same.
func (b Board) same(other Board) bool {
	return b.Task == other.Task && b.Inference == other.Inference && b.Goal == other.Goal && b.Metric == other.Metric
}

func rank(b Board) int {
	if b.Inference {
		return 1
	}
	return 0
}

func compare(x, y Standing, by Order) int {
	if x.Reached != y.Reached {
		return first(x.Reached)
	}
	if !x.Reached {
		if x.Score == y.Score {
			return 0
		}
		return first(x.Entry.Goal.Better(x.Score, y.Score))
	}
	if by == ByCost {
		if (x.Cost > 0) != (y.Cost > 0) {
			return first(x.Cost > 0)
		}
		if c := cmp.Compare(x.Cost, y.Cost); c != 0 {
			return c
		}
	}
	return cmp.Compare(x.Seconds, y.Seconds)
}

// first is the order of two of which one comes first for sure.
func first(x bool) int {
	if x {
		return -1
	}
	return 1
}
