package exec

import (
	"fmt"
	"strings"

	"github.com/atelier-go/atelier/cpu/internal/ir"
)

// Explain describes the program: its steps in order, what computes each, and where their values are. If the backend
// profiles it adds the mean time of each step and its share of the whole.
func (p *Program) Explain() string {
	var b strings.Builder
	p.explain(&b, "")
	return b.String()
}

func (p *Program) explain(b *strings.Builder, indent string) {
	runs := p.runs.Load()
	total := int64(0)
	for _, s := range p.steps {
		total += s.nanos.Load()
	}
	fmt.Fprintf(b, "%sfunction %s: %d steps, arena %d bytes (%d at the least)", indent, p.fn.Name, len(p.steps), p.arena, p.least)
	if runs > 0 {
		fmt.Fprintf(b, ", %d runs of %.3f ms", runs, float64(total)/float64(runs)/1e6)
	}
	b.WriteString("\n")
	for i, s := range p.steps {
		fmt.Fprintf(b, "%s%4d  ", indent, i)
		if runs > 0 && total > 0 {
			nanos := s.nanos.Load()
			fmt.Fprintf(b, "%9.3f ms %5.1f %%  ", float64(nanos)/float64(runs)/1e6, 100*float64(nanos)/float64(total))
		}
		fmt.Fprintf(b, "%-40s  %s  %s\n", s.kernel.Name, s.describe(), attrOf(s.node))
	}
	for k, r := range p.reuses {
		if r >= 0 {
			fmt.Fprintf(b, "%sresult %d may take the memory of parameter %d\n", indent, k, r)
		}
	}
	for _, c := range p.copies {
		fmt.Fprintf(b, "%sresult %d is copied from %v\n", indent, c.index, c.from)
	}
	for i, s := range p.steps {
		for _, sub := range s.kernel.programs {
			fmt.Fprintf(b, "%sstep %d runs\n", indent, i)
			sub.explain(b, indent+"  ")
		}
	}
}

func (s *step) describe() string {
	var b strings.Builder
	for j, out := range s.out {
		if j > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%v%v@%v", s.node.Value(j), s.node.Shapes[j], out)
	}
	fmt.Fprintf(&b, " = %v(", s.node.Op)
	for j, in := range s.node.Inputs {
		if j > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%v%v@%v", in, in.Shape(), s.in[j])
	}
	b.WriteString(")")
	if s.scratch != nil {
		fmt.Fprintf(&b, " scratch %d bytes@%v", s.kernel.Scratch, s.scratch)
	}
	return b.String()
}

func attrOf(n *ir.Node) string {
	switch a := n.Attr.(type) {
	case nil:
		return ""
	case fmt.Stringer:
		return a.String()
	default:
		return fmt.Sprintf("%+v", a)
	}
}
