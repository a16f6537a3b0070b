package exec

import (
	"slices"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
)

// takeover is a result that a step writes over a parameter it reads, if the caller gives that parameter up.
type takeover struct {
	result, param int
	step          *step
}

// planReuse finds the results that may take a parameter's memory, and moves the steps that write to such memory
// behind all others: until the first of them runs, a program that fails has not touched what it was given.
func (p *Program) planReuse() {
	p.reuses = make([]int, len(p.fn.Outputs))
	for k := range p.reuses {
		p.reuses[k] = -1
	}
	kept := p.passThrough()
	candidates := p.takeovers(kept)
	for {
		order, late := p.lateOrder(candidates)
		ok := slices.DeleteFunc(slices.Clone(candidates), func(t takeover) bool {
			return !safeTakeover(t, order, late)
		})
		if len(ok) == len(candidates) {
			p.steps = order
			break
		}
		candidates = ok
	}
	for _, t := range candidates {
		p.reuses[t.result] = t.param
	}
}

// passThrough lets results that are a parameter, unchanged, be that parameter's memory. It returns the parameters
// that some result is or views.
func (p *Program) passThrough() map[int]bool {
	kept := make(map[int]bool)
	for k, out := range p.fn.Outputs {
		root, _ := rootOf(out)
		i := paramIndex(root.Node)
		if i < 0 {
			continue
		}
		if !kept[i] && tensor.ByteSize(out.Shape()) == tensor.ByteSize(root.Shape()) {
			p.reuses[k] = i
		}
		kept[i] = true
	}
	return kept
}

// takeovers lists one parameter for each result whose step allows it, no parameter twice.
func (p *Program) takeovers(taken map[int]bool) []takeover {
	var found []takeover
	steps := make(map[*ir.Node]*step)
	for _, s := range p.steps {
		steps[s.node] = s
	}
	claimed := make(map[ir.Value]bool)
	for k, out := range p.fn.Outputs {
		root, offset := rootOf(out)
		s := steps[root.Node]
		if s == nil || offset != 0 || claimed[root] || root.Out >= len(s.kernel.InPlace) ||
			tensor.ByteSize(root.Shape()) != tensor.ByteSize(out.Shape()) {
			continue
		}
		claimed[root] = true
		for _, j := range s.kernel.InPlace[root.Out] {
			param, ok := wholeParam(s, j, s.kernel.InPlace[root.Out])
			if ok && !taken[param] && tensor.ByteSize(root.Shape()) == tensor.ByteSize(p.fn.Params[param].Shapes[0]) {
				taken[param] = true
				found = append(found, takeover{k, param, s})
				break
			}
		}
	}
	return found
}

// wholeParam returns the parameter that input j of s is, if all inputs that share its memory are among those allowed.
func wholeParam(s *step, j int, allowed []int) (int, bool) {
	root, offset := rootOf(s.node.Inputs[j])
	param := paramIndex(root.Node)
	if param < 0 || offset != 0 {
		return 0, false
	}
	for i, in := range s.node.Inputs {
		if r, _ := rootOf(in); r == root && !slices.Contains(allowed, i) {
			return 0, false
		}
	}
	return param, true
}

// lateOrder puts the steps of the takeovers, and those that depend on them, last.
func (p *Program) lateOrder(ts []takeover) (order []*step, late map[*step]bool) {
	late = make(map[*step]bool)
	lateNode := make(map[*ir.Node]bool)
	for _, t := range ts {
		lateNode[t.step.node] = true
	}
	var last []*step
	for _, s := range p.steps {
		depends := slices.ContainsFunc(s.node.Inputs, func(v ir.Value) bool {
			root, _ := rootOf(v)
			return lateNode[root.Node]
		})
		if depends || lateNode[s.node] {
			lateNode[s.node], late[s] = true, true
			last = append(last, s)
		} else {
			order = append(order, s)
		}
	}
	return append(order, last...), late
}

// safeTakeover reports whether nothing reads the parameter after it is overwritten, and nothing that can fail for
// want of memory runs then.
func safeTakeover(t takeover, order []*step, late map[*step]bool) bool {
	after := false
	for _, s := range order {
		if late[s] && len(s.node.Calls) > 0 {
			return false
		}
		if after && readsParam(s, t.param) {
			return false
		}
		after = after || s == t.step
	}
	return true
}

func readsParam(s *step, param int) bool {
	return slices.ContainsFunc(s.node.Inputs, func(v ir.Value) bool {
		root, _ := rootOf(v)
		return paramIndex(root.Node) == param
	})
}
