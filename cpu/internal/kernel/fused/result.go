package fused

import "github.com/atelier-go/atelier/cpu/internal/tensor"

// writePiece is how many accumulators of a shared reduction a worker folds and writes at once.
const writePiece = 256

// writeShared folds the accumulators [item·writePiece, ...) of all chunks into the first one's, in the chunks' order,
// and writes them.
func (r *run) writeShared(_, item int) {
	e, s := r.e, &r.e.split
	sets := s.chunks
	if s.byColumns {
		sets = 1
	}
	acc := r.accumulators()
	lo, hi := item*writePiece, min((item+1)*writePiece, s.accumulators)
	at := 0
	for _, o := range e.reductions {
		out := &e.outputs[o]
		from, to := max(lo, at), min(hi, at+out.accSize)
		if from < to {
			for set := 1; set < sets; set++ {
				out.Kind.foldInto(acc[from:to], acc[set*s.accumulators+from:])
			}
			for i := from; i < to; i++ {
				e.write(out, r.out[o], i-at, acc[i])
			}
		}
		at += out.accSize
	}
}

// writeItems writes the results of the items [lo, hi).
func (f *frame) writeItems(lo, hi int, acc []float64) {
	e := f.e
	for _, o := range e.reductions {
		out := &e.outputs[o]
		each := out.accSize / e.split.items
		for i := lo * each; i < hi*each; i++ {
			e.write(out, f.out[o], i, acc[f.accBase[o]+i])
		}
	}
}

// writeEmpty writes what reductions of no points give.
func (e *Exec) writeEmpty(out [][]byte) {
	for o := range e.outputs {
		if r := &e.outputs[o]; r.Kind != Store {
			for i := range r.accSize {
				e.write(r, out[o], i, r.Kind.identity())
			}
		}
	}
}

// write rounds accumulator number i of an output to its place in memory.
func (e *Exec) write(out *result, mem []byte, i int, v float64) {
	off := i
	if !out.inOrder {
		off = e.offsetOf(out, i)
	}
	if e.size == 4 {
		tensor.View[float32](mem)[off] = float32(v)
	} else {
		tensor.View[float64](mem)[off] = v
	}
}

func (e *Exec) offsetOf(out *result, i int) int {
	off := 0
	for axis, s := range out.accStrides {
		if s != 0 {
			off += i / s * out.strides[axis]
			i %= s
		}
	}
	return off
}
