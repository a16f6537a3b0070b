package bench

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/nn"
)

// styleTargets are the layers whose Gram matrices after the relu make the style loss.
var styleTargets = map[string]bool{"conv1_1": true, "conv2_1": true, "conv3_1": true, "conv3_4": true}

// styleJobs is one step of style transfer (Gatys et al. 2016) at size×size pixels: VGG-19 up to conv3_4 with max
// pooling, the squared distances of Gram matrices from their targets, and the gradient with respect to the picture.
// The weights are random (He et al. 2015): their values do not change the work.
func styleJobs(size int) []Job {
	if size < 4 {
		return nil // conv3_x would see an empty picture
	}
	return []Job{{
		Name:  fmt.Sprintf("style=%d", size),
		FLOPs: flops(styleMACs(size)),
		Heavy: true,
		Quick: size == 256 || size == 512,
		build: func(b compute.Backend) (program, error) { return buildStyle(b, size) },
	}}
}

func buildStyle(b compute.Backend, size int) (program, error) {
	store := model.NewStore()
	for i, l := range vgg19[:styleLayers] {
		seed := uint64(10 + 3*i)
		weights := []struct {
			name      string
			deviation float64
			dims      []int
		}{
			{"kernel", heDeviation(9 * l.Cin), []int{3, 3, l.Cin, l.Cout}},
			{"bias", 0.1, []int{l.Cout}},
			{"target", 0.1, []int{1, l.Cout, l.Cout}},
		}
		for j, w := range weights {
			if w.name == "target" && !styleTargets[l.Name] {
				continue
			}
			if err := addVariable(b, store.RootScope().At("%s", l.Name), w.name, seed+uint64(j), w.deviation, w.dims...); err != nil {
				return nil, err
			}
		}
	}
	picture, err := normals(b, 1, 1, 1, size, size, 3)
	if err != nil {
		return nil, err
	}
	exec, err := model.NewExec(b, store, styleStep)
	if err != nil {
		return nil, err
	}
	return &stateful{exec, store, []any{picture}}, nil
}

// addVariable makes a variable with random normal values.
func addVariable(b compute.Backend, scope *model.Scope, name string, seed uint64, deviation float64, dims ...int) error {
	value, err := normals(b, seed, deviation, dims...)
	if err != nil {
		return err
	}
	_, err = scope.CreateVariable(name, value)
	return err
}

// styleStep builds the loss and its gradient. x: [1 H W 3].
func styleStep(scope *model.Scope, x *graph.Node) (loss, gradient *graph.Node) {
	g := x.Graph()
	h := x
	for i, l := range vgg19[:styleLayers] {
		s := scope.At("%s", l.Name)
		if i > 0 && l.Scale > vgg19[i-1].Scale {
			h = nn.Pool{}.Max(h)
		}
		weight := func(name string) *graph.Node { return s.GetVariable(name).NodeValue(g) }
		h = nn.ReLU(nn.Conv2D{Padding: nn.Same}.Apply(h, weight("kernel"), weight("bias")))
		if styleTargets[l.Name] {
			term := graph.ReduceAllMean(graph.Square(graph.Sub(nn.Gram(h, nn.GramMean), weight("target"))))
			if loss != nil {
				term = graph.Add(loss, term)
			}
			loss = term
		}
	}
	return loss, graph.Gradient(loss, x)[0]
}

// stateful is a program with variables: weights, and what a step updates in place.
type stateful struct {
	exec   *model.Exec
	store  *model.Store
	inputs []any
}

func (s *stateful) step() error {
	outputs, err := s.exec.Call(s.inputs...)
	if err != nil {
		return err
	}
	return finalize(outputs)
}

func (s *stateful) close() {
	s.exec.Finalize()
	s.store.Finalize()
	for _, in := range s.inputs {
		in.(*tensors.Tensor).MustFinalizeAll()
	}
}
