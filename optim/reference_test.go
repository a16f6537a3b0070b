package optim_test

import (
	"math"

	"github.com/atelier-go/atelier/optim"
)

// reference is an update rule for one parameter in float64, written from the papers and PyTorch's documentation, which
// the package's are compared with. It returns what to subtract from w. Weight decay that is not coupled is 0 in h;
// adapt says whether layer-wise rates apply. The first call is step 1.
type reference func(w, g []float64, h optim.Hyper, adapt bool) []float64

func euclid(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v * v
	}
	return math.Sqrt(sum)
}

// combine is a·x + b·y.
func combine(a float64, x []float64, b float64, y []float64) []float64 {
	out := make([]float64, len(x))
	for i := range x {
		out[i] = a*x[i] + b*y[i]
	}
	return out
}

func scaled(a float64, x []float64) []float64 { return combine(a, x, 0, x) }

func refSGD(dampening float64, nesterov bool) reference {
	var buffer []float64
	return func(w, g []float64, h optim.Hyper, _ bool) []float64 {
		g = combine(1, g, h.WeightDecay, w)
		if buffer == nil {
			buffer = append([]float64{}, g...)
		} else {
			buffer = combine(h.Momentum, buffer, 1-dampening, g)
		}
		if nesterov {
			return scaled(h.LR, combine(1, g, h.Momentum, buffer))
		}
		return scaled(h.LR, buffer)
	}
}

func refRMSProp(eps float64, centered bool) reference {
	var square, mean, buffer []float64
	return func(w, g []float64, h optim.Hyper, _ bool) []float64 {
		g = combine(1, g, h.WeightDecay, w)
		if square == nil {
			square, mean, buffer = make([]float64, len(g)), make([]float64, len(g)), make([]float64, len(g))
		}
		for i, v := range g {
			square[i] = h.Beta2*square[i] + (1-h.Beta2)*v*v
			mean[i] = h.Beta2*mean[i] + (1-h.Beta2)*v
			spread := square[i]
			if centered {
				spread -= mean[i] * mean[i]
			}
			buffer[i] = h.Momentum*buffer[i] + v/(math.Sqrt(spread)+eps)
		}
		return scaled(h.LR, buffer)
	}
}

// refMoments is m̂ and v̂ of Adam. The weights of all gradients in a mean that starts as 0 add up to less than 1 while
// it is young; they are kept, and added up, to correct it.
func refMoments() func(g []float64, beta1, beta2 float64) (mean, square []float64) {
	var m, v []float64
	var weight1, weight2 float64
	return func(g []float64, beta1, beta2 float64) (mean, square []float64) {
		if m == nil {
			m, v = make([]float64, len(g)), make([]float64, len(g))
		}
		for i, x := range g {
			m[i] = beta1*m[i] + (1-beta1)*x
			v[i] = beta2*v[i] + (1-beta2)*x*x
		}
		weight1 = beta1*weight1 + 1 - beta1
		weight2 = beta2*weight2 + 1 - beta2
		return scaled(1/weight1, m), scaled(1/weight2, v)
	}
}

func refAdam(eps float64) reference {
	moments := refMoments()
	return func(w, g []float64, h optim.Hyper, _ bool) []float64 {
		m, v := moments(combine(1, g, h.WeightDecay, w), h.Momentum, h.Beta2)
		for i := range m {
			m[i] *= h.LR / (math.Sqrt(v[i]) + eps)
		}
		return m
	}
}

func refRatio(trust, eps float64, w, g []float64, decay float64) float64 {
	wn, gn := euclid(w), euclid(g)
	if wn == 0 || gn == 0 {
		return 1
	}
	return trust * wn / (gn + decay*wn + eps)
}

func refLARS(trust, eps float64) reference {
	var velocity []float64
	return func(w, g []float64, h optim.Hyper, adapt bool) []float64 {
		ratio := 1.0
		if adapt {
			ratio = refRatio(trust, eps, w, g, h.WeightDecay)
		}
		if velocity == nil {
			velocity = make([]float64, len(w))
		}
		velocity = combine(h.Momentum, velocity, h.LR*ratio, combine(1, g, h.WeightDecay, w))
		return velocity
	}
}

func refLARC(trust, eps float64, scale, nesterov bool) reference {
	sgd := refSGD(0, nesterov)
	return func(w, g []float64, h optim.Hyper, adapt bool) []float64 {
		d := combine(1, g, h.WeightDecay, w)
		if adapt {
			ratio := refRatio(trust, eps, w, g, h.WeightDecay)
			if !scale {
				ratio = math.Min(ratio/h.LR, 1)
			}
			d = scaled(ratio, d)
		}
		h.WeightDecay = 0
		return sgd(w, d, h, adapt)
	}
}

func refLAMB(eps float64, clip bool) reference {
	moments := refMoments()
	return func(w, g []float64, h optim.Hyper, adapt bool) []float64 {
		u, v := moments(g, h.Momentum, h.Beta2)
		for i := range u {
			u[i] = u[i]/(math.Sqrt(v[i])+eps) + h.WeightDecay*w[i]
		}
		ratio := 1.0
		if wn, un := euclid(w), euclid(u); adapt && wn != 0 && un != 0 {
			ratio = wn / un
		}
		if clip {
			ratio = math.Min(ratio, 1)
		}
		return scaled(h.LR*ratio, u)
	}
}

// refLookahead wraps the weights: given what they are after the fast step, it returns what they are then.
func refLookahead(steps int, alpha float64, start []float64) func(w []float64) []float64 {
	slow, n := append([]float64{}, start...), 0
	return func(w []float64) []float64 {
		if n++; n%steps != 0 {
			return w
		}
		slow = combine(1-alpha, slow, alpha, w)
		return append([]float64{}, slow...)
	}
}
