package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/atelier-go/atelier/cpu/internal/kernel/gen/asm"
)

// emitConfiguration lets tests see that tiles are released.
func emitConfiguration(c *asm.Context) {
	asm.Func(c, "configuration", "func(config *byte)", "configuration stores the 64 bytes of the tiles' configuration; zeros if they are released.")
	to := operand.Mem{Base: reg.RAX}
	c.Load(c.Param("config"), reg.RAX)
	emit(c, sttilecfg(to), "STTILECFG %s", to.Asm())
	c.RET()
}

// emitEnabled reads XCR0.
func emitEnabled(c *asm.Context) {
	asm.Func(c, "enabledState", "func() uint32",
		"enabledState is the lower half of XCR0: a bit for each part of a processor's state that the operating system keeps.",
		"The processor must have OSXSAVE.")
	c.XORL(reg.ECX, reg.ECX)
	c.XGETBV()
	c.Store(reg.EAX, c.ReturnIndex(0))
	c.RET()
}
