package pass

import (
	"maps"
	"slices"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/kernel/fused"
)

// opsPerRead is how many simple instructions take as long as reading one operand from memory.
const opsPerRead = 8

// instructionCost in simple instructions.
func instructionCost(o ir.Op) float64 {
	switch elementwise[o] {
	case fused.Exp, fused.Expm1, fused.Log, fused.Log1p, fused.Tanh, fused.Logistic, fused.Erf, fused.Sin, fused.Cos:
		return 10
	case fused.Pow:
		return 20
	case fused.Div, fused.Sqrt, fused.Rsqrt:
		return 3
	}
	return 1
}

// share decides for every virtual value that several groups compute whether the first of them stores it for the
// others to read: if that saves more memory traffic and work than the store costs. Values nearest to their readers
// are decided first. Since the first group in the order stores, nothing moves in the order.
func (u *fuser) share(groups []*fuseGroup, order []unit) {
	users := make(map[int][]*fuseGroup)
	for _, x := range order {
		if x < 0 {
			continue
		}
		for _, id := range groups[x].nodes {
			users[id] = append(users[id], groups[x])
		}
	}
	for id := len(u.nodes) - 1; id >= 0; id-- {
		if n := &u.nodes[id]; n.root || len(users[id]) < 2 {
			continue
		}
		var readers []*fuseGroup // the groups that still compute it
		for _, g := range users[id] {
			if slices.Contains(g.nodes, id) {
				readers = append(readers, g)
			}
		}
		if len(readers) > 1 && u.worthStoring(id, readers) {
			u.store(id, readers)
		}
	}
}

// worthStoring weighs the reads and instructions that all readers but the first save against one store.
func (u *fuser) worthStoring(id int, readers []*fuseGroup) bool {
	n := &u.nodes[id]
	saved := 0.0
	for _, g := range readers[1:] {
		without := u.nodesWithout(g, id)
		saved += totalWeight(g.leaves) - totalWeight(u.leaves(without))
		for _, v := range g.nodes {
			if !slices.Contains(without, v) {
				saved += instructionCost(u.nodes[v].Op) / opsPerRead
			}
		}
	}
	store := float64(n.Shapes[0].DType.Size()) / 4
	return saved >= 1.5*store
}

// store makes the first reader keep the value and the others read it.
func (u *fuser) store(id int, readers []*fuseGroup) {
	readers[0].stored = append(readers[0].stored, id)
	for _, g := range readers[1:] {
		g.nodes = u.nodesWithout(g, id)
		g.leaves = u.leaves(g.nodes)
	}
}

// nodesWithout is what a group still has to compute if it can read node id from memory.
func (u *fuser) nodesWithout(g *fuseGroup, id int) []int {
	return u.reachable(slices.Concat(g.roots, g.stored), func(v int) bool { return v != id && slices.Contains(g.nodes, v) })
}

// needed is what a group has to compute now that the operands of some of its nodes have changed.
func (u *fuser) needed(g *fuseGroup) []int {
	return u.reachable(slices.Concat(g.roots, g.stored), func(v int) bool {
		return !u.nodes[v].root || slices.Contains(g.roots, v)
	})
}

// reachable lists the nodes that compute roots, following operands in registers as far as they are inside.
func (u *fuser) reachable(roots []int, inside func(id int) bool) []int {
	seen := map[int]bool{}
	var visit func(id int)
	visit = func(id int) {
		if seen[id] || !inside(id) {
			return
		}
		seen[id] = true
		for _, o := range u.nodes[id].operands {
			if o.register {
				visit(o.value.Node.ID)
			}
		}
	}
	for _, r := range roots {
		visit(r)
	}
	return slices.Sorted(maps.Keys(seen))
}

func totalWeight(leaves map[leafKey]leaf) float64 {
	total := 0.0
	for _, l := range leaves {
		total += l.weight
	}
	return total
}
