package fused

import (
	"slices"

	"github.com/atelier-go/atelier/cpu/internal/kernel/vec"
)

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
		if _, taken := direct[out.Reg]; !taken && at >= lastRead && at >= 0 && out.Kind == Store && out.dense && !out.isBool() && !out.isHalf() {
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
