//go:build !noasm

package vec

import (
	"unsafe"

	"github.com/atelier-go/atelier/cpu/internal/isa"
)

func avx2Kernels() Kernels {
	k := portable32()
	k.Level = isa.AVX2
	k.Op = [NumOps]Kernel{
		Copy: copyAVX2, Neg: negAVX2, Abs: absAVX2, Sign: signAVX2, Sqrt: sqrtAVX2, Rsqrt: rsqrtAVX2,
		Exp: expAVX2, Expm1: expm1AVX2, Log: logAVX2, Log1p: log1pAVX2, Tanh: tanhAVX2,
		Logistic: logisticAVX2, Erf: erfAVX2,
		Sin: complete(sinAVX2, k.Op[Sin]), Cos: complete(cosAVX2, k.Op[Cos]), Pow: complete(powAVX2, k.Op[Pow]),
		Floor: floorAVX2, Ceil: ceilAVX2, Round: roundAVX2,
		Add: addAVX2, Sub: subAVX2, Mul: mulAVX2, Div: divAVX2, Max: maxAVX2, Min: minAVX2, FMA: fmaAVX2,
		Equal: equalAVX2, NotEqual: notEqualAVX2, Less: lessAVX2, LessOrEqual: lessOrEqualAVX2,
		IsNaN: isNaNAVX2, IsFinite: isFiniteAVX2, ToMask: toMaskAVX2, Select: chooseAVX2, ToNum: toNumAVX2,
		MaskAnd: maskAndAVX2, MaskOr: maskOrAVX2, MaskXor: maskXorAVX2, MaskNot: maskNotAVX2,
	}
	k.ColumnSum, k.ColumnMax, k.ColumnMin = columnSumAVX2, columnMaxAVX2, columnMinAVX2
	k.LoadBools, k.StoreBools = byEights(loadBoolsAVX2, 1, 4, k.LoadBools), byEights(storeBoolsAVX2, 4, 1, k.StoreBools)
	k.FromFloat16, k.ToFloat16 = byEights(fromFloat16AVX2, 2, 4, k.FromFloat16), byEights(toFloat16AVX2, 4, 2, k.ToFloat16)
	k.FromBFloat16, k.ToBFloat16 = byEights(fromBFloat16AVX2, 2, 4, k.FromBFloat16), byEights(toBFloat16AVX2, 4, 2, k.ToBFloat16)
	return k
}

func avx512Kernels() Kernels {
	k := portable32()
	k.Level = isa.AVX512
	k.Op = [NumOps]Kernel{
		Copy: copyAVX512, Neg: negAVX512, Abs: absAVX512, Sign: signAVX512, Sqrt: sqrtAVX512, Rsqrt: rsqrtAVX512,
		Exp: expAVX512, Expm1: expm1AVX512, Log: logAVX512, Log1p: log1pAVX512, Tanh: tanhAVX512,
		Logistic: logisticAVX512, Erf: erfAVX512,
		Sin: complete(sinAVX512, k.Op[Sin]), Cos: complete(cosAVX512, k.Op[Cos]), Pow: complete(powAVX512, k.Op[Pow]),
		Floor: floorAVX512, Ceil: ceilAVX512, Round: roundAVX512,
		Add: addAVX512, Sub: subAVX512, Mul: mulAVX512, Div: divAVX512, Max: maxAVX512, Min: minAVX512, FMA: fmaAVX512,
		Equal: equalAVX512, NotEqual: notEqualAVX512, Less: lessAVX512, LessOrEqual: lessOrEqualAVX512,
		IsNaN: isNaNAVX512, IsFinite: isFiniteAVX512, ToMask: toMaskAVX512, Select: chooseAVX512, ToNum: toNumAVX512,
		MaskAnd: maskAndAVX512, MaskOr: maskOrAVX512, MaskXor: maskXorAVX512, MaskNot: maskNotAVX512,
	}
	k.ColumnSum, k.ColumnMax, k.ColumnMin = columnSumAVX512, columnMaxAVX512, columnMinAVX512
	k.LoadBools, k.StoreBools = byEights(loadBoolsAVX2, 1, 4, k.LoadBools), byEights(storeBoolsAVX2, 4, 1, k.StoreBools)
	k.FromFloat16, k.ToFloat16 = byEights(fromFloat16AVX2, 2, 4, k.FromFloat16), byEights(toFloat16AVX2, 4, 2, k.ToFloat16)
	k.FromBFloat16, k.ToBFloat16 = byEights(fromBFloat16AVX2, 2, 4, k.FromBFloat16), byEights(toBFloat16AVX2, 4, 2, k.ToBFloat16)
	return k
}

// stopGroup is how many elements portable code takes over where a partial kernel stops: the widest vector.
const stopGroup = 16

// complete makes a kernel of one that stops at arguments it cannot do; portable code does these.
func complete(fast func(dst, a, b, c *byte, n, sa, sb, sc int) int, slow Kernel) Kernel {
	at := func(p *byte, i, stride int) *byte {
		if stride == 0 {
			return p
		}
		return (*byte)(unsafe.Add(unsafe.Pointer(p), i*4))
	}
	return func(dst, a, b, c *byte, n, sa, sb, sc int) {
		for i := 0; i < n; {
			i += fast(at(dst, i, 1), at(a, i, sa), at(b, i, sb), c, n-i, sa, sb, sc)
			if rest := min(n-i, stopGroup); rest > 0 {
				slow(at(dst, i, 1), at(a, i, sa), at(b, i, sb), c, rest, sa, sb, sc)
				i += rest
			}
		}
	}
}

// byEights makes a conversion of any length of one that takes multiples of eight.
func byEights(fast func(dst, src *byte, n int), srcBytes, dstBytes int, slow func(dst, src *byte, n int)) func(dst, src *byte, n int) {
	return func(dst, src *byte, n int) {
		whole := n &^ 7
		fast(dst, src, whole)
		if whole < n {
			slow((*byte)(unsafe.Add(unsafe.Pointer(dst), whole*dstBytes)), (*byte)(unsafe.Add(unsafe.Pointer(src), whole*srcBytes)), n-whole)
		}
	}
}
