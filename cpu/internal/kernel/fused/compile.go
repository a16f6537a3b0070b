package fused

import (
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
			isBool: in.DType == dtypes.Bool, strides: strides[i], dense: e.dense(strides[i]),
			extent: extent(p.Dims, in.Strides, false), slot: -1,
		})
		e.inputs[i].how = e.access(&e.inputs[i])
	}
	for i, out := range p.Outputs {
		s := strides[len(p.Inputs)+i]
		r := result{Output: out, dense: e.dense(s), strides: s, extent: extent(p.Dims, out.Strides, out.Kind != Store), slot: -1}
		r.accStrides, r.accSize = e.accumulators(s)
		e.outputs = append(e.outputs, r)
		if out.Kind != Store {
			e.reductions = append(e.reductions, i)
		}
	}
	if e.points == 0 {
		return e, nil
	}
	newAllocator(e, p).run()
	e.chooseBlock()
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
	case in.isBool:
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

// instr is an instruction over registers in terms of kernels. Registers are those of the program and, for results
// that no instruction computes, copies.
type instr struct {
	op   vec.Op
	dst  int
	args []int
}

// allocator maps registers to slots.
type allocator struct {
	e       *Exec
	code    []instr
	imm     map[int]float64 // constants' registers
	slotOf  []int           // by register; -1: none yet
	lastUse []int           // by register: index of the last instruction that reads it
	free    []int           // slots of blocks that hold nothing
}

var vecOps = [...]vec.Op{Neg: vec.Neg, Abs: vec.Abs, Sign: vec.Sign, Sqrt: vec.Sqrt, Rsqrt: vec.Rsqrt, Exp: vec.Exp,
	Expm1: vec.Expm1, Log: vec.Log, Log1p: vec.Log1p, Tanh: vec.Tanh, Logistic: vec.Logistic, Erf: vec.Erf,
	Sin: vec.Sin, Cos: vec.Cos, Floor: vec.Floor, Ceil: vec.Ceil, Round: vec.Round, Add: vec.Add, Sub: vec.Sub,
	Mul: vec.Mul, Div: vec.Div, Max: vec.Max, Min: vec.Min, Pow: vec.Pow, FMA: vec.FMA, Equal: vec.Equal,
	NotEqual: vec.NotEqual, Less: vec.Less, LessOrEqual: vec.LessOrEqual, Greater: vec.Less,
	GreaterOrEqual: vec.LessOrEqual, IsNaN: vec.IsNaN, IsFinite: vec.IsFinite, MaskAnd: vec.MaskAnd, MaskOr: vec.MaskOr,
	MaskXor: vec.MaskXor, MaskNot: vec.MaskNot, Select: vec.Select, ToMask: vec.ToMask, ToNum: vec.ToNum}

func newAllocator(e *Exec, p *Program) *allocator {
	a := &allocator{e: e, imm: map[int]float64{}}
	for _, c := range p.Code {
		if c.Op == Const {
			a.imm[c.Dst] = c.Imm
			continue
		}
		n, _ := c.Op.operands()
		i := instr{op: vecOps[c.Op], dst: c.Dst, args: []int{c.A, c.B, c.C}[:n]}
		switch {
		case c.Op == Greater || c.Op == GreaterOrEqual:
			i.args[0], i.args[1] = c.B, c.A
		case c.Op == Pow && a.isConst(c.B, 2):
			i.op, i.args[1] = vec.Mul, c.A // x·x is x² rounded correctly
		}
		a.code = append(a.code, i)
	}
	regs := p.Regs
	for i := range e.outputs {
		if r := e.outputs[i].Reg; a.needsCopy(r, e.outputs[i].Kind) {
			a.code = append(a.code, instr{op: vec.Copy, dst: regs, args: []int{r}})
			e.outputs[i].Reg = regs
			regs++
		}
	}
	a.slotOf, a.lastUse = make([]int, regs), make([]int, regs)
	for r := range a.slotOf {
		a.slotOf[r] = -1
	}
	return a
}

func (a *allocator) isConst(reg int, v float64) bool {
	imm, ok := a.imm[reg]
	return ok && imm == v
}

// needsCopy reports whether an output's register is not in a block: constants and scalars are splats, and what is
// stored from memory goes through a copy instruction so that it is ordered with the others.
func (a *allocator) needsCopy(reg int, kind Reduction) bool {
	if _, ok := a.imm[reg]; ok {
		return true
	}
	if reg >= len(a.e.inputs) {
		return false
	}
	switch a.e.inputs[reg].how {
	case scalar, rowValue:
		return true
	case inPlace:
		return kind == Store || !a.e.inputs[reg].dense
	}
	return false
}

func (a *allocator) newSlot(s slot) int {
	switch s.kind {
	case blockSlot:
		s.index = a.e.blocks
		a.e.blocks++
	case splatSlot:
		s.index = a.e.splats
		a.e.splats++
	}
	a.e.slots = append(a.e.slots, s)
	return len(a.e.slots) - 1
}

// run makes the steps.
func (a *allocator) run() {
	e := a.e
	a.measureLives()
	a.placeInputs()
	directOutput := a.directOutputs()
	for i, c := range a.code {
		for _, r := range c.args {
			a.load(r)
		}
		// The destination may take over the block of an operand that dies here: kernels allow it.
		for _, r := range c.args {
			a.release(r, i)
		}
		if out, ok := directOutput[c.dst]; ok {
			a.slotOf[c.dst] = a.newSlot(slot{kind: outputSlot, index: out})
			e.direct = append(e.direct, a.slotOf[c.dst])
		} else {
			a.slotOf[c.dst] = a.takeBlock()
		}
		a.emit(c)
		a.release(c.dst, i) // written and never read
	}
	for i := range e.outputs {
		out := &e.outputs[i]
		a.load(out.Reg) // an input in a block may not have been read by any instruction
		out.slot = a.slotOf[out.Reg]
		s := e.slots[out.slot]
		switch {
		case out.Kind != Store && s.kind == inputSlot:
			e.early = append(e.early, i)
		case out.Kind != Store:
			e.reduces = append(e.reduces, i)
		case s.kind != outputSlot || s.index != i:
			e.stores = append(e.stores, i)
		}
	}
}

func (a *allocator) measureLives() {
	for r := range a.lastUse {
		a.lastUse[r] = -1
	}
	for i, c := range a.code {
		for _, r := range c.args {
			a.lastUse[r] = i
		}
	}
	for _, out := range a.e.outputs {
		a.lastUse[out.Reg] = len(a.code)
	}
}

// placeInputs gives slots to the inputs that live outside the shared blocks, and to constants.
func (a *allocator) placeInputs() {
	for i := range a.e.inputs {
		if a.lastUse[i] < 0 {
			continue
		}
		in := &a.e.inputs[i]
		switch in.how {
		case scalar:
			in.slot = a.newSlot(slot{kind: splatSlot})
		case rowValue:
			in.slot = a.newSlot(slot{kind: splatSlot})
			a.e.prepared = append(a.e.prepared, i)
		case inPlace:
			in.slot = a.newSlot(slot{kind: inputSlot, index: i})
			a.e.direct = append(a.e.direct, in.slot)
		case kept:
			in.slot = a.newSlot(slot{kind: blockSlot})
			a.e.prepared = append(a.e.prepared, i)
		}
		a.slotOf[i] = in.slot
	}
}

// directOutputs chooses the outputs that the instruction computing them writes straight to memory: dense ones, if no
// later instruction reads a dense input, whose memory may be the same.
func (a *allocator) directOutputs() map[int]int {
	lastRead := -1
	for i, c := range a.code {
		for _, r := range c.args {
			if r < len(a.e.inputs) && a.e.inputs[r].how != scalar && a.e.inputs[r].dense {
				lastRead = i
			}
		}
	}
	direct := map[int]int{}
	for i, out := range a.e.outputs {
		at := slices.IndexFunc(a.code, func(c instr) bool { return c.dst == out.Reg })
		if _, taken := direct[out.Reg]; !taken && at >= lastRead && at >= 0 && out.Kind == Store && out.dense && out.DType != dtypes.Bool {
			direct[out.Reg] = i
		}
	}
	return direct
}

// load makes sure that a register is in a slot when it is about to be read.
func (a *allocator) load(reg int) {
	if a.slotOf[reg] >= 0 {
		return
	}
	if v, ok := a.imm[reg]; ok {
		a.slotOf[reg] = a.newSlot(slot{kind: splatSlot, imm: v, isImm: true})
		return
	}
	a.e.inputs[reg].slot = a.takeBlock()
	a.slotOf[reg] = a.e.inputs[reg].slot
	a.e.steps = append(a.e.steps, step{fill: reg})
}

func (a *allocator) takeBlock() int {
	if n := len(a.free); n > 0 {
		s := a.free[n-1]
		a.free = a.free[:n-1]
		return s
	}
	return a.newSlot(slot{kind: blockSlot})
}

// release frees a register's block if instruction i is the last to use it.
func (a *allocator) release(reg, i int) {
	s := a.slotOf[reg]
	if a.lastUse[reg] > i || a.e.slots[s].kind != blockSlot || slices.Contains(a.free, s) {
		return
	}
	if reg < len(a.e.inputs) && a.e.inputs[reg].how == kept {
		return
	}
	a.free = append(a.free, s)
}

func (a *allocator) emit(c instr) {
	s := step{run: a.e.kernels.Op[c.op], dst: a.slotOf[c.dst], fill: -1}
	ops := [3]int{s.dst, s.dst, s.dst}
	var strides [3]int
	for i, r := range c.args {
		ops[i] = a.slotOf[r]
		if a.e.slots[ops[i]].kind != splatSlot {
			strides[i] = 1
		}
	}
	s.a, s.b, s.c = ops[0], ops[1], ops[2]
	s.sa, s.sb, s.sc = strides[0], strides[1], strides[2]
	a.e.steps = append(a.e.steps, s)
}
