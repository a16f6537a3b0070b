package main

import (
	"github.com/mmcloughlin/avo/operand"

	"github.com/atelier-go/atelier/cpu/internal/kernel/gen/asm"
)

// conversions emits the passage between masks and bytes, eight elements at a time; n is a multiple of 8.
func (k *kernel) conversions() {
	k.eights("loadBools", "mask src[i] != 0", 1, 4, func(src, dst operand.Mem) {
		v, zero := k.YMM(), k.YMM()
		k.VPMOVZXBD(src, v)
		k.VPXOR(zero, zero, zero)
		k.VPCMPGTD(zero, v, v)
		k.VMOVUPS(v, dst)
	})
	k.eights("storeBools", "1 where mask src[i] holds, 0 elsewhere", 4, 1, func(src, dst operand.Mem) {
		v, high := k.YMM(), k.XMM()
		k.VMOVUPS(src, v)
		k.VEXTRACTI128(operand.Imm(1), v, high)
		k.VPACKSSDW(high, v.AsX(), high)
		k.VPACKSSWB(high, high, high)
		k.VPABSB(high, high)
		k.VMOVQ(high, dst)
	})
}

// eights emits a loop over groups of eight elements of the given sizes.
func (k *kernel) eights(name, doc string, srcBytes, dstBytes int, body func(src, dst operand.Mem)) {
	asm.Func(k.Context, name+k.suffix, "func(dst, src *byte, n int)", name+k.suffix+" is dst[i] = "+doc+"; n is a multiple of 8.")
	dst, src, n := k.arg("dst"), k.arg("src"), k.arg("n")
	k.Label("loop")
	k.SUBQ(operand.Imm(8), n)
	k.JL(operand.LabelRef("done"))
	body(operand.Mem{Base: src}, operand.Mem{Base: dst})
	k.ADDQ(operand.Imm(uint64(8*srcBytes)), src)
	k.ADDQ(operand.Imm(uint64(8*dstBytes)), dst)
	k.JMP(operand.LabelRef("loop"))
	k.Label("done")
	asm.Return(k.Context)
}
