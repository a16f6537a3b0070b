package amplify

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/atelier-go/atelier/audit"
	"github.com/atelier-go/atelier/audit/stat"
)

// percentiles puts the interval of the replicates, which it sorts, around value. Replicates that are NaN are dropped.
func percentiles(value float64, replicates []float64, conf, n float64) audit.Estimate {
	replicates = slices.DeleteFunc(replicates, math.IsNaN)
	slices.Sort(replicates)
	e := audit.Estimate{Metric: metric, Value: value, Low: math.NaN(), High: math.NaN(), Method: "bootstrap", N: n}
	if len(replicates) > 0 {
		e.Low, e.High = stat.Percentiles(replicates, conf)
		e.Low, e.High = min(e.Low, value), max(e.High, value)
	}
	return e
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0x616d706c696679)) }

func bootstrapZhao(train, predicted Counts, kept []int, o Options) (audit.Estimate, error) {
	var toward [][]int
	for _, i := range kept {
		toward = append(toward, biasedToward(train.N[i]))
	}
	rng := newRand(o.Seed)
	trains, predictions := newResampler(train.N), newResampler(predicted.N)
	replicates := make([]float64, o.Replicates)
	for b := range replicates {
		if err := ended(o.Context); err != nil {
			return audit.Estimate{}, err
		}
		replicates[b] = meanAmplification(trains.draw(rng), predictions.draw(rng), kept, toward)
	}
	return percentiles(meanAmplification(train.N, predicted.N, kept, toward), replicates, o.Conf, float64(predictions.n)), nil
}

// A resampler draws tables as multinomials over the cells of one.
type resampler struct {
	n             int64
	cells, counts []int64
	rows          [][]int64 // counts, row by row
}

func newResampler(cells [][]int64) *resampler {
	r := &resampler{cells: slices.Concat(cells...)}
	for _, x := range r.cells {
		r.n += x
	}
	r.counts = make([]int64, len(r.cells))
	at := 0
	for _, row := range cells {
		r.rows = append(r.rows, r.counts[at:at+len(row)])
		at += len(row)
	}
	return r
}

func (r *resampler) draw(rng *rand.Rand) [][]int64 {
	stat.Multinomial(rng, r.n, r.cells, r.counts)
	return r.rows
}

func (t *Table) bootstrapDirectional(signs []int, toTask bool, o Options) (audit.Estimate, error) {
	rng := newRand(o.Seed)
	rows := newResampler([][]int64{t.n})
	m := t.moves(t.n, toTask, nil)
	value := meanMove(m, signs, len(t.Attributes))
	replicates := make([]float64, o.Replicates)
	for b := range replicates {
		if err := ended(o.Context); err != nil {
			return audit.Estimate{}, err
		}
		replicates[b] = meanMove(t.moves(rows.draw(rng)[0], toTask, m), signs, len(t.Attributes))
	}
	return percentiles(value, replicates, o.Conf, float64(t.total)), nil
}

// meanMove is the mean over the pairs that have rows, NaN if none has.
func meanMove(m *moves, signs []int, attributes int) float64 {
	total, pairs := 0.0, 0
	for a := range attributes {
		for k := range m.tasks {
			p := m.pair(a, k)
			if p.n == 0 {
				continue
			}
			pairs++
			total += float64(signs[a*m.tasks+k]) * float64(p.gained-p.lost) / float64(p.n)
		}
	}
	return total / float64(pairs)
}
