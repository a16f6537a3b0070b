package optim_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/optim"
)

// matrix is rows of numbers.
type matrix [][]float64

func newMatrix(rows, columns int) matrix {
	m := make(matrix, rows)
	for i := range m {
		m[i] = make([]float64, columns)
	}
	return m
}

func (m matrix) times(o matrix) matrix {
	p := newMatrix(len(m), len(o[0]))
	for i := range m {
		for j := range o[0] {
			for k := range o {
				p[i][j] += m[i][k] * o[k][j]
			}
		}
	}
	return p
}

func (m matrix) transposed() matrix {
	t := newMatrix(len(m[0]), len(m))
	for i := range m {
		for j, v := range m[i] {
			t[j][i] = v
		}
	}
	return t
}

// orthogonal is the original's iteration, which wants at most as many rows as columns and transposes what has more.
func (m matrix) orthogonal(iterations int) matrix {
	if len(m) > len(m[0]) {
		return m.transposed().orthogonal(iterations).transposed()
	}
	length := euclid(slices.Concat(m...)) + 1e-7
	x := newMatrix(len(m), len(m[0]))
	for i := range m {
		for j, v := range m[i] {
			x[i][j] = v / length
		}
	}
	for range iterations {
		a := x.times(x.transposed())
		b, next := a.times(a), newMatrix(len(m), len(m[0]))
		for i := range b {
			for j := range b {
				b[i][j] = -4.7750*a[i][j] + 2.0315*b[i][j]
			}
		}
		bx := b.times(x)
		for i := range next {
			for j := range next[i] {
				next[i][j] = 3.4445*x[i][j] + bx[i][j]
			}
		}
		x = next
	}
	return x
}

// refMuon is the original's rule, for a weight whose filters are rows: PyTorch's order. Weight decay is decoupled, and not in it.
func refMuon(filters int, o optim.Muon) func(w, g []float64, h optim.Hyper) []float64 {
	var buffer []float64
	return func(w, g []float64, h optim.Hyper) []float64 {
		if buffer == nil {
			buffer = make([]float64, len(g))
		}
		buffer = combine(h.Momentum, buffer, 1, g)
		direction := buffer
		if o.Nesterov {
			direction = combine(1, g, h.Momentum, buffer)
		}
		inputs := len(w) / filters
		m := newMatrix(filters, inputs)
		for i := range m {
			copy(m[i], direction[i*inputs:])
		}
		iterations := o.Iterations
		if iterations == 0 {
			iterations = 5
		}
		x := slices.Concat(m.orthogonal(iterations)...)
		if o.Normalise {
			w = scaled(math.Sqrt(float64(filters))/euclid(w), w)
		}
		return combine(1, w, -h.LR*math.Sqrt(max(1, float64(filters)/float64(inputs))), x)
	}
}

// Steps of Muon with scheduled hyper-parameters against the original's in float64, for weights with more inputs than
// outputs and with fewer, one of them the kernel of a convolution.
func TestMuon(t *testing.T) {
	for _, o := range []optim.Muon{{}, {Nesterov: true, Iterations: 3, Normalise: true}} {
		for _, dims := range [][]int{{6, 4}, {3, 8}, {3, 3, 2, 5}} {
			t.Run(fmt.Sprintf("%+v/%v", o, dims), func(t *testing.T) { followMuon(t, o, dims) })
		}
	}
}

func followMuon(t *testing.T, o optim.Muon, dims []int) {
	store, r := model.NewStore(), rand.New(rand.NewPCG(3, 4))
	outputs, size := dims[len(dims)-1], 1
	for _, d := range dims {
		size *= d
	}
	inputs := size / outputs
	normal := func() []float64 {
		x := make([]float64, size)
		for i := range x {
			x[i] = float64(float32(r.NormFloat64()))
		}
		return x
	}
	// filters puts outputs first, as PyTorch has them.
	filters := func(x []float64) []float64 {
		m := newMatrix(inputs, outputs)
		for i := range m {
			copy(m[i], x[i*outputs:])
		}
		return slices.Concat(m.transposed()...)
	}
	w := normal()
	v := parameter(t, store, "/layer/weight", w, dims...)
	tr := newTrainer(t, store, newUpdater(t, store, optim.Config{Optimizer: o}, []*model.Variable{v}))
	want, ref := filters(w), refMuon(outputs, o)
	for k := range 20 {
		h, g := scheduled(0, k), normal()
		shrunk := scaled(h.LR*h.WeightDecay, want) // beside the step
		want = combine(1, ref(want, filters(g), h), -1, shrunk)
		tr.step(t, []optim.Hyper{h}, g)
		for i, got := range filters(values(t, v)) {
			if !(math.Abs(got-want[i]) <= 1e-5*(1+math.Abs(want[i]))) {
				t.Fatalf("step %d: weight %d is %v, want %v", k, i, got, want[i])
			}
		}
	}
}

// What is no matrix steps as under SGD, with a rule's own momentum, and weight decay is beside the step.
func TestMuonOfVectors(t *testing.T) {
	store := model.NewStore()
	w, b := parameter(t, store, "/layer/weight", []float64{1, 2, 3, 4}, 2, 2), parameter(t, store, "/layer/bias", []float64{1, -1}, 2)
	config := optim.Config{Optimizer: optim.Muon{Nesterov: true}, Rules: []optim.Rule{{Kind: optim.BiasKind, Momentum: 0.5, LRFactor: 2}}}
	tr := newTrainer(t, store, newUpdater(t, store, config, []*model.Variable{w, b}))
	h := []optim.Hyper{{LR: 0.1, Momentum: 0.9, WeightDecay: 0.25}}
	bias, buffer := []float64{1, -1}, []float64{0, 0}
	for _, g := range [][]float64{{1, 2}, {-3, 1}} {
		tr.step(t, h, []float64{0, 0, 0, 0}, g)
		buffer = combine(0.5, buffer, 1, g)
		bias = combine(1, bias, -0.2, combine(1, g, 0.5, buffer))
	}
	wantNear(t, "bias", values(t, b), bias, 1e-6)
	shrunk := math.Pow(1-0.1*0.25, 2)
	wantNear(t, "a weight without gradient", values(t, w), scaled(shrunk, []float64{1, 2, 3, 4}), 1e-6)
}

// Muon goes on with SGD's momentum, and SGD with Muon's.
func TestMuonCarriesMomentum(t *testing.T) {
	store := model.NewStore()
	w := parameter(t, store, "/layer/weight", []float64{1, 2, 3, 4}, 2, 2)
	group := []*model.Variable{w}
	h, g := []optim.Hyper{{LR: 1, Momentum: 0.5}}, []float64{1, 2, -2, 4}
	newTrainer(t, store, newUpdater(t, store, optim.Config{Optimizer: optim.SGD{}}, group)).step(t, h, g)
	for _, o := range []optim.Optimizer{optim.Muon{}, optim.SGD{}} {
		u, err := optim.New(store, optim.Config{Optimizer: o}, [][]*model.Variable{group}, optim.CarrySlots)
		if err != nil {
			t.Fatal(err)
		}
		newTrainer(t, store, u).step(t, h, []float64{0, 0, 0, 0})
	}
	wantNear(t, "the buffer", values(t, store.GetVariable("/optim/sgd/momentum_buffer/layer/weight")), scaled(0.25, g), 1e-6)
}
