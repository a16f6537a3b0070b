package bf16

import (
	"unsafe"

	"github.com/atelier-go/atelier/cpu/internal/isa"
)

// Element is what operands are packed of: float32, which is rounded, or the bits of bfloat16, which are copied.
type Element interface{ float32 | uint16 }

// isHalf reports whether elements are bfloat16 already.
func isHalf[T Element]() bool {
	var x T
	return unsafe.Sizeof(x) == 2
}

// bitsOf is an element as bfloat16.
func bitsOf[T Element](x T) uint16 {
	if isHalf[T]() {
		return *(*uint16)(unsafe.Pointer(&x))
	}
	return Bits(*(*float32)(unsafe.Pointer(&x)))
}

// PackA rounds A, element (i,p) at a[i*rs+p*cs], into panels. It is fast when rs or cs is 1.
func PackA[T Element](g *Kernel, dst []uint16, a []T, rs, cs, m, k int) {
	if m <= 0 || k <= 0 {
		return
	}
	check("PackA", len(a), m, k, rs, cs)
	if len(dst) < SizeA(m, k) {
		panic("bf16: PackA: dst is too short")
	}
	size := Tiles(k) * tileA
	for i := 0; i < m; i += MR {
		panel, rows := dst[i/MR*size:][:size], min(MR, m-i)
		switch src := a[i*rs:]; {
		case g.ISA == isa.AVX512 && cs == 1:
			if rows < MR {
				clear(panel)
			}
			packRowsAsm(panel, src, rs, rows, k)
		case g.ISA == isa.AVX512 && rs == 1:
			transposeToRowsAsm(panel, src, cs, rows, k)
		default:
			packAPortable(panel, src, rs, cs, rows, k)
		}
	}
}

// packAPortable packs one panel.
func packAPortable[T Element](panel []uint16, a []T, rs, cs, rows, k int) {
	clear(panel)
	for i := range rows {
		for p := range k {
			panel[(p/Depth*MR+i)*Depth+p%Depth] = bitsOf(a[i*rs+p*cs])
		}
	}
}

// PackRows rounds rows [i, i+rows) of A, each of n elements, ld apart in src, to columns [at, at+n) of panels whose
// depth is a number of tiles. at is a multiple of Depth; what is left of the last tile is filled with zeros.
func PackRows[T Element](g *Kernel, dst []uint16, tiles, i, at int, src []T, ld, rows, n int) {
	if at%Depth != 0 {
		panic("bf16: PackRows: not at a tile's beginning")
	}
	check("PackRows", len(src), rows, n, ld, 1)
	for rows > 0 {
		count := min(rows, MR-i%MR)
		to := dst[(i/MR*tiles+at/Depth)*tileA+i%MR*Depth:]
		if g.ISA == isa.AVX512 {
			_ = to[(Tiles(n)-1)*tileA+count*Depth-1]
			packRowsAsm(to, src, ld, count, n)
		} else {
			packRowsPortable(to, src, ld, count, n)
		}
		if rows -= count; rows > 0 {
			src = src[count*ld:]
		}
		i += count
	}
}

func packRowsPortable[T Element](to []uint16, src []T, ld, rows, n int) {
	for r := range rows {
		for p := range Tiles(n) * Depth {
			var b uint16
			if p < n {
				b = bitsOf(src[r*ld+p])
			}
			to[p/Depth*tileA+r*Depth+p%Depth] = b
		}
	}
}

// ClearRows is PackRows of zeros.
func ClearRows(dst []uint16, tiles, i, at, rows, n int) {
	for r := i; r < i+rows; r++ {
		for p := at; p < at+n; p += Depth {
			clear(dst[((r/MR*tiles+p/Depth)*MR+r%MR)*Depth:][:Depth])
		}
	}
}

// PackB rounds B, element (p,j) at b[p*rs+j*cs], into panels. It is fast when rs or cs is 1.
func PackB[T Element](g *Kernel, dst []uint16, b []T, rs, cs, k, n int) {
	if n <= 0 || k <= 0 {
		return
	}
	check("PackB", len(b), k, n, rs, cs)
	if len(dst) < SizeB(k, n) {
		panic("bf16: PackB: dst is too short")
	}
	PackPanels(g, dst, Tiles(k)*tileB, b, rs, cs, k, n)
}

// PackPanels is PackB for panels that begin apart elements after each other, of which it writes the first steps of k.
func PackPanels[T Element](g *Kernel, dst []uint16, apart int, b []T, rs, cs, k, n int) {
	for j := 0; j < n; j += NR {
		panel, columns := dst[j/NR*apart:][:Tiles(k)*tileB], min(NR, n-j)
		switch src := b[j*cs:]; {
		case g.ISA == isa.AVX512 && cs == 1:
			packPairsAsm(panel, src, rs, columns, k)
			clear(panel[ceilDiv(k, 2)*2*NR:])
		case g.ISA == isa.AVX512 && rs == 1:
			if columns <= NR/2 {
				clear(panel)
			}
			transposeToPairsAsm(panel, src, cs, min(columns, NR/2), k)
			if columns > NR/2 {
				transposeToPairsAsm(panel[NR:], src[NR/2*cs:], cs, columns-NR/2, k)
			}
		default:
			packBPortable(panel, src, rs, cs, k, columns)
		}
	}
}

// packBPortable packs one panel.
func packBPortable[T Element](panel []uint16, b []T, rs, cs, k, columns int) {
	clear(panel)
	for p := range k {
		for j := range columns {
			panel[(p/2*NR+j)*2+p%2] = bitsOf(b[p*rs+j*cs])
		}
	}
}

// check panics unless a slice of the given length holds a matrix of rows×cols elements with these strides.
func check(name string, length, rows, cols, rs, cs int) {
	if rows <= 0 || cols <= 0 {
		return
	}
	if rs < 0 || cs < 0 {
		panic("bf16: " + name + ": negative stride")
	}
	if (rows-1)*rs+(cols-1)*cs >= length {
		panic("bf16: " + name + ": a matrix is too short for its shape and strides")
	}
}
