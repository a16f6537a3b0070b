package fused

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute/dtypes"
)

// operands says how many registers an instruction reads and which of them are masks (bit i: operand i).
func (o Opcode) operands() (n int, masks uint8) {
	switch {
	case o == Const:
		return 0, 0
	case o == MaskNot || o == ToNum:
		return 1, 1
	case o < Add || o == IsNaN || o == IsFinite || o == ToMask:
		return 1, 0
	case o == MaskAnd || o == MaskOr || o == MaskXor:
		return 2, 3
	case o == FMA:
		return 3, 0
	case o == Select:
		return 3, 1
	}
	return 2, 0
}

// Reads reports whether the instruction reads a register.
func (i Instr) Reads(reg int) bool {
	n, _ := i.Op.operands()
	return slices.Contains([]int{i.A, i.B, i.C}[:n], reg)
}

// check reports what is wrong with a program.
func (p *Program) check() error {
	if p.DType != dtypes.Float32 && p.DType != dtypes.Float64 {
		return fmt.Errorf("fused: dtype %v, want Float32 or Float64", p.DType)
	}
	points := 1
	for _, d := range p.Dims {
		if d < 0 {
			return fmt.Errorf("fused: dimensions %v: negative", p.Dims)
		}
		if d > 0 && points > (1<<62)/d {
			return fmt.Errorf("fused: dimensions %v: too many points", p.Dims)
		}
		points *= max(d, 1)
	}
	if len(p.Inputs) > p.Regs {
		return fmt.Errorf("fused: %d registers for %d inputs", p.Regs, len(p.Inputs))
	}
	const value, mask = 1, 2
	kind := make([]uint8, p.Regs) // 0: not written yet
	for i, in := range p.Inputs {
		if err := p.checkOperand("input", i, in.DType, in.Strides); err != nil {
			return err
		}
		kind[i] = value
		if in.DType == dtypes.Bool {
			kind[i] = mask
		}
	}
	for i, c := range p.Code {
		if c.Op == Invalid || int(c.Op) >= len(opNames) {
			return fmt.Errorf("fused: instruction %d: opcode %d does not exist", i, c.Op)
		}
		n, masks := c.Op.operands()
		regs := [...]int{c.A, c.B, c.C}
		for j, r := range regs[:n] {
			want := uint8(value)
			if masks>>j&1 == 1 {
				want = mask
			}
			if r < 0 || r >= p.Regs || kind[r] != want {
				return fmt.Errorf("fused: instruction %d, %v: operand %d, register %d, is not a register of the right kind written before", i, c.Op, j, r)
			}
		}
		if c.Dst < 0 || c.Dst >= p.Regs || kind[c.Dst] != 0 {
			return fmt.Errorf("fused: instruction %d, %v: register %d is out of range or written twice", i, c.Op, c.Dst)
		}
		kind[c.Dst] = value
		if c.Op.IsMask() {
			kind[c.Dst] = mask
		}
	}
	for i, out := range p.Outputs {
		if err := p.checkOutput(i, out, kind); err != nil {
			return err
		}
	}
	return nil
}

func (p *Program) checkOutput(i int, out Output, kind []uint8) error {
	if err := p.checkOperand("output", i, out.DType, out.Strides); err != nil {
		return err
	}
	want := uint8(1)
	if out.DType == dtypes.Bool {
		want = 2
	}
	if out.Reg < 0 || out.Reg >= p.Regs || kind[out.Reg] != want {
		return fmt.Errorf("fused: output %d: register %d is not a written register for dtype %v", i, out.Reg, out.DType)
	}
	if int(out.Kind) >= len(reductionNames) || out.Kind != Store && out.DType != p.DType {
		return fmt.Errorf("fused: output %d: reduction %d of dtype %v", i, out.Kind, out.DType)
	}
	for axis, s := range out.Strides {
		if out.Kind == Store && s == 0 && p.Dims[axis] > 1 && !slices.Contains(p.Dims, 0) {
			return fmt.Errorf("fused: output %d: stored with stride 0 on axis %d of %v", i, axis, p.Dims)
		}
	}
	return nil
}

func (p *Program) checkOperand(what string, i int, dtype dtypes.DType, strides []int) error {
	half := dtype == dtypes.BFloat16 && p.DType == dtypes.Float32
	if dtype != p.DType && dtype != dtypes.Bool && !half {
		return fmt.Errorf("fused: %s %d: dtype %v in a program of %v", what, i, dtype, p.DType)
	}
	if len(strides) != len(p.Dims) {
		return fmt.Errorf("fused: %s %d: %d strides for dimensions %v", what, i, len(strides), p.Dims)
	}
	for _, s := range strides {
		if s < 0 {
			return fmt.Errorf("fused: %s %d: negative stride in %v", what, i, strides)
		}
	}
	return nil
}
