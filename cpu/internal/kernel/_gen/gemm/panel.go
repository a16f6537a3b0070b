package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/atelier-go/atelier/cpu/internal/kernel/gen/asm"
)

// panel is a function under construction: tiles of all the set's rows, one below the other, on packed operands. That
// their strides are constants leaves the loop over k little but multiplications, and no time passes between tiles.
type panel struct {
	tile
	next, pace, left reg.Register
}

// turn is how many steps of k one turn of the main loop takes: with a prefetch in each, a panel of B is asked for
// while some ten tiles are computed.
const turn = 8

func emitPanel(c *asm.Context, s set, e element) {
	p := &panel{tile: tile{Context: c, set: s, element: e, mr: s.rows}}
	nr := 2 * s.vectorBytes / e.bytes
	name := fmt.Sprintf("panel%dx%d%s%s", p.mr, nr, e.name, s.name)
	asm.Func(c, name,
		fmt.Sprintf("func(tiles, k int, a, b, c *%s, ldc int, next uintptr, pace int, accumulate bool)", e.goT),
		fmt.Sprintf("%s is Kernel.Run for a number of tiles, at least 1, of %d rows each: a holds them packed, one after", name, p.mr),
		fmt.Sprintf("the other, b is a packed panel. k is at least 1. Every %d steps it asks for the cache line at next and moves", turn),
		"on by pace bytes. Any address will do: prefetching never faults.")
	p.emit()
}

func (p *panel) emit() {
	tiles := p.Load(p.Param("tiles"), p.GP64())
	p.a = p.Load(p.Param("a"), p.GP64())
	c := p.Load(p.Param("c"), p.GP64())
	ldc := p.stride("ldc")
	p.next = p.Load(p.Param("next"), p.GP64())
	p.pace = p.Load(p.Param("pace"), p.GP64())
	p.b, p.left = p.GP64(), p.GP64()

	p.Label("tile")
	p.clear()
	p.loops(c, ldc)
	p.output(c, ldc)
	p.DECQ(tiles)
	p.JNZ(operand.LabelRef("tile"))
	asm.Return(p.Context)
	p.Label("late")
	p.prefetchC(c, ldc)
	p.JMP(operand.LabelRef("asked"))
}

// lead is how many turns before their end the tile of C is asked for: rows some power of two apart compete for a few
// lines of the first-level cache, which a panel of B would sweep out again if they came earlier.
const lead = 16

// loops leads a to the next tile: they follow each other.
func (p *panel) loops(c, ldc reg.Register) {
	p.Load(p.Param("b"), p.b)
	p.Load(p.Param("k"), p.left)
	p.SHRQ(operand.Imm(3), p.left)
	p.CMPQ(p.left, operand.Imm(lead))
	p.JGE(operand.LabelRef("turn"))
	p.prefetchC(c, ldc)
	p.TESTQ(p.left, p.left)
	p.JZ(operand.LabelRef("rest"))
	p.Label("turn")
	for at := range turn {
		if at == turn/2 {
			p.PREFETCHT0(operand.Mem{Base: p.next})
			p.ADDQ(p.pace, p.next)
		}
		p.step(at)
	}
	p.advance(turn)
	p.CMPQ(p.left, operand.Imm(lead))
	p.JEQ(operand.LabelRef("late"))
	p.Label("asked")
	p.DECQ(p.left)
	p.JNZ(operand.LabelRef("turn"))
	p.Label("rest")
	p.Load(p.Param("k"), p.left)
	p.ANDQ(operand.Imm(turn-1), p.left)
	p.JZ(operand.LabelRef("done"))
	p.Label("one")
	p.step(0)
	p.advance(1)
	p.DECQ(p.left)
	p.JNZ(operand.LabelRef("one"))
	p.Label("done")
}

// step is the multiplications of the step at a distance from the current one.
func (p *panel) step(at int) {
	p.row = make([]operand.Mem, p.mr)
	for i := range p.row {
		p.row[i] = operand.Mem{Base: p.a, Disp: (at*p.mr + i) * p.bytes}
	}
	p.multiply(operand.Mem{Base: p.b, Disp: at * 2 * p.vectorBytes})
}

func (p *panel) advance(steps int) {
	p.ADDQ(operand.U32(uint32(steps*p.mr*p.bytes)), p.a)
	p.ADDQ(operand.U32(uint32(steps*2*p.vectorBytes)), p.b)
}
