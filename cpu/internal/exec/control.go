package exec

import (
	"unsafe"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
)

// alignUp rounds n up to the alignment of tensors.
func alignUp(n int) int { return (n + tensor.Align - 1) &^ (tensor.Align - 1) }

// setParams gives a frame its parameters: declared ones, then captures.
func (f *frame) setParams(groups ...[]tensor.Tensor) {
	i := 0
	for _, g := range groups {
		for _, t := range g {
			f.params[i] = t.Data
			i++
		}
	}
}

func (f *frame) setResults(out []tensor.Tensor) {
	for i, t := range out {
		f.results[i] = t.Data
	}
}

// lowerCall runs the callee on the node's inputs.
func lowerCall(env *Env, n *ir.Node) (Kernel, error) {
	callee, err := Compile(n.Calls[0], env)
	if err != nil {
		return Kernel{}, err
	}
	return Kernel{
		Name:    "call " + n.Calls[0].Name,
		Scratch: callee.arena,
		Run: func(rt *Runtime, in, out []tensor.Tensor, scratch []byte) error {
			f := callee.acquire()
			defer callee.release(f)
			f.setParams(in)
			f.setResults(out)
			return f.run(rt, scratch)
		},
		programs: []*Program{callee},
	}, nil
}

// lowerIf runs one of two branches, which have captures for their only parameters.
func lowerIf(env *Env, n *ir.Node) (Kernel, error) {
	var branches [2]*Program
	for i, f := range n.Calls {
		p, err := Compile(f, env)
		if err != nil {
			return Kernel{}, err
		}
		branches[i] = p
	}
	split := 1 + len(n.Calls[0].Params)
	return Kernel{
		Name:    "if",
		Scratch: max(branches[0].arena, branches[1].arena),
		Run: func(rt *Runtime, in, out []tensor.Tensor, scratch []byte) error {
			branch, captures := branches[1], in[split:]
			if in[0].Data[0] != 0 {
				branch, captures = branches[0], in[1:split]
			}
			f := branch.acquire()
			defer branch.release(f)
			f.setParams(captures)
			f.setResults(out)
			return f.run(rt, scratch)
		},
		programs: branches[:],
	}, nil
}

// loop is a While: cond and body run on the state until cond is false. The state is kept twice, once in the node's
// outputs and once in scratch memory, and every iteration computes one from the other.
type loop struct {
	cond, body *Program
	state      int    // values of it
	same       []bool // the body returns this value as it got it, so that one copy does
	offsets    []int  // of the second copy, in scratch memory
	flag       int    // where cond writes its result
	arena      int    // where cond and body have their arena
}

func lowerWhile(env *Env, n *ir.Node) (Kernel, error) {
	cond, err := Compile(n.Calls[0], env)
	if err != nil {
		return Kernel{}, err
	}
	body, err := Compile(n.Calls[1], env)
	if err != nil {
		return Kernel{}, err
	}
	l := &loop{cond: cond, body: body, state: len(n.Shapes)}
	l.offsets = make([]int, l.state)
	l.same = make([]bool, l.state)
	size := 0
	for i, s := range n.Shapes {
		root, _ := rootOf(n.Calls[1].Outputs[i])
		l.same[i] = paramIndex(root.Node) == i
		l.offsets[i] = size
		if !l.same[i] {
			size += alignUp(tensor.ByteSize(s))
		}
	}
	l.flag = size
	l.arena = size + tensor.Align
	return Kernel{
		Name:     "while",
		Scratch:  l.arena + max(cond.arena, body.arena),
		Run:      l.run,
		programs: []*Program{cond, body},
	}, nil
}

func (l *loop) run(rt *Runtime, in, out []tensor.Tensor, scratch []byte) error {
	cond, body := l.cond.acquire(), l.body.acquire()
	defer l.cond.release(cond)
	defer l.body.release(body)
	captures := in[l.state:]
	condCaptures := len(cond.params) - l.state
	cond.setParams(out, captures[:condCaptures])
	body.setParams(out, captures[condCaptures:])
	cond.results[0] = cut(scratch, l.flag, 1)
	for i, t := range out {
		copy(t.Data, in[i].Data)
		body.results[i] = t.Data
		if !l.same[i] {
			body.results[i] = cut(scratch, l.offsets[i], len(t.Data))
		}
	}
	arena := scratch[l.arena:]
	for {
		copy(cond.params, body.params[:l.state])
		if err := cond.run(rt, arena[:l.cond.arena]); err != nil {
			return err
		}
		if cond.results[0][0] == 0 {
			break
		}
		if err := body.run(rt, arena[:l.body.arena]); err != nil {
			return err
		}
		for i := range l.state {
			body.params[i], body.results[i] = body.results[i], body.params[i]
		}
	}
	for i, t := range out {
		if unsafe.SliceData(body.params[i]) != unsafe.SliceData(t.Data) {
			copy(t.Data, body.params[i])
		}
	}
	return nil
}
