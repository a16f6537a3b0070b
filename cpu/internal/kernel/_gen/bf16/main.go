// Command bf16 generates the micro-kernel of products of bfloat16 and the packing of their operands, for AVX-512 with
// AVX512-BF16.
package main

import "github.com/atelier-go/atelier/cpu/internal/kernel/gen/asm"

func main() {
	asm.File("panel_avx512", func(c *asm.Context) {
		emitPanel(c)
		emitLimit(c)
	})
	asm.File("pack_avx512", func(c *asm.Context) {
		order := interleaving(c)
		for _, s := range []source{floats, halves} {
			emitPackRows(c, s)
			emitPackPairs(c, s, order)
			emitTransposed(c, transposeToPairs, s, order)
			emitTransposed(c, transposeToRows, s, order)
		}
	})
}
