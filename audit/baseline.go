package audit

import (
	"slices"

	"github.com/atelier-go/atelier/audit/table"
)

// baselines judges rules of one or two columns.
func (f *found) baselines(counts *table.Counts, c classes) []Baseline {
	var all []Baseline
	for i, columns := range f.Baselines {
		all = append(all, f.baseline(columns, counts.Crosses[i+1].Cells, c))
	}
	return all
}

// baseline predicts each row's label by the majority of the other rows with the same values.
func (f *found) baseline(columns []string, cells []table.Cell, c classes) Baseline {
	groups := len(f.Groups)
	class := func(cell table.Cell) int { return c.label[cell.Codes[groups]] }
	votes := map[[2]int][]float64{} // rows of each class, by the values of the rule's columns
	at := func(cell table.Cell) (id [2]int) {
		copy(id[:], cell.Codes[groups+1:])
		return id
	}
	weight := func(cell table.Cell) float64 {
		if f.Weight != "" {
			return cell.W
		}
		return float64(cell.N)
	}
	for _, cell := range cells {
		if label := class(cell); label >= 0 {
			id := at(cell)
			if votes[id] == nil {
				votes[id] = make([]float64, len(f.classes))
			}
			votes[id][label] += weight(cell)
		}
	}
	overall := make([]float64, len(f.classes))
	for _, v := range votes {
		for i := range v {
			overall[i] += v[i]
		}
	}
	var atoms []atom
	for _, cell := range cells {
		label := class(cell)
		if label < 0 {
			continue
		}
		one := 1.0
		if f.Weight != "" {
			one = cell.W / float64(cell.N)
		}
		prediction := majority(votes[at(cell)], overall, label, one)
		if n := len(atoms); n == 0 || !slices.Equal(atoms[n-1].codes, cell.Codes[:groups]) {
			atoms = append(atoms, atom{codes: cell.Codes[:groups], tally: newTally(len(f.classes))})
		}
		t, i := atoms[len(atoms)-1].tally, label*len(f.classes)+prediction
		w2 := cell.W2
		if f.Weight == "" {
			w2 = float64(cell.N)
		}
		t.n[i], t.w[i], t.w2[i] = t.n[i]+cell.N, t.w[i]+weight(cell), t.w2[i]+w2
	}
	everybody, sides := f.sort(atoms)
	b := Baseline{
		Columns: columns, Rules: len(votes), Accuracy: everybody.shown.Metric("accuracy"), Model: f.all.shown.Metric("accuracy"),
		Groups: shown(sides),
	}
	b.Difference = b.Model.Value - b.Accuracy.Value
	return b
}

// majority returns the class with most votes when one vote of this label is left out; where several have as many, the one
// that most rows of all have.
func majority(votes, overall []float64, label int, one float64) int {
	left := func(i int) float64 {
		if i == label {
			return votes[i] - one
		}
		return votes[i]
	}
	best := 0
	for i := 1; i < len(votes); i++ {
		if a, b := left(i), left(best); a > b || a == b && overall[i] > overall[best] {
			best = i
		}
	}
	return best
}
