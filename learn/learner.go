package learn

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/optim"
	"github.com/atelier-go/atelier/schedule"
)

// Config is a run.
type Config struct {
	Backend compute.Backend
	Model   Model
	Loss    Loss     // nil means CrossEntropy(0)
	Data    *Data    // of phases that have none of their own
	Phases  []Phase  // at least one
	Seed    uint64   // of weights and dropout; loaders have their own
	Metrics []Metric // besides the loss; none are fine

	// Dir is where history, checkpoints and weights go, made if it is not there; zero writes nothing. Run refuses one that
	// has checkpoints, unless Resume went on from them.
	Dir        string
	Checkpoint CheckpointPolicy
	Stop       StopPolicy
	Until      Goal // at which the run ends; zero means at the plan's end
	EMA        EMA
	SWA        SWA
	Lookahead  Lookahead
	TestTime   TestTime
	Proxy      Proxy // that chooses what is trained on; zero means that everything is
	Handlers   []Handler

	// Loading is how long it took to read training pictures into memory beforehand, and part of the training time.
	Loading time.Duration

	Progress io.Writer // where a line shows how the run goes; nil is silence

	// Classes are the names of what the model tells apart, in the order of its logits. They are kept with weights, and
	// weights for others are refused. Empty means that nobody knows.
	Classes []string

	// Fingerprint is kept in checkpoints: what made the run, for messages and for tools. It is not compared.
	Fingerprint string
}

// Learner trains a model.
type Learner struct {
	config    Config
	plan      *Plan
	store     *model.Store
	params    *parameters
	ema       ema
	feed      *feed
	trainer   *trainer // of the phase at hand
	chooser   *chooser // nil without a proxy
	evaluator *evaluator
	state     state
	resumed   bool
	handlers  []Handler
	saver     *saver
	keepers   []Keeper
}

// state is what a checkpoint has beside variables.
type state struct {
	Step      int                        `json:"step"`     // steps done
	Trained   time.Duration              `json:"trained"`  // see EpochResult.TrainingSeconds
	Averaged  int                        `json:"averaged"` // weights in the mean of SWA
	Epochs    int                        `json:"epochs"`   // ends of epochs so far
	Smooth    smoothed                   `json:"smooth"`
	Train     *meters                    `json:"train"` // of the epoch at hand
	Scale     float64                    `json:"scale"` // of the learning rate, by the phase's plateau
	Plateau   *schedule.PlateauState     `json:"plateau,omitempty"`
	Keepers   map[string]json.RawMessage `json:"keepers,omitempty"`
	History   int64                      `json:"history"` // bytes of the history that are part of the run
	Best      map[string]float64         `json:"best,omitempty"`
	Last      map[string]Number          `json:"last,omitempty"` // metrics of the last validation
	Elapsed   time.Duration              `json:"elapsed"`
	Skipped   int                        `json:"skipped"` // pictures that could not be read
	Initial   string                     `json:"initial,omitempty"`
	SeenTotal int                        `json:"examples"`
}

// smoothed is a mean of losses in which a loss weighs 0.98 times as much as the next, without the bias of the start.
type smoothed struct {
	Sum   float64 `json:"sum"`
	Count int     `json:"count"`
	Best  float64 `json:"best"`
}

const smoothing = 0.98

// New checks a run and prepares it: nothing has been computed when it returns an error, which lists all that is wrong.
// The weights are those of Seed.
func New(c Config) (*Learner, error) {
	if c.Loss == nil {
		c.Loss = CrossEntropy(0)
	}
	var problems []error
	if c.Backend == nil {
		problems = append(problems, errors.New("learn: Backend is missing"))
	}
	if c.Model.Forward == nil {
		problems = append(problems, errors.New("learn: Model.Forward is missing"))
	}
	problems = append(problems, c.EMA.Check(), c.SWA.Check(), c.Lookahead.Check(), c.TestTime.Check(), c.Proxy.Check(), c.Stop.Check(), c.Checkpoint.check(c.Dir))
	plan, err := NewPlan(c.Phases, c.Data, c.Model.groups())
	if err := errors.Join(append(problems, err)...); err != nil {
		return nil, err
	}
	if c.Until.Metric != "" {
		if c.Until, err = c.Until.In(c.measured(plan)); err != nil {
			return nil, fmt.Errorf("learn: Until: %w", err)
		}
		if err := c.measureGoal(plan); err != nil {
			return nil, err
		}
	}
	l := &Learner{config: c, plan: plan}
	l.feed = newFeed(l)
	if err := l.reset(); err != nil {
		return nil, err
	}
	if err := errors.Join(l.checkSizes(true), l.checkFreeze(), l.checkRules(), l.checkMeasures()); err != nil {
		return nil, err
	}
	for _, part := range []func() error{l.prepare, l.addEMA, l.addProxy} {
		if err := part(); err != nil {
			return nil, err
		}
	}
	return l, l.arrangeHandlers()
}

// reset makes the weights of the seed and the state of step 0.
func (l *Learner) reset() error {
	l.store = model.NewStore()
	first := l.plan.phases[0].Data.Train
	h, w, channels, err := sizeOf(first)
	if err != nil {
		return err
	}
	if err := initialise(l.config.Backend, l.store, l.config.Model.Forward, picturesShape(2, h, w, channels), l.config.Seed); err != nil {
		return err
	}
	if l.params, err = sortParameters(l.store, l.config.Model.Groups); err != nil {
		return err
	}
	spent := l.config.Loading
	l.state = state{Train: newMeters(l.config.Metrics), Elapsed: spent, Trained: spent, Scale: 1, Best: map[string]float64{}, Keepers: map[string]json.RawMessage{}}
	return nil
}

// addEMA makes the moving average, if there is one, of the weights as they begin.
func (l *Learner) addEMA() error {
	if l.config.EMA.Decay <= 0 {
		return nil
	}
	l.ema = ema{on: true, vars: append(l.params.all(), l.params.others...)}
	return makeShadows(l.store, emaPath, l.ema.vars)
}

// addProxy makes the proxy, if there is one.
func (l *Learner) addProxy() (err error) {
	if !l.config.Proxy.on() {
		return nil
	}
	if l.chooser, err = newChooser(l); err != nil {
		return err
	}
	l.spent(l.chooser.state.Trained)
	return nil
}

// spent adds time to that of the run and of its training.
func (l *Learner) spent(d time.Duration) {
	l.state.Elapsed, l.state.Trained = l.state.Elapsed+d, l.state.Trained+d
}

// arrangeHandlers puts the learner's own handlers before those of the configuration.
func (l *Learner) arrangeHandlers() error {
	history := newHistory(l)
	l.saver = &saver{learner: l, policy: l.config.Checkpoint, history: history, saved: -1}
	l.handlers = []Handler{history, goalStop{l.config.Until}, &patience{policy: l.config.Stop}, newProgress(l.config.Progress)}
	l.handlers = append(l.handlers, l.config.Handlers...)
	keys := map[string]bool{}
	for _, h := range l.handlers {
		if k, ok := h.(Keeper); ok {
			if keys[k.Key()] {
				return fmt.Errorf("learn: two handlers keep their state under the name %q", k.Key())
			}
			keys[k.Key()] = true
			l.keepers = append(l.keepers, k)
		}
	}
	return nil
}

// Plan is the run's plan.
func (l *Learner) Plan() *Plan { return l.plan }

// Until is the goal of the run with the full name of its metric; zero if it has none.
func (l *Learner) Until() Goal { return l.config.Until }

// Dir is the folder of the run, empty if it writes nothing.
func (l *Learner) Dir() string { return l.config.Dir }

// Step is how many steps are done.
func (l *Learner) Step() int { return l.state.Step }

// Store holds the model's weights under the paths that the model gave them, and what belongs to training under /optim,
// /ema and /swa. Between runs they may be read and changed.
func (l *Learner) Store() *model.Store { return l.store }

// Parameters counts the numbers that the model learns.
func (l *Learner) Parameters() int {
	n := 0
	for _, v := range l.params.all() {
		n += v.Shape().Size()
	}
	return n
}

// Close frees what the learner has of the backend.
func (l *Learner) Close() {
	if l.chooser != nil {
		l.chooser.close()
	}
	l.dropTrainer()
	l.evaluator.finalize()
	l.feed.finalize()
	l.store.Finalize()
}

// dropTrainer frees the compiled step.
func (l *Learner) dropTrainer() {
	if l.trainer != nil {
		l.trainer.finalize()
		l.trainer = nil
	}
}

// enterPhase compiles nothing yet: it freezes what is frozen by step k of phase i, and makes an updater and a trainer. It
// tells what became of the optimizer's state.
func (l *Learner) enterPhase(i, k int, carry optim.Carry) (string, error) {
	phase := &l.plan.phases[i]
	learning := l.params.freeze(phase.Freeze, l.plan.frozen(i, k))
	u, err := optim.New(l.store, phase.updaterConfig(), learning, carry)
	if err != nil {
		return "", err
	}
	l.dropTrainer()
	if l.evaluator == nil {
		if l.evaluator, err = newEvaluator(l, l.store, l.config.Model.Forward); err != nil {
			return "", err
		}
	}
	l.trainer, err = newTrainer(l, u)
	if err != nil {
		return "", err
	}
	if phase.accumulate() > 1 {
		err = l.trainer.makeSums()
	}
	if err == nil && l.chooser != nil {
		err = l.chooser.enter(i, carry)
	}
	return u.Carried(), err
}
