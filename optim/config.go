package optim

import (
	"errors"
	"fmt"
	"math"
)

// Config says how parameters are updated.
type Config struct {
	Optimizer Optimizer
	// Rules single out parameters; the first that matches one holds for it.
	Rules []Rule
	// Decoupled takes weight decay off the weight itself, w ← w - lr·decay·w, instead of adding decay·w to the gradient
	// (Loshchilov and Hutter, 2019). AdamW always does.
	Decoupled bool
	// DecayAll extends weight decay, and the layer-wise rates of LARS, LARC and LAMB, to parameters of rank 0 and 1:
	// biases and the weights of norms.
	DecayAll  bool
	Clip      Clipping
	Lookahead Lookahead
}

// Rule is what differs for some parameters. A parameter matches if it fits both Path and Kind.
type Rule struct {
	// Path is a pattern for the path of the variable, as "/stage1/*/conv/weight": * and ? stand for characters within
	// an element, ** for any number of elements. Empty fits all.
	Path string `json:"path"`
	Kind Kind   `json:"kind"` // zero fits all
	// Optimizer is used instead of Config.Optimizer; nil means no other.
	Optimizer Optimizer `json:"-"`
	LRFactor  float64   `json:"lr_factor"` // multiplies the group's learning rate; zero means 1 (see package learn for freezing)
	// DecayFactor multiplies the group's weight decay; zero means 1. One that is set gives decay to biases and norms too.
	DecayFactor float64 `json:"decay_factor"`
	NoDecay     bool    `json:"no_decay"` // no weight decay
	Momentum    float64 `json:"momentum"` // instead of the group's, in [0, 1); zero means the group's
}

// check lists what is wrong with the settings.
func (c Config) check() error {
	var errs []error
	if c.Optimizer == nil {
		errs = append(errs, errors.New("optim: Optimizer is not set"))
	} else {
		errs = append(errs, c.Optimizer.Check())
	}
	for i, r := range c.Rules {
		errs = append(errs, named(fmt.Sprintf("rule %d", i), r.check()))
	}
	return errors.Join(append(errs, c.Clip.check(), c.Lookahead.check())...)
}

func (r Rule) check() error {
	var errs []error
	if err := CheckPattern(r.Path); err != nil {
		errs = append(errs, fmt.Errorf("pattern %q of Path: %w", r.Path, err))
	}
	if r.Kind < AnyKind || r.Kind > NormKind {
		errs = append(errs, fmt.Errorf("unknown %s", r.Kind))
	}
	if r.Optimizer != nil {
		errs = append(errs, r.Optimizer.Check())
	}
	if r.NoDecay && r.DecayFactor != 0 {
		errs = append(errs, fmt.Errorf("both NoDecay and DecayFactor = %v, want one of them", r.DecayFactor))
	}
	errs = append(errs, atLeast0("LRFactor", r.LRFactor), atLeast0("DecayFactor", r.DecayFactor), below1("Momentum", r.Momentum))
	return errors.Join(errs...)
}

// atLeast0 wants a setting to be a number, finite and at least 0.
func atLeast0(field string, v float64) error {
	return within(field, v, v >= 0 && !math.IsInf(v, 1), "≥ 0")
}

// below1 wants 0 ≤ v < 1.
func below1(field string, v float64) error { return within(field, v, v >= 0 && v < 1, "≥ 0 and < 1") }

// upTo1 wants 0 ≤ v ≤ 1.
func upTo1(field string, v float64) error { return within(field, v, v >= 0 && v <= 1, "0 to 1") }

func within(field string, v float64, ok bool, want string) error {
	if ok {
		return nil
	}
	return fmt.Errorf("%s = %v, want %s", field, v, want)
}

// named puts the package and what it is about before an error.
func named(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("optim: %s: %w", what, err)
}
