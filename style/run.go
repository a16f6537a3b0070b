package style

import (
	"context"
	"fmt"
	"time"
)

// Step is what a painting tells after each iteration.
type Step struct {
	Scale, Scales         int // of this many, from 1
	Height, Width         int // of the scale
	Iteration, Iterations int // of the scale, from 1, and at most so many
	Losses                Losses
	Elapsed               time.Duration
	Remaining             time.Duration // expected, if no scale converges before its last iteration
	Done                  float64       // part of the work, 0 to 1

	picture func() Picture
}

// Picture is the painting as it would be if it ended here, at the size of the scale. It may be called until the report
// returns.
func (s Step) Picture() Picture { return s.picture() }

// Ended says why a scale ended.
type Ended string

// The ends of scales.
const (
	Finished  Ended = "finished"  // with all its iterations
	Converged Ended = "converged" // before, as nothing got better
	OutOfTime Ended = "out of time"
	Diverged  Ended = "diverged" // the loss was not finite, twice
	Stopped   Ended = "stopped"  // by the context, or by the callback
)

// ScaleResult is how painting at a scale went.
type ScaleResult struct {
	Height, Width int
	Iterations    int
	Losses        Losses // of the last iteration
	Ended         Ended
}

// Result is a painting.
type Result struct {
	Picture Picture
	Scales  []ScaleResult
	// Plan is what was done, in numbers of iterations too. A painting with the same options and this plan is the same.
	Plan      Plan
	Restarted bool // after a loss that was not finite, with smaller steps
	Elapsed   time.Duration
	Resumed   bool // State had the beginning
}

// DivergedError says that the loss was not finite, and after a restart with smaller steps was so again.
type DivergedError struct {
	Scale, Iteration int
	Loss             float64
}

func (e *DivergedError) Error() string {
	return fmt.Sprintf("style: the loss is %v at iteration %d of scale %d, after a restart with smaller steps too: the picture is the last good one; try a smaller learning rate or smaller weights",
		e.Loss, e.Iteration, e.Scale)
}

// Paint paints. report, which may be nil, is called after each iteration; its error ends the painting.
//
// Where a painting is ended before its time, by ctx, report, a loss that is not finite or a trace that cannot be written,
// there is an error and a result too: the best picture so far, at the size reached; no result means that there is none.
func Paint(ctx context.Context, o Options, report func(Step) error) (*Result, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	p := &painter{o: o, report: report, began: time.Now()}
	if err := p.begin(ctx); err != nil {
		return nil, err
	}
	undo, err := o.limitHeap(p.plan)
	if err != nil {
		return nil, err
	}
	defer undo()
	err = p.paint(ctx)
	if p.result.Picture.H == 0 {
		return nil, err
	}
	p.method, p.canvas = nil, nil // their memory is free from here on
	p.result.Elapsed = p.elapsed()
	p.result.Plan = p.done()
	return p.result, err
}
