package optim_test

import (
	"fmt"
	"math"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	_ "github.com/atelier-go/atelier/cpu"
	"github.com/atelier-go/atelier/optim"
)

// The mean of four numbers is what has the least mean square distance to them.
func Example() {
	store := model.NewStore()
	w, err := store.CreateVariable("/mean", tensors.FromScalar(float32(0)))
	if err != nil {
		fmt.Println(err)
		return
	}
	u, err := optim.New(store, optim.Config{Optimizer: optim.SGD{Nesterov: true}}, [][]*model.Variable{{w}}, optim.CarryAuto)
	if err != nil {
		fmt.Println(err)
		return
	}
	step, err := model.NewExec(compute.MustNew(), store, func(_ *model.Scope, x, hyper *Node) *Node {
		loss := ReduceAllMean(Square(Sub(x, w.NodeValue(x))))
		u.Apply(hyper, u.Gradients(loss))
		return loss
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	const steps = 100
	for k := range steps {
		rate := 0.1 * (1 + math.Cos(math.Pi*float64(k)/steps)) // falls from 0.2 to 0
		hyper, err := u.Input([]optim.Hyper{{LR: rate, Momentum: 0.5}})
		if err != nil {
			fmt.Println(err)
			return
		}
		if _, err := step.Call1([]float32{1, 2, 3, 6}, hyper); err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Printf("%.3f\n", tensors.ToScalar[float32](w.MustValue()))
	// Output: 3.000
}

// State is kept from one optimizer to another as is asked for, and what becomes of it is said.
func ExampleUpdater_Carried() {
	store := model.NewStore()
	w, err := store.CreateVariable("/weight", tensors.FromScalar(float32(0)))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, o := range []optim.Optimizer{optim.Adam{}, optim.AdamW{}, optim.SGD{}} {
		u, err := optim.New(store, optim.Config{Optimizer: o}, [][]*model.Variable{{w}}, optim.CarrySlots)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(u.Carried())
	}
	// Output:
	// started adam exp_avg of 1 parameter; started adam exp_avg_sq of 1 parameter
	// kept adam exp_avg of 1 parameter for adamw; kept adam exp_avg_sq of 1 parameter for adamw
	// started sgd momentum_buffer of 1 parameter; dropped adamw exp_avg of 1 parameter; dropped adamw exp_avg_sq of 1 parameter
}
