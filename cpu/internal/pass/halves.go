package pass

import (
	"slices"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/kernel/fused"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// Halves says what nodes can do with bfloat16 in memory.
type Halves struct {
	// Reads reports whether a node rounds input i to bfloat16 whatever it reads it for, and takes it rounded as well.
	Reads func(n *ir.Node, i int) bool
	// Aside reports whether a convolution with an epilogue can leave its own output unwritten.
	Aside func(n *ir.Node) bool
}

// minHalves is the elements below which a tensor is not worth it.
const minHalves = 1 << 12

// storeHalves stores tensors as bfloat16 that programs and epilogues make and that only convolutions and products read,
// which round them anyhow, or comparisons with zero, as in the gradient of a relu, which rounding does not change above
// 4.6e-41: half the memory, and half the way to it, for the same results. Subnormal numbers may become zero, or the least
// that is not subnormal.
func storeHalves(f *ir.Func, can Halves) bool {
	reads := readsOf(f)
	changed := false
	for _, n := range f.Nodes {
		for k := range n.Shapes {
			v := n.Value(k)
			if !stores(n, k, can) || slices.Contains(f.Outputs, v) || !halvesSuffice(reads[v], can) {
				continue
			}
			n.Shapes[k] = shapes.Make(dtypes.BFloat16, n.Shapes[k].Dimensions...)
			setProgram(n, func(p *fused.Program) { p.Outputs[k].DType = dtypes.BFloat16 })
			for _, r := range reads[v] {
				if at, ok := programInput(r); ok {
					setProgram(r.node, func(p *fused.Program) { p.Inputs[at].DType = dtypes.BFloat16 })
				}
			}
			changed = true
		}
	}
	return changed
}

// read is input number input of a node.
type read struct {
	node  *ir.Node
	input int
}

// readsOf lists, for each value, the inputs that are it.
func readsOf(f *ir.Func) map[ir.Value][]read {
	reads := map[ir.Value][]read{}
	for _, n := range f.Nodes {
		for i, v := range n.Inputs {
			reads[v] = append(reads[v], read{n, i})
		}
	}
	return reads
}

// stores reports whether output k of a node is stored by a program in the order of its points, and could be so as bfloat16.
func stores(n *ir.Node, k int, can Halves) bool {
	p := programOf(n)
	if p == nil || n.Shapes[k].DType != dtypes.Float32 || n.Shapes[k].Size() < minHalves {
		return false
	}
	out := p.Outputs[k]
	if out.Kind != fused.Store || !inOrder(p.Dims, out.Strides) {
		return false
	}
	if n.Op != ir.OpConv || can.Aside(n) {
		return true
	}
	// The convolution is written to the output that keeps it as it is.
	return out.Reg != 0 && slices.ContainsFunc(p.Outputs, func(o fused.Output) bool { return o.Reg == 0 && o.DType == dtypes.Float32 })
}

// inOrder reports whether strides are those of a dense array; along an axis of length 1 they do not matter.
func inOrder(dims, strides []int) bool {
	want := rowMajor(dims)
	for _, a := range longAxes(dims) {
		if strides[a] != want[a] {
			return false
		}
	}
	return true
}

// halvesSuffice reports whether every reader of a value rounds it or asks for its sign, and at least one rounds it.
func halvesSuffice(reads []read, can Halves) bool {
	rounded := false
	for _, r := range reads {
		if at, ok := programInput(r); ok {
			if !onlyTestsSign(programOf(r.node), at) {
				return false
			}
			continue
		}
		if !can.Reads(r.node, r.input) {
			return false
		}
		rounded = true
	}
	return rounded
}

// programOf is the program of a fused node or of a convolution's epilogue; nil if the node has none.
func programOf(n *ir.Node) *fused.Program {
	switch a := n.Attr.(type) {
	case *fused.Program:
		return a
	case ir.ConvolutionAttr:
		return a.Epilogue
	}
	return nil
}

// setProgram changes a copy of a node's program.
func setProgram(n *ir.Node, change func(p *fused.Program)) {
	p := *programOf(n)
	p.Inputs, p.Outputs = slices.Clone(p.Inputs), slices.Clone(p.Outputs)
	change(&p)
	if a, ok := n.Attr.(ir.ConvolutionAttr); ok {
		a.Epilogue = &p
		n.Attr = a
		return
	}
	n.Attr = &p
}

// programInput is which input of a program a node's input is.
func programInput(r read) (at int, ok bool) {
	const operands = 2 // of a convolution; the first input of its epilogue is its own output
	switch r.node.Attr.(type) {
	case *fused.Program:
		return r.input, true
	case ir.ConvolutionAttr:
		return r.input - operands + 1, r.input >= operands
	}
	return 0, false
}

// onlyTestsSign reports whether a program does nothing with an input but to compare it with zero for being above it.
func onlyTestsSign(p *fused.Program, input int) bool {
	zero := map[int]bool{}
	for _, c := range p.Code {
		switch {
		case c.Op == fused.Const:
			zero[c.Dst] = c.Imm == 0
		case !c.Reads(input):
		case c.Op == fused.Greater && c.A == input && zero[c.B], c.Op == fused.Less && zero[c.A] && c.B == input:
		default:
			return false
		}
	}
	return !slices.ContainsFunc(p.Outputs, func(o fused.Output) bool { return o.Reg == input })
}
