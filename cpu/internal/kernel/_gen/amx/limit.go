package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/atelier-go/atelier/cpu/internal/kernel/gen/asm"
)

// productsARound is how many products of tiles a round of the limit's kernel forms: the four of a block, four times.
const productsARound = 16

// emitLimit writes the kernel that measures what the instruction can do: products of zeros, on tiles that stay where
// they are.
func emitLimit(c *asm.Context) {
	p := &panel{c, 2, 2}
	asm.Func(c, "limitBF16AMX", "func(config *byte, rounds int)",
		"limitBF16AMX forms 16 products of tiles a round, without loading any. It configures the tiles and releases them.")
	config, rounds := reg.RAX, reg.RCX
	c.Load(c.Param("config"), config)
	emit(c, ldtilecfg(operand.Mem{Base: config}), "LDTILECFG (%s)", config.Asm())
	c.Load(c.Param("rounds"), rounds)
	for t := range tile(8) {
		emit(c, tilezero(t), "TILEZERO %s", t)
	}
	c.Label("round")
	for i := range productsARound {
		row, col := i/2%2, i%2
		s := p.sum(row, col)
		emit(c, tdpbf16ps(s, p.a(row), p.b(col)), "TDPBF16PS %s, %s, %s", p.b(col), p.a(row), s)
	}
	c.DECQ(rounds)
	c.JNZ(operand.LabelRef("round"))
	emit(c, tilerelease(), "TILERELEASE")
	c.RET()
}
