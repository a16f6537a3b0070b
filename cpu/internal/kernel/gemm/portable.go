package gemm

import "unsafe"

// portableNR is the columns of the portable tile: as many sums as hide the latency of one addition.
const portableNR = 8

// portable is Kernel.Run in plain Go, the reference of the others. The conversions keep a product and the sum that
// it enters apart, so that every architecture rounds alike.
func portable[T Float](mr, k int, a *T, rsa, csa int, b *T, ldb int, c *T, ldc int, accumulate bool) {
	var av, bv []T
	if k > 0 {
		av = unsafe.Slice(a, (mr-1)*rsa+(k-1)*csa+1)
		bv = unsafe.Slice(b, (k-1)*ldb+portableNR)
	}
	cv := unsafe.Slice(c, (mr-1)*ldc+portableNR)
	for i := range mr {
		sums := rowSums(k, av[min(i*rsa, len(av)):], csa, bv, ldb)
		row := (*[portableNR]T)(cv[i*ldc:])
		if accumulate {
			for j := range sums {
				sums[j] += row[j]
			}
		}
		*row = sums
	}
}

// rowSums is one row of a tile.
func rowSums[T Float](k int, a []T, csa int, b []T, ldb int) [portableNR]T {
	var s0, s1, s2, s3, s4, s5, s6, s7 T
	ai, bi := 0, 0
	for ; k > 0; k-- {
		x, y := a[ai], b[bi:bi+portableNR:bi+portableNR]
		s0 += T(x * y[0])
		s1 += T(x * y[1])
		s2 += T(x * y[2])
		s3 += T(x * y[3])
		s4 += T(x * y[4])
		s5 += T(x * y[5])
		s6 += T(x * y[6])
		s7 += T(x * y[7])
		ai += csa
		bi += ldb
	}
	return [portableNR]T{s0, s1, s2, s3, s4, s5, s6, s7}
}
