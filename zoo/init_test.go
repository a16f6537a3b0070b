package zoo_test

import (
	"math"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// start is a distribution of initial weights with mean 0.
type start struct {
	stddev  float64
	uniform bool    // or else normal
	bias    float64 // the largest bias
}

func torchs(fanIn float64) start    { return start{1 / math.Sqrt(3*fanIn), true, 1 / math.Sqrt(fanIn)} }
func he(fan float64) start          { return start{stddev: math.Sqrt(2 / fan)} }
func heUniform(fanIn float64) start { return start{math.Sqrt(2 / fanIn), true, 0} }

var small = start{stddev: 0.01}

// Weights begin as where the network was published: as torchvision's code draws them for ResNets (by fan out), VGG (by fan
// out; dense layers of deviation 0.01), DenseNets (by fan in) and SqueezeNets (uniform), as fastai 0.7 its heads (by fan in),
// and as PyTorch does by itself for others.
func TestInitialWeights(t *testing.T) {
	for name, want := range map[string]map[string]start{
		"resnet18": {
			"/conv1/weight": he(49 * 64), "/layer1/0/conv1/weight": he(9 * 64), "/layer2/0/conv1/weight": he(9 * 128),
			"/layer2/0/downsample/0/weight": he(128), "/fc/weight": torchs(512),
		},
		"cifar+bottleneck-16x1": {
			"/conv1/weight": he(9 * 16), "/layer1/0/conv1/weight": he(16), "/layer1/0/conv3/weight": he(64),
		},
		"plain+resnet-32x1":    {"/conv1/weight": torchs(27)},
		"factored+resnet-64x1": {"/stem/0/conv/weight": he(7 * 64), "/stem/1/conv/weight": he(7 * 64)},
		"resnet-d+resnet-64x1": {"/stem/0/conv/weight": he(9 * 32), "/stem/2/conv/weight": he(9 * 64)},
		"patchify+resnet-64x1": {"/conv1/weight": he(48)},
		"preact-64x1-128x1": {
			"/conv1/weight": torchs(27), "/layer2/0/conv1/weight": torchs(9 * 64), "/layer2/0/shortcut/0/weight": torchs(64),
		},
		"cifar+preact-64x1": {"/conv1/weight": torchs(27)},
		"preact-bottleneck-32x1": {
			"/layer1/0/conv1/weight": torchs(32), "/layer1/0/conv2/weight": torchs(9 * 32),
			"/layer1/0/conv3/weight": torchs(32),
		},
		"wrn-10-2": {"/conv1/weight": torchs(27), "/layer2/0/conv2/weight": torchs(9 * 64)},
		"darknet-16-1x1": {
			"/stem/conv/weight": torchs(27), "/layer1/0/conv/weight": torchs(9 * 16), "/layer1/1/0/conv/weight": torchs(32),
		},
		"resnet9-16": {
			"/conv1/weight": torchs(27), "/layer1/conv/weight": torchs(9 * 16), "/layer1/res/1/conv/weight": torchs(9 * 32),
			"/fc/weight": torchs(128),
		},
		"shallow": {"/layer2/conv/weight": torchs(9 * 20)},
		"inception-resnet-lite": {
			"/conv2d_2b/conv/weight": torchs(9 * 32), "/repeat/0/branch1/1/conv/weight": torchs(9 * 8),
			"/repeat/0/conv2d/weight": torchs(32),
		},
		"densenet-32-2x2": {
			"/conv1/weight": he(49 * 3), "/features/denseblock1/denselayer1/conv2/weight": he(9 * 128),
			"/features/transition1/conv/weight": he(128),
		},
		"plain+densenet-32-2": {"/conv1/weight": he(27)},
		"vgg11_bn-2":          {"/features/0/weight": he(9 * 64), "/features/4/weight": he(9 * 128)},
		"cifar+resnet-4x1+vgg": {
			"/classifier/0/weight": small, "/classifier/3/weight": small, "/classifier/6/weight": small,
		},
		"cifar+resnet-16x1+fastai-256": {"/head/fc1/weight": he(32), "/head/fc2/weight": he(256)},
		"squeezenet1_1": {
			"/features/0/weight": heUniform(27), "/features/3/squeeze/weight": heUniform(64),
			"/features/3/expand3x3/weight": heUniform(9 * 16), "/classifier/1/weight": small,
		},
	} {
		store := model.NewStore()
		if err := store.SetRNGStateFromSeed(1); err != nil {
			t.Fatal(err)
		}
		g := graph.NewGraph(testBackend(t), name)
		byName(t, name, 100).Forward(store.RootScope(), graph.Zeros(g, shapes.Make(dtypes.Float32, 1, 64, 64, 3)))
		g.Finalize()
		if err := store.InitializeVariables(testBackend(t), nil); err != nil {
			t.Fatal(err)
		}
		for path, s := range want {
			checkStart(t, name+": "+path, variable(t, store, path), s)
			bias := strings.TrimSuffix(path, "weight") + "bias"
			if store.GetVariable(bias) == nil {
				continue
			}
			if most := largest(variable(t, store, bias)); most > s.bias*(1+1e-6) || (most == 0) != (s.bias == 0) {
				t.Errorf("%s: %s is up to %v, want %v", name, bias, most, s.bias)
			}
		}
		store.Finalize()
	}
}

// checkStart wants weights of the deviation, within 5 standard errors, and of the kind: uniform ones are within √3 deviations.
func checkStart(t *testing.T, what string, weights []float32, want start) {
	t.Helper()
	squares := 0.0
	for _, w := range weights {
		squares += float64(w) * float64(w)
	}
	n := float64(len(weights))
	if stddev := math.Sqrt(squares / n); math.Abs(stddev-want.stddev) > 5*want.stddev/math.Sqrt(2*n) {
		t.Errorf("%s begins with deviation %v, want %v", what, stddev, want.stddev)
	}
	if most := largest(weights); (most < math.Sqrt(3)*want.stddev*(1+1e-6)) != want.uniform {
		t.Errorf("%s begins with up to %v deviations, want uniform %v", what, most/want.stddev, want.uniform)
	}
}

func largest(values []float32) float64 {
	most := 0.0
	for _, v := range values {
		most = math.Max(most, math.Abs(float64(v)))
	}
	return most
}
