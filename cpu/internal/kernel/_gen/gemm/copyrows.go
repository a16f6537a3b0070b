package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"

	"github.com/atelier-go/atelier/cpu/internal/kernel/gen/asm"
)

// emitCopyRows writes a function for each width in bytes that a panel of some kernel has, A's and B's.
func emitCopyRows(c *asm.Context) {
	for _, width := range []int{24, 48, 56, 64, 112, 128} {
		name := fmt.Sprintf("copyRows%dAVX2", width)
		asm.Func(c, name, "func(dst, src *byte, ld, n int)",
			fmt.Sprintf("%s copies n rows of %d bytes, ld bytes apart, to follow each other. n is at least 1.", name, width))
		dst := c.Load(c.Param("dst"), c.GP64())
		src := c.Load(c.Param("src"), c.GP64())
		ld := c.Load(c.Param("ld"), c.GP64())
		n := c.Load(c.Param("n"), c.GP64())
		c.Label("loop")
		for at := 0; at < width; {
			from, to := operand.Mem{Base: src, Disp: at}, operand.Mem{Base: dst, Disp: at}
			switch rest := width - at; {
			case rest >= 32:
				v := c.YMM()
				c.VMOVUPS(from, v)
				c.VMOVUPS(v, to)
				at += 32
			case rest >= 16:
				v := c.XMM()
				c.VMOVUPS(from, v)
				c.VMOVUPS(v, to)
				at += 16
			default:
				v := c.GP64()
				c.MOVQ(from, v)
				c.MOVQ(v, to)
				at += 8
			}
		}
		c.ADDQ(ld, src)
		c.ADDQ(operand.U32(width), dst)
		c.DECQ(n)
		c.JNZ(operand.LabelRef("loop"))
		asm.Return(c)
	}
}
