package pass

import (
	"math"
	"slices"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/kernel/fused"
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// emitAll replaces the function's nodes: each group by an OpFused node, the rest in between.
func (u *fuser) emitAll(groups []*fuseGroup, order []unit) {
	e := &editor{f: u.f, with: map[ir.Value]ir.Value{}}
	for _, x := range order {
		if x >= 0 {
			u.emit(e, groups[x])
			continue
		}
		n := u.nodes[^x].Node
		for i, in := range n.Inputs {
			n.Inputs[i] = e.value(in)
		}
		if isView(n) && u.virtual(n.Inputs[0]) {
			continue // only fused nodes read it, and they look through it
		}
		e.nodes = append(e.nodes, n)
	}
	for i, out := range u.f.Outputs {
		u.f.Outputs[i] = e.value(out)
	}
	u.f.Nodes = e.nodes
	u.f.Renumber()
}

// virtual reports whether v has no memory: it is an elementwise value that stayed in registers, or a view of one.
func (u *fuser) virtual(v ir.Value) bool {
	id := v.Node.ID
	if id < 0 || v.Node.Op == ir.OpFused {
		return false
	}
	n := &u.nodes[id]
	return n.Node == v.Node && (n.kind != otherKind || isView(n.Node) && u.virtual(n.Inputs[0]))
}

// programWriter turns the nodes of a group into instructions.
type programWriter struct {
	u       *fuser
	group   *fuseGroup
	p       *fused.Program
	inputs  []ir.Value
	inputAt map[leafKey]int
	regs    map[int]int // by node ID
	consts  map[uint64]int
	uses    map[int]int // reads of a node's register, by node ID
}

// emit adds the OpFused node of a group and records what replaces its values.
func (u *fuser) emit(e *editor, g *fuseGroup) {
	first := &u.nodes[g.nodes[0]]
	w := &programWriter{u: u, group: g, p: &fused.Program{DType: first.dtype, Dims: first.dims}, inputAt: map[leafKey]int{},
		regs: map[int]int{}, consts: map[uint64]int{}, uses: map[int]int{}}
	inside := map[int]bool{}
	for _, id := range g.nodes {
		inside[id] = true
	}
	for _, id := range g.nodes { // inputs come first: their registers are the first ones
		for _, o := range u.operands(g, id) {
			w.addInput(e, o, inside)
		}
	}
	w.p.Regs = len(w.p.Inputs)
	outputs := union(g.roots, g.stored)
	for _, id := range outputs {
		w.uses[id]++ // a stored value needs its register
	}
	for _, id := range g.nodes {
		w.compute(&u.nodes[id])
	}
	w.dropUnused(outputs)
	outShapes := make([]shapes.Shape, 0, len(outputs))
	for _, id := range outputs {
		w.p.Outputs = append(w.p.Outputs, w.output(&u.nodes[id]))
		outShapes = append(outShapes, u.nodes[id].Shapes[0])
	}
	n := e.addNode(ir.OpFused, w.p, w.inputs, outShapes...)
	for i, id := range outputs {
		e.with[u.nodes[id].Value(0)] = n.Value(i)
	}
}

func (w *programWriter) addInput(e *editor, o operand, inside map[int]bool) {
	if o.constant {
		return
	}
	if o.register && inside[o.value.Node.ID] {
		w.uses[o.value.Node.ID]++
		return
	}
	k := o.key()
	if _, ok := w.inputAt[k]; ok {
		return
	}
	w.inputAt[k] = len(w.inputs)
	w.inputs = append(w.inputs, e.value(o.value))
	w.p.Inputs = append(w.p.Inputs, fused.Input{DType: o.value.Shape().DType, Strides: stridesAlong(o.value.Shape().Dimensions, o.axes)})
}

// stridesAlong are a dense array's strides along the given axes, 0 for -1.
func stridesAlong(dims, axes []int) []int {
	dense := rowMajor(dims)
	strides := make([]int, len(axes))
	for i, a := range axes {
		if a >= 0 {
			strides[i] = dense[a]
		}
	}
	return strides
}

// register holding an operand.
func (w *programWriter) register(o operand) int {
	switch {
	case o.constant && o.value.Shape().DType == dtypes.Bool:
		return w.emit(fused.Instr{Op: fused.ToMask, A: w.constant(o.number)})
	case o.constant:
		return w.constant(o.number)
	}
	if at, ok := w.inputAt[o.key()]; ok {
		return at
	}
	return w.regs[o.value.Node.ID]
}

func (w *programWriter) constant(x float64) int {
	if r, ok := w.consts[math.Float64bits(x)]; ok {
		return r
	}
	r := w.emit(fused.Instr{Op: fused.Const, Imm: x})
	w.consts[math.Float64bits(x)] = r
	return r
}

// emit appends an instruction and returns its register.
func (w *programWriter) emit(i fused.Instr) int {
	i.Dst = w.p.Regs
	w.p.Regs++
	w.p.Code = append(w.p.Code, i)
	return i.Dst
}

// compute emits a node's instructions.
func (w *programWriter) compute(n *fuseNode) {
	operands := w.u.operands(w.group, n.ID)
	r := make([]int, len(operands))
	for i, o := range operands {
		r[i] = w.register(o)
	}
	w.regs[n.ID] = w.instruction(n, r)
}

func (w *programWriter) instruction(n *fuseNode, r []int) int {
	code := elementwise[n.Op]
	switch {
	case n.kind == reduceKind:
		return r[0] // the output reduces it
	case n.Op == op(compute.OpTypeClamp):
		low := w.emit(fused.Instr{Op: fused.Max, A: r[1], B: r[0]})
		return w.emit(fused.Instr{Op: fused.Min, A: low, B: r[2]})
	case n.Op == op(compute.OpTypeConvertDType) && n.Shapes[0].DType == dtypes.Bool:
		return w.emit(fused.Instr{Op: fused.ToMask, A: r[0]})
	case n.Op == op(compute.OpTypeConvertDType):
		return w.emit(fused.Instr{Op: fused.ToNum, A: r[0]})
	case code == fused.Select && n.Shapes[0].DType == dtypes.Bool:
		a := w.emit(fused.Instr{Op: fused.MaskAnd, A: r[0], B: r[1]})
		not := w.emit(fused.Instr{Op: fused.MaskNot, A: r[0]})
		b := w.emit(fused.Instr{Op: fused.MaskAnd, A: not, B: r[2]})
		return w.emit(fused.Instr{Op: fused.MaskOr, A: a, B: b})
	case code == fused.Add && w.u.fma:
		if dst, ok := w.contract(n, r); ok {
			return dst
		}
	}
	i := fused.Instr{Op: code, A: r[0]}
	if len(r) > 1 {
		i.B = r[1]
	}
	if len(r) > 2 {
		i.C = r[2]
	}
	return w.emit(i)
}

// contract computes a sum one of whose terms is a product that nothing else reads as one FMA. The product's own
// instruction is left without readers and dropped at the end.
func (w *programWriter) contract(n *fuseNode, r []int) (int, bool) {
	for i, o := range w.u.operands(w.group, n.ID) {
		if !o.register || o.constant || w.uses[o.value.Node.ID] != 1 || elementwise[o.value.Node.Op] != fused.Mul {
			continue
		}
		if _, isInput := w.inputAt[o.key()]; isInput {
			continue
		}
		at := slices.IndexFunc(w.p.Code, func(c fused.Instr) bool { return c.Dst == r[i] })
		mul := w.p.Code[at]
		return w.emit(fused.Instr{Op: fused.FMA, A: mul.A, B: mul.B, C: r[1-i]}), true
	}
	return 0, false
}

// dropUnused removes instructions that no output needs and closes the gaps in the numbering of the registers.
func (w *programWriter) dropUnused(outputs []int) {
	read := make([]bool, w.p.Regs)
	for _, id := range outputs {
		read[w.regs[id]] = true
	}
	code := w.p.Code
	for i := len(code) - 1; i >= 0; i-- {
		if c := code[i]; read[c.Dst] {
			for _, r := range operandRegisters(c) {
				read[r] = true
			}
		}
	}
	renamed := make([]int, w.p.Regs)
	for i := range w.p.Inputs {
		renamed[i] = i
	}
	next := len(w.p.Inputs)
	kept := code[:0]
	for _, c := range code {
		if !read[c.Dst] {
			continue
		}
		renamed[c.Dst] = next
		c.A, c.B, c.C, c.Dst = renamed[c.A], renamed[c.B], renamed[c.C], next
		next++
		kept = append(kept, c)
	}
	w.p.Code, w.p.Regs = kept, next
	for id, r := range w.regs {
		w.regs[id] = renamed[r]
	}
}

// operandRegisters are the registers that an instruction reads.
func operandRegisters(c fused.Instr) []int {
	switch {
	case c.Op == fused.Const:
		return nil
	case c.Op == fused.FMA || c.Op == fused.Select:
		return []int{c.A, c.B, c.C}
	case c.Op < fused.Add || c.Op == fused.IsNaN || c.Op == fused.IsFinite || c.Op == fused.MaskNot || c.Op >= fused.ToMask:
		return []int{c.A}
	}
	return []int{c.A, c.B}
}

// output describes how the program writes a node's value.
func (w *programWriter) output(n *fuseNode) fused.Output {
	s := n.Shapes[0]
	out := fused.Output{Reg: w.regs[n.ID], Kind: fused.Store, DType: s.DType, Strides: rowMajor(n.dims)}
	if n.kind != reduceKind {
		return out
	}
	switch n.Op {
	case op(compute.OpTypeReduceSum):
		out.Kind = fused.ReduceSum
	case op(compute.OpTypeReduceMax):
		out.Kind = fused.ReduceMax
	default:
		out.Kind = fused.ReduceMin
	}
	dense := rowMajor(s.Dimensions)
	reduced := n.Attr.(ir.ReduceAttr).Axes
	out.Strides = out.Strides[:0]
	kept := 0
	for a, d := range n.Inputs[0].Shape().Dimensions {
		stride := 0
		if !slices.Contains(reduced, a) {
			stride = dense[kept]
			kept++
		}
		if d != 1 {
			out.Strides = append(out.Strides, stride)
		}
	}
	return out
}
