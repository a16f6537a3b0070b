package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/gomlx/compute"

	"github.com/atelier-go/atelier/learn"
	"github.com/atelier-go/atelier/zoo"
)

// run trains with one seed, or reads what came of it when it was done before.
func (v variant) run(ctx context.Context, backend compute.Backend, m zoo.Model, sets *fashion, seed uint64, dir string, progress io.Writer) (outcome, error) {
	o := outcome{variant: v.name, seed: seed}
	l, err := learn.New(learn.Config{
		Backend: backend, Model: learn.Model{Forward: m.Forward, Groups: m.Groups()},
		Data: sets.data(seed, cmp.Or(v.batch, batchSize)), Phases: v.phases, Seed: seed,
		Metrics: []learn.Metric{learn.Accuracy{}}, SWA: v.swa,
		Dir: dir, Checkpoint: learn.CheckpointPolicy{Every: 200}, Progress: progress,
	})
	if err != nil {
		return o, err
	}
	defer l.Close()
	notes, err := l.Resume()
	if err != nil && !errors.Is(err, learn.ErrNoCheckpoint) {
		return o, err
	}
	for _, n := range notes {
		fmt.Fprintln(progress, n)
	}
	result, err := l.Run(ctx)
	if err != nil {
		return o, err
	}
	o.seconds = result.Elapsed.Seconds()
	switch {
	case result.Stop == nil:
		var ok bool
		if o.value, ok = result.Metrics[cmp.Or(v.metric, accuracy)]; !ok {
			return o, fmt.Errorf("%s was not measured", cmp.Or(v.metric, accuracy))
		}
	case result.Stop.Kind == learn.StopDiverged:
		o.value = math.NaN()
	default:
		return o, errors.New(result.Stop.Reason)
	}
	return o, nil
}
