package style

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/blas/blas32"
	"gonum.org/v1/gonum/optimize"
)

// lbfgs is limited-memory BFGS (Nocedal and Wright, Numerical Optimization, 2006, algorithm 7.4) with the line search of
// Moré and Thuente (1994) for the strong Wolfe conditions. History is dropped at a new scale. It takes the memory of five
// pictures, and of two for each step that it remembers; sums over pixels are made in float64.
//
// Pixels are not bounded on the way, but what is outside of 0 to 1 costs, so that the search for the next picture is that
// for an ordinary minimum.
type lbfgs struct {
	store int        // steps to remember
	steps []bfgsStep // the oldest first
	first float64    // mean change of a pixel that the first step tries

	at, trial place     // the picture reached, and what a line search tries
	known     bool      // at has loss and gradient
	direction []float32 // of the line search
}

// place is a picture with its loss.
type place struct {
	x, gradient []float32
	value       float64 // of the loss with what it costs to be outside
	losses      Losses
}

// bfgsStep is what changed from a picture to the next: s the picture, y the gradient.
type bfgsStep struct {
	s, y []float32
	rho  float64 // 1/sᵀy
}

const (
	firstStep = 0.01
	// maxSearch is how many pictures a line search tries.
	maxSearch = 12
	// outside is what the mean squared distance of pixels from 0 to 1 costs: so much that cutting them off at the end
	// changes hardly anything. With a tenth of it saturated paintings lose a quarter of what they have gained in style.
	outside = 100
)

func newLBFGS(history int) *lbfgs { return &lbfgs{store: history, first: firstStep} }

func (l *lbfgs) start(x []float32, _, _ int) {
	l.forget()
	l.at.x = x
	l.allocate()
}

// allocate makes everything else as large as the picture.
func (l *lbfgs) allocate() {
	n := len(l.at.x)
	l.at.gradient, l.direction = make([]float32, n), make([]float32, n)
	l.trial = place{x: make([]float32, n), gradient: make([]float32, n)}
	l.known = false
}

// forget drops the history, which leads nowhere any more.
func (l *lbfgs) forget() { l.steps = nil }

func (l *lbfgs) iterate(evaluate evaluator) (Losses, error) {
	if !l.known {
		if err := l.at.evaluate(evaluate); err != nil {
			return l.at.losses, err
		}
		l.known = true
	}
	err := l.lineSearch(evaluate)
	if errors.Is(err, errNoProgress) && len(l.steps) > 0 {
		// The history may be of no use any more: once more down the gradient.
		l.forget()
		err = l.lineSearch(evaluate)
	}
	if errors.Is(err, errNotFinite) {
		return l.trial.losses, err
	}
	return l.at.losses, err
}

// lineSearch moves to a better picture, and remembers the step.
func (l *lbfgs) lineSearch(evaluate evaluator) error {
	step := l.direct()
	slope := dot(l.at.gradient, l.direction)
	if !(slope < 0) || !(step > 0) || math.IsInf(step, 0) {
		return errNoProgress
	}
	search := optimize.MoreThuente{DecreaseFactor: 1e-4, CurvatureFactor: 0.9}
	search.Init(l.at.value, slope, step)
	for range maxSearch {
		l.try(step)
		if err := l.trial.evaluate(evaluate); err != nil {
			return err
		}
		var operation optimize.Operation
		var err error
		operation, step, err = search.Iterate(l.trial.value, dot(l.trial.gradient, l.direction))
		if operation == optimize.MajorIteration || err != nil {
			break // what gonum calls an error is that it can find nothing better
		}
	}
	if !(l.trial.value < l.at.value) {
		return errNoProgress
	}
	l.remember()
	l.at, l.trial = l.trial, l.at
	return nil
}

// try makes the picture that is so many times the direction away.
func (l *lbfgs) try(step float64) {
	by := float32(step)
	for i, d := range l.direction {
		l.trial.x[i] = l.at.x[i] + float32(by*d)
	}
}

// remember keeps what changed on the way to the trial, unless the loss is not convex along it.
func (l *lbfgs) remember() {
	var kept bfgsStep
	if len(l.steps) == l.store {
		kept, l.steps = l.steps[0], l.steps[1:] // its memory serves again
	} else {
		kept = bfgsStep{s: make([]float32, len(l.at.x)), y: make([]float32, len(l.at.x))}
	}
	for i := range kept.s {
		kept.s[i] = l.trial.x[i] - l.at.x[i]
		kept.y[i] = l.trial.gradient[i] - l.at.gradient[i]
	}
	if sy := dot(kept.s, kept.y); sy > 1e-10*dot(kept.y, kept.y) {
		kept.rho = 1 / sy
		l.steps = append(l.steps, kept)
	}
}

// direct sets the direction to minus the inverse Hessian times the gradient, and says how many times as far to go at first.
func (l *lbfgs) direct() float64 {
	d := l.direction
	copy(d, l.at.gradient)
	k := len(l.steps)
	a := make([]float64, k)
	for i := k - 1; i >= 0; i-- {
		a[i] = l.steps[i].rho * dot(l.steps[i].s, d)
		addScaled(d, -a[i], l.steps[i].y)
	}
	if k > 0 {
		last := l.steps[k-1]
		scale(d, 1/(last.rho*dot(last.y, last.y)))
	}
	for i, step := range l.steps {
		addScaled(d, a[i]-step.rho*dot(step.y, d), step.s)
	}
	scale(d, -1)
	if k > 0 {
		return 1
	}
	return l.first * float64(len(d)) / sumAbs(d)
}

// evaluate computes the loss of the picture and its gradient, with what it costs to be outside.
func (p *place) evaluate(evaluate evaluator) error {
	losses, err := evaluate(p.x, p.gradient)
	if err != nil {
		return err
	}
	p.losses = losses
	if !finite(losses, p.gradient) {
		return errNotFinite
	}
	cost, slope := 0.0, float32(2*outside/float64(len(p.x)))
	for i, v := range p.x {
		if d := v - min(1, max(0, v)); d != 0 {
			cost += float64(d) * float64(d)
			p.gradient[i] += slope * d
		}
	}
	p.value = losses.Total + outside*cost/float64(len(p.x))
	return nil
}

func (l *lbfgs) picture() []float32 {
	out := make([]float32, len(l.at.x))
	copy(out, l.at.x)
	clamp(out)
	return out
}

func (l *lbfgs) restart() {
	l.first *= smaller
	l.forget()
}

func vectorOf(v []float32) blas32.Vector { return blas32.Vector{N: len(v), Data: v, Inc: 1} }

func dot(a, b []float32) float64 { return blas32.DDot(vectorOf(a), vectorOf(b)) }

// addScaled adds by times v.
func addScaled(to []float32, by float64, v []float32) {
	blas32.Axpy(float32(by), vectorOf(v), vectorOf(to))
}

func scale(v []float32, by float64) { blas32.Scal(float32(by), vectorOf(v)) }

func (l *lbfgs) save(s *state) {
	s.Counts = map[string]int{"steps": len(l.steps)}
	s.Numbers = map[string]float64{"first": l.first}
	s.tensors = map[string][]float32{"x": l.at.x}
	for i, step := range l.steps {
		s.tensors[fmt.Sprint("s", i)], s.tensors[fmt.Sprint("y", i)] = step.s, step.y
	}
}

func (l *lbfgs) load(s *state) error {
	n := s.Counts["steps"]
	if n < 0 || n > l.store {
		return fmt.Errorf("it has %d steps of L-BFGS, want at most %d", n, l.store)
	}
	l.first, l.steps = s.Numbers["first"], make([]bfgsStep, n)
	names := map[string]*[]float32{"x": &l.at.x}
	for i := range l.steps {
		names[fmt.Sprint("s", i)], names[fmt.Sprint("y", i)] = &l.steps[i].s, &l.steps[i].y
	}
	if err := s.take(names); err != nil {
		return err
	}
	for i := range l.steps {
		l.steps[i].rho = 1 / dot(l.steps[i].s, l.steps[i].y)
	}
	l.allocate()
	return nil
}
