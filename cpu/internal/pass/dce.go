package pass

import (
	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
)

// removeDead drops the nodes that no output needs, and the operands of optimization barriers whose results are not
// read. Parameters stay: they are the function's signature.
func removeDead(f *ir.Func) bool {
	changed := dropUnread(f)
	for narrowBarriers(f) {
		changed = true
		dropUnread(f)
	}
	return changed
}

// narrowBarriers rebuilds the optimization barriers that pass on more than is read.
func narrowBarriers(f *ir.Func) bool {
	uses := f.Uses()
	wide := map[*ir.Node]bool{}
	for i, n := range f.Nodes {
		if n.Op != op(compute.OpTypeOptimizationBarrier) {
			continue
		}
		for _, readers := range uses[i] {
			wide[n] = wide[n] || readers == 0
		}
	}
	if len(wide) == 0 {
		return false
	}
	return rewrite(f, func(e *editor, n *ir.Node) ([]ir.Value, bool) {
		if !wide[n] {
			return nil, false
		}
		var in []ir.Value
		var out []shapes.Shape
		place := make([]int, len(n.Inputs))
		for i, v := range n.Inputs {
			place[i] = len(in)
			if uses[n.ID][i] > 0 {
				in, out = append(in, v), append(out, n.Shapes[i])
			}
		}
		if len(in) == 0 {
			return nil, false
		}
		narrow := e.addNode(n.Op, n.Attr, in, out...)
		values := make([]ir.Value, len(n.Inputs))
		for i := range values {
			values[i] = n.Inputs[i] // of those that nothing reads
			if uses[n.ID][i] > 0 {
				values[i] = narrow.Value(place[i])
			}
		}
		return values, true
	})
}

func dropUnread(f *ir.Func) bool {
	live := make(map[*ir.Node]bool, len(f.Nodes))
	for _, out := range f.Outputs {
		live[out.Node] = true
	}
	for _, p := range f.Params {
		live[p] = true
	}
	for i := len(f.Nodes) - 1; i >= 0; i-- {
		if n := f.Nodes[i]; live[n] {
			for _, in := range n.Inputs {
				live[in.Node] = true
			}
		}
	}
	kept := f.Nodes[:0]
	for _, n := range f.Nodes {
		if live[n] {
			kept = append(kept, n)
		}
	}
	changed := len(kept) < len(f.Nodes)
	clear(f.Nodes[len(kept):])
	f.Nodes = kept
	f.Renumber()
	return changed
}
