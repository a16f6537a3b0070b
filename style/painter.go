package style

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// painter is a painting at work.
type painter struct {
	o      Options
	report func(Step) error
	plan   Plan
	method method
	result *Result

	began    time.Time
	before   time.Duration // of the processes before this one
	deadline time.Time     // zero for none
	hash     string        // of the painting, for its state
	resumed  *state        // until its scale has begun
	saved    time.Time
	scale    int
	totals   []float64 // losses of the scale's iterations
	last     Losses
	worked   float64 // in units of PlannedScale.work, by this process
	canvas   *canvas
}

// begin makes a plan, or takes that of the state.
func (p *painter) begin(ctx context.Context) error {
	p.result = &Result{}
	p.saved = p.began
	if p.o.TimeBudget > 0 {
		p.deadline = p.began.Add(p.o.TimeBudget)
	}
	if p.o.State != "" {
		if err := p.resume(); err != nil {
			return err
		}
	}
	if p.resumed == nil {
		var err error
		if p.plan, err = p.o.planned(ctx); err != nil {
			return err
		}
	}
	switch p.o.Optimizer {
	case Adam:
		p.method = newAdam(p.o.LearningRate, p.o.Average)
	case LBFGS:
		p.method = newLBFGS(p.plan.History)
	}
	return p.plan.check(p.o)
}

// resume reads the state, if there is one.
func (p *painter) resume() error {
	var err error
	if p.hash, err = p.o.painting(); err != nil {
		return err
	}
	s, err := readState(p.o.State)
	if err != nil || s == nil {
		return err
	}
	if err := s.check(p.hash); err != nil {
		return fmt.Errorf("style: %s: %w", p.o.State, err)
	}
	p.resumed, p.plan, p.before = s, s.Plan, time.Duration(s.Seconds*float64(time.Second))
	p.result.Resumed, p.result.Restarted = true, s.Restarted
	for i, n := range s.Done {
		done := s.Plan.Scales[i]
		p.result.Scales = append(p.result.Scales, ScaleResult{Height: done.Height, Width: done.Width, Iterations: n, Ended: Finished})
	}
	return nil
}

func (p *painter) elapsed() time.Duration { return p.before + time.Since(p.began) }

// late tells whether the time is over.
func (p *painter) late() bool { return !p.deadline.IsZero() && time.Now().After(p.deadline) }

// paint goes through the scales.
func (p *painter) paint(ctx context.Context) error {
	if p.resumed != nil {
		p.scale = p.resumed.Scale
	}
	for ; p.scale < len(p.plan.Scales); p.scale++ {
		if n := len(p.result.Scales); p.late() && n > 0 && p.resumed == nil {
			p.result.Scales[n-1].Ended = OutOfTime
			break
		}
		ended, err := p.paintScale(ctx)
		if err != nil {
			return err
		}
		if ended == OutOfTime {
			break
		}
	}
	if p.o.State == "" {
		return nil
	}
	return removeState(p.o.State)
}

// paintScale paints at a scale, from what the one before has left.
func (p *painter) paintScale(ctx context.Context) (Ended, error) {
	s := p.plan.Scales[p.scale]
	canvas, err := newCanvas(ctx, p.o, s.Height, s.Width, s.tile())
	switch {
	case err != nil && ctx.Err() != nil:
		return "", errors.Join(err, p.saveBetween())
	case err != nil:
		return "", err
	}
	p.canvas = canvas
	defer p.canvas.objective.Close()
	if err := p.start(s); err != nil {
		return "", err
	}
	ended, err := p.iterate(ctx, s)
	p.result.Picture = p.picture()
	p.result.Scales = append(p.result.Scales, ScaleResult{Height: s.Height, Width: s.Width,
		Iterations: len(p.totals), Losses: p.last, Ended: ended})
	return ended, err
}

// start gives the method its first picture of a scale, or its state.
func (p *painter) start(s PlannedScale) error {
	if p.resumed != nil {
		if err := p.method.load(p.resumed); err != nil {
			return fmt.Errorf("style: %s: %w", p.o.State, err)
		}
		p.totals, p.resumed = p.resumed.Totals, nil
		return nil
	}
	p.totals = nil
	if p.scale == 0 {
		p.method.start(p.o.first(p.o.PreserveColour.contentFor(p.canvas.content), s.Height, s.Width), s.Height, s.Width)
		return nil
	}
	old := p.plan.Scales[p.scale-1]
	x := Picture{H: old.Height, W: old.Width, Pixels: p.method.picture()}.Resized(s.Height, s.Width)
	p.method.start(x.Pixels, s.Height, s.Width)
	return nil
}

// picture is the painting as it is, with the colours that it is to have.
func (p *painter) picture() Picture {
	out := Picture{H: p.canvas.h, W: p.canvas.w, Pixels: p.method.picture()}
	p.o.PreserveColour.finish(out.Pixels, p.canvas.content)
	return out
}

// iterate makes a scale's iterations.
func (p *painter) iterate(ctx context.Context, s PlannedScale) (Ended, error) {
	evaluate := func(x, gradient []float32) (Losses, error) {
		if err := ctx.Err(); err != nil {
			return Losses{}, err
		}
		return p.canvas.objective.Evaluate(ctx, x, gradient)
	}
	for len(p.totals) < s.Iterations {
		if converged(p.totals, p.o.Tolerance) {
			return Converged, nil
		}
		if p.late() && len(p.totals) > 0 {
			return OutOfTime, nil
		}
		losses, err := p.method.iterate(evaluate)
		switch {
		case errors.Is(err, errNoProgress):
			return Converged, nil
		case errors.Is(err, errNotFinite):
			if p.result.Restarted {
				return Diverged, &DivergedError{Scale: p.scale + 1, Iteration: len(p.totals) + 1, Loss: losses.Total}
			}
			p.result.Restarted = true
			p.method.restart()
			continue
		case err != nil:
			return Stopped, errors.Join(err, p.save())
		}
		p.totals, p.last = append(p.totals, losses.Total), losses
		p.worked += s.work()
		if err := p.tell(s); err != nil {
			return Stopped, errors.Join(err, p.save())
		}
		if time.Since(p.saved) > p.o.StateEvery {
			if err := p.save(); err != nil {
				return Stopped, err
			}
		}
	}
	return Finished, nil
}

// tell reports the last iteration.
func (p *painter) tell(s PlannedScale) error {
	before, after := 0.0, s.work()*float64(s.Iterations-len(p.totals))
	for i, other := range p.plan.Scales {
		switch work := other.work() * float64(other.Iterations); {
		case i < p.scale:
			before += work
		case i > p.scale:
			after += work
		}
	}
	before += s.work() * float64(len(p.totals))
	step := Step{
		Scale: p.scale + 1, Scales: len(p.plan.Scales), Height: s.Height, Width: s.Width,
		Iteration: len(p.totals), Iterations: s.Iterations, Losses: p.last,
		Elapsed: p.elapsed(), Remaining: time.Duration(float64(time.Since(p.began)) * after / p.worked),
		Done: before / (before + after), picture: p.picture,
	}
	if err := writeTrace(p.o.Trace, step); err != nil {
		return err
	}
	if p.report == nil {
		return nil
	}
	return p.report(step)
}

// save writes the state.
func (p *painter) save() error { return p.saveAt(p.scale, p.result.Scales) }

// saveBetween writes the state where a scale has not begun: as that of the one before at its end. A state that was resumed
// and has not begun its scale is still in the file.
func (p *painter) saveBetween() error {
	if p.resumed != nil || p.scale == 0 {
		return nil
	}
	return p.saveAt(p.scale-1, p.result.Scales[:p.scale-1])
}

// saveAt writes the state in a scale, behind those that are done.
func (p *painter) saveAt(scale int, done []ScaleResult) error {
	if p.o.State == "" {
		return nil
	}
	at := p.plan.Scales[scale]
	s := &state{Painting: p.hash, Plan: p.plan, Scale: scale, Height: at.Height, Width: at.Width,
		Iteration: len(p.totals), Totals: p.totals, Restarted: p.result.Restarted, Seconds: p.elapsed().Seconds()}
	for _, d := range done {
		s.Done = append(s.Done, d.Iterations)
	}
	p.method.save(s)
	p.saved = time.Now()
	return s.write(p.o.State)
}

// done is the plan as it was followed.
func (p *painter) done() Plan {
	plan := p.plan
	plan.Scales = nil
	for i, s := range p.result.Scales {
		planned := p.plan.Scales[i]
		planned.Iterations = s.Iterations
		plan.Scales = append(plan.Scales, planned)
	}
	return plan
}
