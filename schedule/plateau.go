package schedule

import "math"

// Plateau multiplies a scale by Factor when a metric has stopped getting better. It is not a function of the step, so it
// is no [Schedule]; but it remembers nothing itself: [Plateau.Next] is a pure function from one state to the next, and
// the state can be written to JSON. The caller multiplies a schedule's value by the state's Scale.
//
// The rules are those of PyTorch's ReduceLROnPlateau, but for two: a relative threshold is a part of the best value's
// magnitude, so that a negative metric has to get better too, and Min bounds the scale rather than the learning rate.
type Plateau struct {
	Factor        float64 `json:"factor"`         // between 0 and 1; 0 means 0.1
	Patience      int     `json:"patience"`       // how many metrics in a row may be no better; the next one reduces. 0: the first does
	Threshold     float64 `json:"threshold"`      // by how much a metric must be better than the best to count; 0: at all
	ThresholdMode string  `json:"threshold_mode"` // "rel": Threshold is a part of the best value; "abs": a difference; empty means "rel"
	Cooldown      int     `json:"cooldown"`       // how many metrics after a reduction are not held against it; 0: none
	Min           float64 `json:"min"`            // the scale does not fall below this; 0: there is no limit
	Mode          string  `json:"mode"`           // "min" or "max": which metrics are better; empty means "min"
}

// PlateauState is what a [Plateau] knows. [Plateau.Start] is the first; the zero state is taken for it.
type PlateauState struct {
	Scale float64 `json:"scale"` // what to multiply by, above 0
	Best  float64 `json:"best"`  // the best metric, once there was one
	Found bool    `json:"found"` // whether there was a finite metric
	Bad   int     `json:"bad"`   // metrics in a row that were no better
	Wait  int     `json:"wait"`  // metrics that are not held against it yet
}

// Start is the state before the first metric; its scale is 1.
func (p Plateau) Start() PlateauState { return PlateauState{Scale: 1} }

// Next is the state after one more metric. A metric that is NaN or infinite is no better than any.
func (p Plateau) Next(state PlateauState, metric float64) PlateauState {
	state.Scale = orDefault(state.Scale, 1)
	if p.better(metric, state) {
		state.Best, state.Found, state.Bad = metric, true, 0
	} else {
		state.Bad++
	}
	if state.Wait > 0 {
		state.Wait--
		state.Bad = 0
	}
	if state.Bad > p.Patience {
		floor := math.Max(p.Min, math.SmallestNonzeroFloat32) // a scale of 0 would be a state that has not started
		state.Scale = math.Min(state.Scale, math.Max(floor, state.Scale*orDefault(p.Factor, 0.1)))
		state.Bad, state.Wait = 0, p.Cooldown
	}
	return state
}

func (p Plateau) better(metric float64, state PlateauState) bool {
	if math.IsNaN(metric) || math.IsInf(metric, 0) {
		return false
	}
	if !state.Found {
		return true
	}
	margin := p.Threshold
	if p.ThresholdMode != "abs" {
		margin *= math.Abs(state.Best)
	}
	if p.Mode == "max" {
		return metric > state.Best+margin
	}
	return metric < state.Best-margin
}

// Check refuses factors that do not reduce, negative counts and thresholds, and words that it does not know.
func (p Plateau) Check() error {
	c := checker{kind: "plateau"}
	c.fraction("factor", orDefault(p.Factor, 0.1), 0, 1)
	c.require(p.Patience >= 0, "patience is %d, want at least 0", p.Patience)
	c.require(p.Cooldown >= 0, "cooldown is %d, want at least 0", p.Cooldown)
	c.require(p.Threshold >= 0 && p.Threshold <= math.MaxFloat32, "threshold is %v, want at least 0", p.Threshold)
	c.require(p.Min >= 0 && p.Min <= 1, "min is %v, want a scale from 0 to 1", p.Min)
	c.oneOf("threshold_mode", p.ThresholdMode, "rel", "abs")
	c.oneOf("mode", p.Mode, "min", "max")
	return c.err()
}
