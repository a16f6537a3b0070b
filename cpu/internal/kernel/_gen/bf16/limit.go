package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/atelier-go/atelier/cpu/internal/kernel/gen/asm"
)

// Of a round of the limit's kernel: sums, enough for the latency of the instruction, and how often each is added to.
const limitSums, limitTimes = 28, 4

// emitLimit writes the kernel that measures what the instruction can do.
func emitLimit(c *asm.Context) {
	asm.Func(c, "limitAVX512", "func(rounds int)",
		"limitAVX512 does 112 instructions of 32 products a round, on registers alone.")
	rounds := c.Load(c.Param("rounds"), c.GP64())
	zero := func() reg.VecVirtual {
		v := c.ZMM()
		c.VPXORD(v, v, v)
		return v
	}
	var sums [limitSums]reg.VecVirtual
	for i := range sums {
		sums[i] = zero()
	}
	x, y := zero(), zero()
	c.Label("round")
	for range limitTimes {
		for _, s := range sums {
			asm.VDPBF16PS(c, x, y, s)
		}
	}
	c.DECQ(rounds)
	c.JNZ(operand.LabelRef("round"))
	asm.Return(c)
}
