//go:build !noasm

package gemm

import "github.com/atelier-go/atelier/cpu/internal/isa"

// interleaveAsm does the first columns of interleave, a multiple of 8, and says how many.
func interleaveAsm[T Float](level isa.Level, dst, src []T, ld, rows, width, k int) int {
	return 0
}
