package pass

import (
	"slices"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
)

// Fusion turns elementwise operations and the reductions that read them into OpFused nodes, each of which reads its
// inputs and writes its outputs once.
//
// Every node of the graph becomes one of three things:
//   - a root: its value is needed in memory, because something that is not fused reads it, because it is read through a
//     broadcast, or because it is a reduction;
//   - virtual: an elementwise operation whose value only exists in registers, computed anew in every program that
//     needs it;
//   - other: not fused (broadcasts and reshapes that only add axes of length 1 are looked through by fused readers).
//
// Roots over one iteration space that share inputs are grouped into one program as long as no value would have to be
// finished before the program that computes it (group.go). A virtual value that several groups compute is stored
// once and read back where that moves fewer bytes (share.go). Programs are then written out (emit.go).
type fuser struct {
	f     *ir.Func
	fma   bool
	nodes []fuseNode // by node ID
}

// Limits on the operations and distinct inputs of one program, and of the expression of one value.
const (
	maxProgramOps    = 64
	maxClosureOps    = 40
	maxProgramInputs = 48
	maxClosureInputs = 24
)

type fuseKind uint8

const (
	otherKind fuseKind = iota
	elementKind
	reduceKind
)

// fuseNode is what fusion knows about a node.
type fuseNode struct {
	*ir.Node
	kind     fuseKind
	dtype    dtypes.DType // of the program's registers
	dims     []int        // iteration space: the node's, or the reduction's operand's, without axes of length 1
	operands []operand
	root     bool
	closure  []int // IDs of the virtual nodes that compute it, itself included, ascending
	group    int   // of a root; -1 for none
}

// operand is an input of a fused node, followed through broadcasts.
type operand struct {
	value ir.Value
	// axes gives, for each axis of the iteration space, the axis of value that it walks along, or -1 if value is
	// repeated along it.
	axes []int
	// register: value is computed by an elementwise node over the same space and may stay in a register.
	register bool
	constant bool
	number   float64
}

// fuse groups elementwise operations and reductions into OpFused nodes. With fma, products that are added to
// something are contracted, so that a·b + c is rounded once instead of twice where the processor can.
func fuse(f *ir.Func, fma bool) {
	u := &fuser{f: f, fma: fma, nodes: make([]fuseNode, len(f.Nodes))}
	for i, n := range f.Nodes {
		u.nodes[i] = fuseNode{Node: n, group: -1}
		u.classify(&u.nodes[i])
	}
	u.findRoots()
	u.findClosures()
	groups := u.groupRoots()
	if len(groups) == 0 {
		return
	}
	order := u.orderUnits(groups)
	u.readActivations(groups, order)
	u.share(groups, order)
	u.emitAll(groups, order)
}

// classify decides whether n can be fused and finds its operands.
func (u *fuser) classify(n *fuseNode) {
	if len(n.Shapes) != 1 || n.Shapes[0].Size() == 0 {
		return
	}
	frame := n.Shapes[0].Dimensions
	switch dtype, reduces, ok := u.programType(n.Node); {
	case !ok:
		return
	case reduces:
		n.kind, n.dtype = reduceKind, dtype
		frame = n.Inputs[0].Shape().Dimensions
	default:
		n.kind, n.dtype = elementKind, dtype
	}
	n.dims = squeezed(frame)
	n.operands = make([]operand, len(n.Inputs))
	for i, v := range n.Inputs {
		n.operands[i] = u.follow(n, frame, v)
	}
}

// programType is the register type that a node computes in, and whether it is a reduction.
func (u *fuser) programType(n *ir.Node) (dtype dtypes.DType, reduces, ok bool) {
	out := n.Shapes[0].DType
	switch n.Op {
	case op(compute.OpTypeReduceSum), op(compute.OpTypeReduceMax), op(compute.OpTypeReduceMin):
		long := false
		for _, a := range n.Attr.(ir.ReduceAttr).Axes {
			long = long || n.Inputs[0].Shape().Dimensions[a] > 1
		}
		return out, true, isFloat(out) && long && n.Inputs[0].Shape().Size() > 0
	case op(compute.OpTypeConvertDType):
		in := n.Inputs[0].Shape().DType
		if in == dtypes.Bool && isFloat(out) {
			return out, false, true
		}
		return in, false, isFloat(in) && out == dtypes.Bool
	case op(compute.OpTypeClamp):
		return out, false, isFloat(out)
	case op(compute.OpTypeWhere), op(compute.OpTypeLogicalAnd), op(compute.OpTypeLogicalOr),
		op(compute.OpTypeLogicalXor), op(compute.OpTypeLogicalNot):
		if out == dtypes.Bool {
			return u.maskType(n), false, true
		}
		return out, false, isFloat(out)
	}
	if code, known := elementwise[n.Op]; !known || code == 0 {
		return 0, false, false
	}
	in := n.Inputs[0].Shape().DType
	return in, false, isFloat(in)
}

// maskType is the register type of a node that only handles masks: that of the first operand computed by a fused
// node, or float32.
func (u *fuser) maskType(n *ir.Node) dtypes.DType {
	for _, in := range n.Inputs {
		if p := &u.nodes[in.Node.ID]; p.kind == elementKind {
			return p.dtype
		}
	}
	return dtypes.Float32
}

// follow resolves operand v of n, whose iteration space before squeezing is frame.
func (u *fuser) follow(n *fuseNode, frame []int, v ir.Value) operand {
	o := operand{value: v}
	for _, a := range longAxes(frame) {
		if v.Shape().Rank() != len(frame) || v.Shape().Dimensions[a] == 1 {
			a = -1
		}
		o.axes = append(o.axes, a)
	}
	if x, ok := constantScalar(v); ok && (v.Shape().DType == n.dtype || v.Shape().DType == dtypes.Bool) {
		o.constant, o.number = true, x
		return o
	}
	for {
		p := &u.nodes[o.value.Node.ID]
		if p.kind == elementKind && p.dtype == n.dtype && slices.Equal(o.axes, longAxes(o.value.Shape().Dimensions)) && slices.Equal(p.dims, n.dims) {
			o.register = true
			return o
		}
		axes, ok := throughView(p.Node, o.axes)
		if !ok {
			return o
		}
		o.value, o.axes = p.Inputs[0], axes
	}
}

// throughView maps axes of a broadcast's or reshape's output to those of its input; false if n is neither, or if it is
// a reshape that does more than add or drop axes of length 1.
func throughView(n *ir.Node, axes []int) ([]int, bool) {
	mapped := make([]int, len(axes))
	switch n.Op {
	case op(compute.OpTypeBroadcastInDim):
		x, to := n.Inputs[0].Shape().Dimensions, n.Attr.(ir.BroadcastAttr).Axes
		for i, a := range axes {
			mapped[i] = -1
			if j := slices.Index(to, a); a >= 0 && j >= 0 && x[j] != 1 {
				mapped[i] = j
			}
		}
	case op(compute.OpTypeReshape):
		in, out := n.Inputs[0].Shape().Dimensions, n.Shapes[0].Dimensions
		if !slices.Equal(squeezed(in), squeezed(out)) {
			return nil, false
		}
		inLong, outLong := longAxes(in), longAxes(out)
		for i, a := range axes {
			mapped[i] = -1
			if a >= 0 {
				mapped[i] = inLong[slices.Index(outLong, a)]
			}
		}
	default:
		return nil, false
	}
	return mapped, true
}

// findRoots marks the fused nodes whose values must be in memory. What feeds a broadcast or reshape counts only if
// something reads that as a whole, so readers are visited before what they read.
func (u *fuser) findRoots() {
	read := make([]bool, len(u.nodes))
	for _, out := range u.f.Outputs {
		read[out.Node.ID] = true
	}
	for i := len(u.nodes) - 1; i >= 0; i-- {
		n := &u.nodes[i]
		switch {
		case n.kind != otherKind:
			n.root = n.kind == reduceKind || read[i]
			for _, o := range n.operands {
				if !o.constant && !o.register {
					read[o.value.Node.ID] = true
				}
			}
		case read[i] || !isView(n.Node):
			for _, in := range n.Inputs {
				read[in.Node.ID] = true
			}
		}
	}
}

func isView(n *ir.Node) bool {
	return n.Op == op(compute.OpTypeBroadcastInDim) || n.Op == op(compute.OpTypeReshape)
}

// findClosures lists for every fused node the virtual nodes that compute it. Where an expression grows past the
// limits, the operands that make it long become roots.
func (u *fuser) findClosures() {
	for i := range u.nodes {
		n := &u.nodes[i]
		if n.kind == otherKind {
			continue
		}
		n.closure = u.closureOf(n)
		for limit := maxClosureOps / 2; limit >= 1 && u.tooLong(n); limit /= 2 {
			for _, o := range n.operands {
				if p := u.producer(o); o.register && !p.root && len(p.closure) >= limit {
					p.root = true
				}
			}
			n.closure = u.closureOf(n)
		}
	}
}

func (u *fuser) tooLong(n *fuseNode) bool {
	return len(n.closure) > maxClosureOps || len(u.leaves(&fuseGroup{nodes: n.closure})) > maxClosureInputs
}

func (u *fuser) closureOf(n *fuseNode) []int {
	ids := []int{n.ID}
	for _, o := range n.operands {
		if p := u.producer(o); o.register && !p.root {
			ids = append(ids, p.closure...)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func (u *fuser) producer(o operand) *fuseNode { return &u.nodes[o.value.Node.ID] }

// leafKey tells the inputs of a program apart.
type leafKey struct {
	value ir.Value
	axes  string
}

// leaf is an input of a program.
type leaf struct {
	operand
	// weight is the memory it reads, in bytes. It and all that is computed from it is a multiple of 1/2, so that sums do
	// not depend on the order in which a map is walked.
	weight float64
}

func (o operand) key() leafKey {
	axes := make([]byte, len(o.axes))
	for i, a := range o.axes {
		axes[i] = byte(a)
	}
	return leafKey{o.value, string(axes)}
}

// leaves are the inputs of a group's program: what its nodes read that is not among them.
func (u *fuser) leaves(g *fuseGroup) map[leafKey]leaf {
	inside := make(map[int]bool, len(g.nodes))
	for _, id := range g.nodes {
		inside[id] = true
	}
	leaves := map[leafKey]leaf{}
	for _, id := range g.nodes {
		n := &u.nodes[id]
		for _, o := range u.operands(g, id) {
			if o.constant || o.register && inside[o.value.Node.ID] {
				continue
			}
			leaves[o.key()] = leaf{o, u.weight(n, o)}
		}
	}
	return leaves
}

// weight of reading operand o of n: never more than one element for each point.
func (u *fuser) weight(n *fuseNode, o operand) float64 {
	s := o.value.Shape()
	return float64(min(s.Size(), product(n.dims...)) * int(s.DType.Size()))
}
