// Package vec holds elementwise kernels on blocks of contiguous floating-point numbers.
//
// Every kernel of an [Op] has the same signature:
//
//	dst[i] = op(a[i·sa], b[i·sb], c[i·sc])    for i in [0, n)
//
// The pointers are to elements, whatever their type, and sa, sb and sc are 0 or 1. An operand with stride 0 is a scalar; it must be stored [Splat] times over,
// because kernels read it as whole vectors. dst may be the same memory as an operand, but must not overlap one
// otherwise. Operands that an operation does not have are ignored and may be nil.
//
// Masks are values of the element's size with all bits set or none; numbers and masks share blocks, and no kernel
// reads a mask as a number.
//
// NaN, infinities, signed zeros and subnormal numbers are treated as IEEE 754 says at every level. The basic
// operations and Sqrt are rounded correctly; the docs of [Op] state the error of the others.
package vec

import "github.com/atelier-go/atelier/cpu/internal/isa"

// Op is an elementwise operation. For float32 the comment gives a bound of the error in units in the last
// place that holds at every level; tests measure it on a dense sample of all float32.
type Op uint8

// The operations.
const (
	Copy Op = iota
	Neg
	Abs
	Sign // -1, ±0 or 1; NaN for NaN
	Sqrt
	Rsqrt    // 1/√a, both steps rounded: 1.5
	Exp      // 1.1
	Expm1    // 1.75
	Log      // 1
	Log1p    // 1.5
	Tanh     // 2
	Logistic // 1/(1+e⁻ᵃ): 2.5
	Erf      // 1.5
	Sin      // 1.5
	Cos      // 1.5
	Floor
	Ceil
	Round // half to even
	Add
	Sub
	Mul
	Div
	Max // a > b ? a : b; NaN if either is NaN
	Min // a < b ? a : b; NaN if either is NaN
	Pow // 1
	FMA // a·b + c, rounded once in assembly, twice in portable code

	Equal // masks from here to ToMask
	NotEqual
	Less
	LessOrEqual
	IsNaN
	IsFinite
	MaskAnd
	MaskOr
	MaskXor
	MaskNot
	ToMask // a != 0
	Select // mask a ? b : c
	ToNum  // mask a ? 1 : 0
	NumOps
)

// Splat is how many times over a scalar operand is stored.
const Splat = 64

// Kernel computes one operation on a block; see the package's documentation.
type Kernel func(dst, a, b, c *byte, n, sa, sb, sc int)

// ColumnKernel folds the rows of a block into accumulators of double precision:
//
//	acc[j] = acc[j] ⊕ x[r·ld+j]    for j in [0, cols), for r = 0, 1, ..., rows-1 in turn
//
// Each column is folded in order whatever the level, so the result's bits do not depend on it.
type ColumnKernel func(acc *float64, x *byte, rows, cols, ld int)

// Kernels are the kernels of one element type and level.
type Kernels struct {
	Level isa.Level
	// Size of an element in bytes.
	Size int
	Op   [NumOps]Kernel
	// ColumnSum, ColumnMax and ColumnMin fold rows. NaN wins in the last two.
	ColumnSum, ColumnMax, ColumnMin ColumnKernel
	// LoadBools makes a mask of n bytes: dst[i] = src[i] != 0.
	LoadBools func(dst, src *byte, n int)
	// StoreBools writes a mask as bytes 0 and 1.
	StoreBools func(dst, src *byte, n int)
	// Conversions between float32 and the types of 16 bits that the name says, of n elements. To the shorter type
	// they round half to even, beyond its range to infinity; NaN stays NaN. Float64's kernels do not have them.
	FromFloat16, ToFloat16, FromBFloat16, ToBFloat16 func(dst, src *byte, n int)
}

// For returns the float32 kernels of a level, which must be supported by the processor.
func For(l isa.Level) *Kernels { return &float32Kernels[l] }

// Float64 returns the float64 kernels. They are portable at every level.
func Float64() *Kernels { return &float64Kernels }

var (
	float32Kernels = [...]Kernels{
		isa.Portable: portable32(),
		isa.AVX2:     avx2Kernels(),
		isa.AVX512:   avx512Kernels(),
	}
	float64Kernels = portable64()
)
