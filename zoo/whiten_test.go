package zoo_test

import (
	"math"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/nn"
	"github.com/atelier-go/atelier/zoo"
)

// Filters of the pictures' own patches give uncorrelated channels of variance 1, or less where there is little.
func TestWhitening(t *testing.T) {
	x := pictures(4, 17, 3)
	filters, err := zoo.WhiteningFilters(x)
	if err != nil {
		t.Fatal(err)
	}
	exec, err := model.NewExec(testBackend(t), model.NewStore(), func(_ *model.Scope, x, k *graph.Node) *graph.Node {
		y := nn.Conv2D{}.Apply(x, k, nil)
		y = graph.Reshape(y, y.Shape().Size()/24, 24)
		return graph.MulScalar(graph.MatMul(graph.Transpose(y, 0, 1), y), 1/float64(y.Shape().Dim(0)))
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Exec(x, filters)
	if err != nil {
		t.Fatal(err)
	}
	got := flat(t, out[0])
	for i := range 24 {
		for j := range 24 {
			v := float64(got[i*24+j])
			switch {
			case i == j && (v > 1.0001 || v < 0), i == 0 && j == 0 && v < 0.99, i == 0 && j == 12 && v > -0.99, i%12 != j%12 && math.Abs(v) > 1e-3:
				t.Errorf("covariance of channels %d and %d is %v", i, j, v)
			}
		}
	}
	_, err = zoo.WhiteningFilters(pictures(1, 1, 3))
	wantError(t, err, "want [N H W C]")
}

// The stem's weights are not among those that are trained, and are what whitening makes them.
func TestWhitenStem(t *testing.T) {
	m, store := byName(t, "airbench94", 10), model.NewStore()
	g := graph.NewGraph(testBackend(t), "whiten")
	defer g.Finalize()
	m.Forward(store.RootScope(), graph.Zeros(g, shapes.Make(dtypes.Float32, 1, 32, 32, 3)))
	if err := (zoo.WhitenStem{}).Whiten(store, pictures(2, 9, 3)); err != nil {
		t.Fatal(err)
	}
	v := store.GetVariable("/whiten/weight")
	want, _ := zoo.WhiteningFilters(pictures(2, 9, 3))
	value, err := v.Value()
	if err != nil || v.Trainable || !value.Equal(want) {
		t.Errorf("trainable %v, %v", v.Trainable, err)
	}
	wantError(t, zoo.WhitenStem{}.Whiten(store, tensors.FromShape(shapes.Make(dtypes.Float32, 2, 9, 9, 1))), "make filters")
	wantError(t, zoo.WhitenStem{}.Whiten(model.NewStore(), pictures(2, 9, 3)), "no variable /whiten/weight")
}
