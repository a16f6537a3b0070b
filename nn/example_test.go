package nn_test

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/nn"
)

// show runs f on a picture of one channel and prints the result's rows.
func show(f func(x *Node) *Node, rows [][]float32) {
	backend, err := openBackend()
	if err != nil {
		fmt.Println(err)
		return
	}
	y, err := CallOnce(backend, func(x *Node) *Node {
		y := f(Reshape(x, 1, len(rows), len(rows[0]), 1))
		return Reshape(y, y.Shape().Dimensions[1:3]...)
	}, rows)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, row := range y.Value().([][]float32) {
		fmt.Println(row)
	}
}

func ExampleConv2D_Apply() {
	show(func(x *Node) *Node {
		edges := Const(x.Graph(), [][][][]float32{{{{-1}}, {{0}}, {{1}}}}) // [1 3 1 1]
		return nn.Conv2D{Padding: nn.Same, Mode: nn.PadReplicate}.Apply(x, edges, nil)
	}, [][]float32{{1, 1, 5, 5}, {0, 0, 0, 3}})
	// Output:
	// [0 4 4 0]
	// [0 0 3 3]
}

func ExampleConvTranspose2D_Apply() {
	show(func(x *Node) *Node {
		return nn.ConvTranspose2D{Stride: nn.Side(2)}.Apply(x, Ones(x.Graph(), tensors.FromValue([][][][]float32{{{{0}}, {{0}}}, {{{0}}, {{0}}}}).Shape()), nil)
	}, [][]float32{{1, 2}, {3, 4}})
	// Output:
	// [1 1 2 2]
	// [1 1 2 2]
	// [3 3 4 4]
	// [3 3 4 4]
}

func ExamplePool() {
	rows := [][]float32{{1, 2, 0}, {4, 3, 0}, {0, 0, 9}}
	show(nn.Pool{Ceil: true}.Max, rows)
	show(nn.Pool{Ceil: true}.Mean, rows)
	// Output:
	// [4 0]
	// [0 9]
	// [2.5 0]
	// [0 9]
}

func ExampleBilinear() {
	show(nn.Bilinear{Output: nn.Size{H: 1, W: 6}}.Apply, [][]float32{{0, 4, 8}})
	show(nn.Bilinear{Output: nn.Size{H: 1, W: 5}, AlignCorners: true}.Apply, [][]float32{{0, 4, 8}})
	// Output:
	// [0 1 3 5 7 8]
	// [0 2 4 6 8]
}

// A residual block of layers with variables.
func ExampleBatchNorm_Layer() {
	block := func(scope *model.Scope, x *Node) *Node {
		y := nn.Conv2D{Channels: 4, Padding: nn.Same, NoBias: true}.Layer(scope.In("conv"), x)
		y = nn.BatchNorm{ZeroWeight: true}.Layer(scope.In("norm"), y)
		return nn.ReLU(Add(x, y))
	}
	backend, err := openBackend()
	if err != nil {
		fmt.Println(err)
		return
	}
	store := model.NewStore()
	x := tensors.FromFlatDataAndDimensions(make([]float32, 8*8*4), 1, 8, 8, 4)
	y, err := model.CallOnce(backend, store, block, x)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(y.Shape())
	for v := range store.RootScope().IterVariables() {
		if v.Scope() != "/" { // the store's own random state
			fmt.Println(v.Path(), v.Shape(), v.Trainable)
		}
	}
	// Output:
	// (Float32)[1, 8, 8, 4]
	// /conv/weight (Float32)[3, 3, 4, 4] true
	// /norm/weight (Float32)[4] true
	// /norm/bias (Float32)[4] true
	// /norm/running_mean (Float32)[4] false
	// /norm/running_var (Float32)[4] false
}

func ExampleSoftmaxCrossEntropy() {
	backend, err := openBackend()
	if err != nil {
		fmt.Println(err)
		return
	}
	loss, err := CallOnce(backend, func(logits, labels *Node) *Node {
		return nn.SoftmaxCrossEntropy{LabelSmoothing: 0.1}.Mean(logits, labels)
	}, [][]float64{{4, 0, 0}, {0, 0, 0}}, []int32{0, 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.4f\n", loss.Value())
	// Output: 0.7006
}
