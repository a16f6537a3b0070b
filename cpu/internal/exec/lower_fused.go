package exec

import (
	"fmt"
	"slices"
	"sync"

	"github.com/pkg/errors"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/kernel/fused"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
)

// operands is the memory of a program's inputs and outputs, kept between runs so that none allocates.
type operands struct{ in, out [][]byte }

func (o *operands) set(in, out []tensor.Tensor) {
	for i, t := range in {
		o.in[i] = t.Data
	}
	for i, t := range out {
		o.out[i] = t.Data
	}
}

func (o *operands) clear() {
	clear(o.in)
	clear(o.out)
}

func operandPool(inputs, outputs int) *sync.Pool {
	return &sync.Pool{New: func() any {
		return &operands{in: make([][]byte, inputs), out: make([][]byte, outputs)}
	}}
}

// lowerFused runs an elementwise program.
func lowerFused(env *Env, n *ir.Node) (Kernel, error) {
	program := n.Attr.(*fused.Program)
	e, err := fused.Compile(program, env.ISA)
	if err != nil {
		return Kernel{}, errors.WithMessage(err, "fused program")
	}
	pool := operandPool(len(program.Inputs), len(program.Outputs))
	return Kernel{
		Name:    fmt.Sprintf("fused, %d operations", len(program.Code)),
		Scratch: e.ScratchBytes(env.Pool.Threads()),
		InPlace: storesInPlace(program),
		Run: func(rt *Runtime, in, out []tensor.Tensor, scratch []byte) error {
			o := pool.Get().(*operands)
			o.set(in, out)
			e.Run(rt.Pool, o.in, o.out, scratch)
			o.clear()
			pool.Put(o)
			return nil
		},
	}, nil
}

// storesInPlace lists, for each stored output of a program, the inputs it may be written over: those that hold an
// element for each point at the same place.
func storesInPlace(p *fused.Program) [][]int {
	lists := make([][]int, len(p.Outputs))
	for k, out := range p.Outputs {
		if out.Kind != fused.Store {
			continue
		}
		for i, in := range p.Inputs {
			if in.DType == out.DType && slices.Equal(in.Strides, out.Strides) {
				lists[k] = append(lists[k], i)
			}
		}
	}
	return lists
}
