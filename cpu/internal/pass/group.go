package pass

import (
	"fmt"
	"slices"

	"github.com/atelier-go/atelier/cpu/internal/ir"
)

// fuseGroup is a set of roots computed by one program.
type fuseGroup struct {
	roots  []int // IDs, ascending
	nodes  []int // IDs of everything the program computes, ascending
	leaves map[leafKey]leaf
	stored []int // virtual nodes that it also stores, for other groups to read
	// swapped are the operands of nodes that read something else in this group than in others (activation.go).
	swapped map[int][]operand
}

// unit is what runs as a whole: group id if id >= 0, else node ^id.
type unit int

func (u *fuser) unitOf(n *ir.Node) unit {
	if g := u.nodes[n.ID].group; g >= 0 {
		return unit(g)
	}
	return unit(^n.ID)
}

// operands of node id as group g reads them.
func (u *fuser) operands(g *fuseGroup, id int) []operand {
	if o, ok := g.swapped[id]; ok {
		return o
	}
	return u.nodes[id].operands
}

// groupRoots puts roots that share inputs into common groups. Roots are taken in order, so that nothing taken so far
// depends on the present one; it may join a group unless something outside the group that depends on it leads to the
// root.
func (u *fuser) groupRoots() []*fuseGroup {
	var groups []*fuseGroup
	bySpace := map[string][]int{}
	for id := range u.nodes {
		r := &u.nodes[id]
		if !r.root {
			continue
		}
		own := &fuseGroup{roots: []int{id}, nodes: r.closure}
		own.leaves = u.leaves(own)
		space := fmt.Sprint(r.dtype, r.dims)
		if g := u.bestGroup(groups, bySpace[space], own); g >= 0 {
			r.group = g
			groups[g] = u.merge(groups[g], own)
			continue
		}
		r.group = len(groups)
		bySpace[space] = append(bySpace[space], len(groups))
		groups = append(groups, own)
	}
	return groups
}

// bestGroup is the candidate that shares most with the new group, -1 if none shares anything or may take it.
func (u *fuser) bestGroup(groups []*fuseGroup, candidates []int, own *fuseGroup) int {
	best, bestShared := -1, 0.0
	var blocked map[unit]bool
	for _, c := range candidates {
		shared := u.shared(groups[c], own)
		if shared <= bestShared {
			continue
		}
		if blocked == nil {
			blocked = u.blockedUnits(groups, own)
		}
		if blocked[unit(c)] {
			continue
		}
		if merged := u.merge(groups[c], own); len(merged.nodes) > maxProgramOps || len(merged.leaves) > maxProgramInputs {
			continue
		}
		best, bestShared = c, shared
	}
	return best
}

// shared is the weight of the reads that computing both groups in one program saves. Small operands, such as one
// number for each channel, do not count unless the space itself is small.
func (u *fuser) shared(g, own *fuseGroup) float64 {
	points := product(u.nodes[own.roots[0]].dims...)
	small := float64(points) / 4
	total := 0.0
	for k, l := range own.leaves {
		if l.weight < small {
			continue
		}
		if _, ok := g.leaves[k]; ok || l.register && slices.Contains(g.roots, l.value.Node.ID) {
			total += l.weight
		}
	}
	return total
}

func (u *fuser) merge(a, b *fuseGroup) *fuseGroup {
	m := &fuseGroup{roots: union(a.roots, b.roots), nodes: union(a.nodes, b.nodes)}
	m.leaves = u.leaves(m)
	return m
}

func union(a, b []int) []int {
	ids := slices.Concat(a, b)
	slices.Sort(ids)
	return slices.Compact(ids)
}

// blockedUnits are those the new group must come after, and so cannot be part of: every unit that something it reads
// depends on, and what it reads other than through registers.
func (u *fuser) blockedUnits(groups []*fuseGroup, own *fuseGroup) map[unit]bool {
	blocked := map[unit]bool{}
	var visit func(x unit)
	visit = func(x unit) {
		if blocked[x] {
			return
		}
		blocked[x] = true
		u.eachDependency(groups, x, visit)
	}
	for _, l := range own.leaves {
		x := u.unitOf(l.value.Node)
		if l.register {
			u.eachDependency(groups, x, visit)
		} else {
			visit(x)
		}
	}
	return blocked
}

// eachDependency calls visit with every unit that x reads from.
func (u *fuser) eachDependency(groups []*fuseGroup, x unit, visit func(unit)) {
	if x >= 0 {
		for _, l := range groups[x].leaves {
			if y := u.unitOf(l.value.Node); y != x {
				visit(y)
			}
		}
		return
	}
	for _, in := range u.nodes[^x].Inputs {
		visit(u.unitOf(in.Node))
	}
}

// orderUnits is a topological order of the units that keeps close to the order of the nodes: every unit where its
// last node was, or later if it must wait.
func (u *fuser) orderUnits(groups []*fuseGroup) []unit {
	var order []unit
	done := map[unit]bool{}
	var visit func(x unit)
	visit = func(x unit) {
		if done[x] || x < 0 && u.nodes[^x].kind != otherKind {
			return // a virtual node, which has no place of its own
		}
		done[x] = true
		for _, y := range u.dependencies(groups, x) {
			visit(y)
		}
		order = append(order, x)
	}
	for id := range u.nodes {
		n := &u.nodes[id]
		switch {
		case n.group >= 0:
			if roots := groups[n.group].roots; roots[len(roots)-1] == id {
				visit(unit(n.group))
			}
		case n.kind == otherKind:
			visit(unit(^id))
		}
	}
	return order
}

// dependencies of a unit in a fixed order.
func (u *fuser) dependencies(groups []*fuseGroup, x unit) []unit {
	var deps []unit
	u.eachDependency(groups, x, func(y unit) { deps = append(deps, y) })
	slices.SortFunc(deps, func(a, b unit) int { return u.position(groups, a) - u.position(groups, b) })
	return deps
}

func (u *fuser) position(groups []*fuseGroup, x unit) int {
	if x < 0 {
		return int(^x)
	}
	return groups[x].roots[len(groups[x].roots)-1]
}
