package bench

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// SGD as the job runs it; the learning rate is an input of the step.
const (
	sgdMomentum     = 0.9
	sgdWeightDecay  = 5e-4
	sgdLearningRate = 0.1
)

func buildResnet(b compute.Backend, batch int) (program, error) {
	store, err := resnetVariables(b, batch)
	if err != nil {
		return nil, err
	}
	pictures, err := normals(b, 1, 1, batch, 32, 32, 3)
	if err != nil {
		return nil, err
	}
	classes := make([]int32, batch)
	for i := range classes {
		classes[i] = int32(i % resnetClasses)
	}
	labels := tensors.FromFlatDataAndDimensions(classes, batch)
	exec, err := model.NewExec(b, store, resnetStep)
	if err != nil {
		return nil, err
	}
	return &stateful{exec, store, []any{pictures, labels, tensors.FromScalar(float32(sgdLearningRate))}}, nil
}

// resnetVariables makes the weights and what training keeps beside them: for convolution i, in /conv<i>, the kernel
// and the batch normalisation behind it; in /head the last layer; for each of those a momentum.
func resnetVariables(b compute.Backend, batch int) (*model.Store, error) {
	store := model.NewStore()
	for i, c := range resnetConvs(batch) {
		scope := convScope(store.RootScope(), i)
		if err := addTrained(b, scope, "kernel", uint64(10+i), heDeviation(c.K*c.K*c.Cin), c.K, c.K, c.Cin, c.Cout); err != nil {
			return nil, err
		}
		for name, value := range map[string]float32{"gamma": 1, "beta": 0, "mean": 0, "variance": 1} {
			v, err := addConstant(b, scope, name, value, c.Cout)
			if err != nil {
				return nil, err
			}
			if v.SetTrainable(name == "gamma" || name == "beta"); !v.Trainable {
				continue
			}
			if err := addMomentum(b, scope, v); err != nil {
				return nil, err
			}
		}
	}
	head := store.RootScope().At("head")
	if err := addTrained(b, head, "kernel", 100, heDeviation(resnetFeatures), resnetFeatures, resnetClasses); err != nil {
		return nil, err
	}
	return store, addTrained(b, head, "bias", 101, 0, resnetClasses)
}

func convScope(root *model.Scope, i int) *model.Scope { return root.At("conv%d", i) }

// addTrained makes a trainable variable with random normal values, and its momentum.
func addTrained(b compute.Backend, scope *model.Scope, name string, seed uint64, deviation float64, dims ...int) error {
	if err := addVariable(b, scope, name, seed, deviation, dims...); err != nil {
		return err
	}
	return addMomentum(b, scope, scope.GetVariable(name))
}

const momentumSuffix = "_momentum"

func addMomentum(b compute.Backend, scope *model.Scope, of *model.Variable) error {
	v, err := addConstant(b, scope, of.Name()+momentumSuffix, 0, of.Shape().Dimensions...)
	if err == nil {
		v.SetTrainable(false)
	}
	return err
}

// addConstant makes a variable all of whose elements have one value.
func addConstant(b compute.Backend, scope *model.Scope, name string, value float32, dims ...int) (*model.Variable, error) {
	t, err := tensors.FromShapeForBackend(b, 0, shapes.Make(dtypes.Float32, dims...))
	if err != nil {
		return nil, err
	}
	err = tensors.MutableFlatData(t, func(flat []float32) {
		for i := range flat {
			flat[i] = value
		}
	})
	if err != nil {
		return nil, err
	}
	return scope.CreateVariable(name, t)
}

// sgd moves every trainable variable: d = ∂loss + decay·w, m ← momentum·m + d, w ← w - rate·(d + momentum·m).
func sgd(scope *model.Scope, loss, rate *graph.Node) {
	g := loss.Graph()
	var trained []*model.Variable
	for v := range scope.IterVariables() {
		if v.Trainable {
			trained = append(trained, v)
		}
	}
	weights := make([]*graph.Node, len(trained))
	for i, v := range trained {
		weights[i] = v.NodeValue(g)
	}
	for i, gradient := range graph.Gradient(loss, weights...) {
		momentum := scope.Store().GetVariable(trained[i].Path() + momentumSuffix)
		d := graph.Add(gradient, graph.MulScalar(weights[i], sgdWeightDecay))
		m := graph.Add(graph.MulScalar(momentum.NodeValue(g), sgdMomentum), d)
		momentum.SetNodeValue(m)
		step := graph.Mul(rate, graph.Add(d, graph.MulScalar(m, sgdMomentum)))
		trained[i].SetNodeValue(graph.Sub(weights[i], step))
	}
}
