package exec

import (
	"slices"
	"time"
	"unsafe"

	"github.com/atelier-go/atelier/cpu/internal/tensor"
)

// frame is what one run of a program needs: the tensors that its kernels are called with. Frames are kept and used
// again, so that a run allocates nothing.
type frame struct {
	p       *Program
	params  [][]byte // set by the caller before run
	results [][]byte // likewise
	in, out [][]tensor.Tensor
	scratch [][]byte
	refs    [4][]binding // by home
	base    *byte        // of the arena that the tensors point into
	current int          // step that runs
	rt      Runtime      // of the outermost program
}

// binding is a slice that points into a region.
type binding struct {
	target *[]byte
	place  place
}

func (p *Program) newFrame() *frame {
	f := &frame{
		p:       p,
		params:  make([][]byte, len(p.fn.Params)),
		results: make([][]byte, len(p.fn.Outputs)),
		in:      make([][]tensor.Tensor, len(p.steps)),
		out:     make([][]tensor.Tensor, len(p.steps)),
		scratch: make([][]byte, len(p.steps)),
	}
	for i, s := range p.steps {
		f.in[i] = make([]tensor.Tensor, len(s.in))
		for j, in := range s.in {
			f.in[i][j].Shape = s.node.Inputs[j].Shape()
			f.bind(&f.in[i][j].Data, in)
		}
		f.out[i] = make([]tensor.Tensor, len(s.out))
		for j, out := range s.out {
			f.out[i][j].Shape = s.node.Shapes[j]
			f.bind(&f.out[i][j].Data, out)
		}
		if s.scratch != nil {
			f.bind(&f.scratch[i], place{s.scratch, 0, s.kernel.Scratch})
		}
	}
	return f
}

func (f *frame) bind(target *[]byte, p place) {
	if p.bytes == 0 {
		return
	}
	if p.region.home == inConstant {
		*target = cut(p.region.data, p.offset, p.bytes)
		return
	}
	f.refs[p.region.home] = append(f.refs[p.region.home], binding{target, p})
}

// cut is b[offset:offset+bytes], unable to reach what follows.
func cut(b []byte, offset, bytes int) []byte { return b[offset : offset+bytes : offset+bytes] }

// acquire returns a frame for one run.
func (p *Program) acquire() *frame {
	p.mu.Lock()
	defer p.mu.Unlock()
	if last := len(p.free) - 1; last >= 0 {
		f := p.free[last]
		p.free = p.free[:last]
		return f
	}
	return p.newFrame()
}

// release keeps a frame for another run, without the memory that belongs to the caller or to the arena: both may be
// gone by then.
func (p *Program) release(f *frame) {
	f.base = nil
	for _, home := range [...]home{inArena, inParam, inOutput} {
		for _, b := range f.refs[home] {
			*b.target = nil
		}
	}
	clear(f.params)
	clear(f.results)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, f)
}

// point makes the frame's tensors refer to the caller's memory and to the arena.
func (f *frame) point(arena []byte) {
	for _, b := range f.refs[inParam] {
		*b.target = cut(f.params[b.place.region.index], b.place.offset, b.place.bytes)
	}
	for _, b := range f.refs[inOutput] {
		*b.target = cut(f.results[b.place.region.index], b.place.offset, b.place.bytes)
	}
	if base := unsafe.SliceData(arena); base != f.base {
		for _, b := range f.refs[inArena] {
			*b.target = cut(arena, b.place.region.offset+b.place.offset, b.place.bytes)
		}
		f.base = base
	}
}

// run executes the program once on f.params, writing f.results, which have the sizes of parameters and results.
func (f *frame) run(rt *Runtime, arena []byte) (err error) {
	f.point(arena)
	defer func() {
		if r := recover(); r != nil {
			err = panicError(f.p.steps[f.current].node, r)
		}
	}()
	if f.p.env.Profile {
		return f.runTimed(rt, arena)
	}
	for i, s := range f.p.steps {
		f.current = i
		if err := s.kernel.Run(rt, f.in[i], f.out[i], f.scratch[i]); err != nil {
			return newStepError(s.node, err)
		}
	}
	f.copyResults(arena)
	return nil
}

// runTimed is run with the time of every step measured.
func (f *frame) runTimed(rt *Runtime, arena []byte) error {
	f.p.runs.Add(1)
	for i, s := range f.p.steps {
		f.current = i
		start := time.Now()
		err := s.kernel.Run(rt, f.in[i], f.out[i], f.scratch[i])
		s.nanos.Add(int64(time.Since(start)))
		if err != nil {
			return newStepError(s.node, err)
		}
	}
	f.copyResults(arena)
	return nil
}

// copyResults fills the results that no step wrote. A result may be the very memory of the parameter that it is.
func (f *frame) copyResults(arena []byte) {
	for _, c := range f.p.copies {
		var from []byte
		r := c.from.region
		switch r.home {
		case inArena:
			from = arena[r.offset:]
		case inParam:
			from = f.params[r.index]
		case inConstant:
			from = r.data
		case inOutput:
			from = f.results[r.index]
		}
		if c.from.bytes > 0 {
			copy(f.results[c.index], cut(from, c.from.offset, c.from.bytes))
		}
	}
}

// Run executes the program. params and results are the memory of its parameters and results, of exactly their sizes;
// a result may be the memory of the parameter that Reuses names for it and of no other. The error is a *StepError, or
// a *MemoryError if the arena cannot be had, in which case nothing ran. It comes with the parameters that were written
// to, in whole or in part.
func (p *Program) Run(params, results [][]byte) (overwritten []int, err error) {
	arena, err := p.env.Arenas.Get(p.arena)
	if err != nil {
		return nil, err
	}
	defer p.env.Arenas.Put(arena)
	f := p.acquire()
	defer p.release(f)
	copy(f.params, params)
	copy(f.results, results)
	f.rt.Pool = p.env.Pool
	if err := f.run(&f.rt, arena); err != nil {
		return p.overwritten(f), err
	}
	return nil, nil
}

// overwritten lists the parameters whose memory a step up to the current one wrote a result to.
func (p *Program) overwritten(f *frame) []int {
	var params []int
	for k, i := range p.reuses {
		if i < 0 || unsafe.SliceData(f.params[i]) != unsafe.SliceData(f.results[k]) {
			continue
		}
		for _, s := range p.steps[:f.current+1] {
			if slices.ContainsFunc(s.out, func(o place) bool { return o.region.home == inOutput && o.region.index == k }) {
				params = append(params, i)
				break
			}
		}
	}
	return params
}
