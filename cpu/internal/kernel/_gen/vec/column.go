package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/atelier-go/atelier/cpu/internal/kernel/gen/asm"
)

// columns emits folds of rows into accumulators of double precision.
func (k *kernel) columns() {
	k.column("columnSum", "acc[j] + x[r·ld+j]", k.VADDPD, false)
	k.column("columnMax", "the larger of acc[j] and x[r·ld+j], NaN if either is", k.VMAXPD, true)
	k.column("columnMin", "the smaller of acc[j] and x[r·ld+j], NaN if either is", k.VMINPD, true)
}

// fold is the loop over the rows of a group of columns.
type fold struct {
	op     func(...operand.Op)
	sticky bool // op forgets a NaN in the accumulator
	acc, x reg.GPVirtual
	rows   reg.GPVirtual
	ld     reg.GPVirtual
}

func (k *kernel) column(name, doc string, op func(...operand.Op), sticky bool) {
	asm.Func(k.Context, name+k.suffix, "func(acc *float64, x *byte, rows, cols, ld int)",
		name+k.suffix+" is acc[j] = "+doc+", for j in [0, cols), for r in [0, rows) in turn.")
	f := &fold{op: op, sticky: sticky, acc: k.arg("acc"), x: k.arg("x"), rows: k.arg("rows"), ld: k.arg("ld")}
	cols := k.arg("cols")
	k.SHLQ(operand.Imm(2), f.ld)
	k.TESTQ(f.rows, f.rows)
	k.JZ(operand.LabelRef("done"))
	doubles := k.bytes / 8
	for _, vectors := range []int{4, 1, 0} {
		width := max(vectors*doubles, 1)
		label := map[int]string{4: "wide", 1: "narrow", 0: "single"}[vectors]
		k.Label(label)
		k.CMPQ(cols, operand.U32(width))
		k.JL(operand.LabelRef("after_" + label))
		k.foldGroup(f, vectors, label+"_row")
		k.ADDQ(operand.U32(width*8), f.acc)
		k.ADDQ(operand.U32(width*4), f.x)
		k.SUBQ(operand.U32(width), cols)
		k.JMP(operand.LabelRef(label))
		k.Label("after_" + label)
	}
	k.Label("done")
	asm.Return(k.Context)
}

// foldGroup folds all rows of a group of columns: some whole vectors, or one column if vectors is 0.
func (k *kernel) foldGroup(f *fold, vectors int, label string) {
	row, left := k.GP64(), k.GP64()
	k.MOVQ(f.x, row)
	k.MOVQ(f.rows, left)
	acc := make([]reg.VecVirtual, max(vectors, 1))
	at := func(v int) operand.Mem { return operand.Mem{Base: f.acc, Disp: v * k.bytes} }
	for v := range acc {
		if vectors == 0 {
			acc[v] = k.XMM()
			k.VMOVSD(at(v), acc[v])
		} else {
			acc[v] = k.unary(k.VMOVUPD, at(v))
		}
	}
	k.Label(label)
	for v := range acc {
		k.foldOne(f, acc[v], operand.Mem{Base: row, Disp: v * k.bytes / 2}, vectors == 0)
	}
	k.ADDQ(f.ld, row)
	k.DECQ(left)
	k.JNZ(operand.LabelRef(label))
	for v := range acc {
		if vectors == 0 {
			k.VMOVSD(acc[v], at(v))
		} else {
			k.VMOVUPD(acc[v], at(v))
		}
	}
}

func (k *kernel) foldOne(f *fold, acc reg.VecVirtual, x operand.Mem, single bool) {
	if single {
		d, isNaN := k.XMM(), k.XMM()
		k.VMOVSS(x, d)
		k.VCVTPS2PD(d, d)
		if f.sticky {
			k.VCMPPD(operand.Imm(unordered), acc, acc, isNaN)
		}
		f.op(d, acc, acc)
		if f.sticky {
			k.VORPD(isNaN, acc, acc)
		}
		return
	}
	d := k.unary(k.VCVTPS2PD, x)
	var isNaN vec
	if f.sticky {
		isNaN = k.vec()
		if k.wide() {
			k.VCMPPD(operand.Imm(unordered), acc, acc, reg.K1)
			k.VPMOVM2Q(reg.K1, isNaN)
		} else {
			k.VCMPPD(operand.Imm(unordered), acc, acc, isNaN)
		}
	}
	f.op(d, acc, acc)
	if f.sticky {
		k.VORPD(isNaN, acc, acc)
	}
}
