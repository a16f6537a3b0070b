package fused

import (
	"sync"
	"unsafe"

	"github.com/atelier-go/atelier/cpu/internal/kernel/vec"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
)

// frame is what one worker needs to evaluate tiles: its part of the scratch memory and the slots' pointers.
type frame struct {
	e       *Exec
	in, out [][]byte
	first   []byte // of input 0, the memory of its points from firstAt on; nil if in has all of it
	firstAt int
	slots   []unsafe.Pointer
	lanes   []float64
	// For each input in a block of its own or splat by rows: the offset and rows that it holds. Offset -1: nothing.
	heldOffset, heldRows []int
	// For each output: where its accumulators are, as if all of them were there from number 0 on.
	accBase []int
}

// laneCount is how many partial results a reduction of narrow rows has at most, before these are folded.
const laneCount = 64

// freeList keeps frames and runs for reuse, so that running allocates nothing.
type freeList struct {
	mu     sync.Mutex
	frames []*frame
	runs   []*run
}

func (e *Exec) newFrame() *frame {
	e.frames.mu.Lock()
	defer e.frames.mu.Unlock()
	if n := len(e.frames.frames); n > 0 {
		f := e.frames.frames[n-1]
		e.frames.frames = e.frames.frames[:n-1]
		return f
	}
	return &frame{e: e, slots: make([]unsafe.Pointer, len(e.slots)),
		heldOffset: make([]int, len(e.inputs)), heldRows: make([]int, len(e.inputs)),
		accBase: make([]int, len(e.outputs))}
}

func (f *frame) free() {
	f.in, f.out, f.first, f.lanes = nil, nil, nil, nil
	clear(f.slots)
	f.e.frames.mu.Lock()
	f.e.frames.frames = append(f.e.frames.frames, f)
	f.e.frames.mu.Unlock()
}

// blockBytes is the distance between two blocks.
func (e *Exec) blockBytes() int { return roundUp(e.block*e.size) + blockPad }

// frameBytes is the scratch memory of one worker.
func (e *Exec) frameBytes() int {
	return roundUp(e.blocks*e.blockBytes() + e.splats*vec.Splat*e.size + laneCount*8)
}

func roundUp(n int) int { return (n + align - 1) / align * align }

// begin points the frame at operands and at a worker's scratch memory, and fills what stays the same for all tiles.
func (f *frame) begin(in, out [][]byte, mem []byte) {
	e := f.e
	f.in, f.out = in, out
	splats := e.blocks * e.blockBytes()
	f.lanes = tensor.View[float64](mem[splats+e.splats*vec.Splat*e.size:][:laneCount*8])
	for i, s := range e.slots {
		switch s.kind {
		case blockSlot:
			f.slots[i] = unsafe.Pointer(&mem[s.index*e.blockBytes()])
		case splatSlot:
			f.slots[i] = unsafe.Pointer(&mem[splats+s.index*vec.Splat*e.size])
			if s.isImm {
				f.splatNumber(f.slots[i], s.imm)
			}
		}
	}
	for i := range e.inputs {
		f.heldOffset[i] = -1
		if in := &e.inputs[i]; in.how == scalar && in.slot >= 0 {
			f.splatInput(i, 0)
		}
	}
}

func (f *frame) splatNumber(dst unsafe.Pointer, v float64) {
	if f.e.size == 4 {
		fill((*float32)(dst), vec.Splat, float32(v))
	} else {
		fill((*float64)(dst), vec.Splat, v)
	}
}

// splatInput repeats one element of an input.
func (f *frame) splatInput(i, offset int) {
	in := &f.e.inputs[i]
	dst, src := f.slots[in.slot], f.source(i, offset)
	switch {
	case in.isBool && f.e.size == 4:
		fill((*uint32)(dst), vec.Splat, maskOf[uint32](*(*byte)(src)))
	case in.isBool:
		fill((*uint64)(dst), vec.Splat, maskOf[uint64](*(*byte)(src)))
	case in.isHalf:
		fill((*uint32)(dst), vec.Splat, widen(*(*uint16)(src)))
	case f.e.size == 4:
		fill((*uint32)(dst), vec.Splat, *(*uint32)(src))
	default:
		fill((*uint64)(dst), vec.Splat, *(*uint64)(src))
	}
}

// source is where the element of an input at an offset is.
func (f *frame) source(i, offset int) unsafe.Pointer {
	in, memory := &f.e.inputs[i], f.in[i]
	if i == 0 && f.first != nil {
		memory, offset = f.first, offset-f.firstAt
	}
	switch {
	case in.isHalf:
		offset *= 2
	case !in.isBool:
		offset *= f.e.size
	}
	return unsafe.Add(unsafe.Pointer(unsafe.SliceData(memory)), offset)
}

// widen is the bits of a bfloat16 as float32.
func widen(half uint16) uint32 { return uint32(half) << 16 }

func fill[T any](dst *T, n int, v T) {
	d := unsafe.Slice(dst, n)
	for i := range d {
		d[i] = v
	}
}

func maskOf[W uint32 | uint64](b byte) W {
	if b != 0 {
		return ^W(0)
	}
	return 0
}
