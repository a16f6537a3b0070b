package audit

import (
	"math"

	"github.com/atelier-go/atelier/audit/stat"
)

// tally counts rows by label and prediction: cell label·k+prediction of k classes. w and w2 are the sums of weights and of
// their squares, which without weights are the numbers of rows themselves.
type tally struct {
	n     []int64
	w, w2 []float64
}

func newTally(classes int) tally {
	c := classes * classes
	return tally{make([]int64, c), make([]float64, c), make([]float64, c)}
}

func (t tally) add(u tally) {
	for i := range t.n {
		t.n[i] += u.n[i]
		t.w[i] += u.w[i]
		t.w2[i] += u.w2[i]
	}
}

func (t tally) rows() (n int64) {
	for _, c := range t.n {
		n += c
	}
	return n
}

// rate is a share of cells: what metrics are for two classes, and for each class of more.
type rate struct {
	name   string
	better int
	of     func(cells []float64) (k, n float64)
}

// rates returns those of so many classes.
func rates(names []string) []rate {
	var all []rate
	if len(names) == 2 {
		for _, m := range metrics {
			all = append(all, rate{m.Name, m.Better, func(c []float64) (k, n float64) { return m.Of(c[0], c[1], c[2], c[3]) }})
		}
		return all
	}
	for _, m := range metrics {
		if m.Name == "error" || m.Name == "accuracy" {
			all = append(all, rate{m.Name, m.Better, func(c []float64) (k, n float64) { return m.Of(right(c, len(names)), wrong(c, len(names)), 0, 0) }})
		}
	}
	for class, name := range names {
		for _, m := range metrics {
			if m.Name != "error" && m.Name != "accuracy" {
				all = append(all, rate{m.Name + ":" + name, m.Better, func(c []float64) (k, n float64) {
					return m.Of(against(c, len(names), class))
				}})
			}
		}
	}
	return all
}

func right(c []float64, classes int) (sum float64) {
	for i := range classes {
		sum += c[i*classes+i]
	}
	return sum
}

func wrong(c []float64, classes int) (sum float64) {
	for i, v := range c {
		if i/classes != i%classes {
			sum += v
		}
	}
	return sum
}

// against returns the confusion of one class against all others.
func against(c []float64, classes, class int) (tn, fp, fn, tp float64) {
	for i, v := range c {
		switch label, prediction := i/classes == class, i%classes == class; {
		case label && prediction:
			tp += v
		case label:
			fn += v
		case prediction:
			fp += v
		default:
			tn += v
		}
	}
	return tn, fp, fn, tp
}

// share returns the rate as k of n rows, of weighted rows the effective ones.
func (r rate) share(t tally) (k, n float64) {
	k, n = r.of(t.w)
	_, squares := r.of(t.w2)
	if n == 0 || n == squares { // weights of one are rows
		return k, n
	}
	effective := n * n / squares
	return k / n * effective, effective
}

// estimate returns the rate with its interval.
func (r rate) estimate(t tally, o *Options) Estimate {
	k, n := r.share(t)
	e := Estimate{Metric: r.name, Value: k / n, K: k, N: n, Small: n < float64(o.MinN)}
	if e.Low, e.High = stat.Wilson(min(k, n), n, o.Confidence); n > 0 {
		e.Method = "wilson"
	}
	if e.Small && n > 0 && whole(k) && whole(n) {
		e.ExactLow, e.ExactHigh = stat.ClopperPearson(int64(k), int64(n), o.Confidence)
	}
	return e
}

func whole(v float64) bool { return v == math.Trunc(v) && v < 1<<53 }

func undefined(metric string) Estimate {
	return Estimate{Metric: metric, Value: math.NaN(), Low: math.NaN(), High: math.NaN()}
}
