package learn

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
)

// StopPolicy says when a run ends before its plan. A loss that is NaN or infinite always ends it.
type StopPolicy struct {
	// Div ends the run when the smoothed loss has risen above its best by more than (Div-1) times the best's size:
	// above Div·best where losses are positive (fastai's stop_div is 4). The best is looked for from the tenth step on.
	// Zero never does; otherwise more than 1.
	Div float64
	// Patience ends the run when Watch has not improved by more than MinDelta for so many measurements in a row: epochs
	// that do not measure it, of data without validation, do not count. Zero never does.
	Patience int
	Watch    string // zero means "valid_loss"; HigherIsBetter says in which direction it improves
	MinDelta float64
}

// Check wants a limit above 1, or none, and a patience that is not negative.
func (p StopPolicy) Check() error {
	if p.Div != 0 && !(p.Div > 1) || math.IsInf(p.Div, 0) {
		return fmt.Errorf("learn: Stop.Div is %v: want a number above 1, or 0 for no limit", p.Div)
	}
	if p.Patience < 0 || !(p.MinDelta >= 0) {
		return fmt.Errorf("learn: Stop.Patience is %d and MinDelta %v: want numbers that are not negative", p.Patience, p.MinDelta)
	}
	return nil
}

func (p StopPolicy) watch() string { return cmp.Or(p.Watch, MetricValidLoss) }

// diverged compares a smoothed loss with its best. The distance is measured in sizes of the best, so that a negative
// best is no reason to stop while losses still fall.
func (p StopPolicy) diverged(smoothed, best float64) bool {
	return p.Div > 0 && smoothed-best > (p.Div-1)*math.Abs(best)
}

// patience is early stopping.
type patience struct {
	policy StopPolicy
	state  struct {
		Best  *float64 `json:"best,omitempty"`
		Waits int      `json:"waits"`
	}
}

func (p *patience) Key() string { return "patience" }

func (p *patience) Save() (json.RawMessage, error) { return json.Marshal(p.state) }

func (p *patience) Load(text json.RawMessage) error { return json.Unmarshal(text, &p.state) }

func (p *patience) Handle(e Event, r *Run) error {
	if e != EpochEnd || p.policy.Patience == 0 {
		return nil
	}
	watch := p.policy.watch()
	v, ok := r.Epoch.Metrics[watch]
	if !ok && r.validates() {
		return fmt.Errorf("learn: early stopping watches %q, which was not measured; there are %s", watch, names(r.Epoch.Metrics))
	}
	if !ok {
		return nil
	}
	if improves(watch, v, p.state.Best, p.policy.MinDelta) {
		p.state.Best, p.state.Waits = &v, 0
		return nil
	}
	if p.state.Waits++; p.state.Waits >= p.policy.Patience {
		best := math.NaN()
		if p.state.Best != nil {
			best = *p.state.Best
		}
		r.Stop(StopEarly, "%s has not improved on %.4g for %d epochs", watch, best, p.state.Waits)
	}
	return nil
}

// improves tells whether a metric's value is better than the best by more than delta. NaN and infinities never are.
func improves(name string, v float64, best *float64, delta float64) bool {
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return false
	case best == nil:
		return true
	case HigherIsBetter(name):
		return v > *best+delta
	default:
		return v < *best-delta
	}
}
