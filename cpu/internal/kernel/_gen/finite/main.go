// Command finite generates the search for numbers that are not finite.
package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/atelier-go/atelier/cpu/internal/kernel/gen/asm"
)

// vectors is how many are read in a round, enough to hide the latency of a multiply-add.
const vectors = 8

func main() {
	asm.File("avx2", func(c *asm.Context) { all(c, "allAVX2", 32, func() reg.VecVirtual { return c.YMM() }) })
	asm.File("avx512", func(c *asm.Context) { all(c, "allAVX512", 64, func() reg.VecVirtual { return c.ZMM() }) })
}

// all sums 0·x, which is 0 for finite numbers and NaN for others.
func all(c *asm.Context, name string, bytes int, vec func() reg.VecVirtual) {
	asm.Func(c, name, "func(x *float32, rounds int) bool",
		name+" reports whether the first rounds blocks of x hold finite numbers alone; rounds > 0.")
	x := c.Load(c.Param("x"), c.GP64())
	rounds := c.Load(c.Param("rounds"), c.GP64())
	zero := vec()
	c.VXORPS(zero.AsX(), zero.AsX(), zero.AsX())
	sums := make([]reg.VecVirtual, vectors)
	for i := range sums {
		sums[i] = vec()
		c.VXORPS(sums[i].AsX(), sums[i].AsX(), sums[i].AsX())
	}
	c.Label("round")
	for i, sum := range sums {
		c.VFMADD231PS(Mem{Base: x, Disp: i * bytes}, zero, sum)
	}
	c.ADDQ(U32(uint32(vectors*bytes)), x)
	c.DECQ(rounds)
	c.JNZ(LabelRef("round"))
	for step := 1; step < vectors; step *= 2 {
		for i := 0; i < vectors; i += 2 * step {
			c.VADDPS(sums[i], sums[i+step], sums[i])
		}
	}
	result := c.GP64()
	if bytes == 64 {
		unordered := c.K()
		c.VCMPPS(Imm(3), sums[0], sums[0], unordered)
		c.KMOVW(unordered, result.As32())
	} else {
		c.VCMPPS(Imm(3), sums[0], sums[0], sums[0])
		c.VMOVMSKPS(sums[0], result.As32())
	}
	finite := c.GP8()
	c.TESTL(result.As32(), result.As32())
	c.SETEQ(finite)
	c.Store(finite, c.ReturnIndex(0))
	asm.Return(c)
}
