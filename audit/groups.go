package audit

import (
	"slices"
	"strconv"

	"github.com/atelier-go/atelier/audit/table"
)

// atom is the finest group: rows with the same value in every column of groups.
type atom struct {
	codes   []int // of each column of Options.Groups
	tally   tally
	scores  [2][]float64 // by label, the weight of rows in each bin of the score
	scores2 [2][]float64 // of their squares
	missing Missing
}

// set is a group: the atoms that share values of some columns.
type set struct {
	by     []int // columns of Options.Groups
	codes  []int
	atoms  []int
	tally  tally
	shown  Group
	values []string
}

// found is everything that was counted, from which an audit is made.
type found struct {
	*Options
	classes []string
	rates   []rate
	values  [][]string // of each column of groups
	bins    []table.Bin
	atoms   []atom
	all     set
	sides   [][]set // the sets of each column of groups, then of each crossing
}

// atomsOf decodes the first cross: cells that keep accepts, with scores at or above the threshold positive.
func (f *found) atomsOf(counts *table.Counts, c classes, threshold float64, keep func(table.Cell) bool) []atom {
	var atoms []atom
	groups := len(f.Groups)
	for _, cell := range counts.Crosses[0].Cells {
		if !keep(cell) {
			continue
		}
		if n := len(atoms); n == 0 || !slices.Equal(atoms[n-1].codes, cell.Codes[:groups]) {
			a := atom{codes: cell.Codes[:groups], tally: newTally(len(f.classes))}
			if f.bins != nil {
				for i := range a.scores {
					a.scores[i], a.scores2[i] = make([]float64, len(f.bins)), make([]float64, len(f.bins))
				}
			}
			atoms = append(atoms, a)
		}
		a := &atoms[len(atoms)-1]
		a.missing.Rows += cell.N
		label, prediction := c.label[cell.Codes[groups]], cell.Codes[groups+1]
		bin := prediction
		if f.bins == nil {
			prediction = c.prediction[prediction]
		} else if prediction >= 0 {
			prediction = 0
			if f.bins[bin].From >= threshold {
				prediction = 1
			}
		}
		if label < 0 || prediction < 0 {
			if label < 0 {
				a.missing.Label += cell.N
			}
			if prediction < 0 {
				a.missing.Prediction += cell.N
			}
			continue
		}
		w, w2 := float64(cell.N), float64(cell.N)
		if f.Weight != "" {
			w, w2 = cell.W, cell.W2
		}
		i := label*len(f.classes) + prediction
		a.tally.n[i] += cell.N
		a.tally.w[i] += w
		a.tally.w2[i] += w2
		if f.bins != nil {
			a.scores[label][bin] += w
			a.scores2[label][bin] += w2
		}
	}
	return atoms
}

// group gathers atoms into sets by columns; sets without measured rows are left out.
func (f *found) group(atoms []atom, by []int) []set {
	sets := slices.DeleteFunc(f.gather(atoms, by), func(s set) bool { return s.tally.rows() == 0 })
	for i := range sets {
		sets[i].shown = f.show(&sets[i])
	}
	return sets
}

// gather adds atoms up to sets by columns, in the order of their values.
func (f *found) gather(atoms []atom, by []int) []set {
	var sets []set
	at := map[string]int{}
	for i, a := range atoms {
		codes := make([]int, len(by))
		id := ""
		for j, column := range by {
			codes[j] = a.codes[column]
			id += strconv.Itoa(codes[j]) + ","
		}
		n, known := at[id]
		if !known {
			n = len(sets)
			at[id] = n
			s := set{by: by, codes: codes, tally: newTally(len(f.classes))}
			for j, column := range by {
				s.values = append(s.values, f.values[column][codes[j]])
			}
			sets = append(sets, s)
		}
		sets[n].atoms = append(sets[n].atoms, i)
		sets[n].tally.add(a.tally)
	}
	slices.SortFunc(sets, func(a, b set) int { return slices.Compare(a.codes, b.codes) })
	return sets
}

// show makes the group that people see.
func (f *found) show(s *set) Group {
	g := Group{Values: s.values, N: s.tally.rows(), Small: s.tally.rows() < int64(f.MinN)}
	for _, column := range s.by {
		g.By = append(g.By, f.Groups[column])
	}
	k := len(f.classes)
	for i := range k {
		g.Matrix = append(g.Matrix, slices.Clone(s.tally.n[i*k:(i+1)*k]))
	}
	if k == 2 {
		g.Confusion = &Confusion{TN: s.tally.n[0], FP: s.tally.n[1], FN: s.tally.n[2], TP: s.tally.n[3]}
	}
	if f.Weight != "" {
		for _, w := range s.tally.w {
			g.Weight += w
		}
	}
	for _, r := range f.rates {
		g.Metrics = append(g.Metrics, r.estimate(s.tally, f.Options))
	}
	return g
}

// columns returns the sides that are compared: each column of groups, then each crossing.
func (f *found) columns() [][]int {
	var all [][]int
	for i := range f.Groups {
		all = append(all, []int{i})
	}
	for _, crossing := range f.Crossings {
		var by []int
		for _, name := range crossing {
			by = append(by, slices.Index(f.Groups, name))
		}
		all = append(all, by)
	}
	return all
}

// sort gathers atoms into everybody and the sets of each side.
func (f *found) sort(atoms []atom) (all set, sides [][]set) {
	if sets := f.group(atoms, nil); len(sets) > 0 {
		all = sets[0]
	} else {
		all = set{tally: newTally(len(f.classes))}
		all.shown = f.show(&all)
	}
	for _, by := range f.columns() {
		sides = append(sides, f.group(atoms, by))
	}
	return all, sides
}

// shown returns the groups of all sides.
func shown(sides [][]set) []Group {
	var groups []Group
	for _, side := range sides {
		for _, s := range side {
			groups = append(groups, s.shown)
		}
	}
	return groups
}
