package recipe

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"

	"go.yaml.in/yaml/v3"

	"github.com/atelier-go/atelier/data"
	"github.com/atelier-go/atelier/learn"
	"github.com/atelier-go/atelier/optim"
	"github.com/atelier-go/atelier/schedule"
)

// Recipe is a run, as its file has it.
type Recipe struct {
	Model      string          `json:"model"`     // a name of package zoo; empty means DefaultModel
	Init       Init            `json:"init"`      // weights to begin with; none: random numbers of the seed
	Seed       uint64          `json:"seed"`      // of weights, dropout, the order of pictures and their transforms
	Precision  Precision       `json:"precision"` // of convolutions and matrix products; the command's --precision comes first
	Data       string          `json:"data"`      // the dataset of phases that name none; empty means the only one there is, or the one that is drawn
	Datasets   map[string]Data `json:"datasets"`
	Phases     []Phase         `json:"phases"`
	Loss       Loss            `json:"loss"`
	Metrics    []Metric        `json:"metrics"` // empty means accuracy
	Checkpoint Checkpoint      `json:"checkpoint"`
	Stop       Stop            `json:"stop"`
	EMA        EMA             `json:"ema"`
	SWA        SWA             `json:"swa"`
	Lookahead  Lookahead       `json:"lookahead"` // of all weights and statistics, over phases
	TTA        TestTime        `json:"tta"`       // views of the validation pictures
	Proxy      Proxy           `json:"proxy"`     // a small model that chooses what is trained on
	Report     Report          `json:"report"`    // pictures of how the run ended
	Out        Path            `json:"out"`       // the folder of results; the command's --out comes first

	// Until is where the run ends, as in top1=0.94: see learn.Goal. Empty means at the end of the phases. PricePerHour is that
	// of the machine, in USD; zero means none, and it is for the record that a run to a goal leaves.
	Until        learn.Goal `json:"until"`
	PricePerHour float64    `json:"price_per_hour"`

	file  string
	text  []byte
	lines map[string]int
	at    func(line int) string
	// entries are, once the phases are made, which of the recipe's each of them is of.
	entries []int
}

// Data is what phases train on and are judged by.
type Data struct {
	Train           Source         `json:"train"`       // none: for evaluation alone
	Valid           *Source        `json:"valid"`       // none: no validation
	Batch           int            `json:"batch"`       // zero means 64
	ValidBatch      int            `json:"valid_batch"` // zero means Batch
	Transforms      []Transform    `json:"transforms"`  // of training pictures, in this order
	ValidTransforms []Transform    `json:"valid_transforms"`
	Normalise       data.Normalise `json:"normalise"`
	Mixup           data.Mixup     `json:"mixup"`
	DropLast        bool           `json:"drop_last"` // leave out an epoch's last batch if it is not full
	SkipCorrupt     bool           `json:"skip_corrupt"`
	Workers         int            `json:"workers"`  // that read and transform; zero means one a processor
	Prefetch        int            `json:"prefetch"` // batches made ahead; zero means 2
}

// Check wants pictures, and numbers that are not negative.
func (d Data) Check() error {
	if d.Train == (Source{}) && d.Valid == nil {
		return errors.New("names no pictures: want train, or valid for evaluation alone")
	}
	for _, f := range []struct {
		name        string
		value, most int
	}{{"batch", d.Batch, 1 << 24}, {"valid_batch", d.ValidBatch, 1 << 24}, {"workers", d.Workers, 4096}, {"prefetch", d.Prefetch, 4096}} {
		if f.value < 0 || f.value > f.most {
			return fmt.Errorf("%s is %d: want 0 to %d", f.name, f.value, f.most)
		}
	}
	return nil
}

// Phase is a learn.Phase, or several of them by one of the recipes' shapes. What is zero means what it does there.
type Phase struct {
	Name   string  `json:"name"`   // for plots and messages; empty means "phase 1" and so on
	Epochs float64 `json:"epochs"` // the length, of which fractions are fine; with sgdr those of the first cycle
	Steps  int     `json:"steps"`  // the length instead of epochs

	// At most one of these, which give the learning rate, and the momentum where they say so.
	OneCycle       *OneCycle       `json:"one_cycle"`
	OneCycleLinear *OneCycleLinear `json:"one_cycle_linear"`
	SGDR           *SGDR           `json:"sgdr"`
	// Instead of optimizer, lr, momentum and weight_decay.
	Kilostep *Kilostep `json:"kilostep"`

	Optimizer   Optimizer `json:"optimizer"`    // none means sgd
	LR          Values    `json:"lr"`           // none means 0.01
	Momentum    Values    `json:"momentum"`     // and Adam's beta1, in [0, 1); none means 0.9, with rmsprop 0
	Beta2       Values    `json:"beta2"`        // and RMSProp's alpha, in [0, 1); none means the optimizer's own
	WeightDecay Values    `json:"weight_decay"` // none means 0

	LRScale        []float64 `json:"lr_scale"`       // factors of the rate, one for each layer group, the input's first; none means 1
	Discriminative float64   `json:"discriminative"` // instead of lr_scale: rates fall by this factor from each layer group to the one before it

	Decoupled   bool              `json:"decoupled"`    // weight decay shrinks the weights beside the update instead of adding to the gradient
	DecayAll    bool              `json:"decay_all"`    // biases and norms decay too
	Clip        optim.Clipping    `json:"clip"`         // of gradients; zero means none
	Lookahead   optim.Lookahead   `json:"lookahead"`    // of the optimizer, within the phase; zero means none
	Rules       []Rule            `json:"rules"`        // for some parameters; the first that matches one holds
	State       optim.Carry       `json:"state"`        // of the optimizer before: auto (zero), slots or none
	Data        string            `json:"data"`         // the name of a dataset; empty means the recipe's
	Freeze      int               `json:"freeze"`       // layer groups, from the input's on, that stay as they are
	FreezeAfter []FreezeAfter     `json:"freeze_after"` // single parameters, from an epoch of the phase on
	Accumulate  int               `json:"accumulate"`   // batches whose gradients are averaged in a step; zero means 1
	Plateau     *schedule.Plateau `json:"plateau"`      // multiplies the rate by a factor when watch stops improving; none: never
	Watch       string            `json:"watch"`        // zero means valid_loss
}

// OneCycle is the 1cycle policy as one phase: see learn.OneCycle.
type OneCycle struct {
	schedule.OneCycle
	MaxMomentum float64 `json:"max_momentum"` // with min_momentum; both zero leave the phase's momentum
	MinMomentum float64 `json:"min_momentum"`
}

// OneCycleLinear is fastai's phases_1cycle: see learn.OneCycleLinear.
type OneCycleLinear struct {
	LR          float64 `json:"lr"`           // the highest rate, above 0
	Div         float64 `json:"div"`          // how many times lower it begins, at least 1
	Pct         float64 `json:"pct"`          // percent of the epochs, the last, in which the rate falls to a hundredth of the first
	MaxMomentum float64 `json:"max_momentum"` // zero means 0.95
	MinMomentum float64 `json:"min_momentum"` // zero means 0.85
}

// SGDR is fastai's phases_sgdr: see learn.SGDR.
type SGDR struct {
	LR     float64 `json:"lr"`     // at the beginning of each cycle, above 0
	Cycles int     `json:"cycles"` // 1 to 100
	Mult   float64 `json:"mult"`   // how many times longer each cycle is than the one before; zero means 1
}

// Rule is an optim.Rule.
type Rule struct {
	Path        string     `json:"path"`         // a pattern of parameters' paths, as /layer1/**/bias; empty fits all
	Kind        optim.Kind `json:"kind"`         // weight, bias or norm; empty fits all
	Optimizer   Optimizer  `json:"optimizer"`    // none means the phase's
	LRFactor    float64    `json:"lr_factor"`    // of the phase's rate; zero means 1
	DecayFactor float64    `json:"decay_factor"` // of the phase's weight decay, for biases and norms too; zero means 1
	NoDecay     bool       `json:"no_decay"`     // no weight decay
	Momentum    float64    `json:"momentum"`     // in [0, 1); zero means the phase's
}

// Loss is the cross-entropy.
type Loss struct {
	LabelSmoothing float64 `json:"label_smoothing"` // the share of the probability that all classes get alike, from 0 to 1
}

// Checkpoint is a learn.CheckpointPolicy.
type Checkpoint struct {
	Every     int    `json:"every"`     // steps; zero means at the ends of epochs alone
	Keep      int    `json:"keep"`      // how many of the last are kept; zero means 2
	Best      string `json:"best"`      // the metric whose best checkpoint is kept besides; empty means none
	Direction string `json:"direction"` // of best: max or min; empty means what is usual for the metric
}

// Stop is a learn.StopPolicy.
type Stop struct {
	Div      float64 `json:"div"`       // ends the run when the smoothed loss is so many times its best, above 1; zero never does
	Patience int     `json:"patience"`  // measurements without an improvement of watch that end the run; zero never does
	Watch    string  `json:"watch"`     // zero means valid_loss
	MinDelta float64 `json:"min_delta"` // the least that is an improvement
}

// EMA is a learn.EMA.
type EMA struct {
	Decay float64 `json:"decay"` // 0 to less than 1; zero means no average
}

// SWA is a learn.SWA.
type SWA struct {
	Start   int `json:"start"`   // the first epoch whose end enters the mean, from 1; zero means no average
	Cycle   int `json:"cycle"`   // epochs between weights that enter; zero means 1
	Eval    int `json:"eval"`    // epochs between measurements; zero means when the run ends
	Batches int `json:"batches"` // on which the norms are measured; zero means all of an epoch
}

// Check is learn's.
func (s Stop) Check() error { return learn.StopPolicy(s).Check() }

// Check is learn's.
func (e EMA) Check() error { return learn.EMA(e).Check() }

// Check is learn's.
func (s SWA) Check() error { return s.swa().Check() }

func (s SWA) swa() learn.SWA {
	return learn.SWA{Start: s.Start, Cycle: s.Cycle, Eval: s.Eval, Batches: s.Batches}
}

// Options change what a file says.
type Options struct {
	// Set are changes such as "phases.0.lr=0.01": a path of fields and numbers of list entries, which count from 0, and a
	// value in YAML. They are read as strictly as the file.
	Set []string
	// Data is a folder where paths are looked for that the recipe's own folder does not have; empty means none.
	Data string
	// Until and PricePerHour are the recipe's, if they are not zero; messages call them --until and --price-per-hour.
	Until        learn.Goal
	PricePerHour float64
	// Precision is the recipe's, if it is not empty; messages call it --precision.
	Precision string
}

// Load reads a file. The error has a line for each problem.
func Load(path string, o Options) (*Recipe, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	return Parse(path, text, dir, o)
}

// Parse reads a recipe. name is what messages call it, dir the folder that its paths are relative to.
func Parse(name string, text []byte, dir string, o Options) (*Recipe, error) {
	root, err := parse(name, text)
	if err != nil {
		return nil, err
	}
	settings, names := o.changes()
	for i, setting := range settings {
		if err := set(root, setting, i); err != nil {
			return nil, err
		}
	}
	d := &decoder{file: name, dir: dir, data: o.Data, settings: names, lines: map[string]int{}}
	r := &Recipe{file: name, lines: d.lines, at: d.at}
	d.value(root, reflect.ValueOf(r).Elem(), "")
	if len(d.problems) == 0 {
		r.check(d)
	}
	if err := d.err(); err != nil {
		return nil, err
	}
	if r.text, err = write(root); err != nil {
		return nil, err
	}
	return r, nil
}

// write is a tree as YAML.
func write(root *yaml.Node) ([]byte, error) {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(root); err != nil {
		return nil, err
	}
	return b.Bytes(), e.Close()
}

// Text is the recipe with its changes and with absolute paths, as YAML: what was really trained.
func (r *Recipe) Text() string { return string(r.text) }
