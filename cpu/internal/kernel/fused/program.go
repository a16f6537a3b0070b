// Package fused runs elementwise programs block by block in the L1 cache.
//
// A [Program] is a list of instructions over virtual registers, evaluated at every point of an iteration space. The
// interpreter gives each register a block of elements that fits the L1 cache and runs one SIMD kernel per
// instruction and block, so a chain of operations reads its inputs and writes its outputs once.
//
// [Compile] turns a program into an [Exec], whose Run cuts the points into chunks for the workers of a pool. How they
// are cut depends on the program alone and partial sums are combined in the chunks' order, so the number of threads
// does not change a bit of the results. Sums are accumulated in double precision; the errors of the functions are
// those of package vec.
package fused

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
)

// Opcode is an elementwise operation on registers. Unless said otherwise operands and result are values of the
// program's floating-point type; masks are the results of comparisons.
type Opcode uint8

// The instructions.
const (
	Invalid Opcode = iota
	Const          // Dst = Imm
	Neg            // Dst = -A
	Abs
	Sign // -1, ±0 or 1; NaN for NaN
	Sqrt
	Rsqrt
	Exp
	Expm1
	Log
	Log1p
	Tanh
	Logistic
	Erf
	Sin
	Cos
	Floor
	Ceil
	Round // half to even
	Add   // Dst = A + B
	Sub
	Mul
	Div
	Max // NaN if either is NaN
	Min // NaN if either is NaN
	Pow
	FMA // Dst = A*B + C, rounded once where the processor has FMA, twice in the portable kernels

	Equal // masks from here: Dst = A == B
	NotEqual
	Less
	LessOrEqual
	Greater
	GreaterOrEqual
	IsNaN    // of A
	IsFinite // of A
	MaskAnd  // of masks A, B
	MaskOr
	MaskXor
	MaskNot
	Select // value: Dst = A ? B : C, with A a mask
	ToMask // mask: Dst = A != 0
	ToNum  // value: Dst = A ? 1 : 0
)

var opNames = [...]string{"invalid", "const", "neg", "abs", "sign", "sqrt", "rsqrt", "exp", "expm1", "log", "log1p",
	"tanh", "logistic", "erf", "sin", "cos", "floor", "ceil", "round", "add", "sub", "mul", "div", "max", "min", "pow",
	"fma", "eq", "ne", "lt", "le", "gt", "ge", "isnan", "isfinite", "and", "or", "xor", "not", "select", "tomask", "tonum"}

func (o Opcode) String() string { return opNames[o] }

// IsMask reports whether the instruction's result is a mask.
func (o Opcode) IsMask() bool { return o >= Equal && o <= MaskNot || o == ToMask }

// widened is the program with float32 in memory wherever it has bfloat16, and whether it has any.
func (p *Program) widened() (wide *Program, differs bool) {
	w := *p
	w.Inputs, w.Outputs = slices.Clone(p.Inputs), slices.Clone(p.Outputs)
	for i := range w.Inputs {
		if in := &w.Inputs[i]; in.DType == dtypes.BFloat16 {
			in.DType, differs = dtypes.Float32, true
		}
	}
	for i := range w.Outputs {
		if out := &w.Outputs[i]; out.DType == dtypes.BFloat16 {
			out.DType, differs = dtypes.Float32, true
		}
	}
	return &w, differs
}

// Instr computes register Dst from registers A, B, C. Registers 0 to len(Inputs)-1 hold the inputs and are not
// written to; every other register is written exactly once before it is read.
type Instr struct {
	Op           Opcode
	Dst, A, B, C int
	Imm          float64
}

// Input is an operand in memory. The element at point (i0, i1, ...) of the iteration space is at Σ i·Strides, in
// elements; a stride of 0 broadcasts. DType is the program's type, or Bool for a mask held as one byte, or in programs of
// Float32 BFloat16, whose elements become float32 as they are read.
type Input struct {
	DType   dtypes.DType
	Strides []int
}

// Reduction says how an output combines the points it sums over.
type Reduction uint8

// The ways an output is formed.
const (
	Store     Reduction = iota // one element per point; no stride is 0 on an axis longer than 1
	ReduceSum                  // over the axes whose stride is 0
	ReduceMax                  // likewise; NaN wins
	ReduceMin                  // likewise; NaN wins
)

var reductionNames = [...]string{"store", "sum", "max", "min"}

func (r Reduction) String() string { return reductionNames[r] }

// Output is a result in memory: register Reg, at Σ i·Strides. A reduction has stride 0 on the axes it reduces.
// DType is the program's type, or Bool for a stored mask, or in programs of Float32 BFloat16, for what is stored
// rounded to nearest, half to even; then it has its elements in the order of the points.
type Output struct {
	Reg     int
	Kind    Reduction
	DType   dtypes.DType
	Strides []int
}

// Program is an elementwise computation over the points of Dims. DType is Float32 or Float64.
type Program struct {
	DType   dtypes.DType
	Dims    []int
	Inputs  []Input
	Code    []Instr
	Outputs []Output
	Regs    int // registers in all, inputs included
}

func (p *Program) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v %v", p.DType, p.Dims)
	for i, in := range p.Inputs {
		fmt.Fprintf(&b, "; r%d=in%v", i, in.Strides)
	}
	for _, c := range p.Code {
		switch {
		case c.Op == Const:
			fmt.Fprintf(&b, "; r%d=%g", c.Dst, c.Imm)
		case c.Op < Add || c.Op == IsNaN || c.Op == IsFinite || c.Op == MaskNot || c.Op >= ToMask:
			fmt.Fprintf(&b, "; r%d=%v r%d", c.Dst, c.Op, c.A)
		case c.Op == FMA || c.Op == Select:
			fmt.Fprintf(&b, "; r%d=%v r%d r%d r%d", c.Dst, c.Op, c.A, c.B, c.C)
		default:
			fmt.Fprintf(&b, "; r%d=%v r%d r%d", c.Dst, c.Op, c.A, c.B)
		}
	}
	for _, o := range p.Outputs {
		fmt.Fprintf(&b, "; %v%v r%d", o.Kind, o.Strides, o.Reg)
	}
	return b.String()
}
