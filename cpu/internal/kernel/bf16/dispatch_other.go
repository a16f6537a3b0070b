//go:build !amd64 || noasm

package bf16

// In this build isa offers no level above Portable, so that nothing calls what stands here.

const without = "bf16: this build has no assembly"

func limitAVX512Of(rounds int) int { panic(without) }

func panelAVX512(rows, tiles int, a, b *uint16, c *float32, ldc int, accumulate bool) { panic(without) }

func packRowsAsm[T Element](dst []uint16, src []T, ld, rows, k int) { panic(without) }

func packPairsAsm[T Element](dst []uint16, src []T, ld, columns, k int) { panic(without) }

func transposeToPairsAsm[T Element](dst []uint16, src []T, ld, n, k int) { panic(without) }

func transposeToRowsAsm[T Element](dst []uint16, src []T, ld, n, k int) { panic(without) }
