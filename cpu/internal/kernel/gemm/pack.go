package gemm

import (
	"unsafe"

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
	g.packPanels(dst, b, rs, cs, k, n)
}

// stripe is how many panels are filled together from row-major B: enough to read rows in long pieces, few enough
// streams to write.
const stripe = 8

// packPanels is PackB without checks.
func (g *Kernel[T]) packPanels(dst, b []T, rs, cs, k, n int) {
	full := n / g.NR
	switch {
	case cs == 1:
		for j := 0; j < full; j += stripe {
			g.packRows(dst[j*k*g.NR:], b[j*g.NR:], rs, k, min(stripe, full-j))
		}
	case rs == 1:
		for j := range full {
			interleave(g.ISA, dst[j*k*g.NR:], b[j*g.NR*cs:], cs, g.NR, g.NR, k)
		}
	default:
		for j := range full {
			packStrided(dst[j*k*g.NR:], b[j*g.NR*cs:], rs, cs, k, g.NR, g.NR)
		}
	}
	if edge := n % g.NR; edge > 0 {
		panel := dst[full*k*g.NR:][:k*g.NR]
		clear(panel)
		packStrided(panel, b[full*g.NR*cs:], rs, cs, k, edge, g.NR)
	}
}

// packRows fills whole panels from rows that are contiguous.
func (g *Kernel[T]) packRows(dst, b []T, rs, k, panels int) {
	const unit = 32 // bytes, which divide the width of every kernel's panel
	type block = [unit]byte
	per := unit / g.size()
	perPanel := g.NR / per
	for p := range k {
		row := b[p*rs:][:panels*g.NR]
		src := unsafe.Slice((*block)(unsafe.Pointer(unsafe.SliceData(row))), len(row)/per)
		for j := range panels {
			d := dst[(j*k+p)*g.NR:][:g.NR]
			to := unsafe.Slice((*block)(unsafe.Pointer(unsafe.SliceData(d))), perPanel)
			for u, s := range src[j*perPanel:][:perPanel] {
				to[u] = s
			}
		}
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

// packA copies m rows of A into panels of MR rows, column after column, so that a tile reads it with a row stride of
// 1 and a column stride of MR. Unused rows of the last panel are left as they are; up to slack elements after the
// panels may be written.
func (g *Kernel[T]) packA(dst, a []T, rsa, csa, m, k int) {
	for i := 0; i < m; i += g.MR {
		rows := min(g.MR, m-i)
		panel := dst[i*k:]
		switch {
		case csa == 1:
			interleave(g.ISA, panel, a[i*rsa:], rsa, rows, g.MR, k)
		default:
			packStrided(panel, a[i*rsa:], csa, rsa, k, rows, g.MR)
		}
	}
}

// slack is the elements that interleave may write after its last row.
const slack = 8

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
