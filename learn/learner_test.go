package learn_test

import (
	"context"
	"os"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	_ "github.com/atelier-go/atelier/cpu"
	"github.com/atelier-go/atelier/data"
	"github.com/atelier-go/atelier/learn"
	"github.com/atelier-go/atelier/nn"
	"github.com/atelier-go/atelier/optim"
	"github.com/atelier-go/atelier/schedule"
)

// shared is the backend of all tests.
var shared = compute.MustNew()

// forward is a small network with everything that a run has to keep: batch norm and dropout.
func forward(scope *model.Scope, x *graph.Node) *graph.Node {
	body := scope.In("body")
	x = nn.Conv2D{Channels: 8, Padding: nn.Same, NoBias: true}.Layer(body.In("conv1"), x)
	x = nn.ReLU(nn.BatchNorm{}.Layer(body.In("norm1"), x))
	x = nn.Conv2D{Channels: 16, Stride: nn.Side(2), Padding: nn.Border(1), NoBias: true}.Layer(body.In("conv2"), x)
	x = nn.ReLU(nn.BatchNorm{}.Layer(body.In("norm2"), x))
	head := scope.In("head")
	x = nn.Dropout{Rate: 0.2}.Layer(head.In("dropout"), x)
	x = graph.ReduceAndKeep(x, graph.ReduceMean, 1, 2)
	x = nn.Conv2D{Channels: 8, Kernel: nn.Side(1)}.Layer(head.In("dense"), x)
	return graph.Reshape(x, x.Shape().Dim(0), 8)
}

var groups = [][]string{{"/body/conv1", "/body/norm1"}, {"/body/conv2", "/body/norm2"}, {"/head"}}

// shapes is a small set of drawn pictures.
func shapes(n, size, batch int, seed uint64, augment bool) *data.Loader {
	l := &data.Loader{
		Dataset: data.Shapes{N: n, Size: size, Seed: seed}, Batch: batch, Seed: 3,
		Normalise: data.Normalise{Mean: []float64{0.5}, Std: []float64{0.25}},
	}
	if augment {
		l.Shuffle = true
		l.Transforms = []data.Transform{data.RandomCrop{Size: size, Pad: 2}, data.Flip{}}
	}
	return l
}

func TestRun(t *testing.T) {
	d := &learn.Data{Train: shapes(512, 16, 32, 1, true), Valid: shapes(128, 16, 64, 2, false)}
	l, err := learn.New(learn.Config{
		Backend: shared, Model: learn.Model{Forward: forward, Groups: groups}, Data: d, Seed: 1,
		Phases: learn.OneCycle(4, schedule.OneCycle{Max: 0.5}, 0.95, 0.85, learn.Phase{
			Optimizer: optim.SGD{Nesterov: true}, WeightDecay: learn.Value(1e-4),
		}),
		Metrics: []learn.Metric{learn.Accuracy{}}, Dir: t.TempDir(), Progress: os.Stderr,
		EMA: learn.EMA{Decay: 0.99}, SWA: learn.SWA{Start: 3},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	r, err := l.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Log(r.Metrics, r.Elapsed)
	if r.Metrics["valid_accuracy"] < 0.5 {
		t.Errorf("accuracy %v", r.Metrics["valid_accuracy"])
	}
}
