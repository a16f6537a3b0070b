package learn

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/optim"
	"github.com/atelier-go/atelier/schedule"
)

// Finder is a learning rate range test (Smith, 2017): a mock training whose rate rises from From to To, so that one sees
// from where on the loss falls, and where it diverges.
type Finder struct {
	From, To float64 // zero means 1e-7 and 10
	Linear   bool    // the rate rises by the same amount each step instead of the same factor
	Steps    int     // zero means 100, or Epochs
	Epochs   float64 // of the phase's data; instead of Steps
	// StopDiv ends the test when the smoothed loss exceeds its best by StopDiv-1 times the best's size. Zero means 4; negative
	// never does. NaN always does.
	StopDiv float64
	// WeightDecays asks for a test for each. Empty means one, with the phase's own at its first step.
	WeightDecays []float64
	Phase        int // whose optimizer, momentum, data and frozen layers are used, from 0
}

// Curve is one range test.
type Curve struct {
	WeightDecay float64   `json:"weight_decay"`
	LR          []float64 `json:"lr"` // of the last layer group
	Loss        []float64 `json:"loss"`
	Smoothed    []float64 `json:"smoothed"`
	// Suggestions for a maximal learning rate; NaN where the curve is too short or never falls.
	Steepest    float64 `json:"-"` // where the smoothed loss falls fastest on the way to its lowest, over a tenth of the steps, per logarithm of the rate
	Valley      float64 `json:"-"` // two thirds into the longest fall (fastai's valley)
	MinimumOver float64 `json:"-"` // a tenth of the rate with the lowest smoothed loss
	Diverged    bool    `json:"diverged"`
}

func (f Finder) withDefaults() (Finder, error) {
	or := func(v *float64, d float64) {
		if *v == 0 {
			*v = d
		}
	}
	or(&f.From, 1e-7)
	or(&f.To, 10)
	or(&f.StopDiv, 4)
	switch {
	case !(f.From > 0 && f.To > f.From) || math.IsInf(f.To, 0):
		return f, fmt.Errorf("learn: finder: from %v to %v: want 0 < from < to", f.From, f.To)
	case f.Steps < 0 || !(f.Epochs >= 0 && f.Epochs <= maxSteps) || f.Steps > 0 && f.Epochs > 0 || f.Steps == 1 || f.Steps > maxSteps:
		return f, fmt.Errorf("learn: finder: %d steps and %v epochs: want one of them, and at least 2 steps", f.Steps, f.Epochs)
	case f.StopDiv > 0 && f.StopDiv <= 1:
		return f, fmt.Errorf("learn: finder: stop_div is %v: want more than 1, or a negative number for no limit", f.StopDiv)
	}
	for _, wd := range f.WeightDecays {
		if !(wd >= 0) || math.IsInf(wd, 0) {
			return f, fmt.Errorf("learn: finder: weight decay %v: want a number that is not negative", wd)
		}
	}
	return f, nil
}

// schedule is the rate's.
func (f Finder) schedule() schedule.Schedule {
	if f.Linear {
		return schedule.Linear{From: f.From, To: f.To}
	}
	return schedule.Exponential{From: f.From, To: f.To}
}

// Find runs the tests, one for each weight decay, all from the present weights. Afterwards the learner is as it was, to
// the bit: weights, the optimizer's state, random numbers and the order of data, whatever the error.
func (l *Learner) Find(ctx context.Context, f Finder) (curves []Curve, err error) {
	f, err = f.withDefaults()
	if err != nil {
		return nil, err
	}
	if f.Phase < 0 || f.Phase >= len(l.plan.phases) {
		return nil, fmt.Errorf("learn: finder: phase %d: want 0 to %d", f.Phase, len(l.plan.phases)-1)
	}
	phase := l.plan.phases[f.Phase]
	if f.Steps == 0 {
		f.Steps = 100
		if f.Epochs > 0 {
			f.Steps = max(2, int(math.Ceil(f.Epochs*float64(ceilDiv(phase.Data.Train.StepsPerEpoch(), phase.accumulate())))))
		}
	}
	was, err := l.keep()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.putBack(was)) }()
	decays := f.WeightDecays
	if len(decays) == 0 {
		decays = []float64{math.NaN()}
	}
	for _, wd := range decays {
		if err := l.putBack(was); err != nil {
			return nil, err
		}
		curve, err := l.rangeTest(ctx, f, phase, wd)
		if err != nil {
			return nil, err
		}
		curves = append(curves, *curve)
	}
	return curves, nil
}

// kept is the learner's state beside its configuration.
type kept struct {
	values    map[string]*tensors.Tensor
	trainable map[string]bool
	state     state
	proxy     *kept // nil without a proxy
}

// keep copies all variables.
func (l *Learner) keep() (*kept, error) {
	k := &kept{values: map[string]*tensors.Tensor{}, trainable: map[string]bool{}, state: l.state}
	for v := range l.store.IterVariables() {
		value, err := cloneValue(v)
		if err != nil {
			return nil, err
		}
		k.values[v.Path()], k.trainable[v.Path()] = value, v.Trainable
	}
	if l.chooser != nil {
		proxy, err := l.chooser.keep()
		if err != nil {
			return nil, err
		}
		k.proxy = proxy
	}
	return k, nil
}

// putBack makes the variables what they were, and removes those that were not there.
func (l *Learner) putBack(k *kept) error {
	l.dropTrainer()
	var gone []*model.Variable
	for v := range l.store.IterVariables() {
		if k.values[v.Path()] == nil {
			gone = append(gone, v)
		}
	}
	for _, v := range gone {
		if err := l.store.DeleteVariable(v.Path()); err != nil {
			return err
		}
	}
	for path, value := range k.values {
		copied, err := value.Clone()
		if err != nil {
			return err
		}
		v := l.store.GetVariable(path)
		if v == nil {
			if v, err = l.store.CreateVariable(path, copied); err != nil {
				return err
			}
		} else if err := v.SetValue(copied); err != nil {
			return err
		}
		v.SetTrainable(k.trainable[path])
	}
	l.state = k.state
	if k.proxy == nil {
		return nil
	}
	l.chooser.leave()
	return l.chooser.putBack(k.proxy)
}

// rangeTest trains with a rising rate.
func (l *Learner) rangeTest(ctx context.Context, f Finder, phase Phase, decay float64) (*Curve, error) {
	if _, err := l.enterPhase(f.Phase, 0, optim.CarryAuto); err != nil {
		return nil, err
	}
	// A learner of its own runs the steps: its state, and with it the epoch's metrics, is thrown away.
	mock := *l
	mock.state.Train = newMeters(l.config.Metrics)
	mock.trainer.learner = &mock
	mock.handlers, mock.ema = nil, ema{}
	s := &session{Learner: &mock, ctx: ctx, run: &Run{Plan: l.plan, learner: &mock}, phase: f.Phase}
	defer s.close()

	curve := &Curve{WeightDecay: decay}
	rates, smooth := f.schedule(), smoothed{}
	stop := StopPolicy{Div: max(0, f.StopDiv)}
	perEpoch := phase.Data.Train.StepsPerEpoch()
	run := stretch{perEpoch: perEpoch, next: 1, accumulate: phase.accumulate()}
	for k := range f.Steps {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		pos := Position{Step: k, Phase: f.Phase, K: k, N: f.Steps, Hyper: make([]optim.Hyper, l.plan.groups)}
		pos.Batch, pos.Batches, pos.EndsEpoch = run.batches(k)
		for g := range pos.Hyper {
			h := phase.hyper(g, 0, l.plan.runs[f.Phase].steps)
			if !math.IsNaN(decay) {
				h.WeightDecay = decay
			}
			curve.WeightDecay = h.WeightDecay
			h.LR = rates.At(k, f.Steps-1)
			if len(phase.LRScale) > 0 {
				h.LR *= phase.LRScale[g]
			}
			pos.Hyper[g] = h
		}
		s.run.Position, s.run.Hyper = pos, pos.Hyper
		if err := s.train(pos); err != nil {
			return nil, err
		}
		if s.diverged() { // the proxy, whose choice is of no use then
			curve.Diverged = true
			break
		}
		mean := smooth.add(s.run.Loss)
		if math.IsNaN(mean) || math.IsInf(mean, 0) {
			curve.Diverged = true
			break
		}
		curve.LR = append(curve.LR, rates.At(k, f.Steps-1))
		curve.Loss = append(curve.Loss, s.run.Loss)
		curve.Smoothed = append(curve.Smoothed, mean)
		if smooth.Count > 10 && stop.diverged(mean, smooth.Best) {
			curve.Diverged = true
			break
		}
	}
	curve.suggest()
	return curve, nil
}

// add takes a loss and returns the smoothed one.
func (m *smoothed) add(loss float64) float64 {
	m.Count++
	m.Sum = smoothing*m.Sum + (1-smoothing)*loss
	mean := m.Sum / (1 - math.Pow(smoothing, float64(m.Count)))
	if m.Count == 10 || m.Count > 10 && mean < m.Best {
		m.Best = mean
	}
	return mean
}

// suggest reads learning rates off the smoothed curve.
func (c *Curve) suggest() {
	c.Steepest, c.Valley, c.MinimumOver = math.NaN(), math.NaN(), math.NaN()
	// The first values are means of few losses, each as noisy as one.
	skip := c.noisy()
	n := len(c.Smoothed)
	if n-skip < 5 {
		return
	}
	low := skip
	for i := skip; i < n; i++ {
		if c.Smoothed[i] < c.Smoothed[low] {
			low = i
		}
	}
	if low == skip {
		return // it never falls
	}
	c.MinimumOver = c.LR[low] / 10
	steepest := 0.0
	reach := max(1, n/20) // over fewer steps the noise of batches is steeper than the curve
	for i := skip + reach; i < min(n-reach, low); i++ {
		slope := (c.Smoothed[i+reach] - c.Smoothed[i-reach]) / (math.Log(c.LR[i+reach]) - math.Log(c.LR[i-reach]))
		if slope < steepest {
			steepest, c.Steepest = slope, c.LR[i]
		}
	}
	start, end := longestFall(c.Smoothed[skip:])
	section := float64(end-start) / 3
	c.Valley = c.LR[skip+start+int(section)+int(section/2)]
}

// noisy is how many values at the curve's start say little: 10, as fastai's plots leave out, or a fifth of a short curve.
func (c *Curve) noisy() int { return min(10, len(c.Smoothed)/5) }

// longestFall is where the longest falling subsequence begins, counted back by its length as fastai does, and ends.
func longestFall(v []float64) (start, end int) {
	length := make([]int, len(v))
	for i := range v {
		length[i] = 1
		for j := range i {
			if v[i] < v[j] && length[i] < length[j]+1 {
				length[i] = length[j] + 1
			}
		}
		if length[i] > length[end] {
			end = i
		}
	}
	return max(0, end-length[end]), end
}
