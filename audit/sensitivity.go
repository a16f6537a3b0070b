package audit

import (
	"slices"
	"strconv"

	"github.com/atelier-go/atelier/audit/table"
)

// sensitivity audits other thresholds and fewer rows.
func (f *found) sensitivity(counts *table.Counts, c classes) Sensitivity {
	var s Sensitivity
	everyone := func(table.Cell) bool { return true }
	for _, t := range f.otherThresholds() {
		s.Thresholds = append(s.Thresholds, f.variant("threshold "+strconv.FormatFloat(t, 'g', -1, 64), t, f.atomsOf(counts, c, t, everyone)))
	}
	for i, filter := range f.Filters {
		keep := func(cell table.Cell) bool { return cell.Mask>>i&1 == 1 }
		s.Filters = append(s.Filters, f.variant(filter, f.Threshold, f.atomsOf(counts, c, f.Threshold, keep)))
	}
	return s
}

func (f *found) variant(name string, threshold float64, atoms []atom) Variant {
	all, sides := f.sort(atoms)
	return Variant{Name: name, Threshold: threshold, N: all.tally.rows(), Overall: all.shown, Groups: shown(sides)}
}

// otherThresholds returns those that the options ask for, or else each score but the lowest if they are few, or the tenths
// of scores between 0 and 1.
func (f *found) otherThresholds() []float64 {
	if f.bins == nil || f.Thresholds != nil {
		return f.Thresholds
	}
	var all []float64
	switch {
	case f.exact() && len(f.bins) <= fewScore:
		for _, b := range f.bins[min(1, len(f.bins)):] {
			all = append(all, b.From)
		}
	case f.probabilities():
		for i := 1; i < tenths; i++ {
			all = append(all, float64(i)/tenths)
		}
	default:
		for _, first := range f.edges()[1:] {
			if first < len(f.bins) {
				all = append(all, f.bins[first].From)
			}
		}
	}
	return slices.Compact(all)
}

// missing counts the rows that could not be measured: of everybody, and of each group that has any.
func (f *found) missing() []Missing {
	add := func(to *Missing, m Missing) {
		to.Label += m.Label
		to.Prediction += m.Prediction
		to.Rows += m.Rows
	}
	var all Missing
	for _, a := range f.atoms {
		add(&all, a.missing)
	}
	if all.Label == 0 && all.Prediction == 0 {
		return nil
	}
	list := []Missing{all}
	for _, by := range f.columns() {
		for _, group := range f.gather(f.atoms, by) {
			m := Missing{Values: group.values}
			for _, column := range by {
				m.By = append(m.By, f.Groups[column])
			}
			for _, at := range group.atoms {
				add(&m, f.atoms[at].missing)
			}
			if m.Label > 0 || m.Prediction > 0 {
				list = append(list, m)
			}
		}
	}
	return list
}
