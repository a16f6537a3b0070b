package amx

import (
	"math"
	"unsafe"
)

// portable is Kernel.Panels in Go, with the rounding of TDPBF16PS.
func portable(panels, rows, cols, tiles int, a *uint16, panelA int, b *uint16, panelB int, c *float32, ldc int, accumulate bool) {
	for i := range panels {
		b := (*uint16)(unsafe.Add(unsafe.Pointer(b), 2*i*panelB))
		c := (*float32)(unsafe.Add(unsafe.Pointer(c), 4*i*ColumnsB))
		portablePanel(rows, cols, tiles, a, panelA, b, c, ldc, accumulate)
	}
}

// portablePanel multiplies by one panel of B.
func portablePanel(rows, cols, tiles int, a *uint16, panelA int, b *uint16, c *float32, ldc int, accumulate bool) {
	as := unsafe.Slice(a, (ceilDiv(rows, RowsA)-1)*panelA+tiles*tileA)
	bs := unsafe.Slice(b, tiles*tileB)
	cs := unsafe.Slice(c, (rows-1)*ldc+cols)
	for i := range rows {
		panel := as[i/RowsA*panelA:]
		for j := range cols {
			sum := float32(0)
			if accumulate {
				sum = flush(cs[i*ldc+j])
			}
			for t := range tiles {
				row := panel[t*tileA+i%RowsA*Depth:][:Depth]
				sum = flush(sum + dot(row, bs[t*tileB+2*j:]))
			}
			cs[i*ldc+j] = sum
		}
	}
}

// dot is a row of a tile of A times a column of one of B, in which pairs are 2·ColumnsB elements apart.
func dot(row, column []uint16) float32 {
	var even, odd float32
	for p := 0; p < Depth; p += 2 {
		pair := column[p*ColumnsB:][:2]
		even = multiplyAdd(row[p], pair[0], even)
		odd = multiplyAdd(row[p+1], pair[1], odd)
	}
	return flush(even + odd)
}

// multiplyAdd is x·y+z, rounded once: the product is exact in float64, and so is the sum unless one of the two is too
// small beside the other to decide how it rounds to float32.
func multiplyAdd(x, y uint16, z float32) float32 {
	return flush(float32(float64(widen(x))*float64(widen(y)) + float64(z)))
}

// widen is a bfloat16's value, that of a subnormal one zero.
func widen(x uint16) float32 { return flush(math.Float32frombits(uint32(x) << 16)) }

// flush replaces a subnormal number by a zero of its sign.
func flush(x float32) float32 {
	const exponent, sign = 0xff << 23, 1 << 31
	if bits := math.Float32bits(x); bits&exponent == 0 {
		return math.Float32frombits(bits & sign)
	}
	return x
}
