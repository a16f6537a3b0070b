package pass

import (
	"slices"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/kernel/fused"
	"github.com/gomlx/compute"
)

// readActivations lets the gradient of a relu look at the relu's result instead of its argument: with a = max(s, 0),
// s > 0 exactly where a > 0, NaN included. The result is in memory anyway where a layer that is not fused reads it,
// while the argument, a sum with a bias for instance, would have to be computed again from what must then be kept for
// it. Where more than the argument is read from the same tensors, as in batch norm, the argument stays.
func (u *fuser) readActivations(groups []*fuseGroup, order []unit) {
	position := map[int]int{} // of groups
	for i, x := range order {
		if x >= 0 {
			position[int(x)] = i
		}
	}
	results := u.activations()
	for id := range u.nodes {
		m := &u.nodes[id]
		at, ok := positiveTest(m)
		if !ok {
			continue
		}
		a, ok := results[m.operands[at].value]
		if !ok || u.nodes[a].group < 0 {
			continue
		}
		u.tryActivation(groups, position, m, at, a)
	}
}

// activations maps every value s to the root that is max(s, 0).
func (u *fuser) activations() map[ir.Value]int {
	results := map[ir.Value]int{}
	for id := range u.nodes {
		n := &u.nodes[id]
		if n.kind != elementKind || !n.root || elementwise[n.Op] != fused.Max {
			continue
		}
		for i, o := range n.operands {
			if zero := n.operands[1-i]; o.register && zero.constant && zero.number == 0 {
				results[o.value] = id
			}
		}
	}
	return results
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
	return at, m.operands[at].register && zero.constant && zero.number == 0
}

// tryActivation makes m read the root a, if that is finished before every group that needs it and no more memory is
// read that way.
func (u *fuser) tryActivation(groups []*fuseGroup, position map[int]int, m *fuseNode, at, a int) {
	home := u.nodes[a].group
	var readers []int
	before := 0.0
	for g, group := range groups {
		if !slices.Contains(group.nodes, m.ID) {
			continue
		}
		if position[g] < position[home] {
			return
		}
		readers = append(readers, g)
		before += totalWeight(group.leaves)
	}
	argument := m.operands[at]
	m.operands[at] = operand{value: u.nodes[a].Value(0), axes: argument.axes, register: true}
	changed := make([]*fuseGroup, len(readers))
	after := 0.0
	for i, g := range readers {
		changed[i] = &fuseGroup{roots: groups[g].roots, nodes: u.needed(groups[g])}
		changed[i].leaves = u.leaves(changed[i].nodes)
		after += totalWeight(changed[i].leaves)
	}
	if after > before {
		m.operands[at] = argument
		return
	}
	for i, g := range readers {
		*groups[g] = *changed[i]
	}
}
