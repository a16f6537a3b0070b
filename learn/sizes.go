package learn

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/support/exceptions"

	"github.com/atelier-go/atelier/data"
)

// checkSizes builds the model for the pictures of every phase, and of its validation: a run is not to break off hours later
// where they are too small for the model, or have other channels.
func (l *Learner) checkSizes() error {
	looked, built := map[*data.Loader]bool{}, map[[3]int]bool{}
	for i := range l.plan.phases {
		p := &l.plan.phases[i]
		for _, part := range []struct {
			name   string
			loader *data.Loader
		}{{"pictures", p.Data.Train}, {"validation pictures", p.Data.Valid}} {
			if part.loader == nil || looked[part.loader] {
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

// CheckBatches builds the model as what is left of the run trains it on batches of a single picture, if there are any: an
// epoch may end with one, or with so few that a proxy chooses one, and the norm of a vector has nothing to compare it with. Run does so too; before it, a caller can
// know that Run is not going to be refused.
func (l *Learner) CheckBatches() error {
	if l.state.Step >= l.plan.total {
		return nil
	}
	for i := l.plan.phaseOf(l.state.Step); i < len(l.plan.phases); i++ {
		p, run := &l.plan.phases[i], l.plan.runs[i]
		last, count, _ := run.batches(run.steps - 1)
		ends := (run.first/run.perEpoch+1)*run.perEpoch - 1
		size := p.Data.Train.Sampler().Size(ends)
		if l.chooser != nil {
			size = l.config.Proxy.Chosen(size)
		}
		if size != 1 || ends >= last+count {
			continue
		}
		h, w, c, err := sizeOf(first(p.Data.Train))
		if err != nil {
			return err
		}
		step := ceilDiv(ends+1-run.first, run.accumulate) - 1 // of the phase
		l.params.freeze(p.Freeze, l.plan.frozen(i, step))
		if err := l.builds(1, h, w, c, true); err != nil {
			return &PhaseError{i, p.Name, fmt.Sprintf("epochs of %s end with a batch of one picture: %v; leave it out with "+
				"drop_last, or take batches of another size", p.Data.Name, err)}
		}
	}
	return nil
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
