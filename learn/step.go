package learn

import (
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/data"
	"github.com/atelier-go/atelier/nn"
	"github.com/atelier-go/atelier/optim"
)

// Loss builds the losses [N] of a batch from logits [N classes] and labels [N] int32.
type Loss func(logits, labels *graph.Node) *graph.Node

// CrossEntropy is the loss of classification; smoothing takes that much of the probability from the label and spreads it
// over all classes.
func CrossEntropy(smoothing float64) Loss {
	return func(logits, labels *graph.Node) *graph.Node {
		return nn.SoftmaxCrossEntropy{LabelSmoothing: smoothing}.Each(logits, labels)
	}
}

// trainer is the compiled step of phases that differ in no structure: optimizer and frozen layers. It compiles once for
// each shape of batch.
type trainer struct {
	learner *Learner
	updater *optim.Updater
	// whole does a step of one batch. With more, gather adds up gradients and last ends the step.
	whole, gather, last *model.Exec
}

// stepInputs are the inputs of a compiled step, as nodes.
type stepInputs struct {
	pictures, labels *graph.Node
	mixed, lambda    *graph.Node // nil without mixup
	hyper            *graph.Node // what the optimizer wants
	share            *graph.Node // of the step's examples that are in this batch
	decay            *graph.Node // of the moving average of weights
}

func unpack(inputs []*graph.Node) stepInputs {
	in := stepInputs{pictures: inputs[0], labels: inputs[1], hyper: inputs[2], share: inputs[3], decay: inputs[4]}
	if len(inputs) == 7 {
		in.mixed, in.lambda = inputs[5], inputs[6]
	}
	return in
}

func newTrainer(l *Learner, u *optim.Updater) (*trainer, error) {
	t := &trainer{learner: l, updater: u}
	var err error
	for _, e := range []struct {
		exec  **model.Exec
		build func(*model.Scope, []*graph.Node) []*graph.Node
	}{{&t.whole, t.buildWhole}, {&t.gather, t.buildGather}, {&t.last, t.buildLast}} {
		if *e.exec, err = model.NewExec(l.config.Backend, l.store, e.build); err != nil {
			return nil, err
		}
		(*e.exec).SetMaxCache(maxShapes)
	}
	return t, nil
}

// maxShapes is how many shapes of batches a step may be compiled for before old ones are dropped; a run has two for each
// size of pictures, the full batch and an epoch's last.
const maxShapes = 16

// finalize frees the compiled graphs.
func (t *trainer) finalize() {
	for _, e := range []*model.Exec{t.whole, t.gather, t.last} {
		if e != nil {
			e.Finalize()
		}
	}
}

// forward builds the losses [N] and the logits [N classes].
func (t *trainer) forward(scope *model.Scope, in stepInputs) (losses, logits *graph.Node) {
	scope.Store().SetTraining(in.pictures.Graph(), true)
	logits = t.learner.config.Model.Forward(scope, in.pictures)
	losses = t.learner.config.Loss(logits, in.labels)
	if in.mixed != nil {
		other := t.learner.config.Loss(logits, in.mixed)
		losses = graph.Add(graph.Mul(losses, in.lambda), graph.Mul(other, graph.OneMinus(in.lambda)))
	}
	return losses, logits
}

// gradients builds those of the mean loss, which is scalar, times the batch's share.
func (t *trainer) gradients(scope *model.Scope, in stepInputs) (grads []*graph.Node, loss, logits *graph.Node) {
	losses, logits := t.forward(scope, in)
	loss = graph.ReduceAllMean(losses)
	return t.updater.Gradients(graph.Mul(loss, in.share)), loss, logits
}

// buildWhole is a step of one batch: the results are loss, logits and the gradients' norm.
func (t *trainer) buildWhole(scope *model.Scope, inputs []*graph.Node) []*graph.Node {
	in := unpack(inputs)
	grads, loss, logits := t.gradients(scope, in)
	norm := t.updater.Apply(in.hyper, grads)
	t.learner.ema.build(scope.Store(), in.decay)
	return []*graph.Node{loss, logits, norm}
}

// buildGather adds a batch's gradients to those gathered.
func (t *trainer) buildGather(scope *model.Scope, inputs []*graph.Node) []*graph.Node {
	in := unpack(inputs)
	grads, loss, logits := t.gradients(scope, in)
	for i, v := range t.updater.Params() {
		sum := t.sumOf(v)
		sum.SetNodeValue(graph.Add(sum.NodeValue(loss.Graph()), grads[i]))
	}
	return []*graph.Node{loss, logits, graph.ScalarZero(loss.Graph(), loss.DType())}
}

// buildLast ends a step with what was gathered and one more batch.
func (t *trainer) buildLast(scope *model.Scope, inputs []*graph.Node) []*graph.Node {
	in := unpack(inputs)
	grads, loss, logits := t.gradients(scope, in)
	for i, v := range t.updater.Params() {
		sum := t.sumOf(v)
		grads[i] = graph.Add(sum.NodeValue(loss.Graph()), grads[i])
		sum.SetNodeValue(graph.ZerosLike(grads[i]))
	}
	norm := t.updater.Apply(in.hyper, grads)
	t.learner.ema.build(scope.Store(), in.decay)
	return []*graph.Node{loss, logits, norm}
}

// sumOf is the variable in which a parameter's gradients are gathered.
func (t *trainer) sumOf(v *model.Variable) *model.Variable {
	return t.learner.store.GetVariable(accumulatePath + v.Path())
}

// makeSums makes those variables, all zero.
func (t *trainer) makeSums() error {
	for _, v := range t.updater.Params() {
		if t.sumOf(v) != nil {
			continue
		}
		sum, err := t.learner.store.CreateVariable(accumulatePath+v.Path(), tensors.FromShape(v.Shape()))
		if err != nil {
			return err
		}
		sum.SetTrainable(false)
	}
	return nil
}

// feed is the tensors of a step, kept from step to step so that nothing is allocated.
type feed struct {
	learner *Learner
	tensors map[string]*tensors.Tensor
}

// set copies values into the input of that name.
func set[T float32 | int32](f *feed, name string, shape shapes.Shape, values []T) (*tensors.Tensor, error) {
	key := name + shape.String()
	t := f.tensors[key]
	if t == nil {
		var err error
		if t, err = tensors.FromShapeForBackend(f.learner.config.Backend, 0, shape); err != nil {
			return nil, err
		}
		f.tensors[key] = t
	}
	return t, tensors.MutableFlatData(t, func(flat []T) { copy(flat, values) })
}

// inputs are those of a compiled step, as unpack takes them.
func (f *feed) inputs(b *data.Batch, hyper *tensors.Tensor, share, decay float64) ([]any, error) {
	pictures, labels, mixed, err := f.batch(b)
	if err != nil {
		return nil, err
	}
	args := []any{pictures, labels, hyper}
	for i, v := range []float64{share, decay} {
		scalar, err := set(f, [...]string{"share", "decay"}[i], scalarShape, []float32{float32(v)})
		if err != nil {
			return nil, err
		}
		args = append(args, scalar)
	}
	for _, m := range mixed {
		args = append(args, m)
	}
	return args, nil
}

// batch is the inputs for a batch, without hyper-parameters.
func (f *feed) batch(b *data.Batch) (pictures, labels *tensors.Tensor, mixed []*tensors.Tensor, err error) {
	if pictures, err = set(f, "pictures", picturesShape(b.N, b.H, b.W, b.C), b.Pixels); err != nil {
		return
	}
	ints := shapes.Make(labelType, b.N)
	if labels, err = set(f, "labels", ints, b.Labels); err != nil || len(b.Mixed) == 0 {
		return
	}
	other, err := set(f, "mixed", ints, b.Mixed)
	if err != nil {
		return
	}
	lambda, err := set(f, "lambda", shapes.Make(pictures.DType(), b.N), b.Lambda)
	return pictures, labels, []*tensors.Tensor{other, lambda}, err
}
