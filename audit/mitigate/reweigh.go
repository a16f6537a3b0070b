package mitigate

import (
	"errors"
	"fmt"
)

// A Cell is the training rows of one group and label.
type Cell struct {
	Group string `json:"group"`
	Label string `json:"label"`
	N     int64  `json:"n"`
}

// Weights are what [Reweigh] found.
type Weights struct {
	Cells []WeightedCell `json:"cells"`
	Rows  int64          `json:"rows"`
	// Effective is Kish's number of rows, (Σw)²/Σw²: a mean over the weighted rows is as uncertain as one over so many
	// without weights. That is what reweighing costs before a model is trained; what it does to accuracy only training
	// shows.
	Effective float64 `json:"effective"`
	// GapBefore and GapAfter are the largest difference between groups of a label's share, without weights and with them.
	GapBefore float64 `json:"gap_before"`
	GapAfter  float64 `json:"gap_after"`
	// Empty are combinations that no row has. No weight can make up for them, so GapAfter is not 0 if there are any.
	Empty []Cell `json:"empty,omitempty"`
}

// A WeightedCell is a [Cell] and the weight of each of its rows.
type WeightedCell struct {
	Cell
	Weight float64 `json:"weight"`
}

// Reweigh returns weights w(g,y) = P(g)·P(y)/P(g,y) for training rows, which make label and group independent and keep
// the sum over the rows of each (Kamiran and Calders 2012). Cells of the same group and label are an error.
func Reweigh(cells []Cell) (*Weights, error) {
	groups, labels, n, total, err := marginals(cells)
	if err != nil {
		return nil, err
	}
	w := &Weights{Rows: total}
	var sum, squares float64
	weighted := map[[2]string]float64{}
	for _, c := range cells {
		if c.N == 0 {
			continue
		}
		weight := float64(n[0][c.Group]) / float64(total) * float64(n[1][c.Label]) / float64(c.N)
		w.Cells = append(w.Cells, WeightedCell{c, weight})
		sum += weight * float64(c.N)
		squares += weight * weight * float64(c.N)
		weighted[[2]string{c.Group, c.Label}] = weight * float64(c.N)
	}
	w.Effective = sum * sum / squares
	plain := map[[2]string]float64{}
	for _, c := range cells {
		plain[[2]string{c.Group, c.Label}] = float64(c.N)
	}
	w.GapBefore, w.GapAfter = labelGap(groups, labels, plain), labelGap(groups, labels, weighted)
	for _, g := range groups {
		for _, y := range labels {
			if plain[[2]string{g, y}] == 0 {
				w.Empty = append(w.Empty, Cell{Group: g, Label: y})
			}
		}
	}
	return w, nil
}

// marginals returns the groups and labels that have rows, in the order of the cells, and their numbers of rows.
func marginals(cells []Cell) (groups, labels []string, n [2]map[string]int64, total int64, err error) {
	var errs []error
	n = [2]map[string]int64{{}, {}}
	seen := map[[2]string]bool{}
	for _, c := range cells {
		key := [2]string{c.Group, c.Label}
		if seen[key] || c.N < 0 {
			errs = append(errs, fmt.Errorf("mitigate: group %q with label %q: %d rows, or for the second time", c.Group, c.Label, c.N))
		}
		seen[key] = true
		if c.N == 0 {
			continue
		}
		if n[0][c.Group] == 0 {
			groups = append(groups, c.Group)
		}
		if n[1][c.Label] == 0 {
			labels = append(labels, c.Label)
		}
		n[0][c.Group] += c.N
		n[1][c.Label] += c.N
		total += c.N
	}
	if len(groups) < 2 || len(labels) < 2 {
		errs = append(errs, fmt.Errorf("mitigate: rows of %d groups and %d labels, want two or more of each", len(groups), len(labels)))
	}
	return groups, labels, n, total, errors.Join(errs...)
}

// labelGap is the largest difference between groups of a label's share.
func labelGap(groups, labels []string, n map[[2]string]float64) (gap float64) {
	for _, y := range labels {
		low, high := 1.0, 0.0
		for _, g := range groups {
			all := 0.0
			for _, other := range labels {
				all += n[[2]string{g, other}]
			}
			share := n[[2]string{g, y}] / all
			low, high = min(low, share), max(high, share)
		}
		gap = max(gap, high-low)
	}
	return gap
}
