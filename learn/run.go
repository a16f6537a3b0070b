package learn

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/data"
	"github.com/atelier-go/atelier/optim"
	"github.com/atelier-go/atelier/schedule"
)

// Result is how a run ended.
type Result struct {
	Steps   int
	Stop    *Stop              // nil if all steps of the plan were done
	Metrics map[string]float64 // of the last validation
	Elapsed time.Duration      // over all sessions of a run that was resumed
	Trained time.Duration      // without evaluation and checkpoints: see EpochResult.TrainingSeconds
	Skipped int                // pictures that could not be read
}

// Run trains from the present step to the plan's end, or to a stop. When ctx ends, the step at hand is finished, a
// checkpoint written, and the result says so; that is no error. After an error the last checkpoint is what remains.
func (l *Learner) Run(ctx context.Context) (*Result, error) {
	if err := l.saver.mayBegin(); err != nil {
		return nil, err
	}
	s := &session{Learner: l, ctx: ctx, run: &Run{Plan: l.plan, learner: l, Resumed: l.resumed}, began: time.Now(), before: l.state.Elapsed}
	defer s.close()
	err := s.steps()
	if err == nil {
		err = s.emit(RunEnd)
	}
	err = errors.Join(err, l.saver.history.close())
	l.state.Elapsed = s.elapsed()
	if err != nil {
		return nil, err
	}
	return &Result{
		Steps: l.state.Step, Stop: s.run.stop, Metrics: floats64(l.state.Last), Elapsed: l.state.Elapsed, Trained: l.state.Trained,
		Skipped: l.state.Skipped,
	}, nil
}

// session is one call of Run.
type session struct {
	*Learner
	ctx    context.Context
	run    *Run
	stream *data.Stream
	source *Data // of stream
	next   int   // the batch that comes out of it
	skips  int   // of source when stream was opened
	began  time.Time
	before time.Duration // of earlier sessions
	phase  int           // whose trainer is in place; -1 before any
	frozen int           // how many of the phase's FreezeAfter hold for it
}

func (s *session) elapsed() time.Duration { return s.before + time.Since(s.began) }

func (s *session) close() {
	if s.stream != nil {
		s.stream.Close()
	}
}

func (s *session) emit(e Event) error {
	for _, h := range s.handlers {
		if err := h.Handle(e, s.run); err != nil {
			return fmt.Errorf("%v: %w", e, err)
		}
	}
	return nil
}

func (s *session) steps() error {
	s.phase = -1
	if s.state.Step < s.plan.total {
		s.run.Position = s.plan.At(s.state.Step)
		if err := s.CheckBatches(); err != nil {
			return err
		}
	}
	if err := s.emit(RunBegin); err != nil {
		return err
	}
	for s.state.Step < s.plan.total && s.run.stop == nil {
		if s.ctx.Err() != nil {
			s.run.Stop(StopInterrupted, "interrupted after step %d of %d", s.state.Step, s.plan.total)
			break
		}
		if err := s.step(); err != nil {
			return err
		}
	}
	return s.saver.atEnd(s.run)
}

// step is one step of the plan, with all its events.
func (s *session) step() error {
	pos := s.plan.At(s.state.Step)
	s.run.Position = pos
	if err := s.training(func() error { return s.update(pos) }); err != nil {
		return err
	}
	if err := s.end(pos); err != nil {
		return err
	}
	s.state.Elapsed = s.elapsed()
	return s.saver.afterStep(s.run, pos)
}

// training counts the time that part of the run takes as training.
func (s *session) training(part func() error) error {
	began := time.Now()
	err := part()
	s.state.Trained += time.Since(began)
	return err
}

// update is a step up to its last event.
func (s *session) update(pos Position) error {
	if err := s.begin(pos); err != nil {
		return err
	}
	s.run.Hyper = s.scaled(pos.Hyper)
	if err := s.emit(StepBegin); err != nil {
		return err
	}
	if err := s.train(pos); err != nil {
		return err
	}
	s.state.Step++
	if err := s.lookAhead(); err != nil {
		return err
	}
	s.smooth()
	s.divergence()
	for _, e := range []Event{AfterUpdate, StepEnd} {
		if err := s.emit(e); err != nil {
			return err
		}
	}
	return nil
}

// begin enters phases and epochs.
func (s *session) begin(pos Position) error {
	if s.phase != pos.Phase || s.frozen != len(s.plan.frozen(pos.Phase, pos.K)) {
		if err := s.enter(pos); err != nil {
			return err
		}
		if pos.K == 0 {
			if err := s.emit(PhaseBegin); err != nil {
				return err
			}
		}
	}
	if pos.Batch%s.plan.runs[pos.Phase].perEpoch == 0 || pos.K == 0 && s.plan.newData(pos.Phase) {
		return s.emit(EpochBegin)
	}
	return nil
}

func (s *session) enter(pos Position) error {
	carry := s.plan.phases[pos.Phase].State
	if pos.K > 0 {
		carry = optim.CarryAuto // in the middle of a phase its state is simply its state
	}
	carried, err := s.enterPhase(pos.Phase, pos.K, carry)
	if err != nil {
		return err
	}
	s.run.Carried = carried
	if pos.K == 0 {
		s.state.Scale, s.state.Plateau = 1, nil
	}
	s.phase, s.frozen = pos.Phase, len(s.plan.frozen(pos.Phase, pos.K))
	return nil
}

// scaled is the plan's hyper-parameters with the plateau's factor.
func (s *session) scaled(h []optim.Hyper) []optim.Hyper {
	for i := range h {
		h[i].LR *= s.state.Scale
	}
	return h
}

// train reads the step's batches and moves the weights.
func (s *session) train(pos Position) error {
	batches, err := s.read(pos)
	if err != nil {
		return err
	}
	defer func() {
		for _, b := range batches {
			s.stream.Release(b)
		}
	}()
	if err := s.emit(BeforeUpdate); err != nil {
		return err
	}
	// The updater gets the groups that are not frozen.
	hyper, err := s.trainer.updater.Input(s.run.Hyper[s.plan.phases[pos.Phase].Freeze:])
	if err != nil {
		return err
	}
	defer hyper.FinalizeAll()
	s.run.Examples, s.run.Seen, s.run.Loss = 0, 0, 0
	for i, b := range batches {
		s.run.Seen += b.N
		if err := s.choose(pos, b, uint64(pos.Batch+i)); err != nil {
			return fmt.Errorf("step %d: %w", pos.Step, err)
		}
		s.run.Examples += b.N
	}
	for i, b := range batches {
		exec := s.trainer.whole
		if len(batches) > 1 {
			if exec = s.trainer.gather; i == len(batches)-1 {
				exec = s.trainer.last
			}
		}
		if err := s.batch(exec, b, hyper, uint64(pos.Batch+i)); err != nil {
			return fmt.Errorf("step %d: %w", pos.Step, err)
		}
	}
	s.state.SeenTotal += s.run.Examples
	return nil
}

// choose leaves in a batch what the proxy chooses, if there is one.
func (s *session) choose(pos Position, b *data.Batch, index uint64) error {
	if s.chooser == nil {
		return nil
	}
	diverged, err := s.chooser.choose(pos, b, index, s.run.Hyper[len(s.run.Hyper)-1])
	if diverged {
		s.run.Stop(StopDiverged, "the proxy's losses are not all numbers at step %d: lower the learning rate, or clip gradients", pos.Step+1)
	}
	return err
}

// batch runs a compiled step on a batch.
func (s *session) batch(exec *model.Exec, b *data.Batch, hyper *tensors.Tensor, index uint64) error {
	if err := s.store.SetRNGStateFromSeed(stepSeed(s.config.Seed, s.phase, index)); err != nil {
		return err
	}
	share := float64(b.N) / float64(s.run.Examples)
	args, err := s.feed.inputs(b, hyper, share, s.config.EMA.decay(s.state.Step))
	if err != nil {
		return err
	}
	out, err := exec.Exec(args...)
	if err != nil {
		return err
	}
	defer finalizeAll(out)
	loss, err := scalar(out[0])
	if err != nil {
		return err
	}
	s.run.Loss += loss * share
	if s.run.GradientNorm, err = scalar(out[2]); err != nil {
		return err
	}
	return measure(s.state.Train, out[0], out[1], b.Labels)
}

// stepSeed mixes what a batch's dropout depends on (the finaliser of SplitMix64).
func stepSeed(seed uint64, phase int, batch uint64) int64 {
	z := seed ^ uint64(phase)<<48 ^ batch*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return int64(z ^ z>>31)
}

// read takes the step's batches from the phase's data.
func (s *session) read(pos Position) ([]*data.Batch, error) {
	d := s.plan.phases[pos.Phase].Data
	if s.source != d || s.next != pos.Batch {
		s.close()
		// Reading goes on when the run is interrupted: the step at hand is finished.
		s.stream, s.source, s.skips = d.Train.Open(context.WithoutCancel(s.ctx), pos.Batch), d, d.Train.Skipped()
	}
	batches := make([]*data.Batch, 0, pos.Batches)
	for range pos.Batches {
		b, err := s.stream.Next()
		if err != nil {
			return nil, unexpectedEnd(err)
		}
		batches = append(batches, b)
	}
	s.next = pos.Batch + pos.Batches
	if n := d.Train.Skipped(); n > s.skips {
		s.state.Skipped += n - s.skips
		s.skips = n
	}
	return batches, nil
}

// smooth takes the step's loss into the smoothed one.
func (s *session) smooth() {
	s.run.Smoothed = s.state.Smooth.add(s.run.Loss)
	s.run.BestSmoothed = s.state.Smooth.Best
}

// divergence stops a run whose loss is not a number or has grown beyond the limit.
func (s *session) divergence() {
	m := s.state.Smooth
	switch {
	case math.IsNaN(s.run.Loss) || math.IsInf(s.run.Loss, 0):
		s.run.Stop(StopDiverged, "the loss is %v at step %d: lower the learning rate, or clip gradients", s.run.Loss, s.state.Step)
	case m.Count > 10 && s.config.Stop.diverged(s.run.Smoothed, m.Best):
		s.run.Stop(StopDiverged, "the smoothed loss is %.4g at step %d, its best was %.4g: lower the learning rate, or raise the limit",
			s.run.Smoothed, s.state.Step, m.Best)
	}
}

// end validates where an epoch ends, or where the phase's data does, and ends phases.
func (s *session) end(pos Position) error {
	if s.plan.measuresAfter(pos) && !s.diverged() {
		if err := s.endEpoch(pos); err != nil {
			return err
		}
	}
	if pos.EndsPhase {
		return s.emit(PhaseEnd)
	}
	return nil
}

func (s *session) diverged() bool { return s.run.stop != nil && s.run.stop.Kind == StopDiverged }

// endEpoch measures, and tells the plateau.
func (s *session) endEpoch(pos Position) error {
	s.state.Epochs++
	phase := &s.plan.phases[pos.Phase]
	result := &EpochResult{Epoch: s.state.Epochs, Step: s.state.Step, Phase: phase.Name, Metrics: map[string]float64{}}
	s.state.Train.into(result.Metrics, "train_")
	s.state.Train = newMeters(s.config.Metrics)
	if err := s.training(s.lookBack); err != nil {
		return err
	}
	if s.config.SWA.takes(s.state.Epochs) {
		if err := s.training(func() error { return s.addToMean(s.state.Averaged) }); err != nil {
			return err
		}
		s.state.Averaged++
	}
	if err := s.validate(phase.Data.Valid, result.Metrics, s.state.Step == s.plan.total); err != nil {
		return err
	}
	result.Seconds, result.TrainingSeconds = s.elapsed().Seconds(), s.state.Trained.Seconds()
	s.state.Last = numbers(result.Metrics)
	if err := s.plateau(phase, result.Metrics); err != nil {
		return err
	}
	s.run.Epoch = result
	s.state.Elapsed = s.elapsed()
	return s.emit(EpochEnd)
}

// validate measures the weights, and their averages beside them. An interruption waits for it: the epoch's line is part
// of the run.
func (s *session) validate(loader *data.Loader, values map[string]float64, runEnds bool) error {
	if loader == nil {
		return nil
	}
	ctx := context.WithoutCancel(s.ctx)
	m := newMeters(s.config.Metrics)
	if err := s.evaluator.run(ctx, loader, m); err != nil {
		return fmt.Errorf("validation: %w", err)
	}
	m.into(values, "valid_")
	for _, w := range s.averages(runEnds) {
		if err := s.validateAverage(ctx, w, loader, values); err != nil {
			return fmt.Errorf("validation of %v weights: %w", w, err)
		}
	}
	if s.config.TestTime.measures(s.state.Epochs, runEnds) {
		return s.validateViews(ctx, loader, values)
	}
	return nil
}

// averages are those that are to be measured at the end of this epoch.
func (s *session) averages(runEnds bool) []Weights {
	var ws []Weights
	if s.ema.on {
		ws = append(ws, EMAWeights)
	}
	if s.state.Averaged > 0 && s.config.SWA.measures(s.state.Epochs, runEnds) {
		ws = append(ws, SWAWeights)
	}
	return ws
}

func (s *session) validateAverage(ctx context.Context, w Weights, loader *data.Loader, values map[string]float64) error {
	var store *model.Store
	var done func()
	err := s.training(func() (err error) {
		store, done, err = s.weights(ctx, w) // a mean's batch norms look at the training data again
		return err
	})
	if err != nil {
		return err
	}
	defer done()
	return s.validateBy(ctx, store, s.config.Model.Forward, loader, w.String()+"_valid_", values)
}

// validateBy measures a forward function with the weights of a store, and adds what comes to values.
func (s *session) validateBy(ctx context.Context, store *model.Store, forward Forward, loader *data.Loader, prefix string, values map[string]float64) error {
	e, err := newEvaluator(s.Learner, store, forward)
	if err != nil {
		return err
	}
	defer e.finalize()
	m := newMeters(s.config.Metrics)
	if err := e.run(ctx, loader, m); err != nil {
		return err
	}
	m.into(values, prefix)
	return nil
}

// plateau lets the phase's plateau see its metric.
func (s *session) plateau(phase *Phase, values map[string]float64) error {
	if phase.Plateau == nil {
		return nil
	}
	v, ok := values[phase.watch()]
	if !ok {
		return fmt.Errorf("learn: the plateau of %s watches %q, which was not measured; there are %s", phase.Name, phase.watch(), names(values))
	}
	if s.state.Plateau == nil {
		s.state.Plateau = &schedule.PlateauState{}
	}
	plateau := *phase.Plateau
	if plateau.Mode == "" && HigherIsBetter(phase.watch()) {
		plateau.Mode = "max"
	}
	st := plateau.Next(*s.state.Plateau, v)
	*s.state.Plateau = st
	s.state.Scale = st.Scale
	return nil
}
