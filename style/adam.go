package style

import (
	"math"
	"slices"

	"github.com/atelier-go/atelier/imageio"
)

// Exponential decay of Adam's moments, and what keeps a division from being by zero.
const (
	adamBeta1 = 0.9
	adamBeta2 = 0.99
	adamEps   = 1e-8
)

// adam is Adam as crowsonkb's style-transfer-pytorch has it: pixels stay within 0 to 1, moments are resized with the
// picture at a new scale, and the result is a moving average of iterates, begun anew at each scale. Differs from it: losses
// are relative to the picture's size, so moments are scaled too, by the change of the number of pixels and its square.
type adam struct {
	rate, decay float64
	h, w        int
	steps       int // over all scales
	x, m, v     []float32
	gradient    []float32
	average     []float32 // Σ of iterates with weights that add up to 1 - decay^averaged; nil where none is averaged
	averaged    int
}

func newAdam(rate, average float64) *adam {
	return &adam{rate: rate, decay: max(0, average)}
}

func (a *adam) start(x []float32, h, w int) {
	if a.m == nil {
		a.m, a.v = make([]float32, len(x)), make([]float32, len(x))
	} else if h != a.h || w != a.w {
		ratio := float32(a.h*a.w) / float32(h*w)
		a.m = resized(a.m, a.h, a.w, 3, h, w, imageio.Bicubic)
		a.v = resized(a.v, a.h, a.w, 3, h, w, imageio.Bilinear)
		for i := range a.m {
			a.m[i] *= ratio
			a.v[i] = max(0, a.v[i]) * ratio * ratio
		}
	}
	a.h, a.w, a.x, a.averaged = h, w, x, 0
	a.gradient = make([]float32, len(x))
	a.average = nil
	if a.decay > 0 {
		a.average = make([]float32, len(x))
	}
}

func (a *adam) iterate(evaluate evaluator) (Losses, error) {
	losses, err := evaluate(a.x, a.gradient)
	if err != nil {
		return losses, err
	}
	if !finite(losses, a.gradient) {
		// Steps are bounded by the rate, so the picture itself is sound, and the average of those before it is.
		if a.averaged > 0 {
			copy(a.x, a.picture())
		}
		return losses, errNotFinite
	}
	a.include()
	a.steps++
	step := a.rate / (1 - math.Pow(adamBeta1, float64(a.steps)))
	unbias := 1 / (1 - math.Pow(adamBeta2, float64(a.steps)))
	for i, g := range a.gradient {
		a.m[i] += (1 - adamBeta1) * (g - a.m[i])
		a.v[i] += (1 - adamBeta2) * (g*g - a.v[i])
		moved := a.x[i] - float32(step*float64(a.m[i])/(math.Sqrt(float64(a.v[i])*unbias)+adamEps))
		a.x[i] = min(1, max(0, moved))
	}
	return losses, nil
}

// include adds the iterate to the average.
func (a *adam) include() {
	a.averaged++
	for i := range a.average {
		a.average[i] += float32(1-a.decay) * (a.x[i] - a.average[i])
	}
}

func (a *adam) picture() []float32 {
	if a.average == nil || a.averaged == 0 {
		return slices.Clone(a.x)
	}
	out := make([]float32, len(a.x))
	unbias := float32(1 / (1 - math.Pow(a.decay, float64(a.averaged))))
	for i, v := range a.average {
		out[i] = min(1, max(0, v*unbias))
	}
	return out
}

func (a *adam) restart() {
	a.rate *= smaller
	clear(a.m)
	clear(a.v)
	a.steps = 0
}

func (a *adam) save(s *state) {
	s.Counts = map[string]int{"steps": a.steps, "averaged": a.averaged}
	s.Numbers = map[string]float64{"rate": a.rate}
	s.tensors = map[string][]float32{"x": a.x, "m": a.m, "v": a.v}
	if a.average != nil {
		s.tensors["average"] = a.average
	}
}

func (a *adam) load(s *state) error {
	a.h, a.w = s.Height, s.Width
	a.steps, a.averaged, a.rate = s.Counts["steps"], s.Counts["averaged"], s.Numbers["rate"]
	names := map[string]*[]float32{"x": &a.x, "m": &a.m, "v": &a.v}
	if a.decay > 0 {
		names["average"] = &a.average
	}
	if err := s.take(names); err != nil {
		return err
	}
	a.gradient = make([]float32, len(a.x))
	return nil
}
