//go:build !noasm

package gemm

import (
	"unsafe"

	"github.com/atelier-go/atelier/cpu/internal/isa"
)

// runAsm is Kernel.Run for levels above Portable.
func runAsm[T Float](level isa.Level, mr, k int, a *T, rsa, csa int, b *T, ldb int, c *T, ldc int, accumulate bool) {
	if unsafe.Sizeof(*a) == 4 {
		a, b, c := (*float32)(unsafe.Pointer(a)), (*float32)(unsafe.Pointer(b)), (*float32)(unsafe.Pointer(c))
		if level == isa.AVX512 {
			runF32AVX512(mr, k, a, rsa, csa, b, ldb, c, ldc, accumulate)
		} else {
			runF32AVX2(mr, k, a, rsa, csa, b, ldb, c, ldc, accumulate)
		}
		return
	}
	a64, b64, c64 := (*float64)(unsafe.Pointer(a)), (*float64)(unsafe.Pointer(b)), (*float64)(unsafe.Pointer(c))
	if level == isa.AVX512 {
		runF64AVX512(mr, k, a64, rsa, csa, b64, ldb, c64, ldc, accumulate)
	} else {
		runF64AVX2(mr, k, a64, rsa, csa, b64, ldb, c64, ldc, accumulate)
	}
}

// panelAsm is the product of tiles·MR packed rows and a packed panel, for levels above Portable.
func panelAsm[T Float](level isa.Level, tiles, k int, a, b, c *T, ldc int, next uintptr, pace int, accumulate bool) {
	if unsafe.Sizeof(*a) == 4 {
		a, b, c := (*float32)(unsafe.Pointer(a)), (*float32)(unsafe.Pointer(b)), (*float32)(unsafe.Pointer(c))
		if level == isa.AVX512 {
			panel14x32F32AVX512(tiles, k, a, b, c, ldc, next, pace, accumulate)
		} else {
			panel6x16F32AVX2(tiles, k, a, b, c, ldc, next, pace, accumulate)
		}
		return
	}
	a64, b64, c64 := (*float64)(unsafe.Pointer(a)), (*float64)(unsafe.Pointer(b)), (*float64)(unsafe.Pointer(c))
	if level == isa.AVX512 {
		panel14x16F64AVX512(tiles, k, a64, b64, c64, ldc, next, pace, accumulate)
	} else {
		panel6x8F64AVX2(tiles, k, a64, b64, c64, ldc, next, pace, accumulate)
	}
}

func runF32AVX2(mr, k int, a *float32, rsa, csa int, b *float32, ldb int, c *float32, ldc int, accumulate bool) {
	switch mr {
	case 1:
		tile1x16F32AVX2(k, a, rsa, csa, b, ldb, c, ldc, accumulate)
	case 2:
		tile2x16F32AVX2(k, a, rsa, csa, b, ldb, c, ldc, accumulate)
	case 3:
		tile3x16F32AVX2(k, a, rsa, csa, b, ldb, c, ldc, accumulate)
	case 4:
		tile4x16F32AVX2(k, a, rsa, csa, b, ldb, c, ldc, accumulate)
	case 5:
		tile5x16F32AVX2(k, a, rsa, csa, b, ldb, c, ldc, accumulate)
	case 6:
		tile6x16F32AVX2(k, a, rsa, csa, b, ldb, c, ldc, accumulate)
	}
}

func runF32AVX512(mr, k int, a *float32, rsa, csa int, b *float32, ldb int, c *float32, ldc int, accumulate bool) {
	switch mr {
	case 1:
		tile1x32F32AVX512(k, a, rsa, csa, b, ldb, c, ldc, accumulate)
	case 2:
		tile2x32F32AVX512(k, a, rsa, csa, b, ldb, c, ldc, accumulate)
	case 3:
		tile3x32F32AVX512(k, a, rsa, csa, b, ldb, c, ldc, accumulate)
	case 4:
		tile4x32F32AVX512(k, a, rsa, csa, b, ldb, c, ldc, accumulate)
	case 5:
		tile5x32F32AVX512(k, a, rsa, csa, b, ldb, c, ldc, accumulate)
	case 6:
		tile6x32F32AVX512(k, a, rsa, csa, b, ldb, c, ldc, accumulate)
	case 7:
		tile7x32F32AVX512(k, a, rsa, csa, b, ldb, c, ldc, accumulate)
	case 8:
		tile8x32F32AVX512(k, a, rsa, csa, b, ldb, c, ldc, accumulate)
	case 9:
		tile9x32F32AVX512(k, a, rsa, csa, b, ldb, c, ldc, accumulate)
	case 10:
		tile10x32F32AVX512(k, a, rsa, csa, b, ldb, c, ldc, accumulate)
	case 11:
		tile11x32F32AVX512(k, a, rsa, csa, b, ldb, c, ldc, accumulate)
	case 12:
		tile12x32F32AVX512(k, a, rsa, csa, b, ldb, c, ldc, accumulate)
	case 13:
		tile13x32F32AVX512(k, a, rsa, csa, b, ldb, c, ldc, accumulate)
	case 14:
		tile14x32F32AVX512(k, a, rsa, csa, b, ldb, c, ldc, accumulate)
	}
}

func runF64AVX2(mr, k int, a *float64, rsa, csa int, b *float64, ldb int, c *float64, ldc int, accumulate bool) {
	switch mr {
	case 1:
		tile1x8F64AVX2(k, a, rsa, csa, b, ldb, c, ldc, accumulate)
	case 2:
		tile2x8F64AVX2(k, a, rsa, csa, b, ldb, c, ldc, accumulate)
	case 3:
		tile3x8F64AVX2(k, a, rsa, csa, b, ldb, c, ldc, accumulate)
	case 4:
		tile4x8F64AVX2(k, a, rsa, csa, b, ldb, c, ldc, accumulate)
	case 5:
		tile5x8F64AVX2(k, a, rsa, csa, b, ldb, c, ldc, accumulate)
	case 6:
		tile6x8F64AVX2(k, a, rsa, csa, b, ldb, c, ldc, accumulate)
	}
}

func runF64AVX512(mr, k int, a *float64, rsa, csa int, b *float64, ldb int, c *float64, ldc int, accumulate bool) {
	switch mr {
	case 1:
		tile1x16F64AVX512(k, a, rsa, csa, b, ldb, c, ldc, accumulate)
	case 2:
		tile2x16F64AVX512(k, a, rsa, csa, b, ldb, c, ldc, accumulate)
	case 3:
		tile3x16F64AVX512(k, a, rsa, csa, b, ldb, c, ldc, accumulate)
	case 4:
		tile4x16F64AVX512(k, a, rsa, csa, b, ldb, c, ldc, accumulate)
	case 5:
		tile5x16F64AVX512(k, a, rsa, csa, b, ldb, c, ldc, accumulate)
	case 6:
		tile6x16F64AVX512(k, a, rsa, csa, b, ldb, c, ldc, accumulate)
	case 7:
		tile7x16F64AVX512(k, a, rsa, csa, b, ldb, c, ldc, accumulate)
	case 8:
		tile8x16F64AVX512(k, a, rsa, csa, b, ldb, c, ldc, accumulate)
	case 9:
		tile9x16F64AVX512(k, a, rsa, csa, b, ldb, c, ldc, accumulate)
	case 10:
		tile10x16F64AVX512(k, a, rsa, csa, b, ldb, c, ldc, accumulate)
	case 11:
		tile11x16F64AVX512(k, a, rsa, csa, b, ldb, c, ldc, accumulate)
	case 12:
		tile12x16F64AVX512(k, a, rsa, csa, b, ldb, c, ldc, accumulate)
	case 13:
		tile13x16F64AVX512(k, a, rsa, csa, b, ldb, c, ldc, accumulate)
	case 14:
		tile14x16F64AVX512(k, a, rsa, csa, b, ldb, c, ldc, accumulate)
	}
}
