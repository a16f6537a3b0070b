package mitigate

import (
	"cmp"
	"slices"
)

// rounding is added to tolerances, so that rates whose difference is the tolerance in decimals count as within.
const rounding = 1e-12

// search finds the choices, one of each group, with the most rows judged rightly and rates within the tolerance. Some
// group has the least of each rate, so that it is enough to try all least rates that there are. It returns nil if there
// are none.
func search(choices [][]choice, tolerance float64, metrics int) (best []choice) {
	if metrics == 1 {
		return sweep(choices, 0, tolerance)
	}
	most := int64(-1)
	for _, least := range levels(choices, 0) {
		picked := sweep(near(choices, least, tolerance), 1, tolerance)
		if right := allRight(picked); picked != nil && right > most {
			most, best = right, picked
		}
	}
	return best
}

func allRight(choices []choice) (right int64) {
	for _, c := range choices {
		right += c.right
	}
	return right
}

// sweep is search for one rate: it moves a window of the tolerance's width over the rates and picks from each group the
// choice in it that is right most often.
func sweep(choices [][]choice, metric int, tolerance float64) (best []choice) {
	windows := make([]window, len(choices))
	for i, group := range choices {
		sorted := slices.Clone(group)
		slices.SortStableFunc(sorted, func(a, b choice) int { return cmp.Compare(a.rates[metric], b.rates[metric]) })
		windows[i] = window{sorted: sorted, metric: metric}
	}
	most := int64(-1)
	picked := make([]choice, len(choices))
	for _, least := range levels(choices, metric) {
		all := true
		for i := range windows {
			c, found := windows[i].move(least, least+tolerance+rounding)
			picked[i] = c
			all = all && found
		}
		if right := allRight(picked); all && right > most {
			most, best = right, slices.Clone(picked)
		}
	}
	return best
}

// A window moves up over choices that are sorted by a rate. queue are the indices of those inside that may yet be the best:
// each is right less often than the one before.
type window struct {
	sorted []choice
	metric int
	next   int
	queue  []int
}

// move sets the window to [low, high], both no lower than before, and returns the choice inside that is right most
// often; of equals the one with the lowest threshold.
func (w *window) move(low, high float64) (best choice, found bool) {
	for ; w.next < len(w.sorted) && w.sorted[w.next].rates[w.metric] <= high; w.next++ {
		for len(w.queue) > 0 && !better(w.sorted[w.queue[len(w.queue)-1]], w.sorted[w.next]) {
			w.queue = w.queue[:len(w.queue)-1]
		}
		w.queue = append(w.queue, w.next)
	}
	for len(w.queue) > 0 && w.sorted[w.queue[0]].rates[w.metric] < low {
		w.queue = w.queue[1:]
	}
	if len(w.queue) == 0 {
		return choice{}, false
	}
	return w.sorted[w.queue[0]], true
}

func better(a, b choice) bool {
	return a.right > b.right || a.right == b.right && a.threshold < b.threshold
}

// levels are the different values of a rate, increasing.
func levels(choices [][]choice, metric int) (values []float64) {
	for _, group := range choices {
		for _, c := range group {
			values = append(values, c.rates[metric])
		}
	}
	slices.Sort(values)
	return slices.Compact(values)
}

// near keeps the choices whose first rate is in [least, least+tolerance]; nothing if a group has none.
func near(choices [][]choice, least, tolerance float64) (kept [][]choice) {
	for _, group := range choices {
		var some []choice
		for _, c := range group {
			if c.rates[0] >= least && c.rates[0] <= least+tolerance+rounding {
				some = append(some, c)
			}
		}
		if some == nil {
			return nil
		}
		kept = append(kept, some)
	}
	return kept
}
