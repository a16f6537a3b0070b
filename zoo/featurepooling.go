package zoo

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"

	"github.com/atelier-go/atelier/nn"
)

// FeaturePooling is what a feature network's pooling layers take of their windows. The published networks take maxima.
// Pictures that are optimized through the others have less grain (Gatys, Ecker and Bethge, 2016); their results are
// scaled to be, for natural features, about as large as the maximum, with the factors of style-transfer-pytorch (Crowson,
// 2021).
type FeaturePooling int

const (
	// MaxPooling takes the maximum.
	MaxPooling FeaturePooling = iota
	// MeanPooling takes twice the mean.
	MeanPooling
	// L2Pooling takes 1.56 times the root of the mean square: for windows of 2 by 2, 0.78 times the root of the sum.
	L2Pooling
)

var featurePoolings = []string{"max", "mean", "l2"}

// PoolingNamed is a pooling by its name: max, mean or l2.
func PoolingNamed(name string) (FeaturePooling, error) {
	for i, p := range featurePoolings {
		if p == name {
			return FeaturePooling(i), nil
		}
	}
	return 0, fmt.Errorf("zoo: there is no pooling %q; there are max, mean and l2", name)
}

func (p FeaturePooling) String() string {
	if p < 0 || int(p) >= len(featurePoolings) {
		return fmt.Sprintf("FeaturePooling(%d)", int(p))
	}
	return featurePoolings[p]
}

// pool is a pooling layer with a square window that moves by 2.
type pool struct {
	kernel int
	ceil   bool
}

func (p pool) build(_ *model.Scope, x *graph.Node, pooling FeaturePooling) *graph.Node {
	layer := nn.Pool{Kernel: nn.Side(p.kernel), Stride: nn.Side(2), Ceil: p.ceil}
	switch pooling {
	case MaxPooling:
		return layer.Max(x)
	case MeanPooling:
		return graph.MulScalar(layer.Mean(x), 2)
	case L2Pooling:
		return graph.MulScalar(layer.L2(x), 1.56/float64(p.kernel))
	default:
		exceptions.Panicf("zoo: unknown pooling %s of %s", pooling, x.Shape())
		return nil
	}
}

func (pool) channels(in int) int { return in }
func (p pool) window() window    { return window{kernel: p.kernel, stride: 2, ceil: p.ceil} }
func (pool) weights() []Weight   { return nil }
