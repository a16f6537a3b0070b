package pass

import (
	"slices"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/kernel/conv"
	"github.com/atelier-go/atelier/cpu/internal/kernel/fused"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// addEpilogues lets a convolution run the elementwise program that reads its output (bias, activation, residual) on
// each part of the output while that is in cache. The program must only store, over exactly the output's points, and
// need nothing that is computed from the convolution; if anything else reads the output too, it is stored besides.
func addEpilogues(f *ir.Func) bool {
	changed := false
	users := readers(f)
	taken := map[*ir.Node]bool{}
	for _, n := range f.Nodes {
		if n.Op != ir.OpConv || n.Attr.(ir.ConvolutionAttr).Epilogue != nil {
			continue
		}
		for _, reader := range users[n] {
			if reader != nil && !taken[reader] && canBeEpilogue(n, reader) {
				taken[reader] = true
				attach(f, n, reader, len(users[n]) > 1)
				changed = true
				break
			}
		}
	}
	if changed {
		sortNodes(f)
		removeDead(f)
	}
	return changed
}

// canBeEpilogue reports whether reader can run as n's epilogue.
func canBeEpilogue(n, reader *ir.Node) bool {
	p, ok := reader.Attr.(*fused.Program)
	if !ok || n.Attr.(ir.ConvolutionAttr).Spec.Form == conv.KernelGradient || p.DType != dtypes.Float32 ||
		!slices.Equal(p.Dims, squeezed(n.Shapes[0].Dimensions)) {
		return false
	}
	for _, o := range p.Outputs {
		if o.Kind != fused.Store || !slices.Equal(o.Strides, rowMajor(p.Dims)) {
			return false
		}
	}
	at := slices.Index(reader.Inputs, n.Value(0))
	for i, in := range reader.Inputs {
		if i != at && (in == n.Value(0) || dependsOn(in.Node, n, map[*ir.Node]bool{})) {
			return false
		}
	}
	return slices.Equal(p.Inputs[at].Strides, rowMajor(p.Dims))
}

// dependsOn reports whether n is computed from target.
func dependsOn(n, target *ir.Node, seen map[*ir.Node]bool) bool {
	if n == target {
		return true
	}
	if seen[n] {
		return false
	}
	seen[n] = true
	for _, in := range n.Inputs {
		if dependsOn(in.Node, target, seen) {
			return true
		}
	}
	return false
}

// attach replaces the convolution n and the program node reader by one convolution with the program as its epilogue.
// With keep, the convolution's own output is the last output of the new node.
func attach(f *ir.Func, n, reader *ir.Node, keep bool) {
	attr := n.Attr.(ir.ConvolutionAttr)
	p := reader.Attr.(*fused.Program)
	at := slices.Index(reader.Inputs, n.Value(0))
	attr.Epilogue = epilogueProgram(p, at, n.Shapes[0].Dimensions, keep)
	in := slices.Clone(n.Inputs)
	for i, v := range reader.Inputs {
		if i != at {
			in = append(in, v)
		}
	}
	outs := slices.Clone(reader.Shapes)
	if keep {
		outs = append(outs, shapes.Make(dtypes.Float32, n.Shapes[0].Dimensions...))
	}
	joined := f.Add(ir.OpConv, attr, in, outs...)
	with := map[ir.Value]ir.Value{}
	for i := range reader.Shapes {
		with[reader.Value(i)] = joined.Value(i)
	}
	if keep {
		with[n.Value(0)] = joined.Value(len(outs) - 1)
	}
	f.Replace(with)
}

// epilogueProgram is p with input `at` first, over all dimensions of the convolution's output, those of length 1
// included.
func epilogueProgram(p *fused.Program, at int, dims []int, keep bool) *fused.Program {
	q := &fused.Program{DType: p.DType, Dims: slices.Clone(dims), Regs: p.Regs, Code: slices.Clone(p.Code)}
	renamed := make([]int, p.Regs)
	for r := range renamed {
		renamed[r] = r
		switch {
		case r == at:
			renamed[r] = 0
		case r < at:
			renamed[r] = r + 1
		}
	}
	expand := func(strides []int) []int {
		full := make([]int, len(dims))
		for i, a := range longAxes(dims) {
			full[a] = strides[i]
		}
		return full
	}
	q.Inputs = append(q.Inputs, fused.Input{DType: p.Inputs[at].DType, Strides: expand(p.Inputs[at].Strides)})
	for i, in := range p.Inputs {
		if i != at {
			q.Inputs = append(q.Inputs, fused.Input{DType: in.DType, Strides: expand(in.Strides)})
		}
	}
	for i, c := range q.Code {
		q.Code[i].A, q.Code[i].B, q.Code[i].C, q.Code[i].Dst = renamed[c.A], renamed[c.B], renamed[c.C], renamed[c.Dst]
	}
	for _, o := range p.Outputs {
		o.Reg, o.Strides = renamed[o.Reg], expand(o.Strides)
		q.Outputs = append(q.Outputs, o)
	}
	if keep {
		q.Outputs = append(q.Outputs, fused.Output{Kind: fused.Store, DType: p.DType, Strides: expand(rowMajor(p.Dims))})
	}
	return q
}
