package style

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Statistics are the moments of features at a layer, and per channel the quantiles for the histogram loss.
type Statistics struct {
	Mean, Second []float64 // [C], [C C]
	// Quantiles are per channel the values below which k of every histogramBins positions lie, k = 0 to histogramBins:
	// [C histogramBins+1]; nil without the histogram loss.
	Quantiles []float64
}

// StyleSource is a style picture at the size at which it is looked at.
type StyleSource struct {
	Picture
	Weight float64 // among the sources of its region; zero means 1
	Region int     // from 0
}

// Targets are what a picture is to come to: for each region and style layer statistics, and a content picture.
type Targets struct {
	Regions [][]Statistics // [region][style layer]
	Content Picture        // empty if content does not count; its features are computed at each scale
}

// NewTargets measures style pictures. Sources of the same region are blended by their weights: moments and quantiles are
// averaged (of raw second moments the average is that of the union of the pictures).
func NewTargets(ctx context.Context, n *Network, spec Spec, sources []StyleSource, tile Tile) (*Targets, error) {
	regions := 1
	for _, s := range sources {
		regions = max(regions, s.Region+1)
	}
	t := &Targets{}
	layers := spec.style()
	if layers == nil {
		return t, nil
	}
	t.Regions = make([][]Statistics, regions)
	total := make([]float64, regions)
	for i, s := range sources {
		what := fmt.Sprintf("style picture %d", i+1)
		if err := s.check(what); err != nil {
			return nil, err
		}
		if err := n.checkSize(what, layers, s.H, s.W); err != nil {
			return nil, err
		}
		w := s.Weight
		if w == 0 {
			w = 1
		}
		if !(w > 0) || math.IsInf(w, 0) || s.Region < 0 {
			return nil, fmt.Errorf("style: %s has weight %v in region %d: want a positive weight", what, s.Weight, s.Region)
		}
		stats, err := measure(ctx, n, spec, s.Picture, tile)
		if err != nil {
			return nil, err
		}
		total[s.Region] += w
		t.Regions[s.Region] = blend(t.Regions[s.Region], stats, w/total[s.Region])
	}
	for r := range t.Regions {
		if t.Regions[r] == nil {
			return nil, fmt.Errorf("style: region %d has no style picture", r+1)
		}
	}
	return t, nil
}

// blend moves old a part of the way to stats.
func blend(old, stats []Statistics, part float64) []Statistics {
	if old == nil {
		return stats
	}
	mix := func(a, b []float64) {
		for i := range a {
			a[i] += part * (b[i] - a[i])
		}
	}
	for l := range old {
		mix(old[l].Mean, stats[l].Mean)
		mix(old[l].Second, stats[l].Second)
		mix(old[l].Quantiles, stats[l].Quantiles)
	}
	return old
}

// root is the symmetric root of the regular covariance that the Wasserstein loss uses: Σ/scale + 1e-3, scale the mean
// eigenvalue. [C C]
func (s Statistics) root() ([]float32, error) {
	c := len(s.Mean)
	cov := mat.NewSymDense(c, nil)
	mean := 0.0
	for i := range c {
		for j := i; j < c; j++ {
			cov.SetSym(i, j, s.Second[i*c+j]-s.Mean[i]*s.Mean[j])
		}
		mean += cov.At(i, i) / float64(c)
	}
	mean += tiny
	cov.ScaleSym(1/mean, cov)
	for i := range c {
		cov.SetSym(i, i, cov.At(i, i)+1e-3)
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(cov, true) {
		return nil, fmt.Errorf("style: the covariance of a style layer with %d channels has no eigenvalues: it is not finite", c)
	}
	var v mat.Dense
	eigen.VectorsTo(&v)
	values := eigen.Values(nil)
	scaled := mat.NewDense(c, c, nil)
	scaled.Apply(func(_, j int, x float64) float64 { return x * math.Sqrt(math.Max(values[j], 0)) }, &v)
	var root mat.Dense
	root.Mul(scaled, v.T())
	out := make([]float32, c*c)
	for i := range c {
		for j := range c {
			out[i*c+j] = float32((root.At(i, j) + root.At(j, i)) / 2)
		}
	}
	return out, nil
}
