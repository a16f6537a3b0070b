//go:build !noasm

package conv

import "github.com/atelier-go/atelier/cpu/internal/isa"

func tapsAsm(l isa.Level, dst, src, k []float32, from, at []int64) {
	f := tapsAVX2
	if l == isa.AVX512 {
		f = tapsAVX512
	}
	f(&dst[0], &src[0], &k[0], &from[0], &at[0], len(from), len(dst))
}

func tapTilesAsm(l isa.Level, dst, src, k []float32, from, at []int64, dstStep, srcStep, tiles, n int) {
	f := tapTilesAVX2
	if l == isa.AVX512 {
		f = tapTilesAVX512
	}
	f(&dst[0], &src[0], &k[0], &from[0], &at[0], len(from), dstStep, srcStep, tiles, n)
}

func rowsAsm(l isa.Level, dst, x, y []float32, stepX, stepY, rows int) {
	f := rowsAVX2
	if l == isa.AVX512 {
		f = rowsAVX512
	}
	f(&dst[0], &x[0], &y[0], stepX, stepY, rows, len(dst))
}

func rowTapsAsm(l isa.Level, dst, x, y []float32, dstStep, tapStep, stepX, stepY, pixels, n int) {
	f := rowTapsAVX2
	if l == isa.AVX512 {
		f = rowTapsAVX512
	}
	f(&dst[0], &x[0], &y[0], dstStep, tapStep, stepX, stepY, pixels, n)
}

func copyRowsAsm(l isa.Level, dst, src []float32, dstStep, srcStep, rows, n int) {
	f := copyRowsAVX2
	if l == isa.AVX512 {
		f = copyRowsAVX512
	}
	f(&dst[0], &src[0], dstStep, srcStep, rows, n)
}

func sumsAsm(dst, src []float32, offsets []int64, step, n, pixels, vector int) {
	f := sums4AVX2
	if vector == 8 {
		f = sums8AVX2
	}
	f(&dst[0], &src[0], &offsets[0], len(offsets), step, n, pixels)
}

func shallowAsm(l isa.Level, y []float32, ldy int, x []float32, step int, offsets []int64, k []float32, tiles, panels int, stream bool) {
	var f func(tiles, panels, taps int, x *float32, step int, offsets *int64, k, y *float32, ldy int)
	switch {
	case l == isa.AVX512 && stream:
		f = shallowStreamAVX512
	case l == isa.AVX512:
		f = shallowAVX512
	case stream:
		f = shallowStreamAVX2
	default:
		f = shallowAVX2
	}
	f(tiles, panels, len(offsets), &x[0], step, &offsets[0], &k[0], &y[0], ldy)
}

func panelAsm(l isa.Level, tiles, k int, a *float32, rsa, csa int, b *float32, ldb int, c *float32, ldc int, accumulate bool) {
	if l == isa.AVX512 {
		panelAVX512(tiles, k, a, rsa, csa, b, ldb, c, ldc, accumulate)
		return
	}
	panelAVX2(tiles, k, a, rsa, csa, b, ldb, c, ldc, accumulate)
}

func transformAsm(l isa.Level, m mapping, dst, src *float32, dstRow, dstCol, srcRow, srcCol, n int, tmp *float32) {
	if l == isa.AVX512 {
		transformAVX512(m, dst, src, dstRow, dstCol, srcRow, srcCol, n, tmp)
		return
	}
	switch m {
	case transformInput:
		transformInputAVX2(dst, src, dstRow, dstCol, srcRow, srcCol, n, tmp)
	case transformKernel3:
		transformKernel3AVX2(dst, src, dstRow, dstCol, srcRow, srcCol, n, tmp)
	case transformKernel4:
		transformKernel4AVX2(dst, src, dstRow, dstCol, srcRow, srcCol, n, tmp)
	case transformOutput4:
		transformOutput4AVX2(dst, src, dstRow, dstCol, srcRow, srcCol, n, tmp)
	case transformOutput3:
		transformOutput3AVX2(dst, src, dstRow, dstCol, srcRow, srcCol, n, tmp)
	}
}

// transformRoundedAsm is transformAsm with AVX512-BF16, of what is rounded.
func transformRoundedAsm(m mapping, dst, src *float32, dstRow, dstCol, srcRow, srcCol, n int, tmp *float32) {
	switch m {
	case transformInput:
		transformInputBF16AVX512(dst, src, dstRow, dstCol, srcRow, srcCol, n, tmp)
	case transformKernel3:
		transformKernel3BF16AVX512(dst, src, dstRow, dstCol, srcRow, srcCol, n, tmp)
	case transformKernel4:
		transformKernel4BF16AVX512(dst, src, dstRow, dstCol, srcRow, srcCol, n, tmp)
	}
}

func transformAVX512(m mapping, dst, src *float32, dstRow, dstCol, srcRow, srcCol, n int, tmp *float32) {
	switch m {
	case transformInput:
		transformInputAVX512(dst, src, dstRow, dstCol, srcRow, srcCol, n, tmp)
	case transformKernel3:
		transformKernel3AVX512(dst, src, dstRow, dstCol, srcRow, srcCol, n, tmp)
	case transformKernel4:
		transformKernel4AVX512(dst, src, dstRow, dstCol, srcRow, srcCol, n, tmp)
	case transformOutput4:
		transformOutput4AVX512(dst, src, dstRow, dstCol, srcRow, srcCol, n, tmp)
	case transformOutput3:
		transformOutput3AVX512(dst, src, dstRow, dstCol, srcRow, srcCol, n, tmp)
	}
}
