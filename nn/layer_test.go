package nn_test

import (
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/autodiff/gradtest"
	"github.com/atelier-go/atelier/nn"
)

// runLayer builds f over the root scope of store and runs it once.
func runLayer(t *testing.T, store *model.Store, f func(scope *model.Scope, x *Node) *Node, x any) *tensors.Tensor {
	t.Helper()
	out, err := model.CallOnce(testBackend(t), store, f, x)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func variable(t *testing.T, store *model.Store, path string) []float64 {
	t.Helper()
	v := store.GetVariable(path)
	if v == nil {
		t.Fatalf("there is no variable %s", path)
	}
	value, err := v.Value()
	if err != nil {
		t.Fatal(err)
	}
	return gradtest.Flat(value)
}

func near(got, want, tol float64) bool { return math.Abs(got-want) <= tol }

// Two batches of [1 2 3 6] and [3 5 5 11]: the averages after each are what PyTorch 1.13 has.
func TestBatchNormRunningAverages(t *testing.T) {
	store := model.NewStore()
	train := func(l nn.BatchNorm, training bool) func(*model.Scope, *Node) *Node {
		return func(scope *model.Scope, x *Node) *Node {
			store.SetTraining(x.Graph(), training)
			return l.Layer(scope.At("norm"), x)
		}
	}
	want := func(mean, variance float64) {
		t.Helper()
		m, v := variable(t, store, "/norm/running_mean")[0], variable(t, store, "/norm/running_var")[0]
		if !near(m, mean, 1e-12) || !near(v, variance, 1e-12) {
			t.Errorf("running averages %v and %v, want %v and %v", m, v, mean, variance)
		}
	}
	first := [][]float64{{1}, {2}, {3}, {6}} // mean 3, unbiased variance 14/3
	y := runLayer(t, store, train(nn.BatchNorm{}, true), first)
	if got, want := gradtest.Flat(y)[3], 3/math.Sqrt(3.5+1e-5); !near(got, want, 1e-12) {
		t.Errorf("trained on 6: %v, want %v, by the biased variance", got, want)
	}
	want(0.3, 0.9+0.1*14/3)
	runLayer(t, store, train(nn.BatchNorm{Momentum: 0.5}, true), [][]float64{{3}, {5}, {5}, {11}}) // mean 6, variance 12
	mean, variance := 0.15+3, 0.5*(0.9+0.1*14/3)+6
	want(mean, variance)

	for name, l := range map[string]struct {
		nn.BatchNorm
		training bool
	}{"inference": {nn.BatchNorm{}, false}, "frozen": {nn.BatchNorm{Frozen: true}, true}} {
		y := runLayer(t, store, train(l.BatchNorm, l.training), first)
		want(mean, variance)
		if got, want := gradtest.Flat(y)[0], (1-mean)/math.Sqrt(variance+1e-5); !near(got, want, 1e-12) {
			t.Errorf("%s of 1 = %v, want %v", name, got, want)
		}
	}
}

func TestBatchNormVariables(t *testing.T) {
	store := model.NewStore()
	runLayer(t, store, func(scope *model.Scope, x *Node) *Node {
		x = nn.BatchNorm{}.Layer(scope.In("a"), x)
		return nn.BatchNorm{ZeroWeight: true}.Layer(scope.In("b"), x)
	}, [][]float32{{1, 2}, {3, 4}})
	for path, want := range map[string]struct {
		value     float32
		trainable bool
	}{
		"/a/weight": {1, true}, "/a/bias": {0, true}, "/a/running_mean": {0, false}, "/a/running_var": {1, false},
		"/b/weight": {0, true},
	} {
		v := store.GetVariable(path)
		if v == nil {
			t.Fatalf("there is no variable %s", path)
		}
		tensors.MustConstFlatData(v.MustValue(), func(data []float32) {
			if len(data) != 2 || data[0] != want.value || data[1] != want.value || v.Trainable != want.trainable {
				t.Errorf("%s = %v, trainable %v, want %v, %v", path, data, v.Trainable, want.value, want.trainable)
			}
		})
	}
}

// Weights have the documented distributions: 4 standard errors for the deviation, hard bounds for uniform ones.
func TestConvolutionVariables(t *testing.T) {
	const in, out, k = 32, 48, 3
	for _, c := range []struct {
		init   nn.Init
		groups int
		stddev float64
		bound  float64 // of the weights; 0 means that they are normal
	}{
		{nn.InitTorch, 1, 1 / math.Sqrt(3*k*k*in), 1 / math.Sqrt(k*k*in)},
		{nn.InitTorch, 4, 1 / math.Sqrt(3*k*k*in/4), 1 / math.Sqrt(k*k*in/4)},
		{nn.InitHeIn, 1, math.Sqrt(2.0 / (k * k * in)), 0},
		{nn.InitHeOut, 1, math.Sqrt(2.0 / (k * k * out)), 0},
		{nn.InitHeUniform, 1, math.Sqrt(2.0 / (k * k * in)), math.Sqrt(6.0 / (k * k * in))},
		{nn.InitHeUniform, 4, math.Sqrt(8.0 / (k * k * in)), math.Sqrt(24.0 / (k * k * in))},
		{nn.InitSmall, 1, 0.01, 0},
	} {
		store := model.NewStore()
		if err := store.SetRNGStateFromSeed(1); err != nil {
			t.Fatal(err)
		}
		y := runLayer(t, store, func(scope *model.Scope, x *Node) *Node {
			return nn.Conv2D{Channels: out, Groups: c.groups, Init: c.init, Padding: nn.Same}.Layer(scope.In("conv"), x)
		}, gradtest.Normal(1, 1, 2, 2, in))
		if got := y.Shape().Dimensions; got[1] != 2 || got[3] != out {
			t.Errorf("output %v", got)
		}
		weight, bias := variable(t, store, "/conv/weight"), variable(t, store, "/conv/bias")
		if len(weight) != k*k*in/c.groups*out || len(bias) != out {
			t.Fatalf("%s: %d weights, %d biases", c.init, len(weight), len(bias))
		}
		var sum, squares, largest float64
		for _, w := range weight {
			sum, squares, largest = sum+w, squares+w*w, math.Max(largest, math.Abs(w))
		}
		n := float64(len(weight))
		stddev := math.Sqrt(squares/n - sum/n*sum/n)
		if !near(stddev, c.stddev, 4*c.stddev/math.Sqrt(2*n)) || !near(sum/n, 0, 4*c.stddev/math.Sqrt(n)) {
			t.Errorf("%s, %d groups: mean %v, deviation %v, want 0, %v", c.init, c.groups, sum/n, stddev, c.stddev)
		}
		if c.bound > 0 && (largest > c.bound || largest < 0.99*c.bound) {
			t.Errorf("%s: largest weight %v, want just below %v", c.init, largest, c.bound)
		}
		if c.bound == 0 && largest < 3*c.stddev {
			t.Errorf("%s: largest weight %v, want normal ones of deviation %v", c.init, largest, c.stddev)
		}
		largest = 0
		for _, b := range bias {
			largest = math.Max(largest, math.Abs(b))
		}
		most := 0.0
		if c.init == nn.InitTorch {
			most = c.bound
		}
		if largest > most || (most > 0 && largest == 0) {
			t.Errorf("%s: largest bias %v, want at most %v", c.init, largest, most)
		}
	}
}

func TestConvTransposeVariables(t *testing.T) {
	store := model.NewStore()
	y := runLayer(t, store, func(scope *model.Scope, x *Node) *Node {
		return nn.ConvTranspose2D{Channels: 6, Kernel: nn.Side(4), Stride: nn.Side(2), Padding: nn.Border(1), Groups: 2,
			NoBias: true}.Layer(scope.In("up"), x)
	}, gradtest.Normal(1, 1, 3, 3, 4))
	if got := y.Shape().Dimensions; got[1] != 6 || got[2] != 6 || got[3] != 6 {
		t.Errorf("output %v, want [1 6 6 6]", got)
	}
	if got := store.GetVariable("/up/weight").Shape().Dimensions; got[0] != 4 || got[2] != 3 || got[3] != 4 {
		t.Errorf("weight %v, want [4 4 3 4]", got)
	}
	if store.GetVariable("/up/bias") != nil {
		t.Error("NoBias has a bias")
	}
	bound := 1 / math.Sqrt(4*4*3)
	for _, w := range variable(t, store, "/up/weight") {
		if math.Abs(w) > bound {
			t.Errorf("weight %v, want at most %v", w, bound)
		}
	}
}

func TestLinearVariables(t *testing.T) {
	for _, none := range []bool{false, true} {
		store := model.NewStore()
		y := runLayer(t, store, func(scope *model.Scope, x *Node) *Node {
			return nn.Linear{Features: 3, NoBias: none}.Layer(scope.In("fc"), Reshape(x, 2, 16))
		}, gradtest.Normal(1, 1, 2, 4, 4))
		if got := y.Shape().Dimensions; got[0] != 2 || got[1] != 3 {
			t.Errorf("output %v, want [2 3]", got)
		}
		if got := store.GetVariable("/fc/weight").Shape().Dimensions; got[0] != 16 || got[1] != 3 {
			t.Errorf("weight %v, want [16 3]", got)
		}
		if has := store.GetVariable("/fc/bias") != nil; has == none {
			t.Errorf("NoBias %v: bias %v", none, has)
		}
		for _, w := range variable(t, store, "/fc/weight") {
			if math.Abs(w) > 0.25 {
				t.Errorf("weight %v, want at most 1/√16", w)
			}
		}
	}
}
