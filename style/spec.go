package style

import (
	"errors"
	"fmt"
	"math"
)

// LayerWeight is a layer and how much it counts.
type LayerWeight struct {
	Layer  string  `json:"layer"`
	Weight float64 `json:"weight"`
}

// Loss is a way to compare the statistics of features.
type Loss string

// The losses of style. f are the features at a layer, E the mean over positions, μ = E f, M = E ffᵀ, Σ = M - μμᵀ; a star
// marks the target's. Each is 0 where the statistics are the target's and about 1 where they are all zero.
const (
	// Gram is ‖M - M*‖²/‖M*‖² (Gatys, Ecker and Bethge, 2015, up to the constant).
	Gram Loss = "gram"
	// Covariance is ‖Σ - Σ*‖²/‖Σ*‖² + ‖μ - μ*‖²/‖μ*‖².
	Covariance Loss = "covariance"
	// MeanVar is (‖μ - μ*‖² + ‖σ - σ*‖²)/(‖μ*‖² + ‖σ*‖²), σ the channels' standard deviations (Li et al., 2017).
	MeanVar Loss = "mean-var"
	// Wasserstein is the squared 2-Wasserstein distance of the Gaussians with these moments, over E‖f*‖²:
	// (‖μ - μ*‖² + tr(Σ + Σ* - 2(Σ*^½ Σ Σ*^½)^½))/tr M*.
	Wasserstein Loss = "wasserstein"
	// Histogram is E(f - r)²/E f*², r being f moved so that each channel has the target's histogram (Risser et al., 2017).
	Histogram Loss = "histogram"
)

// AllLosses are the names of the losses.
var AllLosses = []Loss{Gram, Covariance, MeanVar, Wasserstein, Histogram}

// LossWeight is a loss and how much it counts.
type LossWeight struct {
	Loss   Loss    `json:"loss"`
	Weight float64 `json:"weight"`
}

// Spec is what a picture is judged by:
//
//	Content·Σ w·‖F - F*‖²/‖F*‖²  over content layers, F* the content picture's features
//	+ Style·Σ w·Σ v·loss         over style layers and losses
//	+ TV·tv                      the mean squared difference of neighbouring pixels
//
// All terms are relative, so that the same weights suit all networks and sizes.
type Spec struct {
	ContentLayers, StyleLayers []LayerWeight
	Losses                     []LossWeight
	Content, Style, TV         float64
	// Normalise divides a Gram term by the sum of the absolute differences instead of by the target's norm, so that each
	// layer's gradient, as that of its Gram matrix, has the size 1 whatever the distance.
	Normalise bool
}

func (s Spec) check(n *Network) error {
	var problems []error
	for _, part := range []struct {
		what   string
		layers []LayerWeight
	}{{"content", s.ContentLayers}, {"style", s.StyleLayers}} {
		for _, l := range part.layers {
			if _, err := n.layer(l.Layer); err != nil {
				problems = append(problems, err)
			}
			if !(l.Weight > 0) || math.IsInf(l.Weight, 0) {
				problems = append(problems, fmt.Errorf("style: the weight of %s layer %s is %v: want a number above 0", part.what, l.Layer, l.Weight))
			}
		}
	}
	for _, l := range s.Losses {
		if !known(l.Loss) {
			problems = append(problems, fmt.Errorf("style: there is no loss %q: want some of %v", l.Loss, AllLosses))
		}
		if !(l.Weight > 0) || math.IsInf(l.Weight, 0) {
			problems = append(problems, fmt.Errorf("style: the weight of loss %s is %v: want a number above 0", l.Loss, l.Weight))
		}
	}
	for _, w := range []struct {
		what  string
		value float64
	}{{"content", s.Content}, {"style", s.Style}, {"total variation", s.TV}} {
		if !(w.value >= 0) || math.IsInf(w.value, 0) {
			problems = append(problems, fmt.Errorf("style: the weight of %s is %v: want a number that is not negative", w.what, w.value))
		}
	}
	if s.content() == nil && s.style() == nil {
		problems = append(problems, errors.New("style: nothing to paint: neither content nor style has a weight and layers"))
	}
	return errors.Join(problems...)
}

func known(l Loss) bool {
	for _, k := range AllLosses {
		if l == k {
			return true
		}
	}
	return false
}

// content are the content layers that count.
func (s Spec) content() []LayerWeight {
	if s.Content == 0 {
		return nil
	}
	return s.ContentLayers
}

// style are the style layers that count.
func (s Spec) style() []LayerWeight {
	if s.Style == 0 || len(s.Losses) == 0 {
		return nil
	}
	return s.StyleLayers
}

// has tells whether a loss counts, and how much.
func (s Spec) has(l Loss) (weight float64, ok bool) {
	for _, w := range s.Losses {
		if w.Loss == l {
			weight += w.Weight
			ok = true
		}
	}
	return weight, ok
}

// means tells whether a loss asks for features' means, not for their second moments alone.
func (s Spec) means() bool {
	for _, l := range s.Losses {
		if l.Loss == Covariance || l.Loss == MeanVar || l.Loss == Wasserstein {
			return true
		}
	}
	return false
}

// Losses is the value of a picture by its parts, weights included.
type Losses struct {
	Total, Content, Style, TV float64
	Parts                     map[string]float64 // "content relu3_3", "gram relu1_1", without the weights of Spec
}
