package learn_test

import (
	"math"
	"testing"

	"github.com/gomlx/compute"

	"github.com/atelier-go/atelier/learn"
	"github.com/atelier-go/atelier/optim"
	"github.com/atelier-go/atelier/schedule"
)

// TestLearnsInBF16 trains as TestLearns does, with rounded operands: the loss ends where float32's does, within what
// another order of the pictures changes it by.
func TestLearnsInBF16(t *testing.T) {
	train := func(settings string) map[string]float64 {
		backend, err := compute.NewWithConfig(settings)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(backend.Finalize)
		c := config(learn.OneCycle(8, schedule.OneCycle{Max: 0.2}, 0.95, 0.85,
			learn.Phase{Optimizer: optim.SGD{Nesterov: true}, WeightDecay: learn.Value(1e-4)})...)
		c.Backend = backend
		_, r := run(t, c)
		return r.Metrics
	}
	exact, rounded := train("cpu:isa=portable"), train("cpu:isa=portable,precision=bf16")
	if v := rounded["valid_accuracy"]; !(v > 0.9) {
		t.Errorf("accuracy is %v in bf16, %v in float32", v, exact["valid_accuracy"])
	}
	got, want := rounded["train_loss"], exact["train_loss"]
	if got == want {
		t.Errorf("the loss is %v to the bit in both: nothing was rounded", got)
	}
	if math.Abs(got-want) > 0.1 {
		t.Errorf("the loss is %v in bf16, %v in float32", got, want)
	}
}
