package pass

import "github.com/atelier-go/atelier/cpu/internal/ir"

// removeDead drops the nodes that no output needs. Parameters stay: they are the function's signature.
func removeDead(f *ir.Func) bool {
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
