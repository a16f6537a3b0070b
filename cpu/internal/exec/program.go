package exec

import (
	"sync"
	"sync/atomic"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"

	"github.com/atelier-go/atelier/cpu/internal/ir"
)

// Program is a compiled function. It may run several times at once.
type Program struct {
	env     *Env
	fn      *ir.Func
	steps   []*step
	outputs []shapes.Shape
	copies  []outputCopy // results that no step writes where they are wanted
	reuses  []int        // per result, the parameter whose memory it may take, or -1
	arena   int          // bytes
	least   int          // bytes that no plan of the arena could do without
	mu      sync.Mutex
	free    []*frame
	runs    atomic.Int64 // counted if the backend profiles
	regions []*region    // of memory, for explanations
}

// step is one node to run.
type step struct {
	node    *ir.Node
	kernel  Kernel
	in, out []place
	scratch *region
	nanos   atomic.Int64 // time spent, if the backend profiles
}

// outputCopy copies a value to result number index after the last step.
type outputCopy struct {
	from  place
	index int
}

// Compile builds the program of a function that has been through the passes. It takes the function over.
func Compile(f *ir.Func, env *Env) (*Program, error) {
	p := &Program{env: env, fn: f}
	for _, v := range f.Outputs {
		p.outputs = append(p.outputs, v.Shape())
	}
	f.Renumber()
	for _, n := range f.Nodes {
		switch n.Op {
		case ir.Op(compute.OpTypeParameter), ir.Op(compute.OpTypeConstant):
			continue
		}
		if _, isView := viewOf(n, 0); isView {
			continue
		}
		k, err := lower(env, n)
		if err != nil {
			return nil, err
		}
		p.steps = append(p.steps, &step{node: n, kernel: k})
	}
	p.planReuse()
	newPlanner(p).plan()
	return p, nil
}

// Arena is how many bytes of intermediate memory a run needs.
func (p *Program) Arena() int { return p.arena }

// Outputs are the shapes of the results.
func (p *Program) Outputs() []shapes.Shape { return p.outputs }

// Reuses says, for each result, which parameter's memory it may be written to if the caller gives that parameter up,
// or -1. No parameter is named twice. Steps that write to such memory run after all others.
func (p *Program) Reuses() []int { return p.reuses }
