package learn

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/data"
)

const labelType = dtypes.Int32

// evaluator runs a model in inference mode on the weights of a store.
type evaluator struct {
	learner *Learner
	store   *model.Store
	exec    *model.Exec
	feed    *feed
}

func newEvaluator(l *Learner, store *model.Store, forward Forward) (*evaluator, error) {
	e := &evaluator{learner: l, store: store, feed: newFeed(l)}
	var err error
	e.exec, err = model.NewExec(l.config.Backend, store, func(scope *model.Scope, inputs []*graph.Node) []*graph.Node {
		scope.Store().SetTraining(inputs[0].Graph(), false)
		logits := forward(scope, inputs[0])
		return []*graph.Node{graph.ReduceAllMean(l.config.Loss(logits, inputs[1])), logits}
	})
	if err == nil {
		e.exec.SetMaxCache(maxShapes)
	}
	return e, err
}

// run measures one pass over a loader, from its first batch.
func (e *evaluator) run(ctx context.Context, loader *data.Loader, m *meters) error {
	return eachBatch(ctx, loader, loader.StepsPerEpoch(), func(b *data.Batch) error {
		pictures, labels, _, err := e.feed.batch(b)
		if err != nil {
			return err
		}
		out, err := e.exec.Exec(pictures, labels)
		if err != nil {
			return err
		}
		defer finalizeAll(out)
		return measure(m, out[0], out[1], b.Labels)
	})
}

// eachBatch reads the first n batches of a loader's first epoch.
func eachBatch(ctx context.Context, loader *data.Loader, n int, do func(*data.Batch) error) error {
	stream := loader.OpenEpoch(ctx, 0)
	defer stream.Close()
	for range n {
		b, err := stream.Next()
		if err != nil {
			return unexpectedEnd(err)
		}
		if err := do(b); err != nil {
			return err
		}
		stream.Release(b)
	}
	return nil
}

func unexpectedEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return errors.New("learn: the data ended before the epoch did")
	}
	return err
}

// measure adds a batch's results to m.
func measure(m *meters, loss, logits *tensors.Tensor, labels []int32) error {
	value, err := scalar(loss)
	if err != nil {
		return err
	}
	return tensors.ConstFlatData(logits, func(flat []float32) {
		m.add(value, flat, logits.Shape().Dimensions[1], labels)
	})
}

func scalar(t *tensors.Tensor) (v float64, err error) {
	err = tensors.ConstFlatData(t, func(flat []float32) { v = float64(flat[0]) })
	return v, err
}

func finalizeAll(ts []*tensors.Tensor) {
	for _, t := range ts {
		t.FinalizeAll()
	}
}

// finalize frees the compiled graphs and inputs.
func (e *evaluator) finalize() {
	if e != nil {
		e.exec.Finalize()
		e.feed.finalize()
	}
}

func newFeed(l *Learner) *feed { return &feed{learner: l, tensors: map[string]*tensors.Tensor{}} }

func (f *feed) finalize() {
	for _, t := range f.tensors {
		t.FinalizeAll()
	}
	clear(f.tensors)
}

// scalarShape is that of a step's numbers.
var scalarShape = shapes.Make(dtypes.Float32)

// Evaluate measures the model on data: the loss, and the metrics, under their names; tables is the metrics' measurements
// themselves, for those that are more than a number. Without metrics it takes the learner's.
func (l *Learner) Evaluate(ctx context.Context, loader *data.Loader, w Weights, metrics ...Metric) (values map[string]float64, tables map[string]Accumulator, err error) {
	if len(metrics) == 0 {
		metrics = l.config.Metrics
	}
	store, done, err := l.weights(ctx, w)
	if err != nil {
		return nil, nil, err
	}
	defer done()
	e, err := newEvaluator(l, store, l.config.Model.Forward)
	if err != nil {
		return nil, nil, err
	}
	defer e.finalize()
	m := newMeters(metrics)
	if err := e.run(ctx, loader, m); err != nil {
		return nil, nil, err
	}
	values, tables = map[string]float64{}, map[string]Accumulator{}
	m.into(values, "")
	for i, metric := range metrics {
		tables[metric.Name()] = m.Parts[i]
	}
	return values, tables, nil
}

// WeightsNamed reads raw, ema or swa.
func WeightsNamed(name string) (Weights, error) {
	for _, w := range []Weights{Raw, EMAWeights, SWAWeights} {
		if name == w.String() {
			return w, nil
		}
	}
	return Raw, fmt.Errorf("learn: there are no weights %q: want raw, ema or swa", name)
}

// Weights says which weights of a run are meant.
type Weights int

// The weights of a run.
const (
	Raw Weights = iota // as the last step left them
	EMAWeights
	SWAWeights
)

func (w Weights) String() string {
	switch w {
	case Raw:
		return "raw"
	case EMAWeights:
		return "ema"
	case SWAWeights:
		return "swa"
	default:
		return fmt.Sprintf("Weights(%d)", int(w))
	}
}
