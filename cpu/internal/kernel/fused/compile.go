package fused

import (
	"fmt"
	"slices"

	"github.com/atelier-go/atelier/cpu/internal/isa"
	"github.com/atelier-go/atelier/cpu/internal/kernel/vec"
	"github.com/gomlx/compute/dtypes"
)

const (
	// longRow is from how many columns on a row is cut into blocks; shorter rows are gathered into blocks.
	longRow = 512
	// cacheBytes is how much of the L1 cache a program's blocks and the memory they stream may take.
	cacheBytes = 24 << 10
	// stripRows by stripCols points are evaluated together where an operand is transposed: the elements of a cache line
	// by as many lines as the L1 cache holds beside the blocks.
	stripRows = 16
	stripCols = 256

	minBlock = 256
	maxBlock = 2048
	// blockPad keeps blocks from starting at the same offset in a page, where loads would wait for stores.
	blockPad = 128
	align    = 64
)

// Exec is a compiled program. Its methods may be called from several goroutines at once.
type Exec struct {
	space
	kernels *vec.Kernels
	size    int // bytes of an element
	block   int // points in a tile at most; tiles of short rows hold whole rows

	inputs  []operand
	outputs []result
	slots   []slot
	steps   []step
	// What happens to a tile besides the steps, in this order: early reductions read inputs that steps may overwrite.
	direct   []int // slots that move with the tile
	prepared []int // inputs filled before the first step
	early    []int // outputs
	stores   []int // outputs
	reduces  []int // outputs

	reductions []int // outputs that reduce, in the order of their accumulators

	transposes bool // some operand of long rows is contiguous along another axis

	blocks, splats int
	split          split
	frames         freeList
}

// how says where a kernel finds an input.
type how uint8

const (
	scalar   how = iota // one value, splat once
	rowValue            // one value for each long row, splat when the row changes
	inPlace             // in memory
	kept                // in a block of its own, filled again only when what it would hold differs
	gathered            // in a block, filled for every tile
)

type operand struct {
	how     how
	dense   bool
	isBool  bool
	isHalf  bool  // bfloat16
	strides []int // of the merged axes
	extent  int   // elements of memory
	slot    int
}

type result struct {
	Output
	dense   bool
	strides []int
	extent  int
	slot    int
	// Reductions number their elements densely, row-major over the axes they keep.
	accStrides []int
	accSize    int
	inOrder    bool // the elements are in memory as they are numbered
}

type slotKind uint8

const (
	blockSlot slotKind = iota
	splatSlot
	inputSlot
	outputSlot
)

// slot is a pointer that kernels are given: a block or splat of the scratch memory, or an operand in memory.
type slot struct {
	kind  slotKind
	index int
	imm   float64 // of a constant's splat
	isImm bool
}

// step runs a kernel on slots, or fills an input's block if fill is not negative.
type step struct {
	run          vec.Kernel
	dst, a, b, c int
	sa, sb, sc   int
	fill         int
}

// Compile prepares a program for the kernels of level l.
func Compile(p *Program, l isa.Level) (*Exec, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	e := &Exec{kernels: vec.For(l)}
	if p.DType == dtypes.Float64 {
		e.kernels = vec.Float64()
	}
	e.size = e.kernels.Size
	var strides [][]int
	for _, in := range p.Inputs {
		strides = append(strides, in.Strides)
	}
	for _, out := range p.Outputs {
		strides = append(strides, out.Strides)
	}
	e.space, strides = merge(p.Dims, strides)
	for i, in := range p.Inputs {
		e.inputs = append(e.inputs, operand{
			isBool: in.DType == dtypes.Bool, isHalf: in.DType == dtypes.BFloat16, strides: strides[i], dense: e.dense(strides[i]),
			extent: extent(p.Dims, in.Strides, false), slot: -1,
		})
		e.inputs[i].how = e.access(&e.inputs[i])
	}
	for i, out := range p.Outputs {
		s := strides[len(p.Inputs)+i]
		r := result{Output: out, dense: e.dense(s), strides: s, extent: extent(p.Dims, out.Strides, out.Kind != Store), slot: -1}
		r.accStrides, r.accSize = e.accumulators(s)
		r.inOrder = slices.Equal(s, r.accStrides)
		e.outputs = append(e.outputs, r)
		if out.Kind != Store {
			e.reductions = append(e.reductions, i)
		}
	}
	if e.points == 0 {
		return e, nil
	}
	for i := range e.outputs {
		if r := &e.outputs[i]; r.isHalf() && !r.dense {
			return nil, fmt.Errorf("fused: output %d: bfloat16 with strides %v for dimensions %v", i, p.Outputs[i].Strides, p.Dims)
		}
	}
	newAllocator(e, p).run()
	e.chooseBlock()
	if wide, differs := p.widened(); differs && len(e.reductions) > 0 {
		// Sums are added in blocks and chunks: those of bfloat16 are to have the bits of the same sums of float32.
		w, err := Compile(wide, l)
		if err != nil {
			return nil, err
		}
		e.block = w.block
	}
	for _, s := range strides {
		e.transposes = e.transposes || e.long() && s[len(e.outer)] > 1
	}
	e.split = e.chooseSplit()
	return e, nil
}

// long reports whether tiles are parts of rows.
func (e *Exec) long() bool { return e.cols >= longRow }

// access decides how kernels read an input.
func (e *Exec) access(in *operand) how {
	last := len(e.outer)
	switch {
	case allZero(in.strides):
		return scalar
	case !e.long() && last > 0 && in.strides[last-1] == 0:
		return kept
	case in.isBool, in.isHalf:
		return gathered
	case in.dense, e.long() && in.strides[last] == 1:
		return inPlace
	case e.long() && in.strides[last] == 0:
		return rowValue
	}
	return gathered
}

// accumulators numbers the elements of a reduction.
func (e *Exec) accumulators(strides []int) ([]int, int) {
	acc, n := make([]int, len(strides)), 1
	for axis := len(strides) - 1; axis >= 0; axis-- {
		if strides[axis] == 0 {
			continue
		}
		acc[axis] = n
		if axis == len(e.outer) {
			n *= e.cols
		} else {
			n *= e.outer[axis]
		}
	}
	return acc, n
}

// chooseBlock sets the number of points in a tile so that all that a tile touches stays in the L1 cache.
func (e *Exec) chooseBlock() {
	b := cacheBytes / e.size / max(e.blocks+len(e.direct), 1)
	b = min(max(b, minBlock), maxBlock) / 64 * 64
	if e.long() {
		pieces := (e.cols + b - 1) / b
		e.block = ((e.cols+pieces-1)/pieces + 63) / 64 * 64
		return
	}
	e.block = max(b/e.cols, 1) * e.cols
	if e.rows == 1 {
		e.block = e.cols
	}
}
