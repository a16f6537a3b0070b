// Package gemm multiplies matrices: micro-kernels that keep a tile of the result in registers, and the packing,
// cache blocking and threading around them.
//
// The contract of everything here is
//
//	C[i,j] = (accumulate ? C[i,j] : 0) + Σ_p A[i,p]·B[p,j]    i in [0,m), j in [0,n), p in [0,k)
//
// with matrices given as slices and strides in elements. Every product is formed, zeros included, so NaN and
// infinity spread as in the formula. The order of the sum depends on m, n, k and the level alone: results have the
// same bits for any number of threads, and however the caller cuts rows and columns into calls of Block. Levels
// differ from each other in rounding, within the usual bound of k·ε·Σ|A|·|B|.
//
// The blocking is that of Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication" (2008): a
// panel of B stays in the first-level cache while the rows of a block of A, which stays in the second level, pass.
package gemm

import (
	"sync"
	"unsafe"

	"github.com/atelier-go/atelier/cpu/internal/isa"
)

// Float is the element types that kernels exist for.
type Float interface{ float32 | float64 }

// Kernel is a level's micro-kernel for elements of type T.
type Kernel[T Float] struct {
	Name string
	ISA  isa.Level
	// MR and NR are the rows and columns of the largest tile.
	MR, NR int

	products sync.Pool // of *product[T] whose body is bound, so that a call allocates nothing
}

// Micro is a float32 kernel.
type Micro = Kernel[float32]

// MicroF64 is a float64 kernel.
type MicroF64 = Kernel[float64]

// maxTile is the number of elements of the largest tile of any kernel.
const maxTile = 14 * 32

// table has a row for each level, lowest first.
var table = [...]Micro{
	{Name: "4x8 portable", ISA: isa.Portable, MR: 4, NR: 8},
	{Name: "6x16 avx2", ISA: isa.AVX2, MR: 6, NR: 16},
	{Name: "14x32 avx512", ISA: isa.AVX512, MR: 14, NR: 32},
}

var tableF64 = [...]MicroF64{
	{Name: "4x8 portable", ISA: isa.Portable, MR: 4, NR: 8},
	{Name: "6x8 avx2", ISA: isa.AVX2, MR: 6, NR: 8},
	{Name: "14x16 avx512", ISA: isa.AVX512, MR: 14, NR: 16},
}

// For returns the float32 kernel of a level.
func For(l isa.Level) *Micro { return &table[l] }

// ForF64 returns the float64 kernel of a level.
func ForF64(l isa.Level) *MicroF64 { return &tableF64[l] }

// Run computes one tile of mr rows, 1 to MR, and NR columns:
//
//	a: element (i,p) at a[i*rsa+p*csa], read one by one, so any layout serves
//	b: element (p,j) at b[p*ldb+j], ldb >= NR
//	c: element (i,j) at c[i*ldc+j], ldc >= NR unless mr is 1
//
// Nothing is checked: callers vouch for the lengths. With k = 0 neither a nor b is read.
func (g *Kernel[T]) Run(mr, k int, a *T, rsa, csa int, b *T, ldb int, c *T, ldc int, accumulate bool) {
	if g.ISA == isa.Portable {
		portable(mr, k, a, rsa, csa, b, ldb, c, ldc, accumulate)
		return
	}
	runAsm(g.ISA, mr, k, a, rsa, csa, b, ldb, c, ldc, accumulate)
}

// Title is how explanations call an operation of this kernel.
func (g *Kernel[T]) Title(operation string) string { return operation }

// size is the bytes of an element.
func (g *Kernel[T]) size() int { var x T; return int(unsafe.Sizeof(x)) }
