package zoo_test

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/data"
	"github.com/atelier-go/atelier/learn"
	"github.com/atelier-go/atelier/safetensors"
)

// Logits are torchvision's on the same random weights, running statistics included, which it reads from a file that a
// learner saved: names and order of axes are those of its state_dict.
func TestSameAsTorchvision(t *testing.T) {
	const python = "/usr/bin/python3"
	if err := exec.Command(python, "-c", "import torchvision").Run(); err != nil {
		t.Skipf("torchvision is not there (apt install python3-torchvision): %v", err)
	}
	const classes = 7
	for _, c := range []struct {
		name string
		side int
	}{{"resnet18", 64}, {"resnet34", 50}} {
		m := byName(t, c.name, classes)
		l, err := learn.New(learn.Config{
			Backend: testBackend(t), Model: learn.Model{Forward: m.Forward, Groups: m.Groups()},
			Data:   &learn.Data{Train: &data.Loader{Dataset: data.Shapes{N: 2, Size: 32}, Batch: 2}},
			Phases: []learn.Phase{{Steps: 1}},
		})
		if err != nil {
			t.Fatal(err)
		}
		randomise(t, l.Store())
		dir := t.TempDir()
		if err := l.SaveWeights(dir); err != nil {
			t.Fatal(err)
		}
		x := pictures(2, c.side, 3)
		got := infer(t, l.Store(), m.Forward, x)
		l.Close()

		file := filepath.Join(dir, "pictures.safetensors")
		if err := safetensors.Save(file, []safetensors.Tensor{nchw(t, x)}, nil); err != nil {
			t.Fatal(err)
		}
		var stderr bytes.Buffer
		cmd := exec.Command(python, "testdata/torchvision_logits.py", c.name, filepath.Join(dir, learn.WeightsFile), file, strconv.Itoa(classes))
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v\n%s", err, stderr.Bytes())
		}
		var want [][]float64
		if err := json.Unmarshal(out, &want); err != nil {
			t.Fatal(err)
		}
		compare(t, c.name, got, want)
	}
}

// compare wants logits within a relative error of 1e-4 of the largest.
func compare(t *testing.T, name string, got []float32, want [][]float64) {
	t.Helper()
	compareWithin(t, name, got, want, 1e-4)
}

// compareWithin wants logits within a relative error of the largest.
func compareWithin(t *testing.T, name string, got []float32, want [][]float64, bound float64) {
	t.Helper()
	largest, worst := 0.0, 0.0
	for _, row := range want {
		for _, v := range row {
			largest = math.Max(largest, math.Abs(v))
		}
	}
	for i, row := range want {
		for j, v := range row {
			worst = math.Max(worst, math.Abs(float64(got[i*len(row)+j])-v))
		}
	}
	if !(worst <= bound*largest) || largest < 1e-3 {
		t.Errorf("%s: logits differ by up to %v, the largest is %v", name, worst, largest)
	}
	t.Logf("%s: logits up to %.3g, largest difference %.2g", name, largest, worst)
}

// randomise gives the variables that start as constants, and dense layers, values of their own.
func randomise(t *testing.T, store *model.Store) {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	for v := range store.IterVariables() {
		if v.Shape().Rank() != 1 || !v.DType().IsFloat() {
			continue
		}
		values := make([]float32, v.Shape().Size())
		for i := range values {
			switch {
			case strings.HasSuffix(v.Path(), "/running_var"), strings.HasSuffix(v.Path(), "/weight"):
				values[i] = 0.5 + rng.Float32()
			default:
				values[i] = rng.Float32() - 0.5
			}
		}
		if err := v.SetValue(tensors.FromFlatDataAndDimensions(values, v.Shape().Dimensions...)); err != nil {
			t.Fatal(err)
		}
	}
}

func infer(t *testing.T, store *model.Store, forward learn.Forward, x *tensors.Tensor) []float32 {
	t.Helper()
	run, err := model.NewExec(testBackend(t), store, func(scope *model.Scope, x *graph.Node) *graph.Node {
		return forward(scope, x)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer run.Finalize()
	out, err := run.Exec(x)
	if err != nil {
		t.Fatal(err)
	}
	return flat(t, out[0])
}

// nchw is pictures [N H W C] as the tensor "pictures" [N C H W].
func nchw(t *testing.T, x *tensors.Tensor) safetensors.Tensor {
	d, from := x.Shape().Dimensions, flat(t, x)
	to := make([]float32, len(from))
	for i, v := range from {
		n, place, c := i/(d[1]*d[2]*d[3]), i/d[3]%(d[1]*d[2]), i%d[3]
		to[(n*d[3]+c)*d[1]*d[2]+place] = v
	}
	return safetensors.FromFloat32("pictures", []int{d[0], d[3], d[1], d[2]}, to)
}
