package style

import (
	"context"
	"math"
)

// measure computes the statistics of a style picture at the style layers.
func measure(ctx context.Context, n *Network, spec Spec, p Picture, tile Tile) ([]Statistics, error) {
	o := &Objective{net: n, spec: Spec{StyleLayers: spec.StyleLayers, Losses: spec.Losses, Style: 1}, h: p.H, w: p.W, means: true}
	if err := o.forStatistics(tile); err != nil {
		return nil, err
	}
	defer o.Close()
	var ranges *channelRanges
	if _, ok := spec.has(Histogram); ok {
		ranges = newChannelRanges(o.style)
	}
	sums, err := o.statistics(ctx, p.Pixels, ranges.see())
	if err != nil {
		return nil, err
	}
	var all []Statistics
	for l := range o.style {
		s := Statistics{Mean: sums.mean[0][l], Second: sums.second[0][l]}
		for _, list := range [][]float64{s.Mean, s.Second} {
			for i := range list {
				list[i] /= o.counts[0][l]
			}
		}
		all = append(all, s)
	}
	if ranges == nil {
		return all, nil
	}
	fine := ranges.count()
	if _, err := o.statistics(ctx, p.Pixels, fine.see); err != nil {
		return nil, err
	}
	for l := range all {
		all[l].Quantiles = quantilesOf(fine.counts[l], ranges.low[l], ranges.high[l])
	}
	return all, nil
}

// forStatistics prepares pass 1 alone.
func (o *Objective) forStatistics(tile Tile) (err error) {
	for _, l := range o.spec.StyleLayers {
		layer, err := o.net.layer(l.Layer)
		if err != nil {
			return err
		}
		o.style = append(o.style, layer)
	}
	if o.layout, err = newLayout(o.style, o.h, o.w, tile); err != nil {
		return err
	}
	if err := o.count(); err != nil {
		return err
	}
	o.inputs = newInputs()
	o.sums, err = o.executor(o.buildSums)
	return err
}

// channelRanges are the least and greatest features of channels.
type channelRanges struct{ low, high [][]float64 } // [style layer][C]

func newChannelRanges(layers []Layer) *channelRanges {
	r := &channelRanges{}
	for _, l := range layers {
		low, high := make([]float64, l.Channels), make([]float64, l.Channels)
		for c := range low {
			low[c], high[c] = math.Inf(1), math.Inf(-1)
		}
		r.low, r.high = append(r.low, low), append(r.high, high)
	}
	return r
}

func (r *channelRanges) see() func(_, l int, features, weights []float32) {
	if r == nil {
		return nil
	}
	return func(_, l int, features, weights []float32) {
		low, high := r.low[l], r.high[l]
		for i, w := range weights {
			if w == 0 {
				continue
			}
			for c, v := range features[i*len(low) : (i+1)*len(low)] {
				low[c], high[c] = min(low[c], float64(v)), max(high[c], float64(v))
			}
		}
	}
}

// fineCounts are histograms between those.
type fineCounts struct {
	*channelRanges
	counts [][]float64 // [style layer][C fineBins]
}

func (r *channelRanges) count() *fineCounts {
	f := &fineCounts{channelRanges: r}
	for _, low := range r.low {
		f.counts = append(f.counts, make([]float64, len(low)*fineBins))
	}
	return f
}

func (f *fineCounts) see(_, l int, features, weights []float32) {
	low, high := f.low[l], f.high[l]
	for i, w := range weights {
		if w == 0 {
			continue
		}
		for c, v := range features[i*len(low) : (i+1)*len(low)] {
			k := 0
			if high[c] > low[c] {
				k = min(fineBins-1, int((float64(v)-low[c])/(high[c]-low[c])*fineBins))
			}
			f.counts[l][c*fineBins+k] += float64(w)
		}
	}
}
