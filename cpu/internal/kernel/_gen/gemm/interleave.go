package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/atelier-go/atelier/cpu/internal/kernel/gen/asm"
)

// emitInterleave writes the transposition that packing matrices with contiguous rows comes down to.
func emitInterleave(c *asm.Context) {
	asm.Func(c, "interleave8F32AVX2", "func(dst, src *float32, ld, rows, width, n int)",
		"interleave8F32AVX2 is dst[p*width+i] = src[min(i,rows-1)*ld+p] for i in [0,8) and p in [0,8*n), p ascending: where",
		"width < 8, later columns overwrite the end of earlier ones. n and rows are at least 1.")
	dst := c.Load(c.Param("dst"), c.GP64())
	src := c.Load(c.Param("src"), c.GP64())
	ld := c.Load(c.Param("ld"), c.GP64())
	rows := c.Load(c.Param("rows"), c.GP64())
	c.SHLQ(operand.Imm(2), ld)
	row := [8]operand.Mem{{Base: src}}
	last := c.GP64()
	c.XORQ(last, last)
	for i := 1; i < 8; i++ {
		offset := c.GP64()
		c.MOVQ(last, offset)
		next := c.GP64()
		c.LEAQ(operand.Mem{Base: offset, Index: ld, Scale: 1}, next)
		c.CMPQ(rows, operand.Imm(uint64(i)))
		c.CMOVQGT(next, offset)
		row[i] = operand.Mem{Base: src, Index: offset, Scale: 1}
		last = offset
	}
	width := c.Load(c.Param("width"), c.GP64())
	n := c.Load(c.Param("n"), c.GP64())
	c.SHLQ(operand.Imm(2), width)
	c.Label("loop")
	for half := range 2 {
		transpose4(c, row, 16*half, func(column reg.VecVirtual) {
			c.VMOVUPS(column, operand.Mem{Base: dst})
			c.ADDQ(width, dst)
		})
	}
	c.ADDQ(operand.Imm(32), src)
	c.DECQ(n)
	c.JNZ(operand.LabelRef("loop"))
	asm.Return(c)
}

// transpose4 turns four columns, at a byte offset in eight rows, into four vectors. Rows i and i+4 share a vector, so
// that no step crosses its halves.
func transpose4(c *asm.Context, row [8]operand.Mem, offset int, store func(reg.VecVirtual)) {
	var r [4]reg.VecVirtual
	for i := range r {
		r[i] = c.YMM()
		c.VMOVUPS(row[i].Offset(offset), r[i].AsX())
		c.VINSERTF128(operand.Imm(1), row[i+4].Offset(offset), r[i], r[i])
	}
	pairs := [4]reg.VecVirtual{c.YMM(), c.YMM(), c.YMM(), c.YMM()}
	c.VUNPCKLPS(r[1], r[0], pairs[0])
	c.VUNPCKLPS(r[3], r[2], pairs[1])
	c.VUNPCKHPS(r[1], r[0], pairs[2])
	c.VUNPCKHPS(r[3], r[2], pairs[3])
	for i := 0; i < 4; i += 2 {
		low, high := c.YMM(), c.YMM()
		c.VUNPCKLPD(pairs[i+1], pairs[i], low)
		c.VUNPCKHPD(pairs[i+1], pairs[i], high)
		store(low)
		store(high)
	}
}
