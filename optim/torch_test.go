package optim_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os/exec"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/nn"
	"github.com/atelier-go/atelier/optim"
)

// network is a small one that PyTorch trains too, as testdata/reference.py reads it.
type network struct {
	X       [][]float32 `json:"x"`
	Labels  []int32     `json:"labels"`
	Weights [4]any      `json:"weights"` // [6 10], [10], [10 3], [3]
	Cases   []torchCase `json:"cases"`
}

type torchCase struct {
	Optimizer string             `json:"optimizer"`
	Args      map[string]any     `json:"args"`
	ClipArgs  map[string]float64 `json:"clip"`
	Steps     [][2]optim.Hyper   `json:"steps"`

	name   string
	config optim.Config
}

func torchCases() []torchCase {
	constantBetas := func(beta1, beta2 float64) func(g, k int) optim.Hyper {
		return func(g, k int) optim.Hyper {
			h := scheduled(g, k)
			h.Momentum, h.Beta2 = beta1, beta2 // PyTorch's correction of the bias is for betas that do not change
			return h
		}
	}
	adam := constantBetas(0.9, 0.99)
	return []torchCase{
		newTorchCase("SGD", "SGD", nil, optim.Config{Optimizer: optim.SGD{}}, scheduled),
		newTorchCase("dampening", "SGD", map[string]any{"dampening": 0.4}, optim.Config{Optimizer: optim.SGD{Dampening: 0.4}}, scheduled),
		newTorchCase("Nesterov", "SGD", map[string]any{"nesterov": true}, optim.Config{Optimizer: optim.SGD{Nesterov: true}}, scheduled),
		newTorchCase("RMSProp", "RMSprop", nil, optim.Config{Optimizer: optim.RMSProp{}}, scheduled),
		newTorchCase("RMSProp centered", "RMSprop", map[string]any{"centered": true, "eps": 1e-4},
			optim.Config{Optimizer: optim.RMSProp{Centered: true, Eps: 1e-4}}, scheduled),
		newTorchCase("Adam", "Adam", nil, optim.Config{Optimizer: optim.Adam{}}, adam),
		newTorchCase("Adam defaults", "Adam", map[string]any{"eps": 1e-3}, optim.Config{Optimizer: optim.Adam{Eps: 1e-3}}, constantBetas(0.9, 0.999)),
		newTorchCase("AdamW", "AdamW", nil, optim.Config{Optimizer: optim.AdamW{}}, adam),
		newTorchCase("Adam decoupled", "AdamW", nil, optim.Config{Optimizer: optim.Adam{}, Decoupled: true}, adam),
		newTorchCase("value", "SGD", nil, optim.Config{Optimizer: optim.SGD{}, Clip: optim.Clipping{Value: 0.01}}, scheduled),
		newTorchCase("norm", "SGD", nil, optim.Config{Optimizer: optim.SGD{}, Clip: optim.Clipping{Norm: 0.05}}, scheduled),
		newTorchCase("global norm", "SGD", nil, optim.Config{Optimizer: optim.SGD{}, Clip: optim.Clipping{GlobalNorm: 0.1}}, scheduled),
		newTorchCase("all clipping", "Adam", nil,
			optim.Config{Optimizer: optim.Adam{}, Clip: optim.Clipping{Value: 0.02, Norm: 0.05, GlobalNorm: 0.07}}, adam),
	}
}

func newTorchCase(name, optimizer string, args map[string]any, config optim.Config, hyper func(g, k int) optim.Hyper) torchCase {
	config.DecayAll = true
	c := torchCase{name: name, Optimizer: optimizer, Args: args, config: config, ClipArgs: map[string]float64{}}
	if args == nil {
		c.Args = map[string]any{}
	}
	for limit, v := range map[string]float64{
		"value": config.Clip.Value, "norm": config.Clip.Norm, "global_norm": config.Clip.GlobalNorm,
	} {
		if v != 0 {
			c.ClipArgs[limit] = v
		}
	}
	for k := range 50 {
		c.Steps = append(c.Steps, [2]optim.Hyper{hyper(0, k), hyper(1, k)})
	}
	return c
}

func newNetwork() network {
	r := rand.New(rand.NewPCG(3, 4))
	matrix := func(rows, columns int) [][]float32 {
		m := make([][]float32, rows)
		for i := range m {
			m[i] = make([]float32, columns)
			for j := range m[i] {
				m[i][j] = float32(r.NormFloat64()) / 2
			}
		}
		return m
	}
	n := network{X: matrix(32, 6), Weights: [4]any{matrix(6, 10), matrix(1, 10)[0], matrix(10, 3), matrix(1, 3)[0]}}
	for range n.X {
		n.Labels = append(n.Labels, r.Int32N(3))
	}
	return n
}

// train runs the steps of a case on the network and returns the weights.
func (n network) train(t *testing.T, c torchCase) [][]float64 {
	t.Helper()
	store := model.NewStore()
	var w []*model.Variable
	for i, path := range []string{"/first/weight", "/first/bias", "/second/weight", "/second/bias"} {
		v, err := store.CreateVariable(path, tensors.MustFromAnyValue(n.Weights[i]))
		if err != nil {
			t.Fatal(err)
		}
		w = append(w, v)
	}
	u := newUpdater(t, store, c.config, w[:2], w[2:])
	exec, err := model.NewExec(testBackend(t), store, func(_ *model.Scope, x, labels, hyper *Node) *Node {
		dense := func(x *Node, i int) *Node {
			return Add(MatMul(x, w[i].NodeValue(x)), InsertAxes(w[i+1].NodeValue(x), 0))
		}
		loss := nn.SoftmaxCrossEntropy{}.Mean(dense(Tanh(dense(x, 0)), 2), labels)
		u.Apply(hyper, u.Gradients(loss))
		return loss
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range c.Steps {
		hyper, err := u.Input(h[:])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := exec.Call1(n.X, n.Labels, hyper); err != nil {
			t.Fatal(err)
		}
	}
	var out [][]float64
	for _, v := range w {
		out = append(out, values(t, v))
	}
	return out
}

// After 50 steps of a small network with scheduled hyper-parameters, the weights are PyTorch's within 2e-5 of the
// largest; ours are float32, PyTorch's float64. The test is skipped where Debian's python3-torch is not installed.
func TestSameAsTorch(t *testing.T) {
	const python = "/usr/bin/python3"
	if err := exec.Command(python, "-c", "import torch").Run(); err != nil {
		t.Skipf("PyTorch is not there (apt install python3-torch): %v", err)
	}
	n := newNetwork()
	n.Cases = torchCases()
	in, err := json.Marshal(n)
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
	var want [][][]float64
	if err := json.Unmarshal(out, &want); err != nil {
		t.Fatal(err)
	}
	for i, c := range n.Cases {
		t.Run(c.name, func(t *testing.T) {
			for j, got := range n.train(t, c) {
				if same, at := sameWeights(got, want[i][j], 2e-5); !same {
					t.Errorf("weights %d: [%d] = %v, PyTorch's %v", j, at, got[at], want[i][j][at])
				}
			}
		})
	}
}
