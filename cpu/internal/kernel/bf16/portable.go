package bf16

import "unsafe"

// panelPortable is Kernel.panel in plain Go, the reference of the others: exact products, summed in float32.
func panelPortable(rows, tiles int, a, b *uint16, c *float32, ldc int, accumulate bool) {
	av := unsafe.Slice(a, ceilDiv(rows, MR)*tiles*tileA)
	bv := unsafe.Slice(b, tiles*tileB)
	cv := unsafe.Slice(c, (rows-1)*ldc+NR)
	for i := range rows {
		var sums [NR]float32
		for tile := range tiles {
			x := (*[Depth]uint16)(av[((i/MR*tiles+tile)*MR+i%MR)*Depth:])
			rowPortable(&sums, x, (*[tileB]uint16)(bv[tile*tileB:]))
		}
		row := (*[NR]float32)(cv[i*ldc:])
		if accumulate {
			for j := range sums {
				sums[j] += row[j]
			}
		}
		*row = sums
	}
}

// rowPortable adds the products of a tile's row.
func rowPortable(sums *[NR]float32, x *[Depth]uint16, b *[tileB]uint16) {
	for p := 0; p < Depth; p += 2 {
		x0, x1 := Value(x[p]), Value(x[p+1])
		pair := (*[2 * NR]uint16)(b[p*NR:])
		for j := range sums {
			sums[j] += float32(x0 * Value(pair[2*j]))
			sums[j] += float32(x1 * Value(pair[2*j+1]))
		}
	}
}
