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
		name  string
		value int
	}{{"batch", d.Batch}, {"valid_batch", d.ValidBatch}, {"workers", d.Workers}, {"prefetch", d.Prefetch}} {
		if f.value < 0 {
			return fmt.Errorf("%s is %d: want a number that is not negative", f.name, f.value)
		}
	}
	return nil
}

// Phase is a learn.Phase, or several of them by one of the recipes' shapes. What is zero means what it does there.
type Phase struct {
	Name   string  `json:"name"`
	Epochs float64 `json:"epochs"` // with sgdr those of the first cycle
	Steps  int     `json:"steps"`

	// At most one of these, which give the learning rate, and the momentum where they say so.
	OneCycle       *OneCycle       `json:"one_cycle"`
	OneCycleLinear *OneCycleLinear `json:"one_cycle_linear"`
	SGDR           *SGDR           `json:"sgdr"`
	// Instead of optimizer, lr, momentum and weight_decay.
	Kilostep *Kilostep `json:"kilostep"`

	Optimizer   Optimizer `json:"optimizer"`
	LR          Values    `json:"lr"`
	Momentum    Values    `json:"momentum"`
	Beta2       Values    `json:"beta2"`
	WeightDecay Values    `json:"weight_decay"`

	LRScale        []float64 `json:"lr_scale"`
	Discriminative float64   `json:"discriminative"` // instead of lr_scale: rates fall by this factor from each layer group to the one before it

	Decoupled   bool              `json:"decoupled"`
	DecayAll    bool              `json:"decay_all"`
	Clip        optim.Clipping    `json:"clip"`
	Lookahead   optim.Lookahead   `json:"lookahead"`
	Rules       []Rule            `json:"rules"`
	State       optim.Carry       `json:"state"`
	Data        string            `json:"data"`
	Freeze      int               `json:"freeze"`
	FreezeAfter []FreezeAfter     `json:"freeze_after"`
	Accumulate  int               `json:"accumulate"`
	Plateau     *schedule.Plateau `json:"plateau"`
	Watch       string            `json:"watch"`
}

// OneCycle is the 1cycle policy as one phase: see learn.OneCycle.
type OneCycle struct {
	schedule.OneCycle
	MaxMomentum float64 `json:"max_momentum"` // with min_momentum; both zero leave the phase's momentum
	MinMomentum float64 `json:"min_momentum"`
}

// OneCycleLinear is fastai's phases_1cycle: see learn.OneCycleLinear.
type OneCycleLinear struct {
	LR          float64 `json:"lr"`
	Div         float64 `json:"div"`
	Pct         float64 `json:"pct"`          // percent of the epochs in which the rate falls to nothing
	MaxMomentum float64 `json:"max_momentum"` // zero means 0.95
	MinMomentum float64 `json:"min_momentum"` // zero means 0.85
}

// SGDR is fastai's phases_sgdr: see learn.SGDR.
type SGDR struct {
	LR     float64 `json:"lr"`
	Cycles int     `json:"cycles"`
	Mult   float64 `json:"mult"` // zero means 1
}

// Rule is an optim.Rule.
type Rule struct {
	Path        string     `json:"path"`
	Kind        optim.Kind `json:"kind"`
	Optimizer   Optimizer  `json:"optimizer"`
	LRFactor    float64    `json:"lr_factor"`
	DecayFactor float64    `json:"decay_factor"`
	NoDecay     bool       `json:"no_decay"`
	Momentum    float64    `json:"momentum"` // zero means the phase's
}

// Loss is the cross-entropy.
type Loss struct {
	LabelSmoothing float64 `json:"label_smoothing"` // the share of the probability that all classes get alike, from 0 to 1
}

// Checkpoint is a learn.CheckpointPolicy.
type Checkpoint struct {
	Every     int    `json:"every"`
	Keep      int    `json:"keep"`
	Best      string `json:"best"`
	Direction string `json:"direction"`
}

// Stop is a learn.StopPolicy.
type Stop struct {
	Div      float64 `json:"div"`
	Patience int     `json:"patience"`
	Watch    string  `json:"watch"`
	MinDelta float64 `json:"min_delta"`
}

// EMA is a learn.EMA.
type EMA struct {
	Decay float64 `json:"decay"`
}

// SWA is a learn.SWA.
type SWA struct {
	Start   int `json:"start"`
	Cycle   int `json:"cycle"`
	Eval    int `json:"eval"`
	Batches int `json:"batches"`
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
