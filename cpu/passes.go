package cpu

import (
	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/pass"
	"github.com/atelier-go/atelier/cpu/internal/ref"
)

// passNames lists what disable= takes.
func passNames() []string { return pass.Names() }

// rewrite runs the graph passes on a function, except those disabled.
func rewrite(f *ir.Func, disable map[string]bool) error {
	return pass.Run(f, pass.Options{Disable: disable, Eval: ref.Eval})
}
