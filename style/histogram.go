package style

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Bins of histograms, and steps of quantiles: features of a channel are moved by a function that is linear in between.
const histogramBins = 256

// matching moves features of a layer so that their channels have a target's histograms.
type matching struct {
	channels  int
	quantiles []float64 // [C bins+1], see Statistics
	low, step []float32 // [C] of the bins in which present features are counted
	energy    float64   // E‖f*‖²
}

func newMatching(quantiles []float64, channels int) matching {
	m := matching{channels: channels, quantiles: quantiles}
	k := histogramBins + 1
	for c := range channels {
		q := quantiles[c*k : (c+1)*k]
		low, high := q[0], q[k-1]
		room := high - low + 1e-6
		// Features beyond these bins count as the outermost.
		low, high = low-room/2, high+room
		m.low = append(m.low, float32(low))
		m.step = append(m.step, float32((high-low)/histogramBins))
		for i := range histogramBins {
			mid := (q[i] + q[i+1]) / 2
			m.energy += mid * mid / histogramBins
		}
	}
	return m
}

// bin is where a value of channel c is among the bins, in bins.
func (m matching) bin(v float32, c int) float32 {
	return min(max((v-m.low[c])/m.step[c], 0), histogramBins-1e-3)
}

// apply builds the moved features: table [C·(bins+1)] has the new values at the edges of bins.
func (m matching) apply(f, table *node) *node {
	g := f.Graph()
	low, step := graph.Const(g, m.low), graph.Const(g, m.step)
	perChannel := func(v *node) *node { return graph.Reshape(v, 1, 1, 1, m.channels) }
	u := graph.ClipScalar(graph.Div(graph.Sub(f, perChannel(low)), perChannel(step)), 0, histogramBins-1e-3)
	k := graph.Floor(u)
	first := graph.Iota(g, f.Shape(), 3)
	at := graph.ConvertDType(graph.Add(graph.MulScalar(first, histogramBins+1), k), dtypes.Int32)
	look := func(offset int) *node {
		index := graph.AddScalar(at, float64(offset))
		return graph.Reshape(graph.Gather(table, graph.Reshape(index, index.Shape().Size(), 1)), f.Shape().Dimensions...)
	}
	here := look(0)
	return graph.Add(here, graph.Mul(graph.Sub(u, k), graph.Sub(look(1), here)))
}

// histograms counts present features.
type histograms struct {
	objective *Objective
	counts    [][][]float64 // [region][style layer][C bins]
}

// newHistograms is nil without the histogram loss.
func (o *Objective) newHistograms() *histograms {
	if _, ok := o.spec.has(Histogram); !ok {
		return nil
	}
	h := &histograms{objective: o}
	for range o.regions() {
		var layers [][]float64
		for _, l := range o.style {
			layers = append(layers, make([]float64, l.Channels*histogramBins))
		}
		h.counts = append(h.counts, layers)
	}
	return h
}

func (h *histograms) see() func(r, l int, features, weights []float32) {
	if h == nil {
		return nil
	}
	return func(r, l int, features, weights []float32) {
		m, counts := h.objective.matches[r][l], h.counts[r][l]
		for i, w := range weights {
			if w == 0 {
				continue
			}
			for c, v := range features[i*m.channels : (i+1)*m.channels] {
				counts[c*histogramBins+int(m.bin(v, c))] += float64(w)
			}
		}
	}
}

// tables are, for each region and layer, the values that the edges of bins are moved to: the target's quantile of the
// share of positions below the edge.
func (h *histograms) tables() [][]*tensors.Tensor {
	if h == nil {
		return nil
	}
	var all [][]*tensors.Tensor
	for r := range h.counts {
		var layers []*tensors.Tensor
		for l, counts := range h.counts[r] {
			m := h.objective.matches[r][l]
			table := make([]float32, m.channels*(histogramBins+1))
			for c := range m.channels {
				total := 0.0
				for _, n := range counts[c*histogramBins : (c+1)*histogramBins] {
					total += n
				}
				below := 0.0
				for k := range histogramBins + 1 {
					table[c*(histogramBins+1)+k] = float32(m.quantile(c, below/max(total, tiny)))
					if k < histogramBins {
						below += counts[c*histogramBins+k]
					}
				}
			}
			layers = append(layers, tensors.FromFlatDataAndDimensions(table, len(table)))
		}
		all = append(all, layers)
	}
	return all
}

// quantile of the target, linear between the steps.
func (m matching) quantile(c int, share float64) float64 {
	q := m.quantiles[c*(histogramBins+1) : (c+1)*(histogramBins+1)]
	u := min(max(share, 0), 1) * histogramBins
	k := min(int(u), histogramBins-1)
	return q[k] + (u-float64(k))*(q[k+1]-q[k])
}

// fineBins are the bins in which a style picture's features are counted to find their quantiles.
const fineBins = 8192

// quantilesOf finds them for channels whose features are between low and high: counts [C fineBins].
func quantilesOf(counts, low, high []float64) []float64 {
	channels := len(low)
	out := make([]float64, 0, channels*(histogramBins+1))
	for c := range channels {
		mine := counts[c*fineBins : (c+1)*fineBins]
		total := 0.0
		for _, n := range mine {
			total += n
		}
		below, k := 0.0, 0
		for i := range histogramBins + 1 {
			want := total * float64(i) / histogramBins
			for k < fineBins-1 && below+mine[k] < want {
				below += mine[k]
				k++
			}
			part := 0.0
			if mine[k] > 0 {
				part = math.Min(1, (want-below)/mine[k])
			}
			out = append(out, low[c]+(float64(k)+part)*(high[c]-low[c])/fineBins)
		}
	}
	return out
}
