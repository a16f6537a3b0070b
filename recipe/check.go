package recipe

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/atelier-go/atelier/data"
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
	if m, err := zoo.ByName(r.Model, 2); err != nil {
		d.wrong(r.lines["model"], "%v", err)
	} else if m.Head == nil {
		d.wrong(r.lines["model"], "model %q has no head to tell classes apart; there are %s", r.Model, strings.Join(zoo.Heads(), ", "))
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
		r.checkWatch(d, r.Phases[i].Watch, fmt.Sprintf("phases.%d.watch", i), r.Phases[i:i+1])
	}
	r.checkWatch(d, r.Stop.Watch, "stop.watch", r.Phases)
	r.checkWatch(d, r.Checkpoint.Best, "checkpoint.best", r.Phases)
	if n := len(r.Phases); r.Report != (Report{}) && n > 0 && !r.validates(r.Phases[n-1:]) {
		d.wrong(r.lines["report"], "report wants pictures to validate on, and the data of the last phase has none: want valid")
	}
	r.checkUntil(d)
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
				i, strings.Join(slices.Sorted(maps.Keys(r.Datasets)), ", "))
		}
	}
	return Drawn
}

func (r *Recipe) checkData(d *decoder, name, path string) {
	if _, there := r.Datasets[name]; !there {
		d.wrong(r.lines[path], "%s: there is no dataset %q%s", path, name, suggest(name, slices.Sorted(maps.Keys(r.Datasets))))
	}
}

// validates tells whether the data of some of these phases has pictures to validate on.
func (r *Recipe) validates(phases []Phase) bool {
	return slices.ContainsFunc(phases, func(p Phase) bool { return r.Datasets[cmp.Or(p.Data, r.Data)].Valid != nil })
}

// checkWatch wants what the ends of epochs of some of these phases measure: an unknown name would be found after the first
// one only.
func (r *Recipe) checkWatch(d *decoder, name, path string, phases []Phase) {
	var known []string
	prefixes := []string{"valid_", "train_"}
	if r.EMA.Decay > 0 {
		prefixes = append(prefixes, "ema_valid_")
	}
	if r.TTA.Level > 0 && r.TTA.Every == 1 {
		prefixes = append(prefixes, "tta_valid_")
	}
	if len(phases) > 0 && strings.Contains(name, "valid_") && !r.validates(phases) {
		d.wrong(r.lines[path], "%s: %q is not measured: there are no pictures to validate on, want valid in the data", path, name)
		return
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
	if p.Kilostep != nil && (p.Optimizer.Optimizer != nil || len(p.LR)+len(p.Momentum)+len(p.Beta2)+len(p.WeightDecay) > 0 ||
		p.OneCycle != nil || p.OneCycleLinear != nil || p.SGDR != nil || p.Decoupled) {
		d.wrong(r.lines[path+".kilostep"], "%s has kilostep, which gives optimizer, lr, momentum and weight_decay, and one of these or a cycle: want one or the other", path)
	}
	if p.Accumulate > 1 && r.Proxy.Model != "" {
		d.wrong(line, "%s accumulates %d batches beside a proxy, which chooses from one: want larger batches", path, p.Accumulate)
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
	case len(p.Momentum) > 0 && (p.OneCycleLinear != nil || p.OneCycle != nil && p.OneCycle.MaxMomentum > 0):
		d.wrong(line, "%s has momentum and a cycle that gives the momentum: want one of them", path)
	case shapes == 1 && (p.Epochs <= 0 || p.Steps != 0):
		d.wrong(line, "%s has a cycle: want its length in epochs", path)
	}
	if !(p.Discriminative >= 0) || math.IsInf(p.Discriminative, 0) || p.Discriminative != 0 && len(p.LRScale) > 0 {
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
