package recipe

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/atelier-go/atelier/data"
	"github.com/atelier-go/atelier/learn"
	"github.com/atelier-go/atelier/optim"
	"github.com/atelier-go/atelier/zoo"
)

// DefaultModel is the model of recipes that name none: a residual network that trains in seconds on small pictures.
const DefaultModel = "cifar+resnet-16x1-32x1-64x1+concat"

// Drawn is the name of the dataset that is always there, of drawn shapes.
const Drawn = "shapes"

// drawn is that dataset.
func drawn() Data {
	return Data{
		Train:      Source{Shapes: &Shapes{N: 8192, Size: 24, Seed: 1}, Memory: true},
		Valid:      &Source{Shapes: &Shapes{N: 1024, Size: 24, Seed: 2}, Memory: true},
		Transforms: []Transform{{data.RandomCrop{Pad: 3}}, {data.Flip{}}},
		Normalise:  data.Normalise{Mean: []float64{0.5}, Std: []float64{0.25}},
		Batch:      32,
		ValidBatch: 256,
	}
}

// check finds what is wrong between fields.
func (r *Recipe) check(d *decoder) {
	if r.Model == "" {
		r.Model = DefaultModel
	}
	if _, err := zoo.ByName(r.Model, 2); err != nil {
		d.wrong(r.lines["model"], "%v", err)
	}
	if r.Datasets == nil {
		r.Datasets = map[string]Data{}
	}
	if _, there := r.Datasets[Drawn]; !there {
		if r.Data == "" && len(r.Datasets) == 1 {
			for name := range r.Datasets {
				r.Data = name
			}
		}
		r.Datasets[Drawn] = drawn()
	}
	if r.Data == "" {
		r.Data = r.onlyData(d)
	}
	r.checkData(d, r.Data, "data")
	for i := range r.Phases {
		r.checkPhase(d, i)
		r.checkWatch(d, r.Phases[i].Watch, fmt.Sprintf("phases.%d.watch", i))
	}
	r.checkWatch(d, r.Stop.Watch, "stop.watch")
	r.checkWatch(d, r.Checkpoint.Best, "checkpoint.best")
	if s := r.Loss.LabelSmoothing; !(s >= 0 && s < 1) {
		d.wrong(r.lines["loss.label_smoothing"], "loss.label_smoothing is %v: want 0 to less than 1", s)
	}
}

// onlyData is the dataset of a recipe that names none at its top.
func (r *Recipe) onlyData(d *decoder) string {
	if len(r.Datasets) == 1 {
		return Drawn
	}
	for i := range r.Phases {
		if r.Phases[i].Data == "" {
			d.wrong(r.lines[fmt.Sprintf("phases.%d", i)], "phases.%d names no data, and there are several datasets: want data here, or at the top, one of %s",
				i, joined(maps.Keys(r.Datasets)))
		}
	}
	return Drawn
}

func (r *Recipe) checkData(d *decoder, name, path string) {
	if _, there := r.Datasets[name]; !there {
		d.wrong(r.lines[path], "%s: there is no dataset %q%s", path, name, suggest(name, slices.Sorted(maps.Keys(r.Datasets))))
	}
}

// checkWatch wants what every end of an epoch measures: an unknown name would be found after the first one only.
func (r *Recipe) checkWatch(d *decoder, name, path string) {
	var known []string
	prefixes := []string{"valid_", "train_"}
	if r.EMA.Decay > 0 {
		prefixes = append(prefixes, "ema_valid_")
	}
	for _, prefix := range prefixes {
		known = append(known, prefix+"loss")
		for _, m := range r.metrics() {
			known = append(known, prefix+string(m))
		}
	}
	if name != "" && !slices.Contains(known, name) {
		d.wrong(r.lines[path], "%s: %q is not measured%s", path, name, suggest(name, known))
	}
}

func (r *Recipe) checkPhase(d *decoder, i int) {
	p, path := &r.Phases[i], fmt.Sprintf("phases.%d", i)
	line := r.lines[path]
	if p.Data != "" {
		r.checkData(d, p.Data, path+".data")
	}
	shapes := 0
	for _, there := range []bool{p.OneCycle != nil, p.OneCycleLinear != nil, p.SGDR != nil} {
		if there {
			shapes++
		}
	}
	switch {
	case shapes > 1:
		d.wrong(line, "%s has several of one_cycle, one_cycle_linear and sgdr: want one", path)
	case shapes == 1 && len(p.LR) > 0:
		d.wrong(line, "%s has lr and a cycle that gives the learning rate: want one of them", path)
	case shapes == 1 && (p.Epochs <= 0 || p.Steps != 0):
		d.wrong(line, "%s has a cycle: want its length in epochs", path)
	}
	if p.Discriminative < 0 || p.Discriminative != 0 && len(p.LRScale) > 0 {
		d.wrong(line, "%s has discriminative %v and %d factors in lr_scale: want a number above 0, or the list", path, p.Discriminative, len(p.LRScale))
	}
	if c := p.OneCycle; c != nil && (c.MaxMomentum == 0) != (c.MinMomentum == 0) {
		d.wrong(r.lines[path+".one_cycle"], "%s.one_cycle has one of max_momentum and min_momentum: want both, or none", path)
	}
	if c := p.OneCycleLinear; c != nil && !(c.LR > 0 && c.Div >= 1 && c.Pct >= 0 && c.Pct < 100) {
		d.wrong(r.lines[path+".one_cycle_linear"], "%s.one_cycle_linear: lr is %v, div %v and pct %v: want lr above 0, div of at least 1 and 0 to less than 100 percent",
			path, c.LR, c.Div, c.Pct)
	}
	if c := p.SGDR; c != nil && !(c.LR > 0 && c.Cycles >= 1 && c.Cycles <= 100 && c.Mult >= 0) {
		d.wrong(r.lines[path+".sgdr"], "%s.sgdr: lr is %v, cycles %d and mult %v: want lr above 0, 1 to 100 cycles and a mult that is not negative",
			path, c.LR, c.Cycles, c.Mult)
	}
}

func joined(names func(func(string) bool)) string {
	text := ""
	for i, n := range slices.Sorted(names) {
		if i > 0 {
			text += ", "
		}
		text += n
	}
	return text
}

// Plan lays the run out: what every step trains with. It wants no backend and decodes no picture.
func (r *Recipe) Plan() (*learn.Plan, error) {
	b := &builder{recipe: r, sources: sources{open: map[string]data.Dataset{}}, built: map[string]*learn.Data{}}
	return b.plan()
}

// Config is what learn.New wants, except for the backend and what the caller alone knows: Progress and Handlers.
func (r *Recipe) Config() (learn.Config, error) {
	b := &builder{recipe: r, sources: sources{open: map[string]data.Dataset{}, decode: true}, built: map[string]*learn.Data{}}
	if _, err := b.plan(); err != nil { // every problem has its line here
		return learn.Config{}, err
	}
	m, err := b.model()
	if err != nil {
		return learn.Config{}, err
	}
	c := learn.Config{
		Model:  learn.Model{Forward: m.Forward, Groups: m.Groups()},
		Loss:   learn.CrossEntropy(r.Loss.LabelSmoothing),
		Phases: b.phases, Seed: r.Seed, Dir: string(r.Out),
		Checkpoint:  learn.CheckpointPolicy(r.Checkpoint),
		Stop:        learn.StopPolicy(r.Stop),
		EMA:         learn.EMA(r.EMA),
		SWA:         r.SWA.swa(),
		Fingerprint: r.Text(),
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
	entries []int // which of the recipe's phases each of those is of
}

func (b *builder) plan() (*learn.Plan, error) {
	r := b.recipe
	if len(r.Phases) == 0 {
		return nil, fmt.Errorf("%s: there are no phases: want at least one", r.file)
	}
	if err := b.allData(); err != nil {
		return nil, err
	}
	m, err := b.model()
	if err != nil {
		return nil, err
	}
	groups := m.Groups()
	for i := range r.Phases {
		phases := b.phase(i, len(groups))
		for range phases {
			b.entries = append(b.entries, i)
		}
		b.phases = append(b.phases, phases...)
	}
	plan, err := learn.NewPlan(b.phases, nil, len(groups))
	return plan, b.locate(err)
}

// allData opens the data of all phases, whose classes must be the same: they are the model's.
func (b *builder) allData() error {
	var first *learn.Data
	var problems []error
	failed := map[string]bool{}
	for i := range b.recipe.Phases {
		name, path := b.recipe.dataOf(i)
		if failed[name] {
			continue
		}
		d, err := b.data(name, path)
		switch {
		case err != nil:
			problems = append(problems, err)
			failed[name] = true
		case first == nil:
			first, b.classes = d, d.Train.Dataset.Classes()
		default:
			if err := data.SameClasses(first.Train.Dataset, d.Train.Dataset); err != nil {
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

// locate puts the lines of the recipe's phases before what learn finds wrong with them.
func (b *builder) locate(err error) error {
	if err == nil {
		return nil
	}
	list, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return b.locateOne(err)
	}
	var errs []error
	for _, e := range list.Unwrap() {
		errs = append(errs, b.locateOne(e))
	}
	return errors.Join(errs...)
}

func (b *builder) locateOne(err error) error {
	line := 0
	if p, ok := errors.AsType[*learn.PhaseError](err); ok {
		line = b.recipe.lines["phases."+strconv.Itoa(b.entries[p.Phase])]
	}
	return fmt.Errorf("%s: %w", b.recipe.at(line), err)
}

func (b *builder) model() (zoo.Model, error) {
	m, err := zoo.ByName(b.recipe.Model, len(b.classes))
	if err != nil {
		return m, fmt.Errorf("%s: %w", b.recipe.at(b.recipe.lines["model"]), err)
	}
	return m, nil
}

// data makes the loaders of a dataset, once. path is what names it.
func (b *builder) data(name, path string) (*learn.Data, error) {
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
	train, err := b.sources.dataset(s.Train)
	if err != nil {
		return nil, fail("train", err)
	}
	d := &learn.Data{Name: name, Train: s.loader(train, cmp.Or(s.Batch, defaultBatch))}
	d.Train.Seed, d.Train.Shuffle, d.Train.DropLast = r.Seed, true, s.DropLast
	d.Train.Transforms, d.Train.Mixup = transforms(s.Transforms), s.Mixup
	if s.Valid != nil {
		valid, err := b.sources.dataset(*s.Valid)
		if err != nil {
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
			LRFactor: rule.LRFactor, DecayFactor: rule.DecayFactor, NoDecay: rule.NoDecay,
		})
	}
	if p.Discriminative > 0 {
		base.LRScale = learn.Discriminative(groups, p.Discriminative)
	}
	switch {
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
