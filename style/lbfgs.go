package style

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/optimize"
)

// lbfgs is limited-memory BFGS (Nocedal and Wright, Numerical Optimization, 2006, algorithm 7.4) with the line search of
// Moré and Thuente (1994) for the strong Wolfe conditions. History is dropped at a new scale.
//
// Pixels are not bounded on the way, but what is outside of 0 to 1 costs, so that the search for the next picture is that
// for an ordinary minimum.
type lbfgs struct {
	store int         // pairs to remember
	s, y  [][]float32 // differences of pictures and of gradients, the oldest first
	rho   []float64   // 1/sᵀy
	first float64     // mean change of a pixel that the first step tries

	at       optimize.Location // the picture that the last line search ended at, once evaluated
	losses   Losses            // there
	known    bool              // at has loss and gradient
	trial    optimize.Location // what a line search works with
	search   optimize.LinesearchMethod
	pixels   []float32 // what is evaluated, and its gradient
	gradient []float32
}

const (
	firstStep = 0.01
	// maxSearch is how many pictures a line search tries.
	maxSearch = 12
	// outside is what the mean squared distance of pixels from 0 to 1 costs.
	outside = 10
)

func newLBFGS(history int) *lbfgs { return &lbfgs{store: history, first: firstStep} }

func (l *lbfgs) start(x []float32, _, _ int) {
	l.forget()
	l.allocate(len(x))
	for i, v := range x {
		l.at.X[i] = float64(v)
	}
}

func (l *lbfgs) allocate(n int) {
	l.at = optimize.Location{X: make([]float64, n), Gradient: make([]float64, n)}
	l.trial = optimize.Location{X: make([]float64, n), Gradient: make([]float64, n)}
	l.search = optimize.LinesearchMethod{NextDirectioner: l}
	l.pixels, l.gradient = make([]float32, n), make([]float32, n)
	l.known = false
}

// forget drops the history, which leads nowhere any more.
func (l *lbfgs) forget() { l.s, l.y, l.rho = nil, nil, nil }

func (l *lbfgs) iterate(evaluate evaluator) (Losses, error) {
	if !l.known {
		if err := l.evaluate(evaluate, &l.at); err != nil {
			return l.losses, err
		}
		l.known = true
	}
	err := l.lineSearch(evaluate)
	if errors.Is(err, errNoProgress) && len(l.s) > 0 {
		// The history may be of no use any more: once more down the gradient.
		l.forget()
		err = l.lineSearch(evaluate)
	}
	return l.losses, err
}

// lineSearch moves to a better picture, and remembers the step.
func (l *lbfgs) lineSearch(evaluate evaluator) error {
	trial := &l.trial
	copy(trial.X, l.at.X)
	copy(trial.Gradient, l.at.Gradient)
	trial.F = l.at.F
	l.search.Linesearcher = &optimize.MoreThuente{DecreaseFactor: 1e-4, CurvatureFactor: 0.9}
	before := l.losses
	operation, err := l.search.Init(trial)
	for tried := 1; err == nil && operation != optimize.MajorIteration; tried++ {
		if err := l.evaluate(evaluate, trial); err != nil {
			l.losses = before
			return err
		}
		if tried == maxSearch {
			break
		}
		operation, err = l.search.Iterate(trial)
	}
	if err != nil || !(trial.F < l.at.F) {
		// What gonum's line search calls an error is that it can find nothing better.
		l.losses = before
		return errNoProgress
	}
	l.remember(trial)
	l.at, l.trial = l.trial, l.at
	return nil
}

// remember keeps what changed on the way to a location, unless the loss is not convex along it.
func (l *lbfgs) remember(to *optimize.Location) {
	var s, y []float32
	if len(l.s) == l.store {
		s, y = l.s[0], l.y[0]
		l.s, l.y, l.rho = l.s[1:], l.y[1:], l.rho[1:]
	} else {
		s, y = make([]float32, len(to.X)), make([]float32, len(to.X))
	}
	for i := range s {
		s[i] = float32(to.X[i] - l.at.X[i])
		y[i] = float32(to.Gradient[i] - l.at.Gradient[i])
	}
	if sy := dot(s, y); sy > 1e-10*dot(y, y) {
		l.s, l.y, l.rho = append(l.s, s), append(l.y, y), append(l.rho, 1/sy)
	}
}

// InitDirection and NextDirection are what gonum's line search asks: where to go from a picture, and how far at first.
func (l *lbfgs) InitDirection(at *optimize.Location, direction []float64) float64 {
	return l.NextDirection(at, direction)
}

// NextDirection is minus the inverse Hessian times the gradient.
func (l *lbfgs) NextDirection(at *optimize.Location, direction []float64) float64 {
	copy(direction, at.Gradient)
	k := len(l.s)
	a := make([]float64, k)
	for i := k - 1; i >= 0; i-- {
		a[i] = l.rho[i] * dotMixed(l.s[i], direction)
		addScaled(direction, -a[i], l.y[i])
	}
	if k > 0 {
		last := l.y[k-1]
		floats.Scale(1/(l.rho[k-1]*dot(last, last)), direction)
	}
	for i := range k {
		addScaled(direction, a[i]-l.rho[i]*dotMixed(l.y[i], direction), l.s[i])
	}
	floats.Scale(-1, direction)
	if k > 0 {
		return 1
	}
	return l.first * float64(len(direction)) / (floats.Norm(direction, 1) + math.SmallestNonzeroFloat32)
}

// evaluate computes loss and gradient of a picture, with what it costs to be outside.
func (l *lbfgs) evaluate(evaluate evaluator, at *optimize.Location) error {
	for i, v := range at.X {
		l.pixels[i] = float32(v)
	}
	losses, err := evaluate(l.pixels, l.gradient)
	if err != nil {
		return err
	}
	if !finite(losses, l.gradient) {
		return errNotFinite
	}
	n := float64(len(at.X))
	at.F = losses.Total
	for i, g := range l.gradient {
		d := at.X[i] - math.Min(1, math.Max(0, at.X[i]))
		at.F += outside / n * d * d
		at.Gradient[i] = float64(g) + 2*outside/n*d
	}
	l.losses = losses
	return nil
}

func (l *lbfgs) picture() []float32 {
	out := make([]float32, len(l.at.X))
	for i, v := range l.at.X {
		out[i] = float32(v)
	}
	clamp(out)
	return out
}

func (l *lbfgs) restart() {
	l.first *= smaller
	l.forget()
}

func dot(a, b []float32) (sum float64) {
	for i, v := range a {
		sum += float64(v) * float64(b[i])
	}
	return sum
}

func dotMixed(a []float32, b []float64) (sum float64) {
	for i, v := range a {
		sum += float64(v) * b[i]
	}
	return sum
}

func addScaled(to []float64, by float64, v []float32) {
	for i, x := range v {
		to[i] += by * float64(x)
	}
}

func (l *lbfgs) save(s *state) {
	s.Counts = map[string]int{"pairs": len(l.s)}
	s.Numbers = map[string]float64{"first": l.first}
	s.doubles = map[string][]float64{"x": l.at.X}
	s.tensors = map[string][]float32{}
	for i := range l.s {
		s.tensors[fmt.Sprint("s", i)], s.tensors[fmt.Sprint("y", i)] = l.s[i], l.y[i]
	}
}

func (l *lbfgs) load(s *state) error {
	x, err := s.takeDoubles("x")
	if err != nil {
		return err
	}
	l.first = s.Numbers["first"]
	l.allocate(len(x))
	l.at.X = x
	names := map[string]*[]float32{}
	pairs := s.Counts["pairs"]
	if pairs < 0 || pairs > l.store {
		return fmt.Errorf("it has %d steps of L-BFGS, want at most %d", pairs, l.store)
	}
	l.s, l.y, l.rho = make([][]float32, pairs), make([][]float32, pairs), make([]float64, pairs)
	for i := range pairs {
		names[fmt.Sprint("s", i)], names[fmt.Sprint("y", i)] = &l.s[i], &l.y[i]
	}
	if err := s.take(names); err != nil {
		return err
	}
	for i := range pairs {
		l.rho[i] = 1 / dot(l.s[i], l.y[i])
	}
	return nil
}
