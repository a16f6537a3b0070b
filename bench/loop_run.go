package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gomlx/compute"

	"github.com/atelier-go/atelier/learn"
)

// loop is a run of package learn that waits after each step until it is asked for another.
type loop struct {
	learner *learn.Learner
	dir     string
	asked   chan struct{} // closed to end the run
	stepped chan error    // a value after each step; the run's own end is one too
	ended   bool
}

func startLoop(b compute.Backend, t loopTask, batch int) (program, error) {
	m, err := t.model()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "atelier-bench-")
	if err != nil {
		return nil, err
	}
	l := &loop{dir: dir, asked: make(chan struct{}), stepped: make(chan error)}
	l.learner, err = learn.New(learn.Config{
		Backend: b, Model: learn.Model{Forward: m.Forward, Groups: m.Groups()},
		Data: &learn.Data{Train: t.loader(batch)}, Phases: []learn.Phase{t.phase()}, Seed: 1,
		Metrics: []learn.Metric{learn.Accuracy{}}, Dir: filepath.Join(dir, "run"),
		Handlers: []learn.Handler{learn.HandlerFunc(l.handle)},
	})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	go func() {
		<-l.asked
		r, err := l.learner.Run(context.Background())
		if err == nil && !l.ended {
			err = fmt.Errorf("the run ended after %d steps: %v", r.Steps, r.Stop)
		}
		l.stepped <- err
	}()
	return l, nil
}

// handle waits at the end of each step.
func (l *loop) handle(e learn.Event, r *learn.Run) error {
	if e != learn.StepEnd {
		return nil
	}
	l.stepped <- nil
	if _, more := <-l.asked; !more {
		r.Stop(learn.StopDiverged, "the measurement is over") // a run that diverged writes no checkpoint
	}
	return nil
}

func (l *loop) step() error {
	l.asked <- struct{}{}
	return <-l.stepped
}

// close ends the run. What its folder has is of no use to anybody.
func (l *loop) close() {
	l.ended = true
	close(l.asked)
	<-l.stepped
	l.learner.Close()
	_ = os.RemoveAll(l.dir)
}
