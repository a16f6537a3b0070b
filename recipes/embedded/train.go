package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/data"
	"github.com/atelier-go/atelier/learn"
	"github.com/atelier-go/atelier/nn"
	"github.com/atelier-go/atelier/optim"
	"github.com/atelier-go/atelier/schedule"
)

// training is what the result depends on.
type training struct {
	seed                   uint64
	size, batch            int // pixels of a patch's side, patches of a step
	measured               int // batches that scales and whitenings are measured on
	aloneSteps, wholeSteps int
	aloneLR, wholeLR       float64
}

func (t training) check() error {
	for name, n := range map[string]int{"batch": t.batch, "measure": t.measured, "alone": t.aloneSteps, "whole": t.wholeSteps} {
		if n < 1 {
			return fmt.Errorf("-%s is %d, want 1 or more", name, n)
		}
	}
	if t.size < 16 {
		return fmt.Errorf("-size is %d, want 16 or more", t.size)
	}
	return nil
}

// loaders cut patches of random size and colours out of photos. The second has one photo in twenty, which are not trained on.
func (t training) loaders(photos data.Dataset) (train, valid *data.Loader, err error) {
	first, second, err := data.Split(photos, 0.95, t.seed)
	if err != nil {
		return nil, nil, err
	}
	crop := data.RandomResizedCrop{Size: t.size, Scale: [2]float64{0.03, 0.6}}
	train = &data.Loader{
		Dataset: first, Batch: t.batch, Seed: t.seed, Shuffle: true, DropLast: true,
		Transforms: []data.Transform{crop, data.Flip{}, data.ColorJitter{Brightness: 0.4, Contrast: 0.5, Saturation: 1}},
	}
	valid = &data.Loader{Dataset: second, Batch: 10, Seed: t.seed, Transforms: []data.Transform{crop}}
	return train, valid, nil
}

// stage is a run of its own: what is trained on, and how.
type stage struct {
	name    string
	forward learn.Forward // the terms of the loss, [N terms]
	phase   learn.Phase
}

// alone trains each layer on what the teacher's layer before it makes, all at the same time: eight linear regressions. The
// terms are half the squared errors before the ReLU, summed over channels, so that in whitened coordinates the curvature is
// about 1 in every direction of every layer, and one learning rate suits all.
func (t training) alone(teach *teacher, s *student) stage {
	forward := func(scope *model.Scope, x *Node) *Node {
		want := teach.build(x)
		got := s.alone(scope, x, relus(want))
		var terms []*Node
		for i := range layers {
			terms = append(terms, halfSquares(got[i], want[i]))
		}
		return Stack(terms, -1)
	}
	return stage{"alone", forward, t.phase("layers alone", t.aloneSteps, t.aloneLR)}
}

// whole trains all layers together from the picture on. The terms are half the squared errors of the features of all
// layers, summed over channels, and the squared errors of Gram matrices at the taps relative to the teacher's.
func (t training) whole(teach *teacher, s *student) stage {
	forward := func(scope *model.Scope, x *Node) *Node {
		want, got := relus(teach.build(x)), s.whole(scope, x)
		var terms []*Node
		for i := range layers {
			terms = append(terms, halfSquares(got[i], want[i]))
		}
		for _, i := range taps {
			g := nn.Gram(want[i], nn.GramMean)
			d := Sub(nn.Gram(got[i], nn.GramMean), g)
			terms = append(terms, MulScalar(Div(ReduceSum(Square(d), 1, 2), ReduceSum(Square(g), 1, 2)), gramWeight))
		}
		return Stack(terms, -1)
	}
	return stage{"whole", forward, t.phase("whole", t.wholeSteps, t.wholeLR)}
}

// gramWeight makes the terms of Gram matrices as large as those of features are where either is about a percent wrong.
const gramWeight = 10

// halfSquares is Σ(got - want)²/2 over channels, its mean over the places of each example: [N].
func halfSquares(got, want *Node) *Node {
	channels := got.Shape().Dim(-1)
	return MulScalar(ReduceMean(Square(Sub(got, want)), 1, 2, 3), float64(channels)/2)
}

// phase is gradient descent with momentum along one cycle.
func (t training) phase(name string, steps int, rate float64) learn.Phase {
	return learn.Phase{
		Name: name, Steps: steps, Optimizer: optim.SGD{}, Momentum: learn.Value(0.9),
		LR: learn.Values{schedule.OneCycle{Max: rate, Div: 5, Pct: 0.1, FinalDiv: 10}},
	}
}

// total is the loss of an example: the sum of its terms.
func total(terms, _ *Node) *Node { return ReduceSum(terms, -1) }

// learner makes a stage's run, in its own folder of dir.
func (t training) learner(backend compute.Backend, st stage, d *learn.Data, dir string, progress io.Writer) (*learn.Learner, error) {
	return learn.New(learn.Config{
		Backend: backend, Model: learn.Model{Forward: st.forward}, Loss: total, Data: d, Phases: []learn.Phase{st.phase}, Seed: t.seed,
		Dir: filepath.Join(dir, st.name), Checkpoint: learn.CheckpointPolicy{Every: 25, Keep: 1}, Progress: progress,
		Handlers: []learn.Handler{learn.HandlerFunc(func(e learn.Event, r *learn.Run) error { return logStep(progress, e, r) })},
	})
}

// logStep prints the loss now and then.
func logStep(w io.Writer, e learn.Event, r *learn.Run) error {
	if e == learn.StepEnd && (r.Position.Step < 5 || r.Position.Step%10 == 9) {
		fmt.Fprintf(w, "%s step %d: loss %.5f, smoothed %.5f\n", time.Now().UTC().Format(time.TimeOnly), r.Position.Step+1, r.Loss, r.Smoothed)
	}
	return nil
}

// run goes on with a stage where it was, or starts it from the weights of a file, if there is one.
func (t training) run(ctx context.Context, l *learn.Learner, from string) error {
	if _, err := l.Resume(); errors.Is(err, learn.ErrNoCheckpoint) {
		if from != "" {
			if err := l.LoadWeights(from); err != nil {
				return err
			}
		}
	} else if err != nil {
		return err
	}
	if l.Step() == l.Plan().Steps() {
		return nil
	}
	result, err := l.Run(ctx)
	if err != nil {
		return err
	}
	if result.Stop != nil {
		return fmt.Errorf("%s", result.Stop.Reason)
	}
	return nil
}

// train makes the student of a teacher: both stages, each followed by a report, then the file of its weights.
func (t training) train(ctx context.Context, backend compute.Backend, teach *teacher, photos data.Dataset, dir string, w io.Writer) error {
	train, valid, err := t.loaders(photos)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "training: %+v\n", t)
	start := time.Now()
	whitenings, err := measure(ctx, backend, teach, train, t.measured)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "measured %d patches in %v; the layers' scales are %.4g\n", t.measured*t.batch, time.Since(start).Round(time.Second), teach.scale)
	s := &student{whitening: whitenings}
	d := &learn.Data{Train: train, Valid: valid}
	from := ""
	result := filepath.Join(dir, resultFile)
	for _, st := range []stage{t.alone(teach, s), t.whole(teach, s)} {
		if err := t.stage(ctx, backend, st, d, dir, from, w, func(l *learn.Learner) error {
			if err := s.report(ctx, backend, l.Store(), teach, valid, w); err != nil {
				return err
			}
			return s.export(backend, l.Store(), result)
		}); err != nil {
			return err
		}
		from = filepath.Join(dir, st.name, learn.WeightsFile)
	}
	sum, err := hash(result)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%s: SHA-256 %s\n", result, sum)
	return nil
}

// resultFile is the name of the student's weights.
const resultFile = "vgg19-student.safetensors"

// stage runs a stage, starting from the weights of a file, if it is named, and hands over the learner.
func (t training) stage(ctx context.Context, backend compute.Backend, st stage, d *learn.Data, dir, from string, w io.Writer, done func(*learn.Learner) error) error {
	l, err := t.learner(backend, st, d, dir, w)
	if err != nil {
		return err
	}
	defer l.Close()
	if err := t.run(ctx, l, from); err != nil {
		return err
	}
	return done(l)
}
