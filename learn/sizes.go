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
			if err := l.builds(h, w, c); err != nil {
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

// builds says why the model cannot be built for pictures of a size, if it cannot. Nothing is compiled.
func (l *Learner) builds(h, w, c int) error {
	g := graph.NewGraph(l.config.Backend, "size")
	defer g.Finalize()
	return exceptions.TryCatch[error](func() {
		scope := l.store.RootScope()
		scope.Store().SetTraining(g, false)
		l.config.Model.Forward(scope, graph.Zeros(g, picturesShape(1, h, w, c)))
	})
}
