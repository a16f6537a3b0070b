package weights_test

import (
	"cmp"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/gomlx/compute"

	_ "github.com/atelier-go/atelier/cpu"
	"github.com/atelier-go/atelier/safetensors"
	"github.com/atelier-go/atelier/weights"
	"github.com/atelier-go/atelier/zoo"
)

var openBackend = sync.OnceValues(func() (compute.Backend, error) { return compute.NewWithConfig("cpu") })

func testBackend(t testing.TB) compute.Backend {
	t.Helper()
	b, err := openBackend()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// shared is a file of the published data that lies beside the repository, or where $ATELIER_DATA says; the test is
// skipped without.
func shared(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(cmp.Or(os.Getenv("ATELIER_DATA"), filepath.Join("..", "..", "shared", "data")), filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the data is not there (%v); $ATELIER_DATA names another folder", err)
	}
	return path
}

// wantError fails unless err has all parts.
func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("error %q, want one with %q", err, p)
		}
	}
}

// zeros are the weights of a network, all 0, as a file has them.
func zeros(t *testing.T, name string, change func(w zoo.Weight) (zoo.Weight, bool), metadata map[string]string) string {
	t.Helper()
	net, err := zoo.FeaturesByName(name)
	if err != nil {
		t.Fatal(err)
	}
	var all []safetensors.Tensor
	for _, w := range net.Weights() {
		w, ok := change(w)
		if !ok {
			continue
		}
		n := 1
		for _, d := range w.Shape {
			n *= d
		}
		all = append(all, safetensors.Tensor{Name: w.Name, DType: safetensors.BF16, Shape: w.Shape, Data: make([]byte, 2*n)})
	}
	path := filepath.Join(t.TempDir(), name+".safetensors")
	if err := safetensors.Save(path, all, metadata); err != nil {
		t.Fatal(err)
	}
	return path
}

func same(w zoo.Weight) (zoo.Weight, bool) { return w, true }

// first keeps the weights before one.
func first(last string) func(w zoo.Weight) (zoo.Weight, bool) {
	open := true
	return func(w zoo.Weight) (zoo.Weight, bool) {
		open = open && w.Name != last
		return w, open
	}
}

// A network is known by its tensors, or by the metadata, or must be what it is said to be.
func TestNetworkOfFile(t *testing.T) {
	for _, name := range []string{"squeezenet1_0", "squeezenet1_1", "vgg16", "vgg19_bn"} {
		f, err := weights.LoadFeatures(zeros(t, name, same, nil), "")
		if err != nil {
			t.Fatal(err)
		}
		if f.Name() != name || f.Input != zoo.TorchvisionInput {
			t.Errorf("the weights of %s are read as those of %s for pictures %v", name, f.Name(), f.Input)
		}
	}
	f, err := weights.LoadFeatures(zeros(t, "vgg19", first("features.7.weight"), map[string]string{"arch": "vgg19"}), "")
	if err != nil {
		t.Fatal(err)
	}
	if layers := f.Layers(); f.Name() != "vgg19" || len(layers) != 3 || layers[2].Name != "relu2_1" {
		t.Errorf("the first three convolutions of vgg19 are %s with %v", f.Name(), layers)
	}
	_, err = weights.LoadFeatures(zeros(t, "vgg16", same, nil), "vgg19")
	wantError(t, err, "vgg16.safetensors", "not weights of vgg19", "features.17.")
	_, err = weights.LoadFeatures(zeros(t, "vgg19", first("features.0.bias"), nil), "vgg19")
	wantError(t, err, "no weights of vgg19", "features.0.weight")
	_, err = weights.LoadFeatures(zeros(t, "vgg19", func(w zoo.Weight) (zoo.Weight, bool) {
		w.Name = "model." + w.Name
		return w, true
	}, nil), "")
	wantError(t, err, "none of vgg16", "model.features.0.weight", "more")
	_, err = weights.LoadFeatures(zeros(t, "squeezenet1_1", func(w zoo.Weight) (zoo.Weight, bool) {
		if w.Name == "features.4.squeeze.bias" {
			w.Shape = []int{17}
		}
		return w, true
	}, nil), "squeezenet1_1")
	wantError(t, err, "features.4.squeeze.bias has shape [17], want [16]")
	_, err = weights.LoadFeatures(zeros(t, "squeezenet1_1", same, map[string]string{"preprocess": "greyscale"}), "")
	wantError(t, err, "greyscale", "RGB or BGR")
	_, err = weights.LoadFeatures(filepath.Join(t.TempDir(), "none"), "vgg19")
	wantError(t, err, "none", "no such file")
	_, err = weights.LoadFeatures(t.TempDir(), "vgg19")
	wantError(t, err, "no regular file")
}
