package optim_test

import (
	"sync"
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	_ "github.com/atelier-go/atelier/cpu"
	"github.com/atelier-go/atelier/optim"
)

// openBackend is the one place where the tests of this package choose what runs them.
var openBackend = sync.OnceValues(func() (compute.Backend, error) { return compute.NewWithConfig("cpu") })

func testBackend(t testing.TB) compute.Backend {
	t.Helper()
	backend, err := openBackend()
	if err != nil {
		t.Fatal(err)
	}
	return backend
}

// parameter makes a float32 variable.
func parameter(t testing.TB, store *model.Store, path string, values []float64, dims ...int) *model.Variable {
	t.Helper()
	flat := make([]float32, len(values))
	for i, v := range values {
		flat[i] = float32(v)
	}
	v, err := store.CreateVariable(path, tensors.FromFlatDataAndDimensions(flat, dims...))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func newUpdater(t testing.TB, store *model.Store, c optim.Config, groups ...[]*model.Variable) *optim.Updater {
	t.Helper()
	u, err := optim.New(store, c, groups, optim.CarryAuto)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// values copies a float32 variable.
func values(t testing.TB, v *model.Variable) []float64 {
	t.Helper()
	value, err := v.Value()
	if err != nil {
		t.Fatal(err)
	}
	var out []float64
	err = tensors.ConstFlatData(value, func(flat []float32) {
		for _, x := range flat {
			out = append(out, float64(x))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// trainer runs steps whose gradients are given.
type trainer struct {
	*optim.Updater
	exec *model.Exec
}

func newTrainer(t testing.TB, store *model.Store, u *optim.Updater) *trainer {
	t.Helper()
	exec, err := model.NewExec(testBackend(t), store, func(_ *model.Scope, in []*Node) *Node {
		return u.Apply(in[0], in[1:])
	})
	if err != nil {
		t.Fatal(err)
	}
	return &trainer{u, exec}
}

// step updates with one gradient a parameter and returns their norm.
func (tr *trainer) step(t testing.TB, h []optim.Hyper, gradients ...[]float64) float64 {
	t.Helper()
	hyper, err := tr.Input(h)
	if err != nil {
		t.Fatal(err)
	}
	in := []any{hyper}
	for i, p := range tr.Params() {
		flat := make([]float32, len(gradients[i]))
		for j, v := range gradients[i] {
			flat[j] = float32(v)
		}
		in = append(in, tensors.FromFlatDataAndDimensions(flat, p.Shape().Dimensions...))
	}
	norm, err := tr.exec.Call1(in...)
	if err != nil {
		t.Fatal(err)
	}
	return float64(tensors.ToScalar[float32](norm))
}
