package learn

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/support/exceptions"

	"github.com/atelier-go/atelier/data"
)

// checkSizes builds the model for the pictures of every phase, and of its validation: a run is not to break off hours later
// where they are too small for the model, or have other channels.
func (l *Learner) checkSizes(validates bool) error {
	looked, built := map[*data.Loader]bool{}, map[[3]int]bool{}
	for i := range l.plan.phases {
		p := &l.plan.phases[i]
		for _, part := range []struct {
			name   string
			loader *data.Loader
		}{{"pictures", p.Data.Train}, {"validation pictures", p.Data.Valid}} {
			if part.loader == nil || looked[part.loader] || part.loader == p.Data.Valid && !validates {
				continue
			}
			looked[part.loader] = true
			h, w, c, err := sizeOf(first(part.loader))
			if err != nil {
				return err
			}
			if built[[3]int{h, w, c}] {
				continue
			}
			built[[3]int{h, w, c}] = true
			if len(looked) == 1 {
				continue // the weights were made for these
			}
			if err := l.builds(1, h, w, c, false); err != nil {
				return &PhaseError{i, p.Name, fmt.Sprintf("%s of %s: %v", part.name, p.Data.Name, err)}
			}
		}
	}
	return nil
}

// first is a loader of single pictures of another's data, with its transformations.
func first(l *data.Loader) *data.Loader {
	return &data.Loader{Dataset: l.Dataset, Transforms: l.Transforms, Normalise: l.Normalise, Batch: 1, Corrupt: l.Corrupt, Workers: 1, Prefetch: 1}
}

// CheckBatches builds the model as what is left of the run trains it on single pictures, if it does: an epoch may end with
// a batch of one, or a proxy may choose one, and the norm of a vector has nothing to compare it with. Run does so too; before
// it, a caller can know that Run is not going to be refused.
func (l *Learner) CheckBatches() error {
	if l.state.Step >= l.plan.total {
		return nil
	}
	for i := l.plan.phaseOf(l.state.Step); i < len(l.plan.phases); i++ {
		run := l.plan.runs[i]
		last, count, _ := run.batches(run.steps - 1)
		batches := []int{run.first}
		if ends := (run.first/run.perEpoch+1)*run.perEpoch - 1; ends > run.first && ends < last+count {
			batches = append(batches, ends)
		}
		for _, batch := range batches {
			if err := l.checkBatch(i, batch); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkBatch builds what trains on a batch of phase i, the model and its proxy, if it is a single picture.
func (l *Learner) checkBatch(i, batch int) error {
	p, run := &l.plan.phases[i], l.plan.runs[i]
	size := p.Data.Train.Sampler().Size(batch)
	chosen := size
	if l.chooser != nil {
		chosen = l.config.Proxy.Chosen(size)
	}
	if chosen != 1 {
		return nil
	}
	h, w, c, err := sizeOf(first(p.Data.Train))
	if err != nil {
		return err
	}
	l.params.freeze(p.Freeze, l.plan.frozen(i, ceilDiv(batch+1-run.first, run.accumulate)-1))
	err = l.builds(1, h, w, c, true)
	if err == nil && size == 1 && l.chooser != nil {
		if err = l.chooser.builds(1, h, w, c, true); err != nil {
			err = fmt.Errorf("proxy: %w", err)
		}
	}
	switch {
	case err == nil:
		return nil
	case size == 1:
		err = fmt.Errorf("epochs of %s end with a batch of one picture: %w; leave it out with drop_last, or take batches of another size", p.Data.Name, err)
	default:
		err = fmt.Errorf("of a batch of %d pictures of %s the proxy leaves one: %w; keep more, or take larger batches", size, p.Data.Name, err)
	}
	return &PhaseError{i, p.Name, err.Error()}
}

// builds says why the model cannot be built for n pictures of a size, if it cannot. Nothing is compiled.
func (l *Learner) builds(n, h, w, c int, training bool) error {
	g := graph.NewGraph(l.config.Backend, "size")
	defer g.Finalize()
	return exceptions.TryCatch[error](func() {
		scope := l.store.RootScope()
		scope.Store().SetTraining(g, training)
		l.config.Model.Forward(scope, graph.Zeros(g, picturesShape(n, h, w, c)))
	})
}
