package weights_test

import (
	"archive/zip"
	"io"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/imageio"
	"github.com/atelier-go/atelier/nn"
	"github.com/atelier-go/atelier/weights"
)

// SqueezeNet 1.1 with its published weights tells as many of 1000 photos right, one of each class of ImageNet, as PyTorch
// says it does: 649 at the first guess and 859 within five.
func TestScoreOfSqueezeNet(t *testing.T) {
	if testing.Short() {
		t.Skip("classifies 1000 photos")
	}
	path := shared(t, "squeezenet/squeezenet1_1.safetensors")
	archive, err := zip.OpenReader(shared(t, "photos/photos1000.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	classify := squeezeNet(t, path)
	var first, five, photos int
	for _, f := range archive.File {
		if f.FileInfo().IsDir() {
			continue
		}
		logits := classify(photo224(t, f))
		better := 0
		for _, v := range logits {
			if v > logits[photos] {
				better++
			}
		}
		if better == 0 {
			first++
		}
		if better < 5 {
			five++
		}
		photos++
	}
	t.Logf("%d photos: %d right, %d within five", photos, first, five)
	if photos != 1000 || first < 649-3 || first > 649+3 || five < 859-3 || five > 859+3 {
		t.Errorf("%d of %d photos right, %d within five: want 649 and 859 of 1000, give or take 3", first, photos, five)
	}
}

// squeezeNet is the network with its classifier: a 1x1 convolution, relu, and the mean over positions.
func squeezeNet(t *testing.T, path string) func(x *tensors.Tensor) []float32 {
	t.Helper()
	f, err := weights.LoadFeatures(path, "squeezenet1_1")
	if err != nil {
		t.Fatal(err)
	}
	file, err := weights.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	kernel, err := file.Float32("classifier.1.weight") // [1000 512 1 1]
	if err != nil {
		t.Fatal(err)
	}
	bias, err := file.Float32("classifier.1.bias")
	if err != nil {
		t.Fatal(err)
	}
	turned := make([]float32, len(kernel))
	for o := range 1000 {
		for i := range 512 {
			turned[i*1000+o] = kernel[o*512+i]
		}
	}
	scope := f.Store.RootScope().At("classifier")
	if _, err := scope.CreateVariable("weight", tensors.FromFlatDataAndDimensions(turned, 1, 1, 512, 1000)); err != nil {
		t.Fatal(err)
	}
	if _, err := scope.CreateVariable("bias", tensors.FromFlatDataAndDimensions(bias, 1000)); err != nil {
		t.Fatal(err)
	}
	exec, err := model.NewExec(testBackend(t), f.Store, func(scope *model.Scope, x *graph.Node) *graph.Node {
		x = graph.DivScalar(graph.ConvertDType(x, dtypes.Float32), 255)
		x = f.Build(scope, x, []string{"fire9"})[0]
		x = nn.Conv2D{Channels: 1000, Kernel: nn.Side(1)}.Layer(scope.At("classifier"), x)
		return graph.ReduceMean(nn.ReLU(x), 0, 1, 2)
	})
	if err != nil {
		t.Fatal(err)
	}
	return func(x *tensors.Tensor) []float32 {
		out, err := exec.Call1(x)
		if err != nil {
			t.Fatal(err)
		}
		if !out.Shape().Equal(shapes.Make(dtypes.Float32, 1000)) {
			t.Fatalf("logits are %s", out.Shape())
		}
		return tensors.MustCopyFlatData[float32](out)
	}
}

// photo224 is the middle of a photo whose short side is made 256 pixels long, as torchvision evaluates: [1 224 224 3].
func photo224(t *testing.T, f *zip.File) *tensors.Tensor {
	t.Helper()
	r, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	p, err := imageio.Decode(data, imageio.Options{})
	if err != nil {
		t.Fatalf("%s: %v", f.Name, err)
	}
	h, w := 256, 256*p.W/p.H
	if p.W < p.H {
		h, w = 256*p.H/p.W, 256
	}
	if p, err = imageio.Resize(p, h, w, imageio.Bilinear); err != nil {
		t.Fatal(err)
	}
	const side = 224
	top, left := round(h-side), round(w-side)
	pixels := make([]uint8, 0, side*side*3)
	for y := range side {
		pixels = append(pixels, p.Row(top + y)[left*3:(left+side)*3]...)
	}
	return tensors.FromFlatDataAndDimensions(pixels, 1, side, side, 3)
}

// round is half of n, of halves the even one, as Python rounds.
func round(n int) int {
	if n%4 == 3 {
		return n/2 + 1
	}
	return n / 2
}
