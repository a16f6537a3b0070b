package main

import (
	"github.com/mmcloughlin/avo/operand"

	"github.com/atelier-go/atelier/cpu/internal/kernel/gen/asm"
)

// conversions emits the passage between masks and bytes, and between float32 and its two halves, eight elements at a
// time; n is a multiple of 8.
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
	k.eights("fromFloat16", "the float32 equal to float16 src[i]", 2, 4, func(src, dst operand.Mem) {
		v := k.YMM()
		k.VCVTPH2PS(src, v)
		k.VMOVUPS(v, dst)
	})
	k.eights("toFloat16", "float32 src[i] rounded to float16, half to even", 4, 2, func(src, dst operand.Mem) {
		v := k.YMM()
		k.VMOVUPS(src, v)
		k.VCVTPS2PH(operand.Imm(0), v, dst)
	})
	k.eights("fromBFloat16", "the float32 equal to bfloat16 src[i]", 2, 4, func(src, dst operand.Mem) {
		v := k.YMM()
		k.VPMOVZXWD(src, v)
		k.VPSLLD(operand.Imm(16), v, v)
		k.VMOVUPS(v, dst)
	})
	k.eights("toBFloat16", "float32 src[i] rounded to bfloat16, half to even; NaN stays NaN", 4, 2, k.toBFloat16)
}

func (k *kernel) toBFloat16(src, dst operand.Mem) {
	v, high := k.YMM(), k.XMM()
	k.VMOVUPS(src, v)
	// Adding half of the last place kept, less one unless that place is odd, carries where rounding goes up.
	isOdd := k.and(k.shift(k.VPSRLD, 16, v), k.bits(1))
	rounded := k.addInt(v, k.addInt(isOdd, k.bits(0x7fff)))
	quiet := k.or(v, k.bits(0x00400000))
	top := k.shift(k.VPSRLD, 16, k.choose(k.compare(unordered, v, v), quiet, rounded))
	k.VEXTRACTI128(operand.Imm(1), top, high)
	k.VPACKUSDW(high, top.AsX(), high)
	k.VMOVUPS(high, dst)
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
