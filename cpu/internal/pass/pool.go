package pass

import (
	"slices"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/kernel/pool"
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
)

// recognisePools replaces float32 windows over at most two adjacent axes by OpPool: ReduceWindow with Max or Sum,
// SelectAndScatterMax, and the two ways in which the gradient of a sum is written: a sum over windows of the gradient
// spread out by a Pad, and, where windows tile the image, the gradient repeated, which is also how images are enlarged
// to their nearest neighbours.
func recognisePools(f *ir.Func) bool {
	return rewrite(f, func(e *editor, n *ir.Node) ([]ir.Value, bool) {
		if len(n.Shapes) != 1 || n.Shapes[0].DType != dtypes.Float32 || n.Shapes[0].Size() == 0 {
			return nil, false
		}
		a, in, ok := poolOf(n)
		if !ok {
			return nil, false
		}
		return []ir.Value{e.addNode(ir.OpPool, a, in, n.Shapes[0]).Value(0)}, true
	})
}

func poolOf(n *ir.Node) (ir.PoolAttr, []ir.Value, bool) {
	switch n.Op {
	case op(compute.OpTypeReduceWindow):
		a := n.Attr.(ir.WindowAttr)
		if a.Reduction == compute.ReduceOpSum {
			if p, dy, ok := spreadSum(n, a); ok {
				return p, []ir.Value{dy}, true
			}
		}
		kind := ir.MaxPool
		switch a.Reduction {
		case compute.ReduceOpSum:
			kind = ir.SumPool
		case compute.ReduceOpMax:
		default:
			return ir.PoolAttr{}, nil, false
		}
		spec, ok := poolSpec(n.Inputs[0].Shape().Dimensions, n.Shapes[0].Dimensions, a)
		return ir.PoolAttr{Kind: kind, Spec: spec}, n.Inputs, ok
	case op(compute.OpTypeSelectAndScatterMax):
		spec, ok := poolSpec(n.Inputs[0].Shape().Dimensions, n.Inputs[1].Shape().Dimensions, n.Attr.(ir.WindowAttr))
		return ir.PoolAttr{Kind: ir.MaxPoolGradient, Spec: spec}, n.Inputs, ok
	case op(compute.OpTypeReshape):
		spec, dy, ok := repeatedPixels(n)
		return ir.PoolAttr{Kind: ir.SumPoolGradient, Spec: spec}, []ir.Value{dy}, ok
	}
	return ir.PoolAttr{}, nil, false
}

// imageAxes finds the axes that a window covers, as [N H W C]: batch is all before them, channels all behind.
type imageAxes struct{ h, w int } // -1 where there is no such axis

// newImageAxes fails if the window covers axes that are not adjacent, or more than two.
func newImageAxes(covered []int) (imageAxes, bool) {
	switch len(covered) {
	case 1:
		return imageAxes{-1, covered[0]}, true
	case 2:
		return imageAxes{covered[0], covered[1]}, covered[1] == covered[0]+1
	}
	return imageAxes{}, false
}

// sizes of dims as an image.
func (a imageAxes) sizes(dims []int) (n, h, w, c int) {
	first := a.w
	h = 1
	if a.h >= 0 {
		first, h = a.h, dims[a.h]
	}
	return product(dims[:first]...), h, dims[a.w], product(dims[a.w+1:]...)
}

// poolSpec is the geometry of windows over x that give y.
func poolSpec(x, y []int, a ir.WindowAttr) (pool.Spec, bool) {
	var covered []int
	for i := range x {
		if dilated(a.InputDilations, i) || dilated(a.WindowDilations, i) {
			return pool.Spec{}, false
		}
		if a.Window[i] != 1 || a.Strides[i] != 1 || a.Paddings[i] != [2]int{} {
			covered = append(covered, i)
		}
	}
	axes, ok := newImageAxes(covered)
	if !ok {
		return pool.Spec{}, false
	}
	s := pool.Spec{KH: 1, KW: a.Window[axes.w], StrideH: 1, StrideW: a.Strides[axes.w], PadLeft: a.Paddings[axes.w][0]}
	s.N, s.H, s.W, s.C = axes.sizes(x)
	_, s.OH, s.OW, _ = axes.sizes(y)
	if axes.h >= 0 {
		s.KH, s.StrideH, s.PadTop = a.Window[axes.h], a.Strides[axes.h], a.Paddings[axes.h][0]
	}
	return s, true
}

func dilated(dilations []int, axis int) bool { return len(dilations) > 0 && dilations[axis] != 1 }

// spreadSum recognises dx[h] = Σ_j u[h+j-p], where u is dy with stride-1 zeros between its elements and lo before them:
// with h = oh·stride + i - pad this is the gradient of a sum over windows, for pad = window - 1 - lo - p.
func spreadSum(n *ir.Node, a ir.WindowAttr) (ir.PoolAttr, ir.Value, bool) {
	spread := n.Inputs[0].Node
	p, ok := spread.Attr.(ir.PadAttr)
	if !ok || !isNumber(spread.Inputs[1], 0) {
		return ir.PoolAttr{}, ir.Value{}, false
	}
	dy := spread.Inputs[0]
	w := ir.WindowAttr{Window: a.Window, InputDilations: a.InputDilations, WindowDilations: a.WindowDilations}
	for i, axis := range p.Axes {
		// Elements that a negative pad cuts off must not be within reach of a window.
		if a.Strides[i] != 1 || axis.Start < 0 && a.Paddings[i][0] > 0 || axis.End < 0 && a.Paddings[i][1] > 0 {
			return ir.PoolAttr{}, ir.Value{}, false
		}
		before := a.Window[i] - 1 - axis.Start - a.Paddings[i][0]
		w.Strides = append(w.Strides, axis.Interior+1)
		w.Paddings = append(w.Paddings, [2]int{before, 0})
		if a.Window[i] == 1 && w.Strides[i] == 1 && before == 0 && dy.Shape().Dimensions[i] != n.Shapes[0].Dimensions[i] {
			return ir.PoolAttr{}, ir.Value{}, false // padded at the end only, along an axis that no window covers
		}
	}
	spec, ok := poolSpec(n.Shapes[0].Dimensions, dy.Shape().Dimensions, w)
	return ir.PoolAttr{Kind: ir.SumPoolGradient, Spec: spec}, dy, ok
}

// minRepeatedChannels is how many channels it takes for a kernel that works on channels side by side.
const minRepeatedChannels = 4

// repeatedPixels recognises [.. H W ..] -> [.. H kh W kw ..] -> [.. H·kh W·kw ..]: every pixel repeated kh by kw times.
func repeatedPixels(n *ir.Node) (pool.Spec, ir.Value, bool) {
	b := n.Inputs[0].Node
	if b.Op != op(compute.OpTypeBroadcastInDim) {
		return pool.Spec{}, ir.Value{}, false
	}
	x, out := b.Inputs[0], n.Shapes[0].Dimensions
	axes := b.Attr.(ir.BroadcastAttr).Axes
	wide := b.Shapes[0].Dimensions
	// pixels are the dimensions before repeating, at the rank of the result; times is how often each is repeated.
	var pixels, times, covered []int
	for i := 0; i < len(wide); i++ {
		from := slices.Index(axes, i)
		if from < 0 || x.Shape().Dimensions[from] != wide[i] {
			if len(pixels) == 0 || len(covered) > 0 && covered[len(covered)-1] == len(pixels)-1 {
				return pool.Spec{}, ir.Value{}, false
			}
			times[len(times)-1] = wide[i]
			covered = append(covered, len(pixels)-1)
			continue
		}
		pixels, times = append(pixels, wide[i]), append(times, 1)
	}
	repeated := make([]int, len(pixels))
	for i := range pixels {
		repeated[i] = pixels[i] * times[i]
	}
	image, ok := newImageAxes(covered)
	if !ok || !slices.Equal(repeated, out) {
		return pool.Spec{}, ir.Value{}, false
	}
	s := pool.Spec{KH: 1, KW: times[image.w], StrideH: 1, StrideW: times[image.w]}
	if image.h >= 0 {
		s.KH, s.StrideH = times[image.h], times[image.h]
	}
	s.N, s.H, s.W, s.C = image.sizes(out)
	_, s.OH, s.OW, _ = image.sizes(pixels)
	return s, x, s.C >= minRepeatedChannels
}
