// Package bf16 multiplies matrices of float32 whose elements are rounded to bfloat16 on the way, and sums the products
// in float32. The contract of everything here is
//
//	C[i,j] = (accumulate ? C[i,j] : 0) + Σ_p bf16(A[i,p])·bf16(B[p,j])    i in [0,m), j in [0,n), p in [0,k)
//
// with bf16 the nearest bfloat16, half to even, NaN to a quiet NaN with the upper bits of its payload, and what is
// beyond the largest to infinity. Every product is formed, zeros included. Products of two bfloat16 are exact in
// float32; the sums are rounded as they grow, in an order that depends on the shape and the kernel alone. Processors'
// instructions take subnormal factors and sums as zero, plain Go does not.
//
// # Packed operands
//
// Operands are rounded as they are packed, once for each time that they are packed and never in a pass of their own.
// Both are packed in tiles of 32 steps of k, 1 KiB for each 16 rows or columns: what one AMX register holds, and one
// line of the cache for each row. With tiles = ceil(k/32):
//
//	A: panels of 16 rows, one after the other; in a panel the tiles in the order of k; a tile is 16 rows of 32 bfloat16.
//	   element (i,p) is at ((i/16·tiles + p/32)·16 + i%16)·32 + p%32
//	B: panels of 32 columns, one after the other; in a panel pairs of k in order; a pair is 32 columns of 2 bfloat16.
//	   element (p,j) is at ((j/32·16·tiles + p/2)·32 + j%32)·2 + p%2
//
// Rows, columns and steps of k that fill up the last panel or tile are zeros in both operands: they add nothing,
// whatever the other operand holds, and kernels need not know where k ends.
//
// A micro-kernel with VDPBF16PS broadcasts a pair of A's, 4 bytes at a constant distance from the tile's start, and
// multiplies it with two vectors of B. With TDPBF16PS a register of A is a tile, loaded with a distance of 64 bytes
// between rows; one of B is 16 pairs of 16 columns, loaded with a distance of 128 bytes: columns 0 to 15 of the panel
// start at its first byte, columns 16 to 31 at byte 64, and the next 16 pairs 2 KiB further on.
//
// # Micro-kernels
//
// A micro-kernel multiplies any number of rows with one panel of B:
//
//	panel(rows, tiles int, a, b *uint16, c *float32, ldc int, accumulate bool)
//
// a is ceil(rows/16) panels of A, b one panel of B, and C's element (i,j) is at c[i·ldc+j]. All 32 columns of rows
// [0,rows) of C are written, and no others; rows and tiles are at least 1. Columns that do not fill a panel are written to
// a block on the side by the caller. AMX's is package amx's, which takes the number of columns too.
package bf16
