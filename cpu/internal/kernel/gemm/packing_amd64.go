//go:build !noasm

package gemm

import (
	"unsafe"

	"github.com/atelier-go/atelier/cpu/internal/isa"
)

// interleaveAsm does the first columns of interleave, a multiple of 8, and says how many.
func interleaveAsm[T Float](level isa.Level, dst, src []T, ld, rows, width, k int) int {
	n := k / 8
	if level == isa.Portable || n == 0 || unsafe.Sizeof(src[0]) != 4 {
		return 0
	}
	_ = src[(rows-1)*ld+8*n-1]
	for i := 0; ; i += 8 {
		// The last group ends with the row's end, so that only a row shorter than a group spills into the next.
		first := max(0, min(i, width-8))
		_ = dst[(8*n-1)*width+first+7]
		if first >= rows {
			return 8 * n
		}
		interleave8F32AVX2((*float32)(unsafe.Pointer(&dst[first])), (*float32)(unsafe.Pointer(&src[first*ld])),
			ld, rows-first, width, n)
		if first+8 >= width {
			return 8 * n
		}
	}
}

// copyRowsAsm copies k rows of the given width, ld apart, to follow each other, or reports that it has no function
// for that width.
func copyRowsAsm[T Float](level isa.Level, dst, src []T, ld, width, k int) bool {
	if level == isa.Portable {
		return false
	}
	size := int(unsafe.Sizeof(src[0]))
	_, _ = dst[k*width-1], src[(k-1)*ld+width-1]
	to, from := (*byte)(unsafe.Pointer(&dst[0])), (*byte)(unsafe.Pointer(&src[0]))
	switch width * size {
	case 24:
		copyRows24AVX2(to, from, ld*size, k)
	case 48:
		copyRows48AVX2(to, from, ld*size, k)
	case 56:
		copyRows56AVX2(to, from, ld*size, k)
	case 64:
		copyRows64AVX2(to, from, ld*size, k)
	case 112:
		copyRows112AVX2(to, from, ld*size, k)
	case 128:
		copyRows128AVX2(to, from, ld*size, k)
	default:
		return false
	}
	return true
}

func prefetchAsm(level isa.Level, address uintptr, stride, rows, lines int) {
	if level != isa.Portable && rows > 0 && lines > 0 {
		prefetchAVX2(address, stride, rows, lines)
	}
}
