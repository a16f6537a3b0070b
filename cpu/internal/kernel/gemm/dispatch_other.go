//go:build !amd64 || noasm

package gemm

import "github.com/atelier-go/atelier/cpu/internal/isa"

// runAsm has nothing to run: isa offers no level above Portable in this build.
func runAsm[T Float](level isa.Level, mr, k int, a *T, rsa, csa int, b *T, ldb int, c *T, ldc int, accumulate bool) {
	panic("gemm: this build has no kernel for level " + level.String())
}

// panelAsm has nothing to run either.
func panelAsm[T Float](level isa.Level, tiles, k int, a, b, c *T, ldc int, next uintptr, pace int, accumulate bool) {
	panic("gemm: this build has no kernel for level " + level.String())
}
