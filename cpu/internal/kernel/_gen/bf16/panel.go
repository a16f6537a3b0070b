package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/atelier-go/atelier/cpu/internal/kernel/gen/asm"
)

// The packed format, in bytes; see package bf16.
const (
	tileRows  = 16
	tilePairs = 16
	rowBytes  = 64                    // of a tile of A
	tileBytes = tileRows * rowBytes   // of A
	pairBytes = 128                   // of a pair of rows of B
	deepBytes = tilePairs * pairBytes // of B, for each tile of A
)

// block is the rows of A that are multiplied at once: 16 sums, which hide the latency of a multiplication, and half
// a panel of A.
const block = 8

// emitPanel writes the micro-kernel. A whole tile of A's depth is written out, so that every place in it is a constant.
func emitPanel(c *asm.Context) {
	asm.Func(c, "panel8x32AVX512", "func(blocks, tiles int, a, b *uint16, c *float32, ldc int, accumulate bool)",
		"panel8x32AVX512 is Kernel.panel for a number of blocks of 8 rows. blocks and tiles are at least 1.")
	blocks := c.Load(c.Param("blocks"), c.GP64())
	tiles := c.Load(c.Param("tiles"), c.GP64())
	a := c.Load(c.Param("a"), c.GP64())
	out := c.Load(c.Param("c"), c.GP64())
	ldc := c.Load(c.Param("ldc"), c.GP64())
	c.SHLQ(operand.Imm(2), ldc)
	b, left, from, odd := c.GP64(), c.GP64(), c.GP64(), c.GP64()
	c.XORQ(odd, odd)

	c.Label("block")
	p := c.GP64()
	c.MOVQ(out, p)
	for i := range block {
		c.PREFETCHT0(operand.Mem{Base: p})
		c.PREFETCHT0(operand.Mem{Base: p, Disp: 64})
		if i < block-1 {
			c.ADDQ(ldc, p)
		}
	}
	var sums [block][2]reg.VecVirtual
	for i := range sums {
		for j := range sums[i] {
			v := c.ZMM()
			c.VPXORD(v, v, v)
			sums[i][j] = v
		}
	}
	c.Load(c.Param("b"), b)
	c.MOVQ(tiles, left)
	c.MOVQ(a, from)
	c.Label("tile")
	for pair := range tilePairs {
		step(c, from, b, pair, &sums)
	}
	c.ADDQ(operand.U32(tileBytes), from)
	c.ADDQ(operand.U32(deepBytes), b)
	c.DECQ(left)
	c.JNZ(operand.LabelRef("tile"))

	flag := c.Load(c.Param("accumulate"), c.GP8())
	c.TESTB(flag, flag)
	c.JZ(operand.LabelRef("store"))
	c.MOVQ(out, p)
	for i := range sums {
		for j, v := range sums[i] {
			c.VADDPS(operand.Mem{Base: p, Disp: 64 * j}, v, v)
		}
		c.ADDQ(ldc, p)
	}
	c.Label("store")
	for i := range sums {
		for j, v := range sums[i] {
			c.VMOVUPS(v, operand.Mem{Base: out, Disp: 64 * j})
		}
		c.ADDQ(ldc, out)
	}
	// The lower half of the same panel of A comes next, or the upper half of the next panel, which starts where the
	// loop over tiles has ended, less the half.
	c.ADDQ(operand.U32(block*rowBytes), a)
	c.XORQ(operand.U8(1), odd)
	c.JNZ(operand.LabelRef("next"))
	c.LEAQ(operand.Mem{Base: from, Disp: -block * rowBytes}, a)
	c.Label("next")
	c.DECQ(blocks)
	c.JNZ(operand.LabelRef("block"))
	asm.Return(c)
}

// step adds the products of a pair of steps of k.
func step(c *asm.Context, a, b reg.Register, pair int, sums *[block][2]reg.VecVirtual) {
	var columns [2]reg.VecVirtual
	for j := range columns {
		columns[j] = c.ZMM()
		c.VMOVUPS(operand.Mem{Base: b, Disp: pair*pairBytes + 64*j}, columns[j])
	}
	for i := range sums {
		x := c.ZMM()
		c.VBROADCASTSS(operand.Mem{Base: a, Disp: i*rowBytes + 4*pair}, x)
		for j, y := range columns {
			asm.VDPBF16PS(c, x, y, sums[i][j])
		}
	}
}
