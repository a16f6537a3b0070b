package pass

import (
	"maps"
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
	c := &grouping{fuser: u, readers: map[leafKey][]int{}, seenNode: make([]int, len(u.nodes))}
	for id := range u.nodes {
		r := &u.nodes[id]
		if !r.root {
			continue
		}
		own := &fuseGroup{roots: []int{id}, nodes: r.closure}
		own.leaves = u.leaves(own)
		g := c.bestGroup(own)
		if g < 0 {
			g = len(c.groups)
			c.groups = append(c.groups, own)
			c.seenGroup = append(c.seenGroup, 0)
		} else {
			c.groups[g] = u.merge(c.groups[g], own)
		}
		r.group = g
		for k := range own.leaves {
			if readers := c.readers[k]; len(readers) == 0 || readers[len(readers)-1] != g {
				c.readers[k] = append(readers, g)
			}
		}
	}
	return c.groups
}

// grouping is the state of groupRoots.
type grouping struct {
	*fuser
	groups  []*fuseGroup
	readers map[leafKey][]int // groups that read a leaf, or did before they also computed it
	// Units visited by the search numbered search.
	seenNode, seenGroup []int
	search              int
}

// bestGroup is the group that shares most with the new one, the first of several, -1 if none shares anything or may
// take it.
func (c *grouping) bestGroup(own *fuseGroup) int {
	shared := c.shared(own)
	best := -1
	searched := false
	for _, g := range slices.Sorted(maps.Keys(shared)) {
		if best >= 0 && shared[g] <= shared[best] {
			continue
		}
		if !searched {
			c.markBlocked(own)
			searched = true
		}
		if c.seenGroup[g] == c.search {
			continue
		}
		if merged := c.merge(c.groups[g], own); len(merged.nodes) > maxProgramOps || len(merged.leaves) > maxProgramInputs {
			continue
		}
		best = g
	}
	return best
}

// shared is, for each group over the same space, the weight of the reads that computing both groups in one program
// saves. Small operands, such as one number for each channel, do not count unless the space itself is small.
func (c *grouping) shared(own *fuseGroup) map[int]float64 {
	first := &c.nodes[own.roots[0]]
	small := float64(product(first.dims...)) / 4
	shared := map[int]float64{}
	for k, l := range own.leaves {
		if l.weight < small {
			continue
		}
		with := c.readers[k]
		if home := c.nodes[l.value.Node.ID].group; l.register && !slices.Contains(with, home) {
			with = append(slices.Clip(with), home)
		}
		for _, g := range with {
			if other := &c.nodes[c.groups[g].roots[0]]; other.dtype == first.dtype && slices.Equal(other.dims, first.dims) {
				shared[g] += l.weight
			}
		}
	}
	return shared
}

// markBlocked marks, with the number of a new search, the groups that the new one must come after and so cannot be
// part of: every group that something it reads depends on, and what it reads other than through registers.
func (c *grouping) markBlocked(own *fuseGroup) {
	c.search++
	for _, l := range own.leaves {
		x := c.unitOf(l.value.Node)
		if l.register {
			c.eachDependency(c.groups, x, c.visit)
		} else {
			c.visit(x)
		}
	}
}

func (c *grouping) visit(x unit) {
	seen := &c.seenNode
	at := int(^x)
	if x >= 0 {
		seen, at = &c.seenGroup, int(x)
	}
	if (*seen)[at] == c.search {
		return
	}
	(*seen)[at] = c.search
	c.eachDependency(c.groups, x, c.visit)
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
