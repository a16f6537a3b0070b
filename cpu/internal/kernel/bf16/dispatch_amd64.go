//go:build !noasm

package bf16

import "unsafe"

// rowsAtOnce is the rows of a block of panel8x32AVX512.
const rowsAtOnce = 8

// panelAVX512 is Kernel.panel with VDPBF16PS. Rows that do not fill a block go through one on the stack.
func panelAVX512(rows, tiles int, a, b *uint16, c *float32, ldc int, accumulate bool) {
	if blocks := rows / rowsAtOnce; blocks > 0 {
		panel8x32AVX512(blocks, tiles, a, b, c, ldc, accumulate)
	}
	if rest := rows % rowsAtOnce; rest > 0 {
		i := rows - rest
		var sums [rowsAtOnce * NR]float32
		from := unsafe.Slice(a, ceilDiv(rows, MR)*tiles*tileA)[i/MR*tiles*tileA+i%MR*Depth:]
		panel8x32AVX512(1, tiles, &from[0], b, &sums[0], NR, false)
		put(unsafe.Slice(c, (rows-1)*ldc+NR)[i*ldc:], ldc, sums[:], rest, NR, accumulate)
	}
}

func packRowsAsm(dst []uint16, src []float32, ld, rows, k int) {
	packRowsAVX512(&dst[0], &src[0], ld, rows, k)
}

func packPairsAsm(dst []uint16, src []float32, ld, columns, k int) {
	packPairsAVX512(&dst[0], &src[0], ld, columns, k)
}

func transposeToPairsAsm(dst []uint16, src []float32, ld, n, k int) {
	transposeToPairsAVX512(&dst[0], &src[0], ld, n, k)
}

func transposeToRowsAsm(dst []uint16, src []float32, ld, n, k int) {
	transposeToRowsAVX512(&dst[0], &src[0], ld, n, k)
}
