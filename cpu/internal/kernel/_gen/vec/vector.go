package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/atelier-go/atelier/cpu/internal/kernel/gen/asm"
)

// kernel emits the functions of one file. Its methods on vectors return new registers, unless they say that they
// overwrite one. Masks are vectors with all bits of a lane set or none, as in memory; AVX-512's own mask registers
// are converted on the spot, so that one text serves both sets.
type kernel struct {
	*asm.Context
	set
	numbers   operand.Mem // 0, 1, ..., 7; set on first use
	constants map[string]operand.Mem
}

type vec = reg.VecVirtual

func (k *kernel) wide() bool { return k.bytes == 64 }

// lanes is how many float32 a vector holds.
func (k *kernel) lanes() int { return k.bytes / 4 }

func (k *kernel) vec() vec {
	if k.wide() {
		return k.ZMM()
	}
	return k.YMM()
}

func (k *kernel) arg(name string) reg.GPVirtual {
	return k.Load(k.Param(name), k.GP64()).(reg.GPVirtual)
}

// constant places a constant in memory, once in a file.
func (k *kernel) constant(name string, value operand.Constant) operand.Mem {
	m, ok := k.constants[name]
	if !ok {
		m = k.ConstData(name, value)
		k.constants[name] = m
	}
	return m
}

// number broadcasts a constant.
func (k *kernel) number(x float64) vec { return k.bits(math.Float32bits(float32(x))) }

// bits broadcasts a constant of 32 bits.
func (k *kernel) bits(x uint32) vec {
	v := k.vec()
	k.VBROADCASTSS(k.constant(fmt.Sprintf("w%08x", x), operand.U32(x)), v)
	return v
}

// double broadcasts a constant of double precision.
func (k *kernel) double(x float64) vec {
	v := k.vec()
	b := math.Float64bits(x)
	k.VBROADCASTSD(k.constant(fmt.Sprintf("d%016x", b), operand.U64(b)), v)
	return v
}

func (k *kernel) binary(op func(...operand.Op), a, b operand.Op) vec {
	v := k.vec()
	op(b, a, v)
	return v
}

func (k *kernel) unary(op func(...operand.Op), a operand.Op) vec {
	v := k.vec()
	op(a, v)
	return v
}

func (k *kernel) shift(op func(...operand.Op), n int, a vec) vec {
	v := k.vec()
	op(operand.Imm(uint64(n)), a, v)
	return v
}

func (k *kernel) add(a, b vec) vec { return k.binary(k.VADDPS, a, b) }
func (k *kernel) sub(a, b vec) vec { return k.binary(k.VSUBPS, a, b) }
func (k *kernel) mul(a, b vec) vec { return k.binary(k.VMULPS, a, b) }
func (k *kernel) div(a, b vec) vec { return k.binary(k.VDIVPS, a, b) }

// max and min return b if either is NaN or both are zero.
func (k *kernel) max(a, b vec) vec { return k.binary(k.VMAXPS, a, b) }
func (k *kernel) min(a, b vec) vec { return k.binary(k.VMINPS, a, b) }

func (k *kernel) and(a, b vec) vec { return k.binary(k.VANDPS, a, b) }
func (k *kernel) or(a, b vec) vec  { return k.binary(k.VORPS, a, b) }
func (k *kernel) xor(a, b vec) vec { return k.binary(k.VXORPS, a, b) }

// andNot is a &^ b.
func (k *kernel) andNot(a, b vec) vec { return k.binary(k.VANDNPS, b, a) }

func (k *kernel) sqrt(a vec) vec { return k.unary(k.VSQRTPS, a) }

// fma overwrites c with a·b + c.
func (k *kernel) fma(a, b, c vec) vec {
	k.VFMADD231PS(b, a, c)
	return c
}

// fnma overwrites c with c - a·b.
func (k *kernel) fnma(a, b, c vec) vec {
	k.VFNMADD231PS(b, a, c)
	return c
}

// polynomial evaluates c[0] + c[1]·x + ... by Horner's rule.
func (k *kernel) polynomial(x vec, c ...float64) vec {
	p := k.number(c[len(c)-1])
	for i := len(c) - 2; i >= 0; i-- {
		p = k.fma(p, x, k.number(c[i]))
	}
	return p
}

// Rounding modes and predicates of the processor.
const (
	toNearest = 8 // and no exception
	downward  = 9
	upward    = 10

	equal       = 0
	unordered   = 3
	notEqual    = 4
	less        = 0x11
	lessOrEqual = 0x12
)

func (k *kernel) round(mode uint64, a vec) vec {
	v := k.vec()
	if k.wide() {
		k.VRNDSCALEPS(operand.Imm(mode), a, v)
	} else {
		k.VROUNDPS(operand.Imm(mode), a, v)
	}
	return v
}

// compare is a mask.
func (k *kernel) compare(predicate uint64, a, b vec) vec {
	v := k.vec()
	if k.wide() {
		k.VCMPPS(operand.Imm(predicate), b, a, reg.K1)
		k.VPMOVM2D(reg.K1, v)
	} else {
		k.VCMPPS(operand.Imm(predicate), b, a, v)
	}
	return v
}

// choose is yes where the mask holds and no elsewhere.
func (k *kernel) choose(mask, yes, no vec) vec {
	v := k.vec()
	if k.wide() {
		k.VPMOVD2M(mask, reg.K1)
		k.VBLENDMPS(yes, no, reg.K1, v)
	} else {
		k.VBLENDVPS(mask, yes, no, v)
	}
	return v
}

// abs clears the sign.
func (k *kernel) abs(a vec) vec { return k.and(a, k.bits(0x7fffffff)) }

// withSign is a, which is positive, with the sign of s.
func (k *kernel) withSign(a, s vec) vec { return k.or(a, k.and(s, k.bits(0x80000000))) }

// addInt and subInt work on integers of 32 bits.
func (k *kernel) addInt(a, b vec) vec { return k.binary(k.VPADDD, a, b) }
func (k *kernel) subInt(a, b vec) vec { return k.binary(k.VPSUBD, a, b) }

// powerOfTwo is 2ⁿ for integers n whose power is a normal number.
func (k *kernel) powerOfTwo(n vec) vec {
	return k.shift(k.VPSLLD, 23, k.addInt(n, k.bits(127)))
}
