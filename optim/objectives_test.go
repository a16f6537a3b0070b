package optim_test

import (
	"math"
	"math/rand/v2"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/optim"
)

// objective is a function to minimise. Its minimum is 0.
type objective struct {
	name  string
	start []float64 // of w [1 n]
	loss  func(w *Node) *Node
}

func objectives() []objective {
	return []objective{quadratic(), {"Rosenbrock", []float64{-1.2, 1}, rosenbrock}, logisticRegression()}
}

// quadratic is ½ Σ λᵢ(wᵢ - 1)², with λ from 1 to 16.
func quadratic() objective {
	return objective{"quadratic", []float64{3, -2, 5, 0.5}, func(w *Node) *Node {
		scales := Const(w.Graph(), [][]float32{{1, 2, 6, 16}})
		return MulScalar(ReduceAllSum(Mul(scales, Square(AddScalar(w, -1)))), 0.5)
	}}
}

// rosenbrock is (1 - x)² + 100·(y - x²)², a curved valley with the minimum at (1, 1).
func rosenbrock(w *Node) *Node {
	x, y := Slice(w, AxisRange(), AxisElem(0)), Slice(w, AxisRange(), AxisElem(1))
	return Add(ReduceAllSum(Square(OneMinus(x))), MulScalar(ReduceAllSum(Square(Sub(y, Square(x)))), 100))
}

// logisticRegression is the mean log loss of 60 points that no line separates, less its minimum.
func logisticRegression() objective {
	r := rand.New(rand.NewPCG(5, 6))
	x, sign := make([][3]float64, 60), make([]float64, 60)
	flat, signs := make([]float32, 0, 180), make([]float32, 0, 60)
	for i := range x {
		x[i] = [3]float64{r.NormFloat64(), r.NormFloat64(), 1}
		if sign[i] = 1; x[i][0]-0.5*x[i][1]+0.3+r.NormFloat64() < 0 {
			sign[i] = -1
		}
		flat = append(flat, float32(x[i][0]), float32(x[i][1]), 1)
		signs = append(signs, float32(sign[i]))
	}
	least := leastLogLoss(x, sign)
	return objective{"logistic regression", []float64{-1, 1, 2}, func(w *Node) *Node {
		points := ConstTensor(w.Graph(), tensors.FromFlatDataAndDimensions(flat, 60, 3))
		labels := ConstTensor(w.Graph(), tensors.FromFlatDataAndDimensions(signs, 60, 1))
		margin := Mul(labels, MatMul(points, Reshape(w, 3, 1)))
		return AddScalar(MulScalar(ReduceAllSum(Log1P(Exp(Neg(margin)))), 1.0/60), -least)
	}}
}

// leastLogLoss finds the minimum by plain gradient descent in float64.
func leastLogLoss(x [][3]float64, sign []float64) (loss float64) {
	var w [3]float64
	for range 5000 {
		var gradient [3]float64
		loss = 0
		for i, p := range x {
			e := math.Exp(-sign[i] * (p[0]*w[0] + p[1]*w[1] + p[2]*w[2]))
			loss += math.Log1p(e) / float64(len(x))
			for j := range gradient {
				gradient[j] -= sign[i] * p[j] * e / (1 + e) / float64(len(x))
			}
		}
		for j := range w {
			w[j] -= gradient[j]
		}
	}
	return loss
}

// minimise runs steps with a learning rate that falls to 0 on a cosine, and returns the last loss.
func minimise(t *testing.T, o objective, c optim.Config, h optim.Hyper, steps int) float64 {
	t.Helper()
	store := model.NewStore()
	v := parameter(t, store, "/w", o.start, 1, len(o.start))
	u := newUpdater(t, store, c, []*model.Variable{v})
	exec, err := model.NewExec(testBackend(t), store, func(_ *model.Scope, hyper *Node) *Node {
		loss := o.loss(v.NodeValue(hyper))
		u.Apply(hyper, u.Gradients(loss))
		return loss
	})
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	last := math.NaN()
	for k := range steps {
		now := h
		now.LR *= (1 + math.Cos(math.Pi*float64(k)/float64(steps))) / 2
		hyper, err := u.Input([]optim.Hyper{now})
		if err != nil {
			t.Fatal(err)
		}
		loss, err := exec.Call1(hyper)
		if err != nil {
			t.Fatal(err)
		}
		last = float64(tensors.ToScalar[float32](loss))
	}
	return last
}

// Every optimizer finds the minimum of every objective, alone and under Lookahead, at a learning rate that suits it.
func TestEveryOptimizerOnEveryObjective(t *testing.T) {
	rates := map[string][3]float64{ // for the objectives in order
		"SGD":              {0.01, 0.002, 0.3},
		"SGD dampening":    {0.03, 0.002, 0.3},
		"Nesterov":         {0.01, 0.0015, 0.3},
		"RMSProp":          {0.01, 0.03, 0.03},
		"RMSProp centered": {0.01, 0.03, 0.03},
		"Adam":             {0.3, 1, 0.3},
		"Adam eps":         {0.3, 1, 0.3},
		"AdamW":            {0.3, 1, 0.3},
		"LARS":             {1, 10, 1},
		"LARS trust":       {0.3, 0.1, 0.3},
		"LARC":             {0.03, 0.003, 0.3},
		"LARC trust":       {0.03, 0.002, 0.3},
		"LARC scale":       {0.1, 0.3, 0.1},
		"LAMB":             {0.01, 0.1, 0.03},
		"LAMBC":            {0.1, 1, 0.1},
	}
	const steps, enough = 2000, 1e-3
	for _, c := range optimizerCases() {
		for i, o := range objectives() {
			h := optim.Hyper{LR: rates[c.name][i], Momentum: 0.9, Beta2: 0.99}
			if h.LR == 0 {
				t.Fatalf("no learning rates for %s", c.name)
			}
			for _, ahead := range []optim.Lookahead{{}, {Steps: 5}} {
				loss := minimise(t, o, optim.Config{Optimizer: c.Optimizer, Lookahead: ahead}, h, steps)
				if !(loss < enough) {
					t.Errorf("%s on the %s objective, %+v: loss %v, want less than %v", c.name, o.name, ahead, loss, enough)
				}
			}
		}
	}
}
