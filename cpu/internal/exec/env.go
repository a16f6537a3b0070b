// Package exec turns graphs into programs and runs them.
//
// A [Program] is a list of steps in order, one for each node that computes something. Every step has a [Kernel],
// chosen by a table from operation to [Lowerer], or GoMLX's semantics in plain loops (package ref) where the table has
// none. Values live where they are needed and nowhere else: parameters and constants stay where they are, views
// share the memory of what they view, results of the program are written where the caller wants them, and
// everything else has its place in one arena that is planned when the program is compiled. Running a program
// allocates nothing.
package exec

import (
	"github.com/atelier-go/atelier/cpu/internal/isa"
	"github.com/atelier-go/atelier/cpu/internal/par"
)

// Env is what the programs of one backend share.
type Env struct {
	Pool *par.Pool
	ISA  isa.Level
	// Precision is BF16 or Auto only where ISA has kernels for it.
	Precision isa.Precision
	Memory    *Memory
	Arenas    *Arenas
	Disable   map[string]bool // names of passes that do not run; "all" for none
	Profile   bool            // measure the time of every step
}

// Runtime is what a kernel may use while it runs.
type Runtime struct {
	Pool *par.Pool
}
