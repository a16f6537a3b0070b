package exec

import (
	"fmt"
	"slices"
	"sync"

	"github.com/gomlx/compute/dtypes"
	"github.com/pkg/errors"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/kernel/conv"
	"github.com/atelier-go/atelier/cpu/internal/kernel/fused"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
)

// lowerConv runs a convolution, and its epilogue on the rows of the output that are in cache.
func lowerConv(env *Env, n *ir.Node) (Kernel, error) {
	attr := n.Attr.(ir.ConvolutionAttr)
	options := conv.Options{
		Precision: env.Precision,
		HalfA:     n.Inputs[0].Shape().DType == dtypes.BFloat16,
		HalfB:     n.Inputs[1].Shape().DType == dtypes.BFloat16,
	}
	if attr.Epilogue != nil && convolutionTarget(attr.Epilogue) < 0 {
		options.Aside = env.RunsAside(n)
	}
	plan := conv.NewPlan(attr.Spec, env.ISA, env.Pool.Threads(), options)
	name := plan.Algorithm()
	if attr.Epilogue == nil {
		return Kernel{
			Name:    name,
			Scratch: plan.ScratchBytes(),
			Run: func(rt *Runtime, in, out []tensor.Tensor, scratch []byte) error {
				plan.RunOperands(rt.Pool, roundedOperand(in[0]), roundedOperand(in[1]), tensor.Of[float32](out[0]), scratch, nil)
				return nil
			},
		}, nil
	}
	e, err := newEpilogue(env, attr, plan, options.Aside)
	if err != nil {
		return Kernel{}, errors.WithMessage(err, "epilogue")
	}
	if options.Aside {
		name += ", sums not kept"
	}
	return Kernel{
		Name:    fmt.Sprintf("%s, then %d operations", name, len(attr.Epilogue.Code)),
		Scratch: e.convScratch + e.epilogueScratch + e.rawBytes,
		InPlace: e.inPlace,
		Run:     e.run,
	}, nil
}

// epilogue is a convolution with an elementwise program on its output.
type epilogue struct {
	plan     *conv.Plan
	exec     *fused.Exec
	channels int
	// target is the output that the convolution writes to and the program then overwrites, or -1 where no output has
	// the form of the convolution's: it then writes to scratch memory, of its own for a part at a time if it can.
	target                                 int
	convScratch, epilogueScratch, rawBytes int
	inPlace                                [][]int
	calls                                  sync.Pool
}

// epilogueCall is one run; its function is made once.
type epilogueCall struct {
	operands
	scratch []byte
	done    conv.Epilogue
}

func newEpilogue(env *Env, attr ir.ConvolutionAttr, plan *conv.Plan, aside bool) (*epilogue, error) {
	program := attr.Epilogue
	exec, err := fused.Compile(program, env.ISA)
	if err != nil {
		return nil, err
	}
	e := &epilogue{
		plan: plan, exec: exec, channels: program.Dims[len(program.Dims)-1], target: convolutionTarget(program),
		convScratch: roundUp(plan.ScratchBytes()), epilogueScratch: roundUp(exec.ScratchBytes(env.Pool.Threads())),
	}
	if e.target < 0 && !aside {
		points := 1
		for _, d := range program.Dims {
			points *= d
		}
		e.rawBytes = 4 * points
	}
	e.inPlace = e.reusable(program)
	e.calls.New = func() any {
		c := &epilogueCall{operands: operands{
			in: make([][]byte, len(program.Inputs)), out: make([][]byte, len(program.Outputs)),
		}}
		c.done = func(worker, pixel, count int, sums []float32) {
			e.exec.RunRange(worker, tensor.Bytes(sums), c.in, c.out, c.scratch, pixel*e.channels, (pixel+count)*e.channels)
		}
		return c
	}
	return e, nil
}

// convolutionTarget picks the output that the convolution is written to: one that stores it unchanged, or else any
// that holds a float32 for each point in its order.
func convolutionTarget(p *fused.Program) int {
	target := -1
	for k, out := range p.Outputs {
		if out.DType != dtypes.Float32 || !slices.Equal(out.Strides, p.Inputs[0].Strides) {
			continue
		}
		if out.Reg == 0 {
			return k
		}
		if target < 0 {
			target = k
		}
	}
	return target
}

// reusable lists the inputs that outputs may be written over. The target is written by the convolution before the
// program reads any input, an output must not overwrite what the convolution still reads, and none what a second run
// would read again.
func (e *epilogue) reusable(p *fused.Program) [][]int {
	const operands = 2 // the convolution's
	if e.plan.MayRepeat() {
		return nil
	}
	lists := storesInPlace(p)
	for k := range lists {
		if k == e.target {
			lists[k] = nil
			continue
		}
		var shifted []int
		for _, i := range lists[k] {
			if i > 0 {
				shifted = append(shifted, i-1+operands)
			}
		}
		lists[k] = shifted
	}
	return lists
}

func (e *epilogue) run(rt *Runtime, in, out []tensor.Tensor, scratch []byte) error {
	c := e.calls.Get().(*epilogueCall)
	raw := scratch[e.convScratch+e.epilogueScratch:]
	if e.target >= 0 {
		raw = out[e.target].Data
	}
	for i, t := range in[2:] {
		c.in[i+1] = t.Data
	}
	for k, t := range out {
		c.out[k] = t.Data
	}
	c.scratch = scratch[e.convScratch:][:e.epilogueScratch]
	e.plan.RunOperands(rt.Pool, roundedOperand(in[0]), roundedOperand(in[1]), tensor.View[float32](raw), scratch[:e.convScratch], c.done)
	c.clear()
	c.scratch = nil
	e.calls.Put(c)
	return nil
}

func roundUp(n int) int { return (n + tensor.Align - 1) / tensor.Align * tensor.Align }
