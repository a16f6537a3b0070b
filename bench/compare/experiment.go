package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/gomlx/compute"

	"github.com/atelier-go/atelier/data"
	"github.com/atelier-go/atelier/learn"
	"github.com/atelier-go/atelier/optim"
	"github.com/atelier-go/atelier/schedule"
	"github.com/atelier-go/atelier/zoo"
)

// experiment is several ways of training that differ in one thing.
type experiment struct {
	name, about string
	variants    []variant
}

// variant is one of them.
type variant struct {
	name   string
	folder string // of its runs; empty means the name. Variants of one folder are measurements of the same runs
	batch  int
	phases []learn.Phase
	swa    learn.SWA
	metric string // of validation, by which the run is judged; empty means that of the raw weights
}

const accuracy = "valid_accuracy"

// What experiments have in common but for those that are about it.
const (
	defaultNetwork = "cifar+resnet-16x1-32x1-64x1-128x1+concat"
	batchSize      = 128
	peakRate       = 0.1
)

// experiments lists them all. The budget of each run is o.epochs; groups is the number of the network's layer groups.
func experiments(o options, groups int) []experiment {
	nesterov := learn.Phase{Optimizer: optim.SGD{Nesterov: true}, WeightDecay: learn.Value(5e-4)}
	cycle := func(peak float64) schedule.OneCycle {
		return schedule.OneCycle{Max: peak, Div: 10, FinalDiv: 100, Pct: 0.3}
	}
	oneCycle := learn.OneCycle(o.epochs, cycle(peakRate), 0.95, 0.85, nesterov)
	constant := func(rate float64) []learn.Phase {
		p := nesterov
		p.Epochs, p.LR = o.epochs, learn.Value(rate)
		return []learn.Phase{p}
	}
	discriminative := func(factor float64) []learn.Phase {
		return learn.DiscriminativeOneCycle(o.epochs, cycle(peakRate), 0.95, 0.85, groups, factor, nesterov)
	}
	lastThree := learn.SWA{Start: max(1, int(o.epochs)-2)}
	return []experiment{
		{"fashion-mnist", "1cycle beside constant learning rates", []variant{
			{name: "1cycle", phases: oneCycle},
			{name: "constant-0.1", phases: constant(0.1)},
			{name: "constant-0.03", phases: constant(0.03)},
		}},
		{"swa", "the mean of the weights after each of the last three epochs, beside the last weights of the same runs", []variant{
			{name: "none", folder: "both", phases: constant(0.03), swa: lastThree},
			{name: "swa", folder: "both", phases: constant(0.03), swa: lastThree, metric: "swa_" + accuracy},
		}},
		{"discriminative", "1cycle with rates that fall by a factor from each layer group to the one before, beside one rate", []variant{
			{name: "plain", phases: oneCycle},
			{name: "factor-1.5", phases: discriminative(1.5)},
			{name: "factor-3", phases: discriminative(3)},
		}},
		{"lars", "LARS and Nesterov momentum at batch 4096 by 1cycle, each at several peak rates", append(
			large("nesterov", o.epochs, optim.SGD{Nesterov: true}, 0.05, 0.1, 0.2, 0.5),
			large("lars", o.epochs, optim.LARS{Trust: 0.02}, 0.5, 1, 2)...,
		)},
	}
}

// large are variants at batch 4096, as eight batches of 512 whose gradients are averaged.
func large(name string, epochs float64, o optim.Optimizer, rates ...float64) []variant {
	var variants []variant
	for _, rate := range rates {
		variants = append(variants, variant{
			name: fmt.Sprintf("%s-%v", name, rate), batch: 512,
			phases: learn.OneCycle(epochs, schedule.OneCycle{Max: rate, Div: 10, FinalDiv: 100, Pct: 0.3}, 0, 0,
				learn.Phase{Optimizer: o, WeightDecay: learn.Value(5e-4), Accumulate: 8}),
		})
	}
	return variants
}

func (e experiment) names() []string {
	var names []string
	for _, v := range e.variants {
		names = append(names, v.name)
	}
	return names
}

func (e experiment) variant(name string) (variant, bool) {
	for _, v := range e.variants {
		if v.name == name {
			return v, true
		}
	}
	return variant{}, false
}

// fashion is Fashion-MNIST.
type fashion struct{ train, test *data.Memory }

func openFashion(dir string) (*fashion, error) {
	train, err := data.FashionMNIST(dir, true)
	if err != nil {
		return nil, err
	}
	test, err := data.FashionMNIST(dir, false)
	return &fashion{train, test}, err
}

// data is the sets, flipped at random for training.
func (f *fashion) data(seed uint64, batch int) *learn.Data {
	normalise := data.Normalise{Mean: []float64{0.286}, Std: []float64{0.353}}
	return &learn.Data{
		Name: "Fashion-MNIST",
		Train: &data.Loader{
			Dataset: f.train, Batch: batch, Seed: seed, Shuffle: true, DropLast: true, Normalise: normalise,
			Transforms: []data.Transform{data.Flip{}},
		},
		Valid: &data.Loader{Dataset: f.test, Batch: 250, Normalise: normalise},
	}
}

// outcome is what came of one run.
type outcome struct {
	variant string
	seed    uint64
	value   float64 // of the variant's metric
	seconds float64 // validation included
}

// run does all runs that are not done yet, the seeds in turn, so that an interrupted comparison has as many of each.
func (e experiment) run(ctx context.Context, backend compute.Backend, m zoo.Model, sets *fashion, o options, progress io.Writer) ([]outcome, error) {
	var all []outcome
	for seed := uint64(1); seed <= uint64(o.seeds); seed++ {
		for _, v := range e.variants {
			dir := filepath.Join(o.out, e.name, fmt.Sprintf("%s-seed%d", cmp.Or(v.folder, v.name), seed))
			fmt.Fprintln(progress, dir)
			r, err := v.run(ctx, backend, m, sets, seed, dir, progress)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", dir, err)
			}
			all = append(all, r)
		}
	}
	return all, nil
}
