//go:build !amd64 || noasm

package gemm

import "github.com/atelier-go/atelier/cpu/internal/isa"

// interleaveAsm does none of the columns: this build has no assembly.
func interleaveAsm[T Float](isa.Level, []T, []T, int, int, int, int) int { return 0 }

// copyRowsAsm does nothing: this build has no assembly.
func copyRowsAsm[T Float](isa.Level, []T, []T, int, int, int) bool { return false }

// prefetchAsm does nothing: this build has no assembly.
func prefetchAsm(isa.Level, uintptr, int, int, int) {}
