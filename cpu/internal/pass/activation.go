package pass

import (
	"maps"
	"slices"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/kernel/fused"
	"github.com/gomlx/compute"
)

// readActivations lets the gradient of a relu, leaky or not, look at the relu's result a instead of its argument s:
// s > 0 exactly where a > 0, NaN included. The result is in memory anyway where a layer that is not fused reads it,
// while the argument, a sum with a bias for instance, would have to be computed again from what must then be kept for
// it. Where more than the argument is read from the same tensors, as in batch norm, the argument stays.
func (u *fuser) readActivations(groups []*fuseGroup, order []unit) {
	results := u.activations()
	done := map[int]bool{} // groups before the present one in the order
	for _, x := range order {
		if x < 0 {
			continue
		}
		g := groups[x]
		for _, id := range slices.Clone(g.nodes) {
			m := &u.nodes[id]
			at, ok := positiveTest(m)
			if !ok {
				continue
			}
			if a, ok := results[m.operands[at].value]; ok && done[u.nodes[a].group] {
				u.tryActivation(g, m, at, a)
			}
		}
		done[int(x)] = true
	}
}

// activations maps every value s to the root that is its relu, max(s, 0), or its leaky relu, s·(s > 0 ? c : d) with
// c > 0 and d >= 0.
func (u *fuser) activations() map[ir.Value]int {
	results := map[ir.Value]int{}
	for id := range u.nodes {
		n := &u.nodes[id]
		if n.kind != elementKind || !n.root {
			continue
		}
		for i, o := range n.operands {
			if o.whole() && (isRelu(n, i) || u.isLeakyRelu(n, i)) {
				results[o.value] = id
			}
		}
	}
	return results
}

// whole reports whether an operand has a different element for every point.
func (o operand) whole() bool { return !o.constant && !slices.Contains(o.axes, -1) }

func isRelu(n *fuseNode, at int) bool {
	if elementwise[n.Op] != fused.Max {
		return false
	}
	zero := n.operands[1-at]
	return zero.constant && zero.number == 0
}

func (u *fuser) isLeakyRelu(n *fuseNode, at int) bool {
	if elementwise[n.Op] != fused.Mul || !n.operands[1-at].register {
		return false
	}
	slope := u.producer(n.operands[1-at])
	if elementwise[slope.Op] != fused.Select || !slope.operands[0].register {
		return false
	}
	above, below := slope.operands[1], slope.operands[2]
	test := u.producer(slope.operands[0])
	s, ok := positiveTest(test)
	return ok && test.operands[s].value == n.operands[at].value && above.constant && above.number > 0 &&
		below.constant && below.number >= 0
}

// positiveTest reports which operand of a comparison is tested for being positive.
func positiveTest(m *fuseNode) (at int, ok bool) {
	if m.kind != elementKind {
		return 0, false
	}
	switch m.Op {
	case op(compute.OpTypeGreaterThan):
		at = 0
	case op(compute.OpTypeLessThan):
		at = 1
	default:
		return 0, false
	}
	zero := m.operands[1-at]
	return at, m.operands[at].whole() && zero.constant && zero.number == 0
}

// tryActivation makes m read the root a in group g, if no more memory is read that way.
func (u *fuser) tryActivation(g *fuseGroup, m *fuseNode, at, a int) {
	changed := *g
	changed.swapped = maps.Clone(g.swapped)
	if changed.swapped == nil {
		changed.swapped = map[int][]operand{}
	}
	operands := slices.Clone(m.operands)
	operands[at] = operand{value: u.nodes[a].Value(0), axes: operands[at].axes, register: true}
	changed.swapped[m.ID] = operands
	changed = *u.without(&changed, -1)
	if totalWeight(changed.leaves) <= totalWeight(g.leaves) {
		*g = changed
	}
}
