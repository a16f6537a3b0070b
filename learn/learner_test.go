package learn_test

import (
	"context"
	"math/rand/v2"
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
	x = nn.Conv2D{Channels: 4, Kernel: nn.Side(1)}.Layer(head.In("dense"), x)
	return graph.Reshape(x, x.Shape().Dim(0), 4)
}

var groups = [][]string{{"/body/conv1", "/body/norm1"}, {"/body/conv2", "/body/norm2"}, {"/head"}}

// quadrants is pictures with one bright quarter, which is their class, in noise.
func quadrants(n, size int, seed uint64) *data.Memory {
	r := rand.New(rand.NewPCG(seed, 7))
	m := &data.Memory{ClassNames: []string{"a", "b", "c", "d"}}
	for i := range n {
		p := data.Picture{H: size, W: size, C: 3, Pix: make([]uint8, size*size*3)}
		for y := range size {
			for x := range size {
				for c := range 3 {
					v := r.IntN(160)
					if y*2/size*2+x*2/size == i%4 {
						v += 60
					}
					p.Pix[(y*size+x)*3+c] = uint8(v)
				}
			}
		}
		m.Pictures, m.Labels = append(m.Pictures, p), append(m.Labels, i%4)
	}
	return m
}

// loader reads quadrants, for training in an order of its own and moved by a pixel.
func loader(n, size, batch int, seed uint64, train bool) *data.Loader {
	l := &data.Loader{
		Dataset: quadrants(n, size, seed), Batch: batch, Seed: 3,
		Normalise: data.Normalise{Mean: []float64{0.4}, Std: []float64{0.25}},
	}
	if train {
		l.Shuffle, l.Transforms = true, []data.Transform{data.RandomCrop{Size: size, Pad: 1}}
	}
	return l
}

// config is a small run that has some of everything.
func config(phases ...learn.Phase) learn.Config {
	return learn.Config{
		Backend: shared, Model: learn.Model{Forward: forward, Groups: groups}, Seed: 1,
		Data:    &learn.Data{Train: loader(160, 8, 16, 1, true), Valid: loader(64, 8, 32, 2, false)},
		Phases:  phases,
		Metrics: []learn.Metric{learn.Accuracy{}},
	}
}

// run makes a learner and trains it.
func run(t *testing.T, c learn.Config) (*learn.Learner, *learn.Result) {
	t.Helper()
	l, err := learn.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	r, err := l.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return l, r
}

func TestLearns(t *testing.T) {
	c := config(learn.OneCycle(8, schedule.OneCycle{Max: 0.2}, 0.95, 0.85,
		learn.Phase{Optimizer: optim.SGD{Nesterov: true}, WeightDecay: learn.Value(1e-4)})...)
	c.EMA, c.SWA = learn.EMA{Decay: 0.9}, learn.SWA{Start: 6}
	_, r := run(t, c)
	for _, metric := range []string{"valid_accuracy", "ema_valid_accuracy", "swa_valid_accuracy"} {
		if v := r.Metrics[metric]; !(v > 0.9) {
			t.Errorf("%s is %v, want more than 0.9; all are %v", metric, v, r.Metrics)
		}
	}
	if r.Steps != 80 || r.Stop != nil {
		t.Errorf("%d steps, stop %v", r.Steps, r.Stop)
	}
}
