// Package gradtest checks gradients built by GoMLX against central differences, to any order, in float64.
//
//	gradtest.Config{Backend: backend}.Check(t, func(in []*graph.Node) *graph.Node {
//		return graph.Tanh(graph.Mul(in[0], in[1]))
//	}, gradtest.Normal(1, 3, 4), gradtest.Normal(2, 3, 4))
//
// The function's result f(x) of any shape is reduced to one number,
//
//	L₀(x) = Σᵢ wᵢ·(fᵢ(x) + fᵢ(x)²/2)
//
// with fixed irregular weights w, so that functions that are linear have second derivatives too. L₀'s gradient is
// compared with differences of L₀ for elements of every input. For order k > 1, L_{k-1} = ⟨∇L_{k-2}, u⟩ with a random
// direction u over all inputs, and its gradient, all elements of it, is compared with the difference of ∇L_{k-2}
// along u: for k = 2 those are Hessian-vector products.
//
// Inputs should keep away from points where f has no derivative, by much more than the step.
package gradtest

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Func is the function to differentiate, as a graph. All inputs are float64.
type Func func(inputs []*Node) *Node

// Config says how to check.
type Config struct {
	Backend compute.Backend // runs the graphs; required
	Order   int             // highest order of derivative; 0 means 2
	Step    float64         // of the central differences; 0 means 1e-5
	// Tol is the largest accepted difference relative to max(1, the largest element of the same gradient). 0 means
	// 1e-6: central differences of this step are good to about 1e-9 where values and derivatives are around 1.
	Tol float64
	// Elements is how many elements of each input are moved for the first derivative; 0 means 32. Second and higher
	// derivatives are compared at every element.
	Elements int
}

// Check fails the test with the first derivative that is off, and says order, input and element.
func (c Config) Check(t testing.TB, f Func, inputs ...*tensors.Tensor) {
	t.Helper()
	if err := c.Compare(f, inputs...); err != nil {
		t.Error(err)
	}
}

// Compare is Check without a test: an error describes what does not run or is off.
func (c Config) Compare(f Func, inputs ...*tensors.Tensor) error {
	c.Order, c.Step = cmp.Or(c.Order, 2), cmp.Or(c.Step, 1e-5)
	c.Tol, c.Elements = cmp.Or(c.Tol, 1e-6), cmp.Or(c.Elements, 32)
	x := make([][]float64, len(inputs))
	dims := make([][]int, len(inputs))
	for i, in := range inputs {
		if in.DType() != dtypes.Float64 {
			return fmt.Errorf("gradtest: input %d is %s, want float64", i, in.Shape())
		}
		x[i], dims[i] = Flat(in), in.Shape().Dimensions
	}
	k := &check{Config: c, f: f, dims: dims, rng: rand.New(rand.NewPCG(7, 11))}
	if err := k.first(x); err != nil {
		return err
	}
	var directions [][][]float64
	for order := 2; order <= c.Order; order++ {
		directions = append(directions, k.direction(x))
		if err := k.higher(order, x, directions); err != nil {
			return err
		}
	}
	return nil
}

type check struct {
	Config
	f    Func
	dims [][]int
	rng  *rand.Rand
}

// first compares ∇L₀ with differences of L₀.
func (c *check) first(x [][]float64) error {
	value, err := NewExec(c.Backend, func(in []*Node) *Node { return scalar(c.f(in)) })
	if err != nil {
		return err
	}
	defer value.Finalize()
	grads, err := c.gradient(1, x, nil)
	if err != nil {
		return fmt.Errorf("order 1: %w", err)
	}
	for i := range x {
		scale := largest(grads[i])
		for _, j := range c.elements(len(x[i])) {
			want, err := c.difference(value, x, i, j)
			if err != nil {
				return err
			}
			if err := c.compare(1, i, j, grads[i][j], want[0], scale); err != nil {
				return err
			}
		}
	}
	return nil
}

// difference is (L₀(x + h·e) - L₀(x - h·e)) / 2h for the unit vector e of element j of input i.
func (c *check) difference(value *Exec, x [][]float64, i, j int) ([]float64, error) {
	at := x[i][j]
	defer func() { x[i][j] = at }()
	x[i][j] = at + c.Step
	hi, err := c.run(value, x)
	if err != nil {
		return nil, err
	}
	x[i][j] = at - c.Step
	lo, err := c.run(value, x)
	if err != nil {
		return nil, err
	}
	return quotient(hi[0], lo[0], c.Step), nil
}

// higher compares ∇L_{order-1} with the difference of ∇L_{order-2} along the last direction.
func (c *check) higher(order int, x [][]float64, directions [][][]float64) error {
	got, err := c.gradient(order, x, directions)
	if err != nil {
		return fmt.Errorf("order %d: %w", order, err)
	}
	before, u := directions[:len(directions)-1], directions[len(directions)-1]
	hi, err := c.gradient(order-1, moved(x, u, c.Step), before)
	if err != nil {
		return err
	}
	lo, err := c.gradient(order-1, moved(x, u, -c.Step), before)
	if err != nil {
		return err
	}
	for i := range x {
		want := quotient(hi[i], lo[i], c.Step)
		scale := largest(want)
		for j := range want {
			if err := c.compare(order, i, j, got[i][j], want[j], scale); err != nil {
				return err
			}
		}
	}
	return nil
}

// gradient runs ∇L_{order-1} at x.
func (c *check) gradient(order int, x [][]float64, directions [][][]float64) ([][]float64, error) {
	e, err := NewExec(c.Backend, func(in []*Node) []*Node {
		n := len(c.dims)
		l := scalar(c.f(in[:n]))
		grads := Gradient(l, in[:n]...)
		for k := 1; k < order; k++ {
			u := in[n*k : n*(k+1)]
			l = nil
			for i, g := range grads {
				term := ReduceAllSum(Mul(g, u[i]))
				if l == nil {
					l = term
				} else {
					l = Add(l, term)
				}
			}
			grads = Gradient(l, in[:n]...)
		}
		return grads
	})
	if err != nil {
		return nil, err
	}
	defer e.Finalize()
	args := x
	for _, u := range directions[:order-1] {
		args = append(args[:len(args):len(args)], u...)
	}
	return c.run(e, args)
}

func (c *check) run(e *Exec, args [][]float64) ([][]float64, error) {
	in := make([]any, len(args))
	for i, a := range args {
		in[i] = tensors.FromFlatDataAndDimensions(append([]float64(nil), a...), c.dims[i%len(c.dims)]...)
	}
	out, err := e.Call(in...)
	if err != nil {
		return nil, err
	}
	flat := make([][]float64, len(out))
	for i, o := range out {
		flat[i] = Flat(o)
	}
	return flat, nil
}

func (c *check) compare(order, input, element int, got, want, scale float64) error {
	if diff := math.Abs(got - want); !(diff <= c.Tol*math.Max(1, scale)) {
		return fmt.Errorf("order %d: gradient of input %d, element %d of %v = %v, central difference %v",
			order, input, element, c.dims[input], got, want)
	}
	return nil
}

// elements are up to c.Elements different indices below n.
func (c *check) elements(n int) []int {
	return c.rng.Perm(n)[:min(n, c.Elements)]
}

func (c *check) direction(x [][]float64) [][]float64 {
	u := make([][]float64, len(x))
	for i := range x {
		u[i] = make([]float64, len(x[i]))
		for j := range u[i] {
			u[i][j] = c.rng.NormFloat64()
		}
	}
	return u
}

// scalar is L₀ of a function's value.
func scalar(y *Node) *Node {
	if y.IsScalar() {
		return Add(y, MulScalar(Square(y), 0.5))
	}
	w := AddScalar(Sin(MulScalar(IotaFull(y.Graph(), y.Shape()), 0.37)), 0.2)
	return ReduceAllSum(Mul(w, Add(y, MulScalar(Square(y), 0.5))))
}

func moved(x, u [][]float64, h float64) [][]float64 {
	m := make([][]float64, len(x))
	for i := range x {
		m[i] = make([]float64, len(x[i]))
		for j := range m[i] {
			m[i][j] = x[i][j] + h*u[i][j]
		}
	}
	return m
}

func quotient(hi, lo []float64, h float64) []float64 {
	q := make([]float64, len(hi))
	for i := range q {
		q[i] = (hi[i] - lo[i]) / (2 * h)
	}
	return q
}

func largest(x []float64) float64 {
	m := 0.0
	for _, v := range x {
		m = math.Max(m, math.Abs(v))
	}
	return m
}

// Normal is a float64 tensor of independent standard normal numbers that depend on the seed only.
func Normal(seed uint64, dims ...int) *tensors.Tensor {
	rng, n := rand.New(rand.NewPCG(seed, 1)), 1
	for _, d := range dims {
		n *= d
	}
	data := make([]float64, n)
	for i := range data {
		data[i] = rng.NormFloat64()
	}
	return tensors.FromFlatDataAndDimensions(data, dims...)
}

// Flat copies a float64 tensor's elements.
func Flat(t *tensors.Tensor) []float64 {
	var flat []float64
	tensors.MustConstFlatData(t, func(data []float64) { flat = append(flat, data...) })
	return flat
}
