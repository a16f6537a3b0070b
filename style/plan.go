package style

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Plan is what a painting will do.
type Plan struct {
	Scales []PlannedScale `json:"scales"`
	// History is how many steps L-BFGS remembers.
	History int `json:"history"`
	// Bytes is the memory that the process is expected to have at most.
	Bytes int64 `json:"bytes,omitempty"`
	// Time is how long the painting is expected to take. It and Bytes are 0 in a plan that nothing was measured for.
	Time time.Duration `json:"time,omitempty"`
}

// PlannedScale is a size to paint at.
type PlannedScale struct {
	Height     int           `json:"height"`
	Width      int           `json:"width"`
	Iterations int           `json:"iterations"` // at most
	Tile       int           `json:"tile,omitempty"`
	Bytes      int64         `json:"bytes,omitempty"`
	Time       time.Duration `json:"time,omitempty"`
}

// unmeasured is the plan that the options ask for, without bounds.
func (o Options) unmeasured() Plan {
	p := Plan{History: o.History}
	for i, long := range sizes(o.Size, o.Scales) {
		h, w := o.shape(long)
		p.Scales = append(p.Scales, PlannedScale{Height: h, Width: w, Iterations: o.iterations(i), Tile: o.Tile})
	}
	return p
}

// shape is the painting's height and width for a long side.
func (o Options) shape(long int) (int, int) {
	if o.Content.H == 0 {
		return long, long
	}
	return fit(o.Content.H, o.Content.W, long)
}

// planned is Options.Plan, or one that keeps to the bounds.
func (o Options) planned(ctx context.Context) (Plan, error) {
	if o.Plan != nil {
		return *o.Plan, nil
	}
	return o.unmeasured(), nil
}

// work is what an iteration costs, in any unit: the time, or where nothing was measured the number of pixels.
func (s PlannedScale) work() float64 {
	if s.Time > 0 && s.Iterations > 0 {
		return s.Time.Seconds() / float64(s.Iterations)
	}
	return float64(s.Height * s.Width)
}

// check wants a plan that can be followed.
func (p Plan) check(o Options) error {
	if len(p.Scales) == 0 {
		return errors.New("style: the plan has no scales")
	}
	for i, s := range p.Scales {
		if s.Height < 1 || s.Width < 1 || s.Height > maxSide || s.Width > maxSide || s.Iterations < 0 || s.Tile < 0 {
			return fmt.Errorf("style: scale %d of the plan is %d by %d pixels in tiles of %d for %d iterations",
				i+1, s.Width, s.Height, s.Tile, s.Iterations)
		}
	}
	if o.Optimizer == LBFGS && p.History < 1 {
		return fmt.Errorf("style: the plan has a history of %d: want at least 1", p.History)
	}
	return nil
}
