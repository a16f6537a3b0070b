//go:build !amd64 || noasm

package bf16

// In this build isa offers no level above Portable, so that nothing calls what stands here.

const without = "bf16: this build has no assembly"

func panelAVX512(rows, tiles int, a, b *uint16, c *float32, ldc int, accumulate bool) { panic(without) }

func packRowsAsm(dst []uint16, src []float32, ld, rows, k int) { panic(without) }

func packPairsAsm(dst []uint16, src []float32, ld, columns, k int) { panic(without) }

func transposeToPairsAsm(dst []uint16, src []float32, ld, n, k int) { panic(without) }

func transposeToRowsAsm(dst []uint16, src []float32, ld, n, k int) { panic(without) }
