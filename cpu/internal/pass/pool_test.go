package pass

import (
	"math/rand/v2"
	"testing"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
)

// randomWindow covers the two axes from first on, of rank dimensions.
func randomWindow(r *rand.Rand, first, rank int) ir.WindowAttr {
	a := ir.WindowAttr{Paddings: make([][2]int, rank)}
	for i := range rank {
		a.Window, a.Strides = append(a.Window, 1), append(a.Strides, 1)
		a.InputDilations, a.WindowDilations = append(a.InputDilations, 1), append(a.WindowDilations, 1)
		if i == first || i == first+1 {
			a.Window[i], a.Strides[i] = 1+r.IntN(3), 1+r.IntN(3)
			a.Paddings[i] = [2]int{r.IntN(3), r.IntN(3)}
		}
	}
	return a
}

func TestRandomWindows(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	recognised := 0
	for range 600 {
		rank := 3 + r.IntN(2)
		first := r.IntN(rank - 1)
		dims := make([]int, rank)
		for i := range dims {
			dims[i] = 1 + r.IntN(5)
		}
		b := newBuilder(t)
		x := b.f32(dims...)
		a := randomWindow(r, first, rank)
		a.Reduction = compute.ReduceOpMax
		out, err := ir.Infer(op(compute.OpTypeReduceWindow), a, []shapes.Shape{x.Shape()})
		if err != nil || out[0].Size() == 0 {
			continue
		}
		results := []ir.Value{b.do(compute.OpTypeReduceWindow, a, x)}
		a.Reduction = compute.ReduceOpSum
		sum := b.do(compute.OpTypeReduceWindow, a, x)
		scatter := ir.WindowAttr{Window: a.Window, Strides: a.Strides, Paddings: a.Paddings}
		dy := b.f32(sum.Shape().Dimensions...)
		results = append(results, sum, b.do(compute.OpTypeSelectAndScatterMax, scatter, x, dy), sumGradient(b, a, dims, dy))
		f := b.returns(results...)
		g := optimise(t, f)
		checkSame(t, f, g, 1e-5)
		recognised += count(g, ir.OpPool)
	}
	if recognised < 1000 {
		t.Errorf("%d windows recognised", recognised)
	}
}

// sumGradient is the gradient of a sum over windows as package autodiff writes it: dy spread out by the strides, cut
// and extended, summed over the same windows.
func sumGradient(b *builder, a ir.WindowAttr, dims []int, dy ir.Value) ir.Value {
	spread, grow := make([]compute.PadAxis, len(dims)), make([]compute.PadAxis, len(dims))
	for i, d := range dims {
		spread[i].Interior = a.Strides[i] - 1
		out := (dy.Shape().Dimensions[i]-1)*a.Strides[i] + 1
		grow[i].Start = a.Window[i] - 1 - a.Paddings[i][0]
		grow[i].End = d + a.Window[i] - 1 - out - grow[i].Start
	}
	u := b.do(compute.OpTypePad, ir.PadAttr{Axes: grow}, b.do(compute.OpTypePad, ir.PadAttr{Axes: spread}, dy, b.num(0)), b.num(0))
	a.Strides, a.Paddings = make([]int, len(dims)), make([][2]int, len(dims))
	for i := range a.Strides {
		a.Strides[i] = 1
	}
	return b.do(compute.OpTypeReduceWindow, a, u)
}

func TestRepeatedPixels(t *testing.T) {
	for _, c := range []struct {
		name             string
		x, wide, result  []int
		axes             []int
		recognised       bool
		repeatH, repeatW int
	}{
		{"image", []int{2, 3, 4, 5}, []int{2, 3, 2, 4, 3, 5}, []int{2, 6, 12, 5}, []int{0, 1, 3, 5}, true, 2, 3},
		{"line", []int{2, 4, 5}, []int{2, 4, 3, 5}, []int{2, 12, 5}, []int{0, 1, 3}, true, 1, 3},
		{"axes of length 1 repeated", []int{2, 3, 1, 4, 1, 5}, []int{2, 3, 2, 4, 3, 5}, []int{2, 6, 12, 5}, []int{0, 1, 2, 3, 4, 5}, true, 2, 3},
		{"repeated before the pixel", []int{2, 3, 4, 5}, []int{2, 2, 3, 4, 5}, []int{4, 3, 4, 5}, []int{0, 2, 3, 4}, true, 1, 2},
		{"tiled, not repeated", []int{3, 4, 5}, []int{3, 2, 4, 5}, []int{3, 8, 5}, []int{0, 2, 3}, false, 0, 0},
		{"single channels", []int{3, 4}, []int{3, 4, 2}, []int{3, 8}, []int{0, 1}, false, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBuilder(t)
			f := b.returns(b.reshape(b.spread(b.f32(c.x...), c.wide, c.axes...), c.result...))
			g := optimise(t, f)
			checkSame(t, f, g, 0)
			a, ok := g.Outputs[0].Node.Attr.(ir.PoolAttr)
			if ok != c.recognised || ok && (a.Spec.KH != c.repeatH || a.Spec.KW != c.repeatW) {
				t.Errorf("%v", g)
			}
		})
	}
}
