package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/atelier-go/atelier/bench"
	"github.com/atelier-go/atelier/data"
	"github.com/atelier-go/atelier/learn"
	"github.com/atelier-go/atelier/recipe"
)

// pair is a step of both sides.
type pair struct {
	Step                 int
	Loss, PeerLoss       float64 // means of the batch, before the step
	Seconds, PeerSeconds float64
}

// runner trains, and after each step has the peer do the same.
type runner struct {
	steps  int
	peer   *peer
	stream *data.Stream // a second one of the same batches
	dir    string
	pairs  []pair
	began  time.Time
}

// race trains o.steps pairs of steps.
func race(ctx context.Context, o options, c learn.Config, r *recipe.Recipe, torch *bench.Torch) ([]pair, *peer, error) {
	dir, err := os.MkdirTemp("", "beside-")
	if err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(dir)
	run := &runner{steps: o.steps, dir: dir}
	c.Handlers = append(c.Handlers, learn.HandlerFunc(run.handle))
	l, err := learn.New(c)
	if err != nil {
		return nil, nil, err
	}
	defer l.Close()
	if l.Plan().Steps() < o.steps {
		return nil, nil, fmt.Errorf("the run has %d steps, want at least -steps %d", l.Plan().Steps(), o.steps)
	}
	if err := l.SaveWeights(dir); err != nil {
		return nil, nil, err
	}
	train := c.Phases[0].Data.Train
	run.peer, err = startPeer(ctx, torch, o.threads, task{
		Weights: filepath.Join(dir, learn.WeightsFile), Batch: train.Batch, Total: l.Plan().Steps(), PerEpoch: train.StepsPerEpoch(),
		FreezeEpochs: r.Phases[0].FreezeAfter[0].Epochs, LookaheadStart: r.Lookahead.Start,
	})
	if err != nil {
		return nil, nil, err
	}
	run.stream = train.Open(ctx, 0)
	defer run.stream.Close()
	_, err = l.Run(ctx)
	err = errors.Join(err, run.peer.stop())
	if ctx.Err() != nil {
		return nil, nil, context.Cause(ctx) // which ended the peer, too
	}
	if err == nil && len(run.pairs) < o.steps {
		err = fmt.Errorf("the run ended after %d steps", len(run.pairs))
	}
	return run.pairs, run.peer, err
}

// handle times our step, and then has the peer's.
func (r *runner) handle(e learn.Event, run *learn.Run) error {
	switch e {
	case learn.StepBegin:
		r.began = time.Now()
	case learn.StepEnd:
		p := pair{Step: run.Position.Step, Loss: run.Loss, Seconds: time.Since(r.began).Seconds()}
		if err := r.follow(&p); err != nil {
			return err
		}
		if r.pairs = append(r.pairs, p); len(r.pairs) == r.steps {
			run.Stop(learn.StopAsked, "%d steps are enough", r.steps)
		}
	}
	return nil
}

// follow gives the peer the batch of the step.
func (r *runner) follow(p *pair) error {
	b, err := r.stream.Next()
	if err != nil {
		return err
	}
	defer r.stream.Release(b)
	path := filepath.Join(r.dir, "batch")
	if err := writeBatch(path, b); err != nil {
		return err
	}
	a, err := r.peer.step(path, b)
	p.PeerLoss, p.PeerSeconds = a.Loss, a.Seconds
	return err
}

// writeBatch writes pixels and labels, one after the other.
func writeBatch(path string, b *data.Batch) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(
		binary.Write(f, binary.LittleEndian, b.Pixels[:b.N*b.H*b.W*b.C]),
		binary.Write(f, binary.LittleEndian, b.Labels[:b.N]),
		f.Close())
}
