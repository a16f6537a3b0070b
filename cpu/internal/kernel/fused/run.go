package fused

import (
	"unsafe"

	"github.com/atelier-go/atelier/cpu/internal/par"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
	"github.com/gomlx/compute/dtypes"
)

func (r *result) isBool() bool { return r.DType == dtypes.Bool }
func (r *result) isHalf() bool { return r.DType == dtypes.BFloat16 }

// ScratchBytes is the size of the memory that Run and RunRange need on a pool of the given number of threads.
func (e *Exec) ScratchBytes(threads int) int {
	return align + threads*e.frameBytes() + e.split.bytes(e, threads)
}

// aligned drops the first bytes of a scratch memory up to the next multiple of align.
func aligned(mem []byte) []byte {
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(mem))) & (align - 1))
	return mem[skip:]
}

// Run evaluates the program. in and out are the memory of its inputs and outputs, which may be larger than they
// need to be; scratch has at least ScratchBytes(pool.Threads()) bytes and what is in it does not matter. An output
// that is stored may be the same memory as an input of the same strides.
//
// The result's bits do not depend on the number of threads.
func (e *Exec) Run(pool *par.Pool, in, out [][]byte, scratch []byte) {
	e.checkMemory(in, out, 0)
	if len(scratch) < e.ScratchBytes(pool.Threads()) {
		panic("fused: scratch memory too small")
	}
	if e.points == 0 {
		e.writeEmpty(out)
		return
	}
	r := e.newRun()
	r.in, r.out, r.scratch, r.threads = in, out, aligned(scratch), pool.Threads()
	if e.split.byColumns {
		e.identities(r.accumulators(), 1, 1)
	}
	pool.For(e.split.chunks, r.body)
	if e.split.shared {
		pool.For(pieces(e.split.accumulators, writePiece), r.write)
	}
	r.free()
}

// RunRange evaluates the points [lo, hi), counted row-major, of a program that only stores. first is what input 0,
// which has an element for each point in their order, holds at these points; in[0] is not used. worker says which part
// of the scratch memory to use, which must be that of more threads than worker; otherwise it is as Run.
func (e *Exec) RunRange(worker int, first []byte, in, out [][]byte, scratch []byte, lo, hi int) {
	e.checkMemory(in, out, 1)
	if lo < 0 || hi > e.points {
		panic("fused: range outside the program's points")
	}
	if x := &e.inputs[0]; !x.dense || len(first) < e.bytes(hi-lo, x.isBool, x.isHalf) {
		panic("fused: input 0 is not that of a range, or its memory too small")
	}
	if len(e.early)+len(e.reduces) > 0 {
		panic("fused: RunRange of a program that reduces")
	}
	if lo >= hi {
		return
	}
	f := e.newFrame()
	f.first, f.firstAt = first, lo
	f.begin(in, out, e.frameMemory(aligned(scratch), worker))
	f.points(lo, hi, nil)
	f.free()
}

func (e *Exec) frameMemory(scratch []byte, worker int) []byte {
	return scratch[worker*e.frameBytes():][:e.frameBytes()]
}

// checkMemory checks all outputs, and inputs from one on.
func (e *Exec) checkMemory(in, out [][]byte, from int) {
	if len(in) != len(e.inputs) || len(out) != len(e.outputs) {
		panic("fused: wrong number of operands")
	}
	for i := from; i < len(e.inputs); i++ {
		if x := &e.inputs[i]; len(in[i]) < e.bytes(x.extent, x.isBool, x.isHalf) {
			panic("fused: input memory too small")
		}
	}
	for i := range e.outputs {
		if x := &e.outputs[i]; len(out[i]) < e.bytes(x.extent, x.isBool(), x.isHalf()) {
			panic("fused: output memory too small")
		}
	}
}

func (e *Exec) bytes(elements int, isBool, isHalf bool) int {
	switch {
	case isBool:
		return elements
	case isHalf:
		return 2 * elements
	}
	return elements * e.size
}

// run is one call of Run.
type run struct {
	e           *Exec
	in, out     [][]byte
	scratch     []byte
	threads     int
	body, write func(worker, item int) // bound once, so that they are not allocated for every call
}

func (e *Exec) newRun() *run {
	e.frames.mu.Lock()
	defer e.frames.mu.Unlock()
	if n := len(e.frames.runs); n > 0 {
		r := e.frames.runs[n-1]
		e.frames.runs = e.frames.runs[:n-1]
		return r
	}
	r := &run{e: e}
	r.body, r.write = r.chunk, r.writeShared
	return r
}

func (r *run) free() {
	r.in, r.out, r.scratch = nil, nil, nil
	r.e.frames.mu.Lock()
	r.e.frames.runs = append(r.e.frames.runs, r)
	r.e.frames.mu.Unlock()
}

// accumulators is the part of the scratch memory that holds the reductions' results.
func (r *run) accumulators() []float64 {
	return tensor.View[float64](r.scratch[r.threads*r.e.frameBytes():][:r.e.split.bytes(r.e, r.threads)])
}

// chunk evaluates one piece of the work.
func (r *run) chunk(worker, item int) {
	e := r.e
	f := e.newFrame()
	f.begin(r.in, r.out, e.frameMemory(r.scratch, worker))
	s := &e.split
	switch {
	case s.byColumns:
		f.accumulateFrom(0, 1, 1)
		f.columns(item*s.size, min((item+1)*s.size, e.cols), r.accumulators())
	case s.accumulators == 0:
		f.points(item*s.size, min((item+1)*s.size, e.points), nil)
	case s.shared:
		acc := r.accumulators()[item*s.accumulators:][:s.accumulators]
		e.identities(acc, 1, 1)
		f.accumulateFrom(0, 1, 1)
		f.points(item*s.size, min((item+1)*s.size, e.points), acc)
	default:
		acc := r.accumulators()[worker*s.accumulators:][:s.accumulators]
		lo, hi := item*s.size, min((item+1)*s.size, s.items)
		e.identities(acc, hi-lo, s.items)
		f.accumulateFrom(lo, hi-lo, s.items)
		f.points(lo*s.itemPoints, hi*s.itemPoints, acc)
		f.writeItems(lo, hi, acc)
	}
	f.free()
}

// points evaluates the points [lo, hi).
func (f *frame) points(lo, hi int, acc []float64) {
	e := f.e
	first, end := (lo+e.cols-1)/e.cols, hi/e.cols // whole rows
	if !e.transposes || first >= end {
		f.inOrder(lo, hi, acc)
		return
	}
	f.inOrder(lo, first*e.cols, acc)
	f.strips(first, end, acc)
	f.inOrder(end*e.cols, hi, acc)
}

// strips evaluates the rows [first, end) in an order that uses all of a cache line where a step along the row
// jumps in memory and a step to the next row does not.
func (f *frame) strips(first, end int, acc []float64) {
	e := f.e
	t := tile{rows: 1}
	for ; first < end; first += stripRows {
		for c := 0; c < e.cols; c += t.n {
			t.col, t.n = c, min(e.cols-c, stripCols, e.block)
			t.cols = t.n
			for t.row = first; t.row < min(first+stripRows, end); t.row++ {
				t.point = t.row*e.cols + c
				f.tile(&t, acc)
			}
		}
	}
}

// inOrder evaluates the points [lo, hi), tile by tile.
func (f *frame) inOrder(lo, hi int, acc []float64) {
	e := f.e
	var t tile
	for p := lo; p < hi; p += t.n {
		t.point, t.row, t.col = p, p/e.cols, p%e.cols
		left := min(hi-p, e.block)
		if t.col != 0 || left < e.cols || e.long() {
			t.rows, t.n = 1, min(left, e.cols-t.col)
		} else {
			t.rows = left / e.cols
			t.n = t.rows * e.cols
		}
		t.cols = t.n / t.rows
		f.tile(&t, acc)
	}
}

// columns evaluates the columns [lo, hi) of all rows.
func (f *frame) columns(lo, hi int, acc []float64) {
	e := f.e
	t := tile{rows: 1}
	for row := range e.rows {
		for c := lo; c < hi; c += t.n {
			t.row, t.col, t.n = row, c, min(hi-c, e.block)
			t.point, t.cols = row*e.cols+c, t.n
			f.tile(&t, acc)
		}
	}
}

// tile evaluates the program at the points of a tile.
func (f *frame) tile(t *tile, acc []float64) {
	e := f.e
	for _, d := range e.direct {
		f.point(d, t)
	}
	for _, i := range e.prepared {
		f.prepare(i, t)
	}
	for _, o := range e.early {
		f.reduce(o, t, acc)
	}
	for i := range e.steps {
		s := &e.steps[i]
		if s.fill >= 0 {
			f.gather(s.fill, t)
			continue
		}
		s.run((*byte)(f.slots[s.dst]), (*byte)(f.slots[s.a]), (*byte)(f.slots[s.b]), (*byte)(f.slots[s.c]), t.n, s.sa, s.sb, s.sc)
	}
	for _, o := range e.stores {
		f.store(o, t)
	}
	for _, o := range e.reduces {
		f.reduce(o, t, acc)
	}
}

// point moves a slot in memory to the tile's first element.
func (f *frame) point(d int, t *tile) {
	e := f.e
	s := &e.slots[d]
	if s.kind == outputSlot {
		f.slots[d] = unsafe.Add(unsafe.Pointer(unsafe.SliceData(f.out[s.index])), t.point*e.size)
		return
	}
	off := t.point
	if in := &e.inputs[s.index]; !in.dense {
		off = e.rowOffset(t.row, in.strides) + t.col
	}
	f.slots[d] = f.source(s.index, off)
}

// prepare fills the block or splat of an input that often holds the right elements already.
func (f *frame) prepare(i int, t *tile) {
	e := f.e
	in := &e.inputs[i]
	off := e.rowOffset(t.row, in.strides)
	if in.how == rowValue {
		if off != f.heldOffset[i] {
			f.splatInput(i, off)
			f.heldOffset[i] = off
		}
		return
	}
	rows, _ := e.run(t.row, t.rows, in.strides)
	if rows < t.rows && allZero(in.strides[:len(e.outer)]) {
		rows = t.rows
	}
	whole := rows == t.rows && t.cols == e.cols // all rows of the tile are the same and complete
	if whole && off == f.heldOffset[i] && t.rows <= f.heldRows[i] {
		return
	}
	f.gather(i, t)
	f.heldOffset[i], f.heldRows[i] = -1, 0
	if whole {
		f.heldOffset[i], f.heldRows[i] = off, t.rows
	}
}
