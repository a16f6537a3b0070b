package nn_test

import (
	"math"
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/autodiff/gradtest"
	"github.com/atelier-go/atelier/nn"
)

// inMode is a function for runLayer of a layer in a mode.
func inMode(training bool, f func(*model.Scope, *Node) *Node) func(*model.Scope, *Node) *Node {
	return func(scope *model.Scope, x *Node) *Node {
		scope.Store().SetTraining(x.Graph(), training)
		return f(scope, x)
	}
}

// A norm whose weight is not trainable normalises with its averages in training and leaves them alone, and is
// differentiated as that: for x the gradient of y = a·x + b is a.
func TestBatchNormOfFrozenGroup(t *testing.T) {
	store := model.NewStore()
	layer := func(scope *model.Scope, x *Node) *Node { return nn.BatchNorm{}.Layer(scope.At("norm"), x) }
	x := [][]float64{{1}, {2}, {3}, {6}}
	runLayer(t, store, inMode(true, layer), x)
	mean, variance := variable(t, store, "/norm/running_mean")[0], variable(t, store, "/norm/running_var")[0]
	store.GetVariable("/norm/weight").SetTrainable(false)
	factor := 1 / math.Sqrt(variance+1e-5)
	y := gradtest.Flat(runLayer(t, store, inMode(true, layer), x))
	for i, v := range x {
		if want := (v[0] - mean) * factor; !near(y[i], want, 1e-12) {
			t.Errorf("y[%d] = %v, want %v", i, y[i], want)
		}
	}
	if m, v := variable(t, store, "/norm/running_mean")[0], variable(t, store, "/norm/running_var")[0]; m != mean || v != variance {
		t.Errorf("averages moved to %v and %v from %v and %v", m, v, mean, variance)
	}
	grad := gradtest.Flat(runLayer(t, store, inMode(true, func(scope *model.Scope, x *Node) *Node {
		return Gradient(ReduceAllSum(layer(scope, x)), x)[0]
	}), x))
	for i, g := range grad {
		if !near(g, factor, 1e-12) {
			t.Errorf("gradient %d = %v, want %v", i, g, factor)
		}
	}
	store.GetVariable("/norm/weight").SetTrainable(true)
	runLayer(t, store, inMode(true, layer), x)
	if m := variable(t, store, "/norm/running_mean")[0]; m == mean {
		t.Error("a norm that is trainable again leaves its averages alone")
	}
}

// Statistics of batches of unequal sizes combine to those of all data, by ParamCalibrate's formula, whatever the mode
// of training says.
func TestCalibrate(t *testing.T) {
	batches := [][][]float64{{{1}, {2}, {6}}, {{10}, {12}}, {{7}}}
	for _, training := range []bool{false, true} {
		store := model.NewStore()
		store.SetParam("/"+nn.ParamCalibrate, true)
		f := inMode(training, func(scope *model.Scope, x *Node) *Node {
			return nn.BatchNorm{Momentum: 0.3}.Layer(scope.At("norm"), nn.Dropout{Rate: 0.5}.Layer(scope, x))
		})
		var n, means, variances []float64
		for _, x := range batches {
			y := gradtest.Flat(runLayer(t, store, f, x))
			if sum := sumOf(y); !near(sum, 0, 1e-12) {
				t.Errorf("%v normalised by its own mean sums to %v, want 0", x, sum)
			}
			n = append(n, float64(len(x)))
			means = append(means, variable(t, store, "/norm/running_mean")...)
			variances = append(variances, variable(t, store, "/norm/running_var")...)
		}
		if want := []float64{3, 11, 7}; !slices.Equal(means, want) {
			t.Errorf("means %v, want %v", means, want)
		}
		var mean, variance float64
		for i := range n {
			mean += n[i] * means[i] / 6
		}
		for i := range n {
			variance += n[i] * (variances[i] + (means[i]-mean)*(means[i]-mean)) / 6
		}
		// 1 2 6 10 12 7: mean 38/6, mean square 334/6.
		if want := 334.0/6 - 38.0/6*38/6; !near(mean, 38.0/6, 1e-12) || !near(variance, want, 1e-12) {
			t.Errorf("over all: mean %v, variance %v, want %v and %v", mean, variance, 38.0/6, want)
		}
	}
}

// Frozen norms are not measured.
func TestCalibrateLeavesFrozenNormsAlone(t *testing.T) {
	store := model.NewStore()
	store.SetParam("/"+nn.ParamCalibrate, true)
	runLayer(t, store, func(scope *model.Scope, x *Node) *Node {
		return nn.BatchNorm{Frozen: true}.Layer(scope.At("norm"), x)
	}, [][]float64{{4}, {6}})
	if m := variable(t, store, "/norm/running_mean")[0]; m != 0 {
		t.Errorf("running mean %v, want 0", m)
	}
}

func sumOf(x []float64) (sum float64) {
	for _, v := range x {
		sum += v
	}
	return sum
}

// In training, the share Rate of the elements is 0, within 4 standard deviations, and the rest x/(1-Rate); the gradient
// is dropped at the same places. The random state alone decides which; without training nothing changes.
func TestDropout(t *testing.T) {
	const n, rate = 10000, 0.25
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(i + 1)
	}
	run := func(seed int64, training bool) (y, grad []float64) {
		store := model.NewStore()
		if err := store.SetRNGStateFromSeed(seed); err != nil {
			t.Fatal(err)
		}
		out, err := model.CallOnceN(testBackend(t), store, func(scope *model.Scope, x *Node) []*Node {
			store.SetTraining(x.Graph(), training)
			y := nn.Dropout{Rate: rate}.Layer(scope, x)
			return []*Node{y, Gradient(ReduceAllSum(y), x)[0]}
		}, x)
		if err != nil {
			t.Fatal(err)
		}
		return gradtest.Flat(out[0]), gradtest.Flat(out[1])
	}
	y, grad := run(1, true)
	dropped := 0
	for i, v := range y {
		if v == 0 && grad[i] == 0 {
			dropped++
		} else if !near(v, x[i]/(1-rate), 1e-9) || !near(grad[i], 1/(1-rate), 1e-9) {
			t.Fatalf("y[%d] = %v with gradient %v, want %v with %v, or 0", i, v, grad[i], x[i]/(1-rate), 1/(1-rate))
		}
	}
	if deviation := math.Sqrt(n * rate * (1 - rate)); !near(float64(dropped), n*rate, 4*deviation) {
		t.Errorf("%d of %d dropped, want %v", dropped, n, n*rate)
	}
	if again, _ := run(1, true); !slices.Equal(again, y) {
		t.Error("the same random state drops other elements")
	}
	if other, _ := run(2, true); slices.Equal(other, y) {
		t.Error("another random state drops the same elements")
	}
	if same, _ := run(1, false); !slices.Equal(same, x) {
		t.Error("dropout outside of training")
	}
}

// What is dropped is 0 even where x is not finite.
func TestDropoutOfInfinity(t *testing.T) {
	store := model.NewStore()
	x := tensors.FromScalarAndDimensions(math.Inf(1), 100)
	zeros := 0
	for _, v := range gradtest.Flat(runLayer(t, store, inMode(true, nn.Dropout{Rate: 0.5}.Layer), x)) {
		if v == 0 {
			zeros++
		} else if !math.IsInf(v, 1) {
			t.Errorf("dropout of infinity: %v", v)
		}
	}
	if zeros == 0 {
		t.Error("nothing is dropped of 100 at rate 0.5")
	}
}

// A norm without weight has a bias that is trained, and is what one with a weight of 1 is; it is frozen with its bias.
func TestBatchNormWithoutWeight(t *testing.T) {
	store := model.NewStore()
	for _, frozen := range []bool{false, true} {
		exec, err := model.NewExec(testBackend(t), store, inMode(true, func(scope *model.Scope, x *Node) *Node {
			one := OnesLike(ReduceSum(x, 0))
			y, _, _ := nn.BatchNorm{}.Train(x, one, ZerosLike(one))
			return ReduceAllMax(Abs(Sub(nn.BatchNorm{NoWeight: true}.Layer(scope, x), y)))
		}))
		if err != nil {
			t.Fatal(err)
		}
		out, err := exec.Exec([][]float32{{1, 5}, {2, -4}, {6, 0}})
		if err != nil {
			t.Fatal(err)
		}
		if v := out[0].Value().(float32); (v != 0) != frozen {
			t.Errorf("frozen %v: differs by %v from a norm with the weight 1", frozen, v)
		}
		bias := store.GetVariable("/bias")
		if store.GetVariable("/weight") != nil || bias == nil || bias.Trainable == frozen {
			t.Fatalf("frozen %v: there is a weight, or no bias", frozen)
		}
		bias.SetTrainable(false)
	}
}
