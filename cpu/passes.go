package cpu

import (
	"maps"

	"github.com/atelier-go/atelier/cpu/internal/exec"
	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/pass"
	"github.com/atelier-go/atelier/cpu/internal/ref"
)

// passNames lists what disable= takes.
func passNames() []string { return pass.Names() }

// specialised are the passes that make an operation which only a kernel of its own computes.
var specialised = map[string]ir.Op{"conv": ir.OpConv, "matmul": ir.OpMatMul, "fuse": ir.OpFused}

// rewrite runs the graph passes on a function, except those disabled and those whose operation has no kernel.
func rewrite(f *ir.Func, disable map[string]bool) error {
	disable = maps.Clone(disable)
	for name, op := range specialised {
		disable[name] = disable[name] || !exec.HasKernel(op)
	}
	return pass.Run(f, pass.Options{Disable: disable, Eval: ref.Eval})
}
