package optim_test

import (
	"fmt"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/optim"
)

// BenchmarkStep updates the parameters of a network like a ResNet-18: 20 convolutions with biases of norms, 11 million
// numbers in 62 tensors; and the same with a hundredth of the channels squared, which shows what each tensor costs. It
// reports the time per number.
func BenchmarkStep(b *testing.B) {
	for _, width := range []int{64, 8} {
		for _, name := range optim.Kinds() {
			b.Run(fmt.Sprintf("%s/width=%d", name, width), func(b *testing.B) { benchmarkStep(b, name, width) })
		}
	}
}

func benchmarkStep(b *testing.B, name string, width int) {
	store := model.NewStore()
	var group []*model.Variable
	var args []any
	numbers := 0
	add := func(path string, dims ...int) {
		n := 1
		for _, d := range dims {
			n *= d
		}
		numbers += n
		group = append(group, parameter(b, store, path, make([]float64, n), dims...))
		// One number longer than the parameter, so that no result may take its memory: as gradients within a graph.
		gradient := tensors.FromFlatDataAndDimensions(make([]float32, n+1), n+1)
		tensors.MustMutableFlatData(gradient, func(flat []float32) {
			for i := range flat {
				flat[i] = float32(i%13) - 6
			}
		})
		args = append(args, gradient)
	}
	in := width
	for stage := range 4 {
		out := width << stage
		for i := range 5 {
			scope := fmt.Sprintf("/stage%d/conv%d/", stage, i)
			add(scope+"weight", 3, 3, in, out)
			add(scope+"norm/weight", out)
			add(scope+"norm/bias", out)
			in = out
		}
	}
	o, _ := optim.Named(name)
	u := newUpdater(b, store, optim.Config{Optimizer: o}, group)
	exec, err := model.NewExec(testBackend(b), store, func(_ *model.Scope, in []*Node) *Node {
		gradients := in[1:]
		for i, v := range group {
			whole := Slice(gradients[i], AxisRange(0, v.Shape().Size()))
			gradients[i] = Reshape(whole, v.Shape().Dimensions...)
		}
		u.Apply(in[0], gradients)
		return in[0]
	})
	if err != nil {
		b.Fatal(err)
	}
	args = append([]any{nil}, args...)
	step := func() {
		hyper, err := u.Input([]optim.Hyper{{LR: 1e-3, Momentum: 0.9, WeightDecay: 1e-4}})
		if err != nil {
			b.Fatal(err)
		}
		args[0] = hyper
		out, err := exec.Call1(args...)
		if err != nil {
			b.Fatal(err)
		}
		if err := out.FinalizeAll(); err != nil {
			b.Fatal(err)
		}
	}
	step() // compiles
	b.ReportAllocs()
	for b.Loop() {
		step()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(numbers), "ns/number")
}
