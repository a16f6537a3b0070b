package style

import (
	"context"
	"time"
)

// Estimate makes a plan that keeps to the bounds, and says how long it takes. For this it computes the loss of two small
// pictures a few times, for about a second.
//
// With a TimeBudget that is too short, scales get fewer iterations, down to a third; if that is not enough, the last scale
// is left out, and so on. Of a budget 15 % are for errors of the estimate.
func Estimate(ctx context.Context, o Options) (Plan, error) {
	if err := o.Check(); err != nil {
		return Plan{}, err
	}
	o = o.withDefaults()
	plan, err := o.inMemory()
	if err != nil {
		return plan, err
	}
	speed, err := o.calibrate(ctx)
	if err != nil {
		return plan, err
	}
	speed.memory = touch(plan.Bytes)
	if err := o.time(&plan, speed); err != nil {
		return plan, err
	}
	if o.TimeBudget > 0 && o.Plan == nil {
		return plan, o.shorten(&plan, speed)
	}
	return plan, nil
}

// Work beyond that of a whole picture's evaluation: an iteration of L-BFGS takes a little more than one, for its line search
// and its history, and there is one before the first; tiles compute features in pass 1, and the content's again if they
// are not kept, each a third of features with their gradient.
const (
	searchEvaluations = 1.08
	tilePasses        = 1. / 3
)

// time fills in how long the plan takes.
func (o Options) time(p *Plan, s speed) error {
	p.Time = 0
	for i := range p.Scales {
		scale := &p.Scales[i]
		evaluation, prepare, err := o.scaleTime(*scale, s)
		if err != nil {
			return err
		}
		evaluations := float64(scale.Iterations)
		if o.Optimizer == LBFGS {
			evaluations = evaluations*searchEvaluations + 1
		}
		scale.Time = time.Duration((evaluation*evaluations + prepare + s.memory*p.grows(i)) * float64(time.Second))
		p.Time += scale.Time
	}
	return nil
}

// grows is how many bytes a scale takes beyond what those before it have had.
func (p Plan) grows(scale int) float64 {
	had := int64(0)
	for _, s := range p.Scales[:scale] {
		had = max(had, s.Bytes)
	}
	return float64(max(0, p.Scales[scale].Bytes-had))
}

// scaleTime is the time of an evaluation, and that of the preparations before the first.
func (o Options) scaleTime(scale PlannedScale, s speed) (evaluation, prepare float64, err error) {
	spec := o.spec()
	var used []Layer
	for _, l := range append(append([]LayerWeight{}, spec.style()...), spec.content()...) {
		layer, err := o.Network.layer(l.Layer)
		if err != nil {
			return 0, 0, err
		}
		used = append(used, layer)
	}
	layout, err := newLayout(used, scale.Height, scale.Width, Tile{Side: scale.Tile})
	if err != nil {
		return 0, 0, err
	}
	tiles, window := float64(len(layout.tiles)), float64(layout.windowH*layout.windowW)
	prepared := tiles * window
	for _, style := range o.Styles {
		h, w := o.styleSize(style.Picture, max(scale.Height, scale.Width))
		prepared += float64(h * w)
	}
	prepare = s.prepare.fixed + s.prepare.pixel*prepared
	evaluation = tiles * (s.evaluation.fixed + s.evaluation.pixel*window)
	if tiles > 1 {
		passes := 1.
		if spec.style() != nil {
			passes += tilePasses
		}
		if spec.content() != nil && !scale.Keep {
			passes += tilePasses
		}
		evaluation *= passes
	}
	return evaluation, prepare, nil
}

// Least part of the iterations that a time budget leaves, and the part of the budget that is planned for.
const (
	leastIterations = 1. / 3
	plannedBudget   = 0.85
)

// shorten makes a plan fit into the time budget.
func (o Options) shorten(p *Plan, s speed) error {
	budget := plannedBudget * o.TimeBudget.Seconds()
	for {
		fraction := o.affordable(*p, s, budget)
		if fraction >= leastIterations || len(p.Scales) == 1 {
			for i := range p.Scales {
				p.Scales[i].Iterations = max(1, int(float64(p.Scales[i].Iterations)*min(1, fraction)))
			}
			break
		}
		p.Scales = p.Scales[:len(p.Scales)-1]
	}
	p.Bytes = 0
	for _, scale := range p.Scales {
		p.Bytes = max(p.Bytes, scale.Bytes)
	}
	return o.time(p, s)
}

// affordable is the part of the plan's iterations that the budget has time for.
func (o Options) affordable(p Plan, s speed, budget float64) float64 {
	iterations, rest := 0., 0.
	for i, scale := range p.Scales {
		_, prepare, err := o.scaleTime(scale, s)
		if err != nil {
			return 1
		}
		prepare += s.memory * p.grows(i)
		rest += prepare
		iterations += scale.Time.Seconds() - prepare
	}
	return (budget - rest) / iterations
}
