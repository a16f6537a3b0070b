// Command gemm generates the micro-kernels of matrix multiplication: for each instruction set and element type, one
// function for each number of rows, and one for a column of tiles; and the copies that packing consists of.
package main

import "github.com/atelier-go/atelier/cpu/internal/kernel/gen/asm"

func main() {
	for _, s := range sets {
		for _, e := range elements {
			asm.File(e.file+"_"+s.file, func(c *asm.Context) {
				for mr := 1; mr <= s.rows; mr++ {
					(&tile{Context: c, set: s, element: e, mr: mr}).emit()
				}
			})
		}
		asm.File("panel_"+s.file, func(c *asm.Context) {
			for _, e := range elements {
				emitPanel(c, s, e)
			}
		})
	}
	asm.File("pack_avx2", func(c *asm.Context) {
		emitInterleave(c)
		emitCopyRows(c)
		emitPrefetch(c)
	})
}
