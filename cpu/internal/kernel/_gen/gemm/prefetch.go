package main

import (
	"github.com/mmcloughlin/avo/operand"

	"github.com/atelier-go/atelier/cpu/internal/kernel/gen/asm"
)

func emitPrefetch(c *asm.Context) {
	asm.Func(c, "prefetchAVX2", "func(address uintptr, stride, rows, lines int)",
		"prefetchAVX2 asks for a number of cache lines, at least 1, of each of a number of rows, at least 1, stride bytes",
		"apart. Any address will do: prefetching never faults.")
	address := c.Load(c.Param("address"), c.GP64())
	stride := c.Load(c.Param("stride"), c.GP64())
	rows := c.Load(c.Param("rows"), c.GP64())
	lines := c.Load(c.Param("lines"), c.GP64())
	p, n := c.GP64(), c.GP64()
	c.Label("row")
	c.MOVQ(address, p)
	c.MOVQ(lines, n)
	c.Label("line")
	c.PREFETCHT0(operand.Mem{Base: p})
	c.ADDQ(operand.Imm(64), p)
	c.DECQ(n)
	c.JNZ(operand.LabelRef("line"))
	c.ADDQ(stride, address)
	c.DECQ(rows)
	c.JNZ(operand.LabelRef("row"))
	c.RET()
}
