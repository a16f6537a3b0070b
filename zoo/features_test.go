package zoo_test

import (
	"math"
	"slices"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"

	"github.com/atelier-go/atelier/nn"
	"github.com/atelier-go/atelier/zoo"
)

func features(t *testing.T, name string) zoo.FeatureNet {
	t.Helper()
	n, err := zoo.FeaturesByName(name)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Strides and channels are the papers'. The receptive field of VGG's layers, which torchvision's indices of fastai's
// notebook name, follows from 3x3 convolutions and 2x2 windows.
func TestLayersOfFeatures(t *testing.T) {
	for _, c := range []struct {
		net  string
		n    int
		want []zoo.Layer
	}{
		{"vgg16", 13, []zoo.Layer{{"relu1_1", 64, 1, 3}, {"relu2_1", 128, 2, 11}, {"relu3_3", 256, 4, 43}, {"relu5_3", 512, 16, 211}}},
		{"vgg19", 16, []zoo.Layer{{"relu1_2", 64, 1, 5}, {"relu3_4", 256, 4, 51}, {"relu4_2", 512, 8, 91}, {"relu5_4", 512, 16, 267}}},
		{"vgg16_bn", 13, []zoo.Layer{{"relu1_1", 64, 1, 3}, {"relu5_3", 512, 16, 211}}},
		{"vgg19_bn", 16, []zoo.Layer{{"relu5_4", 512, 16, 267}}},
		{"squeezenet1_0", 9, []zoo.Layer{{"relu1", 96, 2, 13}, {"fire2", 128, 4, 29}, {"fire5", 256, 8, 0}, {"fire9", 512, 16, 0}}},
		{"squeezenet1_1", 9, []zoo.Layer{{"relu1", 64, 2, 5}, {"fire2", 128, 4, 21}, {"fire4", 256, 8, 0}, {"fire9", 512, 16, 0}}},
	} {
		layers := features(t, c.net).Layers()
		if len(layers) != c.n {
			t.Errorf("%s has %d layers, want %d: %v", c.net, len(layers), c.n, layers)
		}
		for _, want := range c.want {
			i := slices.IndexFunc(layers, func(l zoo.Layer) bool { return l.Name == want.Name })
			if i < 0 {
				t.Errorf("%s has no layer %s", c.net, want.Name)
				continue
			}
			if want.Receptive == 0 {
				want.Receptive = layers[i].Receptive
			}
			if layers[i] != want {
				t.Errorf("%s: %+v, want %+v", c.net, layers[i], want)
			}
		}
	}
}

// NaN in a pixel reaches those positions of a layer, and no others, whose field it is in; and Size says how many there are.
func TestReceptiveFields(t *testing.T) {
	const side, pixel = 75, 37
	for _, name := range []string{"vgg16", "squeezenet1_0", "squeezenet1_1"} {
		net := features(t, name)
		var names []string
		for _, l := range net.Layers() {
			if l.Receptive < side/2 {
				names = append(names, l.Name)
			}
		}
		store := model.NewStore()
		picture := make([]float32, side*side*3)
		picture[(pixel*side+pixel)*3] = float32(math.NaN())
		exec, err := model.NewExec(testBackend(t), store, func(scope *model.Scope, x *graph.Node) []*graph.Node {
			return net.Build(scope, x, names)
		})
		if err != nil {
			t.Fatal(err)
		}
		out, err := exec.Call(tensors.FromFlatDataAndDimensions(picture, 1, side, side, 3))
		if err != nil {
			t.Fatal(err)
		}
		for i, l := range net.Layers()[:len(names)] {
			h, w := net.Size(l.Name, side, side)
			if d := out[i].Shape().Dimensions; !slices.Equal(d, []int{1, h, w, l.Channels}) {
				t.Errorf("%s %s is %v, want [1 %d %d %d]", name, l.Name, d, h, w, l.Channels)
				continue
			}
			checkReached(t, name, l, tensors.MustCopyFlatData[float32](out[i]), w, pixel)
		}
	}
}

// checkReached looks for NaN in features [h w C].
func checkReached(t *testing.T, name string, l zoo.Layer, f []float32, w, pixel int) {
	t.Helper()
	farthest := 0
	for i, v := range f {
		if v == v {
			continue
		}
		y, x := i/l.Channels/w, i/l.Channels%w
		for _, p := range []int{y, x} {
			farthest = max(farthest, p*l.Stride-pixel, pixel-p*l.Stride)
		}
	}
	// The farthest position may lie between the pixels of the stride.
	if half := l.Receptive / 2; farthest > half || farthest <= half-l.Stride {
		t.Errorf("%s %s: a pixel reaches positions up to %d pixels away, want %d or up to %d less", name, l.Name, farthest, half, l.Stride-1)
	}
}

func TestFeaturesRefuse(t *testing.T) {
	_, err := zoo.FeaturesByName("vgg18")
	wantError(t, err, "vgg18", "vgg19_bn", "squeezenet1_1")
	net := features(t, "vgg16")
	_, err = net.Until("relu3_4")
	wantError(t, err, "relu3_4", "relu3_3, relu4_1")
	_, err = net.Until("")
	wantError(t, err, `no layer ""`)
	net, err = net.Until("relu2_1")
	if err != nil {
		t.Fatal(err)
	}
	if layers := net.Layers(); len(layers) != 3 || layers[2].Name != "relu2_1" || len(net.Weights()) != 6 {
		t.Errorf("until relu2_1 there are %v and %v", layers, net.Weights())
	}
	if h, w := net.Size("relu2_1", 1, 9); h != 0 || w != 0 {
		t.Errorf("a picture of 1x9 has %dx%d positions at relu2_1, want none", h, w)
	}
	build := func(layer string, dims ...int) error {
		g := graph.NewGraph(testBackend(t), "refused")
		return exceptions.TryCatch[error](func() {
			net.Build(model.NewStore().RootScope(), graph.Zeros(g, shapes.Make(dtypes.Float32, dims...)), []string{layer})
		})
	}
	wantError(t, build("relu2_1", 1, 1, 9, 3), "too small", "relu2_1")
	wantError(t, build("relu3_1", 1, 9, 9, 3), "no layer", "relu1_1, relu1_2, relu2_1")
	wantError(t, build("relu1_1", 1, 9, 9, 4), "want pictures")
}

// A file with the weights of some layers gives these layers.
func TestFeaturesWithSomeWeights(t *testing.T) {
	net := features(t, "vgg19_bn").With(func(w zoo.Weight) bool { return w.Name != "features.8.running_var" })
	if layers := net.Layers(); len(layers) != 2 || layers[1].Name != "relu1_2" {
		t.Errorf("without the third norm there are %v", layers)
	}
	if n := len(features(t, "vgg16").With(func(zoo.Weight) bool { return false }).Layers()); n != 0 {
		t.Errorf("%d layers without weights", n)
	}
}

// Poolings of features that are all the same.
func TestFeaturePoolings(t *testing.T) {
	for pooling, factor := range map[zoo.FeaturePooling]float64{zoo.MaxPooling: 1, zoo.MeanPooling: 2, zoo.L2Pooling: 1.56} {
		named, err := zoo.PoolingNamed(pooling.String())
		if err != nil || named != pooling {
			t.Errorf("%s is read as %s, %v", pooling, named, err)
		}
		for name, layer := range map[string]string{"vgg19": "relu2_1", "squeezenet1_1": "fire2"} {
			net := features(t, name)
			net.Pooling, net.Input = pooling, zoo.Input{}
			net, err := net.Until(layer)
			if err != nil {
				t.Fatal(err)
			}
			store := model.NewStore()
			for _, w := range net.Weights() {
				value := float32(1) // sums of ones, biases 0
				if len(w.Shape) == 1 {
					value = 0
				}
				createConstant(t, store, w, value)
			}
			exec, err := model.NewExec(testBackend(t), store, func(scope *model.Scope, x *graph.Node) []*graph.Node {
				return net.Build(scope, x, []string{net.Layers()[0].Name, layer})
			})
			if err != nil {
				t.Fatal(err)
			}
			out, err := exec.Call(tensors.FromScalarAndDimensions(float32(1), 1, 40, 40, 3))
			if err != nil {
				t.Fatal(err)
			}
			first, last := centre(out[0]), centre(out[1])
			perLayer := map[string]float64{"relu2_1": 9 * 64 * 9 * 64, "fire2": 64 * 16}[layer]
			if got := last / (first * perLayer); math.Abs(got-factor) > 1e-5 {
				t.Errorf("%s, %s pooling: constants grow by %v, want %v", name, pooling, got, factor)
			}
		}
	}
	_, err := zoo.PoolingNamed("median")
	wantError(t, err, "median", "max, mean and l2")
}

// What is around a picture: zeros leave a corner of ones with four ninths of the sum, its repeated edge leaves it all. No
// other convolution is changed.
func TestFeatureEdges(t *testing.T) {
	for edge, want := range map[nn.PadMode][2]float32{nn.PadZeros: {12, 64 * (12 + 18 + 18 + 27)}, nn.PadReplicate: {27, 64 * 4 * 27}} {
		net := features(t, "vgg19")
		net.Edge, net.Input = edge, zoo.Input{}
		store := model.NewStore()
		for _, w := range net.Weights()[:4] {
			value := float32(1) // sums of ones, biases 0
			if len(w.Shape) == 1 {
				value = 0
			}
			createConstant(t, store, w, value)
		}
		exec, err := model.NewExec(testBackend(t), store, func(scope *model.Scope, x *graph.Node) []*graph.Node {
			return net.Build(scope, x, []string{"relu1_1", "relu1_2"})
		})
		if err != nil {
			t.Fatal(err)
		}
		out, err := exec.Call(tensors.FromScalarAndDimensions(float32(1), 1, 8, 8, 3))
		if err != nil {
			t.Fatal(err)
		}
		for i, w := range want {
			if err := tensors.ConstFlatData(out[i], func(flat []float32) {
				if math.Abs(float64(flat[0]/w-1)) > 1e-5 {
					t.Errorf("%s: a corner of layer %d is %v, want %v", edge, i+1, flat[0], w)
				}
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// createConstant makes a variable as a file's weights do.
func createConstant(t *testing.T, store *model.Store, w zoo.Weight, value float32) {
	t.Helper()
	shape := slices.Clone(w.Shape)
	if len(shape) == 4 {
		shape = []int{shape[2], shape[3], shape[1], shape[0]}
	}
	scope, name := model.SplitPath(w.Path())
	if _, err := store.Scope(scope).CreateVariable(name, tensors.FromScalarAndDimensions(value, shape...)); err != nil {
		t.Fatal(err)
	}
}

// centre is the first channel of the middle position of features [1 H W C].
func centre(x *tensors.Tensor) float64 {
	d := x.Shape().Dimensions
	return float64(tensors.MustCopyFlatData[float32](x)[(d[1]/2*d[2]+d[2]/2)*d[3]])
}
