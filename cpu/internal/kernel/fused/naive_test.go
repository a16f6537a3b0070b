package fused

import (
	"math"

	"github.com/atelier-go/atelier/cpu/internal/kernel/bf16"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
	"github.com/gomlx/compute/dtypes"
)

// naive evaluates a program point by point in float64, rounding every instruction's result to the program's type.
func naive(p *Program, in, out [][]byte) {
	round := func(v float64) float64 { return v }
	if p.DType == dtypes.Float32 {
		round = func(v float64) float64 { return float64(float32(v)) }
	}
	points := 1
	for _, d := range p.Dims {
		points *= d
	}
	sums := make([][]float64, len(p.Outputs))
	for i, op := range p.Outputs {
		if op.Kind != Store {
			sums[i] = make([]float64, extent(p.Dims, op.Strides, true))
			for j := range sums[i] {
				sums[i][j] = op.Kind.identity()
			}
		}
	}
	regs := make([]float64, p.Regs)
	idx := make([]int, len(p.Dims))
	for range points {
		for i, op := range p.Inputs {
			regs[i] = loadAt(in[i], op.DType, dot(idx, op.Strides))
		}
		for _, c := range p.Code {
			regs[c.Dst] = round(evaluate(c, regs))
		}
		for i, op := range p.Outputs {
			off, v := dot(idx, op.Strides), regs[op.Reg]
			if op.Kind == Store {
				storeAt(out[i], op.DType, off, v)
				continue
			}
			sums[i][off] = op.Kind.fold(sums[i][off], v)
		}
		for axis := len(idx) - 1; axis >= 0; axis-- {
			if idx[axis]++; idx[axis] < p.Dims[axis] {
				break
			}
			idx[axis] = 0
		}
	}
	for i, op := range p.Outputs {
		for off, v := range sums[i] {
			storeAt(out[i], op.DType, off, v)
		}
	}
}

func dot(a, b []int) int {
	n := 0
	for i := range a {
		n += a[i] * b[i]
	}
	return n
}

func loadAt(b []byte, dtype dtypes.DType, i int) float64 {
	switch dtype {
	case dtypes.Bool:
		return truth(b[i] != 0)
	case dtypes.Float32:
		return float64(tensor.View[float32](b)[i])
	case dtypes.BFloat16:
		return float64(math.Float32frombits(widen(tensor.View[uint16](b)[i])))
	}
	return tensor.View[float64](b)[i]
}

func storeAt(b []byte, dtype dtypes.DType, i int, v float64) {
	switch dtype {
	case dtypes.Bool:
		b[i] = byte(v)
	case dtypes.Float32:
		tensor.View[float32](b)[i] = float32(v)
	case dtypes.BFloat16:
		tensor.View[uint16](b)[i] = bf16.Bits(float32(v))
	default:
		tensor.View[float64](b)[i] = v
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// evaluate computes one instruction; masks are 0 and 1.
func evaluate(c Instr, regs []float64) float64 {
	a, b, d := regs[c.A], regs[c.B], regs[c.C]
	switch c.Op {
	case Const:
		return c.Imm
	case Neg:
		return -a
	case Abs:
		return math.Abs(a)
	case Sign:
		switch {
		case a > 0:
			return 1
		case a < 0:
			return -1
		}
		return a
	case Sqrt:
		return math.Sqrt(a)
	case Rsqrt:
		return 1 / math.Sqrt(a)
	case Exp:
		return math.Exp(a)
	case Expm1:
		return math.Expm1(a)
	case Log:
		return math.Log(a)
	case Log1p:
		return math.Log1p(a)
	case Tanh:
		return math.Tanh(a)
	case Logistic:
		return 1 / (1 + math.Exp(-a))
	case Erf:
		return math.Erf(a)
	case Sin:
		return math.Sin(a)
	case Cos:
		return math.Cos(a)
	case Floor:
		return math.Floor(a)
	case Ceil:
		return math.Ceil(a)
	case Round:
		return math.RoundToEven(a)
	case Add:
		return a + b
	case Sub:
		return a - b
	case Mul:
		return a * b
	case Div:
		return a / b
	case Max:
		return math.Max(a, b)
	case Min:
		return math.Min(a, b)
	case Pow:
		return math.Pow(a, b)
	case FMA:
		return a*b + d
	case Equal:
		return truth(a == b)
	case NotEqual:
		return truth(a != b)
	case Less:
		return truth(a < b)
	case LessOrEqual:
		return truth(a <= b)
	case Greater:
		return truth(a > b)
	case GreaterOrEqual:
		return truth(a >= b)
	case IsNaN:
		return truth(math.IsNaN(a))
	case IsFinite:
		return truth(!math.IsNaN(a) && !math.IsInf(a, 0))
	case MaskAnd:
		return a * b
	case MaskOr:
		return math.Max(a, b)
	case MaskXor:
		return truth(a != b)
	case MaskNot:
		return 1 - a
	case Select:
		if a != 0 {
			return b
		}
		return d
	case ToMask:
		return truth(a != 0)
	case ToNum:
		return a
	}
	panic("no such opcode")
}
