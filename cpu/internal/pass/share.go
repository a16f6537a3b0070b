package pass

import (
	"maps"
	"slices"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/kernel/fused"
)

// opsPerRead is how many simple instructions take as long as reading four bytes from memory.
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

// storeCost is how many bytes of reads have to be saved for a byte that is stored: writing it, and keeping it in memory
// until it is read, often from the forward to the backward part of a training step. A mask counts as much as a number:
// it is smaller, but has to be packed and unpacked.
const storeCost = 2

// share decides which of the virtual values that several groups compute are stored by the first of them for the others
// to read: as long as one saves more memory traffic and work than it costs, the one that saves most. Since the first
// group in the order stores, nothing moves in the order.
func (u *fuser) share(groups []*fuseGroup, order []unit) {
	s := &sharing{fuser: u, users: map[int][]*fuseGroup{}, saves: map[int]float64{}}
	for _, x := range order {
		if x < 0 {
			continue
		}
		for _, id := range groups[x].nodes {
			if !u.nodes[id].root {
				s.users[id] = append(s.users[id], groups[x])
			}
		}
	}
	maps.DeleteFunc(s.users, func(_ int, users []*fuseGroup) bool { return len(users) < 2 })
	candidates := slices.Sorted(maps.Keys(s.users))
	for _, id := range candidates {
		s.saves[id] = s.saving(id)
	}
	for {
		best := -1
		for _, id := range candidates {
			if s.saves[id] > 0 && (best < 0 || s.saves[id] > s.saves[best]) {
				best = id
			}
		}
		if best < 0 {
			return
		}
		s.store(best)
	}
}

// sharing is the search for values to store.
type sharing struct {
	*fuser
	users map[int][]*fuseGroup // groups that computed a value at first, in order
	saves map[int]float64
}

// readers are the groups that compute a value now.
func (s *sharing) readers(id int) []*fuseGroup {
	return slices.DeleteFunc(slices.Clone(s.users[id]), func(g *fuseGroup) bool { return !slices.Contains(g.nodes, id) })
}

// saving weighs the reads and instructions that all readers but the first save against one store, in bytes.
func (s *sharing) saving(id int) float64 {
	readers := s.readers(id)
	if len(readers) < 2 || slices.Contains(readers[0].stored, id) {
		return 0
	}
	saved := 0.0
	points := float64(s.nodes[id].Shapes[0].Size())
	for _, g := range readers[1:] {
		without := s.without(g, id)
		saved += totalWeight(g.leaves) - totalWeight(without.leaves)
		for _, v := range g.nodes {
			if !slices.Contains(without.nodes, v) {
				saved += instructionCost(s.nodes[v].Op) * 4 / opsPerRead * points
			}
		}
	}
	return saved - storeCost*points*float64(s.nodes[id].dtype.Size())
}

// store makes the first reader keep the value and the others read it.
func (s *sharing) store(id int) {
	readers := s.readers(id)
	readers[0].stored = append(readers[0].stored, id)
	for _, g := range readers[1:] {
		*g = *s.without(g, id)
	}
	for other, users := range s.users {
		if slices.ContainsFunc(users, func(g *fuseGroup) bool { return slices.Contains(readers, g) }) {
			s.saves[other] = s.saving(other)
		}
	}
}

// without is the group as it is if it can read node id from memory; -1 for none.
func (u *fuser) without(g *fuseGroup, id int) *fuseGroup {
	w := *g
	inMemory := map[int]bool{id: true}
	for _, l := range g.leaves {
		inMemory[l.value.Node.ID] = true
	}
	seen := map[int]bool{}
	var visit func(v int)
	visit = func(v int) {
		if seen[v] || inMemory[v] || u.nodes[v].root && u.nodes[v].group != u.nodes[g.roots[0]].group {
			return
		}
		seen[v] = true
		for _, o := range u.operands(g, v) {
			if o.register {
				visit(o.value.Node.ID)
			}
		}
	}
	for _, r := range slices.Concat(g.roots, g.stored) {
		visit(r)
	}
	w.nodes = slices.Sorted(maps.Keys(seen))
	w.leaves = u.leaves(&w)
	return &w
}

func totalWeight(leaves map[leafKey]leaf) float64 {
	total := 0.0
	for _, l := range leaves {
		total += l.weight
	}
	return total
}
