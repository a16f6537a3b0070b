package zoo_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// Features of 5 by 5 places with 3 channels, and the classes.
const headSide, headDepth, headClasses = 5, 3, 4

// window is the mean and the maximum, channel by channel, of the places in rows and columns from and below to.
func window(x []float32, from, to [2]int) (mean, most []float64) {
	mean, most = make([]float64, headDepth), slices.Repeat([]float64{math.Inf(-1)}, headDepth)
	for row := from[0]; row < to[0]; row++ {
		for column := from[1]; column < to[1]; column++ {
			for c := range headDepth {
				v := float64(x[(row*headSide+column)*headDepth+c])
				mean[c] += v / float64((to[0]-from[0])*(to[1]-from[1]))
				most[c] = math.Max(most[c], v)
			}
		}
	}
	return mean, most
}

// grid is the means in n by n windows, from one that touches n-ths of the side to the next; with 5 places they overlap.
func grid(x []float32, n int) []float64 {
	from, to := func(i int) int { return i * headSide / n }, func(i int) int { return ((i+1)*headSide + n - 1) / n }
	var all []float64
	for row := range n {
		for column := range n {
			mean, _ := window(x, [2]int{from(row), from(column)}, [2]int{to(row), to(column)})
			all = append(all, mean...)
		}
	}
	return all
}

// Logits of heads with one dense layer are what their description says of the weights that they begin with.
func TestPoolingHeads(t *testing.T) {
	everywhere := [2]int{headSide, headSide}
	mean := func(x []float32) []float64 { m, _ := window(x, [2]int{}, everywhere); return m }
	most := func(x []float32) []float64 { _, m := window(x, [2]int{}, everywhere); return m }
	for name, c := range map[string]struct {
		features func(x []float32) []float64
		divisor  float64
		noBias   bool
	}{
		"average":  {features: mean, divisor: 1},
		"max":      {features: most, divisor: 1},
		"concat":   {features: func(x []float32) []float64 { return slices.Concat(most(x), mean(x)) }, divisor: 1},
		"linear":   {features: func(x []float32) []float64 { return grid(x, 2) }, divisor: 1},
		"linear-3": {features: func(x []float32) []float64 { return grid(x, 3) }, divisor: 1},
		"scaled":   {features: most, divisor: 8, noBias: true},
		"scaled-9": {features: most, divisor: 9, noBias: true},
	} {
		head, store, x := byName(t, "resnet18+"+name, headClasses).Head, model.NewStore(), pictures(2, headSide, headDepth)
		got := infer(t, store, func(scope *model.Scope, x *graph.Node) *graph.Node { return head.Build(scope, x, headClasses) }, x)
		weight, bias := variable(t, store, "/fc/weight"), make([]float32, headClasses)
		if v := store.GetVariable("/fc/bias"); (v == nil) != c.noBias {
			t.Fatalf("%s: the bias is %v", name, v)
		}
		if !c.noBias {
			bias = variable(t, store, "/fc/bias")
		}
		for n := range 2 {
			features := c.features(flat(t, x)[n*headSide*headSide*headDepth:])
			for k := range headClasses {
				want := float64(bias[k])
				for i, f := range features {
					want += f * float64(weight[i*headClasses+k])
				}
				if v := float64(got[n*headClasses+k]); math.Abs(v-want/c.divisor) > 1e-5 {
					t.Errorf("%s: logit %d of picture %d is %v, want %v", name, k, n, v, want/c.divisor)
				}
			}
		}
	}
}

// variable is the values of one that must be there.
func variable(t *testing.T, store *model.Store, path string) []float32 {
	t.Helper()
	v := store.GetVariable(path)
	if v == nil {
		t.Fatalf("there is no variable %s", path)
	}
	value, err := v.Value()
	if err != nil {
		t.Fatal(err)
	}
	return flat(t, value)
}

// In training heads drop the share that their name says, before each dense layer that has dropout before it: what is dropped
// has no gradient. Where that is seen is the bias before, or the features themselves.
func TestHeadsDropOut(t *testing.T) {
	fastai, vgg := []string{"/head/bn1/bias", "/head/bn2/bias"}, []string{"/classifier/0/bias", "/classifier/3/bias"}
	conv := []string{""}
	for _, c := range []struct {
		head   string
		depth  int
		seen   []string
		shares []float64
	}{
		{"fastai-2048", 1024, fastai, []float64{0.25, 0.5}},
		{"fastai-2048-d20", 1024, fastai, []float64{0.1, 0.2}},
		{"fastai-2048-d0", 1024, fastai, []float64{0, 0}},
		{"vgg", 2, vgg, []float64{0.5, 0.5}},
		{"vgg-d20", 2, vgg, []float64{0.2, 0.2}},
		{"vgg-d0", 2, vgg, []float64{0, 0}},
		{"conv", 512, conv, []float64{0.5}},
		{"conv-d20", 512, conv, []float64{0.2}},
		{"conv-d0", 512, conv, []float64{0}},
	} {
		for i, grad := range trainingGradients(t, c.head, c.depth, c.seen) {
			dropped := 0.0
			for _, g := range grad {
				if g == 0 {
					dropped++
				}
			}
			n, want := float64(len(grad)), c.shares[i]
			if math.Abs(dropped/n-want) > 4*math.Sqrt(want*(1-want)/n) {
				t.Errorf("%s drops %v of %v at place %d, want a share of %v", c.head, dropped, n, i+1, want)
			}
		}
	}
}

// trainingGradients are those of the logits' sum for variables of a head, the features for "", where nothing but dropout
// makes zeros: norms do not look at the one picture, and biases keep every relu open.
func trainingGradients(t *testing.T, name string, depth int, paths []string) [][]float32 {
	t.Helper()
	head, store := byName(t, "resnet18+"+name, headClasses).Head, model.NewStore()
	defer store.Finalize()
	if err := store.SetRNGStateFromSeed(1); err != nil {
		t.Fatal(err)
	}
	g := graph.NewGraph(testBackend(t), name)
	head.Build(store.RootScope(), graph.Zeros(g, shapes.Make(dtypes.Float32, 1, 2, 2, depth)), headClasses)
	g.Finalize()
	for v := range store.IterVariables() {
		if strings.HasSuffix(v.Path(), "/bias") {
			open := float32(100)
			if v.Path() == "/classifier/3/bias" {
				open = 1000 // before its relu are sums over thousands of numbers of a hundred
			}
			if err := v.SetValue(tensors.FromScalarAndDimensions(open, v.Shape().Dimensions...)); err != nil {
				t.Fatal(err)
			}
		}
		if strings.Contains(v.Path(), "/bn") {
			v.SetTrainable(false)
		}
	}
	exec, err := model.NewExec(testBackend(t), store, func(scope *model.Scope, x *graph.Node) []*graph.Node {
		scope.Store().SetTraining(x.Graph(), true)
		logits := head.Build(scope, x, headClasses)
		var of []*graph.Node
		for _, p := range paths {
			if p == "" {
				of = append(of, x)
			} else {
				of = append(of, store.GetVariable(p).NodeValue(x))
			}
		}
		return graph.Gradient(graph.ReduceAllSum(logits), of...)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	out, err := exec.Exec(pictures(1, 2, depth))
	if err != nil {
		t.Fatal(err)
	}
	var all [][]float32
	for _, o := range out {
		all = append(all, flat(t, o))
	}
	return all
}
