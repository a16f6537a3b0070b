package exec

import (
	"slices"

	"github.com/gomlx/compute"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/plan"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
)

// planner gives every value of a program its place in memory.
type planner struct {
	p       *Program
	lastUse [][]int // of the memory of a root value: by node and output, the last step that reads it
	owner   map[ir.Value]int
	places  map[ir.Value]*region
}

func newPlanner(p *Program) *planner {
	return &planner{p: p, owner: make(map[ir.Value]int), places: make(map[ir.Value]*region)}
}

func (pl *planner) plan() {
	pl.findOwners()
	pl.findLastUses()
	for i, s := range pl.p.steps {
		pl.placeStep(i, s)
	}
	pl.placeResults()
	pl.layOutArena()
}

// findOwners decides which values are computed right where a result is wanted: those that are the whole of the
// first result they appear in.
func (pl *planner) findOwners() {
	for k, out := range pl.p.fn.Outputs {
		root, offset := rootOf(out)
		if offset != 0 || isStored(root.Node) || tensor.ByteSize(root.Shape()) != tensor.ByteSize(out.Shape()) {
			continue
		}
		if _, taken := pl.owner[root]; !taken {
			pl.owner[root] = k
		}
	}
}

// isStored reports whether a node's value exists before the program runs.
func isStored(n *ir.Node) bool {
	return n.Op == ir.Op(compute.OpTypeParameter) || n.Op == ir.Op(compute.OpTypeConstant)
}

func (pl *planner) findLastUses() {
	pl.lastUse = make([][]int, len(pl.p.fn.Nodes))
	for i, n := range pl.p.fn.Nodes {
		pl.lastUse[i] = make([]int, len(n.Shapes))
	}
	for i, s := range pl.p.steps {
		for o := range s.node.Shapes {
			pl.lastUse[s.node.ID][o] = i
		}
		for _, in := range s.node.Inputs {
			root, _ := rootOf(in)
			pl.lastUse[root.Node.ID][root.Out] = i
		}
	}
	for _, out := range pl.p.fn.Outputs {
		root, _ := rootOf(out)
		pl.lastUse[root.Node.ID][root.Out] = len(pl.p.steps)
	}
}

// placeStep finds where step i reads its inputs and where it writes its outputs.
func (pl *planner) placeStep(i int, s *step) {
	for _, in := range s.node.Inputs {
		s.in = append(s.in, pl.placeOf(in))
	}
	for o, shape := range s.node.Shapes {
		v := s.node.Value(o)
		bytes := tensor.ByteSize(shape)
		r := pl.inPlace(i, s, o, bytes)
		if r == nil {
			r = pl.newRegion(&region{bytes: bytes, start: i})
		}
		if k, isResult := pl.owner[v]; isResult {
			r.home, r.index = inOutput, k
		}
		r.end = max(r.end, pl.lastUse[s.node.ID][o])
		pl.places[v] = r
		s.out = append(s.out, place{r, 0, bytes})
	}
	if s.kernel.Scratch > 0 {
		s.scratch = pl.newRegion(&region{bytes: s.kernel.Scratch, start: i, end: i})
	}
}

// inPlace returns the region of an input of step s that its output o may take over, or nil.
func (pl *planner) inPlace(i int, s *step, o, bytes int) *region {
	if o >= len(s.kernel.InPlace) || bytes == 0 {
		return nil
	}
	if k, isResult := pl.owner[s.node.Value(o)]; isResult && pl.p.reuses[k] >= 0 {
		return nil // it goes where its parameter is
	}
	for _, j := range s.kernel.InPlace[o] {
		in := s.in[j]
		r := in.region
		if r.home != inArena || r.end != i || in.offset != 0 || r.bytes != bytes {
			continue
		}
		taken := slices.ContainsFunc(s.out, func(p place) bool { return p.region == r })
		if !taken && sharedOnlyBy(s, r, s.kernel.InPlace[o]) {
			return r
		}
	}
	return nil
}

// sharedOnlyBy reports whether every input of s that is in r is one of those listed.
func sharedOnlyBy(s *step, r *region, allowed []int) bool {
	for j, in := range s.in {
		if in.region == r && !slices.Contains(allowed, j) {
			return false
		}
	}
	return true
}

func (pl *planner) newRegion(r *region) *region {
	pl.p.regions = append(pl.p.regions, r)
	return r
}

// placeOf is where a value that has been computed already is.
func (pl *planner) placeOf(v ir.Value) place {
	root, offset := rootOf(v)
	r := pl.places[root]
	if r == nil {
		r = storedRegion(root)
		pl.places[root] = r
	}
	return place{r, offset, tensor.ByteSize(v.Shape())}
}

func storedRegion(v ir.Value) *region {
	if i := paramIndex(v.Node); i >= 0 {
		return &region{home: inParam, index: i, bytes: tensor.ByteSize(v.Shape())}
	}
	data := v.Node.Attr.(ir.ConstantAttr).Data
	return &region{home: inConstant, data: data, bytes: len(data)}
}

// placeResults lists the results that have to be copied from where their value is.
func (pl *planner) placeResults() {
	for k, out := range pl.p.fn.Outputs {
		root, _ := rootOf(out)
		if owned, ok := pl.owner[root]; !ok || owned != k {
			pl.p.copies = append(pl.p.copies, outputCopy{pl.placeOf(out), k})
		}
	}
}

func (pl *planner) layOutArena() {
	var items []plan.Item
	var placed []*region
	for _, r := range pl.p.regions {
		if r.home == inArena && r.bytes > 0 {
			items = append(items, plan.Item{Start: r.start, End: r.end, Bytes: r.bytes})
			placed = append(placed, r)
		}
	}
	offsets, total := plan.Assign(items)
	for i, r := range placed {
		r.offset = offsets[i]
	}
	pl.p.arena = total
	pl.p.least = plan.MaxLive(items)
}
