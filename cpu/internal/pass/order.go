package pass

import (
	"slices"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
	"github.com/gomlx/compute"
)

// order schedules the nodes so that little memory is alive at a time. It tries two greedy schedules, one that runs
// early whatever frees at least as much as it takes and else keeps the captured order, one that always runs the node
// that adds least, and keeps the captured order unless one of them has a lower peak. Parameters and constants come
// first. It reports whether the order changed.
func order(f *ir.Func) bool {
	s := newScheduler(f)
	best := f.Nodes
	peak := s.peak(best)
	changed := false
	for _, choose := range []func(*scheduler) int{(*scheduler).eager, (*scheduler).least} {
		s.reset()
		nodes := s.schedule(choose)
		if p := s.peak(nodes); p < peak {
			best, peak, changed = nodes, p, true
		}
	}
	f.Nodes = best
	f.Renumber()
	return changed
}

// scheduler simulates the memory of a schedule. A buffer is the memory of one value and of every view of it.
type scheduler struct {
	f       *ir.Func
	size    map[ir.Value]int // of buffers
	readers map[ir.Value]int // nodes that read a buffer; outputs of the function keep one forever
	inputs  [][]ir.Value     // buffers that a node reads, each once, by node ID
	next    [][]int          // nodes that read any output of a node, by node ID

	left    map[ir.Value]int // readers still to run
	waiting []int            // nodes that a node still waits for
	ready   []int            // IDs, ascending
}

func newScheduler(f *ir.Func) *scheduler {
	s := &scheduler{f: f, size: map[ir.Value]int{}, readers: map[ir.Value]int{},
		inputs: make([][]ir.Value, len(f.Nodes)), next: make([][]int, len(f.Nodes))}
	for i, n := range f.Nodes {
		for _, in := range n.Inputs {
			if b := buffer(in); !slices.Contains(s.inputs[i], b) {
				s.inputs[i] = append(s.inputs[i], b)
				s.readers[b]++
			}
			if next := s.next[in.Node.ID]; !slices.Contains(next, i) {
				s.next[in.Node.ID] = append(next, i)
			}
		}
		for j, shape := range n.Shapes {
			if v := n.Value(j); buffer(v) == v && !isSource(n) {
				s.size[v] = tensor.ByteSize(shape)
			}
		}
	}
	for _, v := range f.Outputs {
		s.readers[buffer(v)]++
	}
	s.reset()
	return s
}

// isSource reports whether a node's memory is there before the function runs.
func isSource(n *ir.Node) bool {
	return n.Op == op(compute.OpTypeParameter) || n.Op == op(compute.OpTypeConstant)
}

// buffer is the value whose memory v shares.
func buffer(v ir.Value) ir.Value {
	for v.Node.Op == op(compute.OpTypeReshape) || v.Node.Op == op(compute.OpTypeIdentity) {
		v = v.Node.Inputs[0]
	}
	return v
}

func (s *scheduler) reset() {
	s.left = make(map[ir.Value]int, len(s.readers))
	for b, n := range s.readers {
		s.left[b] = n
	}
	s.waiting = make([]int, len(s.f.Nodes))
	for _, next := range s.next {
		for _, i := range next {
			s.waiting[i]++
		}
	}
	s.ready = nil
}

// schedule lists the nodes in the order in which choose picks them from those that are ready.
func (s *scheduler) schedule(choose func(*scheduler) int) []*ir.Node {
	var nodes []*ir.Node
	for i, n := range s.f.Nodes {
		if isSource(n) {
			nodes = append(nodes, n)
			s.release(i)
		} else if s.waiting[i] == 0 {
			s.addReady(i)
		}
	}
	for len(s.ready) > 0 {
		at := choose(s)
		id := s.ready[at]
		s.ready = slices.Delete(s.ready, at, at+1)
		nodes = append(nodes, s.f.Nodes[id])
		for _, b := range s.inputs[id] {
			s.left[b]--
		}
		s.release(id)
	}
	return nodes
}

// release makes the nodes ready that waited only for id.
func (s *scheduler) release(id int) {
	for _, i := range s.next[id] {
		if s.waiting[i]--; s.waiting[i] == 0 {
			s.addReady(i)
		}
	}
}

func (s *scheduler) addReady(id int) {
	at, found := slices.BinarySearch(s.ready, id)
	if !found {
		s.ready = slices.Insert(s.ready, at, id)
	}
}

// growth is the memory that running a node adds, less what it frees.
func (s *scheduler) growth(id int) int {
	n := s.f.Nodes[id]
	total := 0
	for j := range n.Shapes {
		total += s.size[n.Value(j)]
	}
	for _, b := range s.inputs[id] {
		if s.left[b] == 1 {
			total -= s.size[b]
		}
	}
	return total
}

func (s *scheduler) eager() int {
	for at, id := range s.ready {
		if s.growth(id) <= 0 {
			return at
		}
	}
	return 0
}

func (s *scheduler) least() int {
	best, bestGrowth := 0, 0
	for at, id := range s.ready {
		if g := s.growth(id); at == 0 || g < bestGrowth {
			best, bestGrowth = at, g
		}
	}
	return best
}

// peak is the most memory that is alive while the nodes run in this order.
func (s *scheduler) peak(nodes []*ir.Node) int {
	s.reset()
	live, peak := 0, 0
	for _, n := range nodes {
		for j := range n.Shapes {
			live += s.size[n.Value(j)]
		}
		peak = max(peak, live)
		for j := range n.Shapes {
			if v := n.Value(j); s.readers[v] == 0 {
				live -= s.size[v]
			}
		}
		for _, b := range s.inputs[n.ID] {
			if s.left[b]--; s.left[b] == 0 {
				live -= s.size[b]
			}
		}
	}
	return peak
}
