package exec

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/pkg/errors"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/ref"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
)

// Kernel computes the outputs of one node.
type Kernel struct {
	Name string // what computes it, for explanations
	// Scratch is how many bytes of working memory Run wants, aligned like a tensor; their content is arbitrary.
	Scratch int
	// InPlace lists, for each output, the inputs whose memory that output may be written to, because Run has read an
	// element of every input that shares the memory before it writes the element there. The first is tried first.
	// Nil where no output may.
	InPlace [][]int
	// Run reads in and writes every element of out. It may be called by several goroutines at once.
	Run func(rt *Runtime, in, out []tensor.Tensor, scratch []byte) error

	programs []*Program // that Run runs, for explanations
}

// Lowerer chooses the kernel of a node. A kernel without Run means that it has none for this node.
type Lowerer func(env *Env, n *ir.Node) (Kernel, error)

// lowerers is the table of kernels by operation. What is not in it is computed by package ref.
var lowerers map[ir.Op]Lowerer

func init() {
	lowerers = map[ir.Op]Lowerer{
		ir.Op(compute.OpTypeWhile): lowerWhile,
		ir.Op(compute.OpTypeIf):    lowerIf,
		ir.Op(compute.OpTypeCall):  lowerCall,
		ir.Op(compute.OpTypeSort):  lowerSort,
		ir.OpFused:                 lowerFused,
		ir.OpConv:                  lowerConv,
		ir.OpMatMul:                lowerMatMul,
		ir.OpSyrk:                  lowerSyrk,
		ir.OpPool:                  lowerPool,
	}
}

// lower returns the kernel of a node.
func lower(env *Env, n *ir.Node) (Kernel, error) {
	if f := lowerers[n.Op]; f != nil {
		k, err := f(env, n)
		if err != nil {
			return Kernel{}, newStepError(n, err)
		}
		if k.Run != nil {
			return k, nil
		}
	}
	if !ref.Supports(n) {
		return Kernel{}, newStepError(n, errors.Wrap(compute.ErrNotImplemented, "no kernel computes it"))
	}
	return Kernel{
		Name:    "reference",
		InPlace: [][]int{referenceInPlace(n)},
		Run: func(_ *Runtime, in, out []tensor.Tensor, _ []byte) error {
			return ref.Eval(n, in, out)
		},
	}, nil
}

// referenceInPlace lists the inputs that the reference loops may write their output over: those they allow, of which
// no two may be the same memory.
func referenceInPlace(n *ir.Node) []int {
	times := make(map[ir.Value]int)
	for _, in := range n.Inputs {
		root, _ := rootOf(in)
		times[root]++
	}
	return slices.DeleteFunc(ref.InPlace(n), func(i int) bool {
		root, _ := rootOf(n.Inputs[i])
		return times[root] > 1
	})
}
