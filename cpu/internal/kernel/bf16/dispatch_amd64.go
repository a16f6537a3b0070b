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

func limitAVX512Of(rounds int) int {
	const instructions, products = 112, 32
	limitAVX512(rounds)
	return rounds * instructions * products
}

func packRowsAsm[T Element](dst []uint16, src []T, ld, rows, k int) {
	if isHalf[T]() {
		packRowsHalvesAVX512(&dst[0], half(src), ld, rows, k)
	} else {
		packRowsAVX512(&dst[0], single(src), ld, rows, k)
	}
}

func packPairsAsm[T Element](dst []uint16, src []T, ld, columns, k int) {
	if isHalf[T]() {
		packPairsHalvesAVX512(&dst[0], half(src), ld, columns, k)
	} else {
		packPairsAVX512(&dst[0], single(src), ld, columns, k)
	}
}

func transposeToPairsAsm[T Element](dst []uint16, src []T, ld, n, k int) {
	if isHalf[T]() {
		transposeToPairsHalvesAVX512(&dst[0], half(src), ld, n, k)
	} else {
		transposeToPairsAVX512(&dst[0], single(src), ld, n, k)
	}
}

func transposeToRowsAsm[T Element](dst []uint16, src []T, ld, n, k int) {
	if isHalf[T]() {
		transposeToRowsHalvesAVX512(&dst[0], half(src), ld, n, k)
	} else {
		transposeToRowsAVX512(&dst[0], single(src), ld, n, k)
	}
}

// half and single are where elements of either type begin.
func half[T Element](x []T) *uint16    { return (*uint16)(unsafe.Pointer(&x[0])) }
func single[T Element](x []T) *float32 { return (*float32)(unsafe.Pointer(&x[0])) }
