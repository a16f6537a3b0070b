package recipe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/atelier-go/atelier/data"
	"github.com/atelier-go/atelier/learn"
	"github.com/atelier-go/atelier/optim"
	"github.com/atelier-go/atelier/zoo"
)

// Plan lays the run out: what every step trains with. It wants no backend and decodes no picture.
func (r *Recipe) Plan() (*learn.Plan, error) {
	b := &builder{recipe: r, sources: sources{open: map[string]data.Dataset{}}, built: map[string]*learn.Data{}}
	return b.plan(context.Background())
}

// Config is what learn.New wants, except for the backend and what the caller alone knows: Progress and Handlers. Pictures
// with memory are read and decoded now, which takes a while and ends when ctx does.
func (r *Recipe) Config(ctx context.Context) (learn.Config, error) {
	b := &builder{recipe: r, sources: sources{open: map[string]data.Dataset{}, decode: true}, built: map[string]*learn.Data{}}
	if _, err := b.plan(ctx); err != nil { // every problem has its line here
		return learn.Config{}, err
	}
	m, err := b.model()
	if err != nil {
		return learn.Config{}, err
	}
	c := learn.Config{
		Model:  learnModel(m),
		Loss:   learn.CrossEntropy(r.Loss.LabelSmoothing),
		Phases: b.phases, Seed: r.Seed, Dir: string(r.Out),
		Checkpoint:  learn.CheckpointPolicy(r.Checkpoint),
		Stop:        learn.StopPolicy(r.Stop),
		Until:       r.Until,
		EMA:         learn.EMA(r.EMA),
		SWA:         r.SWA.swa(),
		Lookahead:   learn.Lookahead(r.Lookahead),
		TestTime:    learn.TestTime(r.TTA),
		Classes:     b.classes,
		Fingerprint: r.Text(),
		Loading:     b.loading,
	}
	if c.Proxy, err = r.proxy(len(b.classes)); err != nil {
		return learn.Config{}, err
	}
	for _, name := range r.metrics() {
		metric, _ := name.metric(b.classes)
		c.Metrics = append(c.Metrics, metric)
	}
	return c, nil
}

func (r *Recipe) metrics() []Metric {
	if len(r.Metrics) == 0 {
		return []Metric{"accuracy"}
	}
	return r.Metrics
}

// builder makes the parts of a run.
type builder struct {
	recipe  *Recipe
	sources sources
	built   map[string]*learn.Data
	classes []string
	phases  []learn.Phase
	loading time.Duration // of the pictures to train on
}

func (b *builder) plan(ctx context.Context) (*learn.Plan, error) {
	r := b.recipe
	if len(r.Phases) == 0 {
		return nil, fmt.Errorf("%s: there are no phases, so that there is nothing to train: want at least one, or judge weights by it with atelier eval", r.file)
	}
	if err := b.allData(ctx); err != nil {
		return nil, err
	}
	m, err := b.model()
	if err != nil {
		return nil, err
	}
	groups := m.Groups()
	r.entries = nil
	for i := range r.Phases {
		phases := b.phase(i, len(groups))
		for range phases {
			r.entries = append(r.entries, i)
		}
		b.phases = append(b.phases, phases...)
	}
	plan, err := learn.NewPlan(b.phases, nil, len(groups))
	return plan, r.locate(err)
}

// allData opens the data of all phases, whose classes must be the same: they are the model's.
func (b *builder) allData(ctx context.Context) error {
	var first *learn.Data
	var problems []error
	failed := map[string]bool{}
	for i := range b.recipe.Phases {
		name, path := b.recipe.dataOf(i)
		if failed[name] {
			continue
		}
		d, err := b.data(ctx, name, path)
		switch {
		case err != nil:
			problems = append(problems, err)
			failed[name] = true
		case first == nil:
			first, b.classes = d, d.Train.Dataset.Classes()
		default:
			if err := data.SameClasses(b.classes, d.Train.Dataset.Classes()); err != nil {
				problems = append(problems, fmt.Errorf("%s: datasets %q and %q: %w", b.recipe.at(b.recipe.lines[path]), first.Name, name, err))
			}
		}
	}
	return errors.Join(problems...)
}

// dataOf is the name of a phase's dataset, and where the recipe names it.
func (r *Recipe) dataOf(phase int) (name, path string) {
	if own := r.Phases[phase].Data; own != "" {
		return own, fmt.Sprintf("phases.%d.data", phase)
	}
	return r.Data, "data"
}

// locate puts the recipe's name, and the lines of its phases, before what learn finds wrong with its plan.
func (r *Recipe) locate(err error) error {
	if err == nil {
		return nil
	}
	list, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return fmt.Errorf("%s: %w", r.at(r.lineOf(err)), err)
	}
	var errs []error
	for _, e := range list.Unwrap() {
		errs = append(errs, r.locate(e))
	}
	return errors.Join(errs...)
}

// Locate does so for what is wrong with phases in a run that is made of Config, and leaves other errors as they are.
func (r *Recipe) Locate(err error) error {
	if _, ok := errors.AsType[*learn.PhaseError](err); ok {
		return r.locate(err)
	}
	return err
}

// lineOf is the line of the phase that an error is about, or 0.
func (r *Recipe) lineOf(err error) int {
	if p, ok := errors.AsType[*learn.PhaseError](err); ok && p.Phase < len(r.entries) {
		return r.lines["phases."+strconv.Itoa(r.entries[p.Phase])]
	}
	return 0
}

// learnModel is a network as package learn takes it.
func learnModel(m zoo.Model) learn.Model {
	return learn.Model{Forward: m.Forward, Groups: m.Groups(), Prepare: m.Prepare(), Name: m.Name(), TensorName: m.TensorName}
}

func (b *builder) model() (zoo.Model, error) { return b.recipe.model(len(b.classes)) }

func (r *Recipe) model(classes int) (zoo.Model, error) {
	m, err := zoo.ByName(r.Model, classes)
	if err != nil {
		return m, fmt.Errorf("%s: %w", r.at(r.lines["model"]), err)
	}
	return m, nil
}

// data makes the loaders of a dataset, once. path is what names it.
func (b *builder) data(ctx context.Context, name, path string) (*learn.Data, error) {
	if d := b.built[name]; d != nil {
		return d, nil
	}
	r, s := b.recipe, b.recipe.Datasets[name]
	fail := func(field string, err error) error {
		line := r.lines[join(join("datasets", name), field)]
		if line == 0 {
			line = r.lines[path]
		}
		return fmt.Errorf("%s: %s of dataset %q: %w", r.at(line), field, name, err)
	}
	if s.Train == (Source{}) {
		return nil, fmt.Errorf("%s: dataset %q has no pictures to train on: want train", r.at(r.lines[join("datasets", name)]), name)
	}
	began := time.Now()
	train, err := b.sources.dataset(ctx, s.Train)
	if err != nil {
		return nil, fail("train", err)
	}
	b.loading += time.Since(began)
	d := &learn.Data{Name: name, Train: s.loader(train, cmp.Or(s.Batch, defaultBatch))}
	d.Train.Seed, d.Train.Shuffle, d.Train.DropLast = r.Seed, true, s.DropLast
	d.Train.Transforms, d.Train.Mixup = transforms(s.Transforms), s.Mixup
	if s.Valid != nil {
		valid, err := b.sources.dataset(ctx, *s.Valid)
		if err != nil {
			return nil, fail("valid", err)
		}
		if err := data.SameClasses(train.Classes(), valid.Classes()); err != nil {
			return nil, fail("valid", err)
		}
		d.Valid = s.validLoader(valid)
	}
	b.built[name] = d
	return d, nil
}

const defaultBatch = 64

// validLoader reads pictures as validation sees them.
func (s Data) validLoader(d data.Dataset) *data.Loader {
	l := s.loader(d, cmp.Or(s.ValidBatch, s.Batch, defaultBatch))
	l.Transforms = transforms(s.ValidTransforms)
	return l
}

// loader is what training and validation have in common.
func (s Data) loader(d data.Dataset, batch int) *data.Loader {
	l := &data.Loader{Dataset: d, Batch: batch, Normalise: s.Normalise, Workers: s.Workers, Prefetch: s.Prefetch}
	if s.SkipCorrupt {
		l.Corrupt = data.Skip
	}
	return l
}

func transforms(ts []Transform) []data.Transform {
	var all []data.Transform
	for _, t := range ts {
		all = append(all, t.Transform)
	}
	return all
}

// phase makes the phases of the recipe's entry i.
func (b *builder) phase(i, groups int) []learn.Phase {
	p := &b.recipe.Phases[i]
	name, _ := b.recipe.dataOf(i)
	base := learn.Phase{
		Name: p.Name, Data: b.built[name], Epochs: p.Epochs, Steps: p.Steps, Optimizer: p.Optimizer.Optimizer,
		LR: p.LR.values(), Momentum: p.Momentum.values(), Beta2: p.Beta2.values(), WeightDecay: p.WeightDecay.values(),
		LRScale: p.LRScale, Decoupled: p.Decoupled, DecayAll: p.DecayAll, Clip: p.Clip, Lookahead: p.Lookahead,
		State: p.State, Freeze: p.Freeze, Accumulate: p.Accumulate, Plateau: p.Plateau, Watch: p.Watch,
	}
	for _, rule := range p.Rules {
		base.Rules = append(base.Rules, optim.Rule{
			Path: rule.Path, Kind: rule.Kind, Optimizer: rule.Optimizer.Optimizer,
			LRFactor: rule.LRFactor, DecayFactor: rule.DecayFactor, NoDecay: rule.NoDecay, Momentum: rule.Momentum,
		})
	}
	for _, f := range p.FreezeAfter {
		base.FreezeAfter = append(base.FreezeAfter, learn.FreezeAfter(f))
	}
	if p.Discriminative > 0 {
		base.LRScale = learn.Discriminative(groups, p.Discriminative)
	}
	switch {
	case p.Kilostep != nil:
		examples := base.Data.Train.Batch
		if b.recipe.Proxy.Model != "" {
			examples = b.recipe.Proxy.learn().Chosen(examples)
		}
		return []learn.Phase{p.Kilostep.kilostep().Phase(base, examples*max(1, p.Accumulate))}
	case p.OneCycle != nil:
		c := p.OneCycle
		return learn.OneCycle(p.Epochs, c.OneCycle, c.MaxMomentum, c.MinMomentum, base)
	case p.OneCycleLinear != nil:
		c := p.OneCycleLinear
		return learn.OneCycleLinear(p.Epochs, c.LR, c.Div, c.Pct, cmp.Or(c.MaxMomentum, 0.95), cmp.Or(c.MinMomentum, 0.85), base)
	case p.SGDR != nil:
		return learn.SGDR(p.SGDR.LR, p.SGDR.Cycles, p.Epochs, cmp.Or(p.SGDR.Mult, 1), base)
	default:
		return []learn.Phase{base}
	}
}
