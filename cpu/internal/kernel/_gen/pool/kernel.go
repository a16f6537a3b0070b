package main

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/atelier-go/atelier/cpu/internal/kernel/gen/asm"
)

// kernel emits the functions of one file.
type kernel struct {
	*asm.Context
	set
	numbers operand.Mem // 0, 1, ..., 7; set on first use
}

type vec = reg.VecVirtual

func (k *kernel) wide() bool { return k.bytes == 64 }

func (k *kernel) vec() vec {
	if k.wide() {
		return k.ZMM()
	}
	return k.YMM()
}

func (k *kernel) arg(name string) reg.GPVirtual {
	return k.Load(k.Param(name), k.GP64()).(reg.GPVirtual)
}

func (k *kernel) copyOf(r reg.GPVirtual) reg.GPVirtual {
	c := k.GP64()
	k.MOVQ(r, c)
	return c
}

// bytesOf loads a parameter that counts float32, as bytes.
func (k *kernel) bytesOf(name string) reg.GPVirtual {
	r := k.arg(name)
	k.SHLQ(operand.Imm(2), r)
	return r
}

func (k *kernel) zero() vec {
	v := k.vec()
	if k.wide() {
		k.VPXORD(v, v, v)
	} else {
		k.VXORPS(v, v, v)
	}
	return v
}

// infinity broadcasts -∞.
func (k *kernel) infinity() vec {
	v := k.vec()
	k.ones(v)
	k.VPSLLD(operand.Imm(23), v, v)
	return v
}

// ones sets all bits.
func (k *kernel) ones(v vec) {
	if k.wide() {
		k.VPTERNLOGD(operand.Imm(0xff), v, v, v)
	} else {
		k.VPCMPEQD(v, v, v)
	}
}

// lanes is a selection of a vector's first lanes: all of them, or as many as tail says.
type lanes struct {
	partial bool
	tail    vec // of AVX2; AVX-512 uses K2
}

// selectTail makes the selection of the first n lanes, 0 < n < all.
func (k *kernel) selectTail(n reg.GPVirtual) lanes {
	if k.wide() {
		mask := k.GP64()
		k.MOVQ(operand.I32(-1), mask)
		k.BZHIQ(n, mask, mask)
		k.KMOVW(mask.As32(), reg.K2)
		return lanes{partial: true}
	}
	if k.numbers.Base == nil {
		k.numbers = k.StaticGlobal("lanes")
		k.DataAttributes(attr.RODATA | attr.NOPTR)
		for i := range 8 {
			k.AppendDatum(operand.U32(i))
		}
	}
	count, mask := k.YMM(), k.YMM()
	k.VMOVD(n.As32(), count.AsX())
	k.VPBROADCASTD(count.AsX(), count)
	k.VPCMPGTD(k.numbers, count, mask)
	return lanes{partial: true, tail: mask}
}

func (k *kernel) load(m operand.Mem, l lanes) vec {
	v := k.vec()
	switch {
	case !l.partial:
		k.VMOVUPS(m, v)
	case k.wide():
		k.VMOVUPS_Z(m, reg.K2, v)
	default:
		k.VMASKMOVPS(m, l.tail, v)
	}
	return v
}

func (k *kernel) store(v vec, m operand.Mem, l lanes) {
	switch {
	case !l.partial:
		k.VMOVUPS(v, m)
	case k.wide():
		k.VMOVUPS(v, reg.K2, m)
	default:
		k.VMASKMOVPS(v, l.tail, m)
	}
}

// Predicates of comparisons.
const (
	unordered = 3
	greater   = 0x1e
)

// compare is a mask of whole lanes: a ? b.
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

// choose overwrites v with x where the mask holds.
func (k *kernel) choose(mask, x, v vec) {
	if k.wide() {
		k.VPMOVD2M(mask, reg.K1)
		k.VMOVAPS(x, reg.K1, v)
	} else {
		k.VBLENDVPS(mask, x, v, v)
	}
}

// channelGroups emits body for the channels of a pixel: groups of widest vectors, of one, and the rest. n, the number
// of channels, is used up; pointers advance by the channels done.
func (k *kernel) channelGroups(n reg.GPVirtual, widest int, pointers []reg.GPVirtual, body func(name string, vectors int, l lanes)) {
	perVector := k.bytes / 4
	for _, vectors := range []int{widest, 1} {
		name := map[bool]string{true: "wide", false: "narrow"}[vectors == widest && widest > 1]
		k.Label(name)
		k.CMPQ(n, operand.U32(vectors*perVector))
		k.JL(operand.LabelRef("after_" + name))
		body(name, vectors, lanes{})
		for _, p := range pointers {
			k.ADDQ(operand.U32(vectors*k.bytes), p)
		}
		k.SUBQ(operand.U32(vectors*perVector), n)
		k.JMP(operand.LabelRef(name))
		k.Label("after_" + name)
		if widest == 1 {
			break
		}
	}
	k.TESTQ(n, n)
	k.JZ(operand.LabelRef("next"))
	body("rest", 1, k.selectTail(n))
	k.Label("next")
}
