package gemm

import (
	"github.com/atelier-go/atelier/cpu/internal/isa"
)

// PackedSizeB is the elements that PackB writes for a matrix of k rows and n columns.
func (g *Kernel[T]) PackedSizeB(k, n int) int { return k * roundUp(n, g.NR) }

// PackB copies B, with element (p,j) at b[p*rs+j*cs], into panels of NR columns, the last one padded with zeros:
//
//	dst[(j/NR)*k*NR + p*NR + j%NR]
//
// It is fast when rs or cs is 1.
func (g *Kernel[T]) PackB(dst, b []T, rs, cs, k, n int) {
	if k <= 0 || n <= 0 {
		return
	}
	checkMatrix("PackB: b", len(b), k, n, rs, cs)
	if len(dst) < g.PackedSizeB(k, n) {
		panic("gemm: PackB: dst is too short")
	}
	for p := 0; p < k; p += slice {
		g.packPanels(dst[p*g.NR:], k*g.NR, b[p*rs:], rs, cs, min(slice, k-p), n)
	}
}

// slice is the rows of B that are packed at once, and stripe the panels that one task fills: few enough for what a row
// brings to a cache beside one panel's columns to be there when the next panels want it.
const (
	slice  = 256
	stripe = 8
)

// packPanels is PackB without checks, for panels that begin apart elements after each other.
func (g *Kernel[T]) packPanels(dst []T, apart int, b []T, rs, cs, k, n int) {
	for j := 0; j < n; j += g.NR {
		panel, cols := dst[j/g.NR*apart:][:k*g.NR], min(g.NR, n-j)
		g.packPanel(panel, b[j*cs:], cs, rs, cols, g.NR, k)
		if cols < g.NR {
			for p := range k {
				clear(panel[p*g.NR+cols : (p+1)*g.NR])
			}
		}
	}
}

// packA copies m rows of A into panels of MR rows, column after column, so that a tile reads it with a row stride of
// 1 and a column stride of MR. Unused rows of the last panel are left as they are; up to slack elements after the
// panels may be written.
func (g *Kernel[T]) packA(dst, a []T, rsa, csa, m, k int) {
	for i := 0; i < m; i += g.MR {
		g.packPanel(dst[i*k:], a[i*rsa:], rsa, csa, min(g.MR, m-i), g.MR, k)
	}
}

// slack is the elements that packPanel may write after its last row.
const slack = 8

// packPanel copies lanes vectors of length k, element p of vector i at src[i*across+p*along], to a panel in which
// the vectors lie side by side: dst[p*width+i].
func (g *Kernel[T]) packPanel(dst, src []T, across, along, lanes, width, k int) {
	switch {
	case across == 1 && lanes == width && copyRowsAsm(g.ISA, dst, src, along, width, k):
	case along == 1:
		interleave(g.ISA, dst, src, across, lanes, width, k)
	default:
		packStrided(dst, src, along, across, k, lanes, width)
	}
}

// packStrided copies k rows of n elements of any layout to rows of length ld.
func packStrided[T Float](dst, b []T, rs, cs, k, n, ld int) {
	for p := range k {
		row := dst[p*ld:][:n]
		at := p * rs
		for j := range row {
			row[j] = b[at]
			at += cs
		}
	}
}

// interleave transposes rows contiguous rows of k elements, ld apart, to k rows of length width:
// dst[p*width+i] = src[i*ld+p].
func interleave[T Float](level isa.Level, dst, src []T, ld, rows, width, k int) {
	p := interleaveAsm(level, dst, src, ld, rows, width, k)
	for ; p < k; p++ {
		row := dst[p*width:][:rows]
		at := p
		for i := range row {
			row[i] = src[at]
			at += ld
		}
	}
}

func roundUp(x, to int) int { return (x + to - 1) / to * to }

func ceilDiv(x, by int) int { return (x + by - 1) / by }
