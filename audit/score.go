package audit

import (
	"math"

	"github.com/atelier-go/atelier/audit/stat"
	"github.com/atelier-go/atelier/audit/table"
)

const (
	tenths   = 10 // bins of scores between 0 and 1
	fewScore = 20 // different scores up to which each has a bin
)

// histogram adds up the scores of a set's atoms, by label, and the squares of their weights.
func (f *found) histogram(s set) (scores, squares [2][]float64) {
	for label := range scores {
		scores[label], squares[label] = make([]float64, len(f.bins)), make([]float64, len(f.bins))
		for _, at := range s.atoms {
			for bin, w := range f.atoms[at].scores[label] {
				scores[label][bin] += w
				squares[label][bin] += f.atoms[at].scores2[label][bin]
			}
		}
	}
	return scores, squares
}

// exact reports whether each score has a bin of its own.
func (f *found) exact() bool {
	for _, b := range f.bins {
		if b.From != b.To {
			return false
		}
	}
	return true
}

// probabilities reports whether all scores are in [0, 1].
func (f *found) probabilities() bool {
	last := f.bins[len(f.bins)-1]
	return f.bins[0].From >= 0 && last.From <= 1
}

// edges returns the first bin of each bin of calibration, and behind them the number of bins.
func (f *found) edges() []int {
	edges := []int{0}
	scores, _ := f.histogram(f.all)
	var all, sum float64
	for i := range f.bins {
		all += scores[0][i] + scores[1][i]
	}
	for i := range f.bins {
		var begins bool
		switch {
		case f.exact() && len(f.bins) <= fewScore:
			begins = true
		case f.probabilities():
			begins = i > 0 && tenth(f.bins[i]) > tenth(f.bins[i-1])
		default: // as many rows in each
			begins = sum >= all*float64(len(edges))/tenths
		}
		if begins && i > 0 {
			edges = append(edges, i)
		}
		sum += scores[0][i] + scores[1][i]
	}
	return append(edges, len(f.bins))
}

// tenth returns which of ten bins of [0, 1] has the scores; 1 is in the last. There are cuts at the tenths.
func tenth(b table.Bin) int {
	at := 0
	for at+1 < tenths && b.From >= float64(at+1)/tenths {
		at++
	}
	return at
}

// calibration makes the calibration of everybody and of each group.
func (f *found) calibration() []Calibration {
	edges := f.edges()
	var all []Calibration
	f.each(func(s set) { all = append(all, f.calibrationOf(s, edges)) })
	return all
}

// each calls do with everybody and then with each set.
func (f *found) each(do func(set)) {
	do(f.all)
	for _, side := range f.sides {
		for _, s := range side {
			do(s)
		}
	}
}

func (f *found) calibrationOf(s set, edges []int) Calibration {
	c := Calibration{By: s.shown.By, Values: s.values}
	scores, squares := f.histogram(s)
	var off, rows float64
	for i, first := range edges[:len(edges)-1] {
		last := edges[i+1] - 1
		bin := CalibrationBin{From: f.bins[first].From, To: f.bins[last].To}
		if last+1 < len(f.bins) && bin.To > f.bins[last].From {
			bin.To = f.bins[last+1].From
		}
		t := newTally(2) // cell 3 is positive labels, cell 0 negative ones
		var sum float64
		for b := first; b <= last; b++ {
			for label, cell := range []int{0, 3} {
				t.w[cell] += scores[label][b]
				t.w2[cell] += squares[label][b]
				sum += scores[label][b] * f.bins[b].Middle()
			}
		}
		n := t.w[0] + t.w[3]
		bin.N, bin.Score = int64(math.Round(n)), f.bins[first].Middle()
		bin.Rate = prevalence.estimate(t, f.Options)
		if n > 0 {
			bin.Score = sum / n
			off += n * math.Abs(bin.Score-bin.Rate.Value)
			rows += n
		}
		c.Bins = append(c.Bins, bin)
	}
	if f.probabilities() && rows > 0 {
		e := off / rows
		c.Error = &e
	}
	return c
}

// prevalence is the rate of positive labels.
var prevalence = rate{"prevalence", 0, func(c []float64) (k, n float64) { return c[2] + c[3], c[0] + c[1] + c[2] + c[3] }}

// areas makes the area under the curve of everybody and of each group.
func (f *found) areas() []AUC {
	exact := f.exact()
	var all []AUC
	f.each(func(s set) {
		scores, squares := f.histogram(s)
		n0, e0 := effective(scores[0], squares[0])
		n1, e1 := effective(scores[1], squares[1])
		a := AUC{By: s.shown.By, Values: s.values, Value: undefined("auc")}
		a.Value.N = e0 + e1
		a.Value.Small = min(e0, e1) < float64(f.MinN)
		if n0 > 0 && n1 > 0 {
			area, variance, tied := stat.AUC(scaled(scores[0], e0/n0), scaled(scores[1], e1/n1))
			a.Value.Value, a.Value.Method = area, "delong"
			if a.Value.Low, a.Value.High = stat.AUCInterval(area, variance, e0, e1, f.Confidence); variance == 0 {
				a.Value.Method = "newcombe"
			}
			if !exact {
				a.Resolution = tied / 2
			}
		}
		all = append(all, a)
	})
	return all
}

// effective returns the sum of weights and the number of rows without weights that would know as much.
func effective(w, w2 []float64) (sum, n float64) {
	var squares float64
	for i := range w {
		sum += w[i]
		squares += w2[i]
	}
	if sum == 0 {
		return 0, 0
	}
	return sum, sum * sum / squares
}

func scaled(v []float64, by float64) []float64 {
	s := make([]float64, len(v))
	for i := range v {
		s[i] = v[i] * by
	}
	return s
}
