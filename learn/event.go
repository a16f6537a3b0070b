package learn

import (
	"encoding/json"
	"fmt"

	"github.com/atelier-go/atelier/optim"
)

// Event is a moment of a run at which handlers are called.
type Event int

// The events of a run, in the order in which they come: within an epoch steps repeat, within a phase epochs do. An epoch
// goes on over the end of a phase if the next has the same data.
const (
	RunBegin Event = iota
	PhaseBegin
	EpochBegin
	StepBegin    // hyper-parameters are known and may be changed; the batch is not read yet
	BeforeUpdate // the batch is read; hyper-parameters may still be changed
	AfterUpdate  // the weights have moved; Loss is known
	StepEnd
	EpochEnd // after validation
	PhaseEnd
	RunEnd // also after a stop, not after an error
)

var eventNames = []string{"run begin", "phase begin", "epoch begin", "step begin", "before update", "after update",
	"step end", "epoch end", "phase end", "run end"}

func (e Event) String() string {
	if e < 0 || int(e) >= len(eventNames) {
		return fmt.Sprintf("Event(%d)", int(e))
	}
	return eventNames[e]
}

// Handler takes part in a run. At every event the learner's own handlers come first (history, goal, early stopping, progress),
// then those of the configuration in their order. Checkpoints are written when all have seen a step's last event. An
// error ends the run.
type Handler interface {
	Handle(e Event, r *Run) error
}

// HandlerFunc is a function as a Handler.
type HandlerFunc func(e Event, r *Run) error

// Handle calls f.
func (f HandlerFunc) Handle(e Event, r *Run) error { return f(e, r) }

// Keeper is a Handler with a state that belongs into checkpoints. Key names it, once in a run.
type Keeper interface {
	Handler
	Key() string
	Save() (json.RawMessage, error)
	Load(json.RawMessage) error
}

// Run is a run as its handlers see it.
type Run struct {
	Plan     *Plan
	Position Position      // of the step at hand
	Hyper    []optim.Hyper // what the step trains with, the plan's values times a plateau's factor; handlers may change it before the update

	Loss         float64 // of the step
	Smoothed     float64 // the mean of the losses so far that weighs them by 0.98 to the power of their age
	BestSmoothed float64 // the lowest of those since the tenth step
	GradientNorm float64 // the global norm of the step's gradients before clipping
	Examples     int     // that the step trained on
	Seen         int     // that it read: more than Examples where a proxy chooses
	Resumed      bool    // the run began from a checkpoint
	Carried      string  // what became of the optimizer's state when the phase began, in words

	// Epoch is what was measured at the end of an epoch, set at EpochEnd.
	Epoch *EpochResult

	learner *Learner
	stop    *Stop
}

// Stop is why a run ended before its plan did.
type Stop struct {
	Reason string // a sentence
	Kind   StopKind
}

// StopKind is a kind of reason to end a run.
type StopKind int

// The kinds of reasons.
const (
	StopAsked       StopKind = iota // by a handler
	StopDiverged                    // the loss was NaN or infinite, or grew beyond the limit
	StopEarly                       // a metric has not improved for long enough
	StopReached                     // the goal was reached
	StopInterrupted                 // from outside; the run can be resumed
)

// Stop ends the run after this step: a checkpoint is written, except where the run diverged, and RunEnd is called.
func (r *Run) Stop(kind StopKind, format string, args ...any) {
	if r.stop == nil {
		r.stop = &Stop{Reason: fmt.Sprintf(format, args...), Kind: kind}
	}
}

// Stopping is why the run is about to end, nil if it is not.
func (r *Run) Stopping() *Stop { return r.stop }

// validates tells whether the data of the phase at hand has pictures to validate on.
func (r *Run) validates() bool { return r.Plan.phases[r.Position.Phase].Data.Valid != nil }

// Learner is the learner that runs.
func (r *Run) Learner() *Learner { return r.learner }

// EpochResult is what was measured where an epoch of a phase's data ended, or the phase before one with other data.
type EpochResult struct {
	Epoch   int                `json:"epoch"` // of the run, from 1
	Step    int                `json:"step"`  // steps done
	Phase   string             `json:"phase"`
	Metrics map[string]float64 `json:"metrics"` // train_loss, valid_loss, valid_accuracy, ema_valid_loss and so on
	Seconds float64            `json:"seconds"` // of the run so far
	// TrainingSeconds are those in which the run so far made weights: reading data, also into memory before, preparing the
	// model, compiling, steps, averages. Evaluation and checkpoints are no part of it, nor are steps that were lost because the run was killed.
	TrainingSeconds float64 `json:"training_seconds"`
}
