package weights_test

import (
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/weights"
)

const python = "/usr/bin/python3"

var importTorch = sync.OnceValue(func() error { return exec.Command(python, "-c", "import torch").Run() })

// runTorch runs testdata/features.py; the test is skipped where Debian's python3-torch is not installed.
func runTorch(t *testing.T, args ...string) map[string]torchLayer {
	t.Helper()
	if err := importTorch(); err != nil {
		t.Skipf("PyTorch is not there (apt install python3-torch): %v", err)
	}
	if out, err := exec.Command(python, append([]string{"testdata/features.py"}, args...)...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(args[len(args)-1] + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var layers map[string]torchLayer
	if err := json.Unmarshal(text, &layers); err != nil {
		t.Fatal(err)
	}
	return layers
}

// torchLayer is every Step-th number of a layer's features.
type torchLayer struct {
	Shape  []int
	Step   int
	Values []float64
}

// testPicture is that of testdata/features.py.
func testPicture() *tensors.Tensor {
	const h, w = 45, 50
	x := make([]float32, h*w*3)
	for i := range x {
		x[i] = float32(0.5 + 0.5*math.Sin(float64(i)*float64(i)*0.01))
	}
	return tensors.FromFlatDataAndDimensions(x, 1, h, w, 3)
}

// checkFeatures compares the features at all layers, and the gradient of the sum of their mean squares, with PyTorch's,
// relative to the largest of the layer.
func checkFeatures(t *testing.T, path, name string, want map[string]torchLayer, bound float64) {
	t.Helper()
	f, err := weights.LoadFeatures(path, name)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, l := range f.Layers() {
		names = append(names, l.Name)
	}
	if len(names)+1 != len(want) {
		t.Errorf("%s has layers %v, PyTorch's %d", path, names, len(want)-1)
	}
	out, err := model.CallOnceN(testBackend(t), f.Store, func(scope *model.Scope, x *graph.Node) []*graph.Node {
		features := f.Build(scope, x, names)
		loss := graph.Scalar(x.Graph(), x.DType(), 0)
		for _, f := range features {
			loss = graph.Add(loss, graph.ReduceAllMean(graph.Square(f)))
		}
		return append(features, graph.Gradient(loss, x)...)
	}, testPicture())
	if err != nil {
		t.Fatal(err)
	}
	worst := 0.
	for i, layer := range append(names, "gradient") {
		worst = math.Max(worst, checkLayer(t, layer, out[i], want[layer], bound))
	}
	t.Logf("%s: %d layers and a gradient, at most %.1e off", filepath.Base(path), len(names), worst)
}

// checkLayer is how far x is off at most.
func checkLayer(t *testing.T, layer string, x *tensors.Tensor, want torchLayer, bound float64) float64 {
	t.Helper()
	got := tensors.MustCopyFlatData[float32](x)
	if d := x.Shape().Dimensions; !slices.Equal(d, want.Shape) {
		t.Errorf("%s has shape %v, PyTorch's %v", layer, d, want.Shape)
		return math.Inf(1)
	}
	most, worst := 0., 0.
	for _, v := range want.Values {
		most = math.Max(most, math.Abs(v))
	}
	for k, v := range want.Values {
		off := math.Abs(float64(got[k*want.Step])-v) / most
		worst = math.Max(worst, off)
		if !(off <= bound) {
			t.Errorf("%s: %v at %d, PyTorch's %v, the largest %v", layer, got[k*want.Step], k*want.Step, v, most)
			break
		}
	}
	return worst
}

// Features of random weights that PyTorch writes, with torchvision's names and shapes, are PyTorch's to 1e-4.
func TestSameFeaturesAsTorch(t *testing.T) {
	names := []string{"squeezenet1_0", "squeezenet1_1", "vgg16", "vgg16_bn", "vgg19", "vgg19_bn"}
	if testing.Short() {
		names = names[:1]
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), name)
			want := runTorch(t, "random", name, out)
			checkFeatures(t, out+".pth", "", want, 1e-4)
			checkFeatures(t, out+".legacy.pth", name, want, 1e-4)
		})
	}
}

// Features of published weights: for BGR in 0 to 255, and half precision.
func TestPublishedFeatures(t *testing.T) {
	for name, file := range map[string]string{
		"vgg19":         "vgg19/vgg19-conv1_1-conv3_4.safetensors",
		"squeezenet1_1": "squeezenet/squeezenet1_1.safetensors",
	} {
		t.Run(name, func(t *testing.T) {
			path := shared(t, file)
			want := runTorch(t, "file", name, path, filepath.Join(t.TempDir(), "out"))
			checkFeatures(t, path, name, want, 1e-4)
		})
	}
}
