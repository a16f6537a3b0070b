package bench

import (
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// pure is a program without state: a compiled function of fixed inputs.
type pure struct {
	exec   *graph.Exec
	inputs []any
}

func (p *pure) step() error {
	outputs, err := p.exec.Call(p.inputs...)
	if err != nil {
		return err
	}
	return finalize(outputs)
}

func (p *pure) close() {
	p.exec.Finalize()
	for _, in := range p.inputs {
		in.(*tensors.Tensor).MustFinalizeAll()
	}
}

// finalize gives the memory of results back at once, instead of when the collector finds them.
func finalize(outputs []*tensors.Tensor) error {
	for _, t := range outputs {
		if err := t.FinalizeAll(); err != nil {
			return err
		}
	}
	return nil
}
