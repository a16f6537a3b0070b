package nn_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os/exec"
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/atelier-go/atelier/autodiff/gradtest"
)

// array is a tensor as testdata/reference.py reads and writes it.
type array struct {
	Dims []int     `json:"dims"`
	Data []float64 `json:"data"`
}

type torchCase struct {
	Op     string         `json:"op"`
	Args   map[string]any `json:"args"`
	Inputs []array        `json:"inputs"`
}

type torchResult struct {
	Value array    `json:"value"`
	Grads []*array `json:"grads"` // nil where PyTorch has none
}

// runTorch runs cases with PyTorch; the test is skipped where Debian's python3-torch is not installed.
func runTorch(t *testing.T, cases []torchCase) []torchResult {
	t.Helper()
	const python = "/usr/bin/python3"
	if err := exec.Command(python, "-c", "import torch").Run(); err != nil {
		t.Skipf("PyTorch is not there (apt install python3-torch): %v", err)
	}
	in, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "testdata/reference.py")
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.Bytes())
	}
	var results []torchResult
	if err := json.Unmarshal(out, &results); err != nil {
		t.Fatal(err)
	}
	return results
}

// Values and gradients of every layer are PyTorch's.
func TestSameAsTorch(t *testing.T) {
	var cases []layerCase
	var jobs []torchCase
	for _, c := range layerCases() {
		if c.torch == "" {
			continue
		}
		job := torchCase{Op: c.torch, Args: c.args}
		for _, in := range c.in {
			job.Inputs = append(job.Inputs, array{in.Shape().Dimensions, gradtest.Flat(in)})
		}
		cases, jobs = append(cases, c), append(jobs, job)
	}
	for i, want := range runTorch(t, jobs) {
		c := cases[i]
		t.Run(c.name, func(t *testing.T) {
			args := make([]any, len(c.in))
			for i, in := range c.in {
				args[i] = in
			}
			out := call(t, func(in []*Node) []*Node {
				y := c.f(in)
				w := Scalar(y.Graph(), y.DType(), 0.2)
				if !y.IsScalar() {
					w = AddScalar(Sin(MulScalar(IotaFull(y.Graph(), y.Shape()), 0.37)), 0.2)
				}
				return append([]*Node{y}, Gradient(ReduceAllSum(Mul(w, y)), in...)...)
			}, args...)
			sameArray(t, "value", out[0], want.Value)
			for i, g := range want.Grads {
				if g != nil {
					sameArray(t, fmt.Sprintf("gradient of input %d", i), out[i+1], *g)
				}
			}
		})
	}
}

func sameArray(t *testing.T, what string, got *tensors.Tensor, want array) {
	t.Helper()
	if !slices.Equal(got.Shape().Dimensions, want.Dims) && len(got.Shape().Dimensions)+len(want.Dims) > 0 {
		t.Errorf("%s has shape %v, PyTorch's %v", what, got.Shape().Dimensions, want.Dims)
		return
	}
	scale := 1.0
	for _, v := range want.Data {
		scale = math.Max(scale, math.Abs(v))
	}
	for i, v := range gradtest.Flat(got) {
		if !(math.Abs(v-want.Data[i]) <= 1e-11*scale) {
			t.Errorf("%s, element %d of %v: %v, PyTorch's %v", what, i, want.Dims, v, want.Data[i])
			return
		}
	}
}
