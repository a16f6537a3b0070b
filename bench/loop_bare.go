package bench

import (
	"context"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/nn"
	"github.com/atelier-go/atelier/optim"
)

// buildBare is the step that a loop compiles, with its first batch as the inputs of every step.
func buildBare(b compute.Backend, t loopTask, batch int) (program, error) {
	m, err := t.model()
	if err != nil {
		return nil, err
	}
	store := model.NewStore()
	if err := makeVariables(b, store, m.Forward, shapes.Make(dtypes.Float32, batch, t.Side, t.Side, t.Channels)); err != nil {
		return nil, err
	}
	var trained []*model.Variable
	for v := range store.IterVariables() {
		if v.Trainable && v.DType().IsFloat() {
			trained = append(trained, v)
		}
	}
	phase := t.phase()
	updater, err := optim.New(store, optim.Config{Optimizer: phase.Optimizer}, [][]*model.Variable{trained}, optim.CarryAuto)
	if err != nil {
		return nil, err
	}
	hyper, err := updater.Input([]optim.Hyper{{LR: loopLearningRate, Momentum: sgdMomentum, WeightDecay: sgdWeightDecay}})
	if err != nil {
		return nil, err
	}
	exec, err := model.NewExec(b, store, func(scope *model.Scope, x, labels, hyper *graph.Node) []*graph.Node {
		scope.Store().SetTraining(x.Graph(), true)
		logits := m.Forward(scope, x)
		loss := nn.SoftmaxCrossEntropy{}.Mean(logits, labels)
		var weights []*graph.Node
		for _, v := range updater.Params() {
			weights = append(weights, v.NodeValue(x.Graph()))
		}
		norm := updater.Apply(hyper, graph.Gradient(loss, weights...))
		return []*graph.Node{loss, logits, norm}
	})
	if err != nil {
		return nil, err
	}
	pictures, labels, err := firstBatch(b, t, batch)
	return &stateful{exec, store, []any{pictures, labels, hyper}}, err
}

// makeVariables makes a network's variables with random values.
func makeVariables(b compute.Backend, store *model.Store, forward func(*model.Scope, *graph.Node) *graph.Node, pictures shapes.Shape) error {
	if err := store.SetRNGStateFromSeed(1); err != nil {
		return err
	}
	g := graph.NewGraph(b, "variables")
	defer g.Finalize()
	forward(store.RootScope(), graph.Zeros(g, pictures))
	return store.InitializeVariables(b, nil)
}

// firstBatch is the loader's first, on the backend.
func firstBatch(b compute.Backend, t loopTask, batch int) (pictures, labels *tensors.Tensor, err error) {
	stream := t.loader(batch).Open(context.Background(), 0)
	defer stream.Close()
	first, err := stream.Next()
	if err != nil {
		return nil, nil, err
	}
	pictures, err = tensors.FromShapeForBackend(b, 0, shapes.Make(dtypes.Float32, first.N, first.H, first.W, first.C))
	if err != nil {
		return nil, nil, err
	}
	err = tensors.MutableFlatData(pictures, func(flat []float32) { copy(flat, first.Pixels) })
	return pictures, tensors.FromFlatDataAndDimensions(append([]int32(nil), first.Labels...), first.N), err
}
