// Command gemm generates the micro-kernels of matrix multiplication.
package main

import "github.com/atelier-go/atelier/cpu/internal/kernel/gen/asm"

func main() {
	asm.File("avx2", func(c *asm.Context) {
		asm.Func(c, "test", "func(a *float32)", "test.")
		a := c.Load(c.Param("a"), c.GP64())
		_ = a
		asm.Return(c)
	})
}
