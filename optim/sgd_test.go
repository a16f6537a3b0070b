package optim_test

import (
	"math"
	"testing"

	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/optim"
)

// Two steps by hand: momentum 0.5, then 0.25; learning rate 0.1, then 0.2.
func TestSGDByHand(t *testing.T) {
	store := model.NewStore()
	w := parameter(t, store, "/dense/weight", []float64{1, -2}, 1, 2)
	tr := newTrainer(t, store, newUpdater(t, store, optim.Config{Optimizer: optim.SGD{}}, []*model.Variable{w}))
	if norm := tr.step(t, []optim.Hyper{{LR: 0.1, Momentum: 0.5, WeightDecay: 0.5}}, []float64{3, 4}); norm != 5 {
		t.Errorf("norm of the gradient %v, want 5", norm)
	}
	// b = g + 0.5·w = [3.5 3], w = [0.65 -2.3]
	tr.step(t, []optim.Hyper{{LR: 0.2, Momentum: 0.25}}, []float64{1, 1})
	// b = 0.25·b + 1 = [1.875 1.75], w = [0.275 -2.65]
	for i, want := range []float64{0.275, -2.65} {
		if got := values(t, w)[i]; math.Abs(got-want) > 1e-6 {
			t.Errorf("w[%d] = %v, want %v", i, got, want)
		}
	}
}
