package pass

import (
	"cmp"
	"slices"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/kernel/conv"
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// ConvGeneral(lhs, rhs) relates three tensors, each with two feature axes and the spatial ones:
//
//	out[b, o, f] = Σ_{k,c} lhs[b, i, c]·rhs[c, k, f],  where  i·inputDilation = o·stride + k·kernelDilation - padding
//
// for every spatial axis. A conv.Spec relates x, k and y alike: x = y·Stride + k·Dilation - Pad, with N common to x
// and y, C to x and k, O to k and y. So a convolution is recognised by giving each of the three tensors the role of
// x, k or y such that x's position has factor 1 and the others' the right sign; reversing a tensor along its spatial
// axes changes its sign. The output's role tells the form: y Forward, x InputGradient, k KernelGradient. This finds
// the gradients of convolutions, and their gradients, however they are written; among several readings the one that
// moves least data is taken.

// The three tensors of a ConvGeneral, and the roles they can have.
const (
	lhs = iota
	rhs
	out
)

const (
	roleX = iota
	roleK
	roleY
)

// convTensor is one of the three tensors as ConvGeneral describes it.
type convTensor struct {
	dims     []int
	features [2]int // axes of: b and c for lhs, c and f for rhs, b and f for out
	spatial  []int
}

// feature axes by the tensor that does not have them: lhs and rhs share c, and so on.
func (t convTensor) featureSharedWith(self, other int) int {
	switch [2]int{self, other} {
	case [2]int{lhs, out}, [2]int{rhs, lhs}, [2]int{out, lhs}:
		return t.features[0]
	default:
		return t.features[1]
	}
}

// convolution is a ConvGeneral node taken apart.
type convolution struct {
	node    *ir.Node
	attr    ir.ConvAttr
	tensors [3]convTensor
}

// reading is one way to see a ConvGeneral as a conv.Spec.
type reading struct {
	tensor   [3]int  // by role
	reversed [3]bool // by tensor
	regroup  bool    // k's groups are on its other feature axis
	spec     conv.Spec
	cost     int // bytes moved to bring tensors into place
}

// recogniseConvolutions replaces one- and two-dimensional float32 ConvGeneral nodes by OpConv.
func recogniseConvolutions(f *ir.Func) bool {
	users := readers(f)
	return rewrite(f, func(e *editor, n *ir.Node) ([]ir.Value, bool) {
		if n.Op != op(compute.OpTypeConvGeneral) {
			return nil, false
		}
		c, ok := newConvolution(n)
		if !ok {
			return nil, false
		}
		best, ok := c.bestReading(users[n])
		if !ok {
			return nil, false
		}
		return []ir.Value{c.replace(e, best)}, true
	})
}

// readers lists for every node the nodes that read it; an output of the function counts as the reader nil.
func readers(f *ir.Func) map[*ir.Node][]*ir.Node {
	users := map[*ir.Node][]*ir.Node{}
	for _, n := range f.Nodes {
		for _, in := range n.Inputs {
			users[in.Node] = append(users[in.Node], n)
		}
	}
	for _, v := range f.Outputs {
		users[v.Node] = append(users[v.Node], nil)
	}
	return users
}

func newConvolution(n *ir.Node) (*convolution, bool) {
	a := n.Attr.(ir.ConvAttr)
	c := &convolution{node: n, attr: a, tensors: [3]convTensor{
		{n.Inputs[0].Shape().Dimensions, [2]int{a.Axes.InputBatch, a.Axes.InputChannels}, a.Axes.InputSpatial},
		{n.Inputs[1].Shape().Dimensions, [2]int{a.Axes.KernelInputChannels, a.Axes.KernelOutputChannels}, a.Axes.KernelSpatial},
		{n.Shapes[0].Dimensions, [2]int{a.Axes.OutputBatch, a.Axes.OutputChannels}, a.Axes.OutputSpatial},
	}}
	for _, s := range []shapes.Shape{n.Inputs[0].Shape(), n.Inputs[1].Shape(), n.Shapes[0]} {
		if s.DType != dtypes.Float32 || s.Size() == 0 {
			return nil, false
		}
	}
	rank := len(a.Axes.InputSpatial)
	return c, rank == 1 || rank == 2
}

// roleOrders in order of preference where the cost is the same.
var roleOrders = [][3]int{{lhs, rhs, out}, {out, rhs, lhs}, {lhs, out, rhs}, {rhs, out, lhs}, {out, lhs, rhs}, {rhs, lhs, out}}

func (c *convolution) bestReading(users []*ir.Node) (best reading, found bool) {
	for _, roles := range roleOrders {
		regroup, ok := c.groupsFit(roles)
		if !ok {
			continue
		}
		for reversals := range 8 {
			r := reading{tensor: roles, regroup: regroup,
				reversed: [3]bool{reversals&1 != 0, reversals&2 != 0, reversals&4 != 0}}
			if !c.geometry(&r) {
				continue
			}
			r.cost = c.cost(r, users)
			if !found || cmp.Or(cmp.Compare(r.cost, best.cost), cmp.Compare(r.spec.KH*r.spec.KW, best.spec.KH*best.spec.KW)) < 0 {
				best, found = r, true
			}
		}
	}
	return best, found
}

// groupsFit reports whether the groups of the node are those that a Spec describes when its tensors have the given
// roles. Groups split one feature (c for channel groups, b for batch groups), which is whole in lhs and divided in the
// other tensor that has it, and are carried by f. In a Spec, C is split, whole in x and divided in k, and O carries.
// If k is the tensor with the divided axis but O is the split feature, k is only written in the wrong order.
func (c *convolution) groupsFit(roles [3]int) (regroup, ok bool) {
	divided := 0
	switch {
	case c.attr.ChannelGroups > 1:
		divided = rhs
	case c.attr.BatchGroups > 1:
		divided = out
	default:
		return false, true
	}
	if roles[roleK] != divided {
		return false, false
	}
	return roles[roleX] != lhs, true
}

func (c *convolution) groups() int { return max(c.attr.ChannelGroups, c.attr.BatchGroups, 1) }

// geometry fills in the Spec of a reading; false if its positions do not fit.
func (c *convolution) geometry(r *reading) bool {
	x, k, y := c.tensors[r.tensor[roleX]], c.tensors[r.tensor[roleK]], c.tensors[r.tensor[roleY]]
	s := &r.spec
	switch out {
	case r.tensor[roleY]:
		s.Form = conv.Forward
	case r.tensor[roleX]:
		s.Form = conv.InputGradient
	default:
		s.Form = conv.KernelGradient
	}
	s.N = x.dims[x.featureSharedWith(r.tensor[roleX], r.tensor[roleY])]
	s.C = x.dims[x.featureSharedWith(r.tensor[roleX], r.tensor[roleK])]
	s.O = y.dims[y.featureSharedWith(r.tensor[roleY], r.tensor[roleK])]
	s.Groups = c.groups()
	s.H, s.KH, s.OH, s.StrideH, s.DilationH = 1, 1, 1, 1, 1
	for i := range x.spatial {
		stride, dilation, pad, ok := c.positions(r, i)
		if !ok {
			return false
		}
		h, kh, oh := x.dims[x.spatial[i]], k.dims[k.spatial[i]], y.dims[y.spatial[i]]
		if i == len(x.spatial)-1 {
			s.W, s.KW, s.OW, s.StrideW, s.DilationW, s.PadLeft = h, kh, oh, stride, dilation, pad
		} else {
			s.H, s.KH, s.OH, s.StrideH, s.DilationH, s.PadTop = h, kh, oh, stride, dilation, pad
		}
	}
	return true
}

// positions solves x = y·stride + k·dilation - pad for one spatial axis. A tensor of length 1 along the axis has
// position 0, whatever its factor.
func (c *convolution) positions(r *reading, axis int) (stride, dilation, pad int, ok bool) {
	// factor[lhs]·i + factor[rhs]·k + factor[out]·o + offset = 0
	factor := [3]int{c.attr.InputDilations[axis], -c.attr.KernelDilations[axis], -c.attr.Strides[axis]}
	offset := c.attr.Paddings[axis][0]
	single := [3]bool{}
	for t, tensor := range c.tensors {
		n := tensor.dims[tensor.spatial[axis]]
		single[t] = n == 1
		if r.reversed[t] { // position n-1-p instead of p
			offset += factor[t] * (n - 1)
			factor[t] = -factor[t]
		}
	}
	x, k, y := r.tensor[roleX], r.tensor[roleK], r.tensor[roleY]
	if single[x] {
		factor[x] = 1
		if !single[k] && factor[k] > 0 || single[k] && !single[y] && factor[y] > 0 {
			factor[x] = -1
		}
	}
	switch factor[x] {
	case 1:
		stride, dilation, pad = -factor[y], -factor[k], offset
	case -1:
		stride, dilation, pad = factor[y], factor[k], -offset
	default:
		return 0, 0, 0, false
	}
	if single[k] {
		dilation = 1
	}
	if single[y] {
		stride = 1
	}
	return stride, dilation, pad, stride > 0 && dilation > 0
}

// layout is the order of a tensor's axes that its role asks for: N spatial C for x, spatial C O for k, N spatial O
// for y.
func (c *convolution) layout(r reading, role int) []int {
	t := c.tensors[r.tensor[role]]
	shared := func(other int) int { return t.featureSharedWith(r.tensor[role], r.tensor[other]) }
	switch role {
	case roleX:
		return slices.Concat([]int{shared(roleY)}, t.spatial, []int{shared(roleK)})
	case roleK:
		return slices.Concat(t.spatial, []int{shared(roleX), shared(roleY)})
	}
	return slices.Concat([]int{shared(roleX)}, t.spatial, []int{shared(roleK)})
}

// cost is the number of bytes that a reading moves: transposes, and reversals that do not cancel.
func (c *convolution) cost(r reading, users []*ir.Node) int {
	total := 0
	for role, t := range r.tensor {
		tensor := c.tensors[t]
		bytes := 4 * product(tensor.dims...)
		if !movesOnlyOnes(tensor.dims, c.layout(r, role)) {
			total += bytes
		}
		if c.isReversed(t, users) != (r.reversed[t] && slices.ContainsFunc(tensor.spatial, func(a int) bool { return tensor.dims[a] > 1 })) {
			total += bytes
		}
	}
	return total
}

// isReversed reports whether the graph already reverses a tensor along its spatial axes: before the convolution, or
// after it by its only reader.
func (c *convolution) isReversed(t int, users []*ir.Node) bool {
	tensor := c.tensors[t]
	long := slices.DeleteFunc(slices.Clone(tensor.spatial), func(a int) bool { return tensor.dims[a] == 1 })
	if t != out {
		return reversedBefore(c.node.Inputs[t], long)
	}
	if len(users) != 1 || users[0] == nil || users[0].Op != op(compute.OpTypeReverse) {
		return false
	}
	slices.Sort(long)
	return slices.Equal(users[0].Attr.(ir.ReverseAttr).Axes, long)
}

// reversedBefore reports whether v is a Reverse of exactly these axes, possibly transposed or reshaped since.
func reversedBefore(v ir.Value, axes []int) bool {
	n := v.Node
	if len(axes) == 0 || len(n.Inputs) == 0 {
		return false
	}
	switch n.Op {
	case op(compute.OpTypeReverse):
		axes = slices.Clone(axes)
		slices.Sort(axes)
		return slices.Equal(axes, n.Attr.(ir.ReverseAttr).Axes)
	case op(compute.OpTypeTranspose):
		return reversedBefore(n.Inputs[0], permuted(n.Attr.(ir.TransposeAttr).Perm, axes))
	case op(compute.OpTypeReshape):
		before := make([]int, len(axes))
		for i, a := range axes {
			b, ok := axisThroughReshape(n.Shapes[0], n.Inputs[0].Shape(), a)
			if !ok {
				return false
			}
			before[i] = b
		}
		return reversedBefore(n.Inputs[0], before)
	}
	return false
}
