package cpu

import (
	"github.com/atelier-go/atelier/cpu/internal/exec"
	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/isa"
	"github.com/atelier-go/atelier/cpu/internal/pass"
	"github.com/atelier-go/atelier/cpu/internal/ref"
)

// passNames lists what disable= takes.
func passNames() []string { return pass.Names() }

// rewrite runs the graph passes on a function, except those disabled.
func rewrite(f *ir.Func, env *exec.Env) error {
	opt := pass.Options{Disable: env.Disable, Eval: ref.Eval}
	if env.Precision != isa.Float32 {
		opt.Halves = pass.Halves{Reads: env.ReadsHalves, Aside: env.RunsAside}
	}
	return pass.Run(f, opt)
}
