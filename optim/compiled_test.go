package optim_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/cpu"
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

// The backend makes one pass over the memory of each parameter, its slots and its gradient, where the optimizer needs
// no norms: a compiled step is one fused kernel a parameter, besides what fetches numbers from the input. It writes
// every new value over the old one, so a step allocates nothing of the size of the parameters.
func TestCompiledStep(t *testing.T) {
	const n, tensorsOf = 1 << 16, 5
	for _, o := range []optim.Optimizer{optim.SGD{Nesterov: true}, optim.RMSProp{}, optim.Adam{}, optim.AdamW{}} {
		t.Run(o.Name(), func(t *testing.T) {
			store := model.NewStore()
			var group []*model.Variable
			gradients := []any{nil}
			for i := range tensorsOf {
				group = append(group, parameter(t, store, fmt.Sprintf("/%d/weight", i), make([]float64, n), n/64, 64))
				// Longer than the parameter, so that no result may take its memory: as gradients within a graph.
				gradients = append(gradients, tensors.FromFlatDataAndDimensions(make([]float32, n+1), n+1))
			}
			u := newUpdater(t, store, optim.Config{Optimizer: o}, group)
			exec, err := model.NewExec(testBackend(t), store, func(_ *model.Scope, in []*Node) *Node {
				var g []*Node
				for _, x := range in[1:] {
					g = append(g, Reshape(Slice(x, AxisRange(0, n)), n/64, 64))
				}
				u.Apply(in[0], g)
				return ScalarOne(in[0].Graph(), in[0].DType())
			})
			if err != nil {
				t.Fatal(err)
			}
			step := func() {
				hyper, err := u.Input([]optim.Hyper{{LR: 1e-3, Momentum: 0.9}})
				if err != nil {
					t.Fatal(err)
				}
				gradients[0] = hyper
				if _, err := exec.Call1(gradients...); err != nil {
					t.Fatal(err)
				}
			}
			step()
			plans := testBackend(t).(*cpu.Backend).Explanations()
			plan := plans[len(plans)-1]
			if fused := strings.Count(plan, "  fused, "); fused != tensorsOf {
				t.Errorf("%d fused kernels for %d parameters:\n%s", fused, tensorsOf, plan)
			}
			if got, want := strings.Count(plan, "may take the memory of parameter"), tensorsOf*(1+len(o.Slots())); got != want {
				t.Errorf("%d results in place, want %d:\n%s", got, want, plan)
			}
			const steps = 10
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for range steps {
				step()
			}
			runtime.ReadMemStats(&after)
			if perStep := (after.TotalAlloc - before.TotalAlloc) / steps; perStep > 4*n/2 {
				t.Errorf("a step allocates %d bytes, for parameters of %d bytes each", perStep, 4*n)
			}
		})
	}
}
