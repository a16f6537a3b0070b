package optim_test

import (
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/optim"
)

// The graph of a step is built once, while every hyper-parameter changes at every step.
func TestHyperparametersNeverRecompile(t *testing.T) {
	for _, c := range optimizerCases() {
		t.Run(c.name, func(t *testing.T) {
			store := model.NewStore()
			v := parameter(t, store, "/layer/weight", []float64{1, 2, 3, 4}, 2, 2)
			u := newUpdater(t, store, optim.Config{
				Optimizer: c.Optimizer, Clip: optim.Clipping{GlobalNorm: 1}, Lookahead: optim.Lookahead{Steps: 2},
			}, []*model.Variable{v})
			built := 0
			exec, err := model.NewExec(testBackend(t), store, func(_ *model.Scope, hyper *Node) *Node {
				built++
				loss := ReduceAllSum(Square(v.NodeValue(hyper)))
				u.Apply(hyper, u.Gradients(loss))
				return loss
			})
			if err != nil {
				t.Fatal(err)
			}
			for k := range 10 {
				hyper, err := u.Input([]optim.Hyper{scheduled(0, k)})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := exec.Call1(hyper); err != nil {
					t.Fatal(err)
				}
			}
			if built != 1 {
				t.Errorf("the graph was built %d times", built)
			}
		})
	}
}
