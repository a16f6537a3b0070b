package recipe

import (
	"github.com/atelier-go/atelier/learn"
	"github.com/atelier-go/atelier/schedule"
)

// Kilostep is a learn.Kilostep: Nesterov's momentum with hyper-parameters that can be chosen one by one. It gives the
// optimizer, the learning rate, the momentum and the weight decay of the phase.
type Kilostep struct {
	LR          float64       `json:"lr"`           // for 1024 examples
	Momentum    float64       `json:"momentum"`     // in [0, 1)
	WeightDecay float64       `json:"weight_decay"` // for 1024 examples, of all parameters
	BiasFactor  float64       `json:"bias_factor"`  // of the rate of norms' biases; zero means 1
	Over        schedule.Spec `json:"over"`         // what lr and weight_decay are multiplied by; none: 1
}

// Check is learn's.
func (k Kilostep) Check() error { return k.kilostep().Check() }

func (k Kilostep) kilostep() learn.Kilostep {
	return learn.Kilostep{LR: k.LR, Momentum: k.Momentum, WeightDecay: k.WeightDecay, BiasFactor: k.BiasFactor, Over: k.Over.Schedule}
}

// FreezeAfter is a learn.FreezeAfter.
type FreezeAfter struct {
	Path   string  `json:"path"`   // a pattern for paths of variables
	Epochs float64 `json:"epochs"` // of the phase; zero means from its beginning
}

// Check is learn's.
func (f FreezeAfter) Check() error { return learn.FreezeAfter(f).Check() }

// Lookahead is a learn.Lookahead: the one of runs, not of phases.
type Lookahead struct {
	Every int     `json:"every"` // steps; zero means none
	Decay float64 `json:"decay"` // a step; zero means 0.95
	Power float64 `json:"power"` // how the pull fades: see learn.Lookahead; zero means that it does not
	Start int     `json:"start"` // epochs before the first; zero means none
}

// Check is learn's.
func (l Lookahead) Check() error { return learn.Lookahead(l).Check() }

// TestTime is a learn.TestTime.
type TestTime struct {
	Level int `json:"level"` // 0: the pictures as they are, 1: mirrored too, 2: moved by a pixel too
	Every int `json:"every"` // epochs; zero means when the run ends
}

// Check is learn's.
func (t TestTime) Check() error { return learn.TestTime(t).Check() }
