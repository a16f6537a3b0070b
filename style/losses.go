package style

import (
	"github.com/gomlx/gomlx/core/graph"
)

// target is the statistics to reach at a layer, as nodes; root is Σ*^½ for the Wasserstein loss, else nil.
type target struct {
	moments
	root *node
}

// tiny keeps divisions by the size of a target that is black at a layer from being by zero.
const tiny = 1e-12

// ratio is a/b for b that may be 0.
func ratio(a, b *node) *node { return graph.Div(a, graph.AddScalar(b, tiny)) }

// momentLosses builds the losses that depend on moments alone, by name, without weights.
func momentLosses(spec Spec, m moments, t target) map[Loss]*node {
	losses := map[Loss]*node{}
	for _, l := range spec.Losses {
		switch l.Loss {
		case Gram:
			losses[Gram] = gramLoss(m.second, t.second, spec.Normalise)
		case Covariance:
			losses[Covariance] = graph.Add(
				ratio(squared(graph.Sub(m.covariance(), t.covariance())), squared(t.covariance())),
				ratio(squared(graph.Sub(m.mean, t.mean)), squared(t.mean)))
		case MeanVar:
			s, ts := m.deviations(t), t.deviations(t)
			losses[MeanVar] = ratio(
				graph.Add(squared(graph.Sub(m.mean, t.mean)), squared(graph.Sub(s, ts))),
				graph.Add(squared(t.mean), squared(ts)))
		case Wasserstein:
			losses[Wasserstein] = wasserstein(m, t)
		}
	}
	return losses
}

func gramLoss(second, want *node, normalise bool) *node {
	d := graph.Sub(second, want)
	if normalise {
		size := graph.StopGradient(graph.ReduceAllSum(graph.Abs(d)))
		return ratio(squared(d), size)
	}
	return ratio(squared(d), squared(want))
}

// deviations are the channels' standard deviations. A floor of a thousandth of the target's mean deviation keeps the
// gradient of the root finite for a channel that is constant.
func (m moments) deviations(t target) *node {
	floor := graph.MulScalar(graph.ReduceAllMean(diagonal(t.covariance())), 1e-6)
	return graph.Sqrt(graph.Max(diagonal(m.covariance()), graph.Add(graph.Abs(floor), graph.Const(m.mean.Graph(), float32(tiny)))))
}

// wasserstein is the loss of that name. Covariances get a thousandth of their mean eigenvalue on the diagonal, so that
// the iteration for the root converges.
func wasserstein(m moments, t target) *node {
	c := m.mean.Shape().Dim(0)
	scale := graph.AddScalar(graph.MulScalar(trace(t.covariance()), 1/float64(c)), tiny) // the mean eigenvalue
	regular := func(cov *node) *node {
		return graph.Add(graph.Div(cov, scale), graph.MulScalar(identity(cov.Graph(), c), 1e-3))
	}
	// root is that of the regular target, in units of scale.
	inner := graph.MatMul(graph.MatMul(t.root, regular(m.covariance())), t.root)
	cross := traceOfRoot(graph.MulScalar(graph.Add(inner, graph.Transpose(inner, 0, 1)), 0.5))
	bures := graph.Sub(graph.Add(trace(regular(m.covariance())), trace(regular(t.covariance()))), graph.MulScalar(cross, 2))
	distance := graph.Add(squared(graph.Sub(m.mean, t.mean)), graph.Mul(scale, bures))
	return ratio(distance, trace(t.second))
}
